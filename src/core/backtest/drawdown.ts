/** Falls of equity below its running peak, on bar closes: a fall inside a bar is not seen. */
import { inStretches } from "../base/stretches.ts";

const DAY = 86_400_000;

/** Fall below the running peak at each bar, 0 to 1. */
export function drawdowns(equity: Float64Array): Float64Array {
  let peak = 0;
  return equity.map((value) => {
    peak = Math.max(peak, value);
    return peak > 0 ? 1 - value / peak : 0;
  });
}

/** Deepest fall, in percent (25 means 25 %); 0 if it never falls. */
export function maxDrawdownPct(equity: Float64Array): number {
  return worstFalls(equity, equity).pct;
}

/** Longest time under water in calendar days: from a peak to the first bar that reaches it again, or to the end. */
export function maxDrawdownDays(equity: Float64Array, time: Float64Array): number {
  return worstFalls(equity, time).days;
}

/** Both in one pass. */
export function worstFalls(equity: Float64Array, time: Float64Array): { readonly pct: number; readonly days: number } {
  const n = equity.length;
  const falls: Falls = { peak: Number.NEGATIVE_INFINITY, since: 0, lowest: Number.NEGATIVE_INFINITY, worst: 0, longest: 0 };
  inStretches(0, n, (from, to) => follow(falls, equity, time, from, to));
  if (n > 0) end(falls, time[n - 1]!);
  return { pct: falls.worst * 100, days: falls.longest / DAY };
}

interface Falls {
  peak: number;
  /** Time of the last bar at the peak. */
  since: number;
  /** Since the peak, which itself counts. */
  lowest: number;
  worst: number;
  longest: number;
}

/** From each peak through the fall after it to where it is reached again; bars `from` to before `to`. */
function follow(falls: Falls, equity: Float64Array, time: Float64Array, from: number, to: number): void {
  let { peak, lowest } = falls;
  let t = from;
  while (t < to) {
    while (t < to && !(equity[t]! >= peak)) {
      if (equity[t]! < lowest) lowest = equity[t]!;
      t++;
    }
    if (t === to) break;
    falls.lowest = lowest;
    end(falls, time[t]!);
    while (t < to && equity[t]! >= peak) peak = equity[t++]!;
    falls.peak = lowest = peak;
    falls.since = time[t - 1]!;
  }
  falls.lowest = lowest;
}

function end(falls: Falls, time: number): void {
  const { peak, since, lowest } = falls;
  if (!(lowest < peak)) return;
  if (peak > 0) falls.worst = Math.max(falls.worst, 1 - lowest / peak);
  falls.longest = Math.max(falls.longest, time - since);
}
