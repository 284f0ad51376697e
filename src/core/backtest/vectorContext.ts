/** What signals() sees: the columns and the indicators of domain/indicators.ts. */
import type { BarSeries } from "../domain/bars.ts";
import type { BarColumn, VectorContext } from "../domain/strategy.ts";
import { computeIndicator } from "../domain/indicators/catalog.ts";
import { crossOver, crossUnder, ema, highest, lag, lowest, rsi, sma, smaOf, stdev } from "../domain/indicators.ts";
import { RunMemory } from "./runMemory.ts";

/**
 * `copy`: columns of its own, so that a user's strategy cannot write into the bars that all workers share. Only a strategy
 * that keeps nothing, a built-in one, may be given averages in `memory`.
 */
export function vectorContext(bars: BarSeries, options: { readonly copy: boolean; readonly memory?: RunMemory }): VectorContext {
  const column = (values: Float64Array) => (options.copy ? Float64Array.from(values) : values);
  const memory = options.memory ?? new RunMemory();
  // A strategy that has columns of its own may write into them.
  const ownSma = (values: Float64Array, period: number) =>
    values === bars.close ? smaOf(values, memory.wholeScale(values), period, memory.column(values.length)) : sma(values, period);
  return {
    length: bars.time.length,
    time: column(bars.time),
    open: column(bars.open),
    high: column(bars.high),
    low: column(bars.low),
    close: column(bars.close),
    volume: column(bars.volume),
    sma: options.copy ? sma : ownSma,
    ema,
    rsi,
    highest,
    lowest,
    stdev,
    lag,
    indicator: (request, columns) => computeIndicator(request, { ...columnsOf(bars), ...columns }),
    crossOver,
    crossUnder,
  };
}

function columnsOf({ time, open, high, low, close, volume }: BarSeries): Readonly<Record<BarColumn, Float64Array>> {
  return { time, open, high, low, close, volume };
}
