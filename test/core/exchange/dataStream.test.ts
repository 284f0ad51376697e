import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { decode, encode } from "@msgpack/msgpack";
import { WebSocket, WebSocketServer } from "ws";
import { addDays, tradingDay, tradingDayFrom, type TradingDay } from "../../../src/core/domain/nyse.ts";
import { KeyRing, StreamLimit } from "../../../src/core/exchange/access.ts";
import { serveDataStream, type StreamKind } from "../../../src/core/exchange/dataStream.ts";
import { ExchangeClock } from "../../../src/core/exchange/exchangeClock.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { givenEngine } from "./givenEngine.ts";
import type { Json } from "./givenExchange.ts";

interface Wanted {
  readonly feed?: StreamKind["feed"];
  readonly msgpack?: boolean;
  /** UTC milliseconds; the clock is moved by hand from there. */
  readonly start?: number;
  readonly market?: Market;
}

/** The stream on a socket of its own, its market's clock in the test's hands. */
async function givenStream({ feed = "sip", msgpack = false, start = Date.parse("2026-11-18T15:00:00Z"), market = new Market(11) }: Wanted = {}) {
  let wallMs = 0;
  const clock = new ExchangeClock({ startMs: start, speed: 1, hours: "nyse", wall: () => wallMs });
  const { engine, account } = givenEngine({ market });
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  const sockets: WebSocket[] = [];
  const keys = new KeyRing(engine.accounts);
  const parts = { engine, market, clock, connections: new StreamLimit(null), authorize: (headers: IncomingMessage["headers"]) => keys.authorize(headers) };
  server.on("connection", (socket, request: IncomingMessage) => {
    sockets.push(socket);
    serveDataStream(socket, parts, { request, feed });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const headers = msgpack ? { "Content-Type": "application/msgpack" } : {};
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`, { headers });
  const seen: Json[] = [];
  const waiting = new Set<() => void>();
  client.on("message", (data) => {
    const bytes = data as Buffer;
    seen.push(...((msgpack ? decode(bytes) : JSON.parse(bytes.toString())) as Json[]));
    for (const look of [...waiting]) look();
  });
  const found = (wanted: (message: Json) => boolean) =>
    new Promise<Json>((resolve) => {
      const look = () => {
        const one = seen.find(wanted);
        if (one === undefined) return;
        waiting.delete(look);
        resolve(one);
      };
      waiting.add(look);
      look();
    });
  const send = (message: object) => client.send(msgpack ? encode(message) : JSON.stringify(message));
  await found((m) => m.msg === "connected");
  return {
    market,
    client,
    sockets,
    seen,
    found,
    send,
    key: { key: account.record.keyId, secret: account.record.secretKey },
    async subscribe(lists: object) {
      send({ action: "auth", key: account.record.keyId, secret: account.record.secretKey });
      await found((m) => m.msg === "authenticated");
      send({ action: "subscribe", ...lists });
      return found((m) => m.T === "subscription");
    },
    /** Moves the clock to a time. */
    moveTo(at: number) {
      wallMs = at - start;
    },
    async [Symbol.asyncDispose]() {
      client.terminate();
      for (const socket of sockets) socket.terminate();
      server.close();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

const MINUTE = 60_000;

describe("the market data stream", () => {
  it("answers each mistake with its code", async () => {
    await using stream = await givenStream();
    const codes = async (message: object | string) => {
      const before = stream.seen.length;
      stream.client.send(typeof message === "string" ? message : JSON.stringify(message));
      await stream.found((m) => stream.seen.indexOf(m) >= before);
      return stream.seen[before].code;
    };
    assert.equal(await codes("{"), 400);
    assert.equal(await codes({ action: "dance" }), 400);
    assert.equal(await codes({ action: "subscribe", trades: ["AAPL"] }), 401);
    stream.send({ action: "auth", ...stream.key });
    await stream.found((m) => m.msg === "authenticated");
    assert.equal(await codes({ action: "auth", ...stream.key }), 403);
    assert.equal(await codes({ action: "subscribe", news: ["AAPL"] }), 410);
    assert.equal(await codes({ action: "subscribe", trades: Array.from({ length: 10_001 }, (_, i) => `S${i}`) }), 405);
    await using stranger = await givenStream();
    const closed = new Promise<number>((resolve) => stranger.client.once("close", resolve));
    stranger.send({ action: "auth", key: "PKNOBODY", secret: "x" });
    assert.equal((await stranger.found((m) => m.T === "error")).code, 402);
    assert.equal(await closed, 1008);
  });

  it("keeps the list of what is subscribed, and answers each change with all of it", async () => {
    await using stream = await givenStream();
    const first = await stream.subscribe({ trades: ["MSFT", "aapl"], bars: ["*"] });
    assert.deepEqual(first, {
      T: "subscription",
      trades: ["AAPL", "MSFT"],
      quotes: [],
      bars: ["*"],
      updatedBars: [],
      dailyBars: [],
      statuses: [],
      lulds: [],
      imbalances: [],
      corrections: ["AAPL", "MSFT"],
      cancelErrors: ["AAPL", "MSFT"],
    });
    stream.send({ action: "unsubscribe", trades: ["AAPL"], bars: ["*"] });
    const second = await stream.found((m) => m.T === "subscription" && m !== first);
    assert.deepEqual([second.trades, second.bars, second.cancelErrors], [["MSFT"], [], ["MSFT"]]);
  });

  it("sends the bars of every minute that has ended, equal to the history's, and the rest of the day's life", async () => {
    const market = new Market(11);
    const day = tradingDay("2026-11-18") as TradingDay;
    await using stream = await givenStream({ market, start: day.close - 20 * MINUTE });
    await stream.subscribe(
      Object.fromEntries(["trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "imbalances"].map((c) => [c, ["KO", "AAPL"]])),
    );
    stream.moveTo(day.close - 10 * MINUTE + 40_000);
    await stream.found((m) => m.T === "i");
    stream.moveTo(day.close + 1000);
    await stream.found((m) => m.T === "s" && m.S === "KO");
    const bars = stream.seen.filter((m) => m.T === "b" && m.S === "AAPL").map(({ t, o, h, l, c, v }) => [Date.parse(t), o, h, l, c, v]);
    const wanted = market.minuteBars("AAPL", day, day.close - 20 * MINUTE, day.close).map(({ t, o, h, l, c, v }) => [t, o, h, l, c, v]);
    assert.deepEqual(bars, wanted);
    const daily = stream.seen.filter((m) => m.T === "d" && m.S === "AAPL").at(-1);
    assert.deepEqual([daily.c, daily.v], [market.dailyBar("AAPL", day).c, market.dailyBar("AAPL", day).v]);
    for (const update of stream.seen.filter((m) => m.T === "u" && m.S === "AAPL")) assert.ok(wanted.some(([t]) => t === Date.parse(update.t)));
    const band = stream.seen.find((m) => m.T === "l" && m.S === "KO");
    assert.ok(band.u > band.d && band.i === "B" && band.z === "A");
    const status = stream.seen.find((m) => m.T === "s" && m.S === "AAPL");
    assert.deepEqual([status.sc, status.z, Date.parse(status.t)], ["H", "C", day.close]);
    for (const kind of ["t", "q"]) assert.ok(stream.seen.some((m) => m.T === kind));
  });

  it("tells when a stock pauses and when it goes on, and sends no trade in between", async () => {
    const market = new Market(11);
    let found: { symbol: string; from: number; to: number } | undefined;
    for (let day = tradingDay("2026-11-18") as TradingDay; found === undefined; day = tradingDayFrom(addDays(day.date, 1)))
      for (const { symbol } of market.stocks) {
        const halt = market.haltOn(symbol, day);
        if (halt !== undefined) found ??= { symbol, ...halt };
      }
    const { symbol, from, to } = found;
    await using stream = await givenStream({ market, start: from - 5000 });
    await stream.subscribe({ statuses: ["*"], trades: [symbol], quotes: ["SPY"] });
    const quoteAt = async (at: number) => {
      stream.moveTo(at);
      await stream.found((m) => m.T === "q" && Date.parse(m.t) === at);
    };
    await quoteAt(from + MINUTE);
    const paused = await stream.found((m) => m.T === "s" && m.S === symbol);
    assert.deepEqual([Date.parse(paused.t), paused.rm, paused.sm], [from, "Volatility Trading Pause", "Trading Halt"]);
    const trades = stream.seen.filter((m) => m.T === "t").length;
    await quoteAt(from + 2 * MINUTE);
    await quoteAt(from + 3 * MINUTE);
    assert.equal(stream.seen.filter((m) => m.T === "t").length, trades);
    stream.moveTo(to + 2000);
    const resumed = await stream.found((m) => m.T === "s" && m.S === symbol && m !== paused);
    assert.deepEqual([Date.parse(resumed.t), resumed.sm], [to, "Trading Resumption"]);
    await stream.found((m) => m.T === "t" && Date.parse(m.t) === to + 2000);
  });

  it("tells some trades wrong, and puts each right by a cancellation or a correction", async () => {
    const market = new Market(11);
    const day = tradingDay("2026-11-18") as TradingDay;
    await using stream = await givenStream({ market, start: day.open + 30 * MINUTE });
    await stream.subscribe({ trades: ["*"] });
    let [wrong, right]: [Json, Json] = [undefined, undefined];
    for (let at = day.open + 31 * MINUTE; wrong === undefined; at += 1000) {
      stream.moveTo(at);
      await stream.found((m) => m.T === "t" && Date.parse(m.t) === at);
      // Not those of trades from before the subscription.
      right = stream.seen.find((m) => (m.T === "x" || m.T === "c") && Date.parse(m.t) > day.open + 31 * MINUTE + 5000);
      wrong = right && stream.seen.find((m) => m.T === "t" && m.S === right.S && m.i === (right.oi ?? right.i));
    }
    assert.deepEqual([wrong.p, wrong.s], [right.op ?? right.p, right.os ?? right.s]);
    if (right.T === "c") assert.equal(market.trade(right.S, Date.parse(wrong.t)).size, right.cs);
  });

  it("speaks MessagePack with its own timestamps, has the test stream's symbol, and news on its own address", async () => {
    await using packed = await givenStream({ msgpack: true });
    await packed.subscribe({ quotes: ["AAPL"] });
    packed.moveTo(Date.parse("2026-11-18T15:00:10Z"));
    const quote = await packed.found((m) => m.T === "q");
    assert.ok(quote.t instanceof Date && quote.t.getTime() === Date.parse("2026-11-18T15:00:10Z"));
    await using test = await givenStream({ feed: "test" });
    await test.subscribe({ trades: ["FAKEPACA"] });
    test.moveTo(Date.parse("2026-11-18T15:00:10Z"));
    assert.equal((await test.found((m) => m.T === "t")).S, "FAKEPACA");
    await using news = await givenStream({ feed: "news", start: Date.parse("2026-11-18T12:00:00Z") });
    assert.deepEqual(await news.subscribe({ news: ["*"] }), { T: "subscription", news: ["*"] });
    news.moveTo(Date.parse("2026-11-18T16:00:00Z"));
    const row = await news.found((m) => m.T === "n");
    assert.match(row.headline, /^SIMULATED/);
  });

  it("tells a client that does not read that it is slow, and cuts it off", async () => {
    const market = new Market(11);
    const day = tradingDay("2026-11-18") as TradingDay;
    await using stream = await givenStream({ market, start: day.open });
    await stream.subscribe({ bars: ["*"] });
    const [socket] = stream.sockets as [WebSocket];
    stream.client.pause();
    // Each look sends another hour of everybody's minutes: some three megabytes.
    let at = day.open;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (socket.readyState !== WebSocket.OPEN) {
          clearInterval(timer);
          resolve();
        } else stream.moveTo((at += 60 * MINUTE) > day.close ? (at = tradingDayFrom(addDays("2026-11-18", 1 + Math.floor(at / day.close))).open) : at);
      }, 100);
    });
    const closed = new Promise<number>((resolve) => stream.client.once("close", resolve));
    stream.client.resume();
    assert.equal(await closed, 1008);
    assert.deepEqual(stream.seen.at(-1), { T: "error", code: 407, msg: "slow client" });
  });
});
