/** A strategy of a few lines, played over rows of prices by the event engine. */
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import type { BacktestRequest, BacktestResult } from "../../../src/core/domain/backtest.ts";
import type { BarSeries, Dataset } from "../../../src/core/domain/bars.ts";
import { defineStrategy, type BarContext } from "../../../src/core/domain/strategy.ts";
import { barsOf, request } from "./givenBars.ts";

export type Row = readonly [open: number, high: number, low: number, close: number, volume?: number];

export const quiet: Row = [100, 101, 99, 100];

/** Daily bars from rows. */
export function days(rows: readonly Row[], symbol = "A"): Dataset {
  const dataset = barsOf(rows.map(([open, high, low, close]) => [open, high, low, close] as const));
  return { ...dataset, series: { ...dataset.series, symbol, volume: Float64Array.from(rows, (row) => row[4] ?? 0) } };
}

/** Several symbols; each row of `null` is a time without a bar. */
export function together(columns: Readonly<Record<string, ReadonlyArray<Row | null>>>): Dataset {
  const series = Object.entries(columns).map(([symbol, rows]): BarSeries => {
    const at = rows.flatMap((row, i) => (row === null ? [] : [i]));
    const { series: dense } = days(
      at.map((i) => rows[i] as Row),
      symbol,
    );
    return { ...dense, time: Float64Array.from(at, (i) => i * 86_400_000) };
  });
  const [first, ...others] = series as [BarSeries, ...BarSeries[]];
  return { ...days([quiet]), series: first, others };
}

/** `at[n]` is called at the close of time n. */
export function played(
  data: Dataset | readonly Row[],
  at: Readonly<Record<number, (bar: BarContext) => void>>,
  change: Partial<BacktestRequest> = {},
): BacktestResult {
  const definition = defineStrategy({ name: "played", params: {}, onBar: (bar) => at[bar.index]?.(bar) });
  return runBacktest(request({ withEquity: true, ...change }), { definition, hash: "" }, Array.isArray(data) ? days(data as Row[]) : (data as Dataset));
}

/** Side, entry (time, price), exit (time, price) and size of each trade. */
export function tradesOf({ trades }: BacktestResult) {
  return trades.map(({ side, entryIndex, entryPrice, exitIndex, exitPrice, size }) => [side, entryIndex, entryPrice, exitIndex, exitPrice, size]);
}

/** Close enough for sums of a few floats. */
export function isNear(actual: number | null | undefined, expected: number): boolean {
  return typeof actual === "number" && Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
}
