/**
 * Bars out of a Parquet file. Its times become text, as they would stand in a CSV file, so that the rules on zones, epochs
 * and dates are the same; prices stay numbers. The reader is loaded when the first such file is met.
 */
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import type { Compressors, SchemaElement } from "hyparquet";
import { badInput, TradingError } from "../base/errors.ts";
import { BarTable, type BarRows, type ReadBars } from "./barTable.ts";
import type { CsvSource } from "./csv.ts";
import { cleanName, readHeader, type BarColumns } from "./csvColumns.ts";
import { CsvRows } from "./csvRows.ts";
import { CsvTimes } from "./csvTimes.ts";
import { lz4Block, lz4Hadoop } from "./lz4.ts";
import type { Pace } from "./pace.ts";

/** Of a page. Beyond that the file is damaged, or not meant for this. */
const MAX_BYTES = 2 ** 30;
const MAX_ROWS = 20_000_000;
const DAY_MS = 86_400_000;

export async function readParquet({ bytes, path, name, zone }: CsvSource, pace: Pace): Promise<ReadBars> {
  let read: ParquetBars;
  try {
    read = await readColumns(bytes, path, pace);
  } catch (error) {
    if (error instanceof TradingError) throw error;
    const why = (error instanceof Error ? error.message : String(error)).slice(0, 200).replace(/[.\s]+$/, "");
    throw badInput("bad-csv", `${path} cannot be read as Parquet: ${why}.`, "Write it again with snappy or zstd compression, or as CSV.");
  }
  const { columns, values, rows: length } = read;
  const place = (line: number) => `row ${line - 1}`;
  const times = new CsvTimes({
    path,
    place,
    columns: { time: 0, timeOfDay: -1, names: ["timestamp"] },
    isUnnamed: false,
    ...(zone === undefined ? {} : { zone }),
  });
  const bars = new BarTable({ path, place, columns }, times);
  const rows = new ParquetRows(values);
  for (let from = 0; from < length; from += PIECE) {
    const to = Math.min(length, from + PIECE);
    // A second field, or a row without a time would be a blank line.
    const text = Buffer.from(Array.from({ length: to - from }, (_value, i) => `${read.time(from + i)},\n`).join(""));
    const timeRows = new CsvRows(text, { separator: ",", line: from + 2 });
    for (rows.row = from; rows.row < to && timeRows.next(); rows.row++) bars.add(rows, timeRows);
    await pace();
  }
  return bars.finish(name);
}

const PIECE = 4096;

class ParquetRows implements BarRows {
  /** From 0. */
  row = 0;
  readonly #values: ReadonlyMap<number, readonly unknown[]>;

  constructor(values: ReadonlyMap<number, readonly unknown[]>) {
    this.#values = values;
  }

  get line(): number {
    return this.row + 2;
  }

  isEmpty(field: number): boolean {
    return this.#of(field) == null;
  }

  number(field: number): number {
    const value = this.#of(field);
    return typeof value === "number" || typeof value === "bigint" ? Number(value) : Number.NaN;
  }

  short(field: number): string {
    return plainText(this.#of(field)).slice(0, 60);
  }

  #of(field: number): unknown {
    return this.#values.get(field)?.[this.row];
  }
}

interface ParquetBars {
  readonly columns: BarColumns;
  readonly rows: number;
  /** By the place of a column. */
  readonly values: ReadonlyMap<number, readonly unknown[]>;
  /** As a CSV file has it. */
  readonly time: (row: number) => string;
}

async function readColumns(bytes: Uint8Array, path: string, pace: Pace): Promise<ParquetBars> {
  const { parquetMetadata, parquetRead, parquetSchema, snappyUncompress } = await import("hyparquet");
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const file = { byteLength: buffer.byteLength, slice: (start: number, end?: number) => buffer.slice(start, end) };
  const metadata = parquetMetadata(buffer);
  const rows = Number(metadata.num_rows);
  if (!(rows >= 0 && rows <= MAX_ROWS)) throw new Error(`it says that it has ${rows} rows`);
  const elements = parquetSchema(metadata).children.map((child) => child.element);
  const columns = readHeader(namesOf(elements), path);
  const compressors = limited(snappyUncompress);
  const values = new Map<number, readonly unknown[]>();
  for (const at of [columns.time, columns.open, columns.high, columns.low, columns.close, columns.volume]) {
    const element = elements[at];
    if (element === undefined) continue; // no volume
    const column: unknown[] = [];
    let rowStart = 0;
    // One group of rows at a time: of several at once the reader would leave a failure of the second without a handler.
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      await parquetRead({
        ...{ file, metadata, rowStart, rowEnd, columns: [element.name], compressors, parsers: RAW, geoparquet: false },
        onComplete: (cells) => {
          for (const [value] of cells) column.push(value);
        },
      });
      rowStart = rowEnd;
      await pace();
    }
    if (column.length !== rows) throw new Error(`the column "${element.name.slice(0, 60)}" has ${column.length} values instead of ${rows}`);
    values.set(at, column);
  }
  return { columns, rows, values, time: timeText(elements[columns.time] as SchemaElement, values.get(columns.time) as readonly unknown[]) };
}

