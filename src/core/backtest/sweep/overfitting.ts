/**
 * How much of a sweep's best result luck alone explains. Undefined is null, never NaN.
 * Bailey, López de Prado: "The Deflated Sharpe Ratio: Correcting for Selection Bias, Backtest Overfitting and Non-Normality",
 * Journal of Portfolio Management 40 (5), 2014. Bailey, Borwein, López de Prado, Zhu: "The Probability of Backtest
 * Overfitting", Journal of Computational Finance 20 (4), 2015.
 */

const EULER = 0.5772156649015329;

/** Shape of one run's returns, per bar. */
export interface ReturnShape {
  /** How many returns. */
  readonly count: number;
  /** Mean over sample deviation; not annualised. */
  readonly sharpe: number;
  readonly skewness: number;
  /** 3 for a normal distribution. */
  readonly kurtosis: number;
}

/** The highest of `trials` Sharpe ratios to expect when none of them has any skill; `variance` is of the ratios tried (equation 1 of the first paper). */
export function expectedHighestSharpe(variance: number, trials: number): number {
  if (!(trials > 1)) return 0;
  return Math.sqrt(variance) * ((1 - EULER) * normalQuantile(1 - 1 / trials) + EULER * normalQuantile(1 - 1 / (trials * Math.E)));
}

/**
 * Probability that the true Sharpe ratio is above what the best of so many trials gives by chance, 0 to 1. `variance`: of
 * the per-bar Sharpe ratios of the trials. (Equation 2 of the first paper: the probabilistic Sharpe ratio against that.)
 */
export function deflatedSharpe({ count, sharpe, skewness, kurtosis }: ReturnShape, variance: number, trials: number): number | null {
  const spread = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe * sharpe;
  const z = ((sharpe - expectedHighestSharpe(variance, trials)) * Math.sqrt(count - 1)) / Math.sqrt(spread);
  return Number.isFinite(z) ? normalShare(z) : null;
}

/** Undefined for fewer than three returns, or when they are all equal. `scratch` holds as many numbers, for who asks often. */
export function returnShape(equity: Float64Array, riskFreePerBar: number, scratch?: Float64Array): ReturnShape | undefined {
  const count = equity.length - 1;
  if (count < 3) return undefined;
  const returns = scratch ?? new Float64Array(count);
  let before = equity[0]!;
  const first = equity[1]! / before - 1 - riskFreePerBar;
  let sum = 0;
  let other = 0;
  for (let t = 0; t < count; t++) {
    const value = equity[t + 1]!;
    const r = value / before - 1 - riskFreePerBar;
    before = value;
    returns[t] = r;
    sum += r;
    other |= r === first ? 0 : 1;
  }
  if (other === 0) return undefined;
  const mean = sum / count;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let t = 0; t < count; t++) {
    const d = returns[t]! - mean;
    const square = d * d;
    second += square;
    third += square * d;
    fourth += square * d * d;
  }
  const variance = second / count;
  return { count, sharpe: mean / Math.sqrt(second / (count - 1)), skewness: third / count / variance ** 1.5, kurtosis: fourth / count / variance ** 2 };
}

/** Stretches of time that the CSCV puts together in all halves: 10 give 252 splits. */
export const CSCV_BLOCKS = 10;
/** Fewer say nothing. */
export const CSCV_LEAST_TRIALS = 10;
export const CSCV_LEAST_BARS = 10 * CSCV_BLOCKS;

/** Splits looked at, and in how many of them the best of one half was in the lower half of the other's ranking. */
export interface Splits {
  readonly splits: number;
  readonly overfit: number;
}

/** Probability of backtest overfitting, out of the parts of all splits; null where there are none. */
export function probabilityOf(parts: readonly Splits[]): number | null {
  const splits = parts.reduce((sum, part) => sum + part.splits, 0);
  return splits === 0 ? null : parts.reduce((sum, part) => sum + part.overfit, 0) / splits;
}

/**
 * Probability of backtest overfitting by combinatorially symmetric cross-validation: the share of splits in which the trial
 * that is best in one half is in the lower half of the ranking in the other. `sums`: for each trial and block the sum of
 * returns and of their squares, `returns` how many returns a block has. Trials are ranked by Sharpe ratio; equal ones share
 * their rank. Here every `parts`th split, from number `part` on; none with too few trials.
 */
