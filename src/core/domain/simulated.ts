/**
 * The SIMULATED market: made-up daily prices for well-known names, a pure function of seed, symbol and date. Log prices
 * are a market factor times beta plus a part of their own, both slowly reverting; a year's path is a bridge between the
 * levels of its ends, so that any year is had without the ones before it. Volatility is clustered (log-volatility AR(1),
 * Taylor 1982); nights have gaps, rare jumps, and a leap after each earnings report. Nothing here is a real price.
 */
import { hash32, seededRandom, type Random } from "../base/random.ts";
import type { BarSeries } from "./bars.ts";
import { newYorkDate, type TradingDay } from "./nyse.ts";
import { SessionCalendar } from "./sessionCalendar.ts";
import { earningsIn, SimulatedActions } from "./simulatedEvents.ts";
import { SIMULATED_UNIVERSE, type SimulatedStock } from "./simulatedUniverse.ts";

/** There are no simulated prices before this year, nor after the other. */
export const SIMULATED_YEARS = { first: 2000, last: 2100 } as const;
const ANCHOR_YEAR = 2025;
const MARKET_VOLATILITY = 0.15;
const SESSIONS = 252;
/** What is left of a deviation after a year: of the market, and of a stock from it. */
const MARKET_MEMORY = 0.905;
const OWN_MEMORY = 0.78;
/** From year to year even the wildest stock wanders no farther than this yearly deviation; within the year it may. */
const MAX_DRIFTING = 0.45;

/**
 * Bars of `symbol` stamped from `fromMs` up to but not including `toMs`, as if no share had been split and no dividend
 * paid. Any other window gives the same bars. Symbols outside the universe get made-up traits.
 */
export function simulatedDailyBars(symbol: string, seed: number | string, fromMs: number, toMs: number): BarSeries {
  const prices = new SimulatedPrices(seed);
  const [first, last] = [yearOf(Math.max(fromMs, 0)), yearOf(Math.max(Math.min(toMs, Date.UTC(2100, 11, 31)) - 1, 0))];
  const years: BarSeries[] = [];
  for (let year = Math.max(first, SIMULATED_YEARS.first); year <= last; year++) years.push(prices.year(symbol, year));
  const join = (column: "time" | "open" | "high" | "low" | "close" | "volume") =>
    Float64Array.from(years.flatMap((year) => [...year[column].subarray(indexFrom(year.time, fromMs), indexFrom(year.time, toMs))]));
  return {
    symbol,
    timeframe: "1Day",
    time: join("time"),
    open: join("open"),
    high: join("high"),
    low: join("low"),
    close: join("close"),
    volume: join("volume"),
    simulated: true,
  };
}

/** Index of the first time that is not before `at`. */
function indexFrom(times: Float64Array, at: number): number {
  const index = times.findIndex((time) => time >= at);
  return index === -1 ? times.length : index;
}

function yearOf(at: number): number {
  return Number(newYorkDate(at).slice(0, 4));
}

/** A year of log prices (or of the market's part of them), session by session. */
interface YearPath {
  readonly open: Float64Array;
  readonly close: Float64Array;
  /** Standard deviation of each day's move, as it was drawn. */
  readonly sigma: Float64Array;
}

/** One seed's market. Keeps the market factor and the levels of year ends, which every stock needs again. */
export class SimulatedPrices {
  readonly actions: SimulatedActions;
  readonly #seed: number | string;
  readonly #calendar = new SessionCalendar();
  readonly #market = new Map<number, YearPath>();
  readonly #levels = new Map<string, Float64Array>();
  readonly #stocks = new Map<string, SimulatedStock>(SIMULATED_UNIVERSE.map((stock) => [stock.symbol, stock]));

