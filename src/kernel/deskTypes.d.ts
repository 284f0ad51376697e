/**
 * What cells see without an import: `desk`, `display`, `plot`. Stands alone, since the checker reads this very file.
 * Money and quantities of orders and accounts are decimal text ("12.50"), analytics are numbers, times ISO 8601 in UTC.
 */

export type Timeframe = "1Min" | "5Min" | "15Min" | "1Hour" | "1Day" | "1Week" | "1Month";
export type Mode = "embedded" | "paper" | "live";

export interface Account {
  readonly accountNumber: string;
  readonly status: string;
  readonly currency: string;
  readonly cash: string;
  readonly equity: string;
  readonly lastEquity: string;
  readonly buyingPower: string;
  readonly portfolioValue: string;
  readonly mode: Mode;
  /** True on the embedded exchange: nothing of it is real money. */
  readonly simulated: boolean;
}

export interface Position {
  readonly symbol: string;
  readonly qty: string;
  readonly side: "long" | "short";
  readonly avgEntryPrice: string;
  readonly currentPrice: string | null;
  readonly marketValue: string | null;
  readonly costBasis: string;
  readonly unrealizedPl: string | null;
}

export interface Order {
  readonly id: string;
  readonly clientOrderId: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly type: string;
  readonly orderClass: string;
  readonly timeInForce: string;
  /** As Alpaca names them: "new", "partially_filled", "filled", "canceled", "expired", "rejected" … */
  readonly status: string;
  readonly qty: string | null;
  readonly notional: string | null;
  readonly filledQty: string;
  readonly filledAvgPrice: string | null;
  readonly limitPrice: string | null;
  readonly stopPrice: string | null;
  readonly submittedAt: string;
  readonly filledAt: string | null;
  readonly legs: readonly Order[];
  /** Id of the order whose place it took, and of the one that took its place. */
  readonly replaces: string | null;
  readonly replacedBy: string | null;
}

export interface PlacedOrder extends Order {
  readonly warnings: readonly string[];
  /** This cell had sent the very same order before: this is that order, and no second one was sent. */
  readonly repeated: boolean;
  readonly simulated: boolean;
}

export interface OrderOptions {
  /** Shares; text for exact fractions. Exactly one of `qty` and `notional`. */
  readonly qty?: number | string;
  /** US dollars. */
  readonly notional?: number | string;
  readonly limit?: number | string;
  readonly stop?: number | string;
  readonly takeProfit?: number | string;
  readonly stopLoss?: number | string;
  readonly stopLossLimit?: number | string;
  readonly trailPercent?: number | string;
  readonly trailPrice?: number | string;
  readonly tif?: "day" | "gtc" | "opg" | "cls" | "ioc" | "fok";
  readonly extendedHours?: boolean;
  /** Names the order: an equal key in this notebook never places a second one. */
  readonly key?: string;
  /** Sends it although this cell has sent an equal one before. */
  readonly again?: boolean;
  /** The reason, kept in the audit log; may begin with what proposed it: "run:3f9c…", "analysis:AAPL". */
  readonly why?: string;
  /** Seconds to wait for the order's end; 30 for a market order, else 0. */
  readonly wait?: number;
}

export interface SellOptions extends OrderOptions {
  /** Allows selling more than is held. */
  readonly short?: boolean;
}

/** What an order would do now: the document of `quantdesk buy … --dry-run --json`. */
export interface OrderPreview {
  readonly sent: boolean;
  readonly account: string;
  readonly symbol: string;
  readonly side: "buy" | "sell";
  readonly type: string;
  readonly qty: string | null;
  readonly notional: string | null;
  readonly estimatedPrice: string | null;
  readonly estimatedQty: string | null;
  readonly estimatedValue: string | null;
  readonly buyingPower: string;
  readonly buyingPowerAfter: string | null;
  readonly cost: {
    readonly halfSpread: string | null;
    readonly slippage: string | null;
    readonly fees: string | null;
    readonly total: string | null;
    readonly totalBps: number;
  } | null;
  readonly limits: ReadonlyArray<{
    readonly limit: string;
    readonly unit: "usd" | "orders";
    readonly now: string | null;
    readonly after: string | null;
    readonly ceiling: string | null;
    readonly left: string | null;
  }>;
  readonly exits: { readonly ifStopped: string | null; readonly ifTarget: string | null };
  /** Today's holdings, before and after the order, replayed over past days; percent of equity. */
  readonly worstDays: {
    readonly days: number;
    readonly from: string;
    readonly to: string;
    readonly worst: ReadonlyArray<{
      readonly date: string;
      readonly before: number;
      readonly after: number;
      readonly beforePct: number;
      readonly afterPct: number;
    }>;
    readonly worst1Pct: { readonly days: number; readonly beforePct: number; readonly afterPct: number };
    readonly addsAtMostPct: number;
  } | null;
  readonly warnings: readonly string[];
  readonly mode: Mode;
  readonly simulated: boolean;
}

