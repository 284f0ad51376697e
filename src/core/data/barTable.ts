/**
 * Bars taken row by row from a file, checked: prices above zero, in order of time, each time once. Every fault is one
 * sentence with file, row and remedy.
 */
import type { BarSeries } from "../domain/bars.ts";
import { badInput } from "../base/errors.ts";
import type { BarColumns } from "./csvColumns.ts";
import type { CsvRows } from "./csvRows.ts";
import type { CsvTimes } from "./csvTimes.ts";
import { timeframeOf } from "./timeframe.ts";

export interface ReadBars {
  readonly series: BarSeries;
  /** What had to be decided while reading, a sentence each. */
  readonly warnings: readonly string[];
}

/** A row of a file, whatever its format. */
export interface BarRows {
  /** From 1, the header's included. */
  readonly line: number;
  isEmpty(field: number): boolean;
  /** NaN for what is none. */
  number(field: number): number;
  /** As a sentence can hold it. */
  short(field: number): string;
}

export interface BarTableForm {
  /** As errors name the file. */
  readonly path: string;
  /** How errors name a row, by its line. */
  readonly place: (line: number) => string;
  readonly columns: BarColumns;
}

type Direction = "up" | "down";

/** The bars read so far, checked row by row. */
export class BarTable {
  readonly #path: string;
  readonly #place: (line: number) => string;
  readonly #columns: BarColumns;
  readonly #times: CsvTimes;
  #time = new Float64Array(1024);
  #open = new Float64Array(1024);
  #high = new Float64Array(1024);
  #low = new Float64Array(1024);
  #close = new Float64Array(1024);
  #volume = new Float64Array(1024);
  #length = 0;
  #direction: Direction = "up";
  /** Of the first and the last bar. */
  readonly #lines = { first: 0, last: 0 };
  #firstBackwards = { line: 0, text: "" };
  #duplicates = 0;
  #firstDuplicate = "";

  constructor({ path, place, columns }: BarTableForm, times: CsvTimes) {
    this.#path = path;
    this.#place = place;
    this.#columns = columns;
    this.#times = times;
  }

