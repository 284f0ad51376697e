/** The history of one symbol from the market data service, kept on disk between runs where it is real. */
import { badInput, TradingError } from "../base/errors.ts";
import { newYorkDate } from "../domain/nyse.ts";
import { sliceBars, type BarSeries, type CorporateAction, type Timeframe } from "../domain/bars.ts";
import type { BarVendor, MarketData, VendorBars } from "../domain/ports.ts";
import { actionsLeft } from "./actions.ts";
import { BarCache, type BarKey, type CachedBars } from "./barCache.ts";
import { counted } from "./findings.ts";

export interface SymbolHistory {
  readonly series: BarSeries;
  /** As results and reports name it. */
  readonly source: string;
  readonly adjustment: string;
  readonly asOf: string | null;
  /** What a reader of the prices must know, a sentence each. */
  readonly notes: readonly string[];
}

export interface HistoryQuery {
  readonly timeframe: Timeframe;
  /** UTC milliseconds, included. Without a start the newest `limit` bars are read. */
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
}

export interface SymbolBars {
  readonly data: MarketData;
  /** Undefined when there are no bars. */
  history(symbol: string, query: HistoryQuery, signal: AbortSignal): Promise<SymbolHistory | undefined>;
  /** Daily bars of another vendor; undefined when there are none. Throws what is missing. */
  vendorHistory(
    vendor: BarVendor,
    symbol: string,
    range: { readonly from: number; readonly to?: number },
    signal: AbortSignal,
  ): Promise<SymbolHistory | undefined>;
}

const VENDORS: Readonly<Record<BarVendor, { readonly title: string; readonly adjustment: string }>> = {
  alphavantage: { title: "Alpha Vantage", adjustment: "raw" },
  yahoo: { title: "Yahoo Finance (unofficial)", adjustment: "split" },
};

export interface SymbolBarsOptions {
  readonly data: MarketData;
  readonly feed: string;
  readonly adjustment: string;
  /** Of the data service, with the trading mode that it is used for. */
  readonly origin: string;
  readonly vendorBars?: VendorBars;
  /** Nothing is kept when absent. */
  readonly cache?: BarCache;
  readonly now: () => number;
}

export function createSymbolBars({ data, feed, adjustment, origin, vendorBars, cache, now }: SymbolBarsOptions): SymbolBars {
  const fetch = async (symbol: string, query: HistoryQuery, signal: AbortSignal) => (await data.bars([symbol], query, signal)).get(symbol);
  /** What the prices are not adjusted for; a failure costs a sentence, for the bars are there. */
  const actionsOf = async ({ symbol, time }: BarSeries, asOf: number, signal: AbortSignal): Promise<readonly CorporateAction[] | TradingError> => {
    const [from, last] = [time[0], time.at(-1)];
    if (adjustment === "all" || from === undefined || last === undefined) return [];
    try {
      // Later splits, too, have changed prices that are adjusted for them. A simulated market may be ahead of the clock.
      const found = await data.corporateActions?.([symbol], { from, to: Math.max(asOf, last) }, signal);
      return actionsLeft(found?.get(symbol) ?? [], adjustment, { from, to: last });
    } catch (error) {
      signal.throwIfAborted();
      return TradingError.from(error, "no-actions");
    }
  };
  const described = (bars: BarSeries, actions: readonly CorporateAction[] | TradingError, asOf: number): SymbolHistory | undefined => {
    const last = bars.time.at(-1);
    if (last === undefined) return undefined;
    const { series, notes } = withActions(bars, actions, adjustment);
    if (series.simulated) return { series, source: "SIMULATED exchange", adjustment, asOf: new Date(last).toISOString(), notes };
    return { series, source: `Alpaca ${feed}`, adjustment, asOf: newYorkDate(asOf), notes };
  };
  return {
    data,
    history: async (symbol, query, signal) => {
      const { from, to } = query;
      const asOf = now();
      const key: BarKey = { origin, feed, adjustment, symbol, timeframe: query.timeframe };
      const kept = data.simulated || from === undefined ? undefined : await cache?.read(key);
      if (kept?.actions !== undefined && from !== undefined && isGood(kept, { from, to: to ?? asOf, isOpen: to === undefined, now: asOf, adjustment }))
        return described(between(kept.series, from, to ?? asOf), kept.actions, kept.asOf);
      const series = await fetch(symbol, query, signal);
      if (series === undefined) return undefined;
      const actions = await actionsOf(series, asOf, signal);
      // Only the answer shows that an address is a simulated exchange's: another seed may be behind it next time.
      if (from !== undefined && !series.simulated)
        await cache?.write(key, { from, to: to ?? asOf, asOf, series, ...(actions instanceof TradingError ? {} : { actions }) });
      return described(series, actions, asOf);
    },
    vendorHistory: async (vendor, symbol, { from, to }, signal) => {
      const { title, adjustment: adjusted } = VENDORS[vendor];
      if (vendorBars === undefined) throw badInput("no-source", `There is no ${title} here.`);
      const asOf = now();
      const key: BarKey = { origin: vendor, feed: vendor, adjustment: adjusted, symbol, timeframe: "1Day" };
      const kept = data.simulated ? undefined : await cache?.read(key);
      const isKept = kept !== undefined && isGood(kept, { from, to: to ?? asOf, isOpen: to === undefined, now: asOf, adjustment: adjusted });
      const whole = isKept ? kept.series : await vendorBars.dailyBars(vendor, symbol, { from, to: to ?? asOf }, signal);
      const series = between(whole, from, to ?? asOf);
      if (series.time.length === 0) return undefined;
      if (series.simulated)
        return { series, source: `SIMULATED ${title}`, adjustment: adjusted, asOf: new Date(series.time.at(-1) as number).toISOString(), notes: [] };
      if (!isKept) await cache?.write(key, { from, to: to ?? asOf, asOf, series: whole });
      return { series, source: title, adjustment: adjusted, asOf: newYorkDate(isKept ? kept.asOf : asOf), notes: [] };
    },
  };
}

