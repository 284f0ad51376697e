/**
 * The simulated market within the day: a pure function of seed, symbol and time, computed when asked for, so that an idle
 * exchange does nothing. A day's path runs from the daily bar's open through its high and low to its close, one price a
 * second, so that minute bars, the day's bar so far and the finished daily bar of domain/simulated.ts agree.
 */
import { hash32, seededRandom } from "../base/random.ts";
import type { BarSeries } from "../domain/bars.ts";
import { addDays, newYorkDate, tradingDayUpTo, tradingDay, type TradingDay } from "../domain/nyse.ts";
import type { Quote } from "../domain/orders.ts";
import { priceInPieces, type Piece } from "./replay.ts";
import { SIMULATED_UNIVERSE, simulatedDailyBars, type SimulatedStock } from "../domain/simulated.ts";

export interface MarketBar {
  /** Start, UTC milliseconds. */
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  /** Trades. */
  readonly n: number;
  readonly vw: number;
}

/** Where the daily bars come from, and finer ones if there are any. */
export interface MarketSource {
  readonly kind: "simulated" | "replay";
  readonly stocks: readonly SimulatedStock[];
  /** Bars stamped up to but not including `toMs`, or all there are. */
  daily(symbol: string, toMs: number): BarSeries;
  /** Recorded bars of a session; undefined where only the daily bar is known. */
  within(symbol: string, day: TradingDay): readonly Piece[] | undefined;
}

function simulatedSource(seed: number | string): MarketSource {
  return {
    kind: "simulated",
    stocks: SIMULATED_UNIVERSE,
    daily: (symbol, toMs) => simulatedDailyBars(symbol, seed, 0, toMs),
    within: () => undefined,
  };
}

interface DayPath {
  readonly day: TradingDay;
  readonly low: number;
  readonly high: number;
  /** Price at each minute boundary, minutes + 1 of them. */
  readonly knots: Float64Array;
  /** Shares traded in each minute. */
  readonly volumes: Float64Array;
  readonly salt: number;
  readonly pieces?: readonly Piece[];
  /** Finished minutes, as far as somebody has asked for them. */
  readonly finished: Array<MarketBar | undefined>;
}

/** Where a time falls: in a session, or after the last one. `second` counts from the open, up to and including the close. */
interface Place {
  readonly day: TradingDay;
  readonly second: number;
}

const MAX_PATHS = 1024;

export class Market {
  readonly seed: number | string;
  readonly #daily = new Map<string, { readonly until: number; readonly series: BarSeries }>();
  readonly #paths = new Map<string, DayPath>();

  readonly source: MarketSource;
  #session: { readonly from: number; readonly to: number; readonly day: TradingDay | undefined } = { from: 0, to: 0, day: undefined };
  /** The session before the one that was last asked about. */
  #before: { readonly date: string; readonly day: TradingDay | undefined } = { date: "", day: undefined };
  readonly #stocks: ReadonlyMap<string, SimulatedStock>;

  constructor(seed: number | string, source: MarketSource = simulatedSource(seed)) {
    this.seed = seed;
    this.source = source;
    this.#stocks = new Map(source.stocks.map((stock) => [stock.symbol, stock]));
  }

  get stocks(): readonly SimulatedStock[] {
    return this.source.stocks;
  }

  has(symbol: string): boolean {
    return this.#stocks.has(symbol);
  }

  /** The stock of a symbol that the market has. */
  stock(symbol: string): SimulatedStock {
    return this.#stocks.get(symbol) as SimulatedStock;
  }

