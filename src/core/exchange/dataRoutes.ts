/** Alpaca's Market Data API: bars, trades and quotes of the past, the latest ones, snapshots, screeners, news. All of it SIMULATED. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { newYorkDate } from "../domain/nyse.ts";
import { ApiError, badRequest } from "./apiError.ts";
import { dividendJson, dividendsOf } from "./dividends.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { barsInRange, readTimeframe, secondsInRange, type BarRange } from "./history.ts";
import { placeOf, type Market } from "./market.ts";
import { newsJson, newsOf } from "./news.ts";
import { choice, readQuery, symbolList, time, wholeNumber, type Query } from "./query.ts";
import { barJson, instant, quoteJson, tradeJson } from "./wire.ts";

export interface DataParts {
  readonly market: Market;
  readonly clock: ExchangeClock;
}

export function addDataRoutes(app: FastifyInstance, parts: DataParts): void {
  addHistoryRoutes(app, parts);
  addLatestRoutes(app, parts);
  addScreenerRoutes(app, parts);
}

function symbolOf(request: FastifyRequest, market: Market): string {
  const symbol = decodeURIComponent((request.params as { symbol: string }).symbol).toUpperCase();
  if (!market.has(symbol)) throw new ApiError(404, `no data for symbol ${symbol}`, 40_410_000);
  return symbol;
}

/** Symbols without data are absent from answers, as at Alpaca. */
function knownSymbols(query: Query, market: Market): readonly string[] {
  const symbols = symbolList(query);
  if (symbols.length === 0) throw badRequest("symbols is required");
  return symbols.filter((symbol) => market.has(symbol));
}

/** What has a time and can be asked for over a range: one page of it, over all symbols, sorted by symbol and then by time. */
interface Series<T> {
  readonly plural: "bars" | "trades" | "quotes";
  points(symbol: string, query: Query, range: BarRange): Iterable<{ readonly at: number; readonly json: T }>;
}

function addHistoryRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  const bars: Series<object> = {
    plural: "bars",
    *points(symbol, query, range) {
      for (const bar of barsInRange(market, symbol, readTimeframe(query["timeframe"]), range)) yield { at: bar.t, json: barJson(bar) };
    },
  };
  const trades: Series<object> = {
    plural: "trades",
    *points(symbol, _query, range) {
      for (const at of secondsInRange(range)) yield { at, json: tradeJson(lastTrade(market, symbol, at)) };
    },
  };
  const quotes: Series<object> = {
    plural: "quotes",
    *points(symbol, _query, range) {
      for (const at of secondsInRange(range)) yield { at, json: quoteJson(market.quote(symbol, at)) };
    },
  };
  for (const series of [bars, trades, quotes]) {
    app.get(`/v2/stocks/${series.plural}`, (request) => {
      const query = readQuery(request.query);
      const { found, next } = pageOf(series, knownSymbols(query, market), query, clock.now());
      return { [series.plural]: found, next_page_token: next };
    });
    app.get(`/v2/stocks/:symbol/${series.plural}`, (request) => {
      const symbol = symbolOf(request, market);
      const { found, next } = pageOf(series, [symbol], readQuery(request.query), clock.now());
      return { symbol, [series.plural]: found[symbol] ?? null, next_page_token: next };
    });
  }
}

function pageOf<T>(series: Series<T>, symbols: readonly string[], query: Query, now: number) {
  if (series.plural === "bars") readTimeframe(query["timeframe"]); // refused even where there is no bar
  const descending = choice(query, "sort", "asc", ["asc", "desc"]) === "desc";
  const limit = wholeNumber(query, "limit", 1000, { min: 1, max: 10_000 });
  const from = time(query, "start") ?? placeOf(now).day.midnight;
  const to = Math.min(endOf(query) ?? now, now);
  const token = readToken(query["page_token"]);
  const found: Record<string, T[]> = {};
  let count = 0;
  for (const symbol of [...symbols].sort()) {
    if (token !== undefined && symbol < token.symbol) continue;
    const resumed = token?.symbol === symbol ? token.after : undefined;
    const range = {
      from: resumed !== undefined && !descending ? Math.max(from, resumed + 1) : from,
      to: resumed !== undefined && descending ? Math.min(to, resumed - 1) : to,
      now,
      descending,
    };
    for (const { at, json } of series.points(symbol, query, range)) {
      if (count === limit) return { found, next: writeToken(symbol, at + (descending ? 1 : -1)) };
      (found[symbol] ??= []).push(json);
      count++;
    }
  }
  return { found, next: null };
}

