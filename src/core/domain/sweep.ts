/** Sweeps: one strategy over many combinations of its parameters, as CONTRACTS describes them. */
import type { PricesInfo } from "./bars.ts";
import type { BacktestRequest, BacktestStats, Costs, Params } from "./backtest.ts";
import type { BacktestSpec } from "./desk.ts";

/** What is tried, on top of a backtest. */
export interface SweepGrid {
  /** "fast=5:50:5,slow=20|50|200": from:to:step with its end, or single values. */
  readonly grid: string;
  /** "fast < slow": combinations that do not meet it are left out. */
  readonly where?: string;
  /** All combinations (default), `trials` of them drawn with `seed`, or `trials` of them searched for with `seed` by what was found so far. */
  readonly method?: "grid" | "random" | "tpe";
  readonly trials?: number;
  readonly seed?: number;
  /** Stop when none of so many combinations was better than what there was. */
  readonly patience?: number;
  /** Begin no combination after so many milliseconds. */
  readonly budgetMs?: number;
  /** Cross-validate: choose on all but one fold of the time, and look at that fold. */
  readonly crossValidation?: CrossValidationPlan;
  /** How many of the best are run in full; 20 when absent. */
  readonly top?: number;
}

export interface SweepRequest extends SweepGrid {
  /** Its `params` are those that stay as they are. */
  readonly request: BacktestRequest;
  /** Backtests on the same bars before this sweep: they count when the best result is held against luck. */
  readonly earlierTrials: number;
  /**
   * Combinations that were run before with everything else equal (strategy code, data, costs, engine), whatever the grid was.
   * Their figures are taken as they are and count as `cached`; `earlierTrials` has them already.
   */
  readonly known?: KnownCombinations;
}

/** Combinations of a strategy with their figures, all of them ok. */
export type KnownCombinations = Omit<SweepColumns, "status">;

export interface SweepOptions {
  readonly workers?: number;
  /** Per combination. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: SweepProgress) => void;
}

export interface SweepProgress {
  /** Combinations done, in whatever way they ended. */
  readonly done: number;
  readonly combinations: number;
}

export interface CrossValidationPlan {
  readonly folds: number;
  /** Bars left out of the training on both sides of a fold; a hundredth of all when absent. */
  readonly purge?: number;
  /** Bars left out after those behind a fold; a hundredth of all when absent. */
  readonly embargo?: number;
}

export interface CrossValidation {
  readonly purgeBars: number;
  readonly embargoBars: number;
  /** Sharpe ratios a year, null where undefined; `params` are null when nothing was traded in training. */
  readonly folds: ReadonlyArray<{
    readonly from: string;
    readonly to: string;
    readonly params: Params | null;
    readonly inSampleSharpe: number | null;
    readonly outOfSampleSharpe: number | null;
  }>;
  /** Of the returns of all folds put together, each with what was best outside of it. */
  readonly outOfSampleSharpe: number | null;
}

/** The 5th, 50th and 95th of a hundred. */
export interface Percentiles {
  readonly p5: number;
  readonly p50: number;
  readonly p95: number;
}

/** The trades of the best drawn again with replacement. */
export interface MonteCarlo {
  readonly draws: number;
  readonly trades: number;
  readonly returnPct: Percentiles;
  readonly maxDrawdownPct: Percentiles;
  /** 0 to 1. */
  readonly lossProbability: number;
}

/** How the combinations next to the best on the grid do. */
export interface Stability {
  readonly neighbours: number;
  readonly medianSharpe: number;
  readonly worstSharpe: number;
  /** The median as a share of the best. */
  readonly share: number;
  readonly verdict: "plateau" | "slope" | "spike";
}

/** One parameter's values while the others stay at the best. */
export interface Sensitivity {
  readonly name: string;
  readonly best: number;
  readonly values: ReadonlyArray<{ readonly value: number; readonly sharpe: number | null }>;
}

export interface SweepBest {
  readonly params: Params;
  readonly stats: BacktestStats;
  /** Probability, 0 to 1, that its Sharpe ratio is better than what the best of so many trials gives by chance (Bailey, López de Prado, 2014). */
  readonly deflatedSharpe: number | null;
}

/** How combinations ended, and how long they took. */
export interface SweepCounts {
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
}

export interface SweepResult extends SweepCounts {
  readonly schema: "quantdesk.sweep/1";
  /** By Sharpe ratio, best first. */
  readonly best: readonly SweepBest[];
  /** Probability of backtest overfitting, 0 to 1 (Bailey et al., 2015); null with fewer than 10 combinations or 100 bars. */
  readonly pbo: number | null;
  /** Backtests on these bars, this sweep's included. */
  readonly trialsCounted: number;
  /** The highest Sharpe ratio that so many trials without any skill give by chance, a year; null when it cannot be told. */
  readonly luckSharpe: number | null;
  readonly crossValidation: CrossValidation | null;
  /** Of the first of `best`; null with fewer than five trades. */
  readonly monteCarlo: MonteCarlo | null;
  readonly stability: Stability | null;
  readonly sensitivity: readonly Sensitivity[];
  readonly method: "grid" | "random" | "tpe";
  /** Null where nothing is drawn. */
  readonly seed: number | null;
  /** Why it was over before every combination was run, when that was asked for. */
  readonly stopped: "no-improvement" | "budget" | null;
  readonly strategy: string;
  readonly dataset: string;
  /** Where its prices came from. */
  readonly prices?: PricesInfo;
  readonly costs: Costs;
  readonly simulated: boolean;
  /** What is odd about the prices, a sentence each. */
  readonly warnings?: readonly string[];
  /** How the combinations were run, for people. */
  readonly how: string;
  /** The first few that failed. */
  readonly failures: ReadonlyArray<{ readonly params: Params; readonly code: string; readonly message: string }>;
}

export const SWEEP_STATUS = { cancelled: 0, ok: 1, error: 2, timeout: 3 } as const;

/** Statistics that are kept of every combination, as BacktestStats has them; NaN where one is undefined. */
export const SWEEP_FIGURES = [
  "totalReturnPct",
  "sharpe",
  "maxDrawdownPct",
  "trades",
  "cagrPct",
  "volatilityPct",
  "calmar",
  "exposurePct",
  "winRatePct",
  "profitFactor",
  "expectancyPct",
  "bestTradePct",
  "worstTradePct",
  "totalFees",
] as const satisfies ReadonlyArray<keyof BacktestStats>;

export type SweepFigures = { readonly [F in (typeof SWEEP_FIGURES)[number]]: Float64Array };

/** Every combination in columns; objects are made only of what someone looks at. */
export interface SweepColumns extends SweepFigures {
  readonly names: readonly string[];
  /** One column per name. */
  readonly params: readonly Float64Array[];
  /**
   * What cross-validation needs of each combination (the same number of values for each, one combination after another,
   * NaN where none were kept); absent when there is none.
   */
  readonly blocks?: Float64Array;
  /** SWEEP_STATUS of each. */
  readonly status: Uint8Array;
}

export interface Sweep {
  readonly result: SweepResult;
  readonly columns: SweepColumns;
}

/** A sweep as people ask for it. */
export interface SweepSpec extends BacktestSpec, SweepGrid {}
