/**
 * What happens to companies on the SIMULATED market beside trading: quarterly earnings, dividends, splits. Made up, a pure
 * function of seed, symbol and year. Dividends and splits move raw prices by a factor, the basis, which is 1 at the end of
 * 2025: what a share of then has become. Prices of simulated.ts are without it, as if nothing had been paid or split.
 */
import { hash32, seededRandom } from "../base/random.ts";
import { addDays } from "./nyse.ts";
import type { SessionCalendar } from "./sessionCalendar.ts";
import { FUND_SECTOR, type SimulatedStock } from "./simulatedUniverse.ts";

export interface EarningsReport {
  /** Quarter that is reported, 1 to 4, and its year. */
  readonly quarter: number;
  readonly year: number;
  /** New York date of the report. */
  readonly date: string;
  /** Before the open (the price reacts that day) or after the close (it reacts in the next session). */
  readonly hour: "bmo" | "amc";
  /** The session that opens with a gap. */
  readonly reactionDate: string;
  /** USD a share. */
  readonly epsEstimate: number;
  readonly epsActual: number;
  /** Standard normal: how the market takes it. */
  readonly surprise: number;
}

export interface SplitEvent {
  readonly kind: "split";
  readonly symbol: string;
  /** New York date of the first session at the new price. */
  readonly exDate: string;
  readonly declaredDate: string;
  /** Four new shares for one old one: 4 and 1; a reverse split 1 and 10. */
  readonly newRate: number;
  readonly oldRate: number;
}

export interface DividendEvent {
  readonly kind: "dividend";
  readonly symbol: string;
  /** New York dates. Who holds at the close before the ex-date is paid on the payable date. */
  readonly exDate: string;
  readonly recordDate: string;
  readonly payableDate: string;
  readonly declaredDate: string;
  /** USD a share, whole cents. */
  readonly rate: number;
}

export type CorporateEvent = SplitEvent | DividendEvent;

const ANCHOR_YEAR = 2025;
const FIRST_YEAR = 2000;

export interface EventParts {
  readonly seed: number | string;
  readonly calendar: SessionCalendar;
}

/** Reports of the quarters before, one in each quarter of `year`; funds have none. */
export function earningsIn(stock: SimulatedStock, year: number, { seed, calendar }: EventParts): readonly EarningsReport[] {
  if (stock.sector === FUND_SECTOR) return [];
  const own = hash32(`${seed}/earnings/${stock.symbol}`) >>> 0;
  const hour = own % 5 < 2 ? "bmo" : "amc";
  return [1, 2, 3, 4].map((quarter) => {
    const random = seededRandom(`${seed}/earnings/${stock.symbol}/${year}/${quarter}`);
    // From the tenth of the quarter's first month on, over seven weeks, each company at about its own time.
    const date = calendar.from(addDays(`${year}-${String(quarter * 3 - 2).padStart(2, "0")}-10`, ((own >>> 4) % 40) + random.int(5))).date;
    const epsEstimate = Math.max(0.01, cents(stock.startPrice * (0.008 + ((own >>> 12) % 100) / 10_000) * (0.9 + 0.2 * random.next())));
    const surprise = random.normal();
    return {
      quarter: quarter === 1 ? 4 : quarter - 1,
      year: quarter === 1 ? year - 1 : year,
      date,
      hour,
      reactionDate: hour === "bmo" ? date : calendar.after(date).date,
      epsEstimate,
      epsActual: cents(epsEstimate * (1 + 0.08 * surprise + 0.03 * random.normal())),
      surprise,
    };
  });
}

/** Splits and dividends of every stock; remembers the years it was asked about. */
export class SimulatedActions {
  readonly #seed: number | string;
  readonly #calendar: SessionCalendar;
  readonly #unsplit: (stock: SimulatedStock, year: number) => number;
  readonly #bases = new Map<string, Map<number, number>>();
  readonly #events = new Map<string, readonly CorporateEvent[]>();

  /** `unsplit`: the close at the end of a year, without any basis. */
  constructor({ seed, calendar }: EventParts, unsplit: (stock: SimulatedStock, year: number) => number) {
    this.#seed = seed;
    this.#calendar = calendar;
    this.#unsplit = unsplit;
  }

