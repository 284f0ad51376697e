/** Jumps between two bars that look like a split which the prices were not adjusted for. */
import type { BarSeries } from "../domain/bars.ts";
import { at, type Check } from "./findings.ts";

const RATIOS = [1.5, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 25, 30, 40, 50, 100];
/** Bars on either side whose middle close shows whether the new level stays. */
const LEVEL_BARS = 5;

/** `usual`: the usual move of the logarithm of the close from bar to bar. */
export function splitCheck({ time, open, close, timeframe, actions = [] }: BarSeries, usual: number): Check {
  if (timeframe === "1Week" || timeframe === "1Month") return { visit: () => undefined, sentences: () => [] }; // there such moves are ordinary
  const up = Math.max(1.42, Math.exp(10 * usual));
  const down = 1 / up;
  let count = 0;
  let first = "";
  return {
    visit: (i) => {
      if (i === 0) return;
      const before = close[i - 1] as number;
      const overnight = (open[i] as number) / before;
      const jump = overnight > up || overnight < down ? overnight : (close[i] as number) / before;
      if (jump <= up && jump >= down) return;
      if (actions.some((one) => one.kind === "split" && one.time > (time[i - 1] as number) && one.time <= (time[i] as number))) return; // known, and applied
      const ratio = ratioOf(close, i, Math.log(jump));
      if (ratio === undefined || count++ > 0) return;
      const [a, b] = ratio === 1.5 ? [3, 2] : [ratio, 1];
      const kind = jump < 1 ? `${a}:${b} split` : `${b}:${a} reverse split`;
      first = `a likely ${kind} at ${at(time[i] as number)}, where the price goes from ${before} to ${jump === overnight ? open[i] : close[i]} and stays`;
    },
    sentences: () => (count === 0 ? [] : [`The prices look unadjusted: ${first}${count === 1 ? "" : `; ${count - 1} more like it`}.`]),
  };
}

/** Of the split that a jump (as a logarithm) into bar `i` looks like; undefined when the level does not stay. */
function ratioOf(close: Float64Array, i: number, jump: number): number | undefined {
  const ratio = RATIOS.find((n) => Math.abs(Math.abs(jump) - Math.log(n)) < (n < 2 ? 0.03 : 0.07));
  if (ratio === undefined) return undefined;
  const level = Math.log(middle(close, i, i + LEVEL_BARS) / middle(close, i - LEVEL_BARS, i));
  return Math.abs(level - Math.sign(jump) * Math.log(ratio)) < 0.25 ? ratio : undefined;
}

/** Of closes from `from` to before `to`, as far as there are any. */
function middle(close: Float64Array, from: number, to: number): number {
  const some = close.slice(Math.max(0, from), to).sort();
  return some[some.length >> 1] as number;
}
