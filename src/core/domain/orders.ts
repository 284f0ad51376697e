/** Orders, fills, positions and accounts. Money and quantities are exact decimals (Big); times UTC milliseconds. */
import type { Big } from "../base/decimal.ts";

export type ClientOrderId = string & { readonly brand: "ClientOrderId" };
export type OrderId = string & { readonly brand: "OrderId" };

export type Side = "buy" | "sell";
export type OrderType = "market" | "limit" | "stop" | "stop_limit" | "trailing_stop";
export type TimeInForce = "day" | "gtc" | "opg" | "cls" | "ioc" | "fok";
export type OrderClass = "simple" | "bracket" | "oco" | "oto";
export type TradingMode = "embedded" | "paper" | "live";

export const ORDER_STATUSES = [
  "new",
  "partially_filled",
  "filled",
  "done_for_day",
  "canceled",
  "expired",
  "replaced",
  "pending_cancel",
  "pending_replace",
  "accepted",
  "pending_new",
  "accepted_for_bidding",
  "stopped",
  "rejected",
  "suspended",
  "calculated",
  "held",
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** No event can follow these. */
export function isFinalStatus(status: OrderStatus): boolean {
  return status === "filled" || status === "canceled" || status === "expired" || status === "replaced" || status === "rejected";
}

/** What a person, cell or agent wants; not yet checked by any guard. */
export interface OrderIntent {
  readonly symbol: string;
  readonly side: Side;
  /** Exactly one of `qty` (shares) and `notional` (USD). */
  readonly qty?: Big;
  readonly notional?: Big;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly limitPrice?: Big;
  readonly stopPrice?: Big;
  readonly trailPrice?: Big;
  readonly trailPercent?: Big;
  readonly extendedHours?: boolean;
  readonly orderClass?: OrderClass;
  readonly takeProfit?: { readonly limitPrice: Big };
  readonly stopLoss?: { readonly stopPrice: Big; readonly limitPrice?: Big };
  readonly clientOrderId?: ClientOrderId;
  /** Allows selling more than is held. */
  readonly allowShort?: boolean;
  /** Sends it although an equal intent was just sent. */
  readonly again?: boolean;
  /** Who proposed it: "cli", "palette", "cell:<id>", "agent", "demo". */
  readonly origin: string;
  /** Why, in a few words; kept in the audit log. */
  readonly why?: string;
}

/** What a working order is changed to; what is absent stays. At least one of them. */
export interface OrderChange {
  readonly qty?: Big;
  readonly limitPrice?: Big;
  readonly stopPrice?: Big;
  /** Dollars or percent, whichever the trailing stop has. */
  readonly trail?: Big;
  readonly timeInForce?: TimeInForce;
}

/** Who asks for something that is no new order, and why; kept in the audit log. */
export interface Reason {
  readonly origin: string;
  readonly why?: string;
  /** Of the order that closing a position makes: an equal id never makes a second one. */
  readonly clientOrderId?: ClientOrderId;
}

declare const checked: unique symbol;
/** An intent that has passed the guards and the journal; the only thing that is submitted. */
export interface CheckedOrder extends OrderIntent {
  readonly clientOrderId: ClientOrderId;
  readonly [checked]: true;
}

export type RefusalCode =
  | "not-connected"
  | "unknown-symbol"
  | "not-tradable"
  | "bad-tick"
  | "price-collar"
  | "stale-quote"
  | "insufficient-position"
  | "insufficient-buying-power"
  | "over-limit"
  | "duplicate-intent"
  | "kill-switch"
  | "books-differ"
  | "live-not-confirmed"
  | "journal-unwritable";

export type Verdict =
  | { readonly allowed: true; readonly order: CheckedOrder; readonly warnings: readonly string[] }
  | { readonly allowed: false; readonly code: RefusalCode; readonly message: string; readonly hint: string };

/** What became of an intent: an order at the exchange, or a refusal with its remedy. */
export type Placed =
  | { readonly placed: true; readonly order: Order; readonly warnings: readonly string[] }
  | { readonly placed: false; readonly code: RefusalCode; readonly message: string; readonly hint: string };

/** Ceilings that the guards hold every opening order to; null (and no symbols) means none. US dollars. */
export interface RiskCeilings {
  readonly maxOrderValue: number | null;
  readonly maxPositionValue: number | null;
  readonly maxOrdersPerMinute: number | null;
  /** Lost since the last close. */
  readonly maxDailyLoss: number | null;
  /** Symbols that may be traded; empty means all. */
  readonly symbols: readonly string[];
}

/** What the guards say of an intent before anything is written or sent; duplicate and kill switch are asked only by `check`. */
export type OrderPreview =
  | {
      readonly allowed: true;
      /** The price that the order is judged by: its limit, its stop, or the far side of the quote; null without any. */
      readonly price: Big | null;
      /** US dollars; null when no price is known. */
      readonly value: Big | null;
      /** Shares that the order moves: its quantity, or what its amount buys at the price; null when no price is known. */
      readonly units: Big | null;
      readonly buyingPower: Big;
      /** Once the order is accepted; what a closing order frees is not counted. Null when no price is known. */
      readonly buyingPowerAfter: Big | null;
      readonly account: Account;
      readonly quote: Quote | null;
      readonly clock: MarketClock;
      /** Shares held of the symbol, negative when short. */
      readonly held: Big;
      /** Shares that open orders of the same side and symbol may still trade: they count into the limit on a position. */
      readonly working: Big;
      /** That hold now: the tighter of the settings' and the account's own. */
      readonly limits: RiskCeilings;
      readonly warnings: readonly string[];
    }
  | Extract<Verdict, { readonly allowed: false }>;

export interface Order {
  readonly id: OrderId;
  readonly clientOrderId: ClientOrderId;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly orderClass: OrderClass;
  readonly timeInForce: TimeInForce;
  readonly status: OrderStatus;
  readonly qty: Big | null;
  readonly notional: Big | null;
  readonly filledQty: Big;
  readonly filledAvgPrice: Big | null;
  readonly limitPrice: Big | null;
  readonly stopPrice: Big | null;
  readonly submittedAt: number;
  readonly filledAt: number | null;
  readonly legs: readonly Order[];
  /** The order whose place it took. */
  readonly replaces?: OrderId;
  /** The order that took its place; its status is then "replaced". */
  readonly replacedBy?: OrderId;
  /** The broker's name of the asset, which stays when its symbol changes. */
  readonly assetId?: string;
  /** Made elsewhere (the web, a phone, another state folder): it is in no journal of ours. */
  readonly external?: boolean;
}

/** One execution. An order's fills follow each other: this one took it from `cumQty - qty` to `cumQty`. */
export interface Fill {
  /** The broker's own name for it. */
  readonly executionId: string;
  readonly orderId: OrderId;
  readonly symbol: string;
  readonly side: Side;
  readonly qty: Big;
  readonly price: Big;
  /** Filled of the order, this fill included. */
  readonly cumQty: Big;
  readonly at: number;
}

/** A line of the account's history; fills have their fields, other entries an amount. */
export interface Activity {
  readonly id: string;
  /** Alpaca's name: FILL, DIV, CSD, INT, ... */
  readonly type: string;
  readonly at: number;
  readonly symbol: string | null;
  readonly fill: Fill | null;
  /** Units; of a split, what came to the position. */
  readonly qty: Big | null;
  /** US dollars in or out; null for fills. */
  readonly netAmount: Big | null;
  /** US dollars taken for a fill, where the broker tells it with the fill. */
  readonly commission?: Big;
  readonly orderId?: OrderId;
  /** Alpaca's name of the kind of fee, dividend, ...: REG, TAF, CAT, CDIV. */
  readonly subType?: string;
  /** The broker's own words. */
  readonly description?: string;
  /** It was taken back. */
  readonly canceled?: boolean;
}

/** Equity of an account over time; the arrays are equally long. */
export interface PortfolioHistory {
  /** Alpaca's timeframe: 1Min, 5Min, 15Min, 1H, 1D. */
  readonly timeframe: string;
  readonly baseValue: Big;
  readonly points: ReadonlyArray<{ readonly at: number; readonly equity: Big; readonly profitLoss: Big }>;
}

/** One trading day: New York date, and its regular session as instants, UTC milliseconds. */
export interface MarketDay {
  readonly date: string;
  readonly open: number;
  readonly close: number;
}

/** What became of the position in one symbol when all were to be closed. */
export interface ClosedPosition {
  readonly symbol: string;
  /** A failure that is no refusal: "order-unknown" where the order may have been placed all the same. */
  readonly result: Placed | { readonly placed: false; readonly code: "failed" | "order-unknown"; readonly message: string; readonly hint: string };
}

/** One message of the trade-update stream. */
export interface TradeUpdate {
  readonly event: string;
  readonly at: number;
  readonly executionId: string | null;
  readonly order: Order;
  /** Of this fill; null for other events. */
  readonly price: Big | null;
  readonly qty: Big | null;
  readonly positionQty: Big | null;
}

export interface Position {
  readonly symbol: string;
  readonly qty: Big;
  readonly side: "long" | "short";
  readonly avgEntryPrice: Big;
  readonly currentPrice: Big | null;
  readonly marketValue: Big | null;
  readonly costBasis: Big;
  readonly unrealizedPl: Big | null;
  /** Not all of it was traded through this state folder: it was there before, or made elsewhere. */
  readonly external?: boolean;
}

/**
 * `books-differ`: the broker's position is not what the books (the position at the start and every fill since) say.
 * `unprotected-position`: the stop of a position was rejected, canceled or expired, and nothing took its place.
 * `split-booked`: a split changed a position, and the books followed it; nothing is stopped.
 * `not-tradable`, `symbol-changed`, `split`, `merger`: what an open order stands on is not what it was.
 */
export type AlarmCode = "books-differ" | "unprotected-position" | "split-booked" | "not-tradable" | "symbol-changed" | "split" | "merger";

/** Something that a person has to look at; it stands, for every process of the state folder, until its cause is gone or it is acknowledged. */
export interface Alarm {
  readonly id: number;
  readonly at: number;
  readonly code: AlarmCode;
  readonly symbol: string;
  readonly orderId: string | null;
  readonly message: string;
  /** Orders that open or add to a position are refused while it stands. */
  readonly blocksEntries: boolean;
}

export interface Account {
  readonly accountNumber: string;
  readonly status: string;
  readonly currency: string;
  readonly cash: Big;
  readonly equity: Big;
  readonly lastEquity: Big;
  readonly buyingPower: Big;
  readonly portfolioValue: Big;
  readonly mode: TradingMode;
  /** True on our own exchange: shown wherever the account is shown. */
  readonly simulated: boolean;
}

export interface Quote {
  readonly symbol: string;
  readonly bid: number;
  readonly ask: number;
  readonly bidSize: number;
  readonly askSize: number;
  readonly at: number;
}

export interface MarketClock {
  readonly at: number;
  readonly isOpen: boolean;
  readonly nextOpen: number;
  readonly nextClose: number;
}