export function countOverfit(sums: Float64Array, returns: readonly number[], { part, parts }: { readonly part: number; readonly parts: number }): Splits {
  const blocks = returns.length;
  const trials = sums.length / (2 * blocks);
  if (trials < CSCV_LEAST_TRIALS || blocks < 2) return { splits: 0, overfit: 0 };
  const half = blocks >> 1;
  // Block by block, all trials beside each other: a split shares the sums over its first blocks with the splits before it.
  const ofBlock = Array.from({ length: blocks }, (_value, block) => columnsOf(sums, trials, blocks, block));
  const soFar = Array.from({ length: half + 1 }, () => ({ sum: new Float64Array(trials), squares: new Float64Array(trials), count: 0 }));
  const total = { sum: new Float64Array(trials), squares: new Float64Array(trials) };
  for (const { sum, squares } of ofBlock) addTo(total, sum, squares);
  const all = returns.reduce((sum, count) => sum + count, 0);
  const outside = new Float64Array(trials);
  let number = 0;
  let splits = 0;
  let overfit = 0;
  const take = (from: number, depth: number) => {
    const chosen = soFar[depth]!;
    const next = soFar[depth + 1]!;
    for (let block = from; block <= blocks - (half - depth); block++) {
      const isLast = depth + 1 === half;
      if (isLast && number++ % parts !== part) continue;
      next.count = chosen.count + returns[block]!;
      next.sum.set(chosen.sum);
      next.squares.set(chosen.squares);
      addTo(next, ofBlock[block]!.sum, ofBlock[block]!.squares);
      if (!isLast) {
        take(block + 1, depth + 1);
        continue;
      }
      splits++;
      // rank + 0.5 is the place from 1 to trials; its logit is not above zero up to the middle.
      if ((rankOfBest(next, total, all, outside) + 0.5) / (trials + 1) <= 0.5) overfit++;
    }
  };
  take(0, 0);
  return { splits, overfit };
}

interface Sums {
  readonly sum: Float64Array;
  readonly squares: Float64Array;
}

function columnsOf(sums: Float64Array, trials: number, blocks: number, block: number): Sums {
  const [sum, squares] = [new Float64Array(trials), new Float64Array(trials)];
  for (let trial = 0; trial < trials; trial++) {
    sum[trial] = sums[2 * (trial * blocks + block)]!;
    squares[trial] = sums[2 * (trial * blocks + block) + 1]!;
  }
  return { sum, squares };
}

function addTo(into: Sums, sum: Float64Array, squares: Float64Array): void {
  const [a, b] = [into.sum, into.squares];
  for (let trial = 0; trial < sum.length; trial++) {
    a[trial] = a[trial]! + sum[trial]!;
    b[trial] = b[trial]! + squares[trial]!;
  }
}

/** Of the trial that is best in the half that was chosen: how many are behind it in the other, equal ones for a half. */
function rankOfBest({ sum, squares, count }: Sums & { readonly count: number }, total: Sums, all: number, outside: Float64Array): number {
  let best = 0;
  let highest = Number.NEGATIVE_INFINITY;
  for (let trial = 0; trial < sum.length; trial++) {
    const inside = ratio(sum[trial]!, squares[trial]!, count);
    outside[trial] = ratio(total.sum[trial]! - sum[trial]!, total.squares[trial]! - squares[trial]!, all - count);
    if (inside > highest) [best, highest] = [trial, inside];
  }
  const value = outside[best]!;
  let rank = 0;
  for (let trial = 0; trial < outside.length; trial++) {
    const other = outside[trial]!;
    rank += other < value ? 1 : other === value ? 0.5 : 0;
  }
  return rank;
}

/** 0 for returns that do not move: no position. */
function ratio(sum: number, squares: number, count: number): number {
  const mean = sum / count;
  const variance = squares / count - mean * mean;
  // What rounding leaves of a stretch without a position is no deviation.
  return variance > 1e-15 * Math.max(squares / count, 1e-15) ? mean / Math.sqrt(variance) : 0;
}

/** Share of a standard normal distribution below z: the series of the error function near zero, its continued fraction beyond. */
export function normalShare(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  let tail: number;
  if (x < 2.5) {
    let [term, sum] = [x, x];
    for (let n = 1; Math.abs(term) > sum / 1e17; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
      if (n > 200) break;
    }
    tail = 0.5 - sum / Math.sqrt(Math.PI);
  } else {
    let fraction = x;
    for (let n = 60; n > 0; n--) fraction = x + n / 2 / fraction;
    tail = Math.exp(-x * x) / (2 * Math.sqrt(Math.PI) * fraction);
  }
  return z > 0 ? 1 - tail : tail;
}

/** The z below which `share` of a standard normal distribution lies (P. J. Acklam's rational approximation, one step of Halley's method). */
export function normalQuantile(share: number): number {
  if (!(share > 0 && share < 1)) return share === 0 ? Number.NEGATIVE_INFINITY : share === 1 ? Number.POSITIVE_INFINITY : Number.NaN;
  const z = acklam(share);
  const error = (normalShare(z) - share) * Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2);
  return z - error / (1 + (z * error) / 2);
}

function acklam(share: number): number {
  const a = [-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1, 2.506628277459239];
  const b = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1];
  const c = [-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const d = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
  const horner = (coefficients: readonly number[], x: number) => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  if (share < 0.02425) return tail(share);
  if (share > 1 - 0.02425) return -tail(1 - share);
  const q = share - 0.5;
  return (horner(a, q * q) * q) / horner(b, q * q);

  function tail(p: number): number {
    const q = Math.sqrt(-2 * Math.log(p));
    return horner(c, q) / horner(d, q);
  }
}
