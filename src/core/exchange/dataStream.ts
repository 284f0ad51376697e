/**
 * `/v2/iex`, `/v2/sip`, `/v2/test` and `/v1beta1/news`: what the market does, to who has subscribed, as it comes. Looks at
 * the market only while someone has.
 */
import type { WebSocket } from "ws";
import * as v from "valibot";
import { authorize } from "./access.ts";
import { lastTrade } from "./dataRoutes.ts";
import type { Engine } from "./engine.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { packFrame, readFrame, type FrameFormat } from "./frames.ts";
import { placeOf, type Market } from "./market.ts";
import { newsJson, newsOf } from "./news.ts";
import { barJson, instant, quoteJson, tradeJson } from "./wire.ts";

export interface DataStreamParts {
  readonly engine: Engine;
  readonly market: Market;
  readonly clock: ExchangeClock;
}

const CHANNELS = ["trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "imbalances", "news"] as const;
type ChannelName = (typeof CHANNELS)[number];
const AUTH = v.object({ action: v.literal("auth"), key: v.string(), secret: v.string() });
const names = v.optional(v.nullable(v.array(v.pipe(v.string(), v.maxLength(32)))), []);
const SUBSCRIBE = v.object({
  action: v.picklist(["subscribe", "unsubscribe"]),
  trades: names,
  quotes: names,
  bars: names,
  updatedBars: names,
  dailyBars: names,
  statuses: names,
  lulds: names,
  imbalances: names,
  news: names,
});

const LOOK_MS = 250;
const AUTH_MS = 10_000;
const MAX_BACKLOG = 8 * 2 ** 20;
const MINUTE = 60_000;

export function serveDataStream(socket: WebSocket, { engine, market, clock }: DataStreamParts, format: FrameFormat): void {
  let isAuthorized = false;
  const subscribed = Object.fromEntries(CHANNELS.map((channel) => [channel, new Set<string>()])) as Record<ChannelName, Set<string>>;
  let looking: NodeJS.Timeout | undefined;
  let lookedAt = clock.now();
  const send = (messages: readonly object[]) => {
    if (socket.bufferedAmount > MAX_BACKLOG) socket.close(1008, "slow client");
    else socket.send(format === "msgpack" ? packFrame(messages) : JSON.stringify(messages));
  };
  const fail = (code: number, msg: string) => send([{ T: "error", code, msg }]);
  const symbolsOf = (channel: ChannelName) =>
    subscribed[channel].has("*") ? market.stocks.map((stock) => stock.symbol) : [...subscribed[channel]].filter((symbol) => market.has(symbol));
  const look = () => {
    const now = clock.now();
    const before = lookedAt;
    lookedAt = now;
    const messages = newsSince(market, symbolsOf("news"), before, now);
    if (market.lastTradeTime(now) !== market.lastTradeTime(before)) messages.push(...tradedSince(market, symbolsOf, before, now));
    if (messages.length > 0) send(messages);
  };
  const timer = setTimeout(() => {
    if (isAuthorized) return;
    fail(404, "auth timeout");
    socket.close(1008, "auth timeout");
  }, AUTH_MS);
  socket.on("close", () => {
    clearTimeout(timer);
    clearInterval(looking);
  });
  socket.on("message", (data) => {
    const message = readFrame(data, format);
    const auth = v.safeParse(AUTH, message);
    if (auth.success) {
      if (isAuthorized) return fail(403, "already authenticated");
      isAuthorized = authorize(engine.accounts, auth.output.key, auth.output.secret) !== undefined;
      if (isAuthorized) return send([{ T: "success", msg: "authenticated" }]);
      fail(402, "auth failed");
      return socket.close(1008, "auth failed");
    }
    const change = v.safeParse(SUBSCRIBE, message);
    if (!change.success) return fail(400, "invalid syntax");
    if (!isAuthorized) return fail(401, "not authenticated");
    for (const channel of CHANNELS) {
      for (const symbol of change.output[channel] ?? []) {
        if (change.output.action === "subscribe") subscribed[channel].add(symbol.toUpperCase());
        else subscribed[channel].delete(symbol.toUpperCase());
      }
    }
    const lists = Object.fromEntries(CHANNELS.map((channel) => [channel, [...subscribed[channel]].sort()]));
    // Corrections and cancellations come with trades by themselves.
    send([{ T: "subscription", ...lists, corrections: lists["trades"], cancelErrors: lists["trades"] }]);
    const wants = CHANNELS.some((channel) => subscribed[channel].size > 0);
    if (wants && looking === undefined) {
      lookedAt = clock.now();
      looking = setInterval(look, LOOK_MS);
    } else if (!wants) {
      clearInterval(looking);
      looking = undefined;
    }
  });
  send([{ T: "success", msg: "connected" }]);
}

/** What happened after `before` up to `now`; several seconds may lie between when the clock is fast: then the last one counts. */
function tradedSince(market: Market, symbolsOf: (channel: ChannelName) => readonly string[], before: number, now: number): object[] {
  const messages: object[] = [];
  for (const symbol of symbolsOf("trades")) messages.push({ T: "t", S: symbol, ...tradeJson(lastTrade(market, symbol, now)) });
  for (const symbol of symbolsOf("quotes")) messages.push({ T: "q", S: symbol, ...quoteJson(market.quote(symbol, now)) });
  const [was, is] = [placeOf(before).day, placeOf(now).day];
  if (was.date !== is.date) for (const symbol of symbolsOf("statuses")) messages.push(statusJson(symbol, is.open, { code: "T", text: "Trading Resumption" }));
  const [previous, latest] = [market.lastTradeTime(before), market.lastTradeTime(now)];
  const from = Math.max(is.open, Math.floor(previous / MINUTE) * MINUTE);
  const end = latest >= is.close ? is.close : Math.floor(latest / MINUTE) * MINUTE - 1;
  if (end > from) {
    for (const symbol of symbolsOf("bars")) for (const bar of market.minuteBars(symbol, is, from, end)) messages.push({ T: "b", S: symbol, ...barJson(bar) });
    for (const symbol of symbolsOf("dailyBars")) messages.push({ T: "d", S: symbol, ...barJson(market.dayBar(symbol, now)) });
  }
  if (latest >= is.close && previous < is.close)
    for (const symbol of symbolsOf("statuses")) messages.push(statusJson(symbol, is.close, { code: "H", text: "Trading Halt" }));
  return messages;
}

/** The simulated market knows no halts: trading begins and ends with the session. */
function statusJson(symbol: string, at: number, status: { readonly code: string; readonly text: string }) {
  return { T: "s", S: symbol, sc: status.code, sm: status.text, rc: "", rm: "SIMULATED session", t: instant(at), z: "C" };
}

function newsSince(market: Market, symbols: readonly string[], before: number, now: number): object[] {
  if (symbols.length === 0) return [];
  const rows = newsOf(market, symbols, { from: before + 1, to: now, limit: 100 });
  return rows.reverse().map((row) => ({ T: "n", ...newsJson(row) }));
}
