/**
 * Finnhub (https://finnhub.io/docs/api): insiders' transactions, earnings calendar, company profile and metrics. The key goes
 * in the header X-Finnhub-Token, never in an address. Free keys may ask 60 times a minute.
 */
import * as v from "valibot";
import { newYorkOffset } from "../domain/nyse.ts";
import type { SourceClient } from "../domain/ports.ts";
import type { Company, EarningsDate, InsiderTransaction } from "../domain/research.ts";
import { bodyOf, dateText, fieldOf, looseNumber, looseText, soundItems, tickerText, type VendorName } from "./vendorAnswer.ts";

export const FINNHUB: VendorName = { title: "Finnhub", keyName: "FINNHUB_API_KEY", keyPage: "https://finnhub.io/register" };

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const KEEP = {
  insiders: { ttlMs: 10 * MINUTE_MS, staleMs: DAY_MS },
  earnings: { ttlMs: 60 * MINUTE_MS, staleMs: 3 * DAY_MS },
  company: { ttlMs: 6 * 60 * MINUTE_MS, staleMs: 7 * DAY_MS },
} as const;

const Transaction = v.object({
  symbol: v.optional(tickerText),
  name: looseText(200),
  change: v.pipe(v.number(), v.finite()),
  filingDate: dateText,
  transactionDate: dateText,
  transactionCode: v.pipe(v.string(), v.regex(/^[A-Z]$/)),
  transactionPrice: looseNumber,
  id: looseText(100),
});
const HOURS: Readonly<Record<string, EarningsDate["when"]>> = { bmo: "before-open", amc: "after-close", dmh: "during" };
const Report = v.object({ symbol: tickerText, date: dateText, hour: looseText(10), epsEstimate: looseNumber, epsActual: looseNumber });
const Profile = v.object({
  ticker: tickerText,
  name: looseText(200),
  finnhubIndustry: looseText(100),
  exchange: looseText(100),
  country: looseText(10),
  currency: looseText(10),
  marketCapitalization: looseNumber,
  shareOutstanding: looseNumber,
});
const Metric = v.object({
  "52WeekHigh": looseNumber,
  "52WeekLow": looseNumber,
  beta: looseNumber,
  peTTM: looseNumber,
  pbQuarterly: looseNumber,
  epsTTM: looseNumber,
  dividendYieldIndicatedAnnual: looseNumber,
  roeTTM: looseNumber,
  netProfitMarginTTM: looseNumber,
  "totalDebt/totalEquityQuarterly": looseNumber,
  revenueGrowthTTMYoy: looseNumber,
});

export interface DateQuery {
  /** New York dates, both included. */
  readonly from: string;
  readonly to: string;
  readonly symbol?: string;
}

export interface Finnhub {
  insiders(query: DateQuery, signal: AbortSignal): Promise<readonly InsiderTransaction[]>;
  earnings(query: DateQuery, signal: AbortSignal): Promise<readonly EarningsDate[]>;
  company(symbol: string, signal: AbortSignal): Promise<Company | null>;
}

