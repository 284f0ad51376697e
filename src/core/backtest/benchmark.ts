/** Prices to hold a run against, brought onto its times. */
import type { BarSeries, Dataset } from "../domain/bars.ts";
import { badInput } from "../base/errors.ts";
import { newYorkDate } from "../domain/nyse.ts";
import { onClock } from "./clock.ts";

const DAY_MS = 86_400_000;

/**
 * The benchmark's close at each time of the run: the last one that was known by then, days by their date (a file stamps a
 * day with midnight UTC, the market with New York's). Flat before its first bar. Without a benchmark the first symbol's own.
 * Throws when it has no price in all of the run.
 */
export function benchmarkCloses(clock: Float64Array, bars: BarSeries, { benchmark }: Pick<Dataset, "benchmark">): Float64Array {
  if (benchmark === undefined) return onClock(clock, bars).close;
  const { time, close } = benchmark.series;
  const own = keyOf(clock, bars);
  const other = keyOf(time, benchmark.series);
  const closes = new Float64Array(clock.length);
  let bar = -1;
  for (let t = 0; t < clock.length; t++) {
    while (bar + 1 < time.length && other(bar + 1) <= own(t)) bar++;
    closes[t] = close[Math.max(0, bar)]!;
  }
  const first = time.length === 0 ? Number.POSITIVE_INFINITY : other(0);
  if (clock.length > 0 && (first > own(clock.length - 1) || other(time.length - 1) < own(0)))
    throw badInput(
      "no-benchmark",
      `The benchmark ${benchmark.info.name} has no prices in the time of the run.`,
      `It goes from ${benchmark.info.from?.slice(0, 10)} to ${benchmark.info.to?.slice(0, 10)}.`,
    );
  return closes;
}

/** What is odd about it, a sentence each. */
export function benchmarkWarnings(clock: Float64Array, { benchmark }: Pick<Dataset, "benchmark">): readonly string[] {
  if (benchmark === undefined) return [];
  const { info, series } = benchmark;
  const [begin, end] = [series.time[0] as number, series.time.at(-1) as number];
  const day = (at: number) => new Date(at).toISOString().slice(0, 10);
  return [
    ...(begin - (clock[0] as number) > DAY_MS ? [`The benchmark ${info.name} begins on ${day(begin)}: before, it counts as flat.`] : []),
    ...((clock.at(-1) as number) - end > DAY_MS ? [`The benchmark ${info.name} ends on ${day(end)}: after, it counts as flat.`] : []),
  ];
}

/** Days by their number, other bars by their time. */
function keyOf(time: Float64Array, { timeframe }: BarSeries): (index: number) => number {
  if (timeframe === "1Min" || timeframe === "5Min" || timeframe === "15Min" || timeframe === "1Hour") return (i) => time[i]!;
  const days = Array.from(time, (at) => (at % DAY_MS === 0 ? at : Date.parse(newYorkDate(at))));
  return (i) => days[i]!;
}
