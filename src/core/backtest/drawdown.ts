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
  return worstFalls(equity, equity).pct;
}

/** Longest time under water in calendar days: from a peak to the first bar that reaches it again, or to the end. */
export function maxDrawdownDays(equity: Float64Array, time: Float64Array): number {
  return worstFalls(equity, time).days;
}

/** Both in one pass. */
export function worstFalls(equity: Float64Array, time: Float64Array): { readonly pct: number; readonly days: number } {
  let peak = Number.NEGATIVE_INFINITY;
  let since = 0;
  let worst = 0;
  let bound = 0;
  let longest = 0;
  let under = false;
  for (let t = 0; t < equity.length; t++) {
    const value = equity[t]!;
    if (value >= peak) {
      if (under) longest = Math.max(longest, time[t]! - since);
      under = false;
      peak = value;
      since = time[t]!;
      bound = peak * (1 - worst);
    } else {
      under = true;
      // Only a fall that may be the deepest is worth its division.
      if (value < bound && peak > 0) {
        worst = Math.max(worst, 1 - value / peak);
        bound = peak * (1 - worst);
      }
    }
  }
  if (under) longest = Math.max(longest, time[time.length - 1]! - since);
  return { pct: worst * 100, days: longest / DAY };
}
