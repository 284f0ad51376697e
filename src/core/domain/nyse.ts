/**
 * New York trading days and hours since 1970, computed: weekends, holidays and half days of the NYSE by its rules of the
 * time, the special closures of nyseSpecials.ts, and daylight saving by the law of the year. Hours are today's throughout:
 * sessions begin at 09:30 (until September 1985 they began at 10:00) and end at 16:00 unless cut short.
 */
import { SPECIAL_CLOSES, SPECIAL_CLOSURES } from "./nyseSpecials.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface TradingDay {
  /** "2026-11-20". */
  readonly date: string;
  /** New York midnight, UTC milliseconds: the stamp of a daily bar. */
  readonly midnight: number;
  /** 09:30 New York. */
  readonly open: number;
  /** 16:00 New York, 13:00 on half days. */
  readonly close: number;
}

/** Summer time holds after the first and up to and including the second, UTC midnights: the change is at 2 am, after that day's midnight. */
type Summer = readonly [number, number];

/** What a year's calendar holds, UTC midnights. */
interface YearTable {
  readonly holidays: ReadonlySet<number>;
  /** Hours after midnight at which a session ends that ends early. */
  readonly earlyCloses: ReadonlyMap<number, number>;
  readonly summer: Summer;
}

function yearTable(year: number): YearTable {
  return { holidays: holidaysOf(year), earlyCloses: earlyClosesOf(year), summer: summerOf(year) };
}

function holidaysOf(year: number): ReadonlySet<number> {
  const holidays = new Set([
    observed(year, 1, 1, { fridayBefore: false }),
    year >= 1971 ? nthWeekday(year, 2, 1, 3) : observed(year, 2, 22), // Washington
    easter(year) - 2 * DAY_MS, // Good Friday
    year >= 1971 ? lastWeekday(year, 5, 1) : Date.UTC(year, 4, 30), // Memorial Day
    observed(year, 7, 4),
    nthWeekday(year, 9, 1, 1), // Labor Day
    nthWeekday(year, 11, 4, 4), // Thanksgiving
    observed(year, 12, 25),
  ]);
  if (year >= 1998) holidays.add(nthWeekday(year, 1, 1, 3)); // Martin Luther King
  if (year >= 2022) holidays.add(observed(year, 6, 19)); // Juneteenth
  for (const date of SPECIAL_CLOSURES) if (Number(date.slice(0, 4)) === year) holidays.add(Date.parse(date));
  return holidays;
}

/** Half days end at 13:00; those that fall on a holiday do not count. */
function earlyClosesOf(year: number): ReadonlyMap<number, number> {
  const closes = new Map<number, number>();
  if (year >= 1993) closes.set(nthWeekday(year, 11, 4, 4) + DAY_MS, 13);
  if (year >= 1996) closes.set(Date.UTC(year, 11, 24), 13);
  if (year >= 1995) closes.set(besideIndependenceDay(year), 13);
  for (const [date, hours] of Object.entries(SPECIAL_CLOSES)) if (Number(date.slice(0, 4)) === year) closes.set(Date.parse(date), hours);
  return closes;
}

/** 3 July, where it is a trading day; before 2013 the Friday after it when the fourth was a Thursday. On weekends nobody asks. */
function besideIndependenceDay(year: number): number {
  const isThursday = new Date(Date.UTC(year, 6, 4)).getUTCDay() === 4;
  return Date.UTC(year, 6, isThursday && year < 2013 ? 5 : 3);
}

/** The Uniform Time Act of 1966 and its amendments of 1974, 1986 and 2005. */
function summerOf(year: number): Summer {
  if (year >= 2007) return [nthWeekday(year, 3, 0, 2), nthWeekday(year, 11, 0, 1)];
  const autumn = lastWeekday(year, 10, 0);
  if (year >= 1987) return [nthWeekday(year, 4, 0, 1), autumn];
  if (year === 1974) return [Date.UTC(1974, 0, 6), autumn];
  if (year === 1975) return [Date.UTC(1975, 1, 23), autumn];
  return [lastWeekday(year, 4, 0), autumn];
}

/** Hours that New York is behind UTC at the midnight of a date. */
function hoursBehind(utc: number, summer: Summer): number {
  return utc > summer[0] && utc <= summer[1] ? 4 : 5;
}

