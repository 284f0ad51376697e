/** Alpha Vantage's API (https://www.alphavantage.co/documentation/), SIMULATED: one path, many functions; errors are sent with status 200, as theirs are. */
import type { FastifyInstance } from "fastify";
import { addDays, newYorkDate } from "../domain/nyse.ts";
import { readQuery } from "./query.ts";
import { companyFigures, reportedAt } from "./vendorCompany.ts";
import type { VendorParts } from "./vendorRoutes.ts";

const DAY_MS = 86_400_000;
/** Days of a compact answer. */
const COMPACT = 100;
const MAX_DAYS = 6000;
/** Months of the earnings calendar. */
const HORIZONS: Readonly<Record<string, number>> = { "3month": 91, "6month": 182, "12month": 365 };

export function addAlphaVantageRoutes(app: FastifyInstance, { market, clock }: VendorParts): void {
  const wrong = (about: string) => ({
    "Error Message": `Invalid API call (${about}). Please retry or visit the documentation (https://www.alphavantage.co/documentation/).`,
  });

  const overview = (symbol: string, now: number): object => {
    const figures = companyFigures(market, symbol, now);
    if (figures === undefined) return {};
    const text = (value: number | null) => (value === null ? "None" : String(value));
    return {
      Symbol: symbol,
      AssetType: "Common Stock",
      Name: `${figures.name} (SIMULATED)`,
      Exchange: figures.exchange,
      Currency: "USD",
      Country: "USA",
      Sector: figures.sector.toUpperCase(),
      Industry: figures.sector.toUpperCase(),
      MarketCapitalization: text(figures.marketCapMillions * 1_000_000),
      SharesOutstanding: text(figures.sharesMillions * 1_000_000),
      PERatio: text(figures.peRatio),
      PriceToBookRatio: text(figures.priceToBook),
      EPS: text(figures.epsTtm),
      DividendYield: text(figures.dividendYieldPct / 100),
      Beta: text(figures.beta),
      "52WeekHigh": text(figures.week52High),
      "52WeekLow": text(figures.week52Low),
      ReturnOnEquityTTM: text(figures.returnOnEquityPct / 100),
      ProfitMargin: text(figures.netMarginPct / 100),
      QuarterlyRevenueGrowthYOY: text(figures.revenueGrowthPct / 100),
    };
  };

  const earnings = (symbol: string, now: number): object => {
    if (!market.has(symbol)) return {};
    const today = newYorkDate(now);
    const past = market.earnings(symbol, addDays(today, -1500), today).filter((report) => reportedAt(report) <= now);
    return {
      symbol,
      annualEarnings: [],
      quarterlyEarnings: past.toReversed().map((report) => ({
        fiscalDateEnding: `${report.year}-${["03-31", "06-30", "09-30", "12-31"][report.quarter - 1]}`,
        reportedDate: report.date,
        reportedEPS: report.epsActual.toFixed(2),
        estimatedEPS: report.epsEstimate.toFixed(2),
        surprise: (report.epsActual - report.epsEstimate).toFixed(2),
        surprisePercentage: ((report.epsActual / report.epsEstimate - 1) * 100).toFixed(2),
        reportTime: report.hour === "bmo" ? "pre-market" : "post-market",
      })),
    };
  };

  const calendar = (symbol: string, horizon: string, now: number): string => {
    const from = newYorkDate(now);
    const rows = market.stocks
      .filter((stock) => symbol === "" || stock.symbol === symbol)
      .flatMap((stock) =>
        market
          .earnings(stock.symbol, from, addDays(from, HORIZONS[horizon] ?? 91))
          .map((report) => ({ report, symbol: stock.symbol, name: stock.name.replaceAll(",", "") })),
      )
      .sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : a.report.date < b.report.date ? -1 : 1));
    const line = ({ report, symbol: of, name }: (typeof rows)[number]) =>
      `${of},${name},${report.date},${report.year}-${["03-31", "06-30", "09-30", "12-31"][report.quarter - 1]},${report.epsEstimate},USD,${report.hour === "bmo" ? "pre-market" : "post-market"}`;
    return ["symbol,name,reportDate,fiscalDateEnding,estimate,currency,timeOfTheDay", ...rows.map(line), ""].join("\r\n");
  };

  const daily = (symbol: string, isFull: boolean, now: number): object => {
    if (!market.has(symbol)) return wrong("TIME_SERIES_DAILY");
    const days = isFull ? MAX_DAYS : COMPACT;
    const bars = [...market.dailyBars(symbol, now - days * 1.6 * DAY_MS, now - DAY_MS)].slice(-days);
    const series = bars
      .toReversed()
      .map((bar) => [
        newYorkDate(bar.t),
        { "1. open": bar.o.toFixed(4), "2. high": bar.h.toFixed(4), "3. low": bar.l.toFixed(4), "4. close": bar.c.toFixed(4), "5. volume": String(bar.v) },
      ]);
    return {
      "Meta Data": {
        "1. Information": "Daily Prices (open, high, low, close) and Volumes, SIMULATED",
        "2. Symbol": symbol,
        "3. Last Refreshed": newYorkDate(bars.at(-1)?.t ?? now),
        "4. Output Size": isFull ? "Full size" : "Compact",
        "5. Time Zone": "US/Eastern",
      },
      "Time Series (Daily)": Object.fromEntries(series) as object,
    };
  };

  app.get("/vendor/alphavantage/query", (request, reply) => {
    const query = readQuery(request.query);
    if ((query["apikey"] ?? "") === "")
      return {
        "Error Message": "the parameter apikey is invalid or missing. Please claim your free API key on (https://www.alphavantage.co/support/#api-key).",
      };
    const symbol = (query["symbol"] ?? "").toUpperCase();
    const now = clock.now();
    switch (query["function"]) {
      case "OVERVIEW":
        return overview(symbol, now);
      case "EARNINGS":
        return earnings(symbol, now);
      case "EARNINGS_CALENDAR":
        return reply.type("application/x-download").send(calendar(symbol, query["horizon"] ?? "3month", now));
      case "TIME_SERIES_DAILY":
        return daily(symbol, query["outputsize"] === "full", now);
      default:
        return wrong(query["function"] ?? "no function");
    }
  });
}