export function createFinnhub(client: SourceClient, { simulated }: { readonly simulated: boolean }): Finnhub {
  const get = async (path: string, query: Readonly<Record<string, string>>, keep: (typeof KEEP)[keyof typeof KEEP], signal: AbortSignal): Promise<unknown> =>
    bodyOf(await client.read(`/api/v1${path}?${new URLSearchParams(query)}`, keep, signal), FINNHUB);
  return {
    insiders: async ({ from, to, symbol = "" }, signal) => {
      const body = await get("/stock/insider-transactions", { symbol: symbolOf(symbol), from, to }, KEEP.insiders, signal);
      const rows = soundItems(Transaction, fieldOf(body, "data"), "insiders' transactions");
      return rows
        .flatMap((row) => {
          const of = row.symbol ?? symbol;
          if (of === "" || row.filingDate < from || row.transactionDate > to) return [];
          return [
            {
              symbol: of,
              name: row.name,
              code: row.transactionCode,
              change: row.change,
              price: Math.max(0, row.transactionPrice ?? 0),
              tradedAt: midnightOf(row.transactionDate),
              filedAt: midnightOf(row.filingDate),
              url: pageOf(of, row.id === "" ? `${row.filingDate} ${row.name} ${row.change}` : row.id, simulated),
            },
          ];
        })
        .sort((a, b) => b.filedAt - a.filedAt || b.tradedAt - a.tradedAt || (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0));
    },

    earnings: async ({ from, to, symbol = "" }, signal) => {
      const body = await get("/calendar/earnings", { from, to, ...(symbol === "" ? {} : { symbol: symbolOf(symbol) }) }, KEEP.earnings, signal);
      return soundItems(Report, fieldOf(body, "earningsCalendar"), "an earnings calendar")
        .filter(({ date }) => date >= from && date <= to)
        .map(({ symbol: of, date, hour, epsEstimate, epsActual }) => ({ symbol: of, date, when: HOURS[hour] ?? "unknown", epsEstimate, epsActual }))
        .sort(byDate);
    },

    company: async (symbol, signal) => {
      const [profile, metrics] = await Promise.all([
        get("/stock/profile2", { symbol: symbolOf(symbol) }, KEEP.company, signal),
        get("/stock/metric", { symbol: symbolOf(symbol), metric: "all" }, KEEP.company, signal),
      ]);
      const about = v.safeParse(Profile, profile);
      if (!about.success) return null; // an unknown symbol is answered with {}
      const figures = v.parse(Metric, objectOf(fieldOf(metrics, "metric")));
      const { name, finnhubIndustry, exchange, country, currency, marketCapitalization, shareOutstanding } = about.output;
      return {
        symbol,
        name,
        industry: finnhubIndustry,
        exchange,
        country,
        currency,
        marketCap: scaled(marketCapitalization, 1e6), // in millions there
        sharesOutstanding: scaled(shareOutstanding, 1e6),
        peRatio: figures.peTTM,
        priceToBook: figures.pbQuarterly,
        epsTtm: figures.epsTTM,
        dividendYieldPct: figures.dividendYieldIndicatedAnnual,
        beta: figures.beta,
        week52High: figures["52WeekHigh"],
        week52Low: figures["52WeekLow"],
        returnOnEquityPct: figures.roeTTM,
        netMarginPct: figures.netProfitMarginTTM,
        debtToEquity: figures["totalDebt/totalEquityQuarterly"],
        revenueGrowthPct: figures.revenueGrowthTTMYoy,
        source: "finnhub",
      };
    },
  };
}

/** Start of a New York date. */
function midnightOf(date: string): number {
  const utc = Date.parse(`${date}T00:00:00Z`);
  return utc - newYorkOffset(utc);
}

/** Earliest first, symbols of one date in ABC order. */
export function byDate(a: EarningsDate, b: EarningsDate): number {
  return a.date < b.date ? -1 : a.date > b.date ? 1 : a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0;
}

export function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

/** An object, whatever arrived. */
export function objectOf(value: unknown): object {
  return value !== null && typeof value === "object" ? value : {};
}

/** Finnhub writes classes of shares with a dot, as we do. */
function symbolOf(symbol: string): string {
  return symbol.trim().toUpperCase();
}

/** The company's Forms 4 at the SEC, told apart by a fragment; a simulated filing is nowhere. */
function pageOf(symbol: string, id: string, simulated: boolean): string {
  const fragment = encodeURIComponent(id);
  if (simulated) return `https://simulated.invalid/filings/${fragment}`;
  return `https://www.sec.gov/cgi-bin/browse-edgar?action=getcompany&CIK=${encodeURIComponent(symbol)}&type=4&owner=include&count=40#${fragment}`;
}
