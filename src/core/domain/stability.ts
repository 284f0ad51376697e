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
  const steps = names.map((name, at) => around(params[at]!, best[name]!));
  const own: number[] = [];
  let top = Number.NaN;
  for (let item = 0; item < status.length; item++) {
    let isNear = status[item] === SWEEP_STATUS.ok;
    for (let at = 0; isNear && at < steps.length; at++) isNear = params[at]![item]! >= steps[at]!.low && params[at]![item]! <= steps[at]!.high;
    if (!isNear) continue;
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
  const place = names.map((name) => best[name]);
  return names.map((name, at) => {
    const found: Array<{ readonly value: number; readonly sharpe: number | null }> = [];
    for (let item = 0; item < status.length; item++) {
      let isOnLine = status[item] === SWEEP_STATUS.ok;
      for (let k = 0; isOnLine && k < names.length; k++) isOnLine = k === at || params[k]![item] === place[k];
      if (!isOnLine) continue;
      found.push({ value: params[at]![item]!, sharpe: Number.isNaN(sharpe[item]) ? null : sharpe[item]! });
    }
    const near = found.sort((a, b) => Math.abs(a.value - best[name]!) - Math.abs(b.value - best[name]!)).slice(0, MAX_VALUES);
    return { name, best: best[name]!, values: near.sort((a, b) => a.value - b.value) };
  });
}

/** The next lower and the next higher value that was tried. */
function around(values: Float64Array, best: number): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < best && value > low) low = value;
    if (value > best && value < high) high = value;
  }
  return { low: low === Number.NEGATIVE_INFINITY ? best : low, high: high === Number.POSITIVE_INFINITY ? best : high };
}
