/** What a sweep keeps of every combination: a few numbers, columns of floats until someone looks. */
import type { BacktestStats } from "../../domain/backtest.ts";
import { SWEEP_FIGURES } from "../../domain/sweep.ts";
import { growthPct } from "../statistics.ts";

/** Columns of a sweep's results, in this order; a statistic that is undefined is NaN here. */
export const COLUMNS = SWEEP_FIGURES;

export interface FigureRules {
  readonly bars: number;
  readonly periodsPerYear: number;
  /** Per year. */
  readonly riskFree: number;
  /** At the start. */
  readonly cash: number;
  readonly feeRate: number;
  /** From the first bar's time to the last one's. */
  readonly spanMs: number;
  /** Sum of the squared returns of all bars held throughout: what differences of prefix sums are exact relative to. */
  readonly allSquares: number;
}

/** Below this share of all squares the rounding of the prefix sums could show in the ninth digit of a Sharpe ratio. */
const SURE_SHARE = 1e-3;

/**
 * Writes the columns out of the figures of tableSweep.ts (FIGURES there names them in their order). False when these figures are too coarse for it, and the
 * combination has to go through an engine.
 */
export function writeColumns(figures: Float64Array, rules: FigureRules, out: Float64Array, at: number): boolean {
  const equity = figures[0]!;
  const kept = figures[1]!;
  const sum = figures[2]!;
  const squares = figures[3]!;
  const trades = figures[4]!;
  const returns = rules.bars - 1;
  const mean = sum / returns;
  const spread = squares - sum * mean;
  if (!Number.isFinite(equity) || (trades > 0 && !(spread > SURE_SHARE * rules.allSquares))) return false;
  const deviation = trades === 0 ? 0 : Math.sqrt(spread / (returns - 1));
  const yearly = Math.sqrt(rules.periodsPerYear);
  const cagrPct = growthPct(equity, rules.spanMs) ?? Number.NaN;
  const fallPct = (1 - kept) * 100;
  out[at] = (equity - 1) * 100;
  out[at + 1] = trades === 0 ? Number.NaN : ((mean - rules.riskFree / rules.periodsPerYear) / deviation) * yearly;
  out[at + 2] = fallPct;
  out[at + 3] = trades;
  out[at + 4] = cagrPct;
  out[at + 5] = deviation * yearly * 100;
  out[at + 6] = fallPct === 0 ? Number.NaN : cagrPct / fallPct;
  writeTrades(figures, rules, out, at + 7);
  return true;
}

function writeTrades(figures: Float64Array, { bars, cash, feeRate }: FigureRules, out: Float64Array, at: number): void {
  const trades = figures[4]!;
  const loss = figures[7]!;
  // The figures' growth is on what was paid; a trade's result is on the entry's value, without the fee.
  const pct = (1 + feeRate) * 100;
  const none = trades === 0;
  out[at] = (figures[13]! / bars) * 100;
  out[at + 1] = none ? Number.NaN : (figures[5]! / trades) * 100;
  out[at + 2] = loss === 0 ? Number.NaN : figures[6]! / loss;
  out[at + 3] = none ? Number.NaN : (figures[8]! / trades) * pct;
  out[at + 4] = none ? Number.NaN : figures[9]! * pct;
  out[at + 5] = none ? Number.NaN : figures[10]! * pct;
  out[at + 6] = cash * ((feeRate / (1 + feeRate)) * figures[11]! + (feeRate / (1 - feeRate)) * figures[12]!);
}

/** The columns out of statistics in full. */
export function columnsOf(stats: BacktestStats, out: Float64Array, at: number): void {
  COLUMNS.forEach((name, i) => {
    out[at + i] = stats[name] ?? Number.NaN;
  });
}

/**
 * Bars at which return sums are noted, so that `blocks` stretches of (nearly) equal length can be told apart; the return of
 * bar t is the one from t - 1 to t.
 */
export function blockBounds(bars: number, blocks: number): number[] {
  return Array.from({ length: blocks - 1 }, (_value, i) => 1 + Math.round(((bars - 1) * (i + 1)) / blocks));
}

/** Sum of returns and of their squares in each block, out of the sums before each bound and in all. */
export function writeBlocks(before: Float64Array, sum: number, squares: number, out: Float64Array, at: number): void {
  const blocks = before.length / 2 + 1;
  for (let block = 0; block < blocks; block++) {
    const isLast = block === blocks - 1;
    out[at + 2 * block] = (isLast ? sum : before[2 * block]!) - (block === 0 ? 0 : before[2 * block - 2]!);
    out[at + 2 * block + 1] = (isLast ? squares : before[2 * block + 1]!) - (block === 0 ? 0 : before[2 * block - 1]!);
  }
}

/** The same out of an equity curve. */
export function blocksOfEquity(equity: Float64Array, bounds: readonly number[], out: Float64Array, at: number): void {
  let block = 0;
  for (let t = 1; t < equity.length; t++) {
    while (block < bounds.length && t >= bounds[block]!) block++;
    const r = equity[t]! / equity[t - 1]! - 1;
    out[at + 2 * block] = out[at + 2 * block]! + r;
    out[at + 2 * block + 1] = out[at + 2 * block + 1]! + r * r;
  }
}
