/** Where rooms meet: what a room needs of another is one of these, handed in by session.ts. */
import type { Big } from "../base/decimal.ts";
import type { TradingError } from "../base/errors.ts";
import type { BarSeries, Dataset, DatasetInfo, Timeframe } from "./bars.ts";
import type { BacktestSpec } from "./desk.ts";
import type {
  ActiveSymbol,
  Analysis,
  Asset,
  CircuitState,
  Company,
  EarningsDate,
  InsiderTransaction,
  MergedCandidate,
  Mover,
  NewsItem,
  ScanResult,
  ScanVerification,
  SocialPost,
} from "./research.ts";
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
} from "./orders.ts";
import type { BacktestRequest, BacktestResult, BacktestStats, BatchItem, BatchResult, Params } from "./backtest.ts";
import type { KnownCombinations, Sweep, SweepOptions, SweepRequest, SweepSpec } from "./sweep.ts";
import type { WalkForward, WalkForwardRequest } from "./walkForward.ts";

/** Where a broker or a data source is, with the credentials of that very origin. */
export interface Endpoint {
  readonly mode: TradingMode;
  /** Without /v2. */
  readonly tradingUrl: string;
  readonly dataUrl: string;
  /** Ends in /stream. */
  readonly streamUrl: string;
  readonly keyId: string;
  readonly secretKey: string;
}

// ---- net -----------------------------------------------------------------------------------------------------------

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path and query, starting with "/". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; URLSearchParams as a form. */
  readonly body?: unknown;
  /** How the answer is read; JSON when absent. */
  readonly as?: "json" | "text";
  /** "read" and "cancel" are retried; "order" never blindly. */
  readonly intent: "read" | "cancel" | "order";
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined for an empty body. The text itself where text was asked for. */
  readonly body: unknown;
  /** Length of the body, in characters of its text. */
  readonly size?: number;
}

/** One origin, one pool of kept-alive connections. Resolves for every HTTP status; throws only when no answer came. */
export interface HttpClient {
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** An answer has said that our own exchange is behind the address (header X-Quantdesk-Simulated). */
  readonly simulated: boolean;
  readonly stats: () => PoolStats;
  close(): Promise<void>;
}

export interface PoolStats {
  readonly open: number;
  readonly busy: number;
  readonly queued: number;
  readonly requests: number;
  readonly retries: number;
  /** Connections opened since the start. */
  readonly opened: number;
  /** Requests that found a connection open. */
  readonly reused: number;
  /** Milliseconds that requests have waited for their turn: connections and rate limit. */
  readonly queuedMs: number;
  /** How often the next in line had to wait for the rate limit, or a time that the server named. */
  readonly limitWaits: number;
  readonly breaker: "closed" | "open" | "half-open";
  /** When the open circuit lets one request through, UTC milliseconds; null (or absent) while it is closed. */
  readonly openUntil?: number | null;
  readonly latency: readonly EndpointLatency[];
}

/** Answer times of one endpoint: `counts[i]` took at most `boundsMs[i]`, the last one longer. Waiting for a turn is not in it. */
export interface EndpointLatency {
  /** Method and path, ids as ":id". */
  readonly endpoint: string;
  readonly count: number;
  /** Of these, without an answer or with a status of 400 and more. */
  readonly failed: number;
  readonly sumMs: number;
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
}

/** How a public source of data is asked: one client for each, made by net. */
export interface SourceClientOptions {
  readonly name: string;
  /** Origin and, where there is one, the path that all requests begin with. */
  readonly address: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to every request's query, and to no cache key, log or error: where the vendor wants its key there. */
  readonly secretQuery?: string;
  /** Texts that the source may quote and that must not travel on. */
  readonly secrets?: readonly string[];
  readonly requestsPerMinute?: number;
  /** What a success of HTTP means that is none: a limit or refusal told in the body with status 200. `data.restMs` is how long the source is left alone. */
  readonly judge?: (answer: HttpAnswer) => TradingError | undefined;
}

/** Keys and addresses of the public sources, from the user's own environment, SecretStorage and settings; never a workspace's. */
export interface SourceSettings {
  readonly finnhubKey?: string;
  readonly alphaVantageKey?: string;
  readonly redditClientId?: string;
  readonly redditClientSecret?: string;
  /** Read Reddit's public listing where there is no client id. */
  readonly redditPublic: boolean;
  readonly redditCommunities: readonly string[];
  readonly finnhubUrl: string;
  readonly alphaVantageUrl: string;
  readonly redditUrl: string;
  readonly redditTokenUrl: string;
  /** Yahoo's unofficial address may be asked. */
  readonly yahoo: boolean;
  readonly yahooUrl: string;
}

