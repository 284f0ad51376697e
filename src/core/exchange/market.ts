/**
 * The market within the day: a pure function of seed, symbol and time, computed when asked for, so that an idle exchange
 * does nothing. A session's path (dayPath.ts) fits the daily bar of its source, so that minute bars, the day's bar so far
 * and the finished daily bar agree; before and after it prices move too, where the exchange has such hours.
 */
import { hash32 } from "../base/random.ts";
import type { BarSeries } from "../domain/bars.ts";
import { addDays, newYorkDate, tradingDay, tradingDayUpTo, type TradingDay } from "../domain/nyse.ts";
import type { Quote } from "../domain/orders.ts";
import { SessionCalendar } from "../domain/sessionCalendar.ts";
import type { CorporateEvent, EarningsReport } from "../domain/simulatedEvents.ts";
import type { SimulatedStock } from "../domain/simulatedUniverse.ts";
import { assetId, plainId } from "./assetId.ts";
import { haltAt, makePath, minuteBar, mix, priceAt, recordedPath, sizeAt, volumeInto, type DayPath, type Halt } from "./dayPath.ts";
import { POST_MS, PRE_MS } from "./exchangeClock.ts";
import { extendedBars, extendedPrice, extendedStart, makeExtendedPath, type ExtendedPath, type ExtendedSession } from "./extendedPath.ts";
import { BoundedMemo } from "./boundedMemo.ts";
import { barAt, mergeBars, tradesIn, type MarketBar } from "./marketBar.ts";
import { simulatedSource, type MarketSource } from "./marketSource.ts";

/** Where a time falls: in a session, or after the last one. `second` counts from the open, up to and including the close. */
interface Place {
  readonly day: TradingDay;
  readonly second: number;
}

export interface MarketTrade {
  readonly at: number;
  readonly price: number;
  readonly size: number;
  /** The print of an auction, and trades outside the session. */
  readonly kind: "open" | "close" | "regular" | "extended";
}

export interface MarketOptions {
  readonly source?: MarketSource;
  /** Prices move from 04:00 New York to the open and for four hours after the close. */
  readonly extendedHours?: boolean;
}

/** Three sessions of all symbols. */
const MAX_PATHS = 1024;
const MAX_YEARS = 2048;

export class Market {
  readonly seed: number | string;
  readonly source: MarketSource;
  readonly hasExtendedHours: boolean;
  readonly #calendar = new SessionCalendar();
  readonly #years = new BoundedMemo<BarSeries>(MAX_YEARS);
  readonly #paths = new BoundedMemo<DayPath>(MAX_PATHS);
  readonly #extended = new BoundedMemo<ExtendedPath>(MAX_PATHS);
  #session: { readonly from: number; readonly to: number; readonly day: TradingDay | undefined } = { from: 0, to: 0, day: undefined };
  /** The session before the one that was last asked about. */
  #before: { readonly date: string; readonly day: TradingDay | undefined } = { date: "", day: undefined };
  readonly #stocks: ReadonlyMap<string, SimulatedStock>;
  #byId: ReadonlyMap<string, SimulatedStock> | undefined;

