/**
 * The exchange's own time. With hours "always" there is only open time: after a session's close the next one begins at
 * once, whatever the wall clock says. With "nyse" time runs through nights and weekends. Never goes back.
 */
import { addDays, newYorkDate, tradingDay, tradingDayFrom, tradingDayUpTo, type TradingDay } from "../domain/nyse.ts";

export type MarketHours = "always" | "nyse";

export interface ExchangeClockOptions {
  /** UTC milliseconds; with "always" moved into a session. */
  readonly startMs: number;
  /** Exchange milliseconds per wall millisecond. */
  readonly speed: number;
  readonly hours: MarketHours;
  /** Where time ends: the last close that a replay has prices for. */
  readonly endMs?: number;
  /** Stands still until `begin()`. */
  readonly waits?: boolean;
  /** Monotonic wall milliseconds. */
  readonly wall?: () => number;
}

/** 04:00 to 09:30. */
export const PRE_MS = 5.5 * 3_600_000;
/** After the close. */
export const POST_MS = 4 * 3_600_000;

export class ExchangeClock {
  readonly hours: MarketHours;
  readonly speed: number;
  readonly #wall: () => number;
  /** Undefined while it waits. */
  #wallStart: number | undefined;
  readonly #startMs: number;
  readonly #endMs: number;
  /** The day that was last asked about, as it will be again. */
  #lastOpen: TradingDay | undefined;
  /** The answer to times from `from` until it is over; asked again and again. */
  #nextOpen = { from: 0, open: 0 };
  /** Session under way with "always", and how much open time lies before its open. */
  #session: { readonly day: TradingDay; readonly openedAfter: number };

  constructor(options: ExchangeClockOptions) {
    this.hours = options.hours;
    this.speed = options.speed;
    this.#wall = options.wall ?? (() => performance.now());
    this.#wallStart = options.waits === true ? undefined : this.#wall();
    this.#endMs = options.endMs ?? Number.POSITIVE_INFINITY;
    this.#startMs = options.hours === "always" ? intoSession(options.startMs) : options.startMs;
    const day = tradingDayFrom(newYorkDate(this.#startMs));
    this.#session = { day, openedAfter: day.open - this.#startMs };
  }

  /** Lets it run, if it has waited. */
  begin(): void {
    this.#wallStart ??= this.#wall();
  }

  /** UTC milliseconds of exchange time. */
  now(): number {
    return Math.min(this.#endMs, this.#now());
  }

  get isOver(): boolean {
    return this.#now() >= this.#endMs;
  }

  #now(): number {
    const elapsed = this.#wallStart === undefined ? 0 : (this.#wall() - this.#wallStart) * this.speed;
    if (this.hours === "nyse") return Math.floor(this.#startMs + elapsed);
    let { day, openedAfter } = this.#session;
    while (elapsed - openedAfter >= day.close - day.open) {
      openedAfter += day.close - day.open;
      day = tradingDayFrom(addDays(day.date, 1));
      this.#session = { day, openedAfter };
    }
    return Math.floor(day.open + elapsed - openedAfter);
  }

  isOpen(at: number): boolean {
    const known = this.#lastOpen;
    if (known !== undefined && at >= known.open && at < known.close) return true;
    const day = tradingDay(newYorkDate(at));
    if (day !== undefined) this.#lastOpen = day;
    return day !== undefined && at >= day.open && at < day.close;
  }

  /** Before the open from 04:00 New York, and four hours after the close; with "always" there is no such time. */
  isExtended(at: number): boolean {
    const day = this.hours === "always" ? undefined : tradingDay(newYorkDate(at));
    return day !== undefined && ((at >= day.open - PRE_MS && at < day.open) || (at >= day.close && at < day.close + POST_MS));
  }

  /** The session that an order sent at `at` belongs to: the one under way or the next. */
  sessionFor(at: number): TradingDay {
    const known = this.#lastOpen;
    if (known !== undefined && at >= known.open && at < known.close) return known;
    const day = tradingDayFrom(newYorkDate(at));
    return at < day.close ? day : tradingDayFrom(addDays(day.date, 1));
  }

  nextOpen(at: number): number {
    if (at < this.#nextOpen.from || at >= this.#nextOpen.open) this.#nextOpen = { from: at, open: this.#findNextOpen(at) };
    return this.#nextOpen.open;
  }

  #findNextOpen(at: number): number {
    const day = tradingDayFrom(newYorkDate(at));
    return at < day.open ? day.open : tradingDayFrom(addDays(day.date, 1)).open;
  }

  nextClose(at: number): number {
    return this.sessionFor(at).close;
  }
}

/** An instant inside a session: itself, or the open of the next one. */
function intoSession(at: number): number {
  const day = tradingDayFrom(newYorkDate(at));
  if (at < day.open) return day.open;
  return at < day.close ? at : tradingDayFrom(addDays(day.date, 1)).open;
}

/** Where the clock starts unless told otherwise: half an hour into the latest session whose 10:00 New York has passed; with "nyse" the wall clock. */
export function defaultStart(hours: MarketHours, wallMs: number): number {
  if (hours === "nyse") return wallMs;
  const halfHour = 30 * 60_000;
  const day = tradingDayUpTo(newYorkDate(wallMs));
  return (day.open + halfHour <= wallMs ? day : tradingDayUpTo(addDays(day.date, -1))).open + halfHour;
}