export interface SourceRead {
  /** An answer is used without asking for so long. */
  readonly ttlMs: number;
  /** After that it may stand in for so long when the source fails. */
  readonly staleMs: number;
  readonly as?: "json" | "text";
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SourceClient {
  /**
   * GET with cache: equal questions at the same time are one request; an old answer is asked for with its validators (ETag,
   * Last-Modified). `stale` is true where the source failed and an old answer stands in. Answers other than 2xx are not kept.
   */
  read(path: string, options: SourceRead, signal: AbortSignal): Promise<HttpAnswer & { readonly stale: boolean }>;
  /** Past the cache. */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  readonly stats: () => PoolStats & SourceCacheStats;
}

export interface SourceCacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Old answers that the source confirmed (304). */
  readonly confirmed: number;
  /** Old answers that stood in for a failing source. */
  readonly stale: number;
}

/** What a lock's holders have waited and held it for, milliseconds. */
export interface LockStats {
  readonly taken: number;
  readonly waitedMs: number;
  readonly longestWaitMs: number;
  readonly heldMs: number;
  readonly longestHoldMs: number;
}

export interface BrokerMetrics {
  readonly trading: PoolStats;
  readonly data: PoolStats;
  readonly lock: LockStats;
}

/** Requests that are asked for: so many, leaving `kept` in the bucket. */
export interface RequestRate {
  readonly perMinute: number;
  readonly count: number;
  readonly kept: number;
}

export interface Granted {
  readonly granted: number;
  /** Until one may be there, when none was granted. */
  readonly waitMs: number;
}

/** The rate limit of one key at one address, for every process of the state folder. */
export interface RequestBucket {
  take(rate: RequestRate): Promise<Granted>;
  /** What the server said: so many are left, or none before an instant. */
  tell(news: { readonly remaining: number | null; readonly pausedUntil: number | null }): void;
}

// ---- broker --------------------------------------------------------------------------------------------------------

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

// ---- data ----------------------------------------------------------------------------------------------------------

export interface BarQuery {
  readonly timeframe: Timeframe;
  readonly from?: number;
  readonly to?: number;
  /** Newest bars per symbol. */
  readonly limit?: number;
}

