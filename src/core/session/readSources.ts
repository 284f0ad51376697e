/** Keeps what scanners and analysts read, so that the dashboard can show it with its links. */
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MarketData, Store } from "../domain/ports.ts";

const KEEP_WITHIN_MS = 10_000;

/** The same market data; news that are read through it are kept. A store that fails costs a line in the log. */
export function keepingSources(data: MarketData, readBy: string, store: Pick<Store, "addSources">, log: Log): MarketData {
  const news: MarketData["news"] = async (symbols, limit, signal) => {
    const items = await data.news(symbols, limit, signal);
    const read = items.map(({ headline, url, source, symbols: about, at }) => ({
      kind: "news" as const,
      title: headline,
      url,
      source,
      symbols: about,
      at,
      readBy,
    }));
    if (read.length > 0)
      store.addSources(read, AbortSignal.timeout(KEEP_WITHIN_MS)).catch((error: unknown) => {
        log.debug(`What the ${readBy} read was not kept: ${TradingError.from(error, "store-failed").message}`);
      });
    return items;
  };
  return new Proxy(data, {
    get: (target, name) => {
      if (name === "news") return news;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
