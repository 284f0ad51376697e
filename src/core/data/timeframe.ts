/** What the times of a series say about it. */
import type { BarSeries, DatasetInfo, Timeframe } from "../domain/bars.ts";

const STEPS: ReadonlyArray<readonly [Timeframe, number, number]> = [
  ["1Min", 60_000, 60_000],
  ["5Min", 300_000, 300_000],
  ["15Min", 900_000, 900_000],
  ["1Hour", 3_600_000, 3_600_000],
  ["1Day", 82_800_000, 90_000_000], // an hour less or more where the clock changes
  ["1Week", 601_200_000, 608_400_000],
  ["1Month", 28 * 86_400_000 - 3_600_000, 31 * 86_400_000 + 3_600_000],
];

/** The timeframe that more than half of the steps fit. */
export function timeframeOf(time: Float64Array): BarSeries["timeframe"] {
  const counts = STEPS.map(() => 0);
  const steps = sampledSteps(time);
  for (const step of steps) {
    const at = STEPS.findIndex(([, least, most]) => step >= least && step <= most);
    if (at >= 0) counts[at] = (counts[at] as number) + 1;
  }
  const at = counts.findIndex((count) => count * 2 > steps.length);
  return STEPS[at]?.[0] ?? "unknown";
}

/** From bar to bar, milliseconds: all of them, of a long series some thousand that are evenly spread. */
export function sampledSteps(time: Float64Array): Float64Array {
  const apart = Math.max(1, Math.ceil((time.length - 1) / 5000));
  const count = Math.max(0, Math.floor((time.length - 1) / apart));
  return Float64Array.from({ length: count }, (_value, i) => (time[i * apart + 1] as number) - (time[i * apart] as number));
}

/** How many bars a series has, and the times of its first and last. */
export function spanOf({ time }: Pick<BarSeries, "time">): Pick<DatasetInfo, "bars" | "from" | "to"> {
  return { bars: time.length, from: isoOf(time[0]), to: isoOf(time.at(-1)) };
}

/** ISO 8601 UTC; null for an empty series. */
export function isoOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
