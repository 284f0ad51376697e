/**
 * Bars out of the text of a CSV file. Every fault is one sentence with file, line and remedy, and nothing of the file is
 * used then. A million rows take about half a second; the event loop gets a turn every few milliseconds.
 */
import { badInput } from "../base/errors.ts";
import { BarTable, type ReadBars } from "./barTable.ts";
import { openQuote, readForm } from "./csvColumns.ts";
import { decimalSign } from "./csvNumbers.ts";
import { CsvRows } from "./csvRows.ts";
import { CsvTimes } from "./csvTimes.ts";
import type { Pace } from "./pace.ts";
import type { TimeZone } from "./timeZone.ts";

export interface CsvSource {
  /** UTF-8 without a byte order mark. */
  readonly bytes: Uint8Array;
  /** As errors name the file. */
  readonly path: string;
  readonly name: string;
  /** How errors name a line; "line N" when absent. */
  readonly place?: (line: number) => string;
  /** Of times without a zone; UTC when absent. */
  readonly zone?: TimeZone;
}

export async function readCsv({ bytes, path, name, zone, place = (line) => `line ${line}` }: CsvSource, pace: Pace): Promise<ReadBars> {
  const form = readForm(bytes, path);
  const { columns, separator } = form;
  const rows = new CsvRows(bytes, form);
  rows.next();
  const { open, high, low, close, volume } = columns;
  const sample = new CsvRows(bytes, form);
  sample.next();
  const { decimal, doubtful } = decimalSign(sample, volume < 0 ? [open, high, low, close] : [open, high, low, close, volume], separator);
  rows.decimal = decimal;
  const bars = new BarTable(
    { path, place, columns },
    new CsvTimes({ path, place, columns, isUnnamed: form.timeIsUnnamed, ...(zone === undefined ? {} : { zone }) }),
  );
  for (let row = 0; rows.next(); row++) {
    if (rows.count !== columns.names.length) checkCount(rows, columns.names.length, `${path}, ${place(rows.line)}`, path);
    bars.add(rows, rows);
    if ((row & 1023) === 1023) await pace();
  }
  if (rows.openQuoteLine > 0) throw openQuote(path, rows.openQuoteLine);
  const read = bars.finish(name);
  if (doubtful === undefined) return read;
  const as = decimal === "," ? "a decimal comma" : "thousands";
  return { ...read, warnings: [...read.warnings, `Numbers such as "${doubtful}" can be read in two ways; the comma was taken for ${as}.`] };
}

/** A separator at the end of the line does no harm. */
function checkCount(rows: CsvRows, columns: number, where: string, path: string): void {
  let filled = rows.count;
  while (filled > columns && rows.isEmpty(filled - 1)) filled--;
  if (filled === columns) return;
  throw badInput("bad-csv", `${where}: there ${filled === 1 ? "is 1 field" : `are ${filled} fields`}, but ${columns} columns.`, "Correct or remove that row.", {
    file: path,
    line: rows.line,
  });
}
