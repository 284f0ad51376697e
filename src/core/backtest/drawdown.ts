/** Falls of equity below its running peak, on bar closes: a fall inside a bar is not seen. */

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
  let peak = 0;
  let worst = 0;
  for (let t = 0; t < equity.length; t++) {
    const value = equity[t]!;
    if (value > peak) peak = value;
    else if (peak > 0) worst = Math.max(worst, 1 - value / peak);
  }
  return worst * 100;
}

/** Longest time under water in calendar days: from a peak to the first bar that reaches it again, or to the end. */
export function maxDrawdownDays(equity: Float64Array, time: Float64Array): number {
  let peak = Number.NEGATIVE_INFINITY;
  let since = 0;
  let longest = 0;
  let under = false;
  for (let i = 0; i < equity.length; i++) {
    if (equity[i]! >= peak) {
      if (under) longest = Math.max(longest, time[i]! - since);
      under = false;
      peak = equity[i]!;
      since = time[i]!;
    } else {
      under = true;
      longest = Math.max(longest, time[i]! - since);
    }
  }
  return longest / DAY;
}
