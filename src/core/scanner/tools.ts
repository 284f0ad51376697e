/** The tools of a scan: market data with a shared cache, each call logged under its scanner. */
import { canonicalJson } from "../base/canonical.ts";
import type { FlightCache } from "../base/flightCache.ts";
import { TradingError } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { MarketData, PublicData } from "../domain/ports.ts";
import type { ToolCall } from "../domain/research.ts";
import type { ScanTools } from "../domain/scanner.ts";

/** Calls that one scanner may have open at once; the next is refused. */
export const MAX_OPEN_CALLS = 32;
/** Calls that one scanner may make in one scan. */
export const MAX_CALLS = 2000;

export interface ScanToolsOptions {
  readonly data: MarketData;
  /** Absent where there is none: what needs it is skipped before it runs. */
  readonly publicData?: PublicData | undefined;
  readonly cache: FlightCache;
  /** `performance.now()` of the scan's start. */
  readonly startedAt: number;
}

/** Answers are copies: a scanner that writes into its bars changes nobody else's. */
export function createScanTools(
  { data, publicData, cache, startedAt }: ScanToolsOptions,
  scanner: string,
  signal: AbortSignal,
  log: (call: ToolCall) => void,
): ScanTools {
  const published = (): PublicData => {
    if (publicData === undefined) throw new TradingError("no-source", "there is no source of companies' data");
    return publicData;
  };
  let open = 0;
  let made = 0;
  const call = async <T>(tool: string, args: unknown, load: (signal: AbortSignal) => Promise<T>, copy: (value: T) => T = structuredClone): Promise<T> => {
    signal.throwIfAborted();
    if (open >= MAX_OPEN_CALLS || made >= MAX_CALLS) {
      throw new TradingError("too-many-calls", open >= MAX_OPEN_CALLS ? `more than ${MAX_OPEN_CALLS} tool calls at once` : `more than ${MAX_CALLS} tool calls`);
    }
    open++;
    made++;
    const startMs = since(startedAt);
    let error: string | null = null;
    try {
      const { value } = await cache.get(`${tool} ${canonicalJson(args)}`, signal, load);
      return copy(value);
    } catch (cause) {
      error = TradingError.from(cause, "tool-failed").message;
      throw cause;
    } finally {
      open--;
      log({ scanner, tool, startMs, endMs: since(startedAt), error });
    }
  };
  return {
    signal,
    bars: (symbols, { timeframe, limit }) => call("bars", { symbols, timeframe, limit }, (own) => data.bars(symbols, { timeframe, limit }, own), copyOfBars),
    movers: (top) => call("movers", { top }, (own) => data.movers(top, own)),
    mostActive: (top) => call("mostActive", { top }, (own) => data.mostActive(top, own)),
    news: (symbols, limit) => call("news", { symbols, limit }, (own) => data.news(symbols, limit, own)),
    insiders: ({ from, to }) => call("insiders", { from, to }, (own) => published().insiders({ from, to }, own)),
    earnings: ({ from, to }) => call("earnings", { from, to }, (own) => published().earnings({ from, to }, own)),
    posts: (limit) => call("posts", { limit }, (own) => published().posts(limit, own)),
  };
}

/** Column by column: the general way takes ten times as long, and the loop is not ours alone. */
function copyOfBars(bars: ReadonlyMap<string, BarSeries>): ReadonlyMap<string, BarSeries> {
  return new Map(
    [...bars].map(([symbol, series]) => [
      symbol,
      {
        ...series,
        time: series.time.slice(),
        open: series.open.slice(),
        high: series.high.slice(),
        low: series.low.slice(),
        close: series.close.slice(),
        volume: series.volume.slice(),
      },
    ]),
  );
}

function since(startedAt: number): number {
  return Math.round((performance.now() - startedAt) * 1000) / 1000;
}
