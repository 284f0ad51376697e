/**
 * A session's prices second by second and shares minute by minute, made to fit its daily bar: from the open through high
 * and low, in either order, to the close; busier and wilder near both ends; now and then a pause by limit-up limit-down.
 * Or what was recorded, where bars finer than a day are known.
 */
import { hash32, seededRandom } from "../base/random.ts";
import type { TradingDay } from "../domain/nyse.ts";
import { FUND_SECTOR, type SimulatedStock } from "../domain/simulatedUniverse.ts";
import { tradesIn, type MarketBar } from "./marketBar.ts";
import type { Piece } from "./marketSource.ts";
import { priceInPieces } from "./replay.ts";

/** No trading from one second of the session up to another. */
export interface Halt {
  readonly from: number;
  readonly to: number;
}

export interface DayPath {
  readonly day: TradingDay;
  readonly low: number;
  readonly high: number;
  /** Price at each minute boundary, minutes + 1 of them. */
  readonly knots: Float64Array;
  /** Shares traded in each minute. */
  readonly volumes: Float64Array;
  readonly salt: number;
  readonly halt?: Halt;
  readonly pieces?: readonly Piece[];
  /** Finished minutes, as far as somebody has asked for them. */
  readonly finished: Array<MarketBar | undefined>;
}

const PAUSE_MINUTES = 5;

export function makePath(seed: number | string, stock: SimulatedStock, day: TradingDay, bar: MarketBar): DayPath {
  const minutes = Math.round((day.close - day.open) / 60_000);
  const random = seededRandom(`${seed}/day/${stock.symbol}/${day.date}`);
  const knots = new Float64Array(minutes + 1);
  const early = 5 + random.int(Math.floor(minutes / 2) - 5);
  const late = Math.floor(minutes / 2) + random.int(Math.ceil(minutes / 2) - 1);
  const highFirst = random.next() < 0.5;
  const stations: ReadonlyArray<readonly [number, number]> = [
    [0, bar.o],
    [early, highFirst ? bar.h : bar.l],
    [late, highFirst ? bar.l : bar.h],
    [minutes, bar.c],
  ];
  const step = (bar.h - bar.l) / (2.5 * Math.sqrt(minutes));
  for (let s = 0; s < 3; s++) {
    const [[from, a], [to, b]] = [stations[s] as readonly [number, number], stations[s + 1] as readonly [number, number]];
    const wander = new Float64Array(to - from + 1);
    for (let i = 1; i < wander.length; i++) wander[i] = (wander[i - 1] as number) + random.normal() * step * (0.7 + 1.1 * nearEnds(from + i, minutes));
    const end = wander[wander.length - 1] as number;
    for (let i = 0; i < wander.length; i++) {
      const share = to === from ? 0 : i / (to - from);
      knots[from + i] = Math.round(fold(a + (b - a) * share + (wander[i] as number) - end * share, bar.l, bar.h) * 100) / 100;
    }
  }
  const halt = haltOf(seed, stock, day, { minutes, early, late });
  const weights = Array.from({ length: minutes }, (_, m) => (0.6 + 1.8 * nearEnds(m, minutes)) * (0.5 + random.next()) * (isHalted(halt, m * 60) ? 0 : 1));
  const volumes = spread(bar.v, weights);
  const salt = hash32(`${seed}/second/${stock.symbol}/${day.date}`);
  return { day, low: bar.l, high: bar.h, knots, volumes, salt, finished: [], ...(halt === undefined ? {} : { halt }) };
}

/** 0 in the middle of the session, 1 at both ends. */
function nearEnds(minute: number, minutes: number): number {
  return (2 * Math.abs(minute / minutes - 0.5)) ** 2;
}

/** Whole shares in proportion to weights, which add up to `total`. */
export function spread(total: number, weights: readonly number[]): Float64Array {
  const sum = weights.reduce((a, b) => a + b, 0);
  const parts = new Float64Array(weights.length);
  let [weighed, given] = [0, 0];
  for (const [i, weight] of weights.entries()) {
    weighed += weight;
    parts[i] = Math.round((total * weighed) / sum) - given;
    given += parts[i] as number;
  }
  return parts;
}

/** A volatility pause: never of funds and quiet stocks, one session in a hundred of a stock that moves 55 % a year, more of wilder ones; not over the day's high or low. */
function haltOf(
  seed: number | string,
  stock: SimulatedStock,
  day: TradingDay,
  at: { readonly minutes: number; readonly early: number; readonly late: number },
) {
  const draw = hash32(`${seed}/halts/${stock.symbol}/${day.date}`) >>> 0;
  if (stock.sector === FUND_SECTOR || draw % 1000 >= 40 * (stock.volatility - 0.3)) return undefined;
  const start = 15 + ((draw >>> 10) % (at.minutes - 30));
  const meets = [at.early, at.late].some((minute) => minute >= start - 1 && minute <= start + PAUSE_MINUTES);
  return meets ? undefined : { from: start * 60, to: (start + PAUSE_MINUTES) * 60 };
}

