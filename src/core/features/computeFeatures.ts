/**
 * features: what can be computed of a bar series, in the caller's loop (here) or away from it (featureComputer.ts),
 * and the signals that follow from it. Imports base and domain. Is given: bars, a MetricsSink, a Log.
 * Knows nothing of where bars come from, of brokers or of VS Code.
 */
import { badInput } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import { computeColumns, featureSet, type FeatureSet } from "./featureSet.ts";
import type { FeatureName } from "./standardFeatures.ts";

export interface Features {
  readonly symbol: string;
  readonly timeframe: BarSeries["timeframe"];
  readonly bars: number;
  /** Start of the last bar, UTC milliseconds; null without bars. */
  readonly lastBar: number | null;
  readonly simulated: boolean;
  /**
   * One value per bar, NaN until it is defined; the value at bar i depends on bars 0..i only. Not to be written to.
   * The standard features, and what was asked for beside them: `columns["adx(14).plusDi"]`, `columns["rsi(21)"]`.
   */
  readonly columns: Readonly<Record<FeatureName, Float64Array>> & Readonly<Record<string, Float64Array>>;
  /** At the last bar; null while undefined. */
  readonly latest: Readonly<Record<FeatureName | "close", number | null>> & Readonly<Record<string, number | null>>;
}

export interface FeatureRequest {
  /** Indicators beside the standard features, as docs/indicators.md names them: `["adx", "supertrend(7,2)"]`. */
  readonly indicators?: readonly string[];
}

/** All features of `series`, in this thread: 10,000 bars take a few milliseconds, in which the loop stands. */
export function computeFeaturesSync(series: BarSeries, { indicators }: FeatureRequest = {}): Features {
  const set = featureSet(indicators);
  checkSeries(series, set);
  return featuresOf(series, set, computeColumns(series, set.indicators));
}

/** Names for what `computeColumns` answered; copies nothing. */
export function featuresOf(series: BarSeries, set: FeatureSet, columns: Float64Array): Features {
  const bars = series.close.length;
  const named: Record<string, Float64Array> = {};
  const latest: Record<string, number | null> = { close: finiteOrNull(series.close[bars - 1]) };
  set.names.forEach((name, i) => {
    const column = columns.subarray(i * bars, (i + 1) * bars);
    named[name] = column;
    latest[name] = finiteOrNull(column[bars - 1]);
  });
  return {
    symbol: series.symbol,
    timeframe: series.timeframe,
    bars,
    lastBar: series.time[bars - 1] ?? null,
    simulated: series.simulated,
    columns: named as Features["columns"],
    latest: latest as Features["latest"],
  };
}

/** Throws when the columns that `set` needs are not of one length. */
export function checkSeries(series: BarSeries, { needs }: FeatureSet): void {
  const { time, close } = series;
  if (time.length === close.length && needs.every((name) => series[name].length === close.length)) return;
  const lengths = [...new Set(["time" as const, ...needs])].map((name) => `${name} ${series[name].length}`);
  throw badInput("bad-series", `The columns of ${series.symbol} are not of one length (${lengths.join(", ")}).`);
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
