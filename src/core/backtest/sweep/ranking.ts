/** Which combinations of a sweep come first, and how far their Sharpe ratios are spread. */
import { SWEEP_STATUS, type SweepColumns } from "../../domain/sweep.ts";

/** The first `top` of those that succeeded, by Sharpe ratio, undefined ones last; equal ones by return, then in the order in which they were named. */
export function ranked({ sharpe, totalReturnPct, status }: Pick<SweepColumns, "sharpe" | "totalReturnPct" | "status">, top: number): number[] {
  const known = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value);
  const isBefore = (a: number, b: number) => {
    const [of, against] = [known(sharpe[a]!), known(sharpe[b]!)];
    return of === against ? totalReturnPct[a]! > totalReturnPct[b]! : of > against;
  };
  // Sorting a million combinations for twenty of them would hold up whoever waits for other things.
  const first: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let item = 0; item < status.length; item++) {
    if (sharpe[item]! < least || status[item] !== SWEEP_STATUS.ok || (first.length === top && !(top > 0 && isBefore(item, first[top - 1]!)))) continue;
    let [low, high] = [0, first.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(item, first[middle]!)) high = middle;
      else low = middle + 1;
    }
    first.splice(low, 0, item);
    if (first.length > top) first.pop();
    if (first.length === top) least = known(sharpe[first[top - 1]!]!);
  }
  return first;
}

/** Of the Sharpe ratios per bar; null with fewer than two. */
export function sharpeVariance(sharpe: Float64Array, periodsPerYear: number): number | null {
  const yearly = Math.sqrt(periodsPerYear);
  let count = 0;
  let sum = 0;
  for (let i = 0; i < sharpe.length; i++) {
    if (!Number.isFinite(sharpe[i])) continue;
    count++;
    sum += sharpe[i]! / yearly;
  }
  if (count < 2) return null;
  const mean = sum / count;
  let squares = 0;
  for (let i = 0; i < sharpe.length; i++) if (Number.isFinite(sharpe[i])) squares += (sharpe[i]! / yearly - mean) ** 2;
  return squares / (count - 1);
}

/** True when nothing better came among the last `patience` of the first `named` combinations. */
export function isSettled({ sharpe }: Pick<SweepColumns, "sharpe">, named: number, patience: number): boolean {
  let best = 0;
  for (let i = 1; i < named; i++) if (sharpe[i]! > sharpe[best]! || Number.isNaN(sharpe[best])) best = i;
  return named - 1 - best >= patience;
}

/** How many combinations ended in each way, by SWEEP_STATUS. */
export function endedBy(status: Uint8Array): Int32Array {
  const counts = new Int32Array(Object.keys(SWEEP_STATUS).length);
  for (let item = 0; item < status.length; item++) counts[status[item]!]!++;
  return counts;
}
