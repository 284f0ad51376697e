/** The New York calendar for those who ask about the same years over and over: remembers each year's sessions. */
import { addDays, tradingDays, type TradingDay } from "./nyse.ts";

export class SessionCalendar {
  readonly #years = new Map<number, { readonly days: readonly TradingDay[]; readonly index: ReadonlyMap<string, number> }>();

  /** Sessions of a calendar year, oldest first. */
  year(year: number): readonly TradingDay[] {
    return this.#of(year).days;
  }

  /** Which session of its year a date is, counted from 0; undefined when there is none. */
  indexOf(date: string): number | undefined {
    return this.#of(Number(date.slice(0, 4))).index.get(date);
  }

  /** The first session on or after a date. */
  from(date: string): TradingDay {
    for (let next = date; ; next = addDays(next, 1)) {
      const index = this.indexOf(next);
      if (index !== undefined) return this.year(Number(next.slice(0, 4)))[index] as TradingDay;
    }
  }

  /** The first session after a date. */
  after(date: string): TradingDay {
    return this.from(addDays(date, 1));
  }

  /** The last session before a date. */
  before(date: string): TradingDay {
    for (let next = addDays(date, -1); ; next = addDays(next, -1)) {
      const index = this.indexOf(next);
      if (index !== undefined) return this.year(Number(next.slice(0, 4)))[index] as TradingDay;
    }
  }

  #of(year: number) {
    let known = this.#years.get(year);
    if (known === undefined) {
      const days = tradingDays(`${year}-01-01`, `${year}-12-31`);
      known = { days, index: new Map(days.map(({ date }, i) => [date, i])) };
      this.#years.set(year, known);
    }
    return known;
  }
}
