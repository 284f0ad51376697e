/** Bars in one block of shared memory: sent to the compute process once, seen by all its workers without a copy. */
import { BAR_COLUMNS, type BarSeries, type Dataset, type DatasetInfo, type Timeframe } from "../domain/bars.ts";

/** A data set on its way between processes, columns in the order of BAR_COLUMNS. */
export interface PackedDataset {
  readonly key: string;
  readonly info: DatasetInfo;
  readonly symbol: string;
  readonly timeframe: Timeframe | "unknown";
  readonly simulated: boolean;
  readonly warnings: readonly string[];
  readonly columns: readonly Float64Array[];
}

/** The same inside the compute process: one SharedArrayBuffer with the columns one after another. */
export interface SharedDataset extends Omit<PackedDataset, "columns"> {
  readonly memory: SharedArrayBuffer;
}

export function pack(key: string, { info, series, warnings = [] }: Dataset): PackedDataset {
  // The channel copies what it sends, but cannot send views on shared memory.
  const columns = BAR_COLUMNS.map((name) => (series[name].buffer instanceof SharedArrayBuffer ? Float64Array.from(series[name]) : series[name]));
  return { key, info, symbol: series.symbol, timeframe: series.timeframe, simulated: series.simulated, warnings, columns };
}

export function share({ columns, ...rest }: PackedDataset): SharedDataset {
  const bars = columns[0]?.length ?? 0;
  const memory = new SharedArrayBuffer(bars * BAR_COLUMNS.length * 8);
  columns.forEach((column, at) => new Float64Array(memory, at * bars * 8, bars).set(column));
  return { ...rest, memory };
}

export function unshare({ memory, info, symbol, timeframe, simulated, warnings }: SharedDataset): Dataset {
  const bars = memory.byteLength / BAR_COLUMNS.length / 8;
  const column = (at: number) => new Float64Array(memory, at * bars * 8, bars);
  const [time, open, high, low, close, volume] = BAR_COLUMNS.map((_name, at) => column(at)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const series: BarSeries = { symbol, timeframe, simulated, time, open, high, low, close, volume };
  return { info, series, warnings };
}
