/** The broker and the market data client against the real paper exchange, with the real journal. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import { systemClock } from "../../../src/core/base/clock.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { createBroker } from "../../../src/core/broker/broker.ts";
import { TradingApi } from "../../../src/core/broker/tradingApi.ts";
import { createAlpacaData } from "../../../src/core/data/alpacaData.ts";
import { createSymbolBars } from "../../../src/core/data/symbolBars.ts";
import { loadDataset } from "../../../src/core/data/dataset.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { openSession } from "../../../src/core/session.ts";
import { openStore } from "../../../src/core/store/store.ts";
import { findOrStartExchange } from "../../../src/core/exchange/embedded.ts";
import type { Endpoint } from "../../../src/core/domain/ports.ts";
import type { OrderIntent, TradeUpdate } from "../../../src/core/domain/orders.ts";
import { givenExchange } from "../exchange/givenExchange.ts";
import { LIMITS, buy, sell } from "./desk.ts";

async function givenDesk(endpoint: Endpoint, timeoutMs = 10_000) {
  const home = await mkdtemp(join(tmpdir(), "quantdesk-broker-"));
  const scope = new Scope({ name: "The test" });
  const client = (origin: string) => {
    const http = createHttpClient({
      origin,
      headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
      connections: 10,
      timeoutMs,
      retries: 5,
      backoffMs: 5,
      log: silentLog,
    });
    scope.onClose(() => http.close());
    return http;
  };
  const store = await openStore(join(home, "store.db"), scope.signal);
  scope.onClose(() => store.close());
  const trading = client(endpoint.tradingUrl);
  const http = client(endpoint.dataUrl);
  const limits = { ...LIMITS, maxOrdersPerMinute: null };
  return {
    signal: scope.signal,
    store,
    api: new TradingApi({ trading, data: http, mode: "paper", simulated: false }),
    broker: createBroker({ endpoint, trading, data: http, journal: store.journal, limits, log: silentLog, clock: systemClock, scope, simulated: false }),
    data: createAlpacaData({ http, trading, feed: "iex", adjustment: "all", simulated: false, log: silentLog }),
    async [Symbol.asyncDispose]() {
      await scope.close();
      await rm(home, { recursive: true });
    },
  };
}

/** Ends with the session before a split of ten for one. */
async function givenSplit(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-split-"));
  const day = (date: string, price: number) => `${date},${price},${price},${price},${price},100000`;
  const bars = [day("2024-06-05", 1200), day("2024-06-06", 1210), day("2024-06-07", 1208), day("2024-06-10", 121), day("2024-06-11", 120)];
  await writeFile(join(folder, "NVDA.csv"), `date,open,high,low,close,volume\n${bars.join("\n")}\n`);
  await writeFile(join(folder, "corporate-actions.csv"), "symbol,ex_date,type,value\nNVDA,2024-06-10,split,10:1\n");
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

type Desk = Awaited<ReturnType<typeof givenDesk>>;

async function place(desk: Desk, intent: OrderIntent) {
  const verdict = await desk.broker.check(intent, desk.signal);
  assert.ok(verdict.allowed, verdict.allowed ? "" : `${verdict.code}: ${verdict.message}`);
  return await desk.broker.submitOrder(verdict.order, desk.signal);
}

describe("the broker at the paper exchange", () => {
  it("says SIMULATED though nobody has told it what is behind the address", async () => {
    await using exchange = await givenExchange();
    await using desk = await givenDesk(endpointOf(exchange.ready));
    assert.equal((await desk.broker.connect(desk.signal)).simulated, true);
    assert.equal(desk.data.simulated, true);
    const home = await mkdtemp(join(tmpdir(), "quantdesk-exchange-"));
    const { url, keyId, secretKey } = exchange.ready as { url: string; keyId: string; secretKey: string };
    const overrides = [
      { key: "broker.mode", value: "paper", source: "flag" },
      { key: "broker.baseUrl", value: url, source: "flag" },
      { key: "data.baseUrl", value: url, source: "flag" },
    ] as const;
    const session = await openSession({ home, front: "test", keys: { keyId, secretKey }, overrides });
    try {
      const account = await session.connect(desk.signal);
      assert.deepEqual([account.simulated, session.status().simulated, session.data.simulated], [true, true, true]);
    } finally {
      await session.close();
      await rm(home, { recursive: true });
    }
  });

  it("buys by the share and by the dollar, hears of the fills, holds them and sells them", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-exchange-"));
    const exchange = await findOrStartExchange({ home, own: true, seed: 7 }, new AbortController().signal);
    try {
      await using desk = await givenDesk(exchange.endpoint);
      const account = await desk.broker.connect(desk.signal);
      assert.deepEqual([account.accountNumber, account.simulated, account.cash.toFixed()], [exchange.accountNumber, true, "100000"]);
      const updates: TradeUpdate[] = [];
      desk.broker.onTradeUpdate((update) => updates.push(update));
      const bought = await place(desk, buy("2"));
      const filled = await desk.broker.waitForEnd(bought.id, desk.signal);
      assert.equal(filled.status, "filled");
      assert.ok(filled.filledAvgPrice?.gt(0));
      assert.ok(updates.some((update) => update.event === "fill" && update.order.id === bought.id));
      const { qty: _, ...byDollars } = buy("1", { notional: new Big("250.55") });
      await desk.broker.waitForEnd((await place(desk, byDollars)).id, desk.signal);
      const position = await desk.broker.getPosition("AAPL", desk.signal);
      assert.ok(position?.qty.gt(2));
      const over = await desk.broker.check(sell("1000"), desk.signal);
      assert.equal(over.allowed ? "" : over.code, "insufficient-position");
      await desk.broker.waitForEnd((await place(desk, { ...sell("1"), qty: position?.qty as Big })).id, desk.signal);
      assert.equal(await desk.broker.getPosition("AAPL", desk.signal), null);
      const twice = await desk.broker.check(buy("2"), desk.signal);
      assert.equal(twice.allowed ? "" : twice.code, "duplicate-intent");
      const unknown = await desk.broker.check(buy("1", { symbol: "AAPLE" }), desk.signal);
      assert.deepEqual(unknown.allowed ? [] : [unknown.code, unknown.hint], ["unknown-symbol", "Did you mean AAPL?"]);
    } finally {
      await exchange.release();
      await rm(home, { recursive: true });
    }
  });

  it("follows a split of what it holds, says so, and trades on", async () => {
    await using split = await givenSplit();
    await using exchange = await givenExchange("--data", split.folder, "--start", "2024-06-07T19:59:30Z", "--speed", "20");
    await using desk = await givenDesk(endpointOf(exchange.ready));
    const { broker, signal } = desk;
    await broker.connect(signal);
    const intent = buy("2", { symbol: "NVDA" });
    assert.equal((await broker.waitForEnd((await place(desk, intent)).id, signal)).filledQty.toFixed(), "2");
    await broker.disconnect();
    while (!(await desk.api.positions(signal))[0]?.qty.eq(20));
    await broker.connect(signal);
    assert.deepEqual(
      (await broker.getAlarms(signal)).map((alarm) => [alarm.code, alarm.symbol, alarm.blocksEntries]),
      [["split-booked", "NVDA", false]],
    );
    assert.equal((await broker.check(buy("1", { symbol: "NVDA" }), signal)).allowed, true);
  }).timeout(20_000);

  it("finds splits of a year and assets by their ids", async () => {
    await using exchange = await givenExchange();
    await using desk = await givenDesk(endpointOf(exchange.ready));
    const symbols = (await desk.api.assets(desk.signal)).map((asset) => asset.symbol);
    const now = Date.parse("2026-11-20T15:00:00Z");
    const actions = await desk.api.corporateActions(symbols, { from: now - 365 * 86_400_000, to: now }, desk.signal);
    assert.ok(actions.some((action) => action.kind === "split" && symbols.includes(action.symbol)));
    const { id } = (await exchange.get("/v2/assets/AAPL")) as { id: string };
    assert.equal((await desk.api.asset(id, desk.signal))?.symbol, "AAPL");
  });

  it("places a bracket with its legs, and cancels it", async () => {
    await using exchange = await givenExchange();
    await using desk = await givenDesk(endpointOf(exchange.ready));
    await desk.broker.connect(desk.signal);
    const { bid } = await desk.broker.getCurrentPrice("MSFT", desk.signal);
    const at = (share: number) => new Big(bid * share).round(2);
    const order = await place(
      desk,
      buy("3", { symbol: "MSFT", type: "limit", limitPrice: at(0.8), takeProfit: { limitPrice: at(1.2) }, stopLoss: { stopPrice: at(0.7) } }),
    );
    assert.deepEqual([order.orderClass, order.legs.length], ["bracket", 2]);
    assert.equal((await desk.broker.getOrders({ status: "open" }, desk.signal)).length, 1);
    assert.equal((await desk.broker.cancelOrder(order.id, desk.signal)).status, "canceled");
    const all = await desk.broker.getOrders({ status: "all" }, desk.signal);
    assert.deepEqual(
      all.flatMap((o) => [o, ...o.legs]).map((o) => o.status),
      ["canceled", "canceled", "canceled"],
    );
  });

  it("places each of 12 orders exactly once while answers are dropped, connections reset and calls fail", async () => {
    await using exchange = await givenExchange(
      "--fault",
      "drop-answer:0.3@POST/orders,reset-before:0.2@POST/orders,status=503:0.1,stream-cut:0.1",
      "--seed",
      "11",
    );
    await using desk = await givenDesk(endpointOf(exchange.ready), 1000);
    await connectAnyhow(desk);
    const placed: string[] = [];
    for (let i = 1; i <= 12; i++) {
      if (desk.broker.state !== "connected") await connectAnyhow(desk);
      const verdict = await desk.broker.check(buy(String(i), { type: "limit", limitPrice: new Big(1) }), desk.signal);
      if (!verdict.allowed && verdict.code === "not-connected") {
        i--; // the stream was cut between the two lines above
        continue;
      }
      assert.ok(verdict.allowed, verdict.allowed ? "" : verdict.message);
      placed.push((await desk.broker.submitOrder(verdict.order, desk.signal)).id);
    }
    const there = await desk.broker.getOrders({ status: "all" }, desk.signal);
    assert.deepEqual(new Set(there.map((order) => order.id)), new Set(placed));
    assert.deepEqual(
      there.map((order) => order.qty?.toNumber()).sort((a, b) => Number(a) - Number(b)),
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
  }).timeout(60_000);

  it("reads its bars, quotes, movers, most active, news and assets", async () => {
    await using exchange = await givenExchange();
    await using desk = await givenDesk(endpointOf(exchange.ready));
    const { data, signal } = desk;
    const assets = await data.assets(signal);
    const symbols = assets.map((asset) => asset.symbol);
    const bars = await data.bars(symbols, { timeframe: "1Day", limit: 260 }, signal);
    assert.equal(bars.size, symbols.length);
    for (const series of bars.values()) assert.deepEqual([series.time.length, series.simulated], [260, true], series.symbol);
    const minutes = (await data.bars(["AAPL"], { timeframe: "1Min", limit: 50 }, signal)).get("AAPL");
    assert.equal(minutes?.time.length, 50);
    assert.equal((await data.quotes(symbols, signal)).size, symbols.length);
    assert.ok((await data.movers(5, signal)).gainers.length > 0);
    assert.equal((await data.mostActive(5, signal)).length, 5);
    assert.ok((await data.news([], 7, signal)).length <= 7);
    const history = createSymbolBars({ data, feed: "iex", adjustment: "all", origin: "test", now: Date.now });
    const { info, series } = await loadDataset("AAPL", history, { from: "2020-01-01", to: "2020-12-31" }, signal);
    assert.deepEqual([info.bars, info.source, series.simulated], [253, "SIMULATED exchange", true]);
    await assert.rejects(loadDataset("NOSUCH", history, {}, signal), { kind: "usage" });
  });
});

function endpointOf(ready: {
  readonly url: string;
  readonly dataUrl: string;
  readonly streamUrl: string;
  readonly keyId: string;
  readonly secretKey: string;
}): Endpoint {
  return { mode: "embedded", tradingUrl: ready.url, dataUrl: ready.dataUrl, streamUrl: ready.streamUrl, keyId: ready.keyId, secretKey: ready.secretKey };
}

/** A stream that is cut during the handshake fails a connect; the next may succeed. */
async function connectAnyhow(desk: Desk): Promise<void> {
  for (let turn = 0; desk.broker.state !== "connected"; turn++)
    await desk.broker.connect(desk.signal).catch((error: unknown) => {
      if (turn > 20) throw error;
    });
}
