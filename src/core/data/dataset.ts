/** A data set by the reference that a person writes: a sample, a CSV file or a symbol. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { badInput } from "../base/errors.ts";
import { knownNames, nearest } from "../base/nearest.ts";
import { sliceBars, type Dataset, type Timeframe } from "../domain/bars.ts";
import type { BarVendor, MarketData } from "../domain/ports.ts";
import { oddities } from "./oddities.ts";
import { createPace } from "./pace.ts";
import type { SymbolBars } from "./symbolBars.ts";
import { readFileDataset } from "./fileDataset.ts";
import { parseInstant } from "./instants.ts";
import { isoOf, spanOf } from "./timeframe.ts";
import { hashOfBars, sampleDataset, SAMPLE_NAMES, type SampleName } from "./samples.ts";

export interface DatasetRange {
  /** Of a symbol's bars, 1Day when absent; a file or sample must have it already. */
  readonly timeframe?: Timeframe;
  /** Dates or times, both included; a date as `to` includes that day. */
  readonly from?: string;
  readonly to?: string;
  /** IANA name of the zone of a file's times that say none; UTC when absent. */
  readonly timeZone?: string;
}

const FILE = /\.(?:csv|tsv|parquet)(?:\.gz)?$|[/\\]/i;
const SYMBOL = /^[A-Z][A-Z0-9]{0,9}([./-][A-Z0-9]{1,9})*$/;
/** Alpaca's daily bars begin in 2016; asking for more costs nothing. */
const FIRST_DAY = Date.UTC(2000, 0, 1);
/** Without a range, that many bars within the day are read. */
const INTRADAY_BARS = 10_000;

export async function loadDataset(reference: string, symbols: SymbolBars | null, options: DatasetRange, signal: AbortSignal): Promise<Dataset> {
  signal.throwIfAborted();
  const from = options.from === undefined ? undefined : parseInstant(options.from, "The start (from)");
  const to = options.to === undefined ? undefined : parseInstant(options.to, "The end (to)", { end: true });
  if (from !== undefined && to !== undefined && from > to)
    throw badInput("bad-time", `The start ${options.from} is after the end ${options.to}.`, "Swap them.");
  if (reference.includes(",") && (await stat(reference).catch(() => undefined)) === undefined) {
    const parts = reference.split(",").map((part) => part.trim());
    return combined(await Promise.all(parts.map((part) => loadDataset(part, symbols, options, signal))));
  }
  if (reference.startsWith("sample:")) {
    if (!isSample(reference)) throw badInput("unknown-data", `There is no sample "${reference}".`, knownNames(reference, SAMPLE_NAMES));
    if (options.timeZone !== undefined) throw noZone(reference);
    return within(inTimeframe(await sampleDataset(reference, signal), options.timeframe), from, to);
  }
  const vendor = /^(alphavantage|yahoo):(.*)$/.exec(reference);
  if (vendor !== null && symbols !== null) {
    if (options.timeZone !== undefined) throw noZone(reference);
    if (options.timeframe !== undefined && options.timeframe !== "1Day")
      throw badInput("bad-timeframe", `${vendor[1]} is asked for daily bars only.`, "Leave the timeframe out.");
    return await byVendor(vendor[1] as BarVendor, vendor[2] as string, symbols, { from, to }, signal);
  }
  const found = await stat(reference).catch(() => undefined);
  // A folder may happen to be named like a symbol.
  if (FILE.test(reference) || found?.isFile() === true || (found !== undefined && !SYMBOL.test(reference)))
    return within(
      inTimeframe(await readFileDataset(reference, options.timeZone === undefined ? {} : { timeZone: options.timeZone }, signal), options.timeframe),
      from,
      to,
    );
  if (options.timeZone !== undefined) throw noZone(reference);
  if (!SYMBOL.test(reference))
    throw badInput(
      "unknown-data",
      `"${reference}" is no file of prices, sample or symbol.`,
      "Name a CSV or Parquet file, sample:sp500, sample:simulated, a symbol like AAPL, or alphavantage:AAPL.",
    );
  if (symbols === null)
    throw badInput(
      "unknown-data",
      `There is no file or sample "${reference}", and no market data to look the symbol up in.`,
      "Name a file that ends in .csv, sample:sp500 or sample:simulated.",
    );
  return await bySymbol(reference, symbols, options.timeframe ?? "1Day", { from, to }, signal);
}

/** Several symbols as one data set, in the order given. */
function combined(parts: readonly Dataset[]): Dataset {
  const [first, ...others] = parts as [Dataset, ...Dataset[]];
  const symbols = parts.map(({ series }) => series.symbol);
  const twice = symbols.find((symbol, i) => symbols.indexOf(symbol) !== i);
  if (twice !== undefined) throw badInput("same-symbol", `The data has ${twice} twice.`, "Name each symbol once; a file's symbol is its name.");
  const infos = parts.map(({ info }) => info);
  const joined = (values: ReadonlyArray<string | null>) => [...new Set(values)].join(", ");
  return {
    info: {
      ...first.info,
      name: infos.map(({ name }) => name).join(", "),
      bars: Math.max(...infos.map(({ bars }) => bars)),
      from: isoOf(Math.min(...parts.map(({ series }) => series.time[0] as number))),
      to: isoOf(Math.max(...parts.map(({ series }) => series.time.at(-1) as number))),
      sha256: createHash("sha256")
        .update(infos.map(({ sha256 }) => sha256).join())
        .digest("hex"),
      source: joined(infos.map(({ source }) => source)),
      adjustment: joined(infos.map(({ adjustment }) => adjustment)),
    },
    series: { ...first.series, simulated: parts.some(({ series }) => series.simulated) },
    others: others.map(({ series }) => series),
    warnings: parts.flatMap(({ series, warnings = [] }) => warnings.map((warning) => `${series.symbol}: ${warning}`)),
  };
}

