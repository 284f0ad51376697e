/** Written about more than the others: at least three stories in a week by default. Counts stories and believes none of them. */
import { defineScanner } from "../../domain/scanner.ts";

/** This many stories score 1. */
const FULL_SCORE_STORIES = 10;
const DAY_MS = 86_400_000;
/** Newest stories read; on a busy day they reach back less than a week. */
const STORIES = 200;
/** A story with more symbols is about the market, not about one of them. */
const MAX_SYMBOLS = 5;

export const newsMomentum = defineScanner({
  name: "news_momentum",
  pipeline: "news",
  needs: ["news"],
  thresholds: { minStories: 3, windowDays: 7 },
  async scan(state, tools) {
    const { minStories, windowDays } = state.settings;
    const stories = await tools.news(state.universe, STORIES);
    const universe = new Set(state.universe);
    const counts = new Map<string, number>();
    for (const { symbols, at } of stories) {
      if (at > state.asOf || at < state.asOf - windowDays * DAY_MS || symbols.length > MAX_SYMBOLS) continue;
      for (const symbol of new Set(symbols)) if (universe.has(symbol)) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    return [...counts]
      .filter(([, count]) => count >= minStories)
      .map(([symbol, count]) => ({ symbol, score: Math.min(1, count / FULL_SCORE_STORIES), reason: `${count} stories in ${windowDays} days`, value: count }));
  },
});
