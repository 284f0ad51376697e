/**
 * What the market tells a stream of what happened between two looks at it: trades, quotes, bars, statuses, price bands,
 * imbalances, news. Where many seconds lie between, as when the clock is fast, the last trade and quote count and all bars.
 */
import { hash32 } from "../base/random.ts";
import { addDays, tradingDayFrom, type TradingDay } from "../domain/nyse.ts";
import type { Feed } from "./dataQuery.ts";
import { PRE_MS } from "./exchangeClock.ts";
import { placeOf, type Market } from "./market.ts";
import { newsIn, newsJson } from "./news.ts";
import { tapeOf } from "./venues.ts";
import { barJson, instant, quoteJson, tradeJson } from "./wire.ts";

export type Channel = "trades" | "quotes" | "bars" | "updatedBars" | "dailyBars" | "statuses" | "lulds" | "imbalances" | "news";

export interface FeedParts {
  readonly market: Market;
  readonly feed: Feed;
  /** Symbols that are subscribed to on a channel and exist. */
  readonly symbolsOf: (channel: Channel) => readonly string[];
}

interface Span {
  readonly before: number;
  readonly now: number;
}

const MINUTE = 60_000;
/** One trade in so many is told wrong and put right. */
const MISTAKES = 1500;
const MISTAKE_MS = 5000;
/** One minute in so many has a late trade, told half a minute later. */
const LATE = 20;

export function happenedSince(parts: FeedParts, span: Span): object[] {
  const { market } = parts;
  const messages = newsSince(parts, span);
  if (market.lastTradeTime(span.now) === market.lastTradeTime(span.before)) return messages;
  messages.push(...tradesSince(parts, span), ...quotesSince(parts, span), ...barsSince(parts, span), ...statusesSince(parts, span));
  const { day } = placeOf(span.now);
  if (span.now <= day.close) messages.push(...bandsSince(parts, span, day), ...imbalancesSince(parts, span, day));
  return messages;
}

function tradesSince({ market, feed, symbolsOf }: FeedParts, { before, now }: Span): object[] {
  const messages: object[] = [];
  for (const symbol of symbolsOf("trades")) {
    const trade = market.trade(symbol, now);
    if (trade.at > before) {
      const json = tradeJson(trade, market.stock(symbol), feed);
      const mistake = mistakeAt(market, symbol, trade.at);
      messages.push({ T: "t", S: symbol, ...json, ...(mistake === "size" ? { s: json.s * 10 } : {}) });
      if (mistake === "twice") messages.push({ T: "t", S: symbol, ...json, i: twiceId(json.i) });
    }
    const told = Math.floor((now - MISTAKE_MS) / 1000) * 1000;
    if (told <= before - MISTAKE_MS) continue;
    const mistake = mistakeAt(market, symbol, told);
    const wrong = mistake === undefined ? undefined : market.trade(symbol, told);
    if (wrong?.at !== told) continue;
    const { x, p, s, c, i, z } = tradeJson(wrong, market.stock(symbol), feed);
    const t = instant(told + MISTAKE_MS);
    messages.push(
      mistake === "twice"
        ? { T: "x", S: symbol, i: twiceId(i), x, p, s, a: "C", z, t }
        : { T: "c", S: symbol, x, oi: i, op: p, os: s * 10, oc: c, ci: i, cp: p, cs: s, cc: c, z, t },
    );
  }
  return messages;
}

/** Some trades are reported twice, some with a wrong size; never so in the history, which is put right. */
function mistakeAt(market: Market, symbol: string, at: number): "twice" | "size" | undefined {
  const draw = hash32(`${market.seed}/mistakes/${symbol}/${at}`) >>> 0;
  return draw % MISTAKES === 0 ? "twice" : draw % MISTAKES === 1 ? "size" : undefined;
}

function twiceId(id: number): number {
  return id + 10_000_000_000;
}

function quotesSince({ market, feed, symbolsOf }: FeedParts, { before, now }: Span): object[] {
  return symbolsOf("quotes").flatMap((symbol) => {
    const quote = market.quote(symbol, now);
    return quote.at > before ? [{ T: "q", S: symbol, ...quoteJson(quote, market.stock(symbol), feed) }] : [];
  });
}

