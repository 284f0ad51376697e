/**
 * Bars out of a CSV file. Every fault is one sentence with file, line and remedy, and nothing of the file is used then.
 * A million rows take about half a second; the event loop gets a turn every few milliseconds.
 */
import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { basename, dirname, extname } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { badInput, TradingError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { BarSeries, Dataset, Timeframe } from "../domain/bars.ts";
import { readHeader, type BarColumns } from "./csvColumns.ts";
import { CsvRows, numberOf } from "./csvRows.ts";
import { compactDateMs, epochUnitMs, inRange, isCompactDate, isoMs, TIME_HINT } from "./instants.ts";

const MAX_BYTES = 2 ** 30;
const TURN_MS = 8;

export async function readCsvDataset(path: string, signal: AbortSignal): Promise<Dataset> {
  const bytes = await readBytes(path, signal);
  const pace = createPace(signal);
  const digest = await hashOf(bytes, pace);
  const text = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  const name = basename(path, extname(path));
  const series = await parseBars(text, path, name, pace);
  return {
    series,
    info: {
      name,
      bars: series.time.length,
      from: isoOf(series.time[0]),
      to: isoOf(series.time.at(-1)),
      sha256: digest,
      source: `file ${basename(path)}`,
      adjustment: "as in the file",
      asOf: null,
    },
  };
}

/** ISO 8601 UTC; null for an empty series. */
export function isoOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

type Pace = () => Promise<void>;

/** Lets others have a turn when ours has taken long enough; throws when the caller has given up. */
function createPace(signal: AbortSignal): Pace {
  let since = performance.now();
  return async () => {
    signal.throwIfAborted();
    if (performance.now() - since < TURN_MS) return;
    await nextTurn();
    signal.throwIfAborted();
    since = performance.now();
  };
}

async function readBytes(path: string, signal: AbortSignal): Promise<Uint8Array> {
  signal.throwIfAborted();
  let bytes: Uint8Array;
  try {
    const about = await stat(path);
    if (about.isDirectory()) throw badInput("bad-csv", `${path} is a folder, not a CSV file.`, "Name a file in it.");
    // A pipe or a device may wait for ever, or never end.
    if (!about.isFile()) throw badInput("bad-csv", `${path} is no regular file, but a pipe or a device.`, "Save what it gives as a .csv file.");
    if (about.size > MAX_BYTES) throw badInput("bad-csv", `${path} is larger than 1 GB.`, "Split it by symbol or by year.");
    bytes = await readFile(path, { signal });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof TradingError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw badInput("bad-csv", `There is no file ${path}.`, await neighbour(path));
    if (code === "EACCES" || code === "EPERM") throw badInput("bad-csv", `${path} may not be read by this user.`, "Change its permissions.");
    throw badInput("bad-csv", `${path} cannot be read: ${(error as Error).message}.`);
  }
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) throw badInput("bad-csv", `${path} is UTF-16 text.`, "Save it as UTF-8.");
  if ((a === 0x50 && b === 0x4b) || (a === 0x1f && b === 0x8b) || bytes.subarray(0, 1024).includes(0))
    throw badInput("bad-csv", `${path} is not text: a spreadsheet or an archive?`, "Export it as CSV.");
  return bytes;
}

async function neighbour(path: string): Promise<string> {
  const files = await readdir(dirname(path)).catch(() => []);
  const near = nearest(basename(path), files);
  return near === undefined ? "Check the path." : `Did you mean ${near}?`;
}

/** Of the file as it is on disk, byte order mark included. */
async function hashOf(bytes: Uint8Array, pace: Pace): Promise<string> {
  const hash = createHash("sha256");
  const step = 2 ** 22;
  for (let at = 0; at < bytes.length; at += step) {
    hash.update(bytes.subarray(at, at + step));
    await pace();
  }
  return hash.digest("hex");
}

async function parseBars(bytes: Uint8Array, path: string, name: string, pace: Pace): Promise<BarSeries> {
  const rows = new CsvRows(bytes, 0);
  if (!rows.next()) throw rows.openQuoteLine > 0 ? openQuote(path, rows) : badInput("bad-csv", `${path} is empty.`, "It needs a header and at least one bar.");
  const header = Array.from({ length: rows.count }, (_, field) => rows.text(field));
  const columns = readHeader(header, `${path}, line ${rows.line}`);
  const bars = new Bars(path, columns);
  for (let row = 0; rows.next(); row++) {
    bars.add(rows);
    if ((row & 1023) === 1023) await pace();
  }
  if (rows.openQuoteLine > 0) throw openQuote(path, rows);
  return bars.finish(name);
}

