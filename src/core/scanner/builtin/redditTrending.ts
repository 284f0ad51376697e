/** Talked about more than the others: several posts within a day that name the symbol. Counts posts and believes none of them. */
import { defineScanner } from "../../domain/scanner.ts";

/** This many posts score 1. */
const FULL_SCORE_POSTS = 10;
/** Newest posts read; on a busy day they reach back less than the window. */
const POSTS = 500;
/** A post with more symbols is a list, not an opinion. */
const MAX_SYMBOLS = 5;
const HOUR_MS = 3_600_000;

export const redditTrending = defineScanner({
  name: "reddit_trending",
  pipeline: "social",
  needs: ["posts"],
  thresholds: { windowHours: 24, minPosts: 3 },
  async scan({ asOf, settings }, tools) {
    const { windowHours, minPosts } = settings;
    const seen = new Set<string>();
    const talk = new Map<string, { posts: number; votes: number; comments: number; readonly where: Set<string> }>();
    for (const { id, at, symbols, votes, comments, community } of await tools.posts(POSTS)) {
      if (seen.has(id) || at > asOf || at < asOf - windowHours * HOUR_MS || symbols.length > MAX_SYMBOLS) continue;
      seen.add(id);
      for (const symbol of new Set(symbols)) {
        const entry = talk.get(symbol) ?? { posts: 0, votes: 0, comments: 0, where: new Set() };
        talk.set(symbol, entry);
        entry.posts++;
        entry.votes += votes;
        entry.comments += comments;
        entry.where.add(community);
      }
    }
    return [...talk]
      .filter(([, { posts }]) => posts >= minPosts)
      .map(([symbol, { posts, votes, comments, where }]) => ({
        symbol,
        score: Math.min(1, posts / FULL_SCORE_POSTS),
        reason: `${posts} posts in ${windowHours} hours on ${[...where].sort().join(", ")}, ${votes} votes, ${comments} comments`.slice(0, 300),
        value: posts,
      }));
  },
});
