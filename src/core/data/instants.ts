/**
 * Times as text, read strictly and the same on every machine: JavaScript's own parser takes local time for zoneless texts,
 * guesses at others and knows no years below 100. Answers are UTC milliseconds; a time without a zone is UTC.
 */
import { badInput } from "../base/errors.ts";

export const TIME_HINT = "Write times like 2024-01-31, 2024-01-31T15:30:00Z or 1706715000 (seconds since 1970).";

const DAY_MS = 86_400_000;
/** The range of JavaScript's Date. */
const MOST_MS = 8.64e15;

/** Days from 1970-01-01 in the proleptic Gregorian calendar (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

export function isCivilDate(year: number, month: number, day: number): boolean {
  if (month < 1 || month > 12 || day < 1) return false;
  if (month === 2) return day <= (year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28);
  return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
}

/**
 * "2024-01-31" (or with slashes or points), with a time and a zone after it if need be; NaN for anything else. Reads bytes,
 * since files have millions.
 */
export function isoMs(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let sign = 1;
  let yearDigits = 4;
  if (bytes[at] === PLUS || bytes[at] === MINUS) {
    sign = bytes[at] === MINUS ? -1 : 1;
    yearDigits = 6;
    at++;
  }
  const digits = (count: number): number => {
    if (at + count > to) return Number.NaN;
    let value = 0;
    for (let i = 0; i < count; i++) {
      const digit = (bytes[at + i] as number) - ZERO;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    at += count;
    return value;
  };
  const skip = (byte: number): boolean => (at < to && bytes[at] === byte ? (at++, true) : false);

  const year = sign * digits(yearDigits);
  const dash = bytes[at] === SLASH || bytes[at] === DOT ? (bytes[at] as number) : MINUS;
  if (!skip(dash)) return Number.NaN;
  const month = digits(2);
  if (!skip(dash)) return Number.NaN;
  const day = digits(2);
  if (!isCivilDate(year, month, day) || Number.isNaN(year) || Object.is(year, -0)) return Number.NaN;
  const midnight = daysFromCivil(year, month, day) * DAY_MS;
  if (at === to) return inRange(midnight);

  if (!skip(UPPER_T) && !skip(LOWER_T) && !skip(SPACE)) return Number.NaN;
  const hour = digits(2);
  if (!skip(COLON)) return Number.NaN;
  const minute = digits(2);
  let second = 0;
  let fraction = 0;
  if (skip(COLON)) {
    second = digits(2);
    if (skip(DOT)) {
      let scale = 100;
      const start = at;
      for (; at < to && isDigit(bytes[at] as number); at++, scale /= 10) fraction += scale >= 1 ? ((bytes[at] as number) - ZERO) * scale : 0; // below a millisecond: cut off
      if (at === start) return Number.NaN;
    }
  }
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  let offset = 0;
  if (at < to) skip(SPACE);
  if (at < to && !skip(UPPER_Z) && !skip(LOWER_Z) && !(at + 3 === to && isUtc(bytes, at) && (at = to))) {
    const east = skip(PLUS) ? 1 : skip(MINUS) ? -1 : Number.NaN;
    const hours = digits(2);
    let minutes = 0;
    if (at < to) {
      skip(COLON);
      minutes = digits(2);
    }
    if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
    offset = east * (hours * 60 + minutes);
  }
  if (at !== to) return Number.NaN;
  return inRange(midnight + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction);
}

/**
 * An instant that a person gave. A date alone means its first millisecond, or its last with `end`.
 * Throws `bad-time` naming `what`.
 */
export function parseInstant(text: string, what: string, options: { readonly end?: boolean } = {}): number {
  const trimmed = text.trim();
  const bytes = Buffer.from(trimmed, "latin1");
  const ms = isoMs(bytes, 0, bytes.length);
  if (!Number.isNaN(ms)) return options.end === true && /^[+-]?\d+[-/.]\d\d[-/.]\d\d$/.test(trimmed) ? ms + DAY_MS - 1 : ms;
  throw badInput("bad-time", `${what} is "${text}", which is not a date or time.`, "Write it like 2024-01-31 or 2024-01-31T15:30:00Z.");
}

/** Whole numbers of 8 digits that are calendar dates (20240131) of the last and the next centuries. */
export function isCompactDate(value: number): boolean {
  const year = Math.floor(value / 10_000);
  return Number.isInteger(value) && year >= 1800 && year < 2200 && isCivilDate(year, Math.floor(value / 100) % 100, value % 100);
}

export function compactDateMs(value: number): number {
  return daysFromCivil(Math.floor(value / 10_000), Math.floor(value / 100) % 100, value % 100) * DAY_MS;
}

/**
 * Milliseconds in one unit of a column of epoch numbers: seconds, milliseconds, microseconds or nanoseconds by the size of
 * the largest. Between 7.2e9 (the year 2200 in seconds) and 1e11 (1973 in milliseconds) the smallest step decides.
 */
export function epochUnitMs(largest: number, smallestStep: number): number {
  if (largest < 7.2e9) return 1000;
  if (largest < 1e11) return smallestStep < 3_600_000 ? 1000 : 1;
  if (largest < 1e14) return 1;
  return largest < 1e17 ? 1e-3 : 1e-6;
}

/** NaN outside what a Date can hold. */
export function inRange(ms: number): number {
  return Math.abs(ms) <= MOST_MS ? ms : Number.NaN;
}

/** How a time that `isoMs` has read is written: a date alone, a time without a zone, or one with it. */
export function zoneOf(bytes: Uint8Array, from: number, to: number): "date" | "none" | "given" {
  let colon = from;
  while (colon < to && bytes[colon] !== COLON) colon++;
  if (colon === to) return "date";
  for (let at = colon; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte === PLUS || byte === MINUS || byte > COLON) return "given";
  }
  return "none";
}

/** "UTC" or "GMT", in either case. */
function isUtc(bytes: Uint8Array, at: number): boolean {
  const text = String.fromCharCode(bytes[at] as number, bytes[at + 1] as number, bytes[at + 2] as number).toUpperCase();
  return text === "UTC" || text === "GMT";
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}

const ZERO = 48;
const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const DOT = 46;
const SLASH = 47;
const SPACE = 32;
const UPPER_T = 84;
const LOWER_T = 116;
const UPPER_Z = 90;
const LOWER_Z = 122;
