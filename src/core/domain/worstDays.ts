/** What a book would have lost on its worst historical days: today's holdings replayed over past daily returns (historical simulation). */
import type { BarSeries } from "./bars.ts";

/** One holding: its value now and after the order, in US dollars, negative when short. */
export interface BookLine {
  readonly symbol: string;
  readonly before: number;
  readonly after: number;
  /** Daily bars, adjusted; absent when there are none. */
  readonly bars?: BarSeries;
}

export interface WorstDay {
  /** New York trading date, YYYY-MM-DD. */
  readonly date: string;
  /** Of the whole book, US dollars and percent of equity; negative is a loss. */
  readonly before: number;
  readonly after: number;
  readonly beforePct: number;
  readonly afterPct: number;
}

export interface WorstDays {
  /** Days replayed. */
  readonly days: number;
  readonly from: string;
  readonly to: string;
  /** The worst days of the book after the order, worst first. */
  readonly worst: readonly WorstDay[];
  /** Mean of the worst 1 % of days (expected shortfall), each book on its own worst days; percent of equity. */
  readonly worst1Pct: { readonly days: number; readonly beforePct: number; readonly afterPct: number };
  /** Most that the order adds to one of those days, percentage points of equity; 0 when it adds nothing. */
  readonly addsAtMostPct: number;
  /** Holdings without bars: they count as unmoved. */
  readonly missing: readonly string[];
  /** Holdings whose bars begin later than the first day: unmoved before. */
  readonly shorter: readonly string[];
}

const DAY_MS = 86_400_000;
const SHOWN = 5;

/** Null without equity, holdings or a single day of returns. */
export function worstDays(lines: readonly BookLine[], equity: number): WorstDays | null {
  if (!(equity > 0)) return null;
  const days = new Map<number, { before: number; after: number }>();
  const firsts = new Map<string, number>();
  for (const { symbol, before, after, bars } of lines) {
    if (bars === undefined) continue;
    for (let i = 1; i < bars.time.length; i++) {
      const change = bars.close[i]! / bars.close[i - 1]! - 1;
      if (!Number.isFinite(change)) continue;
      // Daily bars start at midnight New York, which is 04:00 or 05:00 UTC of the same date.
      const day = Math.floor(bars.time[i]! / DAY_MS);
      const sum = days.get(day) ?? { before: 0, after: 0 };
      days.set(day, { before: sum.before + before * change, after: sum.after + after * change });
      if (!firsts.has(symbol)) firsts.set(symbol, day);
    }
  }
  if (days.size === 0) return null;
  const rows = [...days]
    .sort(([a], [b]) => a - b)
    .map(([day, sum]) => ({
      date: new Date(day * DAY_MS).toISOString().slice(0, 10),
      ...sum,
      beforePct: (sum.before / equity) * 100,
      afterPct: (sum.after / equity) * 100,
    }));
  const worst = [...rows].sort((a, b) => a.after - b.after).slice(0, SHOWN);
  const tail = Math.max(1, Math.ceil(rows.length / 100));
  const first = Math.min(...days.keys());
  return {
    days: rows.length,
    from: rows[0]!.date,
    to: rows.at(-1)!.date,
    worst,
    worst1Pct: {
      days: tail,
      beforePct: meanOfLowest(
        rows.map((row) => row.beforePct),
        tail,
      ),
      afterPct: meanOfLowest(
        rows.map((row) => row.afterPct),
        tail,
      ),
    },
    addsAtMostPct: Math.max(0, ...worst.map((row) => row.beforePct - row.afterPct)),
    missing: lines.filter(({ symbol }) => !firsts.has(symbol)).map(({ symbol }) => symbol),
    shorter: [...firsts].filter(([, day]) => day > first).map(([symbol]) => symbol),
  };
}

function meanOfLowest(values: readonly number[], count: number): number {
  return (
    [...values]
      .sort((a, b) => a - b)
      .slice(0, count)
      .reduce((sum, value) => sum + value, 0) / count
  );
}