  /** The session that a time falls in; asked again and again for the same one. */
  #place(at: number): Place {
    const { from, to, day } = this.#session;
    if (day !== undefined && at >= from && at < to) return { day, second: Math.floor((Math.min(at, day.close) - day.open) / 1000) };
    const place = placeOf(at);
    // Until the next session could begin: at 09:30 of the next day.
    this.#session = { from: place.day.open, to: Math.min(place.day.open + 23 * 3_600_000, place.day.midnight + 24 * 3_600_000), day: place.day };
    return place;
  }

  /** Price of the last trade at a time. */
  last(symbol: string, at: number): number {
    const { day, second } = this.#place(at);
    return this.#priceAt(this.#path(symbol, day), second);
  }

  /** When the last trade before or at `at` was. */
  lastTradeTime(at: number): number {
    const { day, second } = this.#place(at);
    return day.open + second * 1000;
  }

  quote(symbol: string, at: number): Quote {
    const { day, second } = this.#place(at);
    const price = this.#priceAt(this.#path(symbol, day), second);
    const halfSpread = Math.max(0.005, price * 0.0001);
    const noise = mix(hash32(symbol), second);
    return {
      symbol,
      bid: Math.max(0.01, Math.floor(round4((price - halfSpread) * 100)) / 100),
      ask: Math.ceil(round4((price + halfSpread) * 100)) / 100,
      bidSize: 100 * (1 + (noise & 7)),
      askSize: 100 * (1 + ((noise >>> 3) & 7)),
      at: day.open + second * 1000,
    };
  }

  /** Shares that trade in the whole minute that `at` falls in, and when it began; 0 where no volume is known. */
  minuteVolume(symbol: string, at: number): { readonly from: number; readonly volume: number } {
    const { day, second } = this.#place(at);
    const { volumes } = this.#path(symbol, day);
    const minute = Math.min(Math.floor(second / 60), volumes.length - 1);
    return { from: day.open + minute * 60_000, volume: volumes[minute] ?? 0 };
  }

  /** Close of the session before the one that `at` falls in. */
  previousClose(symbol: string, at: number): number {
    return this.previousBar(symbol, this.#place(at).day).c;
  }

  /** The daily bar of the session before `day`. */
  previousBar(symbol: string, day: TradingDay): MarketBar {
    if (this.#before.date !== day.date) this.#before = { date: day.date, day: tradingDayUpTo(addDays(day.date, -1)) };
    return this.dailyBar(symbol, this.#before.day as TradingDay);
  }

  /** Finished daily bar of a trading day. Callers ask for past days only. */
  dailyBar(symbol: string, day: TradingDay): MarketBar {
    const series = this.dailySeries(symbol, day.close);
    return barAt(series, indexOfTime(series, day.midnight));
  }

  /** The day's bar as far as it has come at `at`. */
  dayBar(symbol: string, at: number): MarketBar {
    const { day, second } = this.#place(at);
    if (second >= (day.close - day.open) / 1000) return this.dailyBar(symbol, day);
    const bars = this.minuteBars(symbol, day, day.open, at);
    return mergeBars(bars, day.midnight);
  }

  /** Daily bars by the book, future ones too: callers cut off what is not yet. */
  dailySeries(symbol: string, until: number): BarSeries {
    const known = this.#daily.get(symbol);
    if (known !== undefined && known.until > until) return known.series;
    const farther = until + 60 * 86_400_000; // walked ahead, so that a new day rarely costs a new walk
    const series = this.source.daily(symbol, farther);
    this.#daily.set(symbol, { until: farther, series });
    return series;
  }

  /** Minute bars of a session that start in [from, to], the last one as far as it has come at `to`. */
  minuteBars(symbol: string, day: TradingDay, from: number, to: number): MarketBar[] {
    const path = this.#path(symbol, day);
    const minutes = path.volumes.length;
    const first = Math.max(0, Math.ceil((from - day.open) / 60_000));
    const lastSecond = Math.min(Math.floor((to - day.open) / 1000), minutes * 60);
    const bars: MarketBar[] = [];
    for (let minute = first; minute < minutes && minute * 60 <= lastSecond; minute++) bars.push(this.#minuteBar(path, minute, lastSecond));
    return bars;
  }

  #minuteBar(path: DayPath, minute: number, lastSecond: number): MarketBar {
    // The closing price belongs to the last minute.
    const whole = minute === path.volumes.length - 1 ? minute * 60 + 60 : minute * 60 + 59;
    if (lastSecond < whole) return this.#barUpTo(path, minute, lastSecond);
    const known = path.finished[minute] ?? this.#barUpTo(path, minute, whole);
    path.finished[minute] = known;
    return known;
  }

  #barUpTo(path: DayPath, minute: number, lastSecond: number): MarketBar {
    const end = Math.min(lastSecond, minute === path.volumes.length - 1 ? minute * 60 + 60 : minute * 60 + 59);
    const open = this.#priceAt(path, minute * 60);
    let [high, low, close, sum] = [open, open, open, 0];
    for (let second = minute * 60; second <= end; second++) {
      close = this.#priceAt(path, second);
      high = Math.max(high, close);
      low = Math.min(low, close);
      sum += close;
    }
    const seconds = end - minute * 60 + 1;
    const volume = Math.round((path.volumes[minute] as number) * Math.min(1, seconds / 60));
    return {
      t: path.day.open + minute * 60_000,
      o: open,
      h: high,
      l: low,
      c: close,
      v: volume,
      n: Math.max(1, Math.round(volume / 110)),
      vw: Math.round((sum / seconds) * 10_000) / 10_000,
    };
  }

  #priceAt(path: DayPath, second: number): number {
    if (path.pieces !== undefined) return priceInPieces(path.pieces, second, path.knots[0] as number);
    const minute = Math.min(Math.floor(second / 60), path.volumes.length);
    const knot = path.knots[minute] as number;
    const into = second - minute * 60;
    if (into === 0) return knot;
    const next = path.knots[minute + 1] as number;
    const wobble = ((mix(path.salt, second) >>> 0) / 4294967296 - 0.5) * (path.high - path.low) * 0.02;
    const price = knot + ((next - knot) * into) / 60 + wobble;
    return Math.round(Math.min(path.high, Math.max(path.low, price)) * 100) / 100;
  }

  #path(symbol: string, day: TradingDay): DayPath {
    const key = `${symbol} ${day.date}`;
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const bar = this.dailyBar(symbol, day);
    const pieces = this.source.within(symbol, day);
    const path = pieces === undefined ? makePath(this.seed, symbol, day, bar) : recordedPath(day, bar, pieces);
    const oldest = this.#paths.keys().next();
    if (this.#paths.size >= MAX_PATHS && oldest.done !== true) this.#paths.delete(oldest.value);
    this.#paths.set(key, path);
    return path;
  }
}

