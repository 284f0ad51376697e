/** Keeps what scanners and analysts read, so that the dashboard can show it with its links. */
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MarketData, PublicData, SourceItem, Store } from "../domain/ports.ts";
import type { InsiderTransaction } from "../domain/research.ts";

const KEEP_WITHIN_MS = 10_000;

/** The newest of an answer that are kept: the dashboard shows 20. */
const KEPT = 100;

type Sources = Pick<Store, "addSources">;

/** The same market data; news that are read through it are kept. A store that fails costs a line in the log. */
export function keepingSources(data: MarketData, readBy: string, store: Sources, log: Log): MarketData {
  return withMethods(data, {
    news: async (symbols, limit, signal) => {
      const items = await data.news(symbols, limit, signal);
      keep(
        items.map(({ headline, url, source, symbols: about, at }) => ({ kind: "news", title: headline, url, source, symbols: about, at, readBy })),
        store,
        log,
      );
      return items;
    },
  });
}

/** The same public data; filings and posts that are read through it are kept. */
export function keepingPublic(data: PublicData, readBy: string, store: Sources, log: Log): PublicData {
  return withMethods(data, {
    insiders: async (query, signal) => {
      const items = await data.insiders(query, signal);
      keep(
        items.map((item) => ({
          kind: "filing",
          title: filingTitle(item),
          url: item.url,
          source: "SEC Form 4",
          symbols: [item.symbol],
          at: item.filedAt,
          readBy,
        })),
        store,
        log,
      );
      return items;
    },
    posts: async (limit, signal) => {
      const items = await data.posts(limit, signal);
      const about = items.filter(({ symbols }) => symbols.length > 0);
      keep(
        about.map(({ title, url, community, symbols, at }) => ({ kind: "post", title, url, source: community, symbols, at, readBy })),
        store,
        log,
      );
      return items;
    },
  });
}

const DEEDS: Readonly<Record<string, string>> = { P: "bought", S: "sold", A: "was granted", M: "exercised options for", F: "gave up for tax", G: "gave away" };

function filingTitle({ symbol, name, code, change, price }: InsiderTransaction): string {
  const paid = price > 0 ? ` at ${price.toFixed(2)} USD` : "";
  return `${name} ${DEEDS[code] ?? `filed (${code})`} ${Math.abs(change).toLocaleString("en-US")} shares of ${symbol}${paid}`;
}

function keep(items: readonly SourceItem[], store: Sources, log: Log): void {
  if (items.length === 0) return;
  store.addSources(items.slice(0, KEPT), AbortSignal.timeout(KEEP_WITHIN_MS)).catch((error: unknown) => {
    log.debug(`What the ${items[0]?.readBy} read was not kept: ${TradingError.from(error, "store-failed").message}`);
  });
}

/** The same object with some methods in place of its own. */
function withMethods<T extends object>(data: T, methods: Partial<T>): T {
  return new Proxy(data, {
    get: (target, name) => {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name) as unknown;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
