/**
 * Indicators on whole series. Each answers an array of the input's length, NaN until it is defined;
 * the value at bar i depends on bars 0..i only. Shared by strategies, scanners, analysts and features.
 */
import { inStretches } from "../base/stretches.ts";

/**
 * Simple moving average, defined from index period - 1. Decimal prices (up to 8 places) are summed as integers, so the
 * result is the exact mean correctly rounded, and averages that are equal compare equal.
 */
export function sma(values: Float64Array, period: number): Float64Array {
  return smaOf(values, wholeScale(values), period);
}

/** The power of ten that makes all of some values whole. */
export interface WholeScale {
  readonly scale: number;
  /** Of their magnitudes at that scale; 0 where even the sum of all of them is exact. */
  readonly largest: number;
}

/**
 * Added and taken away again it rounds to a whole number, several times as fast as Math.round; dividing by the scale tells
 * where it did not. Up to ROUNDS.
 */
const ROUNDER = 1.5 * 2 ** 52;
const ROUNDS = 2 ** 51;

/** Undefined when a value has more than eight decimal places or is not finite. For several averages of the same values. */
export function wholeScale(values: Float64Array): WholeScale | undefined {
  const known = { places: 0, total: 0 };
  inStretches(0, values.length, (from, end) => {
    if (known.places >= 0) raise(known, values, from, end);
  });
  if (known.places < 0) return undefined;
  const scale = POWERS[known.places]!;
  return { scale, largest: known.total <= ROUNDS ? 0 : largestOf(values) * scale };
}

/** Where a value is not whole at this scale, the scale grows; `places` is -1 where none will do. `total` is of the magnitudes. */
function raise(known: { places: number; total: number }, values: Float64Array, from: number, end: number): void {
  let i = from;
  while (i < end) {
    const scale = POWERS[known.places]!;
    let sum = 0;
    for (; i < end; i++) {
      const number = values[i]! * scale + ROUNDER - ROUNDER;
      if (number / scale !== values[i]) break;
      sum += Math.abs(number);
    }
    known.total += sum;
    if (i === end) return;
    known.places = decimalPlaces(values[i]!, known.places + 1);
    if (known.places >= 0) known.total *= POWERS[known.places]! / scale;
    else return;
  }
}

function largestOf(values: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) largest = Math.max(largest, Math.abs(values[i]!));
  return largest;
}

/** sma() with the scale of its values at hand. */
export function smaOf(values: Float64Array, whole: WholeScale | undefined, period: number, out: Float64Array = new Float64Array(values.length)): Float64Array {
  if (period < 1 || values.length < period) return out.fill(Number.NaN);
  if (whole === undefined || !Number.isInteger(period) || whole.largest * Math.max(4, period + 1) > Number.MAX_SAFE_INTEGER) {
    growingMeans(values, period, out.fill(Number.NaN));
    return out;
  }
  // Sums of whole numbers are exact at whatever scale: these quotients are those of growingMeans().
  const { scale } = whole;
  const window = { values, scale, out, period, sum: 0 };
  for (let i = 0; i < period; i++) {
    window.sum += values[i]! * scale + ROUNDER - ROUNDER;
    out[i] = Number.NaN;
  }
  out[period - 1] = window.sum / (period * scale);
  inStretches(period, values.length, (from, end) => slideExactly(window, from, end));
  return out;
}

/** Means of exact sums; `sum` is that of the window before `from`. */
function slideExactly(
  window: { readonly values: Float64Array; readonly scale: number; readonly out: Float64Array; readonly period: number; sum: number },
  from: number,
  end: number,
): void {
  const { values, scale, out, period } = window;
  const divisor = period * scale;
  let { sum } = window;
  for (let i = from; i < end; i++) {
    // Both are rounded by ROUNDER, which falls out of their difference.
    sum += values[i]! * scale + ROUNDER - (values[i - period]! * scale + ROUNDER);
    out[i] = sum / divisor;
  }
  window.sum = sum;
}

/** At bar i with what bars 0..i need, so that a later value with more decimals, or none that end, changes nothing before it. */
function growingMeans(values: Float64Array, period: number, out: Float64Array): void {
  let places = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const needed = decimalPlaces(value, places);
    if (needed > places) {
      places = needed;
      sum = integerSum(values, Math.max(0, i - period), i, places);
    }
    const scale = POWERS[places] as number;
    sum += Math.round(value * scale);
    if (i >= period) sum -= Math.round((values[i - period] as number) * scale);
    if (needed < 0 || Math.abs(sum) > Number.MAX_SAFE_INTEGER) {
      slidingMeans(values, period, Math.max(i, period - 1), out);
      return;
    }
    if (i >= period - 1) out[i] = sum / (period * scale);
  }
}

/** Bars whose windows are taken from one run of sums: what rounding leaves of large values, and what is not finite, stays in its block. */
const BLOCK = 4096;

/**
 * From bar `from` on: sums from the block's first window to every bar, each as a pair whose second number is what rounding
 * took from the first (Knuth's TwoSum, as in Neumaier's sum), and their differences. Of prices both are exact, so the mean is
 * that of compensatedSum() at every bar.
 */
