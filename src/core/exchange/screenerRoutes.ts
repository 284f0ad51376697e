/** Who moved most and who was traded most today, over all symbols. */
import type { FastifyInstance } from "fastify";
import { badRequest } from "./apiError.ts";
import type { DataParts } from "./dataQuery.ts";
import { choice, readQuery, wholeNumber } from "./query.ts";
import { instant } from "./wire.ts";

export function addScreenerRoutes(app: FastifyInstance, { market, clock }: DataParts): void {
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
      const { volume, trades } = market.dayVolume(symbol, now);
      return { symbol, volume, trade_count: trades };
    });
    rows.sort((a, b) => (by === "volume" ? b.volume - a.volume : b.trade_count - a.trade_count) || (a.symbol < b.symbol ? -1 : 1));
    return { most_actives: rows.slice(0, top), last_updated: instant(now) };
  });
}
