/** Walk-forward analysis: parameters are chosen on past bars and tried on the bars after them, window after window. */
import type { PricesInfo } from "./bars.ts";
import type { BacktestStats, BacktestTrade, Costs, Params } from "./backtest.ts";
import type { SweepCounts, SweepRequest, SweepSpec } from "./sweep.ts";

export interface WalkForwardPlan {
  /** Length of a training window: bars ("500") or a duration ("2y", "6m", "13w", "90d"; m is months). */
  readonly train: string;
  /** Length of a test window; the windows follow each other without a gap. */
  readonly test: string;
  /** Every training window begins at the first bar, so that it grows; otherwise all are equally long. */
  readonly anchored?: boolean;
}

export interface WalkForwardRequest extends SweepRequest, WalkForwardPlan {}

/** A walk-forward analysis as people ask for it. */
export interface WalkForwardSpec extends SweepSpec, WalkForwardPlan {}

/** Bars from the one at `from` to the one at `to`, both included; ISO 8601 UTC. */
export interface Stretch {
  readonly from: string;
  readonly to: string;
  readonly bars: number;
}

export interface WalkForwardWindow {
  readonly train: Stretch;
  readonly test: Stretch;
  /** The best by Sharpe ratio in training; null when no combination succeeded there, and nothing was traded. */
  readonly params: Params | null;
  readonly inSample: BacktestStats | null;
  readonly outOfSample: BacktestStats | null;
  readonly succeeded: number;
  readonly failed: number;
  readonly timedOut: number;
  /** Why nothing was traded. */
  readonly error?: string;
}

/** Counts are of all training windows together. */
export interface WalkForwardResult extends SweepCounts {
  readonly schema: "quantdesk.walk-forward/1";
  readonly strategy: string;
  readonly dataset: string;
  /** Where its prices came from. */
  readonly prices: PricesInfo;
  readonly train: string;
  readonly test: string;
  readonly anchored: boolean;
  readonly windows: readonly WalkForwardWindow[];
  /** Of the test windows put together, each begun with what the one before left; null when no window was tested. */
  readonly stats: BacktestStats | null;
  /** Trades of the test windows; indexes count the bars of the whole data. */
  readonly trades: readonly BacktestTrade[];
  /** Mean yearly growth in training, of the windows where it is defined. */
  readonly inSampleCagrPct: number | null;
  /** Yearly growth of the test windows as a share of that in training (Pardo, 2008); null where the latter is not above zero. */
  readonly efficiencyPct: number | null;
  /** Probability, 0 to 1, that the true Sharpe ratio of the test windows is above zero (Bailey, López de Prado, 2012). */
  readonly probabilisticSharpe: number | null;
  /** How often the best parameters were others than in the window before. */
  readonly paramChanges: number;
  /** Backtests on these bars, these included. */
  readonly trialsCounted: number;
  readonly costs: Costs;
  readonly simulated: boolean;
  /** What is odd about the prices, a sentence each. */
  readonly warnings?: readonly string[];
  readonly runHash: string;
}

export interface WalkForward {
  readonly result: WalkForwardResult;
  /** Equity at the close of each bar of the test windows, and at the close before them. */
  readonly time: Float64Array;
  readonly equity: Float64Array;
  /** The close of each of those bars. */
  readonly close: Float64Array;
}
