/**
 * turn_of_month: buys at a close within the last `before` calendar days of a month (UTC), sells at the close of the
 * `after`-th bar of the next. Calendar days, since which trading day is a month's last is not known before it is over.
 * Source of the effect: Lakonishok and Smidt, "Are Seasonal Anomalies Real?", Review of Financial Studies, 1988.
 */
import { defineStrategy } from "../../domain/strategy.ts";

const DAY = 86_400_000;

export default defineStrategy({
  name: "turn_of_month",
  rule: "Buys at a close within the last before calendar days of a month (UTC), sells at the close of the after-th bar of the next.",
  params: { before: { default: 4, min: 1, max: 27, integer: true }, after: { default: 3, min: 1, max: 1000, integer: true } },
  signals({ length, time }, { before, after }) {
    const entries = new Int8Array(length);
    const exits = new Int8Array(length);
    let monthEnd = Number.NEGATIVE_INFINITY;
    let barOfMonth = 0;
    for (let t = 0; t < length; t++) {
      barOfMonth++;
      if (time[t]! >= monthEnd) {
        const next = new Date(time[t]!);
        next.setUTCMonth(next.getUTCMonth() + 1, 1);
        monthEnd = next.setUTCHours(0, 0, 0, 0);
        barOfMonth = 1;
      }
      if (time[t]! + before * DAY >= monthEnd) entries[t] = 1;
      else if (barOfMonth >= after) exits[t] = 1;
    }
    return { entries, exits };
  },
});
