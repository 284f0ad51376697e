/** Bars of any timeframe, and the seconds that have trades, in order, one at a time, never one that has not begun yet. */
import { addDays, newYorkDate, newYorkOffset, tradingDay, type TradingDay } from "../domain/nyse.ts";
import { badRequest } from "./apiError.ts";
import { POST_MS, PRE_MS } from "./exchangeClock.ts";
import { placeOf, type Market } from "./market.ts";
import { mergeBars, type MarketBar } from "./marketBar.ts";

export interface BarFrame {
  readonly unit: "minute" | "day" | "week" | "month";
  readonly count: number;
}

/** Alpaca's timeframes: 1-59Min, 1-23Hour, 1Day, 1Week, 1/2/3/4/6/12Month, and their short forms. */
export function readTimeframe(text: string | undefined): BarFrame {
  const match = /^(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)$/.exec(text ?? "");
  const count = Number(match?.[1]);
  switch (match?.[2]) {
    case "Min":
    case "T":
      if (count >= 1 && count <= 59) return { unit: "minute", count };
      break;
    case "Hour":
    case "H":
      if (count >= 1 && count <= 23) return { unit: "minute", count: count * 60 };
      break;
    case "Day":
    case "D":
      if (count === 1) return { unit: "day", count };
      break;
    case "Week":
    case "W":
      if (count === 1) return { unit: "week", count };
      break;
    case "Month":
    case "M":
      if ([1, 2, 3, 4, 6, 12].includes(count)) return { unit: "month", count };
      break;
  }
  throw badRequest(text === undefined || text === "" ? "timeframe is required" : `invalid timeframe: ${text}`);
}

export interface BarRange {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** What the exchange's clock says: nothing after it exists. */
  readonly now: number;
  readonly descending: boolean;
}

/** `adjust`: what each bar becomes before bars are put together. */
export function* barsInRange(
  market: Market,
  symbol: string,
  frame: BarFrame,
  range: BarRange,
  adjust: (bar: MarketBar) => MarketBar = (bar) => bar,
): Generator<MarketBar> {
  if (frame.unit === "minute") yield* intraday(market, symbol, frame.count, range, adjust);
  else yield* fromDays(market, symbol, frame, range, adjust);
}

/** Days of a range that the market has, in the order that is asked for. */
function* daysInRange(market: Market, { from, to, now, descending }: BarRange): Generator<TradingDay> {
  const { years } = market.source;
  const [first, last] = [newYorkDate(Math.max(from, Date.UTC(years.first, 0, 2))), newYorkDate(Math.min(to, now, Date.UTC(years.last, 11, 31)))];
  const step = descending ? -1 : 1;
  for (let date = descending ? last : first; descending ? date >= first : date <= last; date = addDays(date, step)) {
    const day = tradingDay(date);
    if (day !== undefined) yield day;
  }
}

/** Seconds of a range in which a symbol was traded: every second of a session, opens and closes included, unless it was halted; fewer outside. */
export function* secondsInRange(market: Market, symbol: string, range: BarRange): Generator<number> {
  const { from, to, now, descending } = range;
  const end = Math.min(to, now);
  for (const day of daysInRange(market, range)) {
    const halt = day.open > end ? undefined : market.haltOn(symbol, day);
    const windows: Array<readonly [first: number, last: number]> = [
      ...outsideMinutes(market, symbol, day, "pre", end),
      ...(halt === undefined ? [[day.open, day.close] as const] : [[day.open, halt.from - 1000] as const, [halt.to, day.close] as const]),
      ...outsideMinutes(market, symbol, day, "post", end),
    ];
    for (const [opens, closes] of descending ? windows.reverse() : windows) {
      const first = Math.max(opens, Math.ceil(from / 1000) * 1000);
      const last = Math.min(closes, Math.floor(end / 1000) * 1000);
      if (descending) for (let at = last; at >= first; at -= 1000) yield at;
      else for (let at = first; at <= last; at += 1000) yield at;
    }
  }
}

function outsideMinutes(market: Market, symbol: string, day: TradingDay, session: "pre" | "post", end: number): ReadonlyArray<readonly [number, number]> {
  const [from, to] = session === "pre" ? [day.open - PRE_MS, day.open - 1000] : [day.close, day.close + POST_MS];
  const bars = market.extendedBars(symbol, day, session, from, Math.min(to, end));
  return bars.map(({ t }) => [session === "post" && t === day.close ? t + 1000 : t, t + 59_000] as const);
}

function* intraday(market: Market, symbol: string, minutes: number, range: BarRange, adjust: (bar: MarketBar) => MarketBar): Generator<MarketBar> {
  const { from, to, now, descending } = range;
  for (const day of daysInRange(market, range)) {
    const ofDay = [
      ...market.extendedBars(symbol, day, "pre", day.open - PRE_MS, Math.min(now, day.open - 1)),
      ...(day.open > now ? [] : market.minuteBars(symbol, day, day.open, Math.min(now, day.close))),
      ...market.extendedBars(symbol, day, "post", day.close, Math.min(now, day.close + POST_MS)),
    ];
    const bars = group(ofDay.map(adjust), (bar) => Math.floor(bar.t / (minutes * 60_000)) * minutes * 60_000).filter((bar) => bar.t >= from && bar.t <= to);
    yield* descending ? bars.reverse() : bars;
  }
}

function* fromDays(market: Market, symbol: string, frame: BarFrame, range: BarRange, adjust: (bar: MarketBar) => MarketBar): Generator<MarketBar> {
  const { from, to, now, descending } = range;
  const today = placeOf(now).day.midnight;
  const reach = frame.unit === "day" ? from : from - 400 * 86_400_000; // a period takes in what began before
  const days: MarketBar[] = [];
  for (const bar of market.dailyBars(symbol, reach, Math.min(today, frame.unit === "day" ? to : today)))
    days.push(adjust(bar.t === today ? market.dayBar(symbol, now) : bar));
  const bars = frame.unit === "day" ? days : group(days, (bar) => periodStart(bar.t, frame));
  const wanted = bars.filter((bar) => bar.t >= from && bar.t <= to);
  yield* descending ? wanted.reverse() : wanted;
}

function group(bars: readonly MarketBar[], startOf: (bar: MarketBar) => number): MarketBar[] {
  const groups: MarketBar[] = [];
  for (let i = 0; i < bars.length; ) {
    const start = startOf(bars[i] as MarketBar);
    let end = i + 1;
    while (end < bars.length && startOf(bars[end] as MarketBar) === start) end++;
    groups.push(mergeBars(bars.slice(i, end), start));
    i = end;
  }
  return groups;
}

/** New York midnight of the Monday or of the first day of the months that a day belongs to. */
function periodStart(t: number, frame: BarFrame): number {
  const date = newYorkDate(t);
  const utc = new Date(`${date}T00:00:00Z`);
  if (frame.unit === "week") return newYorkMidnight(addDays(date, -((utc.getUTCDay() + 6) % 7)));
  const month = Math.floor(utc.getUTCMonth() / frame.count) * frame.count;
  return newYorkMidnight(new Date(Date.UTC(utc.getUTCFullYear(), month, 1)).toISOString().slice(0, 10));
}

function newYorkMidnight(date: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  const summer = utc + 4 * 3_600_000;
  return summer + newYorkOffset(summer) === utc ? summer : utc + 5 * 3_600_000;
}
