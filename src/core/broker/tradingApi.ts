/** Alpaca's trading API, one method per call: paths and JSON stay in here, our words come out. */
import { TradingError } from "../base/errors.ts";
import { answerError } from "../domain/alpacaAnswers.ts";
import type { HttpAnswer, HttpClient } from "../domain/ports.ts";
import type { Account, Activity, Fill, MarketClock, MarketDay, Order, PortfolioHistory, Quote, TradingMode } from "../domain/orders.ts";
import type { OrderBody } from "./orderBody.ts";
import {
  parseAccount,
  parseActivities,
  parseAsset,
  parseAssets,
  parseCalendar,
  parseCancels,
  parseClock,
  parseCorporateActions,
  parseLatestQuote,
  parseOrder,
  parseOrders,
  parsePortfolioHistory,
  parsePosition,
  parsePositions,
  type CorporateAction,
  type HeldPosition,
  type TradableAsset,
} from "./wire.ts";

export interface TradingApiOptions {
  readonly trading: HttpClient;
  readonly data: HttpClient;
  readonly mode: TradingMode;
  readonly simulated: boolean;
}

export interface OrderFilter {
  readonly status: "open" | "closed" | "all";
  /** All of them when absent. */
  readonly limit?: number;
  /** Submitted after this instant, UTC milliseconds. */
  readonly after?: number;
}

export interface ActivityFilter {
  readonly types?: readonly string[];
  readonly after?: number;
  readonly until?: number;
  readonly limit?: number;
  readonly direction: "asc" | "desc";
}

const ACTIVITY_PAGE = 100;
const MOST_ACTIVITY_PAGES = 1000;
const PAGE = 500;
const MOST_PAGES = 200;

export class TradingApi {
  readonly #options: TradingApiOptions;

  constructor(options: TradingApiOptions) {
    this.#options = options;
  }

  /** Our own exchange, whatever the address is. */
  get isSimulated(): boolean {
    return this.#options.simulated || this.#options.trading.simulated;
  }

