/** Times as texts, several times as fast as Date's own: a run over many bars has thousands of trades. */

const DAY = 86_400_000;

/** Years whose dates are counted in whole numbers of 32 bits. */
const FIRST = Date.UTC(1000, 0, 1);
const END = Date.UTC(10_000, 0, 1);
const TWO = Array.from({ length: 100 }, (_value, i) => String(i).padStart(2, "0"));
// By 32 times the month, and the day: what is joined often comes in large pieces, since every piece more makes another text.
const DATES = Array.from({ length: 13 * 32 }, (_value, i) => `-${TWO[i >> 5]!}-${TWO[i & 31]!}T`);
const MIDNIGHTS = DATES.map((date) => `${date}00:00:00.000Z`);

/** UTC milliseconds as `2024-01-31T00:00:00.000Z`, as Date.toISOString() writes them. */
export function isoTime(ms: number): string {
  if (!(ms >= FIRST && ms < END) || !Number.isInteger(ms)) return new Date(ms).toISOString();
  const days = Math.floor(ms / DAY);
  const rest = (ms - days * DAY) | 0;
  // Days of the civil calendar from a count of days: Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
  const shifted = (days + 719_468) | 0;
  const era = (shifted / 146_097) | 0;
  const dayOfEra = (shifted - era * 146_097) | 0;
  const yearOfEra = ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = (dayOfEra - (365 * yearOfEra + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0))) | 0;
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const hundreds = TWO[(year / 100) | 0]!;
  const date = (month << 5) + day;
  if (rest === 0) return hundreds + TWO[year % 100]! + MIDNIGHTS[date]!;
  const seconds = (rest / 1000) | 0;
  const time = `${TWO[(seconds / 3600) | 0]!}:${TWO[((seconds / 60) | 0) % 60]!}:${TWO[seconds % 60]!}`;
  return `${hundreds}${TWO[year % 100]!}${DATES[date]!}${time}.${String(rest % 1000).padStart(3, "0")}Z`;
}
