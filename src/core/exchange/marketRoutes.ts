/** The part of Alpaca's Trading API that is about the market and not about an account: assets, clocks, calendars, announcements. */
import type { FastifyInstance } from "fastify";
import { FORMER_STOCKS } from "../domain/formerStocks.ts";
import { addDays, newYorkDate, tradingDay, tradingDayFrom, tradingDays, type TradingDay } from "../domain/nyse.ts";
import { badRequest, notFound } from "./apiError.ts";
import { plainId } from "./assetId.ts";
import { readDate } from "./dataQuery.ts";
import type { Engine } from "./engine.ts";
import { POST_MS, PRE_MS, type ExchangeClock } from "./exchangeClock.ts";
import type { Market } from "./market.ts";
import { choice, readQuery, time, type Query } from "./query.ts";
import { assetJson, formerAssetJson, instant, newYorkInstant } from "./wire.ts";

export interface MarketRouteParts {
  readonly engine: Engine;
  readonly market: Market;
  readonly clock: ExchangeClock;
}

export function addMarketRoutes(app: FastifyInstance, parts: MarketRouteParts): void {
  addAssetRoutes(app, parts);
  addClockRoutes(app, parts);
  addCalendarRoutes(app, parts);
}

function addAssetRoutes(app: FastifyInstance, { market }: MarketRouteParts): void {
  app.get("/v2/assets", (request) => {
    const query = readQuery(request.query);
    const status = choice(query, "status", "", ["", "active", "inactive"]);
    if ((query["asset_class"] ?? "us_equity") !== "us_equity") return [];
    const listing = query["exchange"] ?? "";
    const attributes = (query["attributes"] ?? "").split(",").filter((attribute) => attribute !== "");
    return [...(status === "inactive" ? [] : market.stocks.map(assetJson)), ...(status === "active" ? [] : formerAssets(market))]
      .filter(
        (asset) => (listing === "" || asset.exchange === listing) && (attributes.length === 0 || attributes.some((one) => asset.attributes.includes(one))),
      )
      .sort((a, b) => (`${a.exchange} ${a.symbol}` < `${b.exchange} ${b.symbol}` ? -1 : 1));
  });
  app.get("/v2/assets/:symbol", (request) => {
    const wanted = (request.params as { readonly symbol: string }).symbol;
    const stock = market.find(wanted);
    if (stock !== undefined) return assetJson(stock);
    const former = formerAssets(market).find(({ symbol, id }) => symbol === wanted.toUpperCase() || id === plainId(wanted));
    if (former === undefined) throw notFound(`asset not found for ${wanted}`);
    return former;
  });
}

function formerAssets(market: Market) {
  return market.source.kind === "replay" ? [] : FORMER_STOCKS.map(formerAssetJson);
}

function addClockRoutes(app: FastifyInstance, { engine, clock }: MarketRouteParts): void {
  app.get("/v2/clock", () => {
    const now = engine.advance();
    return {
      timestamp: newYorkInstant(now).replace(/(?=-0\d:00$)/, `.${String(now % 1000).padStart(3, "0")}`),
      is_open: clock.isOpen(now),
      next_open: newYorkInstant(clock.nextOpen(now)),
      next_close: newYorkInstant(clock.nextClose(now)),
    };
  });
  app.get("/v3/clock", (request) => {
    const query = readQuery(request.query);
    const at = time(query, "time") ?? engine.advance();
    const asked = (query["markets"] ?? "NYSE").split(",").filter((code) => code !== "");
    return { clocks: asked.map((code) => ({ market: marketOf(code), ...phaseAt(clock, at) })) };
  });
}

/** Where a time stands in the day of the market. With hours "always" the exchange's own clock sees nothing but the core session. */
function phaseAt(clock: ExchangeClock, at: number) {
  const day = tradingDay(newYorkDate(at));
  const [phase, until] = day === undefined ? closedUntil(at) : phaseOf(day, at);
  return {
    timestamp: newYorkInstant(at),
    is_market_day: day !== undefined,
    next_market_open: newYorkInstant(clock.nextOpen(at)),
    next_market_close: newYorkInstant(clock.nextClose(at)),
    phase,
    phase_until: newYorkInstant(until),
  };
}

