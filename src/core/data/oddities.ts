/**
 * What is odd about a series of bars: gaps, jumps that look like splits, bad ticks, closes outside of their bar, times in
 * the future. Nothing is mended here: each finding is a sentence for people, with the first place and the count.
 */
import type { BarSeries } from "../domain/bars.ts";
import { at, counted, type Check } from "./findings.ts";
import { gapCheck } from "./gaps.ts";
import type { Pace } from "./pace.ts";
import { splitCheck } from "./splits.ts";

const DAY_MS = 86_400_000;

/** `now`: UTC milliseconds. */
export async function oddities(series: BarSeries, now: number, pace: Pace): Promise<readonly string[]> {
  const usual = usualMove(series.close);
  const checks = [gapCheck(series), splitCheck(series, usual), badTickCheck(series, usual), outsideCheck(series), futureCheck(series, now)];
  for (let i = 0; i < series.time.length; i++) {
    for (const check of checks) check.visit(i);
    if ((i & 4095) === 4095) await pace();
  }
  return checks.flatMap((check) => check.sentences());
}

/** The median of |ln(close / close before)|, of some thousand bars spread over the series. */
function usualMove(close: Float64Array): number {
  const apart = Math.max(1, Math.floor(close.length / 2000));
  const moves: number[] = [];
  for (let i = 1; i < close.length; i += apart) moves.push(Math.abs(Math.log((close[i] as number) / (close[i - 1] as number))));
  moves.sort((a, b) => a - b);
  return moves[moves.length >> 1] ?? 0;
}

/** A close that leaves its neighbours and comes straight back, or a high or low far beyond everything around it. */
function badTickCheck({ time, open, high, low, close, timeframe }: BarSeries, usual: number): Check {
  const slow = timeframe === "1Week" || timeframe === "1Month";
  const daily = timeframe === "1Day" || timeframe === "unknown";
  const up = Math.exp(Math.max(slow ? 0.9 : daily ? 0.25 : 0.1, 15 * usual));
  let count = 0;
  let first = "";
  return {
    visit: (i) => {
      const [o, c] = [open[i] as number, close[i] as number];
      const before = i > 0 ? (close[i - 1] as number) : o;
      const after = i + 1 < time.length ? (open[i + 1] as number) : c;
      let what: string | undefined;
      if ((high[i] as number) > Math.max(o, c, before, after) * up) what = `the high ${high[i]}`;
      else if ((low[i] as number) * up < Math.min(o, c, before, after)) what = `the low ${low[i]}`;
      else if (isAway(c, before, after, up)) what = `the close ${c}`;
      else if (isAway(o, before, c, up)) what = `the open ${o}`;
      if (what !== undefined && count++ === 0) first = `${what} at ${at(time[i] as number)} is far from the prices around it`;
    },
    sentences: () => (count === 0 ? [] : [`${counted(count, "likely bad tick")}: ${count === 1 ? "" : "first, "}${first}.`]),
  };
}

/** Above both by the factor `up`, or below both. */
function isAway(value: number, before: number, after: number, up: number): boolean {
  return (value > before * up && value > after * up) || (value * up < before && value * up < after);
}

/** Rounding of adjusted prices makes such bars; engines take the open and close as they are. */
function outsideCheck({ time, open, high, low, close }: BarSeries): Check {
  let count = 0;
  let first = 0;
  return {
    visit: (i) => {
      const [most, least] = [(high[i] as number) * (1 + 1e-6), (low[i] as number) * (1 - 1e-6)];
      const [o, c] = [open[i] as number, close[i] as number];
      if (!(o <= most && o >= least && c <= most && c >= least) && count++ === 0) first = time[i] as number;
    },
    sentences: () =>
      count === 0 ? [] : [`${counted(count, "bar has its", "bars have their")} open or close outside of low to high, the first at ${at(first)}.`],
  };
}

function futureCheck({ time }: BarSeries, now: number): Check {
  let count = 0;
  return {
    visit: (i) => {
      if ((time[i] as number) > now + DAY_MS) count++;
    },
    sentences: () => (count === 0 ? [] : [`${counted(count, "bar lies", "bars lie")} in the future, from ${at(time[time.length - count] as number)} on.`]),
  };
}
