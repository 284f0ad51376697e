/**
 * Cuts the time since the exchange last looked into pieces that orders are matched against: single seconds near both
 * ends, whole minutes between, whole days when days have passed. Opens and closes of sessions are pieces of their own.
 */
import { newYorkDate, tradingDays, type TradingDay } from "../domain/nyse.ts";
import { POST_MS, PRE_MS } from "./exchangeClock.ts";

export type Step =
  /** `isInBar`: the whole day follows as one bar, which orders meet from its first price on. */
  | { readonly kind: "open"; readonly at: number; readonly day: TradingDay; readonly isInBar: boolean }
  | { readonly kind: "close"; readonly at: number; readonly day: TradingDay }
  /** 04:00 New York, when the day's prices begin. */
  | { readonly kind: "begin"; readonly at: number; readonly day: TradingDay }
  /** `isExtended`: outside the session. */
  | { readonly kind: "second"; readonly at: number; readonly isExtended?: boolean }
  /** Minutes of a session that start at `at`; the piece ends at `end`. */
  | { readonly kind: "minute"; readonly at: number; readonly end: number; readonly day: TradingDay }
  | { readonly kind: "day"; readonly at: number; readonly end: number; readonly day: TradingDay };

const MINUTE = 60_000;
const FULL_DETAIL_DAYS = 3;

export interface StepOptions {
  /** "sessions" leaves out what orders are matched against. Asked again for each day. */
  readonly detail: () => "all" | "sessions";
  /** Prices move outside the session too. */
  readonly hasExtended: boolean;
}

/** Pieces of (from, to], oldest first. */
export function* stepsBetween(from: number, to: number, { detail, hasExtended }: StepOptions): Generator<Step> {
  const days = tradingDays(newYorkDate(from), newYorkDate(to));
  const coarse = days.length > FULL_DETAIL_DAYS;
  for (const day of days) {
    const start = Math.max(from, day.open - 1000);
    const end = Math.min(to, day.close);
    const isInBar = coarse && from < day.open && to > day.close;
    const begin = day.open - PRE_MS;
    if (begin > from && begin <= to) yield { kind: "begin", at: begin, day };
    if (hasExtended && detail() === "all") yield* outside(Math.max(from, begin - 1000), Math.min(to, day.open - 1000));
    if (day.open > from && day.open <= to) yield { kind: "open", at: day.open, day, isInBar };
    if (end > start && detail() === "all") {
      if (isInBar) yield { kind: "day", at: day.open, end: day.close, day };
      else yield* within(day, start, end);
    }
    if (day.close > from && day.close <= to) yield { kind: "close", at: day.close, day };
    if (hasExtended && detail() === "all") yield* outside(Math.max(from, day.close), Math.min(to, day.close + POST_MS));
  }
}

/** Whole seconds after `from` up to and including `to`, the last ones of each minute alone when there are many. */
function* outside(from: number, to: number): Generator<Step> {
  const step = to - from > 2 * MINUTE ? MINUTE : 1000;
  for (let next = (Math.floor(from / step) + 1) * step; next <= to; next += step) yield { kind: "second", at: next, isExtended: true };
}

/** Seconds after `from` up to and including `to`, whole minutes taken together. */
function* within(day: TradingDay, from: number, to: number): Generator<Step> {
  let next = day.open + (Math.floor((from - day.open) / 1000) + 1) * 1000;
  while (next <= to) {
    const intoMinute = (next - day.open) % MINUTE;
    // A minute's bar holds its seconds 0 to 59; the last one also the closing price.
    const minuteEnd = next + MINUTE - 1000;
    if (intoMinute === 0 && minuteEnd <= to && to - from > 2 * MINUTE && next < day.close) {
      yield { kind: "minute", at: next, end: Math.min(minuteEnd, day.close), day };
      next += MINUTE;
    } else {
      yield { kind: "second", at: next };
      next += 1000;
    }
  }
}