/** A bare date as `end` takes the whole day in. */
function endOf(query: Query): number | undefined {
  const end = time(query, "end");
  return end !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(query["end"] ?? "") ? end + 86_400_000 - 1 : end;
}

function writeToken(symbol: string, after: number): string {
  return Buffer.from(`${symbol}|${after}`).toString("base64url");
}

function readToken(text: string | undefined): { readonly symbol: string; readonly after: number } | undefined {
  if (text === undefined || text === "") return undefined;
  const match = /^([A-Z0-9.]{1,16})\|(\d{1,16})$/.exec(Buffer.from(text, "base64url").toString());
  if (match === null) throw badRequest("invalid page_token");
  return { symbol: match[1] as string, after: Number(match[2]) };
}

function addLatestRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  const quote = (symbol: string) => quoteJson(market.quote(symbol, clock.now()));
  const trade = (symbol: string) => tradeJson(lastTrade(market, symbol, clock.now()));
  const minuteBar = (symbol: string) => {
    const now = clock.now();
    const { day } = placeOf(now);
    const at = Math.min(now, day.close);
    const bars = market.minuteBars(symbol, day, at - 60_000, at);
    return barJson(bars[bars.length - 1] ?? market.dayBar(symbol, now));
  };
  const snapshot = (symbol: string) => {
    const now = clock.now();
    const { day } = placeOf(now);
    return {
      latestTrade: trade(symbol),
      latestQuote: quote(symbol),
      minuteBar: minuteBar(symbol),
      dailyBar: barJson(market.dayBar(symbol, now)),
      prevDailyBar: barJson(market.previousBar(symbol, day)),
    };
  };
  const kinds = [
    ["quotes", "quote", quote],
    ["trades", "trade", trade],
    ["bars", "bar", minuteBar],
  ] as const;
  for (const [many, one, make] of kinds) {
    app.get(`/v2/stocks/${many}/latest`, (request) => ({
      [many]: Object.fromEntries(knownSymbols(readQuery(request.query), market).map((symbol) => [symbol, make(symbol)])),
    }));
    app.get(`/v2/stocks/:symbol/${many}/latest`, (request) => {
      const symbol = symbolOf(request, market);
      return { symbol, [one]: make(symbol) };
    });
  }
  app.get("/v2/stocks/snapshots", (request) => Object.fromEntries(knownSymbols(readQuery(request.query), market).map((symbol) => [symbol, snapshot(symbol)])));
  app.get("/v2/stocks/:symbol/snapshot", (request) => {
    const symbol = symbolOf(request, market);
    return { symbol, ...snapshot(symbol) };
  });
}

export function lastTrade(market: Market, symbol: string, at: number): { readonly at: number; readonly price: number; readonly size: number } {
  const traded = market.lastTradeTime(at);
  return { at: traded, price: market.last(symbol, at), size: 100 * (1 + ((Math.floor(traded / 1000) * 7 + symbol.length) % 9)) };
}

function addScreenerRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  app.get("/v1/corporate-actions", (request) => {
    const query = readQuery(request.query);
    const today = newYorkDate(clock.now());
    const dateOf = (name: string) => {
      const at = time(query, name);
      return at === undefined ? today : new Date(at).toISOString().slice(0, 10);
    };
    const limit = wholeNumber(query, "limit", 100, { min: 1, max: 1000 });
    const skip = query["page_token"] === undefined ? 0 : Number(/^\d{1,6}$/.exec(query["page_token"])?.[0] ?? Number.NaN);
    if (Number.isNaN(skip)) throw badRequest("invalid page_token");
    const types = (query["types"] ?? "").split(",").filter((type) => type !== "");
    const ids = (query["ids"] ?? "").split(",").filter((id) => id !== "");
    const asked = symbolList(query);
    const rows = (types.length === 0 || types.includes("cash_dividend") ? market.stocks : [])
      .filter((stock) => asked.length === 0 || asked.includes(stock.symbol))
      .flatMap((stock) => dividendsOf(market, stock.symbol, dateOf("start"), dateOf("end")))
      .filter((dividend) => dividend.declaredDate <= today && (ids.length === 0 || ids.includes(dividend.id)))
      .sort((a, b) => (a.exDate < b.exDate ? -1 : a.exDate > b.exDate ? 1 : 0));
    if (choice(query, "sort", "asc", ["asc", "desc"]) === "desc") rows.reverse();
    const page = rows.slice(skip, skip + limit).map(dividendJson);
    return { corporate_actions: page.length === 0 ? {} : { cash_dividends: page }, next_page_token: rows.length > skip + limit ? String(skip + limit) : null };
  });
  app.get("/v1beta1/screener/:market/movers", (request) => {
    const query = readQuery(request.query);
    if ((request.params as { market: string }).market !== "stocks") throw badRequest("only stocks have movers here");
    const top = wholeNumber(query, "top", 10, { min: 1, max: 50 });
    const now = clock.now();
    const rows = market.stocks.map(({ symbol }) => {
      const [price, before] = [market.last(symbol, now), market.previousClose(symbol, now)];
      return { symbol, price, change: Math.round((price - before) * 100) / 100, percent_change: Math.round((price / before - 1) * 10_000) / 100 };
    });
    rows.sort((a, b) => b.percent_change - a.percent_change || (a.symbol < b.symbol ? -1 : 1));
    return {
      gainers: rows.filter((row) => row.percent_change > 0).slice(0, top),
      losers: rows
        .filter((row) => row.percent_change < 0)
        .reverse()
        .slice(0, top),
      market_type: "stocks",
      last_updated: instant(now),
    };
  });
  app.get("/v1beta1/screener/stocks/most-actives", (request) => {
    const query = readQuery(request.query);
    const by = choice(query, "by", "volume", ["volume", "trades"]);
    const top = wholeNumber(query, "top", 10, { min: 1, max: 100 });
    const now = clock.now();
    const rows = market.stocks.map(({ symbol }) => {
      const bar = market.dayBar(symbol, now);
      return { symbol, volume: bar.v, trade_count: bar.n };
    });
    rows.sort((a, b) => (by === "volume" ? b.volume - a.volume : b.trade_count - a.trade_count) || (a.symbol < b.symbol ? -1 : 1));
    return { most_actives: rows.slice(0, top), last_updated: instant(now) };
  });
  app.get("/v1beta1/news", (request) => {
    const query = readQuery(request.query);
    const now = clock.now();
    const asked = symbolList(query);
    const symbols = asked.length === 0 ? market.stocks.map((stock) => stock.symbol) : asked.filter((symbol) => market.has(symbol));
    const limit = wholeNumber(query, "limit", 10, { min: 1, max: 50 });
    const descending = choice(query, "sort", "desc", ["asc", "desc"]) === "desc";
    const token = query["page_token"];
    const skip = token === undefined ? 0 : Number(/^\d{1,6}$/.exec(token)?.[0] ?? Number.NaN);
    if (Number.isNaN(skip)) throw badRequest("invalid page_token");
    const to = Math.min(endOf(query) ?? now, now);
    const from = Math.max(time(query, "start") ?? to - 30 * 86_400_000, to - (symbols.length > 10 ? 30 : 400) * 86_400_000);
    const rows = newsOf(market, symbols, { from, to, limit: descending ? skip + limit + 1 : 100_000 });
    const ordered = descending ? rows : rows.reverse();
    return { news: ordered.slice(skip, skip + limit).map(newsJson), next_page_token: ordered.length > skip + limit ? String(skip + limit) : null };
  });
}
