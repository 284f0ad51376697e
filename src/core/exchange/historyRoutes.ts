/** Bars, trades, quotes and auctions of the past: pages over many symbols, sorted by symbol and then by time. */
import type { FastifyInstance } from "fastify";
import { FORMER_STOCKS } from "../domain/formerStocks.ts";
import { newYorkDate, tradingDays } from "../domain/nyse.ts";
import { adjusterOf, readAdjustment } from "./adjustments.ts";
import { badRequest } from "./apiError.ts";
import { auctionsJson } from "./auctions.ts";
import { askedSymbols, pathSymbol, readCurrency, readFeed, readRange, type DataParts, type Feed } from "./dataQuery.ts";
import { barsInRange, readTimeframe, secondsInRange, type BarRange } from "./history.ts";
import { placeOf, type Market } from "./market.ts";
import { choice, readQuery, wholeNumber, type Query } from "./query.ts";
import { barJson, quoteJson, tradeJson } from "./wire.ts";

/** A page ends with the symbol at which it has taken so long: decades of every symbol would keep all others waiting. */
const LONGEST_MS = 1000;

interface Asked {
  readonly query: Query;
  readonly feed: Feed;
}

/** What has a time and can be asked for over a range. */
interface Series {
  readonly plural: "bars" | "trades" | "quotes" | "auctions";
  /** Refuses what it cannot answer, even where there is no data. */
  check(query: Query): void;
  points(symbol: string, asked: Asked, range: BarRange): Iterable<{ readonly at: number; readonly json: object }>;
}

export function addHistoryRoutes(app: FastifyInstance, parts: DataParts): void {
  for (const series of seriesOf(parts.market)) {
    app.get(`/v2/stocks/${series.plural}`, (request) => {
      const query = readQuery(request.query);
      const { found, next } = pageOf(series, askedSymbols(query, parts.market), query, parts);
      return { [series.plural]: found, next_page_token: next, ...readCurrency(query) };
    });
    app.get(`/v2/stocks/:symbol/${series.plural}`, (request) => {
      const query = readQuery(request.query);
      const symbol = pathSymbol(request, parts.market);
      const { found, next } = pageOf(series, [symbol], query, parts);
      return { symbol, [series.plural]: found[symbol] ?? [], next_page_token: next, ...readCurrency(query) };
    });
  }
}

function seriesOf(market: Market): readonly Series[] {
  return [
    {
      plural: "bars",
      check: (query) => void [readTimeframe(query["timeframe"]), readAdjustment(query["adjustment"])],
      *points(symbol, { query }, range) {
        const adjust = adjusterOf(market, symbol, readAdjustment(query["adjustment"]), range);
        for (const bar of barsInRange(market, symbol, readTimeframe(query["timeframe"]), range, adjust)) yield { at: bar.t, json: barJson(bar) };
      },
    },
    {
      plural: "trades",
      check: () => undefined,
      *points(symbol, { feed }, range) {
        const stock = market.stock(symbol);
        for (const at of secondsInRange(market, symbol, range)) yield { at, json: tradeJson(market.trade(symbol, at), stock, feed) };
      },
    },
    {
      plural: "quotes",
      check: () => undefined,
      *points(symbol, { feed }, range) {
        const stock = market.stock(symbol);
        for (const at of secondsInRange(market, symbol, range)) yield { at, json: quoteJson(market.quote(symbol, at), stock, feed) };
      },
    },
    {
      plural: "auctions",
      check: (query) => void choice(query, "feed", "sip", ["sip"]),
      *points(symbol, _asked, { from, to, now, descending }) {
        const { first } = market.source.years;
        const days = tradingDays(newYorkDate(Math.max(from, Date.UTC(first, 0, 2))), newYorkDate(Math.min(to, now)));
        const begun = days.filter((day) => day.open <= Math.min(now, to) && day.close >= from);
        for (const day of descending ? begun.reverse() : begun) yield { at: day.open, json: auctionsJson(market, symbol, day, now) };
      },
    },
  ];
}

function pageOf(series: Series, symbols: readonly string[], query: Query, { market, clock }: DataParts) {
  const now = clock.now();
  series.check(query);
  const asked = { query, feed: readFeed(query, "history") };
  readCurrency(query);
  const asOf = readAsOf(query);
  const descending = choice(query, "sort", "asc", ["asc", "desc"]) === "desc";
  const limit = wholeNumber(query, "limit", 1000, { min: 1, max: 10_000 });
  const { start, end } = readRange(query);
  const from = start ?? placeOf(now).day.midnight;
  const to = Math.min(end ?? now, now);
  const token = readToken(query["page_token"]);
  const found: Record<string, object[]> = {};
  const began = performance.now();
  let count = 0;
  for (const symbol of [...symbols].sort()) {
    if (token !== undefined && symbol < token.symbol) continue;
    // A page may be short: others wait for their answers too.
    if (performance.now() - began > LONGEST_MS) return { found, next: writeToken(symbol, descending ? to + 1 : from - 1) };
    const entity = entityOf(symbol, market, asOf);
    if (entity === undefined) continue;
    const resumed = token?.symbol === symbol ? token.after : undefined;
    const until = Math.min(to, entity.until);
    const range = {
      from: resumed !== undefined && !descending ? Math.max(from, resumed + 1) : from,
      to: resumed !== undefined && descending ? Math.min(until, resumed - 1) : until,
      now,
      descending,
    };
    for (const { at, json } of series.points(entity.symbol, asked, range)) {
      if (count === limit) return { found, next: writeToken(symbol, at + (descending ? 1 : -1)) };
      (found[symbol] ??= []).push(json);
      count++;
    }
  }
  return { found, next: null };
}

/** A date, or "-" for no look at former names; undefined: today. */
function readAsOf(query: Query): string | undefined {
  const text = query["asof"];
  if (text === undefined || text === "" || text === "-") return text === "" ? undefined : text;
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || Number.isNaN(Date.parse(text))) throw badRequest(`invalid asof: "${text}" is not a date`);
  return text;
}

/** Whose data a symbol stands for: its own, or that of the company that has been renamed since, up to its new name or, asked as of a day before, for good. */
function entityOf(symbol: string, market: Market, asOf: string | undefined): { readonly symbol: string; readonly until: number } | undefined {
  if (market.has(symbol)) return { symbol, until: Number.POSITIVE_INFINITY };
  const former = market.source.kind === "replay" ? undefined : FORMER_STOCKS.find((one) => one.symbol === symbol);
  if (former?.ending.kind !== "name_change") return undefined;
  const isOfThen = asOf !== undefined && asOf !== "-" && asOf < former.date;
  return { symbol: former.ending.newSymbol, until: isOfThen ? Number.POSITIVE_INFINITY : Date.parse(former.date) - 1 };
}

function writeToken(symbol: string, after: number): string {
  return Buffer.from(`${symbol}|${after}`).toString("base64url");
}

function readToken(text: string | undefined): { readonly symbol: string; readonly after: number } | undefined {
  if (text === undefined || text === "") return undefined;
  const match = /^([A-Z0-9./-]{1,20})\|(\d{1,16})$/.exec(Buffer.from(text, "base64url").toString());
  if (match === null) throw badRequest("invalid page_token");
  return { symbol: match[1] as string, after: Number(match[2]) };
}