  constructor(seed: number | string) {
    this.#seed = seed;
    this.actions = new SimulatedActions({ seed, calendar: this.#calendar }, (stock, year) => this.#unsplitClose(stock, year));
  }

  stock(symbol: string): SimulatedStock {
    return this.#stocks.get(symbol) ?? madeUpStock(symbol);
  }

  /** Daily bars of a calendar year, as if nothing had been split or paid; `raw`: as traded. */
  year(symbol: string, year: number, kind: "unsplit" | "raw" = "unsplit"): BarSeries {
    const stock = this.stock(symbol);
    const days = this.#calendar.year(year);
    const column = () => new Float64Array(days.length);
    const series = {
      symbol,
      timeframe: "1Day" as const,
      time: Float64Array.from(days, (day) => day.midnight),
      open: column(),
      high: column(),
      low: column(),
      close: column(),
      volume: column(),
      simulated: true,
    };
    const path = this.#path(stock, year);
    const shape = seededRandom(`${this.#seed}/shape/${symbol}/${year}`);
    const basis = kind === "raw" ? this.#basis(stock, year, days) : undefined;
    const startLevel = Math.log(stock.startPrice);
    let previous = this.#level(stock, year - 1);
    for (let i = 0; i < days.length; i++) {
      const [open, close, sigma] = [path.open[i] as number, path.close[i] as number, path.sigma[i] as number];
      const factor = basis?.[i];
      const price = (log: number) => Math.max(0.01, Math.round(Math.exp(startLevel + log) * (factor?.price ?? 1) * 100) / 100);
      const above = Math.abs(shape.normal()) * 0.35 * sigma;
      const below = Math.abs(shape.normal()) * 0.35 * sigma;
      const busy = (1 + 0.8 * Math.min(5, Math.abs(close - previous) / sigma)) * Math.exp(0.3 * shape.normal());
      series.open[i] = price(open);
      series.close[i] = price(close);
      series.high[i] = price(Math.max(open, close) + above);
      series.low[i] = price(Math.min(open, close) - below);
      series.volume[i] = Math.max(1, Math.round(((stock.volumeMillions * 6000) / (factor?.shares ?? 1)) * busy)) * 100;
      previous = close;
    }
    return series;
  }

  /** For each day: what raw prices are multiplied by, and the part of it that splits have (shares are divided by that). */
  #basis(stock: SimulatedStock, year: number, days: readonly TradingDay[]): ReadonlyArray<{ readonly price: number; readonly shares: number }> {
    const events = this.actions.in(stock, year);
    let price = this.actions.basisAfter(stock, year - 1);
    let shares = 1;
    let next = 0;
    return days.map(({ date }) => {
      for (let event = events[next]; event !== undefined && event.exDate <= date; event = events[++next]) {
        if (event.kind === "dividend") price *= this.actions.keptBy(stock);
        else {
          price *= event.oldRate / event.newRate;
          shares *= event.oldRate / event.newRate;
        }
      }
      return { price, shares };
    });
  }

  #path(stock: SimulatedStock, year: number): YearPath {
    const market = this.#marketPath(year);
    const days = this.#calendar.year(year);
    const ownVolatility = ownVolatilityOf(stock);
    const leaps = this.#leaps(stock, year);
    const levels = this.#ownLevels(stock);
    const own = bridge({
      random: seededRandom(`${this.#seed}/simulated/${stock.symbol}/${year}`),
      sessions: days.length,
      yearlyVolatility: ownVolatility,
      from: levels[year - 1 - SIMULATED_YEARS.first + 1] as number,
      to: levels[year - SIMULATED_YEARS.first + 1] as number,
      leaps,
    });
    const drift = driftOf(stock);
    const base = this.#base(stock);
    for (let i = 0; i < days.length; i++) {
      const grown = drift * (year - 1 + (i + 1) / days.length - ANCHOR_YEAR) - base;
      own.open[i] = (own.open[i] as number) + stock.beta * (market.open[i] as number) + grown;
      own.close[i] = (own.close[i] as number) + stock.beta * (market.close[i] as number) + grown;
      own.sigma[i] = Math.hypot(stock.beta * (market.sigma[i] as number), own.sigma[i] as number);
    }
    return own;
  }

  /** Overnight moves after earnings reports, by session of the year. */
  #leaps(stock: SimulatedStock, year: number): ReadonlyMap<number, number> {
    const leaps = new Map<number, number>();
    for (const { reactionDate, surprise } of earningsIn(stock, year, { seed: this.#seed, calendar: this.#calendar })) {
      const session = this.#calendar.indexOf(reactionDate);
      if (session !== undefined) leaps.set(session, surprise * (0.012 + (1.5 * stock.volatility) / Math.sqrt(SESSIONS)));
    }
    return leaps;
  }

  #marketPath(year: number): YearPath {
    let path = this.#market.get(year);
    if (path === undefined) {
      const levels = this.#marketLevels();
      path = bridge({
        random: seededRandom(`${this.#seed}/simulated-market/${year}`),
        sessions: this.#calendar.year(year).length,
        yearlyVolatility: MARKET_VOLATILITY,
        from: levels[year - SIMULATED_YEARS.first] as number,
        to: levels[year - SIMULATED_YEARS.first + 1] as number,
        leaps: new Map(),
      });
      this.#market.set(year, path);
    }
    return path;
  }

