/**
 * Shares change hands on rising days: the last days' volume is well above its usual level, and most of it fell on days
 * that closed higher. The idea of on-balance volume (Granville, 1963), as a share instead of a running sum. A day that is
 * still under way is left out: its volume says only how late it is.
 */
import { newYorkDate, tradingDay } from "../../domain/nyse.ts";
import { defineScanner } from "../../domain/scanner.ts";
import { mean } from "./mean.ts";

/** Days looked at, and days before them that say what is usual. */
const RECENT_DAYS = 5;
const USUAL_DAYS = 20;
/** Recent mean volume over the usual one. */
const MIN_RATIO = 1.2;
/** Share of the recent volume on days that closed higher. */
const MIN_UP_SHARE = 0.6;

export const volumeAccumulation = defineScanner({
  name: "volume_accumulation",
  pipeline: "technical",
  needs: ["bars"],
  async scan(state, tools) {
    const bars = await tools.bars(state.universe, { timeframe: "1Day", limit: 60 });
    const found = [];
    for (const [symbol, { time, close, volume }] of bars) {
      const n = isOver(time.at(-1) ?? 0, state.asOf) ? close.length : close.length - 1;
      if (n < RECENT_DAYS + USUAL_DAYS + 1) continue;
      const recent = volume.subarray(n - RECENT_DAYS, n);
      const usual = mean(volume.subarray(n - RECENT_DAYS - USUAL_DAYS, n - RECENT_DAYS));
      const ratio = mean(recent) / usual;
      const up = recent.filter((_, i) => (close[n - RECENT_DAYS + i] as number) > (close[n - RECENT_DAYS + i - 1] as number));
      const upShare = up.reduce((sum, v) => sum + v, 0) / recent.reduce((sum, v) => sum + v, 0);
      if (!(usual > 0 && ratio >= MIN_RATIO && upShare >= MIN_UP_SHARE)) continue;
      found.push({
        symbol,
        score: Math.min(1, (ratio - 1) * upShare),
        reason: `volume ${ratio.toFixed(1)} times its ${USUAL_DAYS}-day mean, ${Math.round(upShare * 100)} % of it on rising days`,
        value: ratio,
      });
    }
    return found;
  },
});

function isOver(dayStart: number, asOf: number): boolean {
  const day = tradingDay(newYorkDate(dayStart));
  return day === undefined || asOf >= day.close;
}
