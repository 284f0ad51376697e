/** Times as texts, several times as fast as Date's own: a run over many bars has thousands of trades. */

const DAY = 86_400_000;

/** UTC milliseconds as `2024-01-31T00:00:00.000Z`, as Date.toISOString() writes them. */
export function isoTime(ms: number): string {
  const days = Math.floor(ms / DAY);
  const rest = ms - days * DAY;
  // Days of the civil calendar from a count of days: Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 1000 || year > 9999 || !Number.isInteger(ms)) return new Date(ms).toISOString();
  const date = `${year}-${two(month)}-${two(day)}T`;
  if (rest === 0) return `${date}00:00:00.000Z`;
  const seconds = Math.floor(rest / 1000);
  return `${date}${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(rest % 1000).padStart(3, "0")}Z`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