  /** Log price at a year's end over that of the anchor. */
  #level(stock: SimulatedStock, year: number): number {
    const i = year - SIMULATED_YEARS.first + 1;
    return (this.#ownLevels(stock)[i] as number) + stock.beta * (this.#marketLevels()[i] as number) + driftOf(stock) * (year - ANCHOR_YEAR) - this.#base(stock);
  }

  #base(stock: SimulatedStock): number {
    const i = ANCHOR_YEAR - SIMULATED_YEARS.first + 1;
    return (this.#ownLevels(stock)[i] as number) + stock.beta * (this.#marketLevels()[i] as number);
  }

  #unsplitClose(stock: SimulatedStock, year: number): number {
    return stock.startPrice * Math.exp(this.#level(stock, year));
  }

  #marketLevels(): Float64Array {
    return this.#levelsOf("", () => yearEnds(seededRandom(`${this.#seed}/simulated-market`), MARKET_VOLATILITY, MARKET_MEMORY));
  }

  #ownLevels(stock: SimulatedStock): Float64Array {
    return this.#levelsOf(stock.symbol, () => yearEnds(seededRandom(`${this.#seed}/simulated/${stock.symbol}`), ownVolatilityOf(stock), OWN_MEMORY));
  }

  #levelsOf(name: string, make: () => Float64Array): Float64Array {
    let levels = this.#levels.get(name);
    if (levels === undefined) {
      levels = make();
      this.#levels.set(name, levels);
    }
    return levels;
  }
}

/** Levels at the ends of the years from the one before the first simulated one to the last. */
function yearEnds(random: Random, yearlyVolatility: number, memory: number): Float64Array {
  const levels = new Float64Array(SIMULATED_YEARS.last - SIMULATED_YEARS.first + 2);
  for (let i = 1; i < levels.length; i++) levels[i] = memory * (levels[i - 1] as number) + 0.93 * Math.min(yearlyVolatility, MAX_DRIFTING) * random.normal();
  return levels;
}

interface Bridge {
  readonly random: Random;
  readonly sessions: number;
  readonly yearlyVolatility: number;
  readonly from: number;
  readonly to: number;
  /** Overnight moves of their own. */
  readonly leaps: ReadonlyMap<number, number>;
}

/** A year's path between two levels: 30 % of the variance overnight, one night in a hundred a jump. */
function bridge({ random, sessions, yearlyVolatility, from, to, leaps }: Bridge): YearPath {
  const path = { open: new Float64Array(sessions), close: new Float64Array(sessions), sigma: new Float64Array(sessions) };
  const daily = yearlyVolatility / Math.sqrt(SESSIONS);
  const jumps = random.fork("jumps");
  let logVolatility = 0.37 * random.normal(); // its stationary deviation
  let level = from;
  for (let i = 0; i < sessions; i++) {
    logVolatility = 0.97 * logVolatility + 0.09 * random.normal();
    const sigma = daily * Math.exp(logVolatility - 0.137); // its stationary variance, so that the mean square is `daily` squared
    const jump = jumps.next() < 0.01 ? 2.5 : 1;
    path.open[i] = level + sigma * Math.sqrt(0.3) * random.normal() * jump + (leaps.get(i) ?? 0);
    level = (path.open[i] as number) + sigma * Math.sqrt(0.7) * random.normal();
    path.close[i] = level;
    path.sigma[i] = sigma;
  }
  // What is missing at the end is spread evenly over days, and within a day a third of it over the night.
  const missing = (to - level) / sessions;
  for (let i = 0; i < sessions; i++) {
    path.open[i] = (path.open[i] as number) + missing * (i + 1 / 3);
    path.close[i] = (path.close[i] as number) + missing * (i + 1);
  }
  return path;
}

function driftOf({ beta }: SimulatedStock): number {
  return 0.05 + 0.02 * beta;
}

function ownVolatilityOf({ volatility, beta }: SimulatedStock): number {
  return Math.sqrt(Math.max(0.0004, volatility ** 2 - (beta * MARKET_VOLATILITY) ** 2));
}

function madeUpStock(symbol: string): SimulatedStock {
  const random = seededRandom(hash32(symbol));
  return {
    symbol,
    name: `${symbol} (made up)`,
    sector: "Unknown",
    listing: "NYSE",
    startPrice: 20 + random.int(280),
    volatility: 0.2 + 0.3 * random.next(),
    beta: 0.6 + 0.8 * random.next(),
    volumeMillions: 1 + random.int(20),
  };
}
