/**
 * dual_momentum: at the close of a month's first bar (UTC), holds the symbol with the highest return over `lookback` bars,
 * when that return is above `hurdle` percent, and nothing otherwise; with one symbol that is absolute momentum alone.
 * Source: Antonacci, "Risk Premia Harvesting Through Dual Momentum", Journal of Management & Entrepreneurship, 2017.
 */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "dual_momentum",
  rule: "At the close of a month's first bar (UTC) holds the symbol with the highest return over lookback bars if that is above hurdle percent, else nothing.",
  symbols: { min: 1 },
  params: { lookback: { default: 252, min: 1, max: 10_000, integer: true }, hurdle: { default: 0, min: -100, max: 1000 } },
  onBar(bar, { lookback, hurdle }) {
    const isNewMonth = bar.hasBar && new Date(bar.time).getUTCMonth() !== new Date(bar.lag(1, "time")).getUTCMonth();
    if (!isNewMonth) return;
    let best: string | undefined;
    let highest = hurdle;
    for (const symbol of bar.symbols) {
      const one = bar.of(symbol);
      const returnPct = (one.close / one.lag(lookback) - 1) * 100;
      if (returnPct > highest) [best, highest] = [symbol, returnPct];
    }
    for (const symbol of bar.symbols) if (symbol !== best) bar.of(symbol).exit();
    if (best !== undefined) bar.of(best).buy();
  },
});