/** Milliseconds to add to a UTC instant to read New York wall time off its UTC fields. */
export function newYorkOffset(at: number): number {
  const [spring, autumn] = summerOf(new Date(at).getUTCFullYear());
  const isSummer = at >= spring + 7 * HOUR_MS && at < autumn + 6 * HOUR_MS; // both changes are at 2 am by the old time
  return (isSummer ? -4 : -5) * HOUR_MS;
}

/** New York date of an instant, "2026-11-20". */
export function newYorkDate(at: number): string {
  return new Date(at + newYorkOffset(at)).toISOString().slice(0, 10);
}

/** The trading day of a date, undefined on weekends and holidays. */
export function tradingDay(date: string): TradingDay | undefined {
  const utc = Date.parse(`${date}T00:00:00Z`);
  return dayOf(utc, yearTable(new Date(utc).getUTCFullYear()));
}

function dayOf(utc: number, table: YearTable): TradingDay | undefined {
  const weekday = (Math.floor(utc / DAY_MS) + 4) % 7; // 1 January 1970 was a Thursday
  if (weekday === 0 || weekday === 6 || table.holidays.has(utc)) return undefined;
  const midnight = utc + hoursBehind(utc, table.summer) * HOUR_MS;
  const close = table.earlyCloses.get(utc) ?? 16;
  return { date: new Date(utc).toISOString().slice(0, 10), midnight, open: midnight + 9.5 * HOUR_MS, close: midnight + Math.round(close * HOUR_MS) };
}

/** The first trading day on or after a date. */
export function tradingDayFrom(date: string): TradingDay {
  for (let next = date; ; next = addDays(next, 1)) {
    const day = tradingDay(next);
    if (day !== undefined) return day;
  }
}

/** The last trading day on or before a date. */
export function tradingDayUpTo(date: string): TradingDay {
  for (let next = date; ; next = addDays(next, -1)) {
    const day = tradingDay(next);
    if (day !== undefined) return day;
  }
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Trading days from one date to another, both included. */
export function tradingDays(from: string, to: string): readonly TradingDay[] {
  const days: TradingDay[] = [];
  eachWeekday(from, to, (utc, table) => {
    const day = dayOf(utc, table);
    if (day !== undefined) days.push(day);
  });
  return days;
}

/** Stamps of the trading days from one date to another, both included: the cheap form for long series. */
export function tradingMidnights(from: string, to: string): readonly number[] {
  const midnights: number[] = [];
  eachWeekday(from, to, (utc, table) => {
    if (!table.holidays.has(utc)) midnights.push(utc + hoursBehind(utc, table.summer) * HOUR_MS);
  });
  return midnights;
}

function eachWeekday(from: string, to: string, visit: (utc: number, table: YearTable) => void): void {
  const last = Date.parse(`${to}T00:00:00Z`);
  let utc = Date.parse(`${from}T00:00:00Z`);
  while (utc <= last) {
    const year = new Date(utc).getUTCFullYear();
    const table = yearTable(year);
    for (const end = Math.min(last, Date.UTC(year, 11, 31)); utc <= end; utc += DAY_MS) {
      const weekday = (Math.floor(utc / DAY_MS) + 4) % 7;
      if (weekday !== 0 && weekday !== 6) visit(utc, table);
    }
  }
}

/** A fixed date, moved to Monday when it is a Sunday and to Friday when it is a Saturday (not for New Year: NYSE rule 7.2). */
function observed(year: number, month: number, day: number, options: { readonly fridayBefore: boolean } = { fridayBefore: true }): number {
  const utc = Date.UTC(year, month - 1, day);
  const weekday = new Date(utc).getUTCDay();
  if (weekday === 0) return utc + DAY_MS;
  if (weekday === 6 && options.fridayBefore) return utc - DAY_MS;
  return utc;
}

function nthWeekday(year: number, month: number, weekday: number, n: number): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay();
  return Date.UTC(year, month - 1, 1 + ((weekday - first + 7) % 7) + (n - 1) * 7);
}

function lastWeekday(year: number, month: number, weekday: number): number {
  const last = new Date(Date.UTC(year, month, 0));
  return last.getTime() - ((last.getUTCDay() - weekday + 7) % 7) * DAY_MS;
}

/** Easter Sunday, the anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, 1991). */
function easter(year: number): number {
  const a = year % 19;
  const b = Math.floor(year / 100);
  const c = year % 100;
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30;
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - (c % 4)) % 7;
  const m = Math.floor((a + 11 * h + 22 * l) / 451);
  const month = Math.floor((h + l - 7 * m + 114) / 31);
  return Date.UTC(year, month - 1, ((h + l - 7 * m + 114) % 31) + 1);
}
