/** Fallen far and fast: the 14-day RSI (Wilder) at or below 30, where a bounce is more likely than on other days. */
import { rsi } from "../../domain/indicators.ts";
import { defineScanner } from "../../domain/scanner.ts";

const PERIOD = 14;
const MAX_RSI = 30;

export const oversoldRsi = defineScanner({
  name: "oversold_rsi",
  pipeline: "technical",
  needs: ["bars"],
  async scan(state, tools) {
    // Wilder's average never quite forgets: 260 days make it the same whatever came before.
    const bars = await tools.bars(state.universe, { timeframe: "1Day", limit: 260 });
    const found = [];
    for (const [symbol, { close }] of bars) {
      const value = rsi(close, PERIOD).at(-1) ?? Number.NaN;
      if (!(value <= MAX_RSI)) continue;
      found.push({ symbol, score: Math.min(1, 0.3 + (MAX_RSI - value) / MAX_RSI), reason: `RSI(${PERIOD}) is ${value.toFixed(1)}`, value });
    }
    return found;
  },
});