export interface ChangeOptions {
  readonly qty?: number | string;
  readonly limit?: number | string;
  readonly stop?: number | string;
  /** Of a trailing stop: dollars or percent, whichever it has. */
  readonly trail?: number | string;
  readonly tif?: "day" | "gtc" | "opg" | "cls" | "ioc" | "fok";
  readonly why?: string;
}

export interface CloseOptions {
  /** All of it unless one of these is given. */
  readonly qty?: number | string;
  readonly percent?: number | string;
  /** Names the closing: an equal key in this notebook never closes a second time. */
  readonly key?: string;
  /** Closes again although this cell has done so before. */
  readonly again?: boolean;
  readonly why?: string;
}

export interface RiskLimits {
  readonly maxOrderValue: number | null;
  readonly maxPositionValue: number | null;
  readonly maxOrdersPerMinute: number | null;
  readonly maxDailyLoss: number | null;
  /** Empty: all. */
  readonly symbols: readonly string[];
}

export interface AccountLimits {
  readonly account: string;
  readonly own: RiskLimits | null;
  readonly settings: RiskLimits;
  /** The tighter of both: what the guards hold to. */
  readonly holds: RiskLimits;
  readonly simulated: boolean;
}

export interface Alarm {
  readonly id: number;
  readonly at: string;
  readonly code: "books-differ" | "unprotected-position" | "split-booked" | "not-tradable" | "symbol-changed" | "split" | "merger";
  readonly symbol: string;
  readonly orderId: string | null;
  readonly message: string;
  /** Orders that open or add to a position are refused while it stands. */
  readonly blocksEntries: boolean;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly account: string;
  /** Who: "cli", "palette", "chat", "cell:NOTEBOOK#CELL" … */
  readonly origin: string;
  /** "begun", "sent", "rejected", "not-sent", "limits", "kill-switch on" … */
  readonly what: string;
  readonly clientOrderId: string | null;
  readonly orderId: string | null;
  readonly why: string | null;
  /** The order as it was sent, or the limits that were set; null where there is none. */
  readonly order: Readonly<Record<string, unknown>> | null;
}

export interface KillSwitch {
  readonly account: string;
  readonly on: boolean;
  readonly cancelled: number;
  readonly unconfirmed: readonly Order[];
  /** Symbols whose positions are being closed; null unless `flatten` was asked for. */
  readonly closed: readonly string[] | null;
  readonly simulated: boolean;
}

export interface Quote {
  readonly symbol: string;
  readonly bid: number;
  readonly ask: number;
  readonly bidSize: number;
  readonly askSize: number;
  readonly at: string;
}

