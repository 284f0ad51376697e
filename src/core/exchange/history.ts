/** Bars of any timeframe from the simulated market, in order, one at a time, never one that has not begun yet. */
import { addDays, newYorkDate, newYorkOffset, tradingDay } from "../domain/nyse.ts";
import { badRequest } from "./apiError.ts";
import { barAt, mergeBars, placeOf, type Market, type MarketBar } from "./market.ts";

export interface BarFrame {
  readonly unit: "minute" | "day" | "week" | "month";
  readonly count: number;
}

/** Alpaca's timeframes: 1-59Min, 1-23Hour, 1Day, 1Week, 1/2/3/4/6/12Month, and their short forms. */
export function readTimeframe(text: string | undefined): BarFrame {
  const match = /^(\d{1,2})(Min|T|Hour|H|Day|D|Week|W|Month|M)$/.exec(text ?? "1Day");
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
  throw badRequest(`invalid timeframe: ${text ?? ""}`);
}

export interface BarRange {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** What the exchange's clock says: nothing after it exists. */
  readonly now: number;
  readonly descending: boolean;
}

export function* barsInRange(market: Market, symbol: string, frame: BarFrame, range: BarRange): Generator<MarketBar> {
  if (frame.unit === "minute") yield* intraday(market, symbol, frame.count, range);
  else yield* fromDays(market, symbol, frame, range);
}

/** Seconds of the sessions in the range, opens and closes included: the market has one trade and one quote in each. */
export function* secondsInRange({ from, to, now, descending }: BarRange): Generator<number> {
  const [first, last] = [newYorkDate(Math.max(from, Date.UTC(2000, 0, 4))), newYorkDate(Math.min(to, now))];
  const step = descending ? -1 : 1;
  for (let date = descending ? last : first; descending ? date >= first : date <= last; date = addDays(date, step)) {
    const day = tradingDay(date);
    if (day === undefined) continue;
    const begin = Math.max(0, Math.ceil((from - day.open) / 1000));
    const end = Math.floor((Math.min(to, now, day.close) - day.open) / 1000);
    if (descending) for (let second = end; second >= begin; second--) yield day.open + second * 1000;
    else for (let second = begin; second <= end; second++) yield day.open + second * 1000;
  }
}

function* intraday(market: Market, symbol: string, minutes: number, { from, to, now, descending }: BarRange): Generator<MarketBar> {
  const [first, last] = [newYorkDate(Math.max(from, Date.UTC(2000, 0, 4))), newYorkDate(Math.min(to, now))];
  const step = descending ? -1 : 1;
  for (let date = descending ? last : first; descending ? date >= first : date <= last; date = addDays(date, step)) {
    const day = tradingDay(date);
    if (day === undefined || day.open > now) continue;
    const bars = group(
      market.minuteBars(symbol, day, day.open, Math.min(now, day.close)),
      (bar) => Math.floor(bar.t / (minutes * 60_000)) * minutes * 60_000,
    ).filter((bar) => bar.t >= from && bar.t <= to);
    yield* descending ? bars.reverse() : bars;
  }
}

function* fromDays(market: Market, symbol: string, frame: BarFrame, { from, to, now, descending }: BarRange): Generator<MarketBar> {
  const series = market.dailySeries(symbol, now);
  const today = placeOf(now).day.midnight;
  const days: MarketBar[] = [];
  const reach = frame.unit === "day" ? from : from - 400 * 86_400_000; // a period takes in what began before
  for (let i = series.time.findIndex((time) => time >= reach); i >= 0 && i < series.time.length && (series.time[i] as number) <= today; i++)
    days.push((series.time[i] as number) === today ? market.dayBar(symbol, now) : barAt(series, i));
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
