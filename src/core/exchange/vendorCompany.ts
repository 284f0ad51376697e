/** Figures of the SIMULATED companies, consistent with their prices, dividends and reports. */
import { hash32 } from "../base/random.ts";
import { addDays, newYorkDate, tradingDayFrom } from "../domain/nyse.ts";
import type { EarningsReport } from "../domain/simulatedEvents.ts";
import { FUND_SECTOR } from "../domain/simulatedUniverse.ts";
import type { Market } from "./market.ts";

export interface CompanyFigures {
  readonly symbol: string;
  readonly name: string;
  readonly sector: string;
  readonly exchange: string;
  readonly price: number;
  readonly sharesMillions: number;
  readonly marketCapMillions: number;
  readonly beta: number;
  readonly week52High: number;
  readonly week52Low: number;
  readonly dividendYieldPct: number;
  /** Null for funds, and where nothing was reported in a year. */
  readonly epsTtm: number | null;
  readonly peRatio: number | null;
  readonly priceToBook: number;
  readonly returnOnEquityPct: number;
  readonly netMarginPct: number;
  readonly debtToEquity: number;
  readonly revenueGrowthPct: number;
}

const DAY_MS = 86_400_000;

/** When a report came out. */
export function reportedAt(report: EarningsReport): number {
  const day = tradingDayFrom(report.date);
  return report.hour === "bmo" ? day.open - 2 * 3_600_000 : day.close + 300_000;
}

/** Figures of a company as known at a time; undefined for symbols that the market does not have. */
export function companyFigures(market: Market, symbol: string, now: number): CompanyFigures | undefined {
  if (!market.has(symbol)) return undefined;
  const stock = market.stock(symbol);
  const today = newYorkDate(now);
  const price = market.last(symbol, now);
  const draw = hash32(`${market.seed}/company/${symbol}`) >>> 0;
  const share = (shift: number) => ((draw >>> shift) & 127) / 127;
  const sharesMillions = Math.round(stock.volumeMillions * (60 + 120 * share(0)));
  const reports = market.earnings(symbol, addDays(today, -365), today).filter((report) => reportedAt(report) <= now);
  const epsTtm = reports.length === 0 ? null : round(reports.slice(-4).reduce((sum, { epsActual }) => sum + epsActual, 0));
  const events = market.events(symbol, addDays(today, -365), today);
  /** What shares of a time have become: yearly highs and lows are in today's. */
  const sharesSince = (at: number) =>
    events.reduce((factor, event) => (event.kind === "split" && event.exDate > newYorkDate(at) ? (factor * event.newRate) / event.oldRate : factor), 1);
  const bars = [...market.dailyBars(symbol, now - 365 * DAY_MS, now - DAY_MS)].map(({ t, h, l }) => ({ h: h / sharesSince(t), l: l / sharesSince(t) }));
  const paid = events.reduce((sum, event) => sum + (event.kind === "dividend" ? event.rate : 0), 0);
  return {
    symbol,
    name: stock.name,
    sector: stock.sector,
    exchange: stock.listing,
    price,
    sharesMillions,
    marketCapMillions: Math.round(sharesMillions * price),
    beta: stock.beta,
    week52High: round(bars.reduce((top, { h }) => Math.max(top, h), price)),
    week52Low: round(bars.reduce((low, { l }) => Math.min(low, l), price)),
    dividendYieldPct: round((paid / price) * 100),
    epsTtm: stock.sector === FUND_SECTOR ? null : epsTtm,
    peRatio: epsTtm === null || epsTtm <= 0 ? null : round(price / epsTtm),
    priceToBook: round(1 + 9 * share(7)),
    returnOnEquityPct: round(4 + 36 * share(14)),
    netMarginPct: round(3 + 27 * share(21)),
    debtToEquity: round(1.8 * share(4)),
    revenueGrowthPct: round(-6 + 26 * share(11)),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
