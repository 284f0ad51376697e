/**
 * Directors and officers buy their own company's shares with their own money: purchases on the market (Form 4, code P),
 * never grants or options. Several buyers say more than one (Lakonishok and Lee, Are Insider Trades Informative?, 2001).
 */
import { addDays, newYorkDate } from "../../domain/nyse.ts";
import { defineScanner } from "../../domain/scanner.ts";

/** So many buyers, and so much money, give half of the score each. */
const FULL_SCORE_BUYERS = 3;
const FULL_SCORE_USD = 1_000_000;
/** The strongest that are kept. */
const MAX_SYMBOLS = 50;

export const insiderBuying = defineScanner({
  name: "insider_buying",
  pipeline: "insider",
  needs: ["insiders"],
  thresholds: { windowDays: 14, minBuyers: 1, minValueUsd: 100_000 },
  async scan({ asOf, settings }, tools) {
    const { windowDays, minBuyers, minValueUsd } = settings;
    const today = newYorkDate(asOf);
    const from = addDays(today, -windowDays);
    const bought = new Map<string, { readonly buyers: Set<string>; valueUsd: number }>();
    for (const { symbol, name, code, change, price, filedAt } of await tools.insiders({ from, to: today })) {
      // What was filed later was not known then.
      if (code !== "P" || !(change > 0 && price > 0) || filedAt > asOf || newYorkDate(filedAt) < from) continue;
      const entry = bought.get(symbol) ?? { buyers: new Set(), valueUsd: 0 };
      bought.set(symbol, entry);
      entry.buyers.add(name.trim().toUpperCase());
      entry.valueUsd += change * price;
    }
    return [...bought]
      .filter(([, { buyers, valueUsd }]) => buyers.size >= minBuyers && valueUsd >= minValueUsd)
      .map(([symbol, { buyers, valueUsd }]) => ({
        symbol,
        score: (Math.min(1, buyers.size / FULL_SCORE_BUYERS) + Math.min(1, valueUsd / FULL_SCORE_USD)) / 2,
        reason: `${buyers.size} insider${buyers.size === 1 ? "" : "s"} bought for ${(valueUsd / 1e6).toFixed(2)} million USD in ${windowDays} days`,
        value: Math.round(valueUsd),
      }))
      .sort((a, b) => b.score - a.score || (a.symbol < b.symbol ? -1 : 1))
      .slice(0, MAX_SYMBOLS);
  },
});
