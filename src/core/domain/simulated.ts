/**
 * The SIMULATED market: made-up daily prices for well-known names, a pure function of seed, symbol and date.
 * Log prices are a market factor times beta plus a slowly mean-reverting part of their own, with clustered volatility
 * (log-volatility AR(1), Taylor 1982), overnight gaps and rare jumps. Nothing here is a real price.
 */
import { seededRandom, hash32, type Random } from "../base/random.ts";
import { newYorkDate, tradingMidnights } from "./nyse.ts";
import type { BarSeries } from "./bars.ts";

export interface SimulatedStock {
  readonly symbol: string;
  readonly name: string;
  readonly sector: string;
  /** USD, on 2 January 2026. */
  readonly startPrice: number;
  /** Yearly standard deviation of returns; 0.25 means 25 %. */
  readonly volatility: number;
  /** Move per move of the market. */
  readonly beta: number;
  /** Shares a day, in millions. */
  readonly volumeMillions: number;
}

/** There are no simulated prices before this date. */
export const SIMULATED_FROM = "2000-01-03";
const ANCHOR = "2026-01-02";
const MARKET_VOLATILITY = 0.15;
const YEAR = 252;

/** Bars of `symbol` stamped from `fromMs` up to but not including `toMs`. Any other window gives the same bars. Symbols outside the universe get made-up traits. */
export function simulatedDailyBars(symbol: string, seed: number | string, fromMs: number, toMs: number): BarSeries {
  const stock = simulatedStock(symbol) ?? madeUpStock(symbol);
  const last = newYorkDate(Math.max(Math.min(toMs, Date.UTC(2100, 0, 1)) - 1, 0));
  const days = tradingMidnights(SIMULATED_FROM, last > ANCHOR ? last : ANCHOR);
  const anchor = firstIndex(days.length, (i) => newYorkDate(days[i] as number) >= ANCHOR);
  const walk = logPrices(stock, seed, days.length);
  const base = walk.close[anchor] as number;
  const from = firstIndex(days.length, (i) => (days[i] as number) >= fromMs);
  const to = firstIndex(days.length, (i) => (days[i] as number) >= toMs);
  const count = Math.max(0, to - from);
  const column = () => new Float64Array(count);
  const series = {
    symbol,
    timeframe: "1Day" as const,
    time: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
    simulated: true,
  };
  const price = (logPrice: number) => Math.max(0.01, Math.round(stock.startPrice * Math.exp(logPrice - base) * 100) / 100);
  for (let i = 0; i < count; i++) {
    const k = from + i;
    series.time[i] = days[k] as number;
    series.open[i] = price(walk.open[k] as number);
    series.high[i] = price(walk.high[k] as number);
    series.low[i] = price(walk.low[k] as number);
    series.close[i] = price(walk.close[k] as number);
    series.volume[i] = walk.volume[k] as number;
  }
  return series;
}

export function simulatedStock(symbol: string): SimulatedStock | undefined {
  return SIMULATED_UNIVERSE.find((stock) => stock.symbol === symbol);
}