function openQuote(path: string, rows: CsvRows) {
  return badInput("bad-csv", `${path}, line ${rows.openQuoteLine}: a quote is opened and never closed.`, "Close it, or remove it.", {
    file: path,
    line: rows.openQuoteLine,
  });
}

type TimeForm = "text" | "number";

/** The bars read so far, checked row by row. */
class Bars {
  readonly #path: string;
  readonly #columns: BarColumns;
  #time = new Float64Array(1024);
  #open = new Float64Array(1024);
  #high = new Float64Array(1024);
  #low = new Float64Array(1024);
  #close = new Float64Array(1024);
  #volume = new Float64Array(1024);
  #length = 0;
  #lastLine = 0;
  #form: TimeForm | undefined;
  #allCompact = true;
  #smallestStep = Number.POSITIVE_INFINITY;

  constructor(path: string, columns: BarColumns) {
    this.#path = path;
    this.#columns = columns;
  }

  add(rows: CsvRows): void {
    const columns = this.#columns;
    if (rows.count !== columns.count) this.#checkCount(rows);
    if (this.#length === this.#time.length) this.#grow();
    const i = this.#length;
    const time = this.#readTime(rows);
    if (i > 0) {
      const step = time - (this.#time[i - 1] as number);
      if (!(step > 0)) throw this.#disorder(rows, step);
      if (step < this.#smallestStep) this.#smallestStep = step;
    }
    this.#time[i] = time;
    this.#open[i] = this.#price(rows, columns.open, "open");
    const high = (this.#high[i] = this.#price(rows, columns.high, "high"));
    const low = (this.#low[i] = this.#price(rows, columns.low, "low"));
    this.#close[i] = this.#price(rows, columns.close, "close");
    if (high < low) throw this.#fault(rows, `the high ${rows.text(columns.high)} is below the low ${rows.text(columns.low)}`, "Correct or remove that row.");
    this.#volume[i] = columns.volume < 0 ? 0 : this.#readVolume(rows);
    this.#lastLine = rows.line;
    this.#length++;
  }

  finish(name: string): BarSeries {
    const length = this.#length;
    if (length === 0) throw badInput("bad-csv", `${this.#path} has a header but no bars.`, "Add at least one row.", { file: this.#path });
    const time = this.#time.slice(0, length);
    if (this.#form === "number") this.#toMilliseconds(time);
    return {
      symbol: name.toUpperCase(),
      timeframe: timeframeOf(time),
      time,
      open: this.#open.slice(0, length),
      high: this.#high.slice(0, length),
      low: this.#low.slice(0, length),
      close: this.#close.slice(0, length),
      volume: this.#volume.slice(0, length),
      simulated: false,
    };
  }

  /** Milliseconds for a text; for a number the number itself, whose unit is known only once all are read. */
  #readTime(rows: CsvRows): number {
    const field = this.#columns.time;
    const [from, to] = [rows.starts[field] as number, rows.ends[field] as number];
    let form: TimeForm = "text";
    let value = isoMs(rows.bytes, from, to);
    if (Number.isNaN(value)) {
      value = numberOf(rows.bytes, from, to);
      form = "number";
      if (!(to - from === 8 && isCompactDate(value))) this.#allCompact = false;
    }
    if (!Number.isFinite(value)) throw this.#fault(rows, from === to ? "the time is empty" : `"${rows.text(field)}" is not a time`, TIME_HINT);
    this.#form ??= form;
    if (this.#form !== form) throw this.#fault(rows, `the time "${rows.text(field)}" is written in another way than the ones before`, TIME_HINT);
    return value;
  }

  #price(rows: CsvRows, field: number, what: string): number {
    const [from, to] = [rows.starts[field] as number, rows.ends[field] as number];
    const value = numberOf(rows.bytes, from, to);
    if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
    if (from === to) throw this.#fault(rows, `${what} is empty`, "Fill it in, or remove that row.");
    if (value <= 0) throw this.#fault(rows, `${what} is ${rows.text(field)}`, "Prices must be above zero: correct or remove that row.");
    throw this.#fault(rows, `${what} is "${rows.text(field)}", which is not a number`, "Write prices like 123.45, or remove that row.");
  }

  /** An empty volume is none. */
  #readVolume(rows: CsvRows): number {
    const field = this.#columns.volume;
    const [from, to] = [rows.starts[field] as number, rows.ends[field] as number];
    if (from === to) return 0;
    const value = numberOf(rows.bytes, from, to);
    if (value >= 0 && value < Number.POSITIVE_INFINITY) return value;
    if (value < 0) throw this.#fault(rows, `volume is ${rows.text(field)}`, "Volumes must not be negative: correct or remove that row.");
    throw this.#fault(rows, `volume is "${rows.text(field)}", which is not a number`, "Write it like 1200, or leave it empty.");
  }

  #toMilliseconds(time: Float64Array): void {
    const length = time.length;
    if (this.#allCompact) {
      for (let i = 0; i < length; i++) time[i] = compactDateMs(time[i] as number);
      return;
    }
    const largest = Math.max(Math.abs(time[0] as number), Math.abs(time[length - 1] as number));
    const unit = epochUnitMs(largest, this.#smallestStep);
    for (let i = 0; i < length; i++) time[i] = unit >= 1 ? Math.round((time[i] as number) * unit) : Math.floor((time[i] as number) / Math.round(1 / unit));
    if (Number.isNaN(inRange(time[0] as number)) || Number.isNaN(inRange(time[length - 1] as number))) {
      throw badInput("bad-csv", `${this.#path}: the times are outside the years that can be written.`, TIME_HINT, { file: this.#path });
    }
  }

  #checkCount(rows: CsvRows): void {
    const { columns, surplus } = { columns: this.#columns.count, surplus: rows.count > this.#columns.count };
    let filled = rows.count;
    while (surplus && filled > columns && rows.starts[filled - 1] === rows.ends[filled - 1]) filled--; // a comma at the end of the line
    if (filled === columns) return;
    throw this.#fault(rows, `there are ${filled} fields, but ${columns} columns`, "Correct or remove that row.");
  }

  #disorder(rows: CsvRows, step: number) {
    const text = rows.text(this.#columns.time);
    if (step === 0)
      return this.#fault(rows, `the time ${text} is there twice, on line ${this.#lastLine} and on line ${rows.line}`, "Remove one of the two rows.", {
        otherLine: this.#lastLine,
      });
    return this.#fault(rows, `the time ${text} is before the one on line ${this.#lastLine}`, "Sort the rows by time, oldest first.", {
      otherLine: this.#lastLine,
    });
  }

  #fault(rows: CsvRows, what: string, hint: string, data: Readonly<Record<string, unknown>> = {}) {
    return badInput("bad-csv", `${this.#path}, line ${rows.line}: ${what}.`, hint, { file: this.#path, line: rows.line, ...data });
  }

  #grow(): void {
    const larger = (column: Float64Array) => {
      const twice = new Float64Array(column.length * 2);
      twice.set(column);
      return twice;
    };
    this.#time = larger(this.#time);
    this.#open = larger(this.#open);
    this.#high = larger(this.#high);
    this.#low = larger(this.#low);
    this.#close = larger(this.#close);
    this.#volume = larger(this.#volume);
  }
}

const STEPS: ReadonlyArray<readonly [Timeframe, number, number]> = [
  ["1Min", 60_000, 60_000],
  ["5Min", 300_000, 300_000],
  ["15Min", 900_000, 900_000],
  ["1Hour", 3_600_000, 3_600_000],
  ["1Day", 82_800_000, 90_000_000], // an hour less or more where the clock changes
  ["1Week", 601_200_000, 608_400_000],
  ["1Month", 28 * 86_400_000 - 3_600_000, 31 * 86_400_000 + 3_600_000],
];

/** The timeframe that more than half of the steps fit. */
export function timeframeOf(time: Float64Array): BarSeries["timeframe"] {
  const counts = STEPS.map(() => 0);
  for (let i = 1; i < time.length; i++) {
    const step = (time[i] as number) - (time[i - 1] as number);
    const at = STEPS.findIndex(([, least, most]) => step >= least && step <= most);
    if (at >= 0) counts[at] = (counts[at] as number) + 1;
  }
  const at = counts.findIndex((count) => count * 2 > time.length - 1);
  return STEPS[at]?.[0] ?? "unknown";
}
