/**
 * Cross-validation of a sweep with purge and embargo: time is cut into folds; for each, the best combination on all other
 * bars is looked up on the fold's own. Bars right before a fold are purged from the training, since positions and indicators
 * reach over the edge, and so are those right after it, with an embargo on top.
 * López de Prado: Advances in Financial Machine Learning, 2018, chapter 7.
 */
import { badInput } from "../../base/errors.ts";
import type { CrossValidationPlan } from "../../domain/sweep.ts";

/** Bars as numbers; returns of fold are those of bars from `from` to before `to`, the first return being of bar 1. */
interface Fold {
  readonly from: number;
  readonly to: number;
  /** What the training leaves out: the fold, and what is purged around it. */
  readonly outFrom: number;
  readonly outTo: number;
}

/** A share of the bars that is purged, and again put under embargo, when nothing is said. */
const DEFAULT_SHARE = 0.01;
const MAX_FOLDS = 50;
/** Returns without which neither training nor fold has a Sharpe ratio. */
const LEAST_RETURNS = 3;

export function foldsOf(
  bars: number,
  { folds, purge, embargo }: CrossValidationPlan,
): { readonly folds: readonly Fold[]; readonly purge: number; readonly embargo: number } {
  if (!Number.isInteger(folds) || folds < 2 || folds > MAX_FOLDS)
    throw badInput("bad-folds", `folds is ${folds}, but must be a whole number from 2 to ${MAX_FOLDS}.`);
  const few = Math.ceil(bars * DEFAULT_SHARE);
  const [before, after] = [purge ?? few, embargo ?? few];
  for (const [name, value] of Object.entries({ purge: before, embargo: after }))
    if (!Number.isInteger(value) || value < 0) throw badInput("bad-folds", `${name} is ${value}, but must be a whole number of bars from 0 on.`);
  const edge = (k: number) => 1 + Math.round(((bars - 1) * k) / folds);
  const cut = Array.from({ length: folds }, (_value, k): Fold => {
    const [from, to] = [edge(k), edge(k + 1)];
    return { from, to, outFrom: Math.max(1, from - before), outTo: Math.min(bars, to + before + after) };
  });
  for (const { from, to, outFrom, outTo } of cut)
    if (to - from < LEAST_RETURNS || bars - 1 - (outTo - outFrom) < LEAST_RETURNS)
      throw badInput(
        "bad-folds",
        `${bars} bars are too few for ${folds} folds with ${before} bars purged and ${after} under embargo.`,
        "Take fewer folds, or less of either.",
      );
  return { folds: cut, purge: before, embargo: after };
}

/** Bars at which return sums are needed. */
export function foldBounds(folds: readonly Fold[], bars: number): readonly number[] {
  const inner = folds.flatMap(({ from, to, outFrom, outTo }) => [from, to, outFrom, outTo]).filter((bar) => bar > 1 && bar < bars);
  return [...new Set(inner)].sort((a, b) => a - b);
}

interface FoldResult {
  /** Which trial was the best in training; -1 when none traded there. */
  readonly best: number;
  /** Sharpe ratios per bar, null where there is none. */
  readonly inSample: number | null;
  readonly outOfSample: number | null;
}

/** `sums`: for each trial and segment between two bounds the sum of returns and of their squares; `riskFree` is per bar. */
export function crossValidate(
  sums: Float64Array,
  { folds, bounds, bars, riskFree }: { readonly folds: readonly Fold[]; readonly bounds: readonly number[]; readonly bars: number; readonly riskFree: number },
): { readonly folds: readonly FoldResult[]; readonly outOfSample: number | null } {
  const edges = [1, ...bounds, bars];
  const segments = edges.length - 1;
  const trials = sums.length / (2 * segments);
  const place = new Map(edges.map((bar, at) => [bar, at]));
  const within = (trial: number, from: number, to: number): readonly [number, number] => {
    let [sum, squares] = [0, 0];
    for (let at = place.get(from)!; at < place.get(to)!; at++) {
      sum += sums[2 * (trial * segments + at)]!;
      squares += sums[2 * (trial * segments + at) + 1]!;
    }
    return [sum, squares];
  };
  let [allSum, allSquares, count] = [0, 0, 0];
  const results = folds.map(({ from, to, outFrom, outTo }): FoldResult => {
    const trained = bars - 1 - (outTo - outFrom);
    let best = -1;
    let inSample: number | null = null;
    for (let trial = 0; trial < trials; trial++) {
      const [sum, squares] = within(trial, 1, bars);
      const [outSum, outSquares] = within(trial, outFrom, outTo);
      const value = sharpe(sum - outSum, squares - outSquares, trained, riskFree);
      if (value !== null && (inSample === null || value > inSample)) [best, inSample] = [trial, value];
    }
    if (best < 0) return { best, inSample, outOfSample: null };
    const [sum, squares] = within(best, from, to);
    allSum += sum;
    allSquares += squares;
    count += to - from;
    return { best, inSample, outOfSample: sharpe(sum, squares, to - from, riskFree) };
  });
  return { folds: results, outOfSample: count === 0 ? null : sharpe(allSum, allSquares, count, riskFree) };
}

/** Null for returns that do not move; what rounding leaves of a stretch without a position is no deviation. */
function sharpe(sum: number, squares: number, count: number, riskFree: number): number | null {
  const mean = sum / count;
  const variance = (squares - sum * mean) / (count - 1);
  return variance > 1e-15 * Math.max(squares / count, 1e-15) ? (mean - riskFree) / Math.sqrt(variance) : null;
}
