/**
 * `/v2/iex`, `/v2/sip`, `/v2/test` and `/v1beta1/news`: what the market does, to who has subscribed, as it comes. Looks at
 * the market only while someone has. A client that does not read what it is sent is told so (407) and cut off.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import * as v from "valibot";
import { authorize, type StreamLimit } from "./access.ts";
import { happenedSince, type Channel } from "./dataFeed.ts";
import type { Feed } from "./dataQuery.ts";
import type { Engine } from "./engine.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { frameFormat, packFrame, readFrame } from "./frames.ts";
import type { AccountState } from "./ledger.ts";
import type { Market } from "./market.ts";

export interface DataStreamParts {
  readonly engine: Engine;
  readonly market: Market;
  readonly clock: ExchangeClock;
  readonly connections: StreamLimit;
  /** The account of the key in a request's headers. */
  readonly authorize: (headers: IncomingHttpHeaders) => AccountState | undefined;
}

export interface StreamKind {
  /** Names the format, and the key if it likes. */
  readonly request: IncomingMessage;
  /** The last part of its address. */
  readonly feed: Feed | "test" | "news";
}

const STOCK_CHANNELS = ["trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "imbalances"] as const;
const AUTH = v.object({ action: v.literal("auth"), key: v.string(), secret: v.string() });
const names = v.optional(v.nullable(v.array(v.pipe(v.string(), v.maxLength(32)))), []);
const SUBSCRIBE = v.object({
  action: v.picklist(["subscribe", "unsubscribe"]),
  ...Object.fromEntries([...STOCK_CHANNELS, "news"].map((channel) => [channel, names])),
});

const LOOK_MS = 250;
const AUTH_MS = 10_000;
const MAX_BACKLOG = 8 * 2 ** 20;
/** Names on one connection, over all channels. */
const MAX_NAMES = 10_000;

/** The symbol that Alpaca's test stream has, and whose prices it shows here. */
const TEST_SYMBOL = { name: "FAKEPACA", of: "SPY" } as const;

function forTest(message: object): object {
  return "S" in message && message.S === TEST_SYMBOL.of ? { ...message, S: TEST_SYMBOL.name } : message;
}

export function serveDataStream(socket: WebSocket, parts: DataStreamParts, { request, feed }: StreamKind): void {
  const { engine, market, clock } = parts;
  const format = frameFormat(request);
  const channels: readonly Channel[] = feed === "news" ? ["news"] : STOCK_CHANNELS;
  const subscribed = new Map<Channel, Set<string>>(channels.map((channel) => [channel, new Set<string>()]));
  let leave: (() => void) | undefined;
  let looking: NodeJS.Timeout | undefined;
  let lookedAt = clock.now();
  const write = (messages: readonly object[]) => socket.send(format === "msgpack" ? packFrame(messages) : JSON.stringify(messages));
  const send = (messages: readonly object[]) => {
    if (socket.bufferedAmount <= MAX_BACKLOG) return write(messages);
    clearInterval(looking);
    write([{ T: "error", code: 407, msg: "slow client" }]);
    socket.close(1008, "slow client");
  };
  const fail = (code: number, msg: string) => send([{ T: "error", code, msg }]);
  const symbolsOf = (channel: Channel) => {
    const wanted = subscribed.get(channel);
    if (wanted === undefined) return [];
    if (wanted.has("*")) return market.stocks.map((stock) => stock.symbol);
    const symbols = [...wanted].map((symbol) => (feed === "test" && symbol === TEST_SYMBOL.name ? TEST_SYMBOL.of : symbol));
    return symbols.filter((symbol) => market.has(symbol));
  };
  const watched = { market, feed: feed === "test" || feed === "news" ? "sip" : feed, symbolsOf } as const;
  const look = () => {
    const now = clock.now();
    const messages = happenedSince(watched, { before: lookedAt, now });
    lookedAt = now;
    if (messages.length > 0) send(feed === "test" ? messages.map(forTest) : messages);
  };
  const timer = setTimeout(() => {
    if (leave !== undefined) return;
    fail(404, "auth timeout");
    socket.close(1008, "auth timeout");
  }, AUTH_MS);
  socket.on("close", () => {
    clearTimeout(timer);
    clearInterval(looking);
    leave?.();
  });
  const admit = (account: AccountState | undefined) => {
    leave = account === undefined ? undefined : parts.connections.enter(account.record.keyId, feed);
    if (leave !== undefined) return send([{ T: "success", msg: "authenticated" }]);
    const [code, msg] = account === undefined ? ([402, "auth failed"] as const) : ([406, "connection limit exceeded"] as const);
    fail(code, msg);
    socket.close(1008, msg);
  };
  const subscribe = (change: v.InferOutput<typeof SUBSCRIBE>) => {
    const lists = change as Partial<Record<Channel, readonly string[] | null>>;
    const foreign = feed === "news" ? STOCK_CHANNELS : (["news"] as const);
    if (foreign.some((channel) => (lists[channel] ?? []).length > 0)) return fail(410, "invalid subscribe action for this feed");
    const asked = channels.flatMap((channel) => (lists[channel] ?? []).map((symbol) => [channel, symbol.toUpperCase()] as const));
    const held = channels.reduce((sum, channel) => sum + (subscribed.get(channel) as Set<string>).size, 0);
    if (change.action === "subscribe" && held + asked.length > MAX_NAMES) return fail(405, "symbol limit exceeded");
    for (const [channel, symbol] of asked) {
      if (change.action === "subscribe") subscribed.get(channel)?.add(symbol);
      else subscribed.get(channel)?.delete(symbol);
    }
    const state: Record<string, readonly string[]> = Object.fromEntries([...subscribed].map(([channel, wanted]) => [channel, [...wanted].sort()]));
    // Corrections and cancellations come with trades by themselves.
    const trades = state["trades"];
    send([{ T: "subscription", ...state, ...(trades === undefined ? {} : { corrections: trades, cancelErrors: trades }) }]);
    const wants = [...subscribed.values()].some((wanted) => wanted.size > 0);
    if (wants && looking === undefined) {
      lookedAt = clock.now();
      looking = setInterval(look, LOOK_MS);
    } else if (!wants) {
      clearInterval(looking);
      looking = undefined;
    }
  };
  socket.on("message", (data) => {
    const message = readFrame(data, format);
    const auth = v.safeParse(AUTH, message);
    if (auth.success) {
      if (leave !== undefined) return fail(403, "already authenticated");
      return admit(authorize(engine.accounts, auth.output.key, auth.output.secret));
    }
    const change = v.safeParse(SUBSCRIBE, message);
    if (!change.success) return fail(400, "invalid syntax");
    if (leave === undefined) return fail(401, "not authenticated");
    subscribe(change.output);
  });
  send([{ T: "success", msg: "connected" }]);
  // As at Alpaca, the key may come with the request for the stream.
  if (request.headers["apca-api-key-id"] !== undefined) admit(parts.authorize(request.headers));
}
