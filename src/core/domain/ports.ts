/** Where rooms meet: what a room needs of another is one of these, handed in by session.ts. */
import type { BarSeries, Dataset, Timeframe } from "./bars.ts";
import type { ActiveSymbol, Analysis, Asset, MergedCandidate, Mover, NewsItem, ScanResult, ScanVerification } from "./research.ts";
import type { Account, CheckedOrder, MarketClock, Order, OrderIntent, OrderPreview, Position, Quote, TradeUpdate, TradingMode, Verdict } from "./orders.ts";
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult } from "./backtest.ts";

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
  readonly body?: unknown;
  /** "read" and "cancel" are retried; "order" never blindly. */
  readonly intent: "read" | "cancel" | "order";
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined for an empty body. */
  readonly body: unknown;
}

/** One origin, one pool of kept-alive connections. Resolves for every HTTP status; throws only when no answer came. */
export interface HttpClient {
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  readonly stats: () => PoolStats;
  close(): Promise<void>;
}

export interface PoolStats {
  readonly open: number;
  readonly busy: number;
  readonly queued: number;
  readonly requests: number;
  readonly retries: number;
}

// ---- broker --------------------------------------------------------------------------------------------------------

export type ConnectionState = "disconnected" | "connecting" | "connected" | "stale";

export interface Broker {
  /** Never waits. */
  readonly state: ConnectionState;
  readonly mode: TradingMode;
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
  getOrder(id: string, signal: AbortSignal): Promise<Order>;
  getOrders(filter: { readonly status: "open" | "closed" | "all"; readonly limit?: number }, signal: AbortSignal): Promise<readonly Order[]>;
  getCurrentPrice(symbol: string, signal: AbortSignal): Promise<Quote>;
  getClock(signal: AbortSignal): Promise<MarketClock>;
  /** Resolves with the order once it can no longer change, by stream, with polling behind it. */
  waitForEnd(id: string, signal: AbortSignal): Promise<Order>;
  onTradeUpdate(listener: (update: TradeUpdate) => void): () => void;
  onState(listener: (state: ConnectionState) => void): () => void;
}

/** The durable book of intents: written before the first byte leaves. Implemented by the store. */
export interface OrderJournal {
  /**
   * In one transaction: refuses when the kill switch is on or an equal intent (`fingerprint`) stands within `windowMs`
   * (unless `again`), else writes the intent. Throws when it cannot be written.
   */
  begin(entry: JournalEntry, windowMs: number, again: boolean, signal: AbortSignal): Promise<"written" | "duplicate" | "killed">;
  settle(clientOrderId: string, outcome: { readonly state: "sent" | "rejected" | "unknown" | "not-sent"; readonly orderId?: string; readonly reason?: string }, signal: AbortSignal): Promise<void>;
}

export interface JournalEntry {
  readonly clientOrderId: string;
  readonly account: string;
  readonly fingerprint: string;
  readonly origin: string;
  readonly at: number;
  /** The request body as it will be sent, JSON. */
  readonly body: string;
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

// ---- research ------------------------------------------------------------------------------------------------------

export interface ScanOptions {
  /** Names; all enabled ones when absent. */
  readonly scanners?: readonly string[];
  readonly pipeline?: string;
  /** Scanner files of the user; run in the compute process. */
  readonly files?: readonly string[];
  readonly sequential?: boolean;
  readonly maxWorkers?: number;
  readonly timeoutMs?: number;
  readonly onLine?: (line: string) => void;
}

export interface ScanRunner {
  readonly names: readonly string[];
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  /** Scans concurrently and one after another and compares; runs a hanging, a failing and a flooding scanner beside sound ones. Under 20 s. */
  verify(options: Pick<ScanOptions, "maxWorkers" | "timeoutMs" | "onLine">, signal: AbortSignal): Promise<ScanVerification>;
}

export interface AnalystRunner {
  analyze(symbol: string, options: { readonly analysts?: readonly string[]; readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
}

export interface Backtester {
  /** Makes a data set known under `key`; its bars cross to the workers once, in shared memory. */
  register(key: string, dataset: Dataset): void;
  run(request: BacktestRequest, signal: AbortSignal): Promise<BacktestResult>;
  /** One entry per request, in request order; `onItem` is called as each finishes. An abort keeps what is done. */
  batch(requests: readonly BacktestRequest[], options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void }, signal: AbortSignal): Promise<BatchResult>;
  close(): Promise<void>;
}

// ---- store ---------------------------------------------------------------------------------------------------------

export interface RunRow {
  readonly runHash: string;
  readonly at: number;
  /** "cli", "cell", "demo", "extension", "sweep". */
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
}

export interface DashboardData {
  readonly runs: number;
  readonly best: readonly RunRow[];
  readonly recent: readonly RunRow[];
  readonly equity: ReadonlyArray<{ readonly at: number; readonly equity: number }>;
  readonly candidates: readonly MergedCandidate[];
}

export interface Store {
  readonly journal: OrderJournal;
  addRuns(rows: readonly RunRow[], signal: AbortSignal): Promise<void>;
  addEquity(account: string, at: number, equity: number, signal: AbortSignal): Promise<void>;
  addScan(at: number, candidates: readonly MergedCandidate[], signal: AbortSignal): Promise<void>;
  /** Symbols of the last scan before now: what is not among them is new. */
  lastScanSymbols(signal: AbortSignal): Promise<ReadonlySet<string>>;
  dashboard(account: string | null, signal: AbortSignal): Promise<DashboardData>;
  runs(limit: number, signal: AbortSignal): Promise<readonly RunRow[]>;
  killSwitch(account: string, change: "on" | "off" | null, signal: AbortSignal): Promise<boolean>;
  onChange(listener: (what: "runs" | "equity" | "scan") => void): () => void;
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
