/**
 * The market out of bars that somebody recorded: every session of the calendar from the first bar to the last, prices
 * second by second inside each bar (open, then the nearer of high and low, then the other, then close). Daily bars get
 * the simulated market's path within the day. A session that a file leaves out is flat and without volume.
 */
import { badInput } from "../base/errors.ts";
import type { BarSeries, Dataset } from "../domain/bars.ts";
import { addDays, newYorkDate, tradingDays, type TradingDay } from "../domain/nyse.ts";
import type { CorporateEvent } from "../domain/simulatedEvents.ts";
import type { SimulatedStock } from "../domain/simulatedUniverse.ts";
import { tradesIn, type MarketBar } from "./marketBar.ts";
import type { MarketSource, Piece } from "./marketSource.ts";
import { ACTIONS_FILE } from "./replayActions.ts";

export interface Replay extends MarketSource {
  readonly firstDay: TradingDay;
  readonly lastDay: TradingDay;
  /** Sessions in the data. */
  readonly sessions: number;
}

const DAY_MS = 86_400_000;

/** `events`: for prices that were not adjusted for them. Throws `badInput` when the bars cannot be a market. */
export function openReplay(datasets: readonly Dataset[], events: readonly CorporateEvent[] = []): Replay {
  const columns = new Map<string, Recorded>();
  for (const { info, series } of datasets) {
    const symbol = info.name.toUpperCase();
    if (!/^[A-Z][A-Z0-9.]{0,15}$/.test(symbol))
      throw badInput("bad-data", `${info.source} cannot be a symbol.`, "Name each file for its symbol, like AAPL.csv.");
    if (columns.has(symbol)) throw badInput("bad-data", `There are two files for ${symbol}.`, "Keep one of them.");
    columns.set(symbol, recordedOf(series, info.source));
  }
  const dates = [...columns.values()].flatMap(({ days }) => [...days.keys()]).sort();
  const [first, last] = [dates[0], dates.at(-1)];
  const sessions = first === undefined || last === undefined ? [] : tradingDays(first, last);
  const [firstDay, lastDay] = [sessions[0], sessions.at(-1)];
  if (firstDay === undefined || lastDay === undefined)
    throw badInput(
      "bad-data",
      "The data has no bar inside a session of the New York Stock Exchange.",
      "Give bars from 09:30 to 16:00 New York, times in UTC, or daily bars.",
    );
  const stranger = events.find(({ symbol }) => !columns.has(symbol));
  if (stranger !== undefined)
    throw badInput("bad-data", `${ACTIONS_FILE} speaks of ${stranger.symbol}, which has no bars.`, "Add its file, or leave the line out.");
  const daily = new Map([...columns].map(([symbol, recorded]) => [symbol, dailyOf(symbol, recorded, sessions)]));
  return {
    kind: "replay",
    firstDay,
    lastDay,
    sessions: sessions.length,
    stocks: [...columns].map(([symbol]) => stockOf(symbol)).sort((a, b) => (a.symbol < b.symbol ? -1 : 1)),
    years: { first: Number(firstDay.date.slice(0, 4)), last: Number(lastDay.date.slice(0, 4)) },
    year: (symbol, year) => yearOf(daily.get(symbol) as BarSeries, year),
    events: (symbol, year) => events.filter((event) => event.symbol === symbol && event.exDate.startsWith(`${year}-`)),
    earnings: () => [],
    within: (symbol, day) => {
      const recorded = columns.get(symbol);
      return recorded?.isIntraday === true ? (recorded.days.get(day.date) ?? []) : undefined;
    },
  };
}

interface Recorded {
  readonly isIntraday: boolean;
  /** By New York date, oldest first. A daily bar is one piece. */
  readonly days: ReadonlyMap<string, readonly Piece[]>;
}

function recordedOf(series: BarSeries, source: string): Recorded {
  const { time, timeframe } = series;
  if (timeframe === "1Week" || timeframe === "1Month")
    throw badInput("bad-data", `${source} holds bars of a ${timeframe === "1Week" ? "week" : "month"}.`, "Give daily bars or finer ones.");
  let step = Number.POSITIVE_INFINITY;
  for (let i = 1; i < time.length; i++) step = Math.min(step, (time[i] as number) - (time[i - 1] as number));
  const isIntraday = step < DAY_MS / 2;
  const days = new Map<string, Piece[]>();
  const sessions = new Map<string, TradingDay | undefined>();
  for (let i = 0; i < time.length; i++) {
    const at = time[i] as number;
    // A date without a time is stamped with midnight UTC, which is the evening before in New York.
    const date = !isIntraday && at % DAY_MS === 0 ? new Date(at).toISOString().slice(0, 10) : newYorkDate(at);
    if (!sessions.has(date)) sessions.set(date, tradingDays(date, date)[0]);
    const day = sessions.get(date);
    if (day === undefined) continue;
    const bar = barOf(series, i);
    const [from, to] = isIntraday ? [Math.max(0, (at - day.open) / 1000), Math.min((day.close - day.open) / 1000, (at + step - day.open) / 1000)] : [0, 0];
    if (isIntraday && to <= from) continue; // before the open or after the close
    const pieces = days.get(date);
    if (pieces === undefined) days.set(date, [{ from, to, bar }]);
    else if (isIntraday) pieces.push({ from, to, bar });
  }
  return { isIntraday, days };
}

