/**
 * Shares change hands on rising days: the last days' volume is well above its usual level, and most of it fell on days
 * that closed higher. The idea of on-balance volume (Granville, 1963), as a share instead of a running sum. A day that is
 * still under way is left out: its volume says only how late it is.
 */
import { newYorkDate, tradingDay } from "../../domain/nyse.ts";
import { defineScanner } from "../../domain/scanner.ts";
import { HISTORY_DAYS, mean } from "./history.ts";

export const volumeAccumulation = defineScanner({
  name: "volume_accumulation",
  pipeline: "technical",
  needs: ["bars"],
  /** Days looked at, days before them that say what is usual; recent mean volume over the usual one; its part on rising days. */
  thresholds: { recentDays: 5, usualDays: 20, minVolumeRatio: 1.2, minUpVolumePct: 60 },
  async scan(state, tools) {
    const { recentDays, usualDays, minVolumeRatio, minUpVolumePct } = state.settings;
    const bars = await tools.bars(state.universe, { timeframe: "1Day", limit: Math.max(HISTORY_DAYS, recentDays + usualDays + 2) });
    const found = [];
    for (const [symbol, { time, close, volume }] of bars) {
      const n = isOver(time.at(-1) ?? 0, state.asOf) ? close.length : close.length - 1;
      if (n < recentDays + usualDays + 1) continue;
      const recent = volume.subarray(n - recentDays, n);
      const usual = mean(volume.subarray(n - recentDays - usualDays, n - recentDays));
      const ratio = mean(recent) / usual;
      const up = recent.filter((_, i) => (close[n - recentDays + i] as number) > (close[n - recentDays + i - 1] as number));
      const upShare = up.reduce((sum, v) => sum + v, 0) / recent.reduce((sum, v) => sum + v, 0);
      if (!(usual > 0 && ratio >= minVolumeRatio && upShare * 100 >= minUpVolumePct)) continue;
      found.push({
        symbol,
        score: Math.min(1, (ratio - 1) * upShare),
        reason: `volume ${ratio.toFixed(1)} times its ${usualDays}-day mean, ${Math.round(upShare * 100)} % of it on rising days`,
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
