/** Bars as columns: one Float64Array per field, oldest first, equal lengths. */

export const TIMEFRAMES = ["1Min", "5Min", "15Min", "1Hour", "1Day", "1Week", "1Month"] as const;
export type Timeframe = (typeof TIMEFRAMES)[number];

/** For what the prices of a market data service are adjusted. */
export const ADJUSTMENTS = ["raw", "split", "dividend", "all"] as const;
export type Adjustment = (typeof ADJUSTMENTS)[number];

/** Takes effect before the first bar at or after `time`: for prices that were not adjusted for it. */
export type CorporateAction =
  | { readonly kind: "split"; readonly time: number /** New shares for one old. */; readonly ratio: number }
  | { readonly kind: "dividend"; readonly time: number /** Money per share. */; readonly amount: number };

export interface BarSeries {
  readonly symbol: string;
  readonly timeframe: Timeframe | "unknown";
  /** Start of each bar, UTC milliseconds, strictly ascending. */
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** 0 where the source has no volume. */
  readonly volume: Float64Array;
  /** True for prices made by our own seeded market. */
  readonly simulated: boolean;
  /** That the prices are not adjusted for, oldest first; the event engine applies them. Absent where there are none. */
  readonly actions?: readonly CorporateAction[];
}

/** Where a series came from, as results and reports show it. */
export interface DatasetInfo {
  readonly name: string;
  readonly bars: number;
  /** ISO 8601 UTC; null for an empty series. */
  readonly from: string | null;
  readonly to: string | null;
  /** Of the source's bytes for a file, else of the columns. */
  readonly sha256: string;
  readonly source: string;
  /** How prices were adjusted for splits and dividends: "raw", "split", "dividend", "all", or what is known of it. */
  readonly adjustment: string;
  /** Date as of which the source gave them: adjusted prices of the past change with every later split or dividend. */
  readonly asOf: string | null;
  /** IANA name of the zone that times without one were read in, where it was not UTC. */
  readonly timeZone?: string;
}

export interface Dataset {
  readonly info: DatasetInfo;
  /** Of the first symbol. */
  readonly series: BarSeries;
  /** Of further symbols, each with times of its own. */
  readonly others?: readonly BarSeries[];
  /** What alpha and beta are measured against; the first symbol itself when absent. */
  readonly benchmark?: { readonly info: DatasetInfo; readonly series: BarSeries };
  /** What is odd about the bars, a sentence each: gaps, duplicates, likely splits and bad ticks. They are used as they are. */
  readonly warnings?: readonly string[];
}

export type PricesInfo = Pick<DatasetInfo, "source" | "adjustment" | "asOf" | "sha256">;

export function pricesInfo({ source, adjustment, asOf, sha256 }: DatasetInfo): PricesInfo {
  return { source, adjustment, asOf, sha256 };
}

/** "SIMULATED exchange, adjustment: all, as of 2026-11-27", for headers. */
export function pricesText({ source, adjustment, asOf }: PricesInfo): string {
  return `${source}, adjustment: ${adjustment}${asOf === null ? "" : `, as of ${asOf.slice(0, 10)}`}`;
}

/** What tells two data sets apart in run hashes and keys: the bytes alone do not say how they were adjusted or read. */
export function datasetIdentity({ sha256, source, adjustment, asOf, timeZone }: DatasetInfo): Readonly<Record<string, string | null>> {
  return { sha256, source, adjustment, asOf, ...(timeZone === undefined ? {} : { timeZone }) };
}

export const BAR_COLUMNS = ["time", "open", "high", "low", "close", "volume"] as const;

/** The columns that stand one after another in a block of memory, in the order of BAR_COLUMNS, as views on it. */
export function columnsIn(memory: ArrayBufferLike): Pick<BarSeries, (typeof BAR_COLUMNS)[number]> {
  const bars = memory.byteLength / BAR_COLUMNS.length / 8;
  const column = (name: (typeof BAR_COLUMNS)[number]) => new Float64Array(memory, BAR_COLUMNS.indexOf(name) * bars * 8, bars);
  return { time: column("time"), open: column("open"), high: column("high"), low: column("low"), close: column("close"), volume: column("volume") };
}

/** Bars `from` (inclusive) to `to` (exclusive) as views on the same memory. */
export function sliceBars(series: BarSeries, from: number, to: number): BarSeries {
  return {
    ...series,
    time: series.time.subarray(from, to),
    open: series.open.subarray(from, to),
    high: series.high.subarray(from, to),
    low: series.low.subarray(from, to),
    close: series.close.subarray(from, to),
    volume: series.volume.subarray(from, to),
  };
}
