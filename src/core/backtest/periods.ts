/** How many bars make a year, read from the bars' own times (CONTRACTS.md, `stats.periodsPerYear`). */

const DAY = 86_400_000;

/**
 * 252 for daily bars, 365 where they include Saturdays, 52 weekly, 12 monthly, 4 quarterly, 1 yearly; within the day 252 (or
 * 365) times the most frequent number of bars per UTC date. 252 when there are fewer than two bars.
 */
export function inferPeriodsPerYear(time: Float64Array): number {
  if (time.length < 2) return 252;
  const days = medianStep(time) / DAY;
  if (days >= 200) return 1;
  if (days >= 60) return 4;
  if (days >= 15) return 12;
  if (days >= 4.5) return 52;
  const year = includesSaturdays(time) ? 365 : 252;
  return days >= 0.9 ? year : year * mostFrequentBarsPerDate(time);
}

/** Of at most some hundred steps, evenly spread: sorting all of them would take as long as the backtest. */
function medianStep(time: Float64Array): number {
  const apart = Math.ceil((time.length - 1) / 500);
  const steps = Float64Array.from({ length: Math.floor((time.length - 1) / apart) }, (_value, i) => time[i * apart + 1]! - time[i * apart]!);
  return steps.sort()[steps.length >> 1]!;
}

function includesSaturdays(time: Float64Array): boolean {
  // 1970-01-01 was a Thursday: day 2 of the count was the first Saturday. Bars of one day are passed over.
  let end = Number.NEGATIVE_INFINITY;
  for (let t = 0; t < time.length; t++) {
    if (time[t]! < end) continue;
    const day = Math.floor(time[t]! / DAY) | 0;
    if ((day - 2) % 7 === 0) return true;
    end = (day + 1) * DAY;
  }
  return false;
}

/** The larger one when two are equally frequent. */
function mostFrequentBarsPerDate(time: Float64Array): number {
  const counts = new Map<number, number>();
  let end = Number.NEGATIVE_INFINITY;
  let bars = 0;
  for (let t = 0; t < time.length; t++) {
    if (time[t]! < end) {
      bars++;
      continue;
    }
    if (bars > 0) counts.set(bars, (counts.get(bars) ?? 0) + 1);
    end = (Math.floor(time[t]! / DAY) + 1) * DAY;
    bars = 1;
  }
  counts.set(bars, (counts.get(bars) ?? 0) + 1);
  let best = 1;
  let most = 0;
  for (const [length, count] of counts) {
    if (count > most || (count === most && length > best)) [best, most] = [length, count];
  }
  return best;
}
