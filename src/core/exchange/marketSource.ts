/** Where a market's daily bars come from, and what happens to its companies: made up from a seed, or recorded (replay.ts). */
import type { BarSeries } from "../domain/bars.ts";
import type { TradingDay } from "../domain/nyse.ts";
import { SessionCalendar } from "../domain/sessionCalendar.ts";
import { SIMULATED_YEARS, SimulatedPrices } from "../domain/simulated.ts";
import { earningsIn, type CorporateEvent, type EarningsReport } from "../domain/simulatedEvents.ts";
import { SIMULATED_UNIVERSE, type SimulatedStock } from "../domain/simulatedUniverse.ts";
import { BoundedMemo } from "./boundedMemo.ts";
import type { MarketBar } from "./marketBar.ts";

/** A recorded bar and the seconds of its session that it covers, `to` excluded. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly bar: MarketBar;
}

export interface MarketSource {
  readonly kind: "simulated" | "replay";
  readonly stocks: readonly SimulatedStock[];
  /** Calendar years that have bars. */
  readonly years: { readonly first: number; readonly last: number };
  /** Daily bars of a calendar year, as traded: not adjusted for anything. */
  year(symbol: string, year: number): BarSeries;
  /** Recorded bars of a session; undefined where only the daily bar is known. */
  within(symbol: string, day: TradingDay): readonly Piece[] | undefined;
  /** Splits and dividends with their ex-date in a year, oldest first. */
  events(symbol: string, year: number): readonly CorporateEvent[];
  /** Earnings reports of a year. */
  earnings(symbol: string, year: number): readonly EarningsReport[];
}

/** Years of symbols whose reports are kept. */
const MAX_REPORTED = 2048;

export function simulatedSource(seed: number | string): MarketSource {
  const prices = new SimulatedPrices(seed);
  const parts = { seed, calendar: new SessionCalendar() };
  const earnings = new BoundedMemo<readonly EarningsReport[]>(MAX_REPORTED);
  return {
    kind: "simulated",
    stocks: SIMULATED_UNIVERSE,
    years: SIMULATED_YEARS,
    year: (symbol, year) => prices.year(symbol, year, "raw"),
    within: () => undefined,
    events: (symbol, year) => prices.actions.in(prices.stock(symbol), year),
    earnings: (symbol, year) => earnings.get(`${symbol} ${year}`, () => earningsIn(prices.stock(symbol), year, parts)),
  };
}