export interface Bar {
  readonly time: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Bars as columns, oldest first. */
export interface Bars {
  readonly symbol: string;
  readonly timeframe: Timeframe | "unknown";
  readonly source: string;
  /** For splits and dividends: "raw", "split", "dividend", "all", or what is known of it. */
  readonly adjustment: string;
  /** When the source gave them; null where it is no matter. */
  readonly asOf: string | null;
  readonly simulated: boolean;
  readonly length: number;
  /** Start of each bar, UTC milliseconds. */
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  row(index: number): Bar;
  rows(): Bar[];
  /**
   * A danfojs DataFrame with the columns time (ISO), open, high, low, close, volume; danfojs-node must be installed in the
   * notebook's folder. `bars.toDanfo<dfd.DataFrame>()` knows all of its methods.
   */
  toDanfo<Frame extends DanfoFrame = DanfoFrame>(): Promise<Frame>;
}

/** What bars need of a danfojs DataFrame, and a little more. */
export interface DanfoFrame {
  readonly columns: string[];
  readonly shape: readonly number[];
  column(name: string): { readonly values: unknown };
  print(): void;
}

export interface FromDanfoOptions {
  /** Of the bars that the frame was made from, else "FRAME". */
  readonly symbol?: string;
  readonly timeframe?: Timeframe;
  /** Said by whoever knows; a frame of unknown origin is taken for simulated once this notebook has made one of simulated bars. */
  readonly simulated?: boolean;
}

export interface BarOptions {
  readonly timeframe?: Timeframe;
  /** Date or ISO time. */
  readonly from?: string;
  readonly to?: string;
  /** IANA name of the zone of a file's times that say none; UTC when absent. */
  readonly timeZone?: string;
  /** The newest bars. */
  readonly limit?: number;
}

export interface ScanResult {
  readonly mode: "concurrent" | "sequential";
  readonly durationMs: number;
  readonly scanners: ReadonlyArray<{
    readonly name: string;
    readonly pipeline: string;
    readonly status: "ok" | "timeout" | "error" | "skipped" | "open-circuit";
    readonly candidates: number;
    readonly durationMs: number;
    readonly error: string | null;
    readonly circuit: { readonly state: "closed" | "open" | "half-open"; readonly failures: number; readonly openUntil: string | null };
  }>;
  readonly candidates: ReadonlyArray<{
    readonly symbol: string;
    readonly score: number;
    readonly reasons: ReadonlyArray<{ readonly scanner: string; readonly text: string; readonly value: number | null }>;
    readonly new: boolean;
  }>;
  /** Symbols of the last scan that this one did not find. */
  readonly gone: readonly string[];
  readonly asOf: string;
  readonly simulated: boolean;
}

export interface ScanOptions {
  readonly scanners?: readonly string[];
  readonly pipeline?: string;
  readonly sequential?: boolean;
  readonly workers?: number;
  /** For each scanner. */
  readonly timeoutSeconds?: number;
  /** Scanner files, from the notebook's folder. */
  readonly files?: readonly string[];
  /**
   * Scanners of this cell, as defineScanner() makes them. Each runs in a process of its own, sent as source: its `scan` must
   * be self-contained (a captured variable is refused by name) and gets the library by `await import("quantdesk")`.
   */
  readonly own?: CellScanner | readonly CellScanner[];
  /** As on that day, on the prices of `data`. */
  readonly asOf?: string;
  /** A folder of CSV or Parquet files, one symbol each. */
  readonly data?: string;
}

export interface CellScanner {
  readonly name: string;
  readonly pipeline: string;
  readonly needs: readonly string[];
  readonly thresholds?: Readonly<Record<string, number>>;
  scan(state: never, tools: never): Promise<unknown>;
}

export interface Analysis {
  readonly symbol: string;
  readonly action: "BUY" | "HOLD" | "SELL";
  readonly confidence: number;
  /** Share of equity, 0 to 1. */
  readonly size: number;
  readonly stop: number | null;
  readonly target: number | null;
  readonly reasons: readonly string[];
  readonly opinions: ReadonlyArray<{
    readonly analyst: string;
    readonly stance: "bullish" | "neutral" | "bearish";
    readonly confidence: number;
    readonly text: string;
    readonly startMs: number;
    readonly endMs: number;
  }>;
  readonly missing: readonly string[];
  readonly durationMs: number;
  readonly simulated: boolean;
}

/** A strategy of this cell, as defineStrategy() makes it: sent as source, so its functions must be self-contained (a captured variable is refused by name). */
export interface CellStrategy {
  readonly name: string;
  readonly params: Readonly<Record<string, { readonly default: number; readonly min?: number; readonly max?: number; readonly integer?: boolean }>>;
  readonly symbols?: { readonly min: number; readonly max?: number };
  signals?(bars: never, params: never): unknown;
  onBar?(bar: never, params: never): unknown;
}

export interface BacktestSpec {
  /** "sample:simulated", "sample:sp500" (in a clone), a symbol, or the path of a CSV file. */
  readonly data: string;
  /** A built-in strategy's name, the path of a strategy file, or a strategy of the cell. */
  readonly strategy: string | CellStrategy;
  readonly params?: Readonly<Record<string, number>>;
  readonly engine?: "auto" | "event" | "vector" | "simple";
  readonly cash?: number;
  /** Share of the traded value, each side; 0.001 unless said otherwise. */
  readonly feeRate?: number;
  /** 5 unless said otherwise. */
  readonly slippageBps?: number;
  /** The rest of the costs is off unless said otherwise, and needs the event engine. Money per unit, each side; least fee of a fill. */
  readonly feePerShare?: number;
  readonly feeMin?: number;
  /** Market and stop fills pay half of it. */
  readonly spreadBps?: number;
  /** Times the square of an order's share of the bar's volume. */
  readonly impact?: number;
  /** Share of a bar's volume that is filled; the rest waits. */
  readonly volumeLimit?: number;
  /** Yearly rates on short positions, on cash, on borrowed cash. */
  readonly borrowRate?: number;
  readonly cashRate?: number;
  readonly marginRate?: number;
  /** Largest position in multiples of the equity. */
  readonly leverage?: number;
  /** Fails with the first bar at which the strategy looks ahead. */
  readonly checkLookAhead?: boolean;
  readonly sizing?: "all-in" | "whole-shares" | { readonly fixed: number } | { readonly percent: number };
  readonly fill?: "next-open" | "close";
  readonly from?: string;
  readonly to?: string;
  /** IANA name of the zone of a file's times that say none, like "America/New_York"; UTC when absent. */
  readonly timeZone?: string;
  /** Of a symbol's bars; 1Day when absent. */
  readonly timeframe?: Timeframe;
  /** What alpha and beta are measured against, as `data` names prices; its own first symbol when absent. */
  readonly benchmark?: string;
  readonly periodsPerYear?: number;
  readonly riskFree?: number;
}

export interface SweepSpec extends BacktestSpec {
  /** "fast=5:50:5,slow=20|50|200": from:to:step with its end, or single values. */
  readonly grid: string;
  /** "fast < slow" */
  readonly where?: string;
  readonly method?: "grid" | "random" | "tpe";
  /** For random and tpe; 100 unless said otherwise. */
  readonly trials?: number;
  readonly seed?: number;
  /** Stop when none of so many combinations was better than what there was. */
  readonly patience?: number;
  /** Begin no combination after so many seconds. */
  readonly budgetSeconds?: number;
  /** Cross-validate: choose on all but one fold of the time, look at that fold. */
  readonly folds?: number;
  /** Bars left out of the training on both sides of a fold, and after those behind it; a hundredth of all unless said otherwise. */
  readonly purge?: number;
  readonly embargo?: number;
  /** How many of the best are run in full; 20 unless said otherwise. */
  readonly top?: number;
  readonly workers?: number;
  /** For each combination. */
  readonly timeoutSeconds?: number;
}

export interface WalkForwardSpec extends SweepSpec {
  /** Bars ("500") or a duration ("2y", "6m", "13w", "90d"). */
  readonly train: string;
  readonly test: string;
  /** Train on everything since the first bar. */
  readonly anchored?: boolean;
}

/** The last one has the result. */
export interface RunningProgress<T> {
  readonly done: number;
  readonly combinations: number;
  readonly result?: T;
}

export interface Running<T> extends PromiseLike<T>, AsyncIterable<RunningProgress<T>> {
  /** Ends it early; what is done is in the result. */
  stop(): Promise<T>;
}

/** Every combination in columns, one place each; NaN where a statistic is undefined. */
export interface SweepColumns {
  readonly names: readonly string[];
  /** One column per name. */
  readonly params: readonly Float64Array[];
  readonly totalReturnPct: Float64Array;
  readonly sharpe: Float64Array;
  readonly maxDrawdownPct: Float64Array;
  readonly trades: Float64Array;
  readonly cagrPct: Float64Array;
  readonly volatilityPct: Float64Array;
  readonly calmar: Float64Array;
  readonly exposurePct: Float64Array;
  readonly winRatePct: Float64Array;
  readonly profitFactor: Float64Array;
  readonly expectancyPct: Float64Array;
  readonly bestTradePct: Float64Array;
  readonly worstTradePct: Float64Array;
  readonly totalFees: Float64Array;
  /** 0 cancelled, 1 ok, 2 failed, 3 timed out. */
  readonly status: Uint8Array;
}

export interface SweepResult {
  readonly schema: "quantdesk.sweep/1";
  readonly combinations: number;
  readonly run: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly cached: number;
  readonly cancelled: number;
  readonly workers: number;
  readonly durationMs: number;
  /** Combinations a second. */
  readonly throughput: number;
  /** By Sharpe ratio. */
  readonly best: ReadonlyArray<{
    readonly params: Readonly<Record<string, number>>;
    readonly stats: BacktestStats;
    /** Probability that its Sharpe ratio is better than the best of so many trials gives by chance. */
    readonly deflatedSharpe: number | null;
  }>;
  /** Probability of backtest overfitting. */
  readonly pbo: number | null;
  readonly trialsCounted: number;
  /** The Sharpe ratio that so many trials give by chance. */
  readonly luckSharpe: number | null;
  readonly crossValidation: {
    readonly purgeBars: number;
    readonly embargoBars: number;
    readonly folds: ReadonlyArray<{
      readonly from: string;
      readonly to: string;
      readonly params: Readonly<Record<string, number>> | null;
      readonly inSampleSharpe: number | null;
      readonly outOfSampleSharpe: number | null;
    }>;
    readonly outOfSampleSharpe: number | null;
  } | null;
  /** The trades of the best drawn anew. */
  readonly monteCarlo: {
    readonly draws: number;
    readonly trades: number;
    readonly returnPct: { readonly p5: number; readonly p50: number; readonly p95: number };
    readonly maxDrawdownPct: { readonly p5: number; readonly p50: number; readonly p95: number };
    readonly lossProbability: number;
  } | null;
  /** How the combinations next to the best do. */
  readonly stability: {
    readonly neighbours: number;
    readonly medianSharpe: number;
    readonly worstSharpe: number;
    readonly share: number;
    readonly verdict: "plateau" | "slope" | "spike";
  } | null;
  readonly sensitivity: ReadonlyArray<{
    readonly name: string;
    readonly best: number;
    readonly values: ReadonlyArray<{ readonly value: number; readonly sharpe: number | null }>;
  }>;
  readonly method: "grid" | "random" | "tpe";
  readonly stopped: "no-improvement" | "budget" | null;
  readonly strategy: string;
  readonly dataset: string;
  /** Where its prices came from. */
  readonly prices?: PricesInfo;
  readonly costs: { readonly feeRate: number; readonly slippageBps: number };
  readonly simulated: boolean;
  readonly how: string;
  readonly failures: ReadonlyArray<{ readonly params: Readonly<Record<string, number>>; readonly code: string; readonly message: string }>;
  readonly columns: SweepColumns;
}

export interface PricesInfo {
  readonly source: string;
  readonly adjustment: string;
  readonly asOf: string | null;
  readonly sha256: string;
}

export interface WalkForwardResult {
  readonly schema: "quantdesk.walk-forward/1";
  readonly strategy: string;
  readonly dataset: string;
  readonly prices: PricesInfo;
  readonly windows: ReadonlyArray<{
    readonly train: { readonly from: string; readonly to: string; readonly bars: number };
    readonly test: { readonly from: string; readonly to: string; readonly bars: number };
    readonly params: Readonly<Record<string, number>> | null;
    readonly inSample: BacktestStats | null;
    readonly outOfSample: BacktestStats | null;
    readonly error?: string;
  }>;
  /** Of the test windows put together. */
  readonly stats: BacktestStats | null;
  /** Mean yearly growth in training, and that of the tests as a share of it. */
  readonly inSampleCagrPct: number | null;
  readonly efficiencyPct: number | null;
  readonly probabilisticSharpe: number | null;
  readonly paramChanges: number;
  readonly combinations: number;
  readonly run: number;
  readonly cancelled: number;
  readonly costs: { readonly feeRate: number; readonly slippageBps: number };
  readonly simulated: boolean;
  readonly equity: ReadonlyArray<readonly [string, number]>;
}

export interface BacktestStats {
  readonly finalEquity: number;
  readonly totalReturnPct: number;
  readonly cagrPct: number | null;
  readonly volatilityPct: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly calmar: number | null;
  readonly maxDrawdownPct: number;
  readonly maxDrawdownDays: number;
  readonly exposurePct: number;
  readonly periodsPerYear: number;
  readonly trades: number;
  readonly winRatePct: number | null;
  readonly profitFactor: number | null;
  readonly expectancyPct: number | null;
  readonly sqn: number | null;
  readonly totalFees: number;
  readonly bestTradePct: number | null;
  readonly worstTradePct: number | null;
  readonly avgTradeBars: number | null;
  /** Against the benchmark, or the data's own (first) symbol, held. */
  readonly alphaPct: number | null;
  readonly beta: number | null;
  readonly benchmarkReturnPct: number | null;
  /** Value traded one way a year, in multiples of the mean equity. */
  readonly turnover: number | null;
  readonly totalSlippage: number;
  readonly financing: number;
}

export interface BacktestTrade {
  /** In runs of several symbols. */
  readonly symbol?: string;
  readonly side: "long" | "short";
  readonly entryIndex: number;
  readonly exitIndex: number;
  readonly entryTime: string;
  readonly exitTime: string;
  readonly entryPrice: number;
  readonly exitPrice: number;
  readonly size: number;
  readonly fees: number;
  readonly pnl: number;
  readonly pnlPct: number;
  readonly bars: number;
  /** Worst and best price while it lasted, in percent of the entry price. */
  readonly maePct: number;
  readonly mfePct: number;
  readonly finalized: boolean;
}

export interface BacktestResult {
  readonly strategy: string;
  readonly params: Readonly<Record<string, number>>;
  readonly engine: "event" | "vector" | "simple";
  readonly dataset: {
    readonly name: string;
    readonly bars: number;
    readonly from: string | null;
    readonly to: string | null;
    readonly sha256: string;
    readonly source: string;
  };
  readonly costs: { readonly feeRate: number; readonly slippageBps: number; readonly fill: string; readonly sizing: string };
  readonly warnings: readonly string[];
  readonly trades: readonly BacktestTrade[];
  readonly stats: BacktestStats;
  /** Time and value at each bar's close. */
  readonly equity: ReadonlyArray<readonly [string, number]>;
  readonly simulated: boolean;
  readonly runHash: string;
  readonly durationMs: number;
}

export interface BatchResult {
  readonly run: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly cancelled: number;
  readonly workers: number;
  readonly durationMs: number;
  /** One entry per request, in request order. */
  readonly results: ReadonlyArray<{
    readonly index: number;
    readonly status: "ok" | "error" | "timeout" | "cancelled";
    readonly result?: BacktestResult;
    readonly error?: { readonly code: string; readonly message: string };
  }>;
}

export interface Performance {
  readonly lagMs: { readonly avg: number; readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number };
  readonly connection: "disconnected" | "connecting" | "connected" | "stale";
}

export interface FeatureRequest {
  /** Indicators beside the standard features, with values where they differ from the usual: `["adx", "supertrend(7,2)"]`. docs/indicators.md lists them. */
  readonly indicators?: readonly string[];
}

/** Values of the last bar by the feature's name; null while undefined. */
export interface TickerFeatures {
  readonly symbol: string;
  readonly bars: number;
  readonly simulated: boolean;
  readonly [feature: string]: number | string | boolean | null;
}

/** One value per bar and feature, NaN until it is defined. */
export interface Features {
  readonly symbol: string;
  readonly bars: number;
  readonly simulated: boolean;
  readonly columns: Readonly<Record<string, Float64Array>>;
  readonly latest: Readonly<Record<string, number | null>>;
}

export interface TickerSignal {
  readonly symbol: string;
  readonly signal: "buy" | "sell" | "hold";
  /** 0 to 1. */
  readonly strength: number;
  readonly reasons: readonly string[];
  readonly simulated: boolean;
}

/** A function that a module exports. */
export interface ModuleCall {
  readonly module: string;
  readonly export: string;
}

export interface BlockingOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** The session of this window. Every result draws itself when it is a cell's last value. */
export interface Desk {
  connect(): Promise<Account>;
  disconnect(): Promise<void>;
  account(): Promise<Account>;
  positions(): Promise<readonly Position[]>;
  /** The account with what it holds. */
  portfolio(): Promise<{ readonly account: Account; readonly positions: readonly Position[] }>;
  /** Who the analysts are: "rules". Rebuilds them and nothing else; without a name it tells. */
  setProvider(name?: string): Promise<{ readonly provider: string }>;
  orders(options?: { readonly status?: "open" | "closed" | "all"; readonly limit?: number }): Promise<readonly Order[]>;
  order(id: string): Promise<Order>;
  price(symbol: string): Promise<Quote>;
  /** Buys; a market order is waited for until it is filled. */
  buy(symbol: string, options: OrderOptions): Promise<PlacedOrder>;
  sell(symbol: string, options: SellOptions): Promise<PlacedOrder>;
  cancel(id: string): Promise<Order>;
  /** Answers how many orders were cancelled. */
  cancelAll(): Promise<number>;
  /** What `buy` or `sell` would do and cost now; sends nothing. */
  preview(side: "buy" | "sell", symbol: string, options: SellOptions): Promise<OrderPreview>;
  /** Puts a changed order in the place of a working one. Run again, it answers the order that took its place. */
  replace(id: string, change: ChangeOptions): Promise<PlacedOrder>;
  /** Cancels what binds the position and closes it, or a part of it. Run again, it answers the same order. */
  closePosition(symbol: string, options?: CloseOptions): Promise<PlacedOrder>;
  closeAll(options?: {
    readonly why?: string;
  }): Promise<
    ReadonlyArray<{ readonly symbol: string; readonly order: Order | null; readonly error: { readonly code: string; readonly message: string } | null }>
  >;
  /** On: no order is sent by anything of yours on this account, and open ones are cancelled; `flatten` closes positions too. Allowing trading again is left to the person. */
  killSwitch(change: "on" | "status", options?: { readonly flatten?: boolean; readonly why?: string }): Promise<KillSwitch>;
  /** What waits for a person: a position that differs from the books, a position without its stop, halts, splits. */
  alarms(): Promise<readonly Alarm[]>;
  /** The account's audit log, newest first: every order before it was sent and what became of it, limits, the kill switch; 100 entries unless said otherwise. */
  audit(options?: { readonly limit?: number }): Promise<readonly AuditEntry[]>;
  /** The account's risk limits; with values, tightens them for every window, cell and command. */
  limits(change?: Partial<RiskLimits> & { readonly why?: string }): Promise<AccountLimits>;
  /** A symbol's bars, a sample ("sample:simulated") or a CSV file's. */
  bars(reference: string, options?: BarOptions): Promise<Bars>;
  scan(options?: ScanOptions): Promise<ScanResult>;
  analyze(symbol: string, options?: { readonly analysts?: readonly string[] }): Promise<Analysis>;
  /** Costs are 10 bps fee and 5 bps slippage unless said otherwise. */
  backtest(spec: BacktestSpec): Promise<BacktestResult>;
  backtests(specs: readonly BacktestSpec[], options?: { readonly workers?: number; readonly timeoutSeconds?: number }): Promise<BatchResult>;
  /**
   * One strategy with many combinations of its parameters: `await` it for the result, or iterate it for its progress
   * (`for await (const { done, combinations, result } of desk.sweep(spec))`). Leaving the loop stops it and keeps what is done.
   */
  sweep(spec: SweepSpec): Running<SweepResult>;
  /** Parameters chosen on past bars and tried on those after, window after window; as `sweep`. */
  walkForward(spec: WalkForwardSpec): Running<WalkForwardResult>;
  /** Computed away from every loop that must not stand. */
  computeFeatures(symbol: string, options?: FeatureRequest): Promise<Features>;
  /** Bars out of a danfojs DataFrame with the columns time (or date, timestamp), open, high, low, close and, if known, volume; oldest first. */
  fromDanfo(frame: DanfoFrame, options?: FromDanfoOptions): Bars;
  /** Features of bars that the cell has already, in its own thread: 10,000 bars take a few milliseconds. */
  computeFeaturesSync(bars: Bars, options?: FeatureRequest): Features;
  /**
   * Runs work in a process of its own: a function (sent as source, so it must be self-contained; a captured variable is
   * refused by name) or what a module exports, by path from the notebook's folder or by package name. Interrupting the cell
   * ends it, and so does the time: 30 s unless said otherwise.
   */
  executeBlocking<A extends readonly unknown[], R>(work: (...args: A) => R, args: A, options?: BlockingOptions): Promise<Awaited<R>>;
  executeBlocking<R>(work: () => R): Promise<Awaited<R>>;
  executeBlocking(work: ModuleCall, args?: readonly unknown[], options?: BlockingOptions): Promise<unknown>;
  getTickerFeatures(symbol: string, options?: FeatureRequest): Promise<TickerFeatures>;
  generateTickerSignal(symbol: string): Promise<TickerSignal>;
  generateSignalsForWatchlist(symbols: readonly string[]): Promise<ReadonlyArray<TickerSignal | { readonly symbol: string; readonly error: string }>>;
  performance(): Promise<Performance>;
}

/** One output in several forms; the front shows the richest it knows. */
export type MimeBundle = Readonly<Record<string, string | object>>;

export interface ProgressOptions {
  readonly label?: string;
  /** How many there will be, where what is counted through does not say. */
  readonly total?: number;
  /** When the work began, as performance.now() tells it; when the bar was made unless said otherwise. */
  readonly since?: number;
}

/** A bar that is moved by hand. */
export interface Progress {
  /** By one unless said otherwise. */
  advance(by?: number): void;
  update(count: number, total?: number): void;
  done(): void;
  /** Ended before its time. */
  stop(): void;
}

export interface DisplayProgress {
  (total: number, options?: ProgressOptions): Progress;
  /** Counts through it: `for (const symbol of display.progress(symbols, { label: "Symbols" })) …` */
  <T>(over: Iterable<T>, options?: ProgressOptions): Iterable<T>;
  /** Also through a sweep: `for await (const { result } of display.progress(desk.sweep(spec))) …` */
  <T>(over: AsyncIterable<T>, options?: ProgressOptions): AsyncIterable<T>;
}

export interface Displayed {
  readonly id: string;
  /** Shows another value in the same place. */
  update(value: unknown): void;
}

export interface Display {
  /** Shows a value as a cell's last value is shown. */
  (value: unknown): Displayed;
  html(html: string): Displayed;
  svg(svg: string): Displayed;
  /** Base64 text or bytes. */
  png(data: string | Uint8Array): Displayed;
  jpeg(data: string | Uint8Array): Displayed;
  gif(data: string | Uint8Array): Displayed;
  webp(data: string | Uint8Array): Displayed;
  /** A tree that opens part by part; whatever JSON lacks (maps, sets, big integers, what is inside itself) is shown as well. */
  json(value: unknown): Displayed;
  markdown(text: string): Displayed;
  /** A formula, or text with formulas between dollar signs. */
  latex(text: string): Displayed;
  /** A bar that says how far, how fast and how long still. */
  progress: DisplayProgress;
  /** A Vega-Lite specification; a static picture stands beside it. */
  vegaLite(spec: object): Promise<Displayed>;
}

export interface PlotOptions {
  readonly title?: string;
  readonly width?: number;
  readonly height?: number;
}

/** Draws bars, a backtest's equity, a series of numbers, [time, value] pairs, or a Vega-Lite specification. */
export type Plot = (
  value: Bars | BacktestResult | ArrayLike<number> | ReadonlyArray<readonly [string, number]> | object,
  options?: PlotOptions,
) => Promise<Displayed>;

export interface InputOptions {
  /** Hides what is typed. It is a plain value of the cell afterwards. */
  readonly password?: boolean;
}

/** Asks whoever runs the notebook for a line of text. */
export type Input = (prompt?: string, options?: InputOptions) => Promise<string>;
