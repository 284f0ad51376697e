/** Opened well above yesterday's close and has kept at least half of the gap at the day's last price. */
import { defineScanner } from "../../domain/scanner.ts";
import { HISTORY_DAYS } from "./history.ts";

/** A gap of this size scores 1, in percent. */
const FULL_SCORE_PCT = 10;

export const gapUp = defineScanner({
  name: "gap_up",
  pipeline: "momentum",
  needs: ["bars"],
  thresholds: { minGapPct: 2 },
  async scan(state, tools) {
    const bars = await tools.bars(state.universe, { timeframe: "1Day", limit: HISTORY_DAYS });
    const found = [];
    for (const [symbol, { open, close }] of bars) {
      const n = close.length;
      if (n < 2) continue;
      const before = close[n - 2] as number;
      const gapPct = ((open[n - 1] as number) / before - 1) * 100;
      const isKept = (close[n - 1] as number) >= ((open[n - 1] as number) + before) / 2;
      if (!(gapPct >= state.settings.minGapPct && isKept)) continue;
      found.push({
        symbol,
        score: Math.min(1, gapPct / FULL_SCORE_PCT),
        reason: `opened ${gapPct.toFixed(2)} % above the close before and holds`,
        value: gapPct,
      });
    }
    return found;
  },
});
