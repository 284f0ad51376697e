/** `/v2/iex`, `/v2/sip`, `/v2/test`: quotes, trades and minute bars as they come. Looks at the market only while someone has subscribed. */
import type { WebSocket } from "ws";
import * as v from "valibot";
import { authorize } from "./access.ts";
import { lastTrade } from "./dataRoutes.ts";
import type { Engine } from "./engine.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { placeOf, type Market } from "./market.ts";
import { parseFrame } from "./tradeStream.ts";
import { barJson, quoteJson, tradeJson } from "./wire.ts";

export interface DataStreamParts {
  readonly engine: Engine;
  readonly market: Market;
  readonly clock: ExchangeClock;
}

const CHANNELS = ["trades", "quotes", "bars"] as const;
type ChannelName = (typeof CHANNELS)[number];
const AUTH = v.object({ action: v.literal("auth"), key: v.string(), secret: v.string() });
const names = v.optional(v.array(v.pipe(v.string(), v.maxLength(32))), []);
const SUBSCRIBE = v.object({ action: v.picklist(["subscribe", "unsubscribe"]), trades: names, quotes: names, bars: names });

const LOOK_MS = 250;
const AUTH_MS = 10_000;
const MAX_BACKLOG = 8 * 2 ** 20;

export function serveDataStream(socket: WebSocket, { engine, market, clock }: DataStreamParts): void {
  let isAuthorized = false;
  const subscribed: Record<ChannelName, Set<string>> = { trades: new Set(), quotes: new Set(), bars: new Set() };
  let looking: NodeJS.Timeout | undefined;
  let lookedAt = clock.now();
  const send = (messages: readonly object[]) => {
    if (socket.bufferedAmount > MAX_BACKLOG) socket.close(1008, "slow client");
    else socket.send(JSON.stringify(messages));
  };
  const fail = (code: number, msg: string) => send([{ T: "error", code, msg }]);
  const symbolsOf = (channel: ChannelName) =>
    subscribed[channel].has("*") ? market.stocks.map((stock) => stock.symbol) : [...subscribed[channel]].filter((symbol) => market.has(symbol));
  const look = () => {
    const now = clock.now();
    const [before, after] = [market.lastTradeTime(lookedAt), market.lastTradeTime(now)];
    lookedAt = now;
    if (after === before) return;
    const messages: object[] = [];
    for (const symbol of symbolsOf("trades")) messages.push({ T: "t", S: symbol, ...tradeJson(lastTrade(market, symbol, now)) });
    for (const symbol of symbolsOf("quotes")) messages.push({ T: "q", S: symbol, ...quoteJson(market.quote(symbol, now)) });
    const { day } = placeOf(now);
    const from = Math.max(day.open, Math.floor(before / 60_000) * 60_000);
    const end = after >= day.close ? day.close : Math.floor(after / 60_000) * 60_000 - 1;
    for (const symbol of symbolsOf("bars"))
      if (end > from) for (const bar of market.minuteBars(symbol, day, from, end)) messages.push({ T: "b", S: symbol, ...barJson(bar) });
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
    const message = parseFrame(data);
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
      for (const symbol of change.output[channel]) {
        if (change.output.action === "subscribe") subscribed[channel].add(symbol.toUpperCase());
        else subscribed[channel].delete(symbol.toUpperCase());
      }
    }
    const lists = Object.fromEntries(CHANNELS.map((channel) => [channel, [...subscribed[channel]].sort()]));
    send([
      { T: "subscription", ...lists, updatedBars: [], dailyBars: [], statuses: [], lulds: [], corrections: lists["trades"], cancelErrors: lists["trades"] },
    ]);
    clearInterval(looking);
    looking = undefined;
    lookedAt = clock.now();
    if (CHANNELS.some((channel) => subscribed[channel].size > 0)) looking = setInterval(look, LOOK_MS);
  });
  send([{ T: "success", msg: "connected" }]);
}