function phaseOf(day: TradingDay, at: number): readonly [phase: string, until: number] {
  const preStart = day.open - PRE_MS;
  if (at < preStart) return ["closed", preStart];
  if (at < day.open) return ["pre", day.open];
  if (at < day.close) return ["core", day.close];
  return at < day.close + POST_MS ? ["post", day.close + POST_MS] : closedUntil(at);
}

function closedUntil(at: number): readonly [phase: string, until: number] {
  return ["closed", tradingDayFrom(addDays(newYorkDate(at), 1)).open - PRE_MS];
}

/** The American stock markets keep the same hours here. */
const MARKETS: Readonly<Record<string, readonly [mic: string, name: string]>> = {
  NYSE: ["XNYS", "New York Stock Exchange"],
  NASDAQ: ["XNAS", "National Association of Securities Dealers Automated Quotations"],
  IEX: ["IEXG", "Investors Exchange"],
};

function marketOf(code: string) {
  const found = Object.entries(MARKETS).find(([acronym, [mic]]) => acronym === code.toUpperCase() || mic === code.toUpperCase());
  if (found === undefined) throw badRequest(`invalid market: ${code}`);
  const [acronym, [mic, name]] = found;
  return { mic, acronym, name, timezone: "America/New_York" };
}

const FIRST = "1970-01-01";
const LAST = "2029-12-31";

function addCalendarRoutes(app: FastifyInstance, { clock }: MarketRouteParts): void {
  app.get("/v2/calendar", (request) => {
    const query = readQuery(request.query);
    const { start, end } = datesAsked(query, { start: FIRST, end: () => LAST });
    const isTrading = choice(query, "date_type", "TRADING", ["TRADING", "SETTLEMENT"]) === "TRADING";
    const days = isTrading ? settledDays(start, end) : settledDays(addDays(start, -14), end).filter(({ settled }) => settled >= start && settled <= end);
    return days.map(({ day, settled }) => ({
      date: day.date,
      open: wallTime(day, day.open),
      close: wallTime(day, day.close),
      session_open: "0400",
      session_close: wallTime(day, day.close + POST_MS).replace(":", ""),
      settlement_date: settled,
    }));
  });
  app.get("/v3/calendar/:market", (request) => {
    const query = readQuery(request.query);
    const market = marketOf((request.params as { readonly market: string }).market);
    const write = choice(query, "timezone", "", ["", "UTC"]) === "UTC" ? (at: number) => instant(at).replace(".000Z", "Z") : newYorkInstant;
    const { start, end } = datesAsked(query, { start: newYorkDate(clock.now()), end: (from) => addDays(from, 7) });
    return {
      market,
      calendar: settledDays(start, end).map(({ day, settled }) => ({
        date: day.date,
        pre_start: write(day.open - PRE_MS),
        pre_end: write(day.open),
        core_start: write(day.open),
        core_end: write(day.close),
        post_start: write(day.close),
        post_end: write(day.close + POST_MS),
        settlement_date: settled,
      })),
    };
  });
}

function datesAsked(query: Query, fallback: { readonly start: string; readonly end: (start: string) => string }) {
  const start = readDate(query, "start") ?? fallback.start;
  const end = readDate(query, "end") ?? fallback.end(start);
  return { start: start < FIRST ? FIRST : start, end: end > LAST ? LAST : end };
}

/** Sessions from one date to another, both included, each with the date on which its trades settle: so many sessions later. */
function settledDays(start: string, end: string): ReadonlyArray<{ readonly day: TradingDay; readonly settled: string }> {
  const days = tradingDays(start, addDays(end, 21));
  return days.filter(({ date }) => date <= end).map((day, i) => ({ day, settled: (days[i + settlementLag(day.date)] as TradingDay).date }));
}

/** Sessions until a trade settles: five until June 1995, three until September 2017, two until 28 May 2024, then one. */
function settlementLag(date: string): number {
  return date >= "2024-05-28" ? 1 : date >= "2017-09-05" ? 2 : date >= "1995-06-07" ? 3 : 5;
}

/** New York wall time, "09:30". */
function wallTime(day: TradingDay, at: number): string {
  return new Date(at - day.midnight).toISOString().slice(11, 16);
}
