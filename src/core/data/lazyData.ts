/** Market data that is made on first use: what only reads files never looks for an exchange. */
import { abortable } from "../base/scope.ts";
import type { MarketData } from "../domain/ports.ts";

/** `isSimulated` knows it before the data is asked for: from the settings, or from what the broker was told. */
export function createLazyData(isSimulated: () => boolean, make: () => Promise<MarketData>): MarketData {
  const get = (signal: AbortSignal) => abortable(make(), signal);
  return {
    get simulated() {
      return isSimulated();
    },
    bars: async (symbols, query, signal) => (await get(signal)).bars(symbols, query, signal),
    quotes: async (symbols, signal) => (await get(signal)).quotes(symbols, signal),
    movers: async (top, signal) => (await get(signal)).movers(top, signal),
    mostActive: async (top, signal) => (await get(signal)).mostActive(top, signal),
    news: async (symbols, limit, signal) => (await get(signal)).news(symbols, limit, signal),
    assets: async (signal) => (await get(signal)).assets(signal),
    corporateActions: async (symbols, range, signal) => (await (await get(signal)).corporateActions?.(symbols, range, signal)) ?? new Map(),
  };
}
