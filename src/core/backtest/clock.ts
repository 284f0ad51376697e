/** Several symbols on one clock. */
import type { BarSeries, Dataset } from "../domain/bars.ts";

/** The times at which at least one symbol has a bar, ascending; of a single symbol its own. */
export function clockOf(series: readonly BarSeries[]): Float64Array {
  if (series.length === 1) return series[0]!.time;
  const all = new Float64Array(series.reduce((sum, bars) => sum + bars.time.length, 0));
  let at = 0;
  for (const { time } of series) {
    all.set(time, at);
    at += time.length;
  }
  all.sort();
  let times = 0;
  for (let i = 0; i < all.length; i++) if (i === 0 || all[i] !== all[i - 1]) all[times++] = all[i]!;
  return all.slice(0, times);
}

/** The symbol's bars at the clock's times: where it has none a flat one at its last close, before its first at its first open. */
export function onClock(clock: Float64Array, bars: BarSeries): BarSeries {
  if (bars.time === clock) return bars;
  const column = () => new Float64Array(clock.length);
  const [open, high, low, close, volume] = [column(), column(), column(), column(), column()];
  let bar = -1;
  for (let t = 0; t < clock.length; t++) {
    const isNew = bars.time[bar + 1] === clock[t];
    if (isNew) bar++;
    const still = bar < 0 ? bars.open[0]! : bars.close[bar]!;
    open[t] = isNew ? bars.open[bar]! : still;
    high[t] = isNew ? bars.high[bar]! : still;
    low[t] = isNew ? bars.low[bar]! : still;
    close[t] = isNew ? bars.close[bar]! : still;
    volume[t] = isNew ? bars.volume[bar]! : 0;
  }
  return { ...bars, time: clock, open, high, low, close, volume };
}

/** What a result of this data set counts its bars in: the first symbol's, with the times of all. */
export function clockedSeries({ series, others }: Dataset): BarSeries {
  return others === undefined ? series : onClock(clockOf([series, ...others]), series);
}
