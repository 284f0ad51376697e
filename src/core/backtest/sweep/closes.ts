/** Simple averages of closes for a sweep: quickly and nearly for the images, and for a second look exactly as domain/indicators.ts has them. */
import { compensatedSum, decimalPlaces } from "../../domain/indicators.ts";

export interface Closes {
  readonly close: Float64Array;
  /** Units of the prefix sums in one of price: ticks when every close is a decimal number, else 1. */
  readonly scale: number;
  /** True when the prefix sums are whole numbers of ticks, so that every average out of them is exact. */
  readonly isExact: boolean;
  /** First bar from which on domain/indicators.ts no longer sums whole numbers. */
  readonly wholeUntil: number;
}

/** Largest relative error of an average that one step of its image still covers with room. */
const MAX_ERROR = 2 ** -20;

/** Undefined when averages of these closes cannot be told apart well enough; `shortest` and `longest` are periods. */
export function readCloses(close: Float64Array, shortest: number, longest: number): Closes | undefined {
  let places = 0;
  let wholeUntil = close.length;
  let total = 0;
  let highest = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let t = 0; t < close.length; t++) {
    const value = close[t]!;
    total += value;
    highest = Math.max(highest, value);
    lowest = Math.min(lowest, value);
    if (wholeUntil < close.length) continue;
    const needed = decimalPlaces(value, places);
    if (needed < 0) wholeUntil = t;
    else places = needed;
  }
  const scale = 10 ** places;
  // There the indicator leaves whole numbers at a bar that depends on the period.
  if (highest * scale * (longest + 1) > Number.MAX_SAFE_INTEGER) return undefined;
  const isExact = wholeUntil === close.length && total * scale < Number.MAX_SAFE_INTEGER / 2;
  if (!isExact && (4 * Number.EPSILON * total) / (shortest * lowest) > MAX_ERROR) return undefined;
  return { close, scale, isExact, wholeUntil };
}

/** Whole numbers of ticks where that is exact, else sums with Kahan's correction. */
export function writePrefix({ close, scale, isExact }: Closes, out: Float64Array): void {
  let sum = 0;
  let lost = 0;
  out[0] = 0;
  for (let t = 0; t < close.length; t++) {
    if (isExact) sum += Math.round(close[t]! * scale);
    else {
      const value = close[t]! - lost;
      const next = sum + value;
      lost = next - sum - value;
      sum = next;
    }
    out[t + 1] = sum;
  }
}

/** By what a difference of prefix sums is divided. */
export function divisorOf({ scale, isExact }: Closes, period: number): number {
  return isExact ? period * scale : period;
}

/** The average that ends at bar t, to the last bit as sma() of domain/indicators.ts; t is at least period - 1. */
export function exactAverage({ close, scale, isExact, wholeUntil }: Closes, prefix: Float64Array, period: number, t: number): number {
  if (isExact) return (prefix[t + 1]! - prefix[t + 1 - period]!) / (period * scale);
  if (t >= wholeUntil) return compensatedSum(close, t - period + 1, t + 1) / period;
  let sum = 0;
  for (let k = t - period + 1; k <= t; k++) sum += Math.round(close[k]! * scale);
  return sum / (period * scale);
}
