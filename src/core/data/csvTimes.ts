/** The time column of a CSV file: texts with or without a zone, epoch numbers in any unit, dates without dashes, a clock time beside a date. */
import { badInput } from "../base/errors.ts";
import type { BarColumns } from "./csvColumns.ts";
import { numberOf } from "./csvNumbers.ts";
import type { CsvRows } from "./csvRows.ts";
import { compactDateMs, epochUnitMs, inRange, isCompactDate, isoMs, TIME_HINT, zoneOf } from "./instants.ts";
import type { TimeZone } from "./timeZone.ts";

export interface CsvTimesOptions {
  readonly path: string;
  readonly place: (line: number) => string;
  readonly columns: Pick<BarColumns, "time" | "timeOfDay" | "names">;
  /** The time column has no name: numbers in it count rows. */
  readonly isUnnamed: boolean;
  readonly zone?: TimeZone;
}

type TimeForm = "text" | "number" | "date and clock";

export class CsvTimes {
  readonly #options: CsvTimesOptions;
  #form: TimeForm | undefined;
  #zones: "none" | "given" | undefined;
  #allCompact = true;
  #smallestStep = Number.POSITIVE_INFINITY;
  /** The date read last, as bytes from `#dateAt` on, and its midnight: most rows share theirs with the row before. */
  #dateAt = -1;
  #midnight = Number.NaN;

  constructor(options: CsvTimesOptions) {
    this.#options = options;
  }

  get column(): number {
    return this.#options.columns.time;
  }

