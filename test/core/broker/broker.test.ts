import assert from "node:assert/strict";
import { Scope } from "../../../src/core/base/scope.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import type { ConnectionState } from "../../../src/core/domain/ports.ts";
import type { TradeUpdate } from "../../../src/core/domain/orders.ts";
import { Desk, buy, holding } from "./desk.ts";

describe("the broker", () => {
  it("makes one handshake for ten callers at once, and gives all the same answer", async () => {
    await using desk = await Desk.open();
    const accounts = await Promise.all(Array.from({ length: 10 }, () => desk.broker.connect(desk.signal)));
    assert.equal(desk.server.streamSessions, 1);
    assert.equal(new Set(accounts).size, 1);
    assert.equal(accounts[0]?.accountNumber, "PA1");
    assert.equal(accounts[0]?.simulated, true);
    assert.equal(desk.broker.state, "connected");
  });

  it("leaves a failed connect disconnected and lets the next caller try", async () => {
    await using desk = await Desk.open({ retries: 0 });
    desk.server.fault("GET /v2/account", { status: 503 });
    const [first, second] = await Promise.allSettled([desk.broker.connect(desk.signal), desk.broker.connect(desk.signal)]);
    assert.equal(first.status, "rejected");
    assert.equal(second.status, "fulfilled");
    assert.equal(desk.broker.state, "connected");
  });

  it("says in one sentence that the key is wrong", async () => {
    await using desk = await Desk.open({ keyId: "WRONG" });
    await assert.rejects(desk.broker.connect(desk.signal), (error: TradingError) => {
      assert.equal(error.code, "bad-key");
      assert.match(error.message, /^Wrong key: .*\.$/);
      assert.doesNotMatch(JSON.stringify(error.toPlain()), /SECRET-1234/);
      return true;
    });
    assert.equal(desk.broker.state, "disconnected");
  });

  it("connects again after a disconnect, which may be called twice", async () => {
    await using desk = await Desk.connected();
    await Promise.all([desk.broker.disconnect(), desk.broker.disconnect()]);
    assert.equal(desk.broker.state, "disconnected");
    await assert.rejects(desk.broker.getAccount(desk.signal), { code: "not-connected" });
    await desk.broker.connect(desk.signal);
    assert.equal(desk.broker.state, "connected");
    assert.equal(desk.server.streamSessions, 2);
  });

  it("stops connecting when its caller gives up", async () => {
    await using desk = await Desk.open();
    const caller = new Scope({ name: "The caller" });
    const connecting = desk.broker.connect(caller.signal);
    caller.abort();
    await assert.rejects(connecting, { code: "interrupted" });
    await caller.close();
    await desk.broker.connect(desk.signal);
    assert.equal(desk.broker.state, "connected");
  });

  it("reads account, positions, orders, price and clock over the same few connections", async () => {
    await using desk = await Desk.connected();
    desk.server.positions.push(holding("3"));
    const { broker, signal } = desk;
    const [account, positions, position, none, orders, quote, clock] = await Promise.all([
      broker.getAccount(signal),
      broker.getPositions(signal),
      broker.getPosition("aapl", signal),
      broker.getPosition("MSFT", signal),
      broker.getOrders({ status: "all" }, signal),
      broker.getCurrentPrice("AAPL", signal),
      broker.getClock(signal),
    ]);
    assert.equal(account.cash.toFixed(), "100000");
    assert.equal(positions.length, 1);
    assert.equal(position?.qty.toFixed(), "3");
    assert.equal(none, null);
    assert.deepEqual(orders, []);
    assert.equal(quote.ask, 100.1);
    assert.equal(clock.isOpen, true);
    await assert.rejects(broker.getCurrentPrice("APPL", signal), { code: "unknown-symbol", kind: "usage", hint: "Did you mean AAPL?" });
    const opened = desk.server.connections;
    for (let i = 0; i < 20; i++) await broker.getAccount(signal);
    assert.equal(desk.server.connections, opened, "no connection is opened anew");
  });

  it("follows the pages of a long list of orders to its end", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    const template = desk.server.orders[0] as (typeof desk.server.orders)[number];
    const start = Date.parse(template.submitted_at);
    for (let i = 1; i < 1234; i++) desk.server.orders.push({ ...template, id: `o${i}`, submitted_at: new Date(start + Math.floor(i / 3)).toISOString() });
    const orders = await desk.broker.getOrders({ status: "all" }, desk.signal);
    assert.equal(orders.length, 1234);
    assert.ok(orders.some((o) => o.id === order.id));
    assert.equal((await desk.broker.getOrders({ status: "all", limit: 7 }, desk.signal)).length, 7);
  });

  for (const binary of [true, false]) {
    it(`hears of a fill by stream, in ${binary ? "binary" : "text"} frames, and counts a repeated one once`, async () => {
      await using desk = await Desk.open();
      desk.server.binaryFrames = binary;
      await desk.broker.connect(desk.signal);
      const updates: TradeUpdate[] = [];
      desk.broker.onTradeUpdate((update) => updates.push(update));
      const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
      const ended = desk.broker.waitForEnd(order.id, desk.signal);
      desk.server.fill(order.id);
      assert.equal((await ended).filledAvgPrice?.toFixed(), "100.1");
      const wire = desk.server.orders[0] as (typeof desk.server.orders)[number];
      desk.server.emit("fill", wire, updates[0]?.executionId ?? null);
      desk.server.emit("fill", { ...wire, id: "other" }, "e2");
      while (updates.at(-1)?.executionId !== "e2") await new Promise((turn) => setImmediate(turn));
      assert.deepEqual(
        updates.map((u) => [u.event, u.order.id]),
        [
          ["fill", order.id],
          ["fill", "other"],
        ],
      );
    });
  }

  it("lets nonsense on the stream pass, and hears the fill that follows once", async () => {
    await using desk = await Desk.connected();
    const told: string[] = [];
    desk.broker.onTradeUpdate((update) => told.push(`${update.event} ${update.order.id} ${update.qty?.toFixed()}`));
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    const wire = desk.server.orders[0] as (typeof desk.server.orders)[number];
    for (const frame of [
      "{",
      "[]",
      "null",
      "7",
      '{"stream":"trade_updates"}',
      '{"stream":"trade_updates","data":{"event":5}}',
      '{"stream":9,"data":[]}',
      '{"T":"error"}',
    ])
      for (const socket of desk.server.streams) socket.send(frame);
    for (const wrong of [{ qty: "1e400" }, { filled_qty: {} }, { side: "both" }, { status: null }, { legs: "none" }])
      desk.server.emit("fill", { ...wire, ...wrong } as typeof wire, "e0", { price: "100.1", qty: "1" });
    desk.server.emit("fill", wire, "e1", { price: "1e400", qty: "NaN" });
    for (let i = 0; i < 3; i++) desk.server.emit("repriced", wire, "e2"); // an event that is new to us
    desk.server.fill(order.id);
    await desk.broker.waitForEnd(order.id, desk.signal);
    assert.deepEqual(told, [`repriced ${order.id} undefined`, `fill ${order.id} 1`]);
    assert.equal(desk.broker.state, "connected");
    assert.equal(desk.lines.filter((line) => line.includes("A trade update was ignored")).length, 8);
    // What is larger than any message ends the connection, in a sentence; another one is opened.
    const again = new Promise<void>((resolve) => {
      desk.broker.onState((state) => {
        if (state === "connected") resolve();
      });
    });
    for (const socket of desk.server.streams) socket.send(Buffer.alloc(5 * 2 ** 20, 32));
    await again;
    assert.ok(desk.lines.some((line) => /The order stream failed: The order stream broke off at [^ ]+: WS_ERR_UNSUPPORTED_MESSAGE_LENGTH\.$/.test(line)));
  });

  it("reads lists with what it does not trade or know yet in them: orders of several options, new statuses, new kinds of activities", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    const template = desk.server.orders[0] as (typeof desk.server.orders)[number];
    desk.server.orders.push({ ...template, id: "spread", order_class: "mleg", side: "", symbol: "" } as unknown as typeof template);
    desk.server.orders.push({ ...template, id: "later", status: "activated" });
    const orders = await desk.broker.getOrders({ status: "all" }, desk.signal);
    assert.deepEqual(Object.fromEntries(orders.map(({ id, status }) => [id, status])), { [order.id]: "new", later: "accepted" });
    desk.server.activities.push({ id: "a1", activity_type: "OPTRD", date: "2026-11-20", side: "buy_to_open", qty: "1" });
    assert.deepEqual(
      (await desk.broker.getActivities({}, desk.signal)).map(({ id, type }) => [id, type]),
      [["a1", "OPTRD"]],
    );
    await desk.broker.disconnect();
    await desk.broker.connect(desk.signal);
  });

  it("says so when a trade is taken back, reads positions again, and stops entries since they differ from the books", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(buy("10")), desk.signal);
    const ended = desk.broker.waitForEnd(order.id, desk.signal);
    desk.server.fill(order.id);
    assert.equal((await ended).filledQty.toFixed(), "10");
    const events: string[] = [];
    desk.broker.onTradeUpdate((update) => events.push(`${update.event} ${update.qty?.toFixed()} ${update.order.filledQty.toFixed()}`));
    const alarm = new Promise<string>((resolve) => desk.broker.onAlarm(({ code }) => resolve(code)));
    const wire = desk.server.orders[0] as (typeof desk.server.orders)[number];
    Object.assign(wire, { filled_qty: "0", filled_avg_price: null, filled_at: null, status: "canceled" });
    desk.server.positions.length = 0;
    desk.server.emit("trade_bust", wire, "b1", { price: "100.1", qty: "10", position_qty: "0" });
    assert.equal(await alarm, "books-differ");
    assert.deepEqual(events, ["trade_bust undefined 0"]);
    assert.ok(desk.lines.some((line) => line.includes(`took back a trade of order ${order.id} (buy AAPL): 0 are filled now`)));
    await desk.broker.connect(desk.signal);
    assert.equal((await desk.broker.getOrder(order.id, desk.signal)).filledQty.toFixed(), "0");
    assert.equal((await desk.broker.check(buy("1"), desk.signal)).allowed, false);
  });

  it("finds the end of an order by asking when the stream says nothing", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    const ended = desk.broker.waitForEnd(order.id, desk.signal);
    desk.server.fill(order.id, { silently: true });
    assert.equal((await ended).status, "filled");
  });

  it("ends the waiting for an order when it is disconnected", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    const ended = desk.broker.waitForEnd(order.id, new AbortController().signal);
    const failed = assert.rejects(ended, { code: "not-connected" });
    await desk.broker.disconnect();
    await failed;
  });

  it("is stale while the stream is down, and reports what happened meanwhile before it takes orders again", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    const seen: string[] = [];
    const states: ConnectionState[] = [];
    desk.broker.onTradeUpdate((update) => seen.push(`${update.event} ${update.qty?.toFixed()} ${desk.broker.state}`));
    const back = new Promise<void>((resolve) =>
      desk.broker.onState((state) => {
        states.push(state);
        if (state === "connected") resolve();
      }),
    );
    desk.server.fill(order.id, { silently: true });
    desk.server.cutStreams();
    await new Promise<void>((resolve) => {
      desk.broker.onState((state) => {
        if (state === "stale") resolve();
      });
    });
    const verdict = await desk.broker.check(buy("1"), desk.signal);
    assert.equal(verdict.allowed, false);
    await back;
    assert.deepEqual(states, ["stale", "connected"]);
    assert.deepEqual(seen, ["fill 1 stale"]);
  });

  it("cancels an order and answers how it ended, filled ones too", async () => {
    await using desk = await Desk.connected();
    const working = await desk.broker.submitOrder(await desk.checked(buy("1")), desk.signal);
    assert.equal((await desk.broker.cancelOrder(working.id, desk.signal)).status, "canceled");
    const filled = await desk.broker.submitOrder(await desk.checked(buy("2")), desk.signal);
    desk.server.fill(filled.id);
    assert.equal((await desk.broker.cancelOrder(filled.id, desk.signal)).status, "filled");
    await assert.rejects(desk.broker.cancelOrder("nothing", desk.signal), { code: "not-found" });
  });

  it("cancels although the first answer was lost", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    desk.server.fault(`DELETE /v2/orders/${order.id}`, "drop-answer");
    assert.equal((await desk.broker.cancelOrder(order.id, desk.signal)).status, "canceled");
  });

  it("cancels everything that is open and says how many", async () => {
    await using desk = await Desk.connected();
    for (const qty of ["1", "2", "3"]) await desk.broker.submitOrder(await desk.checked(buy(qty)), desk.signal);
    assert.equal(await desk.broker.cancelAll(desk.signal), 3);
  });

  it("closes its stream with its scope, and two brokers share nothing", async () => {
    await using other = await Desk.connected();
    const desk = await Desk.connected();
    await desk.scope.close();
    assert.equal(desk.broker.state, "disconnected");
    assert.equal(other.broker.state, "connected");
    await desk.server[Symbol.asyncDispose]();
    assert.equal((await other.broker.getAccount(other.signal)).accountNumber, "PA1");
  });

  it("writes no secret into its log", async () => {
    await using desk = await Desk.connected();
    desk.server.fault("GET /v2/positions", { status: 503 }, "reset-before");
    await desk.broker.getPositions(desk.signal);
    assert.ok(desk.lines.length > 0);
    assert.ok(
      desk.lines.every((line) => !line.includes("SECRET-1234")),
      desk.lines.join("\n"),
    );
  });
});
