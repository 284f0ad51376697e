/**
 * The news analyst: counts good and bad words in the headlines of the last week. The words are data: whatever a headline
 * says, it changes a count and nothing else.
 */
import { judgement, noJudgement, type Analyst } from "../analyst.ts";

/** Taken from the positive and negative lists of Loughran and McDonald (2011), those that headlines use. */
const GOOD = new Set([
  "beat",
  "beats",
  "strong",
  "stronger",
  "gain",
  "gains",
  "rise",
  "rises",
  "surge",
  "surges",
  "upgrade",
  "upgraded",
  "upgrades",
  "record",
  "profit",
  "profits",
  "profitable",
  "growth",
  "improve",
  "improves",
  "success",
  "win",
  "wins",
  "raises",
  "outperform",
  "approval",
  "approved",
  "expands",
  "rally",
  "rallies",
  "climbs",
  "upbeat",
]);
const BAD = new Set([
  "miss",
  "misses",
  "missed",
  "weak",
  "weaker",
  "loss",
  "losses",
  "fall",
  "falls",
  "drop",
  "drops",
  "downgrade",
  "downgraded",
  "downgrades",
  "decline",
  "declines",
  "lawsuit",
  "sues",
  "probe",
  "investigation",
  "recall",
  "recalls",
  "cut",
  "cuts",
  "warns",
  "warning",
  "fraud",
  "bankruptcy",
  "delay",
  "delays",
  "underperform",
  "plunge",
  "plunges",
  "layoffs",
  "slips",
  "retreats",
  "worries",
  "cautious",
]);

const WEEK_MS = 7 * 86_400_000;

export const newsAnalyst: Analyst = {
  name: "news",
  async judge(symbol, tools, now) {
    const items = await tools.news();
    if (items === undefined) return noJudgement("The news could not be read.");
    const recent = items.filter((item) => item.at <= now && item.at >= now - WEEK_MS && item.symbols.includes(symbol));
    if (recent.length === 0) return noJudgement("There is no news of the last week.");
    let good = 0;
    let bad = 0;
    for (const { headline } of recent) {
      for (const word of headline.toLowerCase().match(/[a-z]+/g) ?? []) {
        if (GOOD.has(word)) good++;
        if (BAD.has(word)) bad++;
      }
    }
    // Two neutral words are added: one good word in one headline is not certainty.
    const score = (good - bad) / (good + bad + 2);
    return judgement(score, `${recent.length} ${recent.length === 1 ? "story" : "stories"} in a week, ${good} good and ${bad} bad words in the headlines.`);
  },
};