function isHalted(halt: Halt | undefined, second: number): boolean {
  return halt !== undefined && second >= halt.from && second < halt.to;
}

/** A session whose prices were recorded; the volume of a bar is spread over its minutes. */
export function recordedPath(day: TradingDay, bar: MarketBar, pieces: readonly Piece[]): DayPath {
  const volumes = new Float64Array(Math.round((day.close - day.open) / 60_000));
  for (const { from, to, bar: part } of pieces) {
    const [first, last] = [Math.floor(from / 60), Math.max(Math.floor(from / 60) + 1, Math.ceil(to / 60))];
    for (let minute = first; minute < Math.min(last, volumes.length); minute++) volumes[minute] = (volumes[minute] as number) + part.v / (last - first);
  }
  return { day, low: bar.l, high: bar.h, knots: Float64Array.of(bar.o), volumes, salt: 0, pieces, finished: [] };
}

/** Price of the last trade up to and including a second of the session. */
export function priceAt(path: DayPath, second: number): number {
  if (path.pieces !== undefined) return priceInPieces(path.pieces, second, path.knots[0] as number);
  if (path.halt !== undefined && isHalted(path.halt, second)) return priceAt(path, path.halt.from - 1);
  const minute = Math.min(Math.floor(second / 60), path.volumes.length);
  const knot = path.knots[minute] as number;
  const into = second - minute * 60;
  if (into === 0) return knot;
  const next = path.knots[minute + 1] as number;
  const wobble = (share(path.salt, second) - 0.5) * (path.high - path.low) * 0.02;
  const price = knot + ((next - knot) * into) / 60 + wobble;
  return Math.round(Math.min(path.high, Math.max(path.low, price)) * 100) / 100;
}

/** The halt that a second of the session lies in. */
export function haltAt(path: DayPath, second: number): Halt | undefined {
  return isHalted(path.halt, second) ? path.halt : undefined;
}

/** Shares traded in a minute up to and including its `into`-th second; the last minute has a second more, that of the close. */
export function volumeInto(path: DayPath, minute: number, into: number): number {
  const volume = path.volumes[minute] as number;
  const last = minute === path.volumes.length - 1 ? 60 : 59;
  if (into >= last) return Math.round(volume);
  if (into < 0) return 0;
  return Math.floor((volume * (into + 0.7 + 0.6 * share(path.salt, 31 * (minute * 60 + into)))) / (last + 1));
}

/** Shares of the trade of a second. */
export function sizeAt(path: DayPath, second: number): number {
  const minute = Math.min(Math.floor(second / 60), path.volumes.length - 1);
  const into = second - minute * 60;
  return volumeInto(path, minute, into) - volumeInto(path, minute, into - 1);
}

/** The bar of a minute as far as it has come at a second of the session; undefined when nothing traded in it. */
export function minuteBar(path: DayPath, minute: number, lastSecond: number): MarketBar | undefined {
  if (isHalted(path.halt, minute * 60)) return undefined;
  // The closing price belongs to the last minute.
  const whole = minute === path.volumes.length - 1 ? minute * 60 + 60 : minute * 60 + 59;
  if (lastSecond < whole) return barUpTo(path, minute, lastSecond);
  const known = path.finished[minute] ?? barUpTo(path, minute, whole);
  path.finished[minute] = known;
  return known;
}

function barUpTo(path: DayPath, minute: number, end: number): MarketBar {
  const open = priceAt(path, minute * 60);
  let [high, low, close, sum] = [open, open, open, 0];
  for (let second = minute * 60; second <= end; second++) {
    close = priceAt(path, second);
    high = Math.max(high, close);
    low = Math.min(low, close);
    sum += close;
  }
  const volume = volumeInto(path, minute, end - minute * 60);
  return {
    t: path.day.open + minute * 60_000,
    o: open,
    h: high,
    l: low,
    c: close,
    v: volume,
    n: tradesIn(volume),
    vw: Math.round((sum / (end - minute * 60 + 1)) * 10_000) / 10_000,
  };
}

/** Reflects a value back into [low, high]. */
function fold(value: number, low: number, high: number): number {
  if (high <= low) return low;
  const width = high - low;
  let offset = (value - low) % (2 * width);
  if (offset < 0) offset += 2 * width;
  return low + (offset <= width ? offset : 2 * width - offset);
}

/** Well-mixed bits of a number. */
export function mix(salt: number, n: number): number {
  let h = Math.imul(salt ^ Math.imul(n + 1, 2654435769), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return h ^ (h >>> 16);
}

/** Uniform in [0, 1). */
function share(salt: number, n: number): number {
  return (mix(salt, n) >>> 0) / 4294967296;
}