interface Walk {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/** Walks from the first simulated day; every day takes the same number of draws, so that day n is the same however far one walks. */
function logPrices(stock: SimulatedStock, seed: number | string, days: number): Walk {
  const column = () => new Float64Array(days);
  const walk = { open: column(), high: column(), low: column(), close: column(), volume: column() };
  const market = clusteredDraws(seededRandom(`${seed}/simulated-market`), MARKET_VOLATILITY);
  const ownVolatility = Math.sqrt(Math.max(0.0004, stock.volatility ** 2 - (stock.beta * MARKET_VOLATILITY) ** 2));
  const random = seededRandom(`${seed}/simulated/${stock.symbol}`);
  const own = clusteredDraws(random, ownVolatility);
  const shape = random.fork("shape");
  const drift = (0.05 + 0.02 * stock.beta) / YEAR;
  let factor = 0;
  let apart = 0;
  let close = 0;
  for (let day = 0; day < days; day++) {
    const m = market();
    const o = own();
    const overnight = stock.beta * m.overnight + o.overnight + drift - 0.0004 * (stock.beta * factor) - 0.001 * apart;
    const session = stock.beta * m.session + o.session;
    factor += m.overnight + m.session - 0.0004 * factor;
    apart += o.overnight + o.session - 0.001 * apart;
    const open = close + overnight;
    close = open + session;
    const sigma = Math.hypot(stock.beta * m.sigma, o.sigma);
    const above = Math.abs(shape.normal()) * 0.35 * sigma;
    const below = Math.abs(shape.normal()) * 0.35 * sigma;
    const busy = (1 + 0.8 * Math.min(4, Math.abs(overnight + session) / sigma)) * Math.exp(0.3 * shape.normal());
    walk.open[day] = open;
    walk.close[day] = close;
    walk.high[day] = Math.max(open, close) + above;
    walk.low[day] = Math.min(open, close) - below;
    walk.volume[day] = Math.round(stock.volumeMillions * 6000 * busy) * 100;
  }
  return walk;
}

/** Daily draws with clustered volatility: 30 % of the variance overnight, one day in a hundred a jump. */
function clusteredDraws(random: Random, yearlyVolatility: number): () => { readonly overnight: number; readonly session: number; readonly sigma: number } {
  const daily = yearlyVolatility / Math.sqrt(YEAR);
  const jumps = random.fork("jumps");
  let logVolatility = 0;
  return () => {
    logVolatility = 0.97 * logVolatility + 0.09 * random.normal();
    const sigma = daily * Math.exp(logVolatility - 0.137); // its stationary variance, so that the mean square is `daily` squared
    const jump = jumps.next() < 0.01 ? 2.5 : 1;
    return { overnight: sigma * Math.sqrt(0.3) * random.normal() * jump, session: sigma * Math.sqrt(0.7) * random.normal(), sigma };
  };
}

function firstIndex(length: number, holds: (i: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function madeUpStock(symbol: string): SimulatedStock {
  const random = seededRandom(hash32(symbol));
  return {
    symbol,
    name: `${symbol} (made up)`,
    sector: "Unknown",
    startPrice: 20 + random.int(280),
    volatility: 0.2 + 0.3 * random.next(),
    beta: 0.6 + 0.8 * random.next(),
    volumeMillions: 1 + random.int(20),
  };
}

function stock(symbol: string, name: string, sector: string, startPrice: number, volatility: number, beta: number, volumeMillions: number): SimulatedStock {
  return { symbol, name, sector, startPrice, volatility, beta, volumeMillions };
}

/** Who can be traded on the simulated market. Names are real, prices are not. */
export const SIMULATED_UNIVERSE: readonly SimulatedStock[] = [
  stock("AAPL", "Apple Inc.", "Technology", 232, 0.26, 1.15, 55),
  stock("MSFT", "Microsoft Corporation", "Technology", 428, 0.24, 1.05, 22),
  stock("NVDA", "NVIDIA Corporation", "Technology", 138, 0.48, 1.75, 210),
  stock("AMZN", "Amazon.com, Inc.", "Consumer Discretionary", 205, 0.32, 1.25, 40),
  stock("GOOG", "Alphabet Inc. Class C", "Communication", 178, 0.29, 1.1, 22),
  stock("GOOGL", "Alphabet Inc. Class A", "Communication", 176, 0.29, 1.1, 28),
  stock("META", "Meta Platforms, Inc.", "Communication", 585, 0.36, 1.3, 14),
  stock("TSLA", "Tesla, Inc.", "Consumer Discretionary", 320, 0.58, 2.0, 95),
  stock("AVGO", "Broadcom Inc.", "Technology", 175, 0.38, 1.4, 26),
  stock("AMD", "Advanced Micro Devices, Inc.", "Technology", 138, 0.46, 1.7, 48),
  stock("INTC", "Intel Corporation", "Technology", 24, 0.42, 1.2, 70),
  stock("ORCL", "Oracle Corporation", "Technology", 182, 0.32, 1.1, 10),
  stock("CRM", "Salesforce, Inc.", "Technology", 325, 0.33, 1.2, 6),
  stock("ADBE", "Adobe Inc.", "Technology", 505, 0.33, 1.2, 3.5),
  stock("CSCO", "Cisco Systems, Inc.", "Technology", 58, 0.21, 0.85, 18),
  stock("IBM", "International Business Machines", "Technology", 222, 0.22, 0.75, 4.5),
  stock("QCOM", "QUALCOMM Incorporated", "Technology", 160, 0.36, 1.3, 8.5),
  stock("TXN", "Texas Instruments Incorporated", "Technology", 196, 0.27, 1.05, 5.5),
  stock("MU", "Micron Technology, Inc.", "Technology", 102, 0.46, 1.5, 20),
  stock("PLTR", "Palantir Technologies Inc.", "Technology", 66, 0.62, 1.9, 70),
  stock("NFLX", "Netflix, Inc.", "Communication", 850, 0.36, 1.2, 3.6),
  stock("DIS", "The Walt Disney Company", "Communication", 112, 0.28, 1.0, 10),
  stock("T", "AT&T Inc.", "Communication", 23, 0.21, 0.6, 36),
  stock("VZ", "Verizon Communications Inc.", "Communication", 42, 0.2, 0.5, 17),
  stock("JPM", "JPMorgan Chase & Co.", "Financials", 246, 0.24, 1.05, 9),
  stock("BAC", "Bank of America Corporation", "Financials", 46, 0.27, 1.15, 36),
  stock("WFC", "Wells Fargo & Company", "Financials", 73, 0.28, 1.15, 16),
  stock("GS", "The Goldman Sachs Group, Inc.", "Financials", 592, 0.28, 1.2, 2.2),
  stock("MS", "Morgan Stanley", "Financials", 132, 0.28, 1.2, 6.5),
  stock("V", "Visa Inc.", "Financials", 312, 0.2, 0.9, 6),
  stock("MA", "Mastercard Incorporated", "Financials", 525, 0.21, 0.95, 2.5),
  stock("BRK.B", "Berkshire Hathaway Inc. Class B", "Financials", 470, 0.17, 0.75, 3.6),
  stock("XOM", "Exxon Mobil Corporation", "Energy", 118, 0.24, 0.8, 15),
  stock("CVX", "Chevron Corporation", "Energy", 158, 0.24, 0.8, 8),
  stock("COP", "ConocoPhillips", "Energy", 108, 0.29, 0.95, 6.5),
  stock("SLB", "Schlumberger Limited", "Energy", 42, 0.32, 1.05, 11),
  stock("JNJ", "Johnson & Johnson", "Health Care", 154, 0.16, 0.5, 7),
  stock("PFE", "Pfizer Inc.", "Health Care", 26, 0.24, 0.6, 38),
  stock("MRK", "Merck & Co., Inc.", "Health Care", 101, 0.21, 0.5, 11),
  stock("LLY", "Eli Lilly and Company", "Health Care", 790, 0.32, 0.7, 3.4),
  stock("UNH", "UnitedHealth Group Incorporated", "Health Care", 560, 0.26, 0.6, 3.6),
  stock("ABBV", "AbbVie Inc.", "Health Care", 178, 0.22, 0.5, 5.8),
  stock("MRNA", "Moderna, Inc.", "Health Care", 42, 0.6, 1.3, 8),
  stock("WMT", "Walmart Inc.", "Consumer Staples", 90, 0.18, 0.55, 16),
  stock("COST", "Costco Wholesale Corporation", "Consumer Staples", 960, 0.21, 0.8, 1.9),
  stock("PG", "The Procter & Gamble Company", "Consumer Staples", 172, 0.15, 0.45, 6.5),
  stock("KO", "The Coca-Cola Company", "Consumer Staples", 63, 0.14, 0.45, 14),
  stock("PEP", "PepsiCo, Inc.", "Consumer Staples", 160, 0.16, 0.5, 5.5),
  stock("MCD", "McDonald's Corporation", "Consumer Discretionary", 296, 0.18, 0.6, 3.2),
  stock("NKE", "NIKE, Inc.", "Consumer Discretionary", 77, 0.31, 1.0, 10),
  stock("HD", "The Home Depot, Inc.", "Consumer Discretionary", 412, 0.23, 1.0, 3.3),
  stock("SBUX", "Starbucks Corporation", "Consumer Discretionary", 98, 0.28, 0.9, 8),
  stock("F", "Ford Motor Company", "Consumer Discretionary", 11, 0.37, 1.3, 55),
  stock("GM", "General Motors Company", "Consumer Discretionary", 55, 0.34, 1.25, 11),
  stock("UBER", "Uber Technologies, Inc.", "Industrials", 71, 0.4, 1.35, 19),
  stock("BA", "The Boeing Company", "Industrials", 152, 0.36, 1.25, 8.5),
  stock("CAT", "Caterpillar Inc.", "Industrials", 382, 0.28, 1.1, 2.7),
  stock("GE", "GE Aerospace", "Industrials", 178, 0.3, 1.15, 5),
  stock("UPS", "United Parcel Service, Inc.", "Industrials", 134, 0.25, 0.9, 4),
  stock("COIN", "Coinbase Global, Inc.", "Financials", 290, 0.78, 2.2, 10),
  stock("SPY", "SPDR S&P 500 ETF Trust", "Index fund", 592, 0.155, 1.0, 52),
  stock("QQQ", "Invesco QQQ Trust", "Index fund", 510, 0.2, 1.2, 34),
  stock("IWM", "iShares Russell 2000 ETF", "Index fund", 232, 0.22, 1.15, 26),
  stock("DIA", "SPDR Dow Jones Industrial Average ETF", "Index fund", 438, 0.148, 0.92, 3.2),
];
