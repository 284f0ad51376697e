/** The latest bar, trade and quote, and all of it in a snapshot, of one symbol or of many. */
import type { FastifyInstance } from "fastify";
import { notFound } from "./apiError.ts";
import { knownSymbols, pathSymbol, readCurrency, readFeed, type DataParts, type Feed } from "./dataQuery.ts";
import { placeOf } from "./market.ts";
import { readQuery } from "./query.ts";
import { barJson, quoteJson, tradeJson } from "./wire.ts";

export function addLatestRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
  const quote = (symbol: string, feed: Feed) => quoteJson(market.quote(symbol, clock.now()), market.stock(symbol), feed);
  const trade = (symbol: string, feed: Feed) => tradeJson(market.trade(symbol, clock.now()), market.stock(symbol), feed);
  const minuteBar = (symbol: string) => barJson(market.lastMinuteBar(symbol, clock.now()));
  const snapshot = (symbol: string, feed: Feed) => {
    const now = clock.now();
    const { day } = placeOf(now);
    return {
      latestTrade: trade(symbol, feed),
      latestQuote: quote(symbol, feed),
      minuteBar: minuteBar(symbol),
      dailyBar: barJson(market.dayBar(symbol, now)),
      prevDailyBar: barJson(market.previousBar(symbol, day)),
    };
  };
  const known = (symbol: string, what: string) => {
    if (!market.has(symbol)) throw notFound(`no ${what} found for ${symbol}`);
    return symbol;
  };
  const kinds = [
    ["quotes", "quote", quote],
    ["trades", "trade", trade],
    ["bars", "bar", minuteBar],
  ] as const;
  for (const [many, one, make] of kinds) {
    app.get(`/v2/stocks/${many}/latest`, (request) => {
      const query = readQuery(request.query);
      const feed = readFeed(query, "latest");
      return { [many]: Object.fromEntries(knownSymbols(query, market).map((symbol) => [symbol, make(symbol, feed)])), ...readCurrency(query) };
    });
    app.get(`/v2/stocks/:symbol/${many}/latest`, (request) => {
      const query = readQuery(request.query);
      const symbol = known(pathSymbol(request, market), one);
      return { symbol, [one]: make(symbol, readFeed(query, "latest")), ...readCurrency(query) };
    });
  }
  app.get("/v2/stocks/snapshots", (request) => {
    const query = readQuery(request.query);
    const feed = readFeed(query, "latest");
    readCurrency(query);
    return Object.fromEntries(knownSymbols(query, market).map((symbol) => [symbol, snapshot(symbol, feed)]));
  });
  app.get("/v2/stocks/:symbol/snapshot", (request) => {
    const query = readQuery(request.query);
    const symbol = known(pathSymbol(request, market), "snapshot");
    return { symbol, ...snapshot(symbol, readFeed(query, "latest")), ...readCurrency(query) };
  });
}
