/** Tools of one analyst in one analysis: market data through the shared cache, each call timed, a failure answered as undefined. */
import { canonicalJson } from "../base/canonical.ts";
import { TradingError } from "../base/errors.ts";
import type { FlightCache } from "../base/flightCache.ts";
import type { MarketData } from "../domain/ports.ts";
import type { Opinion } from "../domain/research.ts";
import type { AnalystTools } from "./analyst.ts";

const BARS = 260;
const TOP = 20;
const STORIES = 20;

/** What one analysis counts. */
export interface ToolAccount {
  hits: number;
  misses: number;
  /** Tools that failed, by name. */
  readonly missing: Set<string>;
}

export interface AnalystToolsOptions {
  readonly data: MarketData;
  readonly cache: FlightCache;
  readonly symbol: string;
  readonly account: ToolAccount;
  readonly elapsed: () => number;
  readonly log: (call: Opinion["tools"][number]) => void;
}

export function createAnalystTools({ data, cache, symbol, account, elapsed, log }: AnalystToolsOptions, signal: AbortSignal): AnalystTools {
  const call = async <T>(name: string, args: unknown, load: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    const startMs = elapsed();
    let wasCached = false;
    let error: string | null = null;
    try {
      const { value, cached } = await cache.get(`${name} ${canonicalJson(args)}`, signal, load);
      wasCached = cached;
      account[cached ? "hits" : "misses"]++;
      return value;
    } catch (cause) {
      signal.throwIfAborted(); // the person gave up: no failure of the tool
      account.misses++;
      account.missing.add(name);
      error = TradingError.from(cause, "tool-failed").message;
      return undefined;
    } finally {
      log({ name, startMs, endMs: elapsed(), cached: wasCached, error });
    }
  };
  return {
    bars: () =>
      call(
        "bars",
        { symbol, timeframe: "1Day", limit: BARS },
        async (own) => (await data.bars([symbol], { timeframe: "1Day", limit: BARS }, own)).get(symbol) ?? null,
      ),
    quote: () => call("quote", { symbol }, async (own) => (await data.quotes([symbol], own)).get(symbol) ?? null),
    movers: () => call("movers", { top: TOP }, (own) => data.movers(TOP, own)),
    mostActive: () => call("mostActive", { top: TOP }, (own) => data.mostActive(TOP, own)),
    news: () => call("news", { symbol, limit: STORIES }, (own) => data.news([symbol], STORIES, own)),
  };
}