export interface MarketData {
  /** Symbols without data are absent from the answer. */
  bars(symbols: readonly string[], query: BarQuery, signal: AbortSignal): Promise<ReadonlyMap<string, BarSeries>>;
  quotes(symbols: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Quote>>;
  movers(top: number, signal: AbortSignal): Promise<{ readonly gainers: readonly Mover[]; readonly losers: readonly Mover[] }>;
  mostActive(top: number, signal: AbortSignal): Promise<readonly ActiveSymbol[]>;
  news(symbols: readonly string[], limit: number, signal: AbortSignal): Promise<readonly NewsItem[]>;
  assets(signal: AbortSignal): Promise<readonly Asset[]>;
  readonly simulated: boolean;
}

/** Who has daily bars beside the market data service; Yahoo's are unofficial, and off unless the user turns them on. */
export type BarVendor = "alphavantage" | "yahoo";

export interface VendorBars {
  /** Oldest first; may reach beyond the range. Alpha Vantage's are as traded, Yahoo's adjusted for splits. */
  dailyBars(vendor: BarVendor, symbol: string, range: { readonly from: number; readonly to: number }, signal: AbortSignal): Promise<BarSeries>;
}

/** How a public source stands. */
export interface SourceStatus {
  /** "finnhub", "alphavantage", "reddit", "yahoo". */
  readonly name: string;
  readonly state: "real" | "simulated" | "off";
  /** Why it is off, and what to do. */
  readonly missing: { readonly reason: string; readonly remedy: string } | null;
  readonly breaker: PoolStats["breaker"];
  /** When the open circuit lets one request through, UTC milliseconds. */
  readonly openUntil: number | null;
  readonly requests: number;
  readonly retries: number;
  readonly cache: SourceCacheStats;
}

/** What is published about companies, each kind by a source of its own that may need a key. */
export type PublicKind = "insiders" | "earnings" | "posts" | "company";

export interface PublicData {
  /** Why this kind cannot be had, in a few words without a colon ("no FINNHUB_API_KEY"), and what to do; undefined when it can. Never waits. */
  missing(kind: PublicKind): { readonly reason: string; readonly remedy: string } | undefined;
  /** Traded or filed between two New York dates (YYYY-MM-DD, both included), newest first; of every symbol when `symbol` is absent. */
  insiders(query: { readonly from: string; readonly to: string; readonly symbol?: string }, signal: AbortSignal): Promise<readonly InsiderTransaction[]>;
  /** Reports between two New York dates, both included, earliest first; of every symbol when `symbol` is absent. */
  earnings(query: { readonly from: string; readonly to: string; readonly symbol?: string }, signal: AbortSignal): Promise<readonly EarningsDate[]>;
  /** The newest posts of the communities that are read, newest first. */
  posts(limit: number, signal: AbortSignal): Promise<readonly SocialPost[]>;
  /** Null for a company that no source knows. */
  company(symbol: string, signal: AbortSignal): Promise<Company | null>;
  /** How each source stands; never waits. */
  sources(): readonly SourceStatus[];
  /** State of each source's circuit, by the source's name; never waits. */
  circuits(): Readonly<Record<string, PoolStats["breaker"]>>;
  readonly simulated: boolean;
}

// ---- research ------------------------------------------------------------------------------------------------------

export interface ScanOptions {
  /** Names; all enabled ones when absent. */
  readonly scanners?: readonly string[];
  readonly pipeline?: string;
  /** Scanner files of the user; each runs in a process of its own. */
  readonly files?: readonly string[];
  /** Files that were found rather than named: one that is no scanner fails alone instead of refusing the scan. */
  readonly foundFiles?: readonly string[];
  /** Scanners out of cells; the same isolation. */
  readonly sources?: readonly ScannerSource[];
  readonly sequential?: boolean;
  readonly maxWorkers?: number;
  readonly timeoutMs?: number;
  readonly onLine?: (line: string) => void;
  /** Look at these prices instead of the market's; such a scan is not kept, and no circuit counts it. */
  readonly past?: PricesOfThePast;
}

/** A scanner as text. */
export interface ScannerSource {
  readonly name: string;
  readonly pipeline: string;
  readonly needs: readonly string[];
  readonly thresholds?: Readonly<Record<string, number>>;
  /** An expression that evaluates to its `scan` and uses nothing from around it. */
  readonly scan: string;
}

/** What was known of prices at an instant in the past. */
export interface PricesOfThePast {
  readonly asOf: number;
  /** Those that were traded then. */
  readonly symbols: readonly string[];
  /** Shows nothing that was not known at `asOf`. */
  readonly data: MarketData;
}

export interface ScanRunner {
  readonly names: readonly string[];
  /** Circuits of scanners that have failed, by the scanner's name; never waits. */
  circuits(): Readonly<Record<string, CircuitState>>;
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  /** Scans concurrently and one after another and compares; runs a hanging, a failing and a flooding scanner beside sound ones. Under 20 s. */
  verify(options: Pick<ScanOptions, "maxWorkers" | "timeoutMs" | "onLine">, signal: AbortSignal): Promise<ScanVerification>;
}

export interface AnalystRunner {
  analyze(symbol: string, options: { readonly analysts?: readonly string[]; readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
}

/** How busy a backtester is. */
export interface BacktesterLoad {
  /** Backtests that may run at once now: a batch or sweep may have asked for more than is usual. */
  readonly workers: number;
  readonly running: number;
  readonly waiting: number;
  /** Since the start, single ones and those of batches. */
  readonly ended: { readonly ok: number; readonly error: number; readonly timeout: number };
}

export interface Backtester {
  /** Never waits. */
  load(): BacktesterLoad;
  /** Makes a data set known under `key`; its bars cross to the workers once, in shared memory. */
  register(key: string, dataset: Dataset): void;
  run(request: BacktestRequest, signal: AbortSignal): Promise<BacktestResult>;
  /** One entry per request, in request order; `onItem` is called as each finishes. An abort keeps what is done. */
  batch(
    requests: readonly BacktestRequest[],
    options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void },
    signal: AbortSignal,
  ): Promise<BatchResult>;
  /** One strategy over many combinations of its parameters. An abort keeps what is done. Throws bad input for a grid that cannot be read. */
  sweep(request: SweepRequest, options: SweepOptions, signal: AbortSignal): Promise<Sweep>;
  /** Chooses parameters on past bars and tries them on those after, window after window. An abort keeps the windows that are done. */
  walkForward(request: WalkForwardRequest, options: SweepOptions, signal: AbortSignal): Promise<WalkForward>;
  close(): Promise<void>;
}

// ---- store ---------------------------------------------------------------------------------------------------------

export interface RunRow {
  readonly runHash: string;
  readonly at: number;
  /** "cli", "cell", "demo", "extension", "sweep", "walk-forward". */
  readonly front: string;
  readonly strategy: string;
  readonly params: string;
  readonly dataset: string;
  readonly datasetHash: string;
  readonly sharpe: number | null;
  readonly totalReturnPct: number;
  readonly maxDrawdownPct: number;
  readonly trades: number;
  readonly durationMs: number;
  readonly simulated: boolean;
  /** Backtests that this row stands for: 1 (also when absent), the combinations of a sweep, whose best the row then shows, or 0 for a stored result that was only looked up. */
  readonly trials?: number;
  /** Which cell, command or agent asked: "cell:<notebook>#<cell>"; absent when it is only known by its front. */
  readonly origin?: string;
  /** SHA-256 of the strategy's file and what it imports; absent for a built-in strategy. */
  readonly codeHash?: string;
}

/** A run with everything needed to run it again. */
export interface RunRecord extends RunRow {
  /** Null for runs of an older version. */
  readonly details: RunDetails | null;
}

export interface RunDetails {
  readonly kind: "backtest" | "sweep";
  /** As it was asked for: references, names and paths. */
  readonly spec: BacktestSpec | SweepSpec;
  /** As it was run, every default filled in; canonical. */
  readonly request: BacktestRequest;
  readonly engine: string;
  /** Of the best, for a sweep; null when nothing succeeded. */
  readonly stats: BacktestStats | null;
  readonly dataset: DatasetInfo;
}

/** A run to be stored. */
export interface NewRun extends RunRow {
  readonly details?: RunDetails;
  /** The text behind `codeHash`, where it is one file; kept once. */
  readonly code?: string;
}

export interface RunQuery {
  /** 50 when absent. */
  readonly limit?: number;
  readonly offset?: number;
  /** By time, newest first (default), or by Sharpe ratio without the undefined ones, highest first. */
  readonly sort?: "recent" | "sharpe";
  readonly strategy?: string;
  /** A data set's name, or its hash. */
  readonly data?: string;
  readonly front?: string;
}

/** Something that a scanner, analyst or agent read. */
export interface SourceItem {
  readonly kind: "news" | "post" | "filing";
  readonly title: string;
  /** http or https; empty when the source has none. */
  readonly url: string;
  /** Who published it. */
  readonly source: string;
  readonly symbols: readonly string[];
  /** When it was published, UTC milliseconds. */
  readonly at: number;
  /** Which scanner, analyst or agent read it. */
  readonly readBy: string;
}

/** Of everything stored. */
export interface StoredStatistics {
  /** Rows of the ledger. */
  readonly results: number;
  /** Every combination of a sweep counted. */
  readonly trials: number;
  readonly withSharpe: number;
  readonly meanSharpe: number | null;
  readonly bestSharpe: number | null;
  /** Results with a return above zero. */
  readonly profitable: number;
  readonly meanDurationMs: number | null;
}

export interface DashboardData {
  /** Every combination of a sweep counted. */
  readonly runs: number;
  readonly statistics: StoredStatistics;
  readonly best: readonly RunRow[];
  readonly recent: readonly RunRow[];
  /** The 20 latest. */
  readonly sources: readonly SourceItem[];
  readonly equity: ReadonlyArray<{ readonly at: number; readonly equity: number }>;
  readonly candidates: readonly MergedCandidate[];
}

/** What `Store.onChange` tells. */
export type StoredChange = "runs" | "equity" | "scan" | "sources";

/**
 * Results of earlier runs, by a hash of everything that shapes them (request, data, strategy code with its imports, engine).
 * Bounded: the oldest go. Nobody needs what is in it: a miss is run.
 */
export interface ResultCache {
  /** With its equity curve where the request asks for one. */
  result(requestHash: string, withEquity: boolean, signal: AbortSignal): Promise<BacktestResult | null>;
  /** Those of `requestHashes` that are known, in their places. */
  results(requestHashes: readonly string[], withEquity: boolean, signal: AbortSignal): Promise<ReadonlyArray<BacktestResult | null>>;
  keepResults(results: ReadonlyArray<{ readonly requestHash: string; readonly result: BacktestResult }>, signal: AbortSignal): Promise<void>;
  /** Every combination known under `key`, from all sweeps; null when there is none. */
  combinations(key: string, signal: AbortSignal): Promise<KnownCombinations | null>;
  keepCombinations(kept: KeptCombinations, signal: AbortSignal): Promise<void>;
  /** Combinations of a strategy on some bars, newest sweeps first: what its parameters' neighbourhood is drawn from. */
  neighbourhood(strategy: string, datasetHash: string | null, signal: AbortSignal): Promise<readonly KeptCombinations[]>;
}

export interface KeptCombinations {
  readonly key: string;
  readonly at: number;
  readonly strategy: string;
  readonly dataset: string;
  readonly datasetHash: string;
  /** The parameters that stayed as they are. */
  readonly fixed: Params;
  readonly combinations: KnownCombinations;
}

export interface Store {
  /** Looking works, results are not kept, orders are refused for this: a newer Quantdesk has changed it (`store-too-new`), or it cannot be written (`store-unwritable`). */
  readonly readOnly: TradingError | null;
  readonly journal: OrderJournal;
  requestBucket(name: string, perMinute: number): RequestBucket;
  readonly cache: ResultCache;
  /**
   * One transaction, whole or not at all. When the database does not take it, twice, the rows go to a file beside it and
   * into the database later, once. Throws when they are not sound or can be kept nowhere.
   */
  addRuns(rows: readonly NewRun[], signal: AbortSignal): Promise<void>;
  addEquity(account: string, at: number, equity: number, signal: AbortSignal): Promise<void>;
  addScan(at: number, candidates: readonly MergedCandidate[], signal: AbortSignal): Promise<void>;
  /** Symbols of the last scan before now: what is not among them is new. */
  lastScanSymbols(signal: AbortSignal): Promise<ReadonlySet<string>>;
  dashboard(account: string | null, signal: AbortSignal): Promise<DashboardData>;
  runs(query: RunQuery, signal: AbortSignal): Promise<readonly RunRow[]>;
  /** Runs whose hash begins with `hash` (at least 6 digits), newest first, at most 50. */
  runsByHash(hash: string, signal: AbortSignal): Promise<readonly RunRecord[]>;
  /** The text of a strategy file as it was when something was run with it; null when it was not kept. */
  strategyText(codeHash: string, signal: AbortSignal): Promise<string | null>;
  /** What was read; an item that is known by its address (or, without one, title and source) is kept once. */
  addSources(items: readonly SourceItem[], signal: AbortSignal): Promise<void>;
  /** Backtests ever run on these bars, from any front, every combination of a sweep counted. */
  trialsOn(datasetHash: string, signal: AbortSignal): Promise<number>;
  killSwitch(account: string, change: "on" | "off" | null, signal: AbortSignal): Promise<boolean>;
  /** Sets limits for every process on this state folder; null takes them away. */
  setLimits(account: string, limits: Omit<StoredLimits, "version"> | null, reason: Reason, signal: AbortSignal): Promise<void>;
  /** The audit log, newest first; of all accounts when null. `before` is an id, for the next page. */
  audit(account: string | null, page: { readonly limit: number; readonly before?: number }, signal: AbortSignal): Promise<readonly AuditRow[]>;
  /** Journalled orders, newest first. */
  journalledOrders(account: string | null, limit: number, signal: AbortSignal): Promise<readonly JournalledOrder[]>;
  /** Null when the journal has no order of that id. */
  journalledOrder(clientOrderId: string, signal: AbortSignal): Promise<JournalledOrder | null>;
  /** Every fill known of the account, oldest first, in pages. */
  fills(account: string, page: { readonly limit: number; readonly offset?: number }, signal: AbortSignal): Promise<readonly StoredFill[]>;
  onChange(listener: (what: StoredChange) => void): () => void;
  close(): Promise<void>;
}

// ---- metrics -------------------------------------------------------------------------------------------------------

export interface LagStats {
  readonly avg: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface OperationRecord {
  readonly operation: string;
  /** UTC milliseconds. */
  readonly startedAt: number;
  readonly queueMs: number;
  readonly runMs: number;
  readonly ok: boolean;
  readonly error: string | null;
}

export interface MetricsSink {
  record(operation: OperationRecord): void;
}
