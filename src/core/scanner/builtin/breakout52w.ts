/** Closed above the highest high of the year before. */
import { defineScanner } from "../../domain/scanner.ts";
import { HISTORY_DAYS } from "./history.ts";

/** Trading days in 52 weeks. */
const YEAR_BARS = 252;

export const breakout52w = defineScanner({
  name: "breakout_52w",
  pipeline: "momentum",
  needs: ["bars"],
  /** A younger series has no 52-week high. */
  thresholds: { minHistoryDays: 200, minAbovePct: 0 },
  async scan({ universe, settings }, tools) {
    const bars = await tools.bars(universe, { timeframe: "1Day", limit: HISTORY_DAYS });
    const found = [];
    for (const [symbol, { high, close }] of bars) {
      const n = close.length;
      if (n <= settings.minHistoryDays) continue;
      const yearHigh = high.subarray(Math.max(0, n - 1 - YEAR_BARS), n - 1).reduce((top, value) => Math.max(top, value), 0);
      const abovePct = ((close[n - 1] as number) / yearHigh - 1) * 100;
      if (!(abovePct > 0 && abovePct >= settings.minAbovePct)) continue;
      found.push({
        symbol,
        score: Math.min(1, 0.6 + abovePct / 10),
        reason: `closed ${abovePct.toFixed(2)} % above its 52-week high of ${yearHigh.toFixed(2)}`,
        value: abovePct,
      });
    }
    return found;
  },
});