  /** Takes the current row; `timeRows` stands at the same one and has its time in the column `columns.time` as text. */
  add(rows: BarRows, timeRows: CsvRows): void {
    const columns = this.#columns;
    if (this.#length === this.#time.length) this.#grow();
    const i = this.#length;
    const before = i === 0 ? Number.NaN : (this.#time[i - 1] as number);
    const time = (this.#time[i] = this.#times.read(timeRows, before, this.#direction));
    this.#open[i] = this.#price(rows, columns.open, "open");
    const high = (this.#high[i] = this.#price(rows, columns.high, "high"));
    const low = (this.#low[i] = this.#price(rows, columns.low, "low"));
    this.#close[i] = this.#price(rows, columns.close, "close");
    if (high < low) throw this.#fault(rows, `the high ${rows.short(columns.high)} is below the low ${rows.short(columns.low)}`, "Correct or remove that row.");
    this.#volume[i] = columns.volume < 0 ? 0 : this.#readVolume(rows);
    if (i > 0 && !(this.#direction === "up" ? time > before : time < before) && !this.#isInOrder(rows, timeRows, time - before)) return;
    if (i === 0) this.#lines.first = rows.line;
    this.#lines.last = rows.line;
    this.#length++;
  }

  finish(name: string): ReadBars {
    const length = this.#length;
    if (length === 0) throw badInput("bad-csv", `${this.#path} has a header but no bars.`, "Add at least one row.", { file: this.#path });
    const isReversed = this.#direction === "down";
    // Two rows that go back in time may be a file in reverse order or a mistake: only more show which.
    if (isReversed && length === 2) throw this.#backwards();
    const column = (values: Float64Array) => (isReversed ? values.slice(0, length).reverse() : values.slice(0, length));
    const time = this.#times.toMilliseconds(column(this.#time));
    const series: BarSeries = {
      symbol: name.toUpperCase(),
      timeframe: timeframeOf(time),
      time,
      open: column(this.#open),
      high: column(this.#high),
      low: column(this.#low),
      close: column(this.#close),
      volume: column(this.#volume),
      simulated: false,
    };
    return { series, warnings: [...(isReversed ? ["The rows are newest first; they were read in reverse order."] : []), ...this.#duplicateWarning()] };
  }

  #duplicateWarning(): readonly string[] {
    const count = this.#duplicates;
    if (count === 0) return [];
    const rows = count === 1 ? "1 duplicate row repeats" : `${count.toLocaleString("en-US")} duplicate rows repeat`;
    return [`${rows} the row before, the first on ${this.#firstDuplicate}; a bar was used once.`];
  }

  #price(rows: BarRows, field: number, what: string): number {
    const value = rows.number(field);
    if (value > 0 && value < Number.POSITIVE_INFINITY) return value;
    if (rows.isEmpty(field)) throw this.#fault(rows, `${what} is empty`, "Fill it in, or remove that row.");
    if (value <= 0) throw this.#fault(rows, `${what} is ${rows.short(field)}`, "Prices must be above zero: correct or remove that row.");
    throw this.#fault(rows, `${what} is "${rows.short(field)}", which is not a number`, "Write prices like 123.45, or remove that row.");
  }

  /** An empty volume is none. */
  #readVolume(rows: BarRows): number {
    const field = this.#columns.volume;
    if (rows.isEmpty(field)) return 0;
    const value = rows.number(field);
    if (value >= 0 && value < Number.POSITIVE_INFINITY) return value;
    if (value < 0) throw this.#fault(rows, `volume is ${rows.short(field)}`, "Volumes must not be negative: correct or remove that row.");
    throw this.#fault(rows, `volume is "${rows.short(field)}", which is not a number`, "Write it like 1200, or leave it empty.");
  }

  /** Of a row that is not later than the one before: false for a repeated one, which is left out and counted. */
  #isInOrder(rows: BarRows, timeRows: CsvRows, step: number): boolean {
    const text = timeRows.short(this.#times.column);
    const line = this.#lines.last;
    if (step === 0) {
      this.#checkRepeated(rows, text);
      return false;
    }
    if (this.#length === 1) {
      this.#direction = "down";
      this.#firstBackwards = { line: rows.line, text };
      return true;
    }
    if (this.#direction === "up")
      throw this.#fault(rows, `the time ${text} is before the one on ${this.#place(line)}`, "Sort the rows by time, oldest first.", { otherLine: line });
    if (this.#length === 2) throw this.#backwards();
    throw this.#fault(
      rows,
      `the time ${text} is after the one on ${this.#place(line)}, but the rows before are newest first`,
      "Sort the rows by time, oldest first.",
      {
        otherLine: line,
      },
    );
  }

  /** The second bar is before the first, and the others do not go on like that. */
  #backwards() {
    const { line, text } = this.#firstBackwards;
    const message = `${this.#path}, ${this.#place(line)}: the time ${text} is before the one on ${this.#place(this.#lines.first)}.`;
    return badInput("bad-csv", message, "Sort the rows by time, oldest first.", { file: this.#path, line, otherLine: this.#lines.first });
  }

  #checkRepeated(rows: BarRows, text: string): void {
    const i = this.#length;
    const line = this.#lines.last;
    for (const column of [this.#open, this.#high, this.#low, this.#close, this.#volume]) {
      if (column[i] === column[i - 1]) continue;
      const what = `the time ${text} is there twice with different values, on ${this.#place(line)} and on ${this.#place(rows.line)} (a duplicate)`;
      throw this.#fault(
        rows,
        what,
        text.includes(":") ? "Remove one of the two rows, or give the zone of the times (--tz) if clocks went back then." : "Remove one of the two rows.",
        { otherLine: line },
      );
    }
    if (this.#duplicates++ === 0) this.#firstDuplicate = `${this.#place(rows.line)} (${text})`;
  }

  #fault(rows: BarRows, what: string, hint: string, data: Readonly<Record<string, unknown>> = {}) {
    return badInput("bad-csv", `${this.#path}, ${this.#place(rows.line)}: ${what}.`, hint, { file: this.#path, line: rows.line, ...data });
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
