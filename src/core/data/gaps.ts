/** Bars that a series should have and has not, by its own rhythm and, where it keeps to them, the NYSE's trading days. */
import type { BarSeries } from "../domain/bars.ts";
import { tradingMidnights } from "../domain/nyse.ts";
import { at, counted, type Check } from "./findings.ts";
import { sampledSteps } from "./timeframe.ts";

const DAY_MS = 86_400_000;
interface Gap {
  readonly bars: number;
  /** Times of the bars before and after it. */
  readonly from: number;
  readonly to: number;
}

/** Finds gaps bar by bar; `all` once every bar was seen. */
interface GapFinder {
  step(from: number, to: number): void;
  all(): readonly Gap[];
}

export function gapCheck({ time, timeframe }: BarSeries): Check {
  const finder = timeframe === "1Day" ? dailyGaps(time) : timeframe === "1Week" ? evenGaps(7) : timeframe === "1Month" ? evenGaps(30.44) : withinDayGaps(time);
  return {
    visit: (i) => {
      if (i > 0) finder.step(time[i - 1] as number, time[i] as number);
    },
    sentences: () => sentenceOf(finder.all()),
  };
}

function sentenceOf(found: readonly Gap[]): readonly string[] {
  if (found.length === 0) return [];
  const missing = found.reduce((sum, gap) => sum + gap.bars, 0);
  const longest = found.reduce((most, gap) => (gap.bars > most.bars ? gap : most));
  const where = `between ${at(longest.from)} and ${at(longest.to)}`;
  const bars = counted(missing, "bar is", "bars are");
  if (found.length === 1) return [`1 gap: ${bars} missing ${where}.`];
  return [`${counted(found.length, "gap")}: ${bars} missing, most of them in a row (${longest.bars.toLocaleString("en-US")}) ${where}.`];
}

function evenGaps(days: number): GapFinder {
  const found: Gap[] = [];
  return {
    step: (from, to) => {
      const steps = Math.round((to - from) / (days * DAY_MS));
      if (steps > 1) found.push({ bars: steps - 1, from, to });
    },
    all: () => found,
  };
}

function dailyGaps(time: Float64Array): GapFinder {
  const sessions = newYorkSessions(time);
  const trades = tradedWeekdays(time);
  const everyDay = trades.every(Boolean);
  const found: Gap[] = [];
  return {
    step: (from, to) => {
      const days = Math.round((to - from) / DAY_MS);
      let bars = 0;
      for (let day = 1; day < days; day++) {
        const date = dateOf(from + day * DAY_MS);
        if (sessions?.has(date) ?? trades[weekdayOf(date)]) bars++;
      }
      // Without a calendar one or two weekdays in a row may be holidays.
      if (bars > (sessions !== undefined || everyDay ? 0 : 2)) found.push({ bars, from, to });
    },
    all: () => found,
  };
}

/** The NYSE's days over the series' time, when the series keeps to them: bars on others than those are too rare to be another market's. */
function newYorkSessions(time: Float64Array): ReadonlySet<number> | undefined {
  const [first, last] = [dateOf(time[0] as number), dateOf(time.at(-1) as number)];
  if (first < Date.UTC(1970, 0, 1) || last > Date.UTC(2100, 0, 1)) return undefined;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  const sessions = new Set(tradingMidnights(day(first), day(last)).map(dateOf));
  let strange = 0;
  for (const ms of time) if (!sessions.has(dateOf(ms))) strange++;
  return strange > time.length * 0.003 || sessions.size > time.length * 2 ? undefined : sessions;
}

/** Shorter than a day: missing within a date or, where the market never closes at night, anywhere but on weekends. */
function withinDayGaps(time: Float64Array): GapFinder {
  const steps = sampledSteps(time).sort();
  const usual = steps[steps.length >> 1] ?? 0;
  if (!(usual > 0) || usual > 0.7 * DAY_MS) return { step: () => undefined, all: () => [] };
  const hasWeekends = shareOnWeekends(time) > 0.15;
  const breaks = new Map<number, Gap[]>();
  const overnight: Gap[] = [];
  let dates = 1;
  let throughNight = 0;
  return {
    step: (from, to) => {
      const isNextDate = dateOf(from) !== dateOf(to);
      if (isNextDate) dates++;
      const bars = Math.round((to - from) / usual) - 1;
      if (bars < 1) {
        if (isNextDate) throughNight++;
        return;
      }
      const gap = { bars, from, to };
      if (isNextDate) {
        overnight.push(gap);
        return;
      }
      const minute = Math.floor((from % DAY_MS) / 60_000);
      const same = breaks.get(minute);
      if (same === undefined) breaks.set(minute, [gap]);
      else same.push(gap);
    },
    all: () => {
      // A break at the same time on many days is the market's own, such as lunch in Hong Kong.
      const within = [...breaks.values()].filter((same) => same.length < 3 || same.length < dates * 0.15).flat();
      const neverCloses = throughNight > dates * 0.4;
      const between = overnight.filter((gap) => (neverCloses ? hasWeekends || !isWeekendBreak(gap) : weekdaysIn(gap) > 2));
      return [...within, ...between].sort((a, b) => a.from - b.from);
    },
  };
}

/** From Friday to Sunday or Monday, or less. */
function isWeekendBreak({ from, to }: Gap): boolean {
  return to - from < 3.5 * DAY_MS && (isWeekend(from) || isWeekend(to) || new Date(from).getUTCDay() === 5);
}

/** Whole weekdays between the two. */
function weekdaysIn({ from, to }: Gap): number {
  let weekdays = 0;
  for (let day = dateOf(from) + DAY_MS; day < dateOf(to); day += DAY_MS) if (!isWeekend(day)) weekdays++;
  return weekdays;
}

/** Of each UTC weekday, from Sunday, whether it has bars as a rule: a day in Tokyo begins on the UTC date before. */
function tradedWeekdays(time: Float64Array): readonly boolean[] {
  const counts = [0, 0, 0, 0, 0, 0, 0];
  for (const ms of time) counts[weekdayOf(ms)] = (counts[weekdayOf(ms)] as number) + 1;
  return counts.map((count) => count > time.length * 0.05);
}

/** Of some thousand bars, evenly spread. */
function shareOnWeekends(time: Float64Array): number {
  const apart = Math.max(1, Math.floor(time.length / 5000));
  let [count, seen] = [0, 0];
  for (let i = 0; i < time.length; i += apart, seen++) if (isWeekend(time[i] as number)) count++;
  return count / seen;
}

function dateOf(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

/** 0 is Sunday, UTC: 1 January 1970 was a Thursday. */
function weekdayOf(ms: number): number {
  return (((Math.floor(ms / DAY_MS) + 4) % 7) + 7) % 7;
}

function isWeekend(ms: number): boolean {
  const day = weekdayOf(ms);
  return day === 0 || day === 6;
}