  /**
   * Milliseconds for a text; for a number the number itself, whose unit is known only once all are read. `before` is the
   * time of the row before; with `direction` it tells the two hours apart that a wall clock shows twice in autumn.
   */
  read(rows: CsvRows, before: number, direction: "up" | "down"): number {
    const { columns, zone } = this.#options;
    const [from, to] = [rows.starts[columns.time] as number, rows.ends[columns.time] as number];
    let form: TimeForm = "text";
    let value = this.#sameDate(rows.bytes, from, to);
    let zoned = "date";
    if (!Number.isNaN(value)) zoned = to - from === 20 ? "given" : "none";
    else if (!Number.isNaN((value = isoMs(rows.bytes, from, to)))) {
      zoned = zoneOf(rows.bytes, from, to);
      if (to - from > DATE_BYTES && rows.bytes[from + 4] === DASH) [this.#dateAt, this.#midnight] = [from, isoMs(rows.bytes, from, from + DATE_BYTES)];
    } else {
      value = numberOf(rows.bytes, from, to);
      form = "number";
      if (!(to - from === 8 && isCompactDate(value))) this.#allCompact = false;
    }
    if (columns.timeOfDay >= 0 && (this.#form ?? "date and clock") === "date and clock" && zoned === "date") {
      const clock = clockMs(rows.text(columns.timeOfDay));
      if (!Number.isNaN(clock)) {
        value = (form === "number" ? (this.#allCompact ? compactDateMs(value) : Number.NaN) : value) + clock;
        [form, zoned] = ["date and clock", "none"];
      }
    }
    if (!Number.isFinite(value)) throw this.#fault(rows, from === to ? "the time is empty" : this.#unknown(rows), TIME_HINT);
    this.#form ??= form;
    if (this.#form !== form) throw this.#fault(rows, `the time "${rows.short(columns.time)}" is written in another way than the ones before`, TIME_HINT);
    if (form === "number") {
      if (this.#options.isUnnamed && !this.#allCompact)
        throw this.#fault(rows, "the column without a name holds no times", 'Name the column of the times "timestamp".');
      const step = Math.abs(value - before);
      if (step > 0 && step < this.#smallestStep) this.#smallestStep = step;
      return value;
    }
    if (zoned === "date") return value;
    this.#zones ??= zoned as "none" | "given";
    if (this.#zones !== zoned)
      throw this.#fault(
        rows,
        `the time "${rows.short(columns.time)}" ${zoned === "given" ? "has a time zone" : "has no time zone"}, unlike the ones before`,
        "Write all with their zone, or none.",
      );
    return zone === undefined || zoned === "given" ? value : this.#inZone(rows, zone, value, before, direction);
  }

  /** "2024-01-31T15:30:00" or with a Z, on the date of a row before; NaN for anything else. */
  #sameDate(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (this.#dateAt < 0 || (length !== 19 && !(length === 20 && bytes[to - 1] === UPPER_Z))) return Number.NaN;
    for (let i = 0; i < DATE_BYTES; i++) if (bytes[from + i] !== bytes[this.#dateAt + i]) return Number.NaN;
    const between = bytes[from + DATE_BYTES];
    if ((between !== UPPER_T && between !== SPACE) || bytes[from + 13] !== COLON || bytes[from + 16] !== COLON) return Number.NaN;
    const [hours, minutes, seconds] = [twoDigits(bytes, from + 11), twoDigits(bytes, from + 14), twoDigits(bytes, from + 17)];
    return hours < 24 && minutes < 60 && seconds < 60 ? this.#midnight + ((hours * 60 + minutes) * 60 + seconds) * 1000 : Number.NaN;
  }

  /** Ascending times as UTC milliseconds, in place. */
  toMilliseconds(time: Float64Array): Float64Array {
    if (this.#form !== "number") return time;
    const length = time.length;
    if (this.#allCompact) {
      for (let i = 0; i < length; i++) time[i] = compactDateMs(time[i] as number);
      return time;
    }
    const largest = Math.max(Math.abs(time[0] as number), Math.abs(time[length - 1] as number));
    const unit = epochUnitMs(largest, this.#smallestStep);
    for (let i = 0; i < length; i++) time[i] = unit >= 1 ? Math.round((time[i] as number) * unit) : Math.floor((time[i] as number) / Math.round(1 / unit));
    const { path } = this.#options;
    if (Number.isNaN(inRange(time[0] as number)) || Number.isNaN(inRange(time[length - 1] as number)))
      throw badInput("bad-csv", `${path}: the times are outside the years that can be written.`, TIME_HINT, { file: path });
    for (let i = 1; i < length; i++) {
      if ((time[i] as number) > (time[i - 1] as number)) continue;
      throw badInput(
        "bad-csv",
        `${path}: two times lie within the same millisecond, ${new Date(time[i] as number).toISOString()}.`,
        "Leave one of the two rows out.",
        { file: path },
      );
    }
    return time;
  }

  #inZone(rows: CsvRows, zone: TimeZone, wall: number, before: number, direction: "up" | "down"): number {
    const instants = zone.instants(wall);
    const text = rows.short(this.#options.columns.time);
    if (instants.length === 0)
      throw this.#fault(
        rows,
        `the time ${text} does not exist in ${zone.name}, where the clocks go forward then`,
        "Give the zone that the times are in (--tz).",
      );
    const [later, earlier] = [instants.find((instant) => !(instant <= before)), instants.findLast((instant) => instant < before)];
    return (direction === "up" ? (later ?? earlier) : (earlier ?? later)) ?? (instants[0] as number);
  }

  #unknown(rows: CsvRows): string {
    const { columns } = this.#options;
    const text = rows.text(columns.time);
    if (text.trim().toLowerCase().replace(/[<>]/g, "") === columns.names[columns.time])
      return "the header is there again, as where two files were put together";
    return `"${rows.short(columns.time)}" is not a time`;
  }

  #fault(rows: CsvRows, what: string, hint: string) {
    const { path, place } = this.#options;
    return badInput("bad-csv", `${path}, ${place(rows.line)}: ${what}.`, hint, { file: path, line: rows.line });
  }
}

const DATE_BYTES = 10;
const DASH = 45;
const COLON = 58;
const SPACE = 32;
const UPPER_T = 84;
const UPPER_Z = 90;

/** NaN when one of the two is no digit. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const [tens, ones] = [(bytes[at] as number) - 48, (bytes[at + 1] as number) - 48];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** "9:30", "09:30:00", "093000" or "0930" as milliseconds of the day; NaN for anything else. */
function clockMs(text: string): number {
  const match = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?$/.exec(text) ?? /^(\d\d)(\d\d)(\d\d)?$/.exec(text);
  if (match === null) return Number.NaN;
  const [hours, minutes, seconds] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  return hours < 24 && minutes < 60 && seconds < 60 ? ((hours * 60 + minutes) * 60 + seconds) * 1000 : Number.NaN;
}
