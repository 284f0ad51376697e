/**
 * data: bars, quotes, movers, news and assets from Alpaca's market data API, and data sets from files.
 * Imports base and domain. Is given: HttpClients with their credentials. Knows nothing of orders or of where bars are used.
 */
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { answerError } from "../domain/alpacaAnswers.ts";
import type { BarSeries, CorporateAction } from "../domain/bars.ts";
import type { BarQuery, HttpClient, MarketData } from "../domain/ports.ts";
import type { Quote } from "../domain/orders.ts";
import { ACTION_TYPES, parseActionPage } from "./actions.ts";
import { BarCollector } from "./barCollector.ts";
import { withoutInvalid } from "./invalidSymbols.ts";
import { parseActives, parseAssets, parseClockTime, parseMovers, parseNewsPage, parseQuotes } from "./wire.ts";

export interface AlpacaDataOptions {
  /** Client of the data address. */
  readonly http: HttpClient;
  /** Client of the trading address, which knows the assets and the clock. */
  readonly trading: HttpClient;
  /** "iex" or "sip". */
  readonly feed: string;
  /** "raw", "split", "dividend" or "all". */
  readonly adjustment: string;
  /** Our own exchange: every series says so. */
  readonly simulated: boolean;
  readonly log: Log;
}

/** Points on one page, over all its symbols: the most that is allowed. */
const PAGE = 10_000;
const MOST_PAGES = 2000;
/** Keeps addresses at a length that every proxy takes. */
const SYMBOLS_AT_ONCE = 200;
const DEFAULT_BARS = 1000;
const NEWS_PAGE = 50;
const MOST_ACTIONS = 1000;
const PAID_WITHIN_MS = 120 * 86_400_000;

export function createAlpacaData(options: AlpacaDataOptions): MarketData {
  const { http, trading, simulated, log } = options;

  const isSimulated = () => simulated || http.simulated || trading.simulated;
  const ask = async (client: HttpClient, path: string, doing: string, signal: AbortSignal) => {
    const answer = await client.request({ method: "GET", path, intent: "read" }, signal);
    if (answer.status < 200 || answer.status >= 300) throw answerError(answer, doing);
    return answer;
  };
  const get = async (client: HttpClient, path: string, doing: string, signal: AbortSignal): Promise<unknown> => (await ask(client, path, doing, signal)).body;

  /** The exchange's own clock: a simulated market may be at another time than the wall. */
  const now = async (signal: AbortSignal): Promise<number> =>
    isSimulated() ? parseClockTime(await get(trading, "/v2/clock", "read the market clock", signal)) : Date.now();

  const barsOf = async (symbols: readonly string[], query: BarQuery, start: number | undefined, into: BarCollector, signal: AbortSignal): Promise<void> => {
    const search = new URLSearchParams({
      symbols: symbols.join(","),
      timeframe: query.timeframe,
      limit: String(PAGE),
      adjustment: query.adjustment ?? options.adjustment,
      feed: options.feed,
      sort: "asc",
    });
    if (start !== undefined) search.set("start", new Date(start).toISOString());
    if (query.to !== undefined) search.set("end", new Date(query.to).toISOString());
    await eachPage(search, log, async (page) => {
      const answer = await ask(http, `/v2/stocks/bars?${page}`, "read bars", signal);
      // Our own exchange behind any address says so itself.
      if (answer.headers["x-quantdesk-simulated"] !== undefined) into.markSimulated();
      return into.add(answer.body);
    });
  };

  return {
    get simulated() {
      return isSimulated();
    },

    bars: async (symbols, query, signal) => {
      const into = new BarCollector({ simulated });
      const wanted = unique(symbols);
      const limit = query.limit ?? (query.from === undefined ? DEFAULT_BARS : undefined);
      if (wanted.length === 0 || limit === 0) return new Map<string, BarSeries>();
      const start = query.from ?? (await startFor(query, limit ?? DEFAULT_BARS, () => now(signal)));
      for (let at = 0; at < wanted.length; at += SYMBOLS_AT_ONCE)
        await withoutInvalid(wanted.slice(at, at + SYMBOLS_AT_ONCE), (some) => barsOf(some, query, start, into, signal));
      return into.finish({ timeframe: query.timeframe, ...(limit === undefined ? {} : { limit }) });
    },

    quotes: async (symbols, signal) => {
      const quotes = new Map<string, Quote>();
      const wanted = unique(symbols);
      for (let at = 0; at < wanted.length; at += SYMBOLS_AT_ONCE) {
        const read = async (some: readonly string[]) => {
          const search = new URLSearchParams({ symbols: some.join(","), feed: options.feed });
          return parseQuotes(await get(http, `/v2/stocks/quotes/latest?${search}`, "read quotes", signal));
        };
        for (const quote of (await withoutInvalid(wanted.slice(at, at + SYMBOLS_AT_ONCE), read)) ?? []) quotes.set(quote.symbol, quote);
      }
      return quotes;
    },

    movers: async (top, signal) => parseMovers(await get(http, `/v1beta1/screener/stocks/movers?top=${atMost(top, 50)}`, "read the movers", signal)),

    mostActive: async (top, signal) =>
      parseActives(await get(http, `/v1beta1/screener/stocks/most-actives?by=volume&top=${atMost(top, 100)}`, "read the most active", signal)),

    news: async (symbols, limit, signal) => {
      const items = [];
      const search = new URLSearchParams({ limit: String(atMost(limit, NEWS_PAGE)), sort: "desc" });
      if (symbols.length > 0) search.set("symbols", unique(symbols).join(","));
      for await (const page of pages(search, log, async (text) => parseNewsPage(await get(http, `/v1beta1/news?${text}`, "read the news", signal)))) {
        items.push(...page.items);
        if (items.length >= limit) break;
      }
      return items.slice(0, limit);
    },

    assets: async (signal) => parseAssets(await get(trading, "/v2/assets?status=active&asset_class=us_equity", "list the assets", signal)),

    corporateActions: async (symbols, { from, to }, signal) => {
      const found = new Map<string, CorporateAction[]>();
      // Chosen by the date on which they are processed: of a dividend that is when it is paid, weeks after its ex-date.
      const date = (at: number) => new Date(at).toISOString().slice(0, 10);
      const range = { types: ACTION_TYPES, start: date(from - DAY_MS), end: date(to + PAID_WITHIN_MS), limit: String(MOST_ACTIONS), sort: "asc" };
      const wanted = unique(symbols);
      for (let at = 0; at < wanted.length; at += SYMBOLS_AT_ONCE) {
        const search = new URLSearchParams({ symbols: wanted.slice(at, at + SYMBOLS_AT_ONCE).join(","), ...range });
        const read = async (text: string) => parseActionPage(await get(http, `/v1/corporate-actions?${text}`, "read corporate actions", signal));
        for await (const { actions } of pages(search, log, read))
          for (const { symbol, ...action } of actions) if (action.time >= from && action.time <= to) found.set(symbol, [...(found.get(symbol) ?? []), action]);
      }
      for (const actions of found.values()) actions.sort((a, b) => a.time - b.time);
      return found;
    },
  };
}