/** Data frames write an index that has no name under one of their own: it is the time when nothing else is. */
function namesOf(elements: readonly SchemaElement[]): readonly string[] {
  const names = elements.map(({ name }) => cleanName(name));
  const hasTime = names.some((name) => ["timestamp", "datetime", "date", "time"].includes(name));
  return hasTime ? names : elements.map(({ name }, at) => (name === "__index_level_0__" ? "timestamp" : (names[at] as string)));
}

/** Times stay numbers, in milliseconds. */
const RAW = {
  timestampFromMilliseconds: (ms: bigint) => Number(ms),
  timestampFromMicroseconds: (us: bigint) => Math.floor(Number(us) / 1000),
  timestampFromNanoseconds: (ns: bigint) => Number(ns / 1_000_000n),
  dateFromDays: (days: number) => days * 86_400_000,
  stringFromBytes: (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("utf8"),
  geometryFromBytes: () => undefined,
  geographyFromBytes: () => undefined,
  uuidFromBytes: () => undefined,
};

/** How a time reads in CSV; a text in it cannot leave its field. */
function timeText({ type, logical_type: logical, converted_type: converted }: SchemaElement, data: readonly unknown[]): (row: number) => string {
  const isDate = logical?.type === "DATE" || converted === "DATE";
  const isTime = type === "INT96" || logical?.type === "TIMESTAMP" || converted === "TIMESTAMP_MILLIS" || converted === "TIMESTAMP_MICROS";
  // Not adjusted to UTC: wall times of a zone that the file does not name.
  const suffix = logical?.type === "TIMESTAMP" && !logical.isAdjustedToUTC ? "" : "Z";
  let day = Number.NaN;
  let date = "";
  const two = (number: number) => (number < 10 ? `0${number}` : `${number}`);
  return (row) => {
    const value = data[row];
    if (value == null) return "";
    if ((!isDate && !isTime) || typeof value !== "number" || !(Math.abs(value) <= 8.64e15)) return `"${plainText(value).replaceAll('"', '""')}"`;
    const today = Math.floor(value / DAY_MS);
    if (today !== day) [day, date] = [today, new Date(today * DAY_MS).toISOString().slice(0, -14)];
    if (isDate) return date;
    const ms = value - today * DAY_MS;
    const seconds = Math.floor(ms / 1000);
    const rest = ms % 1000 === 0 ? "" : `.${String(ms % 1000).padStart(3, "0")}`;
    return `${date}T${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${rest}${suffix}`;
  };
}

/** Of a value that is no number, bars cannot be made: how it is written matters to its error only. */
function plainText(value: unknown): string {
  return typeof value === "object" && value !== null
    ? JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part))
    : String(value);
}

function limited(snappyUncompress: (input: Uint8Array, output: Uint8Array) => void): Compressors {
  const sized = (unpack: (input: Uint8Array, length: number) => Uint8Array) => (input: Uint8Array, length: number) => {
    if (!(length >= 0 && length <= MAX_BYTES)) throw new Error("a page is larger than 1 GB");
    return unpack(input, length);
  };
  const limit = (length: number) => ({ maxOutputLength: Math.max(1, length) });
  return {
    SNAPPY: sized((input, length) => {
      const output = new Uint8Array(length);
      snappyUncompress(input, output);
      return output;
    }),
    GZIP: sized((input, length) => gunzipSync(input, limit(length))),
    BROTLI: sized((input, length) => brotliDecompressSync(input, limit(length))),
    LZ4_RAW: sized(lz4Block),
    LZ4: sized(lz4Hadoop),
    ZSTD: sized((input, length) => zstdDecompressSync(input, limit(length))),
  };
}
