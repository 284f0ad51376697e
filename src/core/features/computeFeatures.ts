/**
 * features: what can be computed of a bar series, in the caller's loop (here) or away from it (featureComputer.ts),
 * and the signals that follow from it. Imports base and domain. Is given: bars, a MetricsSink, a Log.
 * Knows nothing of where bars come from, of brokers or of VS Code.
 */
import { badInput } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import { atr, bollinger, ema, macd, rsi, sma } from "../domain/indicators.ts";

/** In this order in memory. The periods are those of the authors: Wilder 14, Appel 12/26/9, Bollinger 20 and 2. */
export const FEATURE_NAMES = [
  "sma20",
  "sma50",
  "sma200",
  "ema12",
  "ema26",
  "rsi14",
  "macd",
  "macdSignal",
  "macdHistogram",
  "bollingerUpper",
  "bollingerMiddle",
  "bollingerLower",
  "atr14",
] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];

/** Part of the cache's key: another set or formula needs another name. */
export const FEATURE_SET = "standard/1";

export interface Features {
  readonly symbol: string;
  readonly timeframe: BarSeries["timeframe"];
  readonly bars: number;
  /** Start of the last bar, UTC milliseconds; null without bars. */
  readonly lastBar: number | null;
  readonly simulated: boolean;
  /** One value per bar, NaN until it is defined; the value at bar i depends on bars 0..i only. Not to be written to. */
  readonly columns: Readonly<Record<FeatureName, Float64Array>>;
  /** At the last bar; null while undefined. */
  readonly latest: Readonly<Record<FeatureName | "close", number | null>>;
}

/** All features of `series`, in this thread: 10,000 bars take a few milliseconds, in which the loop stands. */
export function computeFeaturesSync(series: BarSeries): Features {
  checkSeries(series);
  return featuresOf(series, computeColumns(series));
}

/** The computation itself, the same in every thread: one row of `series.close.length` values per feature, in the order of FEATURE_NAMES. */
export function computeColumns(series: Pick<BarSeries, "high" | "low" | "close">): Float64Array {
  const { high, low, close } = series;
  const bars = close.length;
  const moving = macd(close, 12, 26, 9);
  const bands = bollinger(close, 20, 2);
  const rows = [
    sma(close, 20),
    sma(close, 50),
    sma(close, 200),
    ema(close, 12),
    ema(close, 26),
    rsi(close, 14),
    moving.line,
    moving.signal,
    moving.histogram,
    bands.upper,
    bands.middle,
    bands.lower,
    atr(high, low, close, 14),
  ];
  const columns = new Float64Array(FEATURE_NAMES.length * bars);
  rows.forEach((row, i) => columns.set(row, i * bars));
  return columns;
}

/** Names for what `computeColumns` answered; copies nothing. */
export function featuresOf(series: BarSeries, columns: Float64Array): Features {
  const bars = series.close.length;
  const named = {} as Record<FeatureName, Float64Array>;
  const latest = { close: finiteOrNull(series.close[bars - 1]) } as Record<FeatureName | "close", number | null>;
  FEATURE_NAMES.forEach((name, i) => {
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
    columns: named,
    latest,
  };
}

/** Throws when the columns are not of one length. */
export function checkSeries(series: BarSeries): void {
  const { time, high, low, close } = series;
  if (time.length !== close.length || high.length !== close.length || low.length !== close.length) {
    throw badInput(
      "bad-series",
      `The columns of ${series.symbol} are not of one length (time ${time.length}, high ${high.length}, low ${low.length}, close ${close.length}).`,
    );
  }
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
