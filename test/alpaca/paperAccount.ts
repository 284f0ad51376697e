/**
 * The broker against a real Alpaca paper account: `npm run test:alpaca`, never part of `npm test`. It places one order far
 * from the market, changes it and cancels it; nothing is bought. Keys and address are checked by scripts/testAlpaca.mjs.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/core/base/clock.ts";
import { Big } from "../../src/core/base/decimal.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { Scope } from "../../src/core/base/scope.ts";
import { createBroker } from "../../src/core/broker/broker.ts";
import type { Order, OrderIntent, TradeUpdate } from "../../src/core/domain/orders.ts";
import type { Broker, HttpClient } from "../../src/core/domain/ports.ts";
import { createHttpClient } from "../../src/core/net/httpClient.ts";
import { openStore } from "../../src/core/store/store.ts";

const [keyId, secretKey] = [process.env["APCA_API_KEY_ID"] as string, process.env["APCA_API_SECRET_KEY"] as string];
const tradingUrl = process.env["APCA_API_BASE_URL"] ?? "https://paper-api.alpaca.markets";
const dataUrl = new URL(tradingUrl).hostname === "paper-api.alpaca.markets" ? "https://data.alpaca.markets" : tradingUrl;

describe("the broker at the Alpaca paper account", function () {
  this.timeout(60_000);
  const scope = new Scope({ name: "The test" });
  const { signal } = scope;
  const updates: TradeUpdate[] = [];
  let home: string;
  let broker: Broker;
  let trading: HttpClient;
  let order: Order;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "quantdesk-alpaca-"));
    const client = (origin: string) => {
      const http = createHttpClient({
        origin,
        headers: { "APCA-API-KEY-ID": keyId, "APCA-API-SECRET-KEY": secretKey },
        connections: 10,
        timeoutMs: 10_000,
        retries: 3,
        backoffMs: 500,
        requestsPerMinute: 180,
        log: silentLog,
      });
      scope.onClose(() => http.close());
      return http;
    };
    const store = await openStore(join(home, "quantdesk.sqlite"), signal);
    scope.onClose(() => store.close());
    trading = client(tradingUrl);
    const limits = { maxOrderValue: 1000, maxPositionValue: null, maxOrdersPerMinute: 10, maxDailyLoss: null, symbols: ["F"], duplicateWindowSeconds: 5 };
    const endpoint = { mode: "paper", tradingUrl, dataUrl, streamUrl: `${tradingUrl.replace(/^http/, "ws")}/stream`, keyId, secretKey } as const;
    broker = createBroker({
      endpoint,
      trading,
      data: client(dataUrl),
      journal: store.journal,
      limits,
      log: silentLog,
      clock: systemClock,
      scope,
      simulated: false,
    });
    broker.onTradeUpdate((update) => updates.push(update));
  });
  after(async () => {
    await scope.close();
    await rm(home, { recursive: true, force: true });
  });

  it("connects ten callers with one handshake", async () => {
    const accounts = await Promise.all(Array.from({ length: 10 }, () => broker.connect(signal)));
    assert.equal(new Set(accounts).size, 1);
    assert.match(accounts[0]?.accountNumber as string, /^PA/, "this is no paper account");
    assert.ok(accounts[0]?.equity.gt(0));
  });

  it("reads account, positions, orders, clock, calendar, assets, activities and history, five at a time", async () => {
    await Promise.all(Array.from({ length: 5 }, () => broker.getAccount(signal)));
    const clock = await broker.getClock(signal);
    assert.ok(clock.nextOpen > clock.at);
    const days = await broker.getCalendar({ from: "2025-11-24", to: "2025-11-28" }, signal);
    assert.deepEqual(
      days.map((day) => day.date),
      ["2025-11-24", "2025-11-25", "2025-11-26", "2025-11-28"],
    );
    assert.ok((await broker.getAssets(signal)).some((asset) => asset.symbol === "F"));
    await broker.getPositions(signal);
    await broker.getOrders({ status: "all", limit: 10 }, signal);
    await broker.getActivities({ limit: 10 }, signal);
    assert.ok((await broker.getPortfolioHistory({ period: "1W" }, signal)).timeframe !== "");
    assert.ok(trading.stats().open <= 10);
  });

  it("places an order far from the market, under an id of our own", async () => {
    const quote = await broker.getCurrentPrice("F", signal);
    const price = Math.max(1, (quote.bid || quote.ask || 10) / 2);
    const intent: OrderIntent = {
      symbol: "F",
      side: "buy",
      qty: new Big(1),
      type: "limit",
      limitPrice: new Big(price).round(2),
      timeInForce: "gtc",
      origin: "test:alpaca",
    };
    const verdict = await broker.check(intent, signal);
    assert.ok(verdict.allowed, verdict.allowed ? "" : `${verdict.code}: ${verdict.message}`);
    order = await broker.submitOrder(verdict.order, signal);
    assert.equal(order.clientOrderId, verdict.order.clientOrderId);
    assert.equal((await broker.getOrder(order.id, signal)).id, order.id);
    const again = await broker.check({ ...intent, clientOrderId: order.clientOrderId, again: true }, signal);
    assert.equal(again.allowed ? "" : again.code, "duplicate-intent");
  });

  it("changes it where the market lets it, cancels it, and hears of that by stream", async () => {
    const status = (await broker.getOrder(order.id, signal)).status;
    if (status === "new") {
      const placed = await broker.replaceOrder(order.id, { limitPrice: (order.limitPrice as Big).minus("0.01") }, { origin: "test:alpaca" }, signal);
      assert.ok(placed.placed, placed.placed ? "" : placed.message);
      assert.equal(placed.order.replaces, order.id);
      order = placed.order;
    }
    assert.equal((await broker.cancelOrder(order.id, signal)).status, "canceled");
    while (!updates.some((update) => update.order.id === order.id && update.order.status === "canceled")) await systemClock.sleep(50, signal);
  });

  it("disconnects and connects again", async () => {
    await broker.disconnect();
    assert.equal(broker.state, "disconnected");
    await broker.connect(signal);
    assert.equal(broker.state, "connected");
  });
});
