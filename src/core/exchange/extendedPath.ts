/**
 * Prices before the open and after the close of a session: fewer trades, most of them near the session, minutes in which
 * nothing happens, and a way from one session's close to the next one's open. Made up; recorded markets have none.
 */
import { hash32, seededRandom } from "../base/random.ts";
import type { TradingDay } from "../domain/nyse.ts";
import { mix, spread } from "./dayPath.ts";
import { POST_MS, PRE_MS } from "./exchangeClock.ts";
import { tradesIn, type MarketBar } from "./marketBar.ts";

export type ExtendedSession = "pre" | "post";

export interface ExtendedPath {
  /** UTC milliseconds of its beginning. */
  readonly start: number;
  /** Price at each minute boundary. */
  readonly knots: Float64Array;
  /** Shares traded in each minute; none in most minutes of quiet stocks. */
  readonly volumes: Float64Array;
  readonly salt: number;
}

export interface ExtendedEnds {
  readonly symbol: string;
  readonly day: TradingDay;
  readonly session: ExtendedSession;
  /** Price before and where it goes. */
  readonly from: number;
  readonly to: number;
  /** Shares traded in the whole regular session beside it. */
  readonly dayVolume: number;
}

export function extendedStart(day: TradingDay, session: ExtendedSession): number {
  return session === "pre" ? day.open - PRE_MS : day.close;
}

export function makeExtendedPath(seed: number | string, { symbol, day, session, from, to, dayVolume }: ExtendedEnds): ExtendedPath {
  const minutes = (session === "pre" ? PRE_MS : POST_MS) / 60_000;
  const name = `${seed}/${session}/${symbol}/${day.date}`;
  const random = seededRandom(name);
  const step = (from * 0.004 + Math.abs(to - from) * 0.5) / Math.sqrt(minutes);
  const weights = Array.from({ length: minutes }, (_, minute) => {
    const near = session === "pre" ? minute / minutes : 1 - minute / minutes;
    const weight = (0.1 + near ** 3) * random.next();
    return weight * dayVolume > 40_000 || random.next() < near ** 2 ? weight : 0;
  });
  const wander = new Float64Array(minutes + 1);
  for (let i = 1; i <= minutes; i++) wander[i] = (wander[i - 1] as number) + random.normal() * step;
  const end = wander[minutes] as number;
  const knots = new Float64Array(minutes + 1);
  knots[0] = from;
  for (let i = 1; i <= minutes; i++) {
    // The move comes early after the close, when news is out, and late before the open.
    const share = session === "pre" ? (i / minutes) ** 2 : Math.sqrt(i / minutes);
    const price = Math.max(0.01, Math.round((from + (to - from) * share + (wander[i] as number) - (end * i) / minutes) * 100) / 100);
    knots[i] = weights[i - 1] === 0 && i < minutes ? (knots[i - 1] as number) : price;
  }
  return { start: extendedStart(day, session), knots, volumes: spread(Math.round(dayVolume * 0.02), weights), salt: hash32(name) };
}

/** Price of the last trade up to and including a second of it. */
export function extendedPrice({ knots, volumes, salt }: ExtendedPath, second: number): number {
  const minute = Math.min(Math.floor(second / 60), volumes.length);
  const knot = knots[minute] as number;
  const into = second - minute * 60;
  if (into === 0 || minute === volumes.length || volumes[minute] === 0) return knot;
  const next = knots[minute + 1] as number;
  const wobble = ((mix(salt, second) >>> 0) / 4294967296 - 0.5) * knot * 0.0006;
  return Math.max(0.01, Math.round((knot + ((next - knot) * into) / 60 + wobble) * 100) / 100);
}

/** Bars of the minutes in which something traded and that start in [from, to], the last one as far as it has come at `to`. */
export function extendedBars(path: ExtendedPath, from: number, to: number): MarketBar[] {
  const bars: MarketBar[] = [];
  const first = Math.max(0, Math.ceil((from - path.start) / 60_000));
  for (let minute = first; minute < path.volumes.length && path.start + minute * 60_000 <= to; minute++) {
    if (path.volumes[minute] === 0) continue;
    const seconds = Math.min(60, Math.floor((to - path.start) / 1000) - minute * 60 + 1);
    const prices = Array.from({ length: seconds }, (_, second) => extendedPrice(path, minute * 60 + second));
    const volume = Math.max(1, Math.round(((path.volumes[minute] as number) * seconds) / 60));
    bars.push({
      t: path.start + minute * 60_000,
      o: prices[0] as number,
      h: Math.max(...prices),
      l: Math.min(...prices),
      c: prices.at(-1) as number,
      v: volume,
      n: tradesIn(volume),
      vw: Math.round((prices.reduce((a, b) => a + b, 0) / seconds) * 10_000) / 10_000,
    });
  }
  return bars;
}