/** Bars of the minutes that have ended. */
function barsSince({ market, symbolsOf }: FeedParts, { before, now }: Span): object[] {
  const messages: object[] = [];
  const { day } = placeOf(now);
  const from = Math.floor(before / MINUTE) * MINUTE;
  const to = Math.floor(now / MINUTE) * MINUTE - 1;
  const finished = (symbol: string, first: number, last: number) => [
    ...(first <= day.close ? market.minuteBars(symbol, day, first, last >= day.close - 1 ? day.close : last) : []),
    ...outside(market, symbol, day, { first, last }),
  ];
  if (to > from) {
    for (const symbol of symbolsOf("bars")) for (const bar of finished(symbol, from, to)) messages.push({ T: "b", S: symbol, ...barJson(bar) });
    for (const symbol of symbolsOf("dailyBars")) messages.push({ T: "d", S: symbol, ...barJson(market.dayBar(symbol, now)) });
  }
  const half = MINUTE / 2;
  const [lateFrom, lateTo] = [Math.floor((before - half) / MINUTE) * MINUTE, Math.floor((now - half) / MINUTE) * MINUTE - 1];
  if (lateTo > lateFrom)
    for (const symbol of symbolsOf("updatedBars"))
      for (const bar of finished(symbol, lateFrom, lateTo))
        if ((hash32(`${market.seed}/late/${symbol}/${bar.t}`) >>> 0) % LATE === 0) messages.push({ T: "u", S: symbol, ...barJson(bar) });
  return messages;
}

function outside(market: Market, symbol: string, day: TradingDay, { first, last }: { readonly first: number; readonly last: number }) {
  if (!market.hasExtendedHours || last <= day.close) return [];
  const next = tradingDayFrom(addDays(day.date, 1));
  return [
    ...market.extendedBars(symbol, day, "post", Math.max(first, day.close), last),
    ...market.extendedBars(symbol, next, "pre", Math.max(first, next.open - PRE_MS), last),
  ];
}

/** The session begins and ends for all; some stocks pause in between. */
function statusesSince({ market, symbolsOf }: FeedParts, { before, now }: Span): object[] {
  const messages: object[] = [];
  const { day } = placeOf(now);
  for (const symbol of symbolsOf("statuses")) {
    const halt = market.haltOn(symbol, day);
    const changes = [
      { at: day.open, isTrading: true, isPause: false },
      ...(halt === undefined ? [] : [{ at: halt.from, isTrading: false, isPause: true } as const, { at: halt.to, isTrading: true, isPause: true } as const]),
      { at: day.close, isTrading: false, isPause: false },
    ];
    for (const change of changes) if (change.at > before && change.at <= now) messages.push(statusJson(market, symbol, change));
  }
  return messages;
}

/** Codes of the two plans: UTP for tape C, CTA for the others. */
function statusJson(
  market: Market,
  symbol: string,
  { at, isTrading, isPause }: { readonly at: number; readonly isTrading: boolean; readonly isPause: boolean },
) {
  const z = tapeOf(market.stock(symbol));
  const [halted, trading, reason] = z === "C" ? ["H", "T", "LUDP"] : ["2", "3", "M"];
  return {
    T: "s",
    S: symbol,
    sc: isTrading ? trading : halted,
    sm: isTrading ? "Trading Resumption" : "Trading Halt",
    rc: isPause ? reason : "",
    rm: isPause ? "Volatility Trading Pause" : "SIMULATED session",
    t: instant(at),
    z,
  };
}

/** Limit-up limit-down bands, every half minute: 5 % around the last price, twice that in the first and last minutes. */
function bandsSince({ market, symbolsOf }: FeedParts, { before, now }: Span, day: TradingDay): object[] {
  const at = Math.floor(now / 30_000) * 30_000;
  if (at <= before || at < day.open) return [];
  const isWide = at < day.open + 15 * MINUTE || at >= day.close - 25 * MINUTE;
  return symbolsOf("lulds").map((symbol) => {
    const price = market.last(symbol, at);
    const band = (price < 3 ? 0.2 : 0.05) * (isWide ? 2 : 1);
    const cents = (value: number) => Math.round(value * 100) / 100;
    return { T: "l", S: symbol, u: cents(price * (1 + band)), d: cents(price * (1 - band)), i: "B", t: instant(at), z: tapeOf(market.stock(symbol)) };
  });
}

/** Toward the close, once a minute. */
function imbalancesSince({ market, symbolsOf }: FeedParts, { before, now }: Span, day: TradingDay): object[] {
  const at = Math.floor(now / MINUTE) * MINUTE;
  if (at <= before || at < day.close - 10 * MINUTE || at >= day.close) return [];
  return symbolsOf("imbalances").map((symbol) => ({ T: "i", S: symbol, p: market.last(symbol, at), z: tapeOf(market.stock(symbol)), t: instant(at) }));
}

function newsSince({ market, symbolsOf }: FeedParts, { before, now }: Span): object[] {
  const symbols = symbolsOf("news");
  if (symbols.length === 0) return [];
  const rows = [...newsIn(market, symbols, { from: before + 1, to: now, descending: true })].slice(0, 100).reverse();
  return rows.map((row) => ({ T: "n", ...newsJson(row, { withContent: true }) }));
}
