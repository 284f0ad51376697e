/** What signals() sees: the columns and the indicators of domain/indicators.ts. */
import type { BarSeries } from "../domain/bars.ts";
import type { BarColumn, VectorContext } from "../domain/strategy.ts";
import { computeIndicator } from "../domain/indicators/catalog.ts";
import { bothCrossings, crossOver, crossUnder, ema, highest, lag, lowest, rsi, sma, smaOf, stdev } from "../domain/indicators.ts";
import { RunMemory } from "./runMemory.ts";

/**
 * `copy`: columns of its own, so that a user's strategy cannot write into the bars that all workers share. Only a strategy
 * that keeps nothing, a built-in one, may be given averages in `memory`; `isBuiltin`: it writes into nothing either, so lines
 * that it compares a second time are those of the first.
 */
export function vectorContext(bars: BarSeries, options: { readonly copy: boolean; readonly memory?: RunMemory; readonly isBuiltin?: boolean }): VectorContext {
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
    ...(options.isBuiltin === true ? rememberedCrossings() : { crossOver, crossUnder }),
  };
}

/** Strategies ask for both ways of the same two lines, one after the other. */
function rememberedCrossings(): Pick<VectorContext, "crossOver" | "crossUnder"> {
  let last: { readonly a: Float64Array; readonly b: Float64Array | number; readonly both: ReturnType<typeof bothCrossings> } | undefined;
  const of = (a: Float64Array, b: Float64Array | number) => {
    if (last === undefined || last.a !== a || last.b !== b) last = { a, b, both: bothCrossings(a, b) };
    return last.both;
  };
  return { crossOver: (a, b) => of(a, b).up, crossUnder: (a, b) => of(a, b).down };
}

function columnsOf({ time, open, high, low, close, volume }: BarSeries): Readonly<Record<BarColumn, Float64Array>> {
  return { time, open, high, low, close, volume };
}
