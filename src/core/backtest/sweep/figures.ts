/** What a sweep keeps of every combination: a few numbers, columns of floats until someone looks. */

/** Columns of a sweep's results, in this order; a Sharpe ratio that is undefined is NaN here. */
export const COLUMNS = ["totalReturnPct", "sharpe", "maxDrawdownPct", "trades"] as const;

export interface FigureRules {
  readonly bars: number;
  readonly periodsPerYear: number;
  /** Per year. */
  readonly riskFree: number;
  /** Sum of the squared returns of all bars held throughout: what differences of prefix sums are exact relative to. */
  readonly allSquares: number;
}

/** Below this share of all squares the rounding of the prefix sums could show in the ninth digit of a Sharpe ratio. */
const SURE_SHARE = 1e-3;

/**
 * Writes the columns out of the figures of tableSweep.ts. False when these figures are too coarse for it, and the
 * combination has to go through an engine.
 */
export function writeColumns(figures: Float64Array, rules: FigureRules, out: Float64Array, at: number): boolean {
  const [equity = 0, kept = 0, sum = 0, squares = 0, trades = 0] = figures;
  const returns = rules.bars - 1;
  const mean = sum / returns;
  const spread = squares - sum * mean;
  if (!Number.isFinite(equity) || (trades > 0 && !(spread > SURE_SHARE * rules.allSquares))) return false;
  out[at] = (equity - 1) * 100;
  out[at + 1] = trades === 0 ? Number.NaN : sharpeOf(mean - rules.riskFree / rules.periodsPerYear, spread / (returns - 1), rules.periodsPerYear);
  out[at + 2] = (1 - kept) * 100;
  out[at + 3] = trades;
  return true;
}

function sharpeOf(mean: number, variance: number, periodsPerYear: number): number {
  return (mean / Math.sqrt(variance)) * Math.sqrt(periodsPerYear);
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
