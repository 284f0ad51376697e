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
  const { includesSaturdays, barsPerDate } = datesOf(time);
  const year = includesSaturdays ? 365 : 252;
  return days >= 0.9 ? year : year * barsPerDate;
}

/** Of at most some hundred steps, evenly spread: sorting all of them would take as long as the backtest. */
function medianStep(time: Float64Array): number {
  const apart = Math.ceil((time.length - 1) / 500);
  const steps = Float64Array.from({ length: Math.floor((time.length - 1) / apart) }, (_value, i) => time[i * apart + 1]! - time[i * apart]!);
  return steps.sort()[steps.length >> 1]!;
}

/** Of the dates that have bars; the larger number of bars when two are equally frequent. */
function datesOf(time: Float64Array): { readonly includesSaturdays: boolean; readonly barsPerDate: number } {
  const counts = new Map<number, number>();
  let includesSaturdays = false;
  let end = Number.NEGATIVE_INFINITY;
  let bars = 0;
  for (let t = 0; t < time.length; t++) {
    const ms = time[t]!;
    if (ms < end) {
      bars++;
      continue;
    }
    if (bars > 0) counts.set(bars, (counts.get(bars) ?? 0) + 1);
    const day = Math.floor(ms / DAY);
    // 1970-01-01 was a Thursday: day 2 of the count was the first Saturday.
    if (((day % 7) + 7) % 7 === 2) includesSaturdays = true;
    end = (day + 1) * DAY;
    bars = 1;
  }
  counts.set(bars, (counts.get(bars) ?? 0) + 1);
  let barsPerDate = 1;
  let most = 0;
  for (const [length, count] of counts) {
    if (count > most || (count === most && length > barsPerDate)) [barsPerDate, most] = [length, count];
  }
  return { includesSaturdays, barsPerDate };
}
