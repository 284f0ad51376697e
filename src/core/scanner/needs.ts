/** What a scanner says it needs, checked before it starts. */
import { knownNames } from "../base/nearest.ts";
import type { PublicData } from "../domain/ports.ts";

const DATA_NEEDS = ["bars", "movers", "news", "insiders", "earnings", "posts"] as const;
type DataNeed = (typeof DATA_NEEDS)[number];

/** These ask about the symbols that the scan looks at. */
const NEED_SYMBOLS: ReadonlySet<DataNeed> = new Set(["bars", "news", "earnings"]);

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
  readonly publicData: PublicData | undefined;
  /** Only prices are there: those of a day in the past. */
  readonly pricesOnly?: boolean;
}

export interface UnmetNeed {
  /** A few words, without a colon. */
  readonly reason: string;
  readonly remedy: string;
}

export function unmetNeed(needs: readonly string[], available: Available): UnmetNeed | undefined {
  for (const need of needs) {
    const unmet = need.startsWith("key:") ? missingKey(need.slice(4), available.keys) : missingData(need, available);
    if (unmet !== undefined) return unmet;
  }
  return undefined;
}

function missingKey(key: string, keys: ReadonlySet<string>): UnmetNeed | undefined {
  if (keys.has(key)) return undefined;
  const source = KEY_SOURCES[key];
  return { reason: `no ${key}`, remedy: `${source === undefined ? "get one" : `get one at ${source}`} and set it in the environment` };
}

function missingData(need: string, { noUniverse, publicData, pricesOnly }: Available): UnmetNeed | undefined {
  if (!isDataNeed(need)) return { reason: `unknown need "${need}"`, remedy: knownNames(need, [...DATA_NEEDS, "key:NAME"]) };
  if (pricesOnly === true && need !== "bars" && need !== "movers") return { reason: `no ${need} of the past`, remedy: "only prices are known as of a day" };
  if (need === "insiders" || need === "earnings" || need === "posts") {
    const missing = publicData === undefined ? { reason: `no source of ${need}`, remedy: "this session has none" } : publicData.missing(need);
    if (missing !== undefined) return missing;
  }
  return noUniverse !== undefined && NEED_SYMBOLS.has(need) ? { reason: "no symbols to look at", remedy: noUniverse } : undefined;
}

function isDataNeed(need: string): need is DataNeed {
  return DATA_NEEDS.some((known) => known === need);
}
