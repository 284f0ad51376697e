/** Bars within the day put together to daily ones, by the UTC day on which they begin. */
import { badInput } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";

export const DAY_MS = 86_400_000;

/** Daily bars stay as they are. Throws bad input for bars longer than a day. */
export function dailyBars(series: BarSeries): BarSeries {
  if (series.timeframe === "1Day") return series;
  const { time, open, high, low, close, volume } = series;
  const starts = [...time.keys()].filter((i) => i === 0 || dayOf(time[i] as number) !== dayOf(time[i - 1] as number));
  if (series.timeframe === "1Week" || series.timeframe === "1Month") throw badInput("bad-timeframe", `the bars are ${series.timeframe}, not daily.`);
  const column = (value: (from: number, to: number) => number) => Float64Array.from(starts, (from, at) => value(from, starts[at + 1] ?? time.length));
  return {
    symbol: series.symbol,
    timeframe: "1Day",
    simulated: series.simulated,
    time: column((from) => dayOf(time[from] as number) * DAY_MS),
    open: column((from) => open[from] as number),
    high: column((from, to) => high.subarray(from, to).reduce((top, value) => Math.max(top, value))),
    low: column((from, to) => low.subarray(from, to).reduce((bottom, value) => Math.min(bottom, value))),
    close: column((_from, to) => close[to - 1] as number),
    volume: column((from, to) => volume.subarray(from, to).reduce((sum, value) => sum + value)),
  };
}

/** Days since 1970, UTC. */
export function dayOf(time: number): number {
  return Math.floor(time / DAY_MS);
}