  /** Events whose ex-date lies in a year, oldest first. */
  in(stock: SimulatedStock, year: number): readonly CorporateEvent[] {
    const key = `${stock.symbol} ${year}`;
    let events = this.#events.get(key);
    if (events === undefined) {
      events = [...this.#dividends(stock, year), ...this.#splits(stock, year)].sort((a, b) => (a.exDate < b.exDate ? -1 : 1));
      this.#events.set(key, events);
    }
    return events;
  }

  /** What a dividend leaves of the price. */
  keptBy(stock: SimulatedStock): number {
    return 1 - yieldOf(stock, this.#seed);
  }

  /** Raw price over price without basis, at the end of a year. */
  basisAfter(stock: SimulatedStock, year: number): number {
    let known = this.#bases.get(stock.symbol);
    if (known === undefined) {
      known = new Map([[ANCHOR_YEAR, 1]]);
      this.#bases.set(stock.symbol, known);
    }
    for (let y = Math.min(...known.keys()); y > year; y--) known.set(y - 1, (known.get(y) as number) / this.#factorOf(stock, y, known.get(y) as number));
    for (let y = Math.max(...known.keys()); y < year; y++) known.set(y + 1, (known.get(y) as number) * this.#factorOf(stock, y + 1, known.get(y) as number));
    return known.get(year) as number;
  }

  /** What a year's events do to the basis, given the basis on its known side: after it up to the anchor, before it later. */
  #factorOf(stock: SimulatedStock, year: number, known: number): number {
    const { newRate, oldRate } = this.#ratio(stock, year, known) ?? { newRate: 1, oldRate: 1 };
    return (oldRate / newRate) * this.keptBy(stock) ** 4;
  }

  /** High prices are split now and then, very low ones put together. */
  #ratio(stock: SimulatedStock, year: number, known: number): Pick<SplitEvent, "newRate" | "oldRate"> | undefined {
    if (stock.sector === FUND_SECTOR || year <= FIRST_YEAR) return undefined;
    const draw = hash32(`${this.#seed}/splits/${stock.symbol}/${year}`) >>> 0;
    const newRate = [2, 3, 4, 5, 10][(draw >>> 8) % 5] as number;
    if (year <= ANCHOR_YEAR) {
      const after = this.#unsplit(stock, year) * known;
      if (draw % 12 === 0 && after * newRate > 180 && after * newRate < 900) return { newRate, oldRate: 1 };
      return draw % 12 === 1 && after < 15 ? { newRate: 1, oldRate: 10 } : undefined;
    }
    const before = this.#unsplit(stock, year - 1) * known;
    if (draw % 12 === 0 && before > 180) return { newRate: before / newRate > 40 ? newRate : 2, oldRate: 1 };
    return draw % 4 === 1 && before < 3 ? { newRate: 1, oldRate: 10 } : undefined;
  }

  #splits(stock: SimulatedStock, year: number): readonly SplitEvent[] {
    const ratio = this.#ratio(stock, year, this.basisAfter(stock, year <= ANCHOR_YEAR ? year : year - 1));
    if (ratio === undefined) return [];
    const draw = hash32(`${this.#seed}/split-dates/${stock.symbol}/${year}`) >>> 0;
    // Late in a month, when no dividend is due.
    const exDate = this.#calendar.from(`${year}-${String(2 + (draw % 10)).padStart(2, "0")}-24`).date;
    return [{ kind: "split", symbol: stock.symbol, exDate, declaredDate: addDays(exDate, -30), ...ratio }];
  }

  #dividends(stock: SimulatedStock, year: number): readonly DividendEvent[] {
    const perPayment = yieldOf(stock, this.#seed);
    if (perPayment === 0) return [];
    const draw = hash32(`${this.#seed}/dividends/${stock.symbol}`) >>> 0;
    const split = this.#splits(stock, year)[0];
    const lastYear = this.#unsplit(stock, year - 1) * this.basisAfter(stock, year - 1);
    return [0, 1, 2, 3].map((nth) => {
      const month = String(1 + (((draw >>> 4) % 3) + nth * 3)).padStart(2, "0");
      const exDate = this.#calendar.from(`${year}-${month}-${String(5 + ((draw >>> 8) % 15)).padStart(2, "0")}`).date;
      const shares = split !== undefined && split.exDate < exDate ? split.newRate / split.oldRate : 1;
      return {
        kind: "dividend",
        symbol: stock.symbol,
        exDate,
        recordDate: exDate,
        payableDate: this.#calendar.from(addDays(exDate, 21)).date,
        declaredDate: addDays(exDate, -30),
        rate: Math.max(0.01, cents((lastYear * perPayment) / shares)), // of the last year's closing price: the same all year
      };
    });
  }
}

/** Each of four payments a year, as a part of the price: 0.1 to 1 %; 0 for four in ten, who pay nothing. */
function yieldOf({ symbol, sector }: SimulatedStock, seed: number | string): number {
  const draw = hash32(`${seed}/dividends/${symbol}`) >>> 0;
  return sector === FUND_SECTOR || draw % 10 < 6 ? (0.005 + ((draw >>> 12) % 36) / 1000) / 4 : 0;
}

function cents(value: number): number {
  return Math.round(value * 100) / 100;
}