function withActions(
  bars: BarSeries,
  found: readonly CorporateAction[] | TradingError,
  adjustment: string,
): { readonly series: BarSeries; readonly notes: readonly string[] } {
  const { symbol, time, timeframe } = bars;
  const what = adjustment === "raw" ? "splits and dividends" : adjustment === "split" ? "dividends" : "splits";
  if (found instanceof TradingError)
    return {
      series: bars,
      notes: [
        `The ${what} of ${symbol}, which its prices (adjustment: ${adjustment}) are not adjusted for, could not be read: ${found.message} They are in no figure.`,
      ],
    };
  const [from, to] = [time[0] as number, time.at(-1) as number];
  const actions = found.filter((action) => action.time > from && action.time <= to);
  if (actions.length === 0) return { series: bars, notes: [] };
  if (timeframe === "1Week" || timeframe === "1Month")
    return {
      series: bars,
      notes: [`${what[0]?.toUpperCase()}${what.slice(1)} of ${symbol} are in no figure: they fall into bars of a week or month. Take daily bars.`],
    };
  const [splits, dividends] = [actions.filter(({ kind }) => kind === "split").length, actions.filter(({ kind }) => kind === "dividend").length];
  const parts = [splits > 0 ? counted(splits, "split") : "", dividends > 0 ? counted(dividends, "dividend") : ""].filter((part) => part !== "");
  return {
    series: { ...bars, actions },
    notes: [`${parts.join(" and ")} of ${symbol} ${actions.length === 1 ? "is" : "are"} applied to the account, since the prices are not adjusted for them.`],
  };
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Bars up to now change with every trade; a daily bar of today is not the reason to fetch twenty years again. */
const OPEN_FOR_MS = 10 * MINUTE_MS;
/** Raw bars of the past are corrected now and then. */
const RAW_FOR_MS = 30 * DAY_MS;

interface Wanted {
  readonly from: number;
  readonly to: number;
  /** Up to now. */
  readonly isOpen: boolean;
  readonly now: number;
  readonly adjustment: string;
}

/** Adjusted prices change in the past with every split and dividend: they hold for the New York day on which they were read. */
function isGood(kept: CachedBars, { from, to, isOpen, now, adjustment }: Wanted): boolean {
  const age = now - kept.asOf;
  if (age < 0 || kept.from > from) return false;
  if (isOpen) return age < OPEN_FOR_MS && kept.to === kept.asOf;
  if (to > kept.to) return false;
  // The last days before it was read may still have been under way.
  if (to > kept.asOf - 2 * DAY_MS) return age < OPEN_FOR_MS;
  return adjustment === "raw" ? age < RAW_FOR_MS : newYorkDate(now) === newYorkDate(kept.asOf);
}

function between(series: BarSeries, from: number, to: number): BarSeries {
  const start = series.time.findIndex((time) => time >= from);
  const end = series.time.findLastIndex((time) => time <= to) + 1;
  return start < 0 ? sliceBars(series, 0, 0) : sliceBars(series, start, Math.max(start, end));
}