  constructor(seed: number | string, { source = simulatedSource(seed), extendedHours = false }: MarketOptions = {}) {
    this.seed = seed;
    this.source = source;
    this.hasExtendedHours = extendedHours && source.kind === "simulated";
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

  /** The stock with a symbol, in any case, with an asset id, or written like AAPL:NASDAQ or AAPL:NASDAQ:us_equity, as Alpaca takes it. */
  find(symbolOrId: string): SimulatedStock | undefined {
    this.#byId ??= new Map(this.stocks.map((stock) => [assetId(stock.symbol), stock]));
    const found = this.#stocks.get(symbolOrId.toUpperCase()) ?? this.#byId.get(plainId(symbolOrId));
    if (found !== undefined || !symbolOrId.includes(":")) return found;
    const [symbol = "", listing, kind = "US_EQUITY"] = symbolOrId.toUpperCase().split(":");
    const stock = this.#stocks.get(symbol);
    return stock?.listing === listing && kind === "US_EQUITY" ? stock : undefined;
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

  /** The path outside the session that a time falls in, or the last one before it; undefined inside sessions and where there is none. */
  #outside(symbol: string, at: number): { readonly path: ExtendedPath; readonly second: number } | undefined {
    const { day } = this.#place(at);
    if (!this.hasExtendedHours || at <= day.close) return undefined;
    const next = this.#calendar.after(day.date);
    const isBefore = at >= next.open - PRE_MS;
    const path = isBefore ? this.#extendedPath(symbol, next, "pre") : this.#extendedPath(symbol, day, "post");
    return { path, second: Math.floor((Math.min(at, path.start + (isBefore ? PRE_MS : POST_MS)) - path.start) / 1000) };
  }

  /** Price of the last trade at a time. */
  last(symbol: string, at: number): number {
    const outside = this.#outside(symbol, at);
    if (outside !== undefined) return extendedPrice(outside.path, outside.second);
    const { day, second } = this.#place(at);
    return priceAt(this.#path(symbol, day), second);
  }

  /** The last trade before or at a time. */
  trade(symbol: string, at: number): MarketTrade {
    const outside = this.#outside(symbol, at);
    if (outside !== undefined) {
      const { path, second } = outside;
      const volume = path.volumes[Math.min(Math.floor(second / 60), path.volumes.length - 1)] as number;
      return { at: path.start + second * 1000, price: extendedPrice(path, second), size: Math.max(1, Math.round(volume / 60)), kind: "extended" };
    }
    const { day, second: asked } = this.#place(at);
    const path = this.#path(symbol, day);
    const second = (haltAt(path, asked)?.from ?? asked + 1) - 1;
    const isClose = second * 1000 === day.close - day.open;
    return {
      at: day.open + second * 1000,
      price: priceAt(path, second),
      size: Math.max(1, sizeAt(path, second)),
      kind: second === 0 ? "open" : isClose ? "close" : "regular",
    };
  }

  /** When the last second was, before or at `at`, in which there was trading. */
  lastTradeTime(at: number): number {
    const { day, second } = this.#place(at);
    if (!this.hasExtendedHours || at <= day.close) return day.open + second * 1000;
    const next = this.#calendar.after(day.date);
    return Math.floor((at >= next.open - PRE_MS ? at : Math.min(at, day.close + POST_MS)) / 1000) * 1000;
  }

  /** The halt that a symbol is in. */
  halt(symbol: string, at: number): { readonly from: number; readonly to: number } | undefined {
    const { day, second } = this.#place(at);
    const found = at > day.close ? undefined : haltAt(this.#path(symbol, day), second);
    return found === undefined ? undefined : timesOf(found, day);
  }

  /** The halt of a session, past or to come. */
  haltOn(symbol: string, day: TradingDay): { readonly from: number; readonly to: number } | undefined {
    const { halt } = this.#path(symbol, day);
    return halt === undefined ? undefined : timesOf(halt, day);
  }

  quote(symbol: string, at: number): Quote {
    const { at: time, price, kind } = this.trade(symbol, at);
    const halfSpread = Math.max(0.005, price * (kind === "extended" ? 0.0006 : 0.0001));
    const noise = mix(hash32(symbol), Math.floor(time / 1000));
    return {
      symbol,
      bid: Math.max(0.01, Math.floor(round4((price - halfSpread) * 100)) / 100),
      ask: Math.ceil(round4((price + halfSpread) * 100)) / 100,
      bidSize: 100 * (1 + (noise & 7)) + ((noise >>> 8) & 3 ? 0 : 1 + ((noise >>> 10) & 63)),
      askSize: 100 * (1 + ((noise >>> 3) & 7)) + ((noise >>> 16) & 3 ? 0 : 1 + ((noise >>> 18) & 63)),
      at: time,
    };
  }

  /** Shares that trade in the whole minute that `at` falls in, and when it began; 0 where no volume is known. */
  minuteVolume(symbol: string, at: number): { readonly from: number; readonly volume: number } {
    const outside = this.#outside(symbol, at);
    if (outside !== undefined) return ofMinute(outside.path.start, outside.path.volumes, outside.second);
    const { day, second } = this.#place(at);
    return ofMinute(day.open, this.#path(symbol, day).volumes, second);
  }

  /** Close of the session before the one that `at` falls in, in shares of that session: a split in between is taken into account. */
  previousClose(symbol: string, at: number): number {
    const { day } = this.#place(at);
    const { c } = this.previousBar(symbol, day);
    const split = this.eventsOn(symbol, day.date).find((event) => event.kind === "split");
    return split === undefined ? c : Math.round(((c * split.oldRate) / split.newRate) * 10_000) / 10_000;
  }

  /** The daily bar of the session before `day`. */
  previousBar(symbol: string, day: TradingDay): MarketBar {
    if (this.#before.date !== day.date) this.#before = { date: day.date, day: this.#calendar.before(day.date) };
    return this.dailyBar(symbol, this.#before.day as TradingDay);
  }

  /** Finished daily bar of a trading day; the first one there is for the days before it. Callers ask for past days only. */
  dailyBar(symbol: string, day: TradingDay): MarketBar {
    const { first, last } = this.source.years;
    const series = this.#year(symbol, Math.min(last, Math.max(first, Number(day.date.slice(0, 4)))));
    return barAt(series, Math.min(indexFrom(series.time, day.midnight), series.time.length - 1));
  }

  /** The day's bar as far as it has come at `at`; regular hours only. */
  dayBar(symbol: string, at: number): MarketBar {
    const { day, second } = this.#place(at);
    if (second >= (day.close - day.open) / 1000) return this.dailyBar(symbol, day);
    return mergeBars(this.minuteBars(symbol, day, day.open, at), day.midnight);
  }

  /** Shares and trades of the day so far: the cheap part of dayBar. */
  dayVolume(symbol: string, at: number): { readonly volume: number; readonly trades: number } {
    const { day, second } = this.#place(at);
    const path = this.#path(symbol, day);
    const minute = Math.min(Math.floor(second / 60), path.volumes.length - 1);
    let volume = volumeInto(path, minute, second - minute * 60);
    for (let i = 0; i < minute; i++) volume += path.volumes[i] as number;
    return { volume: Math.round(volume), trades: tradesIn(volume) };
  }

  /** Finished daily bars stamped in [from, to], oldest first. */
  *dailyBars(symbol: string, from: number, to: number): Generator<MarketBar> {
    const { first, last } = this.source.years;
    const year = (at: number) => Math.min(last + 1, Math.max(first - 1, Number(newYorkDate(at).slice(0, 4))));
    for (let y = Math.max(first, year(from)); y <= Math.min(last, year(to)); y++) {
      const series = this.#year(symbol, y);
      for (let i = indexFrom(series.time, from); i < series.time.length && (series.time[i] as number) <= to; i++) yield barAt(series, i);
    }
  }

  /** Splits and dividends whose ex-date lies between two dates, both included, oldest first. */
  events(symbol: string, from: string, to: string): CorporateEvent[] {
    const found: CorporateEvent[] = [];
    for (let year = Math.max(Number(from.slice(0, 4)), this.source.years.first); year <= Math.min(Number(to.slice(0, 4)), this.source.years.last); year++)
      for (const event of this.source.events(symbol, year)) if (event.exDate >= from && event.exDate <= to) found.push(event);
    return found;
  }

  eventsOn(symbol: string, date: string): readonly CorporateEvent[] {
    return this.events(symbol, date, date);
  }

  /** Earnings reports dated between two dates, both included, oldest first. */
  earnings(symbol: string, from: string, to: string): EarningsReport[] {
    const found: EarningsReport[] = [];
    for (let year = Number(from.slice(0, 4)); year <= Number(to.slice(0, 4)); year++)
      for (const report of this.source.earnings(symbol, year)) if (report.date >= from && report.date <= to) found.push(report);
    return found;
  }

  /** Minute bars of a session that start in [from, to], the last one as far as it has come at `to`; halted minutes have none. */
  minuteBars(symbol: string, day: TradingDay, from: number, to: number): MarketBar[] {
    const path = this.#path(symbol, day);
    const minutes = path.volumes.length;
    const first = Math.max(0, Math.ceil((from - day.open) / 60_000));
    const lastSecond = Math.min(Math.floor((to - day.open) / 1000), minutes * 60);
    const bars: MarketBar[] = [];
    for (let minute = first; minute < minutes && minute * 60 <= lastSecond; minute++) {
      const bar = minuteBar(path, minute, lastSecond);
      if (bar !== undefined) bars.push(bar);
    }
    return bars;
  }

  /** The last minute in which something traded, as far as it has come at `at`. */
  lastMinuteBar(symbol: string, at: number): MarketBar {
    const outside = this.#outside(symbol, at);
    if (outside !== undefined) {
      const end = outside.path.start + outside.second * 1000;
      const bar = extendedBars(outside.path, outside.path.start, end).at(-1);
      if (bar !== undefined) return bar;
    }
    const { day } = this.#place(at);
    const end = Math.min(at, day.close);
    // A pause takes five minutes.
    return this.minuteBars(symbol, day, end - 600_000, end).at(-1) ?? this.dayBar(symbol, at);
  }

  /** Minute bars before the open or after the close of a day that start in [from, to]. */
  extendedBars(symbol: string, day: TradingDay, session: ExtendedSession, from: number, to: number): MarketBar[] {
    if (!this.hasExtendedHours || extendedStart(day, session) > to) return [];
    return extendedBars(this.#extendedPath(symbol, day, session), from, to);
  }

  #extendedPath(symbol: string, day: TradingDay, session: ExtendedSession): ExtendedPath {
    return this.#extended.get(`${symbol} ${day.date} ${session}`, () => {
      const bar = this.dailyBar(symbol, day);
      const ends =
        session === "post"
          ? { from: bar.c, to: this.#afterHours(symbol, day) }
          : { from: this.#beforeHours(symbol, this.#calendar.before(day.date), day), to: bar.o };
      return makeExtendedPath(this.seed, { symbol, day, session, dayVolume: bar.v, ...ends });
    });
  }

  /** Where the price stands when the evening ends: a part of the way to the next open, most of it where earnings came out. */
  #afterHours(symbol: string, day: TradingDay): number {
    const { c } = this.dailyBar(symbol, day);
    const next = this.#calendar.after(day.date);
    const hasNews = this.earnings(symbol, day.date, day.date).some(({ hour }) => hour === "amc");
    const open = this.dailyBar(symbol, next).o / this.#splitOn(symbol, next);
    return Math.max(0.01, Math.round((c + (open - c) * (hasNews ? 0.85 : 0.3)) * 100) / 100);
  }

  /** The evening's price in shares of the morning after. */
  #beforeHours(symbol: string, evening: TradingDay, morning: TradingDay): number {
    return Math.max(0.01, Math.round(this.#afterHours(symbol, evening) * this.#splitOn(symbol, morning) * 100) / 100);
  }

  /** What a split does to the price on a day: 0.25 when four come for one. */
  #splitOn(symbol: string, day: TradingDay): number {
    const split = this.eventsOn(symbol, day.date).find((event) => event.kind === "split");
    return split === undefined ? 1 : split.oldRate / split.newRate;
  }

  #year(symbol: string, year: number): BarSeries {
    return this.#years.get(`${symbol} ${year}`, () => this.source.year(symbol, year));
  }

  #path(symbol: string, day: TradingDay): DayPath {
    return this.#paths.get(`${symbol} ${day.date}`, () => {
      const bar = this.dailyBar(symbol, day);
      const pieces = this.source.within(symbol, day);
      return pieces === undefined ? makePath(this.seed, this.stock(symbol), day, bar) : recordedPath(day, bar, pieces);
    });
  }
}

function ofMinute(start: number, volumes: Float64Array, second: number): { readonly from: number; readonly volume: number } {
  const minute = Math.min(Math.floor(second / 60), volumes.length - 1);
  return { from: start + minute * 60_000, volume: volumes[minute] ?? 0 };
}

function timesOf({ from, to }: Halt, day: TradingDay): { readonly from: number; readonly to: number } {
  return { from: day.open + from * 1000, to: day.open + to * 1000 };
}

/** The session that a time falls in, or the last one before it. */
export function placeOf(at: number): Place {
  const date = newYorkDate(at);
  const today = tradingDay(date);
  const day = today !== undefined && at >= today.open ? today : tradingDayUpTo(addDays(date, -1));
  return { day, second: Math.floor((Math.min(at, day.close) - day.open) / 1000) };
}

/** Index of the first time that is not before `at`. */
function indexFrom(times: Float64Array, at: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Takes the noise of binary fractions away before rounding up or down. */
function round4(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
