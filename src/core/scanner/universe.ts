/** The symbols that a scan looks at: those given, else what the market itself ranks highest today. */
import { TradingError } from "../base/errors.ts";
import { Scope } from "../base/scope.ts";
import type { ScanTools } from "../domain/scanner.ts";

/** The most that Alpaca's screener ranks by volume, and by move on each side. */
const ACTIVE_SYMBOLS = 100;
const MOVING_SYMBOLS = 50;

export interface Universe {
  /** In ABC order. */
  readonly symbols: readonly string[];
  /** Why there are none. */
  readonly missing: string | undefined;
}

export async function findUniverse(
  given: readonly string[] | undefined,
  tools: (signal: AbortSignal) => ScanTools,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Universe> {
  if (given !== undefined) return { symbols: [...new Set(given)].sort(), missing: given.length === 0 ? "name at least one symbol" : undefined };
  const scope = new Scope({ name: "The list of symbols", deadlineMs, signal });
  try {
    const { mostActive, movers } = tools(scope.signal);
    const ranked = await Promise.allSettled([
      mostActive(ACTIVE_SYMBOLS).then((active) => active.map(({ symbol }) => symbol)),
      movers(MOVING_SYMBOLS).then(({ gainers, losers }) => [...gainers, ...losers].map(({ symbol }) => symbol)),
    ]);
    signal.throwIfAborted();
    const symbols = [...new Set(ranked.flatMap((part) => (part.status === "fulfilled" ? part.value : [])))].sort();
    const failure = ranked.find((part) => part.status === "rejected");
    if (symbols.length > 0) return { symbols, missing: undefined };
    return { symbols, missing: failure === undefined ? "the market lists no active symbol" : TradingError.from(failure.reason, "failed").message };
  } finally {
    await scope.close();
  }
}
