/** The MarketData port across a thread's border: the session's side answers, the analysts' side asks. */
import type { Channel } from "../base/channel.ts";
import type { MarketData } from "../domain/ports.ts";

/** Both sides are our own code, so the arguments are not parsed again. */
interface DataCalls {
  readonly bars: readonly [readonly string[], Parameters<MarketData["bars"]>[1]];
  readonly quotes: readonly string[];
  readonly movers: number;
  readonly mostActive: number;
  readonly news: readonly [readonly string[], number];
  readonly assets: null;
}

export function answerData(channel: Channel, data: MarketData): void {
  const answers: { readonly [K in keyof DataCalls]: (argument: DataCalls[K], signal: AbortSignal) => Promise<unknown> } = {
    bars: ([symbols, query], signal) => data.bars(symbols, query, signal),
    quotes: (symbols, signal) => data.quotes(symbols, signal),
    movers: (top, signal) => data.movers(top, signal),
    mostActive: (top, signal) => data.mostActive(top, signal),
    news: ([symbols, limit], signal) => data.news(symbols, limit, signal),
    assets: (_none, signal) => data.assets(signal),
  };
  for (const [name, answer] of Object.entries(answers)) channel.handle(`data.${name}`, answer as (argument: unknown, signal: AbortSignal) => unknown);
}

export function dataOver(channel: Channel, simulated: boolean): MarketData {
  const ask = <T, K extends keyof DataCalls>(name: K, argument: DataCalls[K], signal: AbortSignal) =>
    channel.ask(`data.${name}`, argument, signal) as Promise<T>;
  return {
    simulated,
    bars: (symbols, query, signal) => ask("bars", [symbols, query], signal),
    quotes: (symbols, signal) => ask("quotes", symbols, signal),
    movers: (top, signal) => ask("movers", top, signal),
    mostActive: (top, signal) => ask("mostActive", top, signal),
    news: (symbols, limit, signal) => ask("news", [symbols, limit], signal),
    assets: (signal) => ask("assets", null, signal),
  };
}
