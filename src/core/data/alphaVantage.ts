/**
 * Alpha Vantage (https://www.alphavantage.co/documentation/): overview, earnings, daily bars. It wants its key in the
 * address, which is therefore added by the client alone; limits and errors arrive with status 200 and a text.
 */
import * as v from "valibot";
import { TradingError } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import { tradingMidnights } from "../domain/nyse.ts";
import type { HttpAnswer, SourceClient } from "../domain/ports.ts";
import type { Company, EarningsDate } from "../domain/research.ts";
import { byDate, objectOf, scaled, type DateQuery } from "./finnhub.ts";
import { badAnswer, bodyOf, dateText, fieldOf, looseNumber, looseText, soundItems, tickerText, type VendorName } from "./vendorAnswer.ts";

export const ALPHA_VANTAGE: VendorName = {
  title: "Alpha Vantage",
  keyName: "ALPHAVANTAGE_API_KEY",
  keyPage: "https://www.alphavantage.co/support/#api-key",
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A free key has 25 requests a day: what changes once a day is kept for long. */
const KEEP = { ttlMs: 12 * HOUR_MS, staleMs: 7 * DAY_MS } as const;

/** What an answer with status 200 says that is no answer. */
export function alphaVantageRefusal({ status, body }: HttpAnswer): TradingError | undefined {
  if (status !== 200) return undefined;
  const json = typeof body === "string" ? jsonOf(body) : body;
  const said = (name: string) => {
    const text = fieldOf(json, name);
    return typeof text === "string" ? text : undefined;
  };
  const [error, note] = [said("Error Message"), said("Note") ?? said("Information")];
  if (error !== undefined) {
    if (/apikey/i.test(error)) return badKey();
    return new TradingError("not-found", "Alpha Vantage does not know this symbol or function", { data: { status } });
  }
  if (note === undefined) return undefined;
  if (/premium (endpoint|plan)|subscribe/i.test(note) && !/rate limit|per day|per minute|per second/i.test(note))
    return new TradingError("not-in-plan", "Alpha Vantage gives this to paid keys only", {
      hint: "See https://www.alphavantage.co/premium/.",
      data: { status },
    });
  if (/demo.*api ?key|claim your free api key|invalid.*api ?key/i.test(note)) return badKey();
  const perDay = /per day|daily/i.test(note);
  const perSecond = /per second|1 request/i.test(note) && !perDay;
  return new TradingError("rate-limited", `Alpha Vantage: its limit of requests ${perDay ? "a day" : perSecond ? "a second" : "a minute"} is used up`, {
    hint: "A free key has 25 requests a day; see https://www.alphavantage.co/premium/.",
    data: perSecond ? { status, sent: true, retry: true } : { status, sent: true, restMs: perDay ? HOUR_MS : 60_000 },
  });
}

function badKey(): TradingError {
  return new TradingError("bad-key", "Alpha Vantage does not accept the key", {
    hint: `Check ${ALPHA_VANTAGE.keyName}; a new one is at ${ALPHA_VANTAGE.keyPage}.`,
  });
}

function jsonOf(text: string): unknown {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const Overview = v.object({
  Symbol: tickerText,
  Name: looseText(200),
  Industry: looseText(100),
  Exchange: looseText(100),
  Country: looseText(50),
  Currency: looseText(10),
  MarketCapitalization: looseNumber,
  SharesOutstanding: looseNumber,
  PERatio: looseNumber,
  PriceToBookRatio: looseNumber,
  EPS: looseNumber,
  DividendYield: looseNumber,
  Beta: looseNumber,
  "52WeekHigh": looseNumber,
  "52WeekLow": looseNumber,
  ReturnOnEquityTTM: looseNumber,
  ProfitMargin: looseNumber,
  QuarterlyRevenueGrowthYOY: looseNumber,
});
const Reported = v.object({ reportedDate: dateText, reportedEPS: looseNumber, estimatedEPS: looseNumber, reportTime: looseText(20) });
const Expected = v.object({ symbol: tickerText, reportDate: dateText, estimate: looseNumber, timeOfTheDay: looseText(20) });
const TIMES: Readonly<Record<string, EarningsDate["when"]>> = { "pre-market": "before-open", "post-market": "after-close" };
const Price = v.pipe(looseNumber, v.number(), v.gtValue(0));
const Day = v.object({ "1. open": Price, "2. high": Price, "3. low": Price, "4. close": Price, "5. volume": looseNumber });

export interface AlphaVantage {
  earnings(query: DateQuery, signal: AbortSignal): Promise<readonly EarningsDate[]>;
  company(symbol: string, signal: AbortSignal): Promise<Company | null>;
  /** As traded, not adjusted for splits or dividends: the newest 100 days, or all with `full`. */
  dailyBars(symbol: string, options: { readonly full: boolean }, signal: AbortSignal): Promise<BarSeries>;
}

export function createAlphaVantage(client: SourceClient, { simulated }: { readonly simulated: boolean }): AlphaVantage {
  const ask = async (query: Readonly<Record<string, string>>, as: "json" | "text", signal: AbortSignal): Promise<unknown> =>
    bodyOf(await client.read(`/query?${new URLSearchParams(query)}`, { ...KEEP, as }, signal), ALPHA_VANTAGE);

  const coming = async ({ from, to, symbol }: DateQuery, signal: AbortSignal): Promise<readonly EarningsDate[]> => {
    const monthsAhead = (Date.parse(to) - Date.parse(from)) / (30 * DAY_MS);
    const horizon = monthsAhead <= 3 ? "3month" : monthsAhead <= 6 ? "6month" : "12month";
    const text = await ask({ function: "EARNINGS_CALENDAR", horizon, ...(symbol === undefined ? {} : { symbol }) }, "text", signal);
    return soundItems(Expected, rowsOf(typeof text === "string" ? text : ""), "an earnings calendar").map((row) => ({
      symbol: row.symbol,
      date: row.reportDate,
      when: TIMES[row.timeOfTheDay] ?? "unknown",
      epsEstimate: row.estimate,
      epsActual: null,
    }));
  };

  const past = async (symbol: string, signal: AbortSignal): Promise<readonly EarningsDate[]> => {
    const list = fieldOf(await ask({ function: "EARNINGS", symbol }, "json", signal), "quarterlyEarnings");
    return soundItems(Reported, list ?? [], "earnings").map((row) => ({
      symbol,
      date: row.reportedDate,
      when: TIMES[row.reportTime] ?? "unknown",
      epsEstimate: row.estimatedEPS,
      epsActual: row.reportedEPS,
    }));
  };

  return {
    earnings: async (query, signal) => {
      const asked = [coming(query, signal), ...(query.symbol === undefined ? [] : [past(query.symbol, signal)])];
      const found = new Map((await Promise.all(asked)).flat().map((event) => [`${event.symbol} ${event.date}`, event]));
      return [...found.values()].filter(({ date }) => date >= query.from && date <= query.to).sort(byDate);
    },

    company: async (symbol, signal) => {
      const about = v.safeParse(Overview, await ask({ function: "OVERVIEW", symbol }, "json", signal));
      if (!about.success) return null; // an unknown symbol is answered with {}
      const figures = about.output;
      return {
        symbol,
        name: figures.Name,
        industry: figures.Industry,
        exchange: figures.Exchange,
        country: figures.Country,
        currency: figures.Currency,
        marketCap: figures.MarketCapitalization,
        sharesOutstanding: figures.SharesOutstanding,
        peRatio: figures.PERatio,
        priceToBook: figures.PriceToBookRatio,
        epsTtm: figures.EPS,
        dividendYieldPct: scaled(figures.DividendYield, 100),
        beta: figures.Beta,
        week52High: figures["52WeekHigh"],
        week52Low: figures["52WeekLow"],
        returnOnEquityPct: scaled(figures.ReturnOnEquityTTM, 100),
        netMarginPct: scaled(figures.ProfitMargin, 100),
        debtToEquity: null,
        revenueGrowthPct: scaled(figures.QuarterlyRevenueGrowthYOY, 100),
        source: "alphavantage",
      };
    },

    dailyBars: async (symbol, { full }, signal) => {
      const body = await ask({ function: "TIME_SERIES_DAILY", symbol, outputsize: full ? "full" : "compact" }, "json", signal);
      const series = Object.entries(objectOf(fieldOf(body, "Time Series (Daily)")));
      const days = series.flatMap(([date, values]) => {
        const day = v.safeParse(Day, values);
        return /^\d{4}-\d{2}-\d{2}$/.test(date) && day.success ? [{ date, ...day.output }] : [];
      });
      if (days.length === 0) throw badAnswer(`did not send daily bars of ${symbol}`);
      days.sort((a, b) => (a.date < b.date ? -1 : 1));
      const column = (name: "1. open" | "2. high" | "3. low" | "4. close" | "5. volume") => Float64Array.from(days, (day) => day[name] ?? 0);
      return {
        symbol,
        timeframe: "1Day",
        time: Float64Array.from(days, ({ date }) => tradingMidnights(date, date)[0] ?? Date.parse(date)),
        open: column("1. open"),
        high: column("2. high"),
        low: column("3. low"),
        close: column("4. close"),
        volume: column("5. volume"),
        simulated,
      };
    },
  };
}

/** Rows of a CSV with a header, without quotes, as Alpha Vantage writes its calendar. */
function rowsOf(csv: string): ReadonlyArray<Readonly<Record<string, string>>> {
  const [head = "", ...lines] = csv.split(/\r?\n/).filter((line) => line.trim() !== "");
  const names = head.split(",").map((name) => name.trim());
  if (!names.includes("reportDate")) throw badAnswer("did not send an earnings calendar");
  return lines.map((line) => {
    const cells = line.split(",");
    return Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""]));
  });
}
