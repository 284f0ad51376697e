/** What a scanner says it needs, checked before it starts. */
import { knownNames } from "../base/nearest.ts";

const DATA_NEEDS = ["bars", "movers", "news"] as const;

/** Where a person gets a key. */
const KEY_SOURCES: Readonly<Record<string, string>> = {
  FINNHUB_API_KEY: "https://finnhub.io/register",
  ALPHAVANTAGE_API_KEY: "https://www.alphavantage.co/support/#api-key",
  REDDIT_CLIENT_ID: "https://www.reddit.com/prefs/apps",
};

export interface Available {
  /** Names of the keys that are set. */
  readonly keys: ReadonlySet<string>;
  /** Why there are no symbols to look at; undefined when there are. */
  readonly noUniverse: string | undefined;
}

export interface UnmetNeed {
  /** A few words, without a colon. */
  readonly reason: string;
  readonly remedy: string;
}

export function unmetNeed(needs: readonly string[], { keys, noUniverse }: Available): UnmetNeed | undefined {
  for (const need of needs) {
    if (need.startsWith("key:")) {
      const key = need.slice(4);
      if (keys.has(key)) continue;
      const source = KEY_SOURCES[key];
      return { reason: `no ${key}`, remedy: `${source === undefined ? "get one" : `get one at ${source}`} and set it in the environment` };
    }
    if (!DATA_NEEDS.some((known) => known === need)) return { reason: `unknown need "${need}"`, remedy: knownNames(need, [...DATA_NEEDS, "key:NAME"]) };
    if (need !== "movers" && noUniverse !== undefined) return { reason: "no symbols to look at", remedy: noUniverse };
  }
  return undefined;
}
