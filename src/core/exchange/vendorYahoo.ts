/** Yahoo's chart endpoint (unofficial: it has no documentation of its own), SIMULATED: daily bars. */
import type { FastifyInstance } from "fastify";
import { readQuery } from "./query.ts";
import type { VendorParts } from "./vendorRoutes.ts";

const DAY_MS = 86_400_000;
const MAX_DAYS = 6000;

export function addYahooRoutes(app: FastifyInstance, { market, clock }: VendorParts): void {
  app.get("/vendor/yahoo/v8/finance/chart/:symbol", (request, reply) => {
    const symbol = (request.params as { symbol: string }).symbol.toUpperCase().replace("-", ".");
    if (!market.has(symbol))
      return reply.code(404).send({ chart: { result: null, error: { code: "Not Found", description: "No data found, symbol may be delisted" } } });
    const query = readQuery(request.query);
    const now = clock.now();
    const to = Math.min(now, (Number(query["period2"] ?? now / 1000) || now / 1000) * 1000);
    const from = Math.max(to - MAX_DAYS * 1.6 * DAY_MS, (Number(query["period1"] ?? 0) || 0) * 1000);
    const bars = [...market.dailyBars(symbol, from, Math.min(to, now - DAY_MS))];
    const last = market.last(symbol, now);
    return {
      chart: {
        result: [
          {
            meta: { currency: "USD", symbol, exchangeName: market.stock(symbol).listing, regularMarketPrice: last, dataGranularity: "1d", range: "" },
            timestamp: bars.map((bar) => bar.t / 1000 + 34_200), // the open, as Yahoo stamps them
            indicators: {
              quote: [
                {
                  open: bars.map((b) => b.o),
                  high: bars.map((b) => b.h),
                  low: bars.map((b) => b.l),
                  close: bars.map((b) => b.c),
                  volume: bars.map((b) => b.v),
                },
              ],
              adjclose: [{ adjclose: bars.map((b) => b.c) }],
            },
          },
        ],
        error: null,
      },
    };
  });
}
