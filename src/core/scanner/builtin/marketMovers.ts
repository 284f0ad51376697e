/** The day's largest moves, up or down, as the market data source ranks them. */
import { defineScanner } from "../../domain/scanner.ts";

/** A move of this size scores 1, in percent. */
const FULL_SCORE_PCT = 10;

export const marketMovers = defineScanner({
  name: "market_movers",
  pipeline: "momentum",
  needs: ["movers"],
  thresholds: { maxSymbols: 10, minChangePct: 1 },
  async scan({ settings }, tools) {
    const { gainers, losers } = await tools.movers(settings.maxSymbols);
    return [...gainers, ...losers]
      .filter((mover) => Math.abs(mover.changePct) >= settings.minChangePct)
      .sort((a, b) => Math.abs(b.changePct) - Math.abs(a.changePct) || (a.symbol < b.symbol ? -1 : 1))
      .slice(0, settings.maxSymbols)
      .map(({ symbol, changePct }) => ({
        symbol,
        score: Math.min(1, Math.abs(changePct) / FULL_SCORE_PCT),
        reason: `${changePct > 0 ? "up" : "down"} ${Math.abs(changePct).toFixed(2)} % today`,
        value: changePct,
      }));
  },
});
