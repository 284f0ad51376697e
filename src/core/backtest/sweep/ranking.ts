/** Which combinations of a sweep come first, and how far their Sharpe ratios are spread. */
import { SWEEP_STATUS, type SweepColumns } from "../../domain/sweep.ts";

/** Those that succeeded by Sharpe ratio, undefined ones last; equal ones by return, then in the order in which they were named. */
export function ranked({ sharpe, totalReturnPct, status }: Pick<SweepColumns, "sharpe" | "totalReturnPct" | "status">): number[] {
  const all = Array.from(status.keys()).filter((item) => status[item] === SWEEP_STATUS.ok);
  const known = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value);
  const apart = (a: number, b: number) => (a === b ? 0 : b > a ? 1 : -1);
  return all.sort((a, b) => apart(known(sharpe[a]!), known(sharpe[b]!)) || apart(totalReturnPct[a]!, totalReturnPct[b]!) || a - b);
}

/** Of the Sharpe ratios per bar; null with fewer than two. */
export function sharpeVariance(sharpe: Float64Array, periodsPerYear: number): number | null {
  const yearly = Math.sqrt(periodsPerYear);
  const known = sharpe.filter((value) => Number.isFinite(value)).map((value) => value / yearly);
  if (known.length < 2) return null;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  return known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
}

/** True when nothing better came among the last `patience` of the first `named` combinations. */
export function isSettled({ sharpe }: Pick<SweepColumns, "sharpe">, named: number, patience: number): boolean {
  let best = 0;
  for (let i = 1; i < named; i++) if (sharpe[i]! > sharpe[best]! || Number.isNaN(sharpe[best])) best = i;
  return named - 1 - best >= patience;
}