async function bySymbol(
  symbol: string,
  symbols: SymbolBars,
  timeframe: Timeframe,
  range: { readonly from: number | undefined; readonly to: number | undefined },
  signal: AbortSignal,
): Promise<Dataset> {
  const daily = timeframe === "1Day" || timeframe === "1Week" || timeframe === "1Month";
  const start = range.from ?? (daily ? FIRST_DAY : undefined);
  const history = await symbols.history(
    symbol,
    { timeframe, ...(start === undefined ? { limit: INTRADAY_BARS } : { from: start }), ...(range.to === undefined ? {} : { to: range.to }) },
    signal,
  );
  if (history === undefined) {
    const when = range.from === undefined && range.to === undefined ? "" : " in that time";
    throw badInput("unknown-symbol", `There are no bars for ${symbol}${when}.`, await symbolHint(symbol, symbols.data, signal));
  }
  const { series, source, adjustment, asOf, notes } = history;
  const info = { name: symbol, ...spanOf(series), sha256: hashOfBars(series) };
  return {
    series,
    info: { ...info, source, adjustment, asOf },
    warnings: [survivorship(symbol), ...notes, ...(await oddities(series, Date.now(), createPace(signal)))],
  };
}

async function byVendor(
  vendor: BarVendor,
  symbol: string,
  symbols: SymbolBars,
  range: { readonly from: number | undefined; readonly to: number | undefined },
  signal: AbortSignal,
): Promise<Dataset> {
  if (!SYMBOL.test(symbol)) throw badInput("unknown-data", `"${symbol}" is no symbol.`, `Write it like ${vendor}:AAPL.`);
  const history = await symbols.vendorHistory(vendor, symbol, { from: range.from ?? FIRST_DAY, ...(range.to === undefined ? {} : { to: range.to }) }, signal);
  if (history === undefined) throw badInput("unknown-symbol", `${vendor} has no bars for ${symbol} in that time.`, "Check the symbol and the dates.");
  const { series, source, adjustment, asOf } = history;
  const info = { name: symbol, ...spanOf(series), sha256: hashOfBars(series) };
  const vendorWarning =
    vendor === "yahoo"
      ? "Yahoo's prices come from an unofficial address, adjusted for splits and not for dividends: compare them with another source."
      : "Alpha Vantage's prices are as traded: splits and dividends are not adjusted.";
  return {
    series,
    info: { ...info, source, adjustment, asOf },
    warnings: [vendorWarning, survivorship(symbol), ...(await oddities(series, Date.now(), createPace(signal)))],
  };
}

/** A universe picked today and tested on the past has only those in it that are still there. */
function survivorship(symbol: string): string {
  return `Survivorship: ${symbol} was picked from the symbols of today; those that vanished in the meantime are not in this test.`;
}

/** On our own exchange, with its few symbols, the nearest one means something. */
async function symbolHint(symbol: string, marketData: MarketData, signal: AbortSignal): Promise<string> {
  const known = marketData.simulated ? (await marketData.assets(signal)).map((asset) => asset.symbol) : [];
  const near = known.includes(symbol) ? undefined : nearest(symbol, known);
  return near === undefined ? "Check the symbol and the dates, or name a CSV file." : `Did you mean ${near}?`;
}

/** The part of it from `from` to `to`, both included; its hash stays that of the file. */
function within(dataset: Dataset, from: number | undefined, to: number | undefined): Dataset {
  if (from === undefined && to === undefined) return dataset;
  const { time } = dataset.series;
  const start = from === undefined ? 0 : firstAtOrAfter(time, from);
  const end = to === undefined ? time.length : firstAtOrAfter(time, to + 1);
  if (start >= end)
    throw badInput(
      "no-bars",
      `${dataset.info.name} has no bars in that time.`,
      `It goes from ${dataset.info.from?.slice(0, 10)} to ${dataset.info.to?.slice(0, 10)}.`,
    );
  const series = sliceBars(dataset.series, start, end);
  return { ...dataset, series, info: { ...dataset.info, ...spanOf(series) } };
}

function firstAtOrAfter(time: Float64Array, ms: number): number {
  let low = 0;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((time[middle] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSample(reference: string): reference is SampleName {
  return (SAMPLE_NAMES as readonly string[]).includes(reference);
}

/** Bars of a file or a sample are as long as they are. */
function inTimeframe(dataset: Dataset, asked: Timeframe | undefined): Dataset {
  const { timeframe } = dataset.series;
  if (asked === undefined || asked === timeframe) return dataset;
  const what = timeframe === "unknown" ? "of no even length" : timeframe;
  throw badInput("bad-timeframe", `The bars of ${dataset.info.name} are ${what}, not ${asked}.`, "Leave the timeframe out: it is for symbols.");
}

function noZone(reference: string) {
  return badInput("bad-time-zone", `A time zone is for files, whose times may lack one; the times of ${reference} are known.`, "Leave it out.");
}