function slidingMeans(values: Float64Array, period: number, from: number, out: Float64Array): void {
  const block = Math.max(BLOCK, period);
  const sums = new Float64Array(block + period);
  const rests = new Float64Array(block + period);
  for (let start = from; start < values.length; start += block) {
    const end = Math.min(values.length, start + block);
    let sum = 0;
    let lost = 0;
    for (let i = start - period + 1, k = 1; i < end; i++, k++) {
      const value = values[i]!;
      const next = sum + value;
      const part = next - sum;
      lost += sum - (next - part) + (value - part);
      sum = next;
      sums[k] = sum;
      rests[k] = lost;
    }
    if (!Number.isFinite(sum)) {
      for (let i = start; i < end; i++) out[i] = compensatedSum(values, i - period + 1, i + 1) / period;
      continue;
    }
    for (let i = start, k = period; i < end; i++, k++) {
      const until = sums[k]!;
      const before = sums[k - period]!;
      const difference = until - before;
      const back = difference - until;
      const rest = until - (difference - back) - (before + back) + (rests[k]! - rests[k - period]!);
      out[i] = (difference + rest) / period;
    }
  }
}

const POWERS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8] as const;

/** Decimal places of `value`, at least `atLeast`; -1 if it has more than eight or is not finite. */
export function decimalPlaces(value: number, atLeast: number): number {
  for (let places = atLeast; places < POWERS.length; places++) {
    const scale = POWERS[places] as number;
    const whole = Math.round(value * scale);
    if (!Number.isSafeInteger(whole)) return -1;
    if (whole / scale === value) return places;
  }
  return -1;
}

function integerSum(values: Float64Array, from: number, to: number, places: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += Math.round((values[i] as number) * (POWERS[places] as number));
  return sum;
}

/** Neumaier's sum. */
export function compensatedSum(values: Float64Array, from: number, to: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = from; i < to; i++) {
    const value = values[i] as number;
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
  }
  return sum + lost;
}

/** Exponential moving average, weight 2 / (period + 1), seeded with the mean of the first `period` values. */
export function ema(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  let start = 0;
  while (start < values.length && Number.isNaN(values[start] as number)) start++;
  if (period < 1 || values.length - start < period) return out;
  const weight = 2 / (period + 1);
  let average = compensatedSum(values, start, start + period) / period;
  out[start + period - 1] = average;
  for (let i = start + period; i < values.length; i++) {
    average += weight * ((values[i] as number) - average);
    out[i] = average;
  }
  return out;
}

/**
 * Relative strength index after Wilder (New Concepts in Technical Trading Systems, 1978), 0 to 100, defined from
 * index `period`. Without losses 100; without any movement 50.
 */
export function rsi(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  if (period < 1 || values.length <= period) return out;
  let gain = 0;
  let loss = 0;
  for (let i = 1; i <= period; i++) {
    const change = (values[i] as number) - (values[i - 1] as number);
    if (change > 0) gain += change;
    else loss -= change;
  }
  gain /= period;
  loss /= period;
  out[period] = rsiOf(gain, loss);
  for (let i = period + 1; i < values.length; i++) {
    const change = (values[i] as number) - (values[i - 1] as number);
    gain = (gain * (period - 1) + Math.max(change, 0)) / period;
    loss = (loss * (period - 1) + Math.max(-change, 0)) / period;
    out[i] = rsiOf(gain, loss);
  }
  return out;
}

function rsiOf(gain: number, loss: number): number {
  if (loss === 0) return gain === 0 ? 50 : 100;
  return 100 - 100 / (1 + gain / loss);
}

/** Highest of the `period` values that end at each bar (monotonic queue, linear time). */
export function highest(values: Float64Array, period: number): Float64Array {
  return extreme(values, period, 1);
}

/** Lowest of the `period` values that end at each bar. */
export function lowest(values: Float64Array, period: number): Float64Array {
  return extreme(values, period, -1);
}

function extreme(values: Float64Array, period: number, sign: 1 | -1): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  if (period < 1) return out;
  const queue = new Int32Array(values.length);
  let head = 0;
  let tail = 0;
  for (let i = 0; i < values.length; i++) {
    const value = (values[i] as number) * sign;
    while (tail > head && (values[queue[tail - 1] as number] as number) * sign <= value) tail--;
    queue[tail++] = i;
    if ((queue[head] as number) <= i - period) head++;
    if (i >= period - 1) out[i] = values[queue[head] as number] as number;
  }
  return out;
}

/** Sample standard deviation (n - 1) of the `period` values that end at each bar. */
export function stdev(values: Float64Array, period: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  if (period < 2 || period > values.length) return out;
  if (isOfOneSize(values, period)) slidingMeans(values, period, period - 1, out);
  else for (let i = period - 1; i < values.length; i++) out[i] = compensatedSum(values, i - period + 1, i + 1) / period;
  inStretches(period - 1, values.length, (from, end) => deviateFrom(values, period, out, from, end));
  return out;
}

