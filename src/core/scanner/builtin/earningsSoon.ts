/** Reports its earnings within a few days. Attention, not direction: scores stay below those of the other scanners. */
import { addDays, newYorkDate } from "../../domain/nyse.ts";
import { defineScanner } from "../../domain/scanner.ts";

/** Score of a report today; it falls evenly to the end of the window. */
const TOP_SCORE = 0.5;
/** In the season hundreds report in one day: the nearest of the symbols looked at are kept. */
const MAX_SYMBOLS = 100;

export const earningsSoon = defineScanner({
  name: "earnings_soon",
  pipeline: "events",
  needs: ["earnings"],
  thresholds: { windowDays: 7 },
  async scan({ universe, asOf, settings }, tools) {
    const { windowDays } = settings;
    const today = newYorkDate(asOf);
    const looked = new Set(universe);
    const nearest = new Map<string, { readonly days: number; readonly date: string; readonly when: string }>();
    for (const { symbol, date, when, epsActual } of await tools.earnings({ from: today, to: addDays(today, windowDays) })) {
      const days = Math.round((Date.parse(date) - Date.parse(today)) / 86_400_000);
      if (!looked.has(symbol) || !(days >= 0 && days <= windowDays) || (days === 0 && epsActual !== null)) continue;
      if (days < (nearest.get(symbol)?.days ?? Number.POSITIVE_INFINITY)) nearest.set(symbol, { days, date, when });
    }
    return [...nearest]
      .map(([symbol, { days, date, when }]) => ({
        symbol,
        score: TOP_SCORE * (1 - days / (windowDays + 1)),
        reason: `reports on ${date}${when === "unknown" ? "" : `, ${when.replace("-", " the ")}`}, ${days === 0 ? "today" : `in ${days} day${days === 1 ? "" : "s"}`}`,
        value: days,
      }))
      .sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1))
      .slice(0, MAX_SYMBOLS);
  },
});
