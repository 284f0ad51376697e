/** Numbers out of a CSV file's bytes, in the ways that spreadsheets of different countries write them. */
import type { CsvRows } from "./csvRows.ts";

export type DecimalSign = "." | ",";

const PLAIN_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const POWERS = Float64Array.from({ length: 23 }, (_, i) => 10 ** i);
/** Thousands in groups of three, set apart by the sign that is not the decimal one, a blank or an apostrophe. */
const GROUPED = {
  ".": /^[+-]?\d{1,3}(?:([,'’\u00a0\u202f ])\d{3})(?:\1\d{3})*(?:\.\d*)?$/,
  ",": /^[+-]?\d{1,3}(?:([.'’\u00a0\u202f ])\d{3})(?:\1\d{3})*(?:,\d*)?$/,
};

/**
 * The number that the bytes spell, NaN for anything else. Up to 15 digits are exact as an integer, and one division by an
 * exact power of ten rounds once (Clinger 1990); longer ones go through Number().
 */
export function numberOf(bytes: Uint8Array, from: number, to: number, decimal: DecimalSign = "."): number {
  const point = decimal === "." ? 46 : 44;
  let at = from;
  const negative = bytes[at] === 45;
  if (negative) at++;
  let mantissa = 0;
  let digits = 0;
  let places = -1;
  for (; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48);
      digits++;
      if (places >= 0) places++;
    } else if (byte === point && places < 0) {
      places = 0;
    } else {
      return slowNumber(bytes, from, to, decimal);
    }
  }
  if (digits === 0) return Number.NaN;
  if (digits > 15) return slowNumber(bytes, from, to, decimal);
  const value = places > 0 ? mantissa / (POWERS[places] as number) : mantissa;
  return negative ? -value : value;
}

function slowNumber(bytes: Uint8Array, from: number, to: number, decimal: DecimalSign): number {
  if (to - from > 400) return Number.NaN;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString("utf8");
  const bare = GROUPED[decimal].test(text) ? text.replace(decimal === "." ? /[,'’\u00a0\u202f ]/g : /[.'’\u00a0\u202f ]/g, "") : text;
  if (decimal === "," && bare === text && text.includes(".")) return Number.NaN;
  const plain = decimal === "," ? bare.replace(",", ".") : bare;
  return PLAIN_NUMBER.test(plain) ? Number(plain) : Number.NaN;
}

export interface DecimalChoice {
  readonly decimal: DecimalSign;
  /** A number that could be read in two ways, and nothing in the file says which. */
  readonly doubtful?: string;
}

const ROWS_LOOKED_AT = 1000;

/**
 * Which sign the file's numbers have before their decimals, by its first rows. "1,234" alone may be either; where nothing
 * decides, semicolons between columns speak for the decimal comma, which is why such files do not use commas there.
 */
export function decimalSign(rows: CsvRows, columns: readonly number[], separator: string): DecimalChoice {
  let [commas, points] = [0, 0];
  let doubtful: string | undefined;
  for (let row = 0; row < ROWS_LOOKED_AT && rows.next(); row++) {
    for (const column of columns) {
      if (column >= rows.count) continue;
      const text = rows.text(column);
      const [comma, point] = [text.lastIndexOf(","), text.lastIndexOf(".")];
      if (comma < 0 && point < 0) continue;
      const meaning = comma >= 0 ? meaningOfComma(text, comma, point) : meaningOfPoint(text, point);
      if (meaning === ",") commas++;
      else if (meaning === ".") points++;
      else if (meaning === "either") doubtful ??= text;
    }
  }
  if (commas > 0 && points === 0) return { decimal: "," };
  if (points > 0 || doubtful === undefined) return { decimal: "." };
  return { decimal: separator === ";" ? "," : ".", doubtful };
}

/** Which decimal sign a number with a comma (and perhaps a point) speaks for. */
function meaningOfComma(text: string, comma: number, point: number): DecimalSign | "either" {
  if (point >= 0) return comma > point ? "," : ".";
  if (text.indexOf(",") !== comma) return "."; // repeated: thousands
  return text.length - comma !== 4 || /^[+-]?0?,/.test(text) ? "," : "either";
}

/** The same of one with points only; three digits after one say nothing. */
function meaningOfPoint(text: string, point: number): DecimalSign | "nothing" {
  if (text.indexOf(".") !== point) return ",";
  return text.length - point === 4 ? "nothing" : ".";
}