/** The session that a time falls in, or the last one before it. */
export function placeOf(at: number): Place {
  const date = newYorkDate(at);
  const today = tradingDay(date);
  const day = today !== undefined && at >= today.open ? today : tradingDayUpTo(addDays(date, -1));
  return { day, second: Math.floor((Math.min(at, day.close) - day.open) / 1000) };
}

/** One bar out of several that follow each other. */
export function mergeBars(bars: readonly MarketBar[], t: number): MarketBar {
  const [first, last] = [bars[0] as MarketBar, bars[bars.length - 1] as MarketBar];
  let [h, l, v, n, value] = [first.h, first.l, 0, 0, 0];
  for (const bar of bars) {
    h = Math.max(h, bar.h);
    l = Math.min(l, bar.l);
    v += bar.v;
    n += bar.n;
    value += bar.vw * bar.v;
  }
  return { t, o: first.o, h, l, c: last.c, v, n, vw: v === 0 ? last.c : Math.round((value / v) * 10_000) / 10_000 };
}

export function barAt(series: BarSeries, i: number): MarketBar {
  const [o, h, l, c, v] = [series.open[i], series.high[i], series.low[i], series.close[i], series.volume[i]] as [number, number, number, number, number];
  return { t: series.time[i] as number, o, h, l, c, v, n: Math.max(1, Math.round(v / 110)), vw: Math.round(((h + l + 2 * c) / 4) * 10_000) / 10_000 };
}

function indexOfTime(series: BarSeries, time: number): number {
  let low = 0;
  let high = series.time.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((series.time[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function makePath(seed: number | string, symbol: string, day: TradingDay, bar: MarketBar): DayPath {
  const minutes = Math.round((day.close - day.open) / 60_000);
  const random = seededRandom(`${seed}/day/${symbol}/${day.date}`);
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
    for (let i = 1; i < wander.length; i++) wander[i] = (wander[i - 1] as number) + random.normal() * step;
    const end = wander[wander.length - 1] as number;
    for (let i = 0; i < wander.length; i++) {
      const share = to === from ? 0 : i / (to - from);
      knots[from + i] = Math.round(fold(a + (b - a) * share + (wander[i] as number) - end * share, bar.l, bar.h) * 100) / 100;
    }
  }
  const weights = Array.from({ length: minutes }, (_, m) => (0.6 + 1.8 * (2 * Math.abs(m / minutes - 0.5)) ** 2) * (0.5 + random.next()));
  const total = weights.reduce((a, b) => a + b, 0);
  const volumes = Float64Array.from(weights, (weight) => Math.round((bar.v * weight) / total));
  return { day, low: bar.l, high: bar.h, knots, volumes, salt: hash32(`${seed}/second/${symbol}/${day.date}`), finished: [] };
}

/** A session whose prices were recorded; the volume of a bar is spread over its minutes. */
function recordedPath(day: TradingDay, bar: MarketBar, pieces: readonly Piece[]): DayPath {
  const volumes = new Float64Array(Math.round((day.close - day.open) / 60_000));
  for (const { from, to, bar: part } of pieces) {
    const [first, last] = [Math.floor(from / 60), Math.max(Math.floor(from / 60) + 1, Math.ceil(to / 60))];
    for (let minute = first; minute < Math.min(last, volumes.length); minute++) volumes[minute] = (volumes[minute] as number) + part.v / (last - first);
  }
  return { day, low: bar.l, high: bar.h, knots: Float64Array.of(bar.o), volumes, salt: 0, pieces, finished: [] };
}

/** Reflects a value back into [low, high]. */
function fold(value: number, low: number, high: number): number {
  if (high <= low) return low;
  const width = high - low;
  let offset = (value - low) % (2 * width);
  if (offset < 0) offset += 2 * width;
  return low + (offset <= width ? offset : 2 * width - offset);
}

function mix(salt: number, n: number): number {
  let h = Math.imul(salt ^ Math.imul(n + 1, 2654435769), 2246822507);
  h = Math.imul(h ^ (h >>> 13), 3266489909);
  return h ^ (h >>> 16);
}

/** Takes the noise of binary fractions away before rounding up or down. */
function round4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
