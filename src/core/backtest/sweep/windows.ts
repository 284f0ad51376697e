/** Training and test windows of a walk-forward analysis, as bar numbers. */
import { badInput } from "../../base/errors.ts";

export interface PlannedWindow {
  /** First bar and the bar after the last. */
  readonly train: readonly [number, number];
  readonly test: readonly [number, number];
}

interface Length {
  readonly unit: "bars" | "y" | "m" | "w" | "d";
  readonly count: number;
}

const DAY = 86_400_000;
const MAX_COUNT = 10_000_000;
/** Each is a sweep of its own. */
const MAX_WINDOWS = 1000;
/** Calendar windows that may be without bars, before the data are held for broken. */
const MAX_LOOKED_AT = 1_000_000;
/** Statistics of fewer bars say nothing. */
const LEAST_TRAINING = 3;

/** "500" (bars), "2y", "6m" (months), "13w", "90d". */
export function parseLength(text: string, what: string): Length {
  const match = /^\s*(\d+)\s*(bars?|[ymwd])?\s*$/i.exec(text);
  const count = Number(match?.[1]);
  if (match === null || !(count > 0 && count <= MAX_COUNT))
    throw badInput(
      "bad-window",
      `${what} is "${text}", which is no length of time.`,
      "Write a number of bars like 500, or a duration like 2y, 6m (months), 13w, 90d.",
    );
  const unit = match[2]?.toLowerCase();
  return { unit: unit === "y" || unit === "m" || unit === "w" || unit === "d" ? unit : "bars", count };
}

/**
 * Test windows follow each other without a gap from the end of the first training window to the last bar; the last one may be
 * shorter. Each is trained on the `train` before it or, anchored, on everything before it. Durations are calendar ones (UTC),
 * counted from the first bar; a test window without bars is left out.
 */
export function planWindows(time: Float64Array, plan: { readonly train: string; readonly test: string; readonly anchored: boolean }): readonly PlannedWindow[] {
  const [train, test] = [parseLength(plan.train, "train"), parseLength(plan.test, "test")];
  const windows: PlannedWindow[] = [];
  const bars = time.length;
  const first = bars === 0 ? 0 : time[0]!;
  const start = train.unit === "bars" ? Math.min(bars, train.count) : firstFrom(time, shift(first, train, 1));
  const origin = train.unit === "bars" ? (time[start] ?? first) : shift(first, train, 1);
  let from = start;
  for (let k = 0; from < bars; k++) {
    const to = test.unit === "bars" ? Math.min(bars, from + test.count) : firstFrom(time, shift(origin, test, k + 1));
    if (k > MAX_LOOKED_AT) throw badInput("bad-window", "The times of the bars are too far apart for these windows.", "Take a longer --test.");
    if (to === from) continue;
    const edge = test.unit === "bars" ? time[from]! : shift(origin, test, k);
    const trainFrom = plan.anchored ? 0 : train.unit === "bars" ? from - train.count : firstFrom(time, shift(edge, train, -1));
    const trained = from - trainFrom;
    if (trained < LEAST_TRAINING)
      throw badInput(
        "bad-window",
        `Window ${windows.length + 1} has ${trained} ${trained === 1 ? "bar" : "bars"} to train on, fewer than ${LEAST_TRAINING}.`,
        "Take a longer --train.",
      );
    if (windows.length === MAX_WINDOWS)
      throw badInput("bad-window", `test is "${plan.test}", which gives more than ${MAX_WINDOWS} windows.`, "Take a longer --test.");
    windows.push({ train: [trainFrom, from], test: [from, to] });
    from = to;
  }
  if (windows.length === 0)
    throw badInput("bad-window", `train is "${plan.train}", which leaves none of the ${bars} bars to test on.`, "Take a shorter --train, or more bars.");
  return windows;
}

/** The first bar at or after `ms`. */
function firstFrom(time: Float64Array, ms: number): number {
  let [low, high] = [0, time.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time[middle]! < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `times` lengths later. Months end where the later month does: a month after 31 January is 28 or 29 February. */
function shift(ms: number, { unit, count }: Length, times: number): number {
  const by = count * times;
  if (unit === "d" || unit === "w") return ms + by * DAY * (unit === "w" ? 7 : 1);
  const months = by * (unit === "y" ? 12 : 1);
  const date = new Date(ms);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  // Beyond what a date can hold: after, or before, every bar.
  return Number.isNaN(date.getTime()) ? (times < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY) : date.getTime();
}
