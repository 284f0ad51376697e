/** Fallen far and fast: the 14-day RSI (Wilder) at or below 30, where a bounce is more likely than on other days. */
import { rsi } from "../../domain/indicators.ts";
import { defineScanner } from "../../domain/scanner.ts";
import { HISTORY_DAYS } from "./history.ts";

export const oversoldRsi = defineScanner({
  name: "oversold_rsi",
  pipeline: "technical",
  needs: ["bars"],
  thresholds: { periodDays: 14, maxRsi: 30 },
  async scan({ universe, settings }, tools) {
    const { periodDays, maxRsi } = settings;
    // Wilder's average never quite forgets: a year makes it the same whatever came before.
    const bars = await tools.bars(universe, { timeframe: "1Day", limit: HISTORY_DAYS });
    const found = [];
    for (const [symbol, { close }] of bars) {
      const value = rsi(close, periodDays).at(-1) ?? Number.NaN;
      if (!(value <= maxRsi)) continue;
      found.push({ symbol, score: Math.min(1, 0.3 + (maxRsi - value) / maxRsi), reason: `RSI(${periodDays}) is ${value.toFixed(1)}`, value });
    }
    return found;
  },
});
