/** Whether the best combination of a sweep stands on a plateau or on a spike: its neighbours on the grid, and the line through it along each parameter. */
import type { Params } from "./backtest.ts";
import { SWEEP_STATUS, type Sensitivity, type Stability, type SweepColumns } from "./sweep.ts";

/** Of the best Sharpe ratio: what the middle of the neighbours keeps on a plateau, and no longer keeps beside a spike. */
const PLATEAU = 0.75;
const SPIKE = 0.4;
const LEAST_NEIGHBOURS = 2;
/** Nearest values of one parameter that are shown. */
const MAX_VALUES = 101;

type Columns = Pick<SweepColumns, "names" | "params" | "sharpe" | "status">;

/** Neighbours are at most one step of the grid away in every parameter. Null with fewer than two, or when the best has no Sharpe ratio above zero. */
export function stabilityOf({ names, params, sharpe, status }: Columns, best: Params): Stability | null {
  const own: number[] = [];
  let top = Number.NaN;
  const steps = names.map((name, at) => around(params[at]!, best[name]!));
  for (const item of within({ params, status }, steps)) {
    if (names.every((name, at) => params[at]![item] === best[name])) top = sharpe[item]!;
    else own.push(Number.isNaN(sharpe[item]) ? 0 : sharpe[item]!);
  }
  if (own.length < LEAST_NEIGHBOURS || !(top > 0)) return null;
  const sorted = own.sort((a, b) => a - b);
  const medianSharpe = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  const share = medianSharpe / top;
  return { neighbours: own.length, medianSharpe, worstSharpe: sorted[0]!, share, verdict: share >= PLATEAU ? "plateau" : share < SPIKE ? "spike" : "slope" };
}

/** For each parameter the Sharpe ratio at its values while the others stay at the best; null where it is undefined. */
export function sensitivityOf({ names, params, sharpe, status }: Columns, best: Params): readonly Sensitivity[] {
  return names.map((name, at) => {
    const limits = names.map((other, k) => (k === at ? ANY : { low: best[other]!, high: best[other]! }));
    const found = [...within({ params, status }, limits)].map((item) => ({
      value: params[at]![item]!,
      sharpe: Number.isNaN(sharpe[item]) ? null : sharpe[item]!,
    }));
    const near = found.sort((a, b) => Math.abs(a.value - best[name]!) - Math.abs(b.value - best[name]!)).slice(0, MAX_VALUES);
    return { name, best: best[name]!, values: near.sort((a, b) => a.value - b.value) };
  });
}

interface Limits {
  readonly low: number;
  readonly high: number;
}

const ANY: Limits = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };

/** Those that succeeded and lie within the limits of every parameter, in their order; column by column, since there may be a million. */
function within({ params, status }: Pick<Columns, "params" | "status">, limits: readonly Limits[]): Int32Array {
  const items = new Int32Array(status.length);
  let count = 0;
  for (let item = 0; item < status.length; item++) if (status[item] === SWEEP_STATUS.ok) items[count++] = item;
  limits.forEach(({ low, high }, at) => {
    const column = params[at]!;
    let left = 0;
    for (let i = 0; i < count; i++) {
      const item = items[i]!;
      if (column[item]! >= low && column[item]! <= high) items[left++] = item;
    }
    count = left;
  });
  return items.subarray(0, count);
}

/** The next lower and the next higher value that was tried. */
function around(values: Float64Array, best: number): Limits {
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < best && value > low) low = value;
    if (value > best && value < high) high = value;
  }
  return { low: low === Number.NEGATIVE_INFINITY ? best : low, high: high === Number.POSITIVE_INFINITY ? best : high };
}
