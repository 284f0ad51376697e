/** Bars in one block of shared memory: sent to the compute process once, seen by all its workers without a copy. */
import { BAR_COLUMNS, columnsIn, type BarSeries, type Dataset, type DatasetInfo } from "../domain/bars.ts";

type Plain = Omit<BarSeries, (typeof BAR_COLUMNS)[number]>;

/** One symbol on its way between processes, columns in the order of BAR_COLUMNS. */
interface PackedSeries extends Plain {
  readonly columns: readonly Float64Array[];
}

/** The same inside the compute process: one SharedArrayBuffer with the columns one after another. */
interface SharedSeries extends Plain {
  readonly memory: SharedArrayBuffer;
}

interface Packed<S> {
  readonly key: string;
  readonly info: DatasetInfo;
  readonly warnings?: readonly string[];
  readonly series: S;
  readonly others?: readonly S[];
  readonly benchmark?: { readonly info: DatasetInfo; readonly series: S };
}

export type PackedDataset = Packed<PackedSeries>;
export type SharedDataset = Packed<SharedSeries>;

export function pack(key: string, dataset: Dataset): PackedDataset {
  return { key, ...each(dataset, packSeries) };
}

export function share({ key, ...packed }: PackedDataset): SharedDataset {
  return { key, ...each(packed, shareSeries) };
}

export function unshare(shared: SharedDataset): Dataset {
  return each(shared, unshareSeries);
}

function each<A, B>({ info, warnings, series, others, benchmark }: Omit<Packed<A>, "key">, turn: (series: A) => B): Omit<Packed<B>, "key"> {
  return {
    info,
    series: turn(series),
    ...(others === undefined ? {} : { others: others.map(turn) }),
    ...(benchmark === undefined ? {} : { benchmark: { info: benchmark.info, series: turn(benchmark.series) } }),
    ...(warnings === undefined ? {} : { warnings }),
  };
}

function packSeries({ time, open, high, low, close, volume, ...plain }: BarSeries): PackedSeries {
  const all = { time, open, high, low, close, volume };
  // The channel copies what it sends, but cannot send views on shared memory.
  const columns = BAR_COLUMNS.map((name) => (all[name].buffer instanceof SharedArrayBuffer ? Float64Array.from(all[name]) : all[name]));
  return { ...plain, columns };
}

function shareSeries({ columns, ...plain }: PackedSeries): SharedSeries {
  const bars = columns[0]?.length ?? 0;
  const memory = new SharedArrayBuffer(bars * BAR_COLUMNS.length * 8);
  columns.forEach((column, at) => new Float64Array(memory, at * bars * 8, bars).set(column));
  return { ...plain, memory };
}

function unshareSeries({ memory, ...plain }: SharedSeries): BarSeries {
  return { ...plain, ...columnsIn(memory) };
}