/** Then slidingMeans() are those of compensatedSum() to the last bit: all that rounding takes from the sums of a block fits in one number. */
function isOfOneSize(values: Float64Array, period: number): boolean {
  const summed = Math.max(BLOCK, period) + period;
  const sizes = { least: Number.POSITIVE_INFINITY, most: 0 };
  inStretches(0, values.length, (from, end) => {
    for (let i = from; i < end; i++) {
      const size = Math.abs(values[i]!);
      if (size > sizes.most) sizes.most = size;
      if (size < sizes.least && size > 0) sizes.least = size;
    }
  });
  return sizes.most * summed * summed <= sizes.least * 2 ** 53;
}

/** `out` has the means, and gets the deviations. */
function deviateFrom(values: Float64Array, period: number, out: Float64Array, from: number, end: number): void {
  for (let i = from; i < end; i++) {
    const mean = out[i]!;
    let squares = 0;
    for (let k = i - period + 1; k <= i; k++) {
      const difference = values[k]! - mean;
      squares += difference * difference;
    }
    out[i] = Math.sqrt(squares / (period - 1));
  }
}

/** Average true range after Wilder, defined from index `period` (the first bar has no previous close). */
export function atr(high: Float64Array, low: Float64Array, close: Float64Array, period: number): Float64Array {
  const out = new Float64Array(close.length).fill(Number.NaN);
  if (period < 1 || close.length <= period) return out;
  const trueRange = (i: number) => {
    const before = close[i - 1] as number;
    return Math.max((high[i] as number) - (low[i] as number), Math.abs((high[i] as number) - before), Math.abs((low[i] as number) - before));
  };
  let average = 0;
  for (let i = 1; i <= period; i++) average += trueRange(i) / period;
  out[period] = average;
  for (let i = period + 1; i < close.length; i++) {
    average = (average * (period - 1) + trueRange(i)) / period;
    out[i] = average;
  }
  return out;
}

/** MACD line (fast EMA - slow EMA), its signal line and their difference (Appel). */
export function macd(
  values: Float64Array,
  fast: number,
  slow: number,
  signal: number,
): { readonly line: Float64Array; readonly signal: Float64Array; readonly histogram: Float64Array } {
  const quick = ema(values, fast);
  const slower = ema(values, slow);
  const line = quick.map((value, i) => value - (slower[i] as number));
  const signalLine = ema(line, signal);
  return { line, signal: signalLine, histogram: line.map((value, i) => value - (signalLine[i] as number)) };
}

/** Bollinger bands: SMA plus and minus `width` population standard deviations. */
export function bollinger(
  values: Float64Array,
  period: number,
  width: number,
): { readonly upper: Float64Array; readonly middle: Float64Array; readonly lower: Float64Array } {
  const middle = sma(values, period);
  const spread = stdev(values, period).map((value) => value * Math.sqrt((period - 1) / period) * width);
  return { middle, upper: middle.map((value, i) => value + (spread[i] as number)), lower: middle.map((value, i) => value - (spread[i] as number)) };
}

/** The value `bars` ago; NaN before there is one. */
export function lag(values: Float64Array, bars: number): Float64Array {
  const out = new Float64Array(values.length).fill(Number.NaN);
  if (bars < values.length) out.set(values.subarray(0, values.length - bars), bars);
  return out;
}

/** 1 where a crosses up through b: a[t-1] <= b[t-1] and a[t] > b[t], all defined. */
export function crossOver(a: Float64Array, b: Float64Array | number): Int8Array {
  return bothCrossings(a, b).up;
}

/** 1 where a crosses down through b: a[t-1] >= b[t-1] and a[t] < b[t], all defined. */
export function crossUnder(a: Float64Array, b: Float64Array | number): Int8Array {
  return bothCrossings(a, b).down;
}

/** What crossOver() and crossUnder() answer, in one look. */
export function bothCrossings(a: Float64Array, b: Float64Array | number): { readonly up: Int8Array; readonly down: Int8Array } {
  const [up, down] = [new Int8Array(a.length), new Int8Array(a.length)];
  const other = typeof b === "number" ? new Float64Array(a.length).fill(b) : b;
  inStretches(0, a.length, (from, end) => markCrossings(a, other, up, down, 1, from, end));
  return { up, down };
}

/** 1 where a crosses up through b, -1 where it crosses down. */
export function crossings(a: Float64Array, b: Float64Array): Int8Array {
  const out = new Int8Array(a.length);
  inStretches(0, a.length, (from, end) => markCrossings(a, b, out, out, -1, from, end));
  return out;
}

/** From one crossing to the next with a single comparison a bar. */
function markCrossings(a: Float64Array, b: Float64Array, up: Int8Array, down: Int8Array, downMark: 1 | -1, from: number, end: number): void {
  let t = from;
  while (t < end) {
    if (a[t]! > b[t]!) {
      if (t > 0 && a[t - 1]! <= b[t - 1]!) up[t] = 1;
      while (t < end && a[t]! > b[t]!) t++;
    } else if (a[t]! < b[t]!) {
      if (t > 0 && a[t - 1]! >= b[t - 1]!) down[t] = downMark;
      while (t < end && a[t]! < b[t]!) t++;
    } else t++;
  }
}
