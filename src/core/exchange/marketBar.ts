/** A bar as the market shows it, and several made into one. */
import type { BarSeries } from "../domain/bars.ts";

export interface MarketBar {
  /** Start, UTC milliseconds. */
  readonly t: number;
  readonly o: number;
  readonly h: number;
  readonly l: number;
  readonly c: number;
  readonly v: number;
  /** Trades. */
  readonly n: number;
  readonly vw: number;
}

/** One bar out of several that follow each other. */
export function mergeBars(bars: readonly MarketBar[], t: number): MarketBar {
  const [first, last] = [bars[0] as MarketBar, bars[bars.length - 1] as MarketBar];
  let [h, l, v, n, value] = [first.h, first.l, 0, 0, 0];
  for (const bar of bars) {
    h = Math.max(h, bar.h);
    l = Math.min(l, bar.l);
    v += bar.v;
    n += bar.n;
    value += bar.vw * bar.v;
  }
  return { t, o: first.o, h, l, c: last.c, v, n, vw: v === 0 ? last.c : Math.round((value / v) * 10_000) / 10_000 };
}

export function barAt(series: BarSeries, i: number): MarketBar {
  const [o, h, l, c, v] = [series.open[i], series.high[i], series.low[i], series.close[i], series.volume[i]] as [number, number, number, number, number];
  return { t: series.time[i] as number, o, h, l, c, v, n: tradesIn(v), vw: Math.round(((h + l + 2 * c) / 4) * 10_000) / 10_000 };
}

/** About one for every 110 shares, as in American stocks. */
export function tradesIn(volume: number): number {
  return volume === 0 ? 0 : Math.max(1, Math.round(volume / 110));
}