function barOf(series: BarSeries, i: number): MarketBar {
  const [o, h, l, c, v] = [series.open[i], series.high[i], series.low[i], series.close[i], series.volume[i]] as [number, number, number, number, number];
  return { t: series.time[i] as number, o, h, l, c, v, n: tradesIn(v), vw: Math.round(((h + l + 2 * c) / 4) * 10_000) / 10_000 };
}

function yearOf(series: BarSeries, year: number): BarSeries {
  const yearAt = (time: number) => Number(newYorkDate(time).slice(0, 4));
  const from = series.time.findIndex((time) => yearAt(time) >= year);
  const after = series.time.findIndex((time) => yearAt(time) > year);
  const [start, end] = [from === -1 ? series.time.length : from, after === -1 ? series.time.length : after];
  const cut = (column: Float64Array) => column.subarray(start, end);
  return {
    ...series,
    time: cut(series.time),
    open: cut(series.open),
    high: cut(series.high),
    low: cut(series.low),
    close: cut(series.close),
    volume: cut(series.volume),
  };
}

/** One bar a session, without gaps. */
function dailyOf(symbol: string, { days }: Recorded, sessions: readonly TradingDay[]): BarSeries {
  const column = () => new Float64Array(sessions.length);
  const series = {
    symbol,
    timeframe: "1Day" as const,
    time: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
    simulated: false,
  };
  const first = [...days.values()][0]?.[0]?.bar.o ?? Number.NaN;
  let close = first;
  for (const [i, day] of sessions.entries()) {
    const pieces = days.get(day.date) ?? [];
    series.time[i] = day.midnight;
    series.open[i] = pieces[0]?.bar.o ?? close;
    series.high[i] = pieces.length === 0 ? close : Math.max(...pieces.map(({ bar }) => bar.h));
    series.low[i] = pieces.length === 0 ? close : Math.min(...pieces.map(({ bar }) => bar.l));
    close = pieces.at(-1)?.bar.c ?? close;
    series.close[i] = close;
    series.volume[i] = pieces.reduce((sum, { bar }) => sum + bar.v, 0);
  }
  return series;
}

/** The price at a second of the session; between pieces the close of the last one holds. */
export function priceInPieces(pieces: readonly Piece[], second: number, before: number): number {
  let [low, high] = [0, pieces.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pieces[middle] as Piece).from <= second) low = middle + 1;
    else high = middle;
  }
  const piece = pieces[low - 1];
  if (piece === undefined) return pieces[0]?.bar.o ?? before;
  const { from, to, bar } = piece;
  if (second >= to - 1) return bar.c;
  const upFirst = Math.abs(bar.h - bar.o) <= Math.abs(bar.o - bar.l);
  const length = to - 1 - from;
  const third = Math.max(1, Math.floor(length / 3));
  const stations = [bar.o, upFirst ? bar.h : bar.l, upFirst ? bar.l : bar.h, bar.c] as const;
  const leg = Math.min(2, Math.floor((second - from) / third));
  const start = leg * third;
  const end = leg === 2 ? length : start + third;
  const share = (second - from - start) / (end - start);
  const [a, b] = [stations[leg] as number, stations[leg + 1] as number];
  return share === 0 ? a : Math.round((a + (b - a) * share) * 10_000) / 10_000;
}

function stockOf(symbol: string): SimulatedStock {
  return { symbol, name: `${symbol}, replayed`, sector: "Unknown", listing: "NYSE", startPrice: 0, volatility: 0, beta: 1, volumeMillions: 0 };
}

/** Where a replay starts unless told otherwise: in its second session, so that there is a day before; 10:00 New York. */
export function replayStart({ firstDay, lastDay }: Replay): number {
  const day = tradingDays(addDays(firstDay.date, 1), lastDay.date)[0] ?? firstDay;
  return day.open + 30 * 60_000;
}
