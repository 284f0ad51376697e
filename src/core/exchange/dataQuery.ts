/** What requests for market data have in common: symbols, feed, currency, the range of time. */
import type { FastifyRequest } from "fastify";
import { badRequest } from "./apiError.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import type { Market } from "./market.ts";
import { choice, symbolList, time, type Query } from "./query.ts";

export interface DataParts {
  readonly market: Market;
  readonly clock: ExchangeClock;
}

export type Feed = "sip" | "iex" | "otc" | "boats" | "delayed_sip" | "overnight";
const HISTORICAL_FEEDS: readonly Feed[] = ["sip", "iex", "otc", "boats"];
const LATEST_FEEDS: readonly Feed[] = ["delayed_sip", "iex", "otc", "sip", "boats", "overnight"];

/** Which feed is asked for: the same prices in each, under other venues' codes. */
export function readFeed(query: Query, of: "history" | "latest"): Feed {
  return choice<Feed>(query, "feed", "sip", of === "history" ? HISTORICAL_FEEDS : LATEST_FEEDS);
}

/** To be spread into the answer: only where the request names a currency. */
export function readCurrency(query: Query): { readonly currency?: "USD" } {
  const asked = query["currency"];
  if (asked === undefined || asked === "") return {};
  if (asked.toUpperCase() !== "USD") throw badRequest(`invalid currency: ${asked}: prices are in USD only`);
  return { currency: "USD" };
}

/** Symbols of the parameter `symbols`, known or not. */
export function askedSymbols(query: Query, market: Market): readonly string[] {
  const symbols = symbolList(query);
  if (symbols.length === 0) throw badRequest("symbols is required");
  return symbols.map((symbol) => checkSymbol(symbol, market));
}

/** Symbols without data are absent from answers, as at Alpaca. */
export function knownSymbols(query: Query, market: Market): readonly string[] {
  return askedSymbols(query, market).filter((symbol) => market.has(symbol));
}

/** The symbol in the path, known or not. */
export function pathSymbol(request: FastifyRequest, market: Market): string {
  return checkSymbol((request.params as { readonly symbol: string }).symbol.toUpperCase(), market);
}

/** No American stock has a digit in its symbol, and Alpaca refuses one that has; files of recorded prices may be named like that. */
function checkSymbol(symbol: string, market: Market): string {
  if (!/^[A-Z][A-Z./-]{0,19}$/.test(symbol) && !market.has(symbol)) throw badRequest(`invalid symbol: ${symbol}`);
  return symbol;
}

/** A bare date as `end` takes the whole day in. */
export function endOf(query: Query): number | undefined {
  const end = time(query, "end");
  return end !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(query["end"] ?? "") ? end + 86_400_000 - 1 : end;
}

/** `start` and `end` as they were given. Throws 400 where the end lies before the start. */
export function readRange(query: Query): { readonly start: number | undefined; readonly end: number | undefined } {
  const [start, end] = [time(query, "start"), endOf(query)];
  if (start !== undefined && end !== undefined && start > end) throw badRequest("end should not be before start");
  return { start, end };
}

/** A calendar date parameter, "2026-11-20". */
export function readDate(query: Query, name: string): string | undefined {
  const at = time(query, name);
  return at === undefined ? undefined : new Date(at).toISOString().slice(0, 10);
}
