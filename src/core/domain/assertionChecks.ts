/** What each assertion looks at. Every function answers null when it holds, else what is wrong and at which bar or trade. */
import { badInput } from "../base/errors.ts";
import type { Period } from "./assertions.ts";
import type { BacktestResult, BacktestStats, BacktestTrade } from "./backtest.ts";
import { newYorkDate, tradingDay } from "./nyse.ts";

export interface Finding {
  readonly message: string;
  readonly bar?: { readonly index: number; readonly time: string };
  readonly trade?: BacktestTrade & { readonly number: number };
}

/** UTC milliseconds, both included. */
export interface Part {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export function partOf(period: Period): Part {
  if (period === "all") return { name: "all", from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  if (typeof period === "string") return { name: period, ...rangeOf(period) };
  return { name: `${period.from} to ${period.to}`, from: rangeOf(period.from).from, to: rangeOf(period.to).to };
}

function rangeOf(text: string): { readonly from: number; readonly to: number } {
  const found = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(text);
  const [year, month, day] = [Number(found?.[1]), Number(found?.[2] ?? 1), Number(found?.[3] ?? 1)];
  const from = Date.UTC(year, month - 1, day);
  if (found === null || new Date(from).toISOString().slice(0, 10) !== [found[1], found[2] ?? "01", found[3] ?? "01"].join("-"))
    throw badInput("bad-period", `"${text}" is no year, month or day.`, "Write it like 2020, 2020-03 or 2020-03-16.");
  const next = found[3] !== undefined ? from + DAY_MS : found[2] !== undefined ? Date.UTC(year, month, 1) : Date.UTC(year + 1, 0, 1);
  return { from, to: next - 1 };
}

export function finite(what: string, value: number): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw badInput("bad-assertion", `${what}() takes a number, not ${String(value)}.`);
  return value;
}

export function boundsText({ min, max }: Bounds): string {
  if (min === undefined && max === undefined) throw badInput("bad-assertion", "stat() needs a min or a max.", "Write it like { min: 0.5 }.");
  return min === undefined ? `at most ${max}` : max === undefined ? `at least ${min}` : `from ${min} to ${max}`;
}

export function drawdownUnder(result: BacktestResult, part: Part, limit: number): Finding | null {
  let peak = 0;
  let peakAt = "";
  for (const { index, time, value } of curve(result, part)) {
    if (value > peak) [peak, peakAt] = [value, time];
    const fall = ((peak - value) / peak) * 100;
    if (fall >= limit)
      return {
        message: `the equity fell ${fall.toFixed(2)} % below its high of ${peakAt.slice(0, 10)} at bar ${index} (${time})`,
        bar: { index, time },
        ...tradeAt(result, index),
      };
  }
  return null;
}

export function returnWithin(result: BacktestResult, part: Part, { min, max }: Bounds): Finding | null {
  const points = curve(result, part);
  const [first, last] = [points[0] as Point, points.at(-1) as Point];
  const before = result.equity?.[first.index - 1]?.[1] ?? first.value;
  const pct = (last.value / before - 1) * 100;
  if ((min === undefined || pct > min) && (max === undefined || pct < max)) return null;
  return { message: `the return is ${pct.toFixed(2)} % by bar ${last.index} (${last.time})`, bar: { index: last.index, time: last.time } };
}

export function tradesBetween(result: BacktestResult, part: Part, least: number, most: number): Finding | null {
  const trades = tradesIn(result, part);
  if (trades.length >= least && trades.length <= most) return null;
  const tooMany = trades[most];
  return { message: `there are ${trades.length} trades`, ...(trades.length > most && tooMany !== undefined ? { trade: tooMany, bar: entryOf(tooMany) } : {}) };
}

/** Exits at the very end of the data are nobody's trade. */
export function noTradeInLast(result: BacktestResult, part: Part, minutes: number, close: string | undefined): Finding | null {
  for (const trade of tradesIn(result, part)) {
    const fills = [
      { what: "entered", index: trade.entryIndex, time: trade.entryTime },
      ...(trade.finalized ? [] : [{ what: "left", index: trade.exitIndex, time: trade.exitTime }]),
    ];
    for (const { what, index, time } of fills) {
      const left = closeAfter(Date.parse(time), close) - Date.parse(time);
      if (left > 0 && left <= minutes * MINUTE_MS)
        return {
          message: `trade ${trade.number} was ${what} ${left / MINUTE_MS} minutes before the close, at bar ${index} (${time})`,
          bar: { index, time },
          trade,
        };
    }
  }
  return null;
}

/** The close of the session that an instant is in or before, on its own day. NaN on days without one. */
function closeAfter(at: number, close: string | undefined): number {
  if (close === undefined) return tradingDay(newYorkDate(at))?.close ?? Number.NaN;
  const found = /^(\d{2}):(\d{2})$/.exec(close);
  if (found === null) throw badInput("bad-assertion", `close is "${close}".`, "Write the time in UTC, like 21:00.");
  return Math.floor(at / DAY_MS) * DAY_MS + (Number(found[1]) * 60 + Number(found[2])) * MINUTE_MS;
}

export function everyTrade(
  result: BacktestResult,
  part: Part,
  holds: (trade: BacktestTrade) => boolean,
  words: (trade: BacktestTrade) => string,
): Finding | null {
  const trade = tradesIn(result, part).find((one) => !holds(one));
  return trade === undefined
    ? null
    : { message: `trade ${trade.number}, entered at bar ${trade.entryIndex} (${trade.entryTime}), ${words(trade)}`, bar: entryOf(trade), trade };
}

export function statWithin({ stats }: BacktestResult, name: keyof BacktestStats, { min, max }: Bounds): Finding | null {
  const value = stats[name] as number | null | undefined;
  if (value === undefined) return { message: `there is no statistic ${name}` };
  if (value === null) return { message: `${name} is undefined for this run` };
  return (min === undefined || value >= min) && (max === undefined || value <= max) ? null : { message: `${name} is ${value}` };
}

export function custom(look: (result: BacktestResult) => unknown, result: BacktestResult): Finding | null {
  try {
    const answer = look(result);
    if (answer instanceof Promise) {
      answer.catch(() => undefined);
      return { message: "it answers a promise, but must answer at once" };
    }
    return answer === undefined || answer === true ? null : { message: typeof answer === "string" ? answer : "it does not hold" };
  } catch (error) {
    return { message: error instanceof Error ? error.message : String(error) };
  }
}

interface Point {
  readonly index: number;
  readonly time: string;
  readonly value: number;
}

function curve({ equity = [], dataset }: BacktestResult, part: Part): readonly Point[] {
  const points = equity.flatMap(([time, value], index) => (isIn(Date.parse(time), part) ? [{ index, time, value }] : []));
  if (points.length === 0) throw badInput("no-bars", `There are no bars in ${part.name}: the data go from ${dataset.from} to ${dataset.to}.`);
  return points;
}

function tradesIn({ trades }: BacktestResult, part: Part) {
  return trades.map((trade, at) => ({ ...trade, number: at + 1 })).filter((trade) => isIn(Date.parse(trade.entryTime), part));
}

function isIn(time: number, { from, to }: Part): boolean {
  return time >= from && time <= to;
}

function entryOf(trade: BacktestTrade): { readonly index: number; readonly time: string } {
  return { index: trade.entryIndex, time: trade.entryTime };
}

function tradeAt({ trades }: BacktestResult, index: number): Pick<Finding, "trade"> {
  const at = trades.findIndex((trade) => trade.entryIndex <= index && trade.exitIndex >= index);
  return at < 0 ? {} : { trade: { ...(trades[at] as BacktestTrade), number: at + 1 } };
}