  async account(signal: AbortSignal): Promise<Account> {
    const answer = await this.#read("/v2/account", "read the account", signal);
    return parseAccount(answer, this.#options.mode, this.isSimulated);
  }

  async positions(signal: AbortSignal): Promise<readonly HeldPosition[]> {
    return parsePositions(await this.#read("/v2/positions", "read the positions", signal));
  }

  async position(symbol: string, signal: AbortSignal): Promise<HeldPosition | null> {
    const answer = await this.#options.trading.request({ method: "GET", path: `/v2/positions/${encodeURIComponent(symbol)}`, intent: "read" }, signal);
    if (answer.status === 404) return null;
    return parsePosition(success(answer, `read the position in ${symbol}`));
  }

  async clock(signal: AbortSignal): Promise<MarketClock> {
    return parseClock(await this.#read("/v2/clock", "read the market clock", signal));
  }

  /** Null for a symbol that the exchange does not know. */
  async asset(symbol: string, signal: AbortSignal): Promise<TradableAsset | null> {
    const answer = await this.#options.trading.request({ method: "GET", path: `/v2/assets/${encodeURIComponent(symbol)}`, intent: "read" }, signal);
    if (answer.status === 404 || answer.status === 422) return null;
    return parseAsset(success(answer, `look up ${symbol}`));
  }

  async assets(signal: AbortSignal): Promise<readonly TradableAsset[]> {
    return parseAssets(await this.#read("/v2/assets?status=active&asset_class=us_equity", "list the assets", signal));
  }

  async calendar(range: { readonly from: string; readonly to: string }, signal: AbortSignal): Promise<readonly MarketDay[]> {
    return parseCalendar(await this.#read(`/v2/calendar?${new URLSearchParams({ start: range.from, end: range.to })}`, "read the calendar", signal));
  }

  async portfolioHistory(range: { readonly period?: string; readonly timeframe?: string }, signal: AbortSignal): Promise<PortfolioHistory> {
    const query = new URLSearchParams({ period: range.period ?? "1M", timeframe: range.timeframe ?? "1D" });
    return parsePortfolioHistory(await this.#read(`/v2/account/portfolio/history?${query}`, "read the portfolio history", signal));
  }

  /** Follows the pages; a page holds at most 100. */
  async activities(filter: ActivityFilter, signal: AbortSignal): Promise<readonly Activity[]> {
    const found = new Map<string, Activity>();
    const most = filter.limit ?? Number.POSITIVE_INFINITY;
    let token: string | undefined;
    for (let page = 0; page < MOST_ACTIVITY_PAGES && found.size < most; page++) {
      const query = new URLSearchParams({ page_size: String(Math.min(ACTIVITY_PAGE, most - found.size)), direction: filter.direction });
      if (filter.types !== undefined && filter.types.length > 0) query.set("activity_types", filter.types.join(","));
      if (filter.after !== undefined) query.set("after", new Date(filter.after).toISOString());
      if (filter.until !== undefined) query.set("until", new Date(filter.until).toISOString());
      if (token !== undefined) query.set("page_token", token);
      const rows = parseActivities(await this.#read(`/v2/account/activities?${query}`, "list the activities", signal));
      const before = found.size;
      for (const row of rows) found.set(row.id, row);
      if (rows.length === 0 || found.size === before) break; // a token seen before would go round for ever
      token = rows.at(-1)?.id;
    }
    return [...found.values()];
  }

  /** Executions since `after`, oldest first. */
  async fills(after: number, signal: AbortSignal): Promise<readonly Fill[]> {
    const rows = await this.activities({ types: ["FILL"], after, direction: "asc" }, signal);
    return rows.flatMap((row) => row.fill ?? []);
  }

  /** Splits, mergers and changes of symbols between two instants; none where the data service does not offer them. */
  async corporateActions(
    symbols: readonly string[],
    range: { readonly from: number; readonly to: number },
    signal: AbortSignal,
  ): Promise<readonly CorporateAction[]> {
    const day = (at: number) => new Date(at).toISOString().slice(0, 10);
    const types = "forward_split,reverse_split,name_change,cash_merger,stock_merger,stock_and_cash_merger,worthless_removal";
    const query = new URLSearchParams({ symbols: symbols.join(","), types, start: day(range.from), end: day(range.to), limit: "1000" });
    const answer = await this.#options.data.request({ method: "GET", path: `/v1/corporate-actions?${query}`, intent: "read" }, signal);
    if (answer.status === 403 || answer.status === 404) return [];
    return parseCorporateActions(success(answer, "read corporate actions"));
  }

  /** Null when the symbol has none. */
  async quote(symbol: string, signal: AbortSignal): Promise<Quote | null> {
    const path = `/v2/stocks/quotes/latest?symbols=${encodeURIComponent(symbol)}`;
    const answer = await this.#options.data.request({ method: "GET", path, intent: "read" }, signal);
    // An unknown symbol is no quote, or 400 and 404 with "invalid symbol".
    if (answer.status === 404 || answer.status === 400 || answer.status === 422) return null;
    return parseLatestQuote(success(answer, `read the quote of ${symbol}`), symbol);
  }

  async order(id: string, signal: AbortSignal): Promise<Order> {
    return parseOrder(await this.#read(`/v2/orders/${encodeURIComponent(id)}?nested=true`, `read order ${id}`, signal));
  }

  /** Null when the exchange has no order of that id. */
  async orderByClientId(clientOrderId: string, signal: AbortSignal): Promise<Order | null> {
    const path = `/v2/orders:by_client_order_id?client_order_id=${encodeURIComponent(clientOrderId)}`;
    const answer = await this.#options.trading.request({ method: "GET", path, intent: "read" }, signal);
    if (answer.status === 404) return null;
    return parseOrder(success(answer, `look for order ${clientOrderId}`));
  }

  /** Newest first, legs under their parents. Follows the pages: a page holds at most 500. */
  async orders(filter: OrderFilter, signal: AbortSignal): Promise<readonly Order[]> {
    const found = new Map<string, Order>();
    let until: number | undefined;
    for (let page = 0; page < MOST_PAGES; page++) {
      const size = Math.min(PAGE, (filter.limit ?? Number.POSITIVE_INFINITY) - found.size);
      const query = new URLSearchParams({ status: filter.status, limit: String(size), direction: "desc", nested: "true" });
      if (filter.after !== undefined) query.set("after", new Date(filter.after).toISOString());
      if (until !== undefined) query.set("until", new Date(until).toISOString());
      const rows = await this.#read(`/v2/orders?${query}`, "list the orders", signal);
      const orders = parseOrders(rows);
      const before = found.size;
      for (const order of orders) found.set(order.id, order);
      if ((rows as readonly unknown[]).length < size || found.size === before || found.size >= (filter.limit ?? Number.POSITIVE_INFINITY)) break;
      // `until` is exclusive: a millisecond is added, so that orders of the same instant are not lost between two pages.
      until = Math.min(...orders.map((order) => order.submittedAt)) + 1;
    }
    return [...found.values()].slice(0, filter.limit);
  }

  /** The answer as it came: what it means for an order is decided where orders are placed. */
  postOrder(body: OrderBody, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#options.trading.request({ method: "POST", path: "/v2/orders", body, intent: "order" }, signal);
  }

  patchOrder(id: string, body: OrderBody, signal: AbortSignal): Promise<HttpAnswer> {
    return this.#options.trading.request({ method: "PATCH", path: `/v2/orders/${encodeURIComponent(id)}`, body, intent: "order" }, signal);
  }

  /** True when the exchange took the cancel; false when the order has ended, or is gone, already. */
  async cancel(id: string, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#options.trading.request({ method: "DELETE", path: `/v2/orders/${encodeURIComponent(id)}`, intent: "cancel" }, signal);
    if (answer.status === 404 || answer.status === 422) return false;
    success(answer, `cancel order ${id}`);
    return true;
  }

  /** How many orders are being canceled. */
  async cancelAll(signal: AbortSignal): Promise<number> {
    const answer = await this.#options.trading.request({ method: "DELETE", path: "/v2/orders", intent: "cancel" }, signal);
    const results = parseCancels(success(answer, "cancel the orders") ?? []);
    const failed = results.filter((result) => result.status >= 400 && result.status !== 422 && result.status !== 404);
    if (failed.length > 0) {
      throw new TradingError("cancel-incomplete", `${failed.length} of ${results.length} orders could not be canceled.`, {
        hint: "Look at the open orders and cancel again.",
        data: { orders: failed.map((result) => result.id) },
      });
    }
    return results.filter((result) => result.status < 300).length;
  }

  async #read(path: string, doing: string, signal: AbortSignal): Promise<unknown> {
    return success(await this.#options.trading.request({ method: "GET", path, intent: "read" }, signal), doing);
  }
}

function success(answer: HttpAnswer, doing: string): unknown {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw answerError(answer, doing);
}