const DAY_MS = 86_400_000;
/** Calendar time that holds one bar, generously: nights, week-ends and holidays are counted in, with ten days on top. */
const CALENDAR_MS_PER_BAR = {
  "1Min": DAY_MS / 250,
  "5Min": DAY_MS / 50,
  "15Min": DAY_MS / 17,
  "1Hour": DAY_MS / 4,
  "1Day": DAY_MS * 1.5,
  "1Week": DAY_MS * 7.1,
  "1Month": DAY_MS * 31,
} as const;

/** From where `limit` bars should be found; without a start, Alpaca answers with today's only. */
async function startFor(query: BarQuery, limit: number, now: () => Promise<number>): Promise<number> {
  const end = query.to ?? (await now());
  return Math.max(Date.UTC(1990, 0, 1), Math.floor(end - limit * CALENDAR_MS_PER_BAR[query.timeframe] - 10 * DAY_MS));
}

interface Page {
  readonly nextToken: string | null;
}

async function eachPage(search: URLSearchParams, log: Log, read: (query: string) => Promise<Page>): Promise<void> {
  for await (const _page of pages(search, log, read));
}

/** Page after page to the end: only a missing token is the end, a short page is not. A token seen before would go round for ever. */
async function* pages<P extends Page>(search: URLSearchParams, log: Log, read: (query: string) => Promise<P>): AsyncGenerator<P> {
  const seen = new Set<string>();
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await read(search.toString());
    yield answer;
    const token = answer.nextToken;
    if (token === null) return;
    if (seen.has(token)) {
      log.warn("The market data service sent the same page token twice; what came so far is used.");
      return;
    }
    seen.add(token);
    search.set("page_token", token);
  }
  throw new TradingError("too-many-pages", `There are more than ${MOST_PAGES} pages.`, { kind: "usage", hint: "Ask for fewer symbols or a shorter time." });
}

function unique(symbols: readonly string[]): readonly string[] {
  return [...new Set(symbols.map((symbol) => symbol.trim().toUpperCase()))].filter((symbol) => symbol !== "");
}

function atMost(wanted: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(wanted)));
}
