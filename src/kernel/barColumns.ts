/** Bars as cells get them: columns as they are. */
import type { BarSeries } from "../core/domain/bars.ts";
import type { BarColumns } from "./barFrame.ts";

/** The newest `limit` bars, in memory of their own: a view would carry the whole buffer across. */
export function barColumns(series: BarSeries, source: string, limit: number | undefined): BarColumns {
  const from = limit === undefined ? 0 : Math.max(0, series.time.length - limit);
  return {
    symbol: series.symbol,
    timeframe: series.timeframe,
    source,
    simulated: series.simulated,
    time: series.time.slice(from),
    open: series.open.slice(from),
    high: series.high.slice(from),
    low: series.low.slice(from),
    close: series.close.slice(from),
    volume: series.volume.slice(from),
  };
}
