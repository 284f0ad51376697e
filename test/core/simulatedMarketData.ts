/** The outside source in tests: market data out of the SIMULATED prices, as of one day, with faults on demand. */
import { rsi } from "../../src/core/domain/indicators.ts";
import { sliceBars, type BarSeries } from "../../src/core/domain/bars.ts";
import type { MarketData } from "../../src/core/domain/ports.ts";
import { simulatedDailyBars } from "../../src/core/domain/simulated.ts";
import { SIMULATED_UNIVERSE } from "../../src/core/domain/simulatedUniverse.ts";

export const AS_OF = Date.UTC(2026, 4, 29, 20);

export interface SimulatedMarketData extends MarketData {
  /** Calls that reached the source, by tool. */
  readonly calls: Map<string, number>;
}

/** Half a second of work, done once. */
const PRICES: ReadonlyMap<string, BarSeries> = new Map(
  SIMULATED_UNIVERSE.map(({ symbol }) => [symbol, simulatedDailyBars(symbol, 7, AS_OF - 500 * 86_400_000, AS_OF)]),
);

/** `fault` is asked before every call and may throw or wait. */
export function simulatedMarketData(fault: (tool: string, signal: AbortSignal) => Promise<void> = () => Promise.resolve()): SimulatedMarketData {
  const calls = new Map<string, number>();
  const all = PRICES;
  const reach = async (tool: string, signal: AbortSignal) => {
    signal.throwIfAborted();
    calls.set(tool, (calls.get(tool) ?? 0) + 1);
    await fault(tool, signal);
  };
  const last = (series: BarSeries, ago = 0) => series.close.at(-1 - ago) as number;
  const movers = [...all]
    .map(([symbol, bars]) => ({ symbol, price: last(bars), changePct: (last(bars) / last(bars, 1) - 1) * 100 }))
    .sort((a, b) => b.changePct - a.changePct);
  return {
    calls,
    simulated: true,
    bars: async (symbols, { limit }, signal) => {
      await reach("bars", signal);
      const known = symbols.flatMap((symbol) => all.get(symbol) ?? []);
      return new Map(
        known.map((series) => [series.symbol, sliceBars(series, Math.max(0, series.close.length - (limit ?? Number.POSITIVE_INFINITY)), series.close.length)]),
      );
    },
    quotes: async (symbols, signal) => {
      await reach("quotes", signal);
      return new Map(
        symbols.flatMap((symbol) => {
          const series = all.get(symbol);
          return series === undefined
            ? []
            : [[symbol, { symbol, bid: last(series) - 0.01, ask: last(series) + 0.01, bidSize: 100, askSize: 100, at: AS_OF }] as const];
        }),
      );
    },
    movers: async (top, signal) => {
      await reach("movers", signal);
      return { gainers: movers.slice(0, top), losers: movers.slice(-top).reverse() };
    },
    mostActive: async (top, signal) => {
      await reach("mostActive", signal);
      return [...all]
        .map(([symbol, { volume }]) => ({ symbol, volume: volume.at(-1) as number, trades: 1000 }))
        .sort((a, b) => b.volume - a.volume)
        .slice(0, top);
    },
    news: async (symbols, limit, signal) => {
      await reach("news", signal);
      return symbols.slice(0, limit).map((symbol, i) => {
        const isStrong = (rsi((all.get(symbol) as BarSeries).close, 14).at(-1) as number) > 50;
        return {
          headline: isStrong ? `${symbol} beats and raises` : `${symbol} misses`,
          summary: "",
          source: "simulated",
          url: "http://127.0.0.1/",
          symbols: [symbol],
          at: AS_OF - i * 60_000,
        };
      });
    },
    assets: async (signal) => {
      await reach("assets", signal);
      return SIMULATED_UNIVERSE.map(({ symbol, name }) => ({ symbol, name, tradable: true, fractionable: true, shortable: true }));
    },
  };
}
