/**
 * A folder of price files, one symbol each, as the market data of a day in the past. A bar is shown only when it had
 * ended by then, so that nothing of what came later can be seen: daily bars at the end of their day, UTC.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { badInput, TradingError } from "../base/errors.ts";
import { sliceBars, type BarSeries } from "../domain/bars.ts";
import type { MarketData, PricesOfThePast } from "../domain/ports.ts";
import { DAY_MS, dailyBars, dayOf } from "./dailyBars.ts";
import { readFileDataset } from "./fileDataset.ts";

const PRICES = /\.(?:csv|tsv|parquet)(?:\.gz)?$/i;
const SYMBOL = /^[A-Z0-9]{1,10}(?:[.-][A-Z0-9]{1,10})?$/;
const MAX_FILES = 5000;
const FILES_AT_ONCE = 4;
/** A symbol whose last bar is older than this was no longer traded. */
const STALE_MS = 7 * DAY_MS;

/** `path` is a folder or one file. Files that cannot be used are told to `warn`, a sentence each. Throws bad input when none is left. */
export async function readPricesAsOf(path: string, asOf: number, warn: (sentence: string) => void, signal: AbortSignal): Promise<PricesOfThePast> {
  const files = await priceFiles(path);
  const bySymbol = new Map<string, BarSeries>();
  let next = 0;
  const reader = async () => {
    for (let file = files[next++]; file !== undefined; file = files[next++]) {
      const series = await readOne(file, warn, signal);
      if (series === undefined) continue;
      if (bySymbol.has(series.symbol)) warn(`${basename(file)}: there are prices of ${series.symbol} already; this file is left out.`);
      else bySymbol.set(series.symbol, series);
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, reader));
  if (bySymbol.size === 0)
    throw badInput("no-prices", `${path} has no file of daily prices that can be used.`, "Give a folder of CSV or Parquet files, one symbol each.");
  const known = new Map<string, BarSeries>();
  for (const [symbol, series] of bySymbol) {
    const seen = sliceBars(series, 0, endedBy(series.time, asOf));
    if (seen.time.length > 0 && (seen.time.at(-1) as number) >= asOf - STALE_MS) known.set(symbol, seen);
  }
  if (known.size === 0) {
    const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    const first = Math.min(...[...bySymbol.values()].map(({ time }) => time[0] as number));
    const last = Math.max(...[...bySymbol.values()].map(({ time }) => time.at(-1) as number));
    throw badInput("no-bars", `${path} has no prices on or shortly before ${day(asOf)}.`, `They go from ${day(first)} to ${day(last)}.`);
  }
  return { asOf, symbols: [...known.keys()].sort(), data: marketOf(known, asOf) };
}

async function priceFiles(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) throw badInput("no-such-file", `There is no folder ${path}.`, "Check the path.");
  if (!found.isDirectory()) return [path];
  const files = (await readdir(path)).filter((name) => PRICES.test(name)).sort();
  if (files.length > MAX_FILES)
    throw badInput("too-many-files", `${path} has ${files.length} files of prices, at most ${MAX_FILES} are read.`, "Split the folder.");
  return files.map((name) => join(path, name));
}

async function readOne(file: string, warn: (sentence: string) => void, signal: AbortSignal): Promise<BarSeries | undefined> {
  try {
    const { series } = await readFileDataset(file, {}, signal);
    const symbol = series.symbol.toUpperCase();
    if (!SYMBOL.test(symbol)) throw badInput("bad-symbol", "its name is no symbol like AAPL.");
    return { ...dailyBars(series), symbol };
  } catch (error) {
    signal.throwIfAborted();
    const { message } = TradingError.from(error, "bad-csv");
    warn(`${message.includes(basename(file)) ? "" : `${basename(file)}: `}${message} The file is left out.`);
    return undefined;
  }
}

/** How many of the daily bars had ended. */
function endedBy(time: Float64Array, asOf: number): number {
  const after = time.findIndex((start) => (dayOf(start) + 1) * DAY_MS - 1 > asOf);
  return after < 0 ? time.length : after;
}

function marketOf(known: ReadonlyMap<string, BarSeries>, asOf: number): MarketData {
  const today = Math.max(...[...known.values()].map(({ time }) => dayOf(time.at(-1) as number)));
  /** What stood still on the last day moved nowhere. */
  const traded = [...known.values()].filter(({ time }) => time.length > 1 && dayOf(time.at(-1) as number) === today);
  const moves = traded
    .map(({ symbol, close }) => ({ symbol, price: close.at(-1) as number, changePct: ((close.at(-1) as number) / (close.at(-2) as number) - 1) * 100 }))
    .filter(({ changePct }) => Number.isFinite(changePct))
    .sort((a, b) => b.changePct - a.changePct || (a.symbol < b.symbol ? -1 : 1));
  const active = traded
    .map(({ symbol, volume }) => ({ symbol, volume: volume.at(-1) as number, trades: 0 }))
    .filter(({ volume }) => volume > 0)
    .sort((a, b) => b.volume - a.volume || (a.symbol < b.symbol ? -1 : 1));
  const notKnown = (what: string) =>
    Promise.reject(new TradingError("not-known", `no ${what} as of ${new Date(asOf).toISOString().slice(0, 10)}: only prices are known`));
  return {
    simulated: [...known.values()].some(({ simulated }) => simulated),
    bars: (symbols, { timeframe, limit = Number.POSITIVE_INFINITY, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY }) => {
      if (timeframe !== "1Day") return notKnown(`${timeframe} bars`);
      const asked = symbols.flatMap((symbol) => known.get(symbol) ?? []);
      const cut = asked.map((series) => {
        const start = firstAtOrAfter(series.time, from);
        const end = firstAtOrAfter(series.time, to + 1);
        return sliceBars(series, Math.max(start, end - limit), end);
      });
      return Promise.resolve(new Map(cut.filter(({ time }) => time.length > 0).map((series) => [series.symbol, series])));
    },
    movers: (top) =>
      Promise.resolve({
        gainers: moves.filter(({ changePct }) => changePct > 0).slice(0, top),
        losers: moves
          .filter(({ changePct }) => changePct < 0)
          .reverse()
          .slice(0, top),
      }),
    mostActive: (top) => Promise.resolve(active.slice(0, top)),
    quotes: () => notKnown("quotes"),
    news: () => notKnown("news"),
    assets: () => Promise.resolve([...known.keys()].sort().map((symbol) => ({ symbol, name: symbol, tradable: true, fractionable: true, shortable: true }))),
  };
}

function firstAtOrAfter(time: Float64Array, ms: number): number {
  const at = time.findIndex((start) => start >= ms);
  return at < 0 ? time.length : at;
}
