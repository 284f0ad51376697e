/** Bars as cells get them: columns as they are. */
import type { BarSeries } from "../core/domain/bars.ts";
import type { BarColumns } from "./barFrame.ts";

/** The newest `limit` bars, in memory of their own: a view would carry the whole buffer across. */
export function barColumns(series: BarSeries, from: Pick<BarColumns, "source" | "adjustment" | "asOf">, limit: number | undefined): BarColumns {
  const { source, adjustment, asOf } = from;
  const first = limit === undefined ? 0 : Math.max(0, series.time.length - limit);
  return {
    symbol: series.symbol,
    timeframe: series.timeframe,
    source,
    adjustment,
    asOf,
    simulated: series.simulated,
    time: series.time.slice(first),
    open: series.open.slice(first),
    high: series.high.slice(first),
    low: series.low.slice(first),
    close: series.close.slice(first),
    volume: series.volume.slice(first),
  };
}
