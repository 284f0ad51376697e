/** The broker, and the durable book of orders and fills behind it. */
import type { Big } from "../../base/decimal.ts";
import type {
  Account,
  Activity,
  Alarm,
  CheckedOrder,
  ClosedPosition,
  Fill,
  MarketClock,
  MarketDay,
  Order,
  OrderChange,
  OrderIntent,
  OrderPreview,
  Placed,
  PortfolioHistory,
  Position,
  Quote,
  Reason,
  Side,
  TradeUpdate,
  TradingMode,
  Verdict,
} from "../orders.ts";
import type { Asset } from "../research.ts";
import type { BrokerMetrics } from "./net.ts";

export type ConnectionState = "disconnected" | "connecting" | "connected" | "stale";

export interface Broker {
  /** Never waits. */
  readonly state: ConnectionState;
  readonly mode: TradingMode;
  /** Never waits; null before the broker was used. */
  metrics(): BrokerMetrics | null;
  /** Ten callers at once: one handshake, one answer. */
  connect(signal: AbortSignal): Promise<Account>;
  disconnect(): Promise<void>;
  getAccount(signal: AbortSignal): Promise<Account>;
  getPositions(signal: AbortSignal): Promise<readonly Position[]>;
  /** Null when nothing is held. */
  getPosition(symbol: string, signal: AbortSignal): Promise<Position | null>;
  /** Runs the guards; writes and sends nothing. Throws on an intent that makes no sense. */
  preview(intent: OrderIntent, signal: AbortSignal): Promise<OrderPreview>;
  /** Runs the guards and writes the journal; sends nothing. */
  check(intent: OrderIntent, signal: AbortSignal): Promise<Verdict>;
  /** Sends a checked order, exactly once; answers when the exchange has it. */
  submitOrder(order: CheckedOrder, signal: AbortSignal): Promise<Order>;
  cancelOrder(id: string, signal: AbortSignal): Promise<Order>;
  cancelAll(signal: AbortSignal): Promise<number>;
  /** A new order in the place of a working one, through the same guards and the journal; `order.replaces` names the old one. */
  replaceOrder(id: string, change: OrderChange, reason: Reason, signal: AbortSignal): Promise<Placed>;
  /**
   * Cancels what binds the position, then sells (or buys back) all of it, `qty` units or `percent` of it at the market.
   * Refused with `insufficient-position` when nothing is held. The kill switch does not stop it.
   */
  closePosition(symbol: string, part: { readonly qty?: Big; readonly percent?: Big }, reason: Reason, signal: AbortSignal): Promise<Placed>;
  /** Cancels all orders and closes every position; one failure does not stop the others. */
  closeAll(reason: Reason, signal: AbortSignal): Promise<readonly ClosedPosition[]>;
  /**
   * On: blocks new orders of every process on this state folder at once, then cancels what is open, again and again until
   * nothing is or the signal aborts; with `flatten` closes positions too. Answers what could not be confirmed.
   */
  setKillSwitch(change: "on" | "off", options: Reason & { readonly flatten?: boolean }, signal: AbortSignal): Promise<KillSwitchResult>;
  /** Whether it is on, and the ids of orders whose end it has not seen; canceling them goes on while connected. */
  getKillSwitch(signal: AbortSignal): Promise<{ readonly on: boolean; readonly unconfirmed: readonly string[] }>;
  /** What stands and waits for a person: see `AlarmCode`. */
  getAlarms(signal: AbortSignal): Promise<readonly Alarm[]>;
  /** A person has seen the alarms: they end, the broker's positions are taken as the books, and entries are let through again. Answers what was acknowledged. */
  acknowledge(reason: Reason, signal: AbortSignal): Promise<readonly Alarm[]>;
  getOrder(id: string, signal: AbortSignal): Promise<Order>;
  getOrders(filter: { readonly status: "open" | "closed" | "all"; readonly limit?: number }, signal: AbortSignal): Promise<readonly Order[]>;
  getCurrentPrice(symbol: string, signal: AbortSignal): Promise<Quote>;
  getClock(signal: AbortSignal): Promise<MarketClock>;
  /** Trading days between two New York dates (YYYY-MM-DD), both included. */
  getCalendar(range: { readonly from: string; readonly to: string }, signal: AbortSignal): Promise<readonly MarketDay[]>;
  /** Active US stocks; kept for five minutes. */
  getAssets(signal: AbortSignal): Promise<readonly Asset[]>;
  /** Newest first. Pages are followed up to `limit` (100 when absent). */
  getActivities(
    filter: { readonly types?: readonly string[]; readonly after?: number; readonly until?: number; readonly limit?: number },
    signal: AbortSignal,
  ): Promise<readonly Activity[]>;
  /** `period` like 1D, 2W, 1M, 1A; `timeframe` like 1Min, 15Min, 1H, 1D. */
  getPortfolioHistory(range: { readonly period?: string; readonly timeframe?: string }, signal: AbortSignal): Promise<PortfolioHistory>;
  /** Resolves with the order once it can no longer change, by stream, with polling behind it. */
  waitForEnd(id: string, signal: AbortSignal): Promise<Order>;
  onTradeUpdate(listener: (update: TradeUpdate) => void): () => void;
  /** Each alarm once, when it is raised by this process. */
  onAlarm(listener: (alarm: Alarm) => void): () => void;
  onState(listener: (state: ConnectionState) => void): () => void;
}

