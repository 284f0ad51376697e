/** What a sweep's best result is worth, in words. */
import type { SweepResult } from "./sweep.ts";

/** One or two sentences; empty when there is no result to doubt. */
export function luckSentence({ best, luckSharpe, trialsCounted, pbo }: Pick<SweepResult, "best" | "luckSharpe" | "trialsCounted" | "pbo">): string {
  const [first] = best;
  if (first?.stats.sharpe == null || luckSharpe === null) return "";
  const tried = trialsCounted.toLocaleString("en-US");
  const chance = first.deflatedSharpe;
  const verdict =
    chance === null
      ? ""
      : chance < 0.5
        ? " This result is probably luck."
        : chance < 0.95
          ? " Luck cannot be ruled out."
          : " It is hard to explain by luck alone.";
  const split =
    pbo === null ? "" : ` In ${(pbo * 100).toFixed(0)} % of ways to split the time in two halves, the best of one half was below the middle in the other.`;
  return `With ${tried} trials on these prices, a Sharpe ratio of ${luckSharpe.toFixed(2)} is what chance gives; the best has ${first.stats.sharpe.toFixed(2).replace("-", "\u2212")}.${verdict}${split}`;
}
