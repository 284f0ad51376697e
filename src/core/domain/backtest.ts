/** Backtest requests and results, as CONTRACTS.md describes them. Analytics are float64. */
import type { DatasetInfo, PricesInfo } from "./bars.ts";

export type EngineName = "event" | "vector" | "simple";
export type Params = Readonly<Record<string, number>>;

/** Not valibot's `record`: that drops a name like "constructor" without a word, and the run would go on with its default. */
export function isParams(value: unknown): value is Params {
  return value !== null && typeof value === "object" && !Array.isArray(value) && Object.values(value).every((number) => Number.isFinite(number));
}

export type Sizing =
  | { readonly kind: "all-in" }
  | { readonly kind: "whole-shares" }
  | { readonly kind: "fixed"; readonly units: number }
  | { readonly kind: "percent"; readonly percent: number };

/** A strategy by built-in name, or a file that exports one. */
export type StrategyRef = { readonly kind: "builtin"; readonly name: string } | { readonly kind: "file"; readonly path: string };

export interface Costs {
  /** Share of the traded value, each side: 0.001 is 10 bps. */
  readonly feeRate: number;
  readonly slippageBps: number;
  /** Money per unit, each side. */
  readonly feePerShare?: number;
  /** Least fee of one fill. */
  readonly feeMin?: number;
  /** Between bid and ask: market and stop fills pay half of it. */
  readonly spreadBps?: number;
  /** A market or stop fill moves its price by `impact` times the square of its share of the bar's volume. */
  readonly impact?: number;
  /** Share of a bar's volume that may be filled; the rest of an order waits for the next bar. */
  readonly volumeLimit?: number;
  /** Yearly rates, by calendar days over 360: on short positions, on cash lent, on cash borrowed. */
  readonly borrowRate?: number;
  readonly cashRate?: number;
  readonly marginRate?: number;
  /** Largest gross position in multiples of equity; 1 when absent. */
  readonly leverage?: number;
}

/** What only the event engine knows. */
export type ExtraCosts = Omit<Costs, "feeRate" | "slippageBps">;

/** The same with their bounds and words, for whoever asks for them: a flag, a file, a form. */
export const EXTRA_COSTS = {
  feePerShare: { min: 0, max: 1e6, words: "fee per share, each side" },
  feeMin: { min: 0, max: 1e6, words: "least fee of a fill" },
  spreadBps: { min: 0, max: 5000, words: "bid-ask spread in basis points: market and stop fills pay half" },
  impact: { min: 0, max: 0.99, words: "price impact: times the square of an order's share of the bar's volume" },
  volumeLimit: { min: 1e-6, max: 1, words: "share of a bar's volume that is filled; the rest waits" },
  borrowRate: { min: 0, max: 10, words: "yearly rate on short positions" },
  cashRate: { min: 0, max: 10, words: "yearly interest on cash" },
  marginRate: { min: 0, max: 10, words: "yearly interest on borrowed cash" },
  leverage: { min: 1, max: 100, words: "largest position in multiples of the equity" },
} as const satisfies Readonly<Record<keyof ExtraCosts, { readonly min: number; readonly max: number; readonly words: string }>>;

export const EXTRA_COST_NAMES = Object.keys(EXTRA_COSTS) as ReadonlyArray<keyof ExtraCosts>;

/** Of `source` what it says about such costs. */
export function extraCosts(source: ExtraCosts): ExtraCosts {
  return Object.fromEntries(EXTRA_COST_NAMES.flatMap((name) => (source[name] === undefined ? [] : [[name, source[name]]])));
}

/** True for costs that all engines and the sweep's tables know: a share of the value and a fixed slippage. */
export function hasPlainCosts(costs: Costs): boolean {
  return Object.entries(costs).every(
    ([name, value]) => name === "feeRate" || name === "slippageBps" || value === undefined || value === (name === "leverage" ? 1 : 0),
  );
}

export interface BacktestRequest {
  readonly strategy: StrategyRef;
  readonly params: Params;
  /** Key of a data set that the caller has registered with the backtester. */
  readonly data: string;
  readonly engine: EngineName | "auto";
  readonly cash: number;
  readonly costs: Costs;
  readonly sizing: Sizing;
  readonly fill: "next-open" | "close";
  /** UTC milliseconds; the bars used are from <= time <= to. */
  readonly from?: number;
  readonly to?: number;
  /** UTC milliseconds: signals are taken so that no position is held before, and figures count from there; indicators see the bars before too. */
  readonly tradeFrom?: number;
  readonly periodsPerYear?: number;
  /** Per year, 0.02 is 2 %. */
  readonly riskFree: number;
  readonly withEquity: boolean;
  /** Fails with `look-ahead` when the strategy looks ahead. */
  readonly checkLookAhead?: boolean;
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
  /** Borrow cost less dividends received, where there were any; part of `pnl`. */
  readonly carry?: number;
  /** From entry to exit. */
  readonly bars: number;
  /** Worst and best price while it lasted, in percent of the entry price against and for it. */
  readonly maePct: number;
  readonly mfePct: number;
  /** Closed at the last close because the data ended. */
  readonly finalized: boolean;
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
  /** Against the benchmark, or the first symbol's own prices, held. */
  readonly alphaPct: number | null;
  readonly beta: number | null;
  readonly benchmarkReturnPct: number | null;
  /** Value traded one way a year, in multiples of the mean equity. */
  readonly turnover: number | null;
  /** Money that slippage, spread and impact have cost; part of the prices already. */
  readonly totalSlippage: number;
  /** Interest and dividends received less interest and borrow cost paid. */
  readonly financing: number;
}

export interface BacktestResult {
  readonly schema: "quantdesk.backtest/1";
  readonly strategy: string;
  readonly params: Params;
  readonly engine: EngineName;
  readonly engineReason: string;
  readonly dataset: DatasetInfo;
  /** What alpha and beta are against; absent: the first symbol itself. */
  readonly benchmark?: PricesInfo & { readonly name: string };
  readonly costs: Costs & { readonly fill: string; readonly sizing: string };
  /** A year, as asked for: 0.02 is 2 %. */
  readonly riskFree?: number;
  readonly sameBarFill?: true;
  readonly warnings: readonly string[];
  /** Of `checkLookAhead`: no look-ahead was found at so many cuts; `exhaustive`: at every bar. */
  readonly lookAhead?: { readonly ok: true; readonly cuts: number; readonly exhaustive: boolean };
  readonly trades: readonly BacktestTrade[];
  readonly stats: BacktestStats;
  readonly equity?: ReadonlyArray<readonly [string, number]>;
  readonly simulated: boolean;
  /** SHA-256 of request, data and version: equal hashes mean equal results. */
  readonly runHash: string;
  readonly durationMs: number;
}

export interface BatchItem {
  readonly index: number;
  readonly status: "ok" | "error" | "timeout" | "cancelled";
  readonly result?: BacktestResult;
  readonly error?: { readonly code: string; readonly message: string };
  /** From its own start to its end; absent when it never started. */
  readonly durationMs?: number;
  /** Its result was in the store. */
  readonly cached?: true;
}

export interface BatchResult {
  readonly schema: "quantdesk.batch/1";
  readonly run: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly timedOut: number;
  readonly cancelled: number;
  /** Of those that succeeded: answered from the store. */
  readonly cached: number;
  readonly workers: number;
  readonly durationMs: number;
  /** Backtests done a second. */
  readonly throughput: number | null;
  readonly avgMs: number | null;
  readonly medianMs: number | null;
  readonly p95Ms: number | null;
  readonly successRate: number;
  readonly results: readonly BatchItem[];
}
