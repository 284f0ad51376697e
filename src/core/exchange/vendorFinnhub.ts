/** Finnhub's API v1 (https://finnhub.io/docs/api), SIMULATED: insiders, earnings calendar, profile, metrics. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { addDays, newYorkDate } from "../domain/nyse.ts";
import { readQuery, type Query } from "./query.ts";
import { companyFigures, reportedAt } from "./vendorCompany.ts";
import type { VendorParts } from "./vendorRoutes.ts";
import type { Filing } from "./vendorSignals.ts";

const MAX_FILINGS = 200;
const MAX_REPORTS = 1500;
/** Sessions looked through for one company's filings. */
const MAX_SESSIONS = 260;

export function addFinnhubRoutes(app: FastifyInstance, { market, clock, signals }: VendorParts): void {
  const get = (path: string, answer: (query: Query, now: number) => unknown) =>
    app.get(`/vendor/finnhub/api/v1${path}`, (request: FastifyRequest, reply: FastifyReply) => {
      const query = readQuery(request.query);
      const token = request.headers["x-finnhub-token"] ?? query["token"];
      if (token === undefined || token === "") return reply.code(401).send({ error: "Please use an API key." });
      for (const name of ["from", "to"])
        if (query[name] !== undefined && !/^\d{4}-\d{2}-\d{2}$/.test(query[name])) return reply.code(422).send({ error: `Wrong date format: ${name}` });
      return answer(query, clock.now());
    });

  get("/stock/insider-transactions", (query, now) => {
    const symbol = (query["symbol"] ?? "").toUpperCase();
    const today = newYorkDate(now);
    const [from, to] = [query["from"] ?? addDays(today, -365), query["to"] ?? today];
    const data: object[] = [];
    let looked = 0;
    for (const day of signals.sessionsBack(now)) {
      if (day.date < from || data.length >= MAX_FILINGS || ++looked > MAX_SESSIONS) break;
      if (day.date > to) continue;
      const filed = signals.filings(day).filter((filing) => filing.at <= now && (symbol === "" || filing.symbol === symbol));
      data.push(...filed.reverse().map(transaction));
    }
    return { data: data.slice(0, MAX_FILINGS), symbol };
  });

  get("/calendar/earnings", (query, now) => {
    const today = newYorkDate(now);
    const [from, to] = [query["from"] ?? today, query["to"] ?? addDays(today, 30)];
    const symbol = (query["symbol"] ?? "").toUpperCase();
    const asked = market.stocks.filter((stock) => symbol === "" || stock.symbol === symbol);
    const last = to > addDays(from, 400) ? addDays(from, 400) : to;
    const rows = asked.flatMap((stock) =>
      market.earnings(stock.symbol, from, last).map((report) => ({
        date: report.date,
        epsActual: reportedAt(report) <= now ? report.epsActual : null,
        epsEstimate: report.epsEstimate,
        hour: report.hour,
        quarter: report.quarter,
        revenueActual: null,
        revenueEstimate: null,
        symbol: stock.symbol,
        year: report.year,
      })),
    );
    rows.sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : a.symbol < b.symbol ? -1 : 1)); // newest first, as Finnhub's
    return { earningsCalendar: rows.slice(0, MAX_REPORTS) };
  });

  get("/stock/profile2", (query, now) => {
    const figures = companyFigures(market, (query["symbol"] ?? "").toUpperCase(), now);
    if (figures === undefined) return {};
    return {
      country: "US",
      currency: "USD",
      exchange: figures.exchange,
      finnhubIndustry: figures.sector,
      ipo: "2000-01-03",
      logo: "",
      marketCapitalization: figures.marketCapMillions,
      name: `${figures.name} (SIMULATED)`,
      phone: "",
      shareOutstanding: figures.sharesMillions,
      ticker: figures.symbol,
      weburl: "https://simulated.invalid/",
    };
  });

  get("/stock/metric", (query, now) => {
    const symbol = (query["symbol"] ?? "").toUpperCase();
    const figures = companyFigures(market, symbol, now);
    if (figures === undefined) return { metric: {}, metricType: "all", series: {}, symbol };
    return {
      metric: {
        "52WeekHigh": figures.week52High,
        "52WeekLow": figures.week52Low,
        beta: figures.beta,
        dividendYieldIndicatedAnnual: figures.dividendYieldPct,
        epsTTM: figures.epsTtm,
        marketCapitalization: figures.marketCapMillions,
        netProfitMarginTTM: figures.netMarginPct,
        pbQuarterly: figures.priceToBook,
        peTTM: figures.peRatio,
        revenueGrowthTTMYoy: figures.revenueGrowthPct,
        roeTTM: figures.returnOnEquityPct,
        "totalDebt/totalEquityQuarterly": figures.debtToEquity,
      },
      metricType: "all",
      series: {},
      symbol,
    };
  });
}

function transaction({ id, symbol, name, code, change, held, price, tradedOn, filedOn }: Filing) {
  return {
    id: `simulated-${id}`,
    symbol,
    name,
    share: held,
    change,
    filingDate: filedOn,
    transactionDate: tradedOn,
    transactionCode: code,
    transactionPrice: price,
    currency: "USD",
    isDerivative: code === "M",
    source: "sec",
  };
}