export interface KillSwitchResult {
  readonly on: boolean;
  /** Orders that were canceled. */
  readonly canceled: number;
  /** Open orders whose end was not seen when time ran out. */
  readonly unconfirmed: readonly Order[];
  /** Null unless positions were to be closed. */
  readonly closed: readonly ClosedPosition[] | null;
}

/** The durable book of intents: written before the first byte leaves. Implemented by the store. */
export interface OrderJournal {
  /**
   * In one transaction: refuses when the kill switch is on or an equal intent (`fingerprint`) stands within `windowMs`
   * (unless `again`), else writes the intent. Throws when it cannot be written. An id that is known is refused, too,
   * unless the same intent certainly did not become an order, or its process died over it: then it goes on.
   */
  begin(entry: JournalEntry, windowMs: number, again: boolean, signal: AbortSignal): Promise<JournalBegun>;
  settle(
    clientOrderId: string,
    outcome: { readonly state: "sent" | "rejected" | "unknown" | "not-sent"; readonly orderId?: string; readonly reason?: string },
    signal: AbortSignal,
  ): Promise<void>;
  /** Entries whose end is not known: begun, unknown, or sent and not ended when last seen. Newest first, at most 1,000. */
  unsettled(account: string, signal: AbortSignal): Promise<readonly UnsettledEntry[]>;
  /** In one transaction: how orders stand, fills (each kept once, by order and cumulative quantity), how far fills were read. Answers the fills that were new. */
  note(account: string, news: JournalNews, signal: AbortSignal): Promise<readonly Fill[]>;
  /** Notes that the key of this hash belongs to `account`; false when it belonged to another one whose journal is open. */
  claim(keyHash: string, account: string, signal: AbortSignal): Promise<boolean>;
  /** Up to when the account's fills were read without a gap, exchange time; null before the first time. */
  fillsReadTo(account: string, signal: AbortSignal): Promise<number | null>;
  /** One state per account and state folder; null reads it. */
  killSwitch(account: string, change: "on" | "off" | null, reason: Reason, signal: AbortSignal): Promise<boolean>;
  /** Orders that the kill switch has not seen ended, after `change`; turning it off forgets them. */
  killPending(
    account: string,
    change: { readonly add?: readonly string[]; readonly ended?: readonly string[] },
    signal: AbortSignal,
  ): Promise<readonly string[]>;
  /** Limits that hold for every process on this state folder; null when none were set. */
  limits(account: string, signal: AbortSignal): Promise<StoredLimits | null>;
  /** Those of the orders that were sent from this state folder, legs included, by order id. */
  own(account: string, orders: ReadonlyArray<{ readonly id: string; readonly clientOrderId: string }>, signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Ids of legs of our orders whose end has not been seen. */
  openLegs(account: string, signal: AbortSignal): Promise<readonly string[]>;
  /** What is held by our own count; null before a baseline was noted. */
  books(account: string, signal: AbortSignal): Promise<readonly BookPosition[] | null>;
  /** Alarms that stand, oldest first. */
  alarms(account: string, signal: AbortSignal): Promise<readonly Alarm[]>;
  /** In one transaction: raises alarms (one stands once) and ends others. Answers those that are new. */
  changeAlarms(account: string, change: AlarmChange, signal: AbortSignal): Promise<readonly Alarm[]>;
  /** In one transaction: books that still say `expected` say `found`, unless one of the activities has taken effect before. Answers the symbols that agree now, and the alarms that tell of it. */
  bookSplits(
    account: string,
    splits: readonly BookedSplit[],
    signal: AbortSignal,
  ): Promise<{ readonly booked: readonly string[]; readonly raised: readonly Alarm[] }>;
  /** Ends every alarm of the account and takes `positions` as its books. Answers what was acknowledged. */
  acknowledge(account: string, positions: readonly HeldQuantity[], reason: Reason, signal: AbortSignal): Promise<readonly Alarm[]>;
}

/** Units held, negative when short. */
export interface HeldQuantity {
  readonly symbol: string;
  readonly qty: Big;
}

export interface BookPosition extends HeldQuantity {
  /** Of it, traded through this state folder. */
  readonly ownQty: Big;
}

/** A split that the broker told of, and what it explains. */
export interface BookedSplit {
  readonly symbol: string;
  readonly expected: Big;
  readonly found: Big;
  readonly activityIds: readonly string[];
  readonly message: string;
}

export interface AlarmChange {
  readonly raise: readonly Omit<Alarm, "id" | "at">[];
  /** Alarms of this code that are over: of these symbols, or all but them. */
  readonly end: ReadonlyArray<{ readonly code: Alarm["code"]; readonly symbols: readonly string[]; readonly allBut?: boolean }>;
}

export type JournalBegun = "written" | "duplicate" | "killed" | "too-many" | "limits-changed" | "books-differ" | "crowded";

export interface UnsettledEntry {
  readonly clientOrderId: string;
  readonly state: "begun" | "sent" | "unknown";
  readonly at: number;
  readonly orderId: string | null;
  /** `pid/instance` of who began it. */
  readonly owner: string | null;
  readonly ownerIsGone: boolean;
}

/** How an order stands, for the journal's entry of the same client order id, if there is one. */
export interface OrderNote {
  readonly clientOrderId: string;
  readonly orderId: string;
  readonly status: string;
  readonly filledQty: Big;
  readonly filledAvgPrice: Big | null;
  readonly ended: boolean;
  /** Ids of its legs. */
  readonly legs: readonly string[];
}

export interface JournalNews {
  readonly orders: readonly OrderNote[];
  readonly fills: readonly Fill[];
  readonly readTo?: number;
  /** What was held when `fills`, which reach back to `since`, were read; taken as the account's books if it has none yet. */
  readonly baseline?: { readonly positions: readonly HeldQuantity[]; readonly since: number };
}

/** Every limit is as in the settings `risk.*`; the tighter of both holds. */
export interface StoredLimits {
  readonly version: number;
  readonly maxOrderValue: number | null;
  readonly maxPositionValue: number | null;
  readonly maxOrdersPerMinute: number | null;
  readonly maxDailyLoss: number | null;
  readonly symbols: readonly string[];
}

/** One line of the audit log: who did what with which order, and why. */
export interface AuditRow {
  readonly id: number;
  readonly at: number;
  readonly account: string;
  readonly origin: string;
  /** "begun", "sent", "rejected", "not-sent", "unknown", "kill-switch on", "limits", ... */
  readonly what: string;
  readonly clientOrderId: string | null;
  readonly orderId: string | null;
  /** The reason given by whoever ordered it, or why it ended so. */
  readonly why: string | null;
  /** The body as sent, for "begun". */
  readonly body: string | null;
}

/** A journalled order as it stands. */
export interface JournalledOrder {
  readonly clientOrderId: string;
  readonly account: string;
  readonly origin: string;
  readonly why: string | null;
  readonly at: number;
  readonly body: string;
  readonly state: "begun" | "sent" | "rejected" | "unknown" | "not-sent";
  readonly orderId: string | null;
  readonly reason: string | null;
  /** Alpaca's status when last seen. */
  readonly status: string | null;
  readonly filledQty: string | null;
  readonly filledAvgPrice: string | null;
}

export interface StoredFill {
  readonly executionId: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly qty: string;
  readonly price: string;
  readonly cumQty: string;
  readonly at: number;
}

export interface JournalEntry {
  readonly clientOrderId: string;
  readonly account: string;
  readonly fingerprint: string;
  readonly origin: string;
  readonly at: number;
  /** The request body as it will be sent, JSON. */
  readonly body: string;
  readonly why?: string;
  /** `pid/instance` of the writer: a living one's entry is left to it. */
  readonly owner?: string;
  /** Refused as "too-many" when so many were begun in the last minute, by whichever process. */
  readonly maxPerMinute?: number | null;
  /** It only closes: neither kill switch nor `maxPerMinute` stops it. */
  readonly reduces?: boolean;
  /** It opens or adds to a position: refused as "books-differ" while an alarm blocks entries. */
  readonly opens?: boolean;
  /** Of the stored limits that the guards knew (0 when there were none): "limits-changed" when others hold by now. */
  readonly limitsVersion?: number;
  /** What the position limit leaves beside this order: "crowded" when orders that its sender could not see take more. */
  readonly room?: PositionRoom;
}

/** Plain, for the way to the store's thread. */
export interface PositionRoom {
  readonly symbol: string;
  readonly side: Side;
  /** Units that other orders may still open, a decimal. */
  readonly units: string;
  /** USD a unit, a decimal, for orders of an amount of money. */
  readonly price: string;
  /** When the sender looked at positions and open orders, and which of those it counted. */
  readonly lookedAt: number;
  readonly counted: readonly string[];
}
