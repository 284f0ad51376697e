/** Changing orders, leaving positions, stopping everything; calendar, assets, activities and history. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import type { Placed } from "../../../src/core/domain/orders.ts";
import { AlpacaServer } from "./alpacaServer.ts";
import { Desk, buy, holding } from "./desk.ts";

const why = { origin: "test", why: "to see it" };
const limit = (price: string) => ({ type: "limit", limitPrice: new Big(price) }) as const;

function placedOrder(placed: Placed) {
  assert.ok(placed.placed, placed.placed ? "" : `${placed.code}: ${placed.message}`);
  return placed.order;
}

const codeOf = (placed: Placed) => (placed.placed ? "placed" : placed.code);

describe("replacing an order", () => {
  it("makes a new order in the place of the old one, through journal and guards", async () => {
    await using desk = await Desk.connected();
    const old = await desk.broker.submitOrder(await desk.checked(buy("2", limit("90"))), desk.signal);
    const next = placedOrder(await desk.broker.replaceOrder(old.id, { limitPrice: new Big("91"), qty: new Big(3) }, why, desk.signal));
    assert.deepEqual([next.replaces, next.limitPrice?.toFixed(), next.qty?.toFixed()], [old.id, "91", "3"]);
    const before = await desk.broker.getOrder(old.id, desk.signal);
    assert.deepEqual([before.status, before.replacedBy], ["replaced", next.id]);
    const entries = await desk.entries();
    assert.deepEqual(
      entries.map((entry) => [entry.clientOrderId, entry.state, entry.why]),
      [
        [old.clientOrderId, "sent", null],
        [next.clientOrderId, "sent", "to see it"],
      ],
    );
    assert.deepEqual(JSON.parse(entries[1]?.body as string), { replaces: old.id, qty: "3", limit_price: "91", client_order_id: next.clientOrderId });
  });

  it("is done once when its answer is lost", async () => {
    await using desk = await Desk.connected();
    const old = await desk.broker.submitOrder(await desk.checked(buy("2", limit("90"))), desk.signal);
    desk.server.fault(`PATCH /v2/orders/${old.id}`, "drop-answer");
    const next = placedOrder(await desk.broker.replaceOrder(old.id, { limitPrice: new Big("91") }, why, desk.signal));
    assert.equal(desk.server.orders.length, 2);
    assert.equal(desk.server.orders[1]?.id, next.id);
  });

  it("is done when the broker says no and has done it, and refused when it has not", async () => {
    await using desk = await Desk.connected();
    const old = await desk.broker.submitOrder(await desk.checked(buy("2", limit("90"))), desk.signal);
    const no = { code: 42210000, message: "unable to replace order, order isn't sent to exchange yet" };
    desk.server.fault(`PATCH /v2/orders/${old.id}`, { takenAs: no, statusAs: 422 });
    const next = placedOrder(await desk.broker.replaceOrder(old.id, { limitPrice: new Big("91") }, why, desk.signal));
    assert.deepEqual([next.replaces, next.limitPrice?.toFixed()], [old.id, "91"]);
    desk.server.fault(`PATCH /v2/orders/${next.id}`, { status: 422, body: no });
    await assert.rejects(desk.broker.replaceOrder(next.id, { limitPrice: new Big("92") }, why, desk.signal), {
      code: "order-rejected",
      message: /isn't sent to exchange yet\.$/,
    });
    assert.equal(desk.server.orders.length, 2);
    assert.deepEqual(
      (await desk.entries()).map((entry) => entry.state),
      ["sent", "sent", "rejected"],
    );
  });

  it("refuses what makes no sense or breaks a limit, and leaves the order as it is", async () => {
    await using desk = await Desk.connected({ limits: { maxOrderValue: 500 } });
    const old = await desk.broker.submitOrder(await desk.checked(buy("2", limit("90"))), desk.signal);
    const replace = (change: Parameters<typeof desk.broker.replaceOrder>[1]) => desk.broker.replaceOrder(old.id, change, why, desk.signal);
    await assert.rejects(replace({}), { code: "bad-change", kind: "usage" });
    await assert.rejects(replace({ stopPrice: new Big(80) }), { code: "bad-change" });
    assert.equal(codeOf(await replace({ qty: new Big(6) })), "over-limit");
    assert.equal(codeOf(await replace({ limitPrice: new Big("90.001") })), "bad-tick");
    assert.equal(codeOf(await replace({ limitPrice: new Big("120") })), "price-collar");
    assert.equal(desk.server.count("PATCH"), 0);
    await desk.broker.cancelOrder(old.id, desk.signal);
    assert.equal(codeOf(await replace({ qty: new Big(1) })), "not-tradable");
  });
});

describe("closing positions", () => {
  it("cancels what binds the shares, then sells what is held, though the kill switch is on", async () => {
    await using desk = await Desk.connected();
    desk.server.positions.push(holding("3"));
    const exit = await desk.broker.submitOrder(await desk.checked(buy("3", { side: "sell", ...limit("105") })), desk.signal);
    desk.server.positions.splice(0, 1, holding("3", "0"));
    const cancel = desk.server.emit.bind(desk.server);
    desk.server.emit = (event, ...rest) => {
      if (event === "canceled") desk.server.positions.splice(0, 1, holding("3"));
      cancel(event, ...rest);
    };
    await desk.store.killSwitch("PA1", "on", desk.signal);
    const order = placedOrder(await desk.broker.closePosition("aapl", {}, why, desk.signal));
    assert.deepEqual([order.side, order.qty?.toFixed(), order.type], ["sell", "3", "market"]);
    assert.equal((await desk.broker.getOrder(exit.id, desk.signal)).status, "canceled");
  });

  it("closes a part by quantity or percentage, and buys back what is short", async () => {
    await using desk = await Desk.connected();
    desk.server.positions.push(holding("0.333333333"));
    assert.equal(placedOrder(await desk.broker.closePosition("AAPL", { percent: new Big(50) }, why, desk.signal)).qty?.toFixed(), "0.166666666");
    desk.server.positions.splice(0, 1, holding("5"));
    assert.equal(placedOrder(await desk.broker.closePosition("AAPL", { percent: new Big(50) }, why, desk.signal)).qty?.toFixed(), "2", "whole shares");
    const less = await desk.broker.closePosition("AAPL", { percent: new Big(10) }, why, desk.signal);
    assert.ok(!less.placed && less.message.startsWith("10 % of 5 AAPL is less than a share"), JSON.stringify(less));
    desk.server.positions.splice(0, 1, holding("-4"));
    const cover = placedOrder(await desk.broker.closePosition("AAPL", { qty: new Big(3) }, why, desk.signal));
    assert.deepEqual([cover.side, cover.qty?.toFixed()], ["buy", "3"]);
    await assert.rejects(desk.broker.closePosition("AAPL", { qty: new Big(1), percent: new Big(1) }, why, desk.signal), { code: "bad-part" });
    assert.equal(codeOf(await desk.broker.closePosition("BRK.B", {}, why, desk.signal)), "insufficient-position");
  });

  it("closes everything and says what became of each", async () => {
    await using desk = await Desk.connected();
    await desk.broker.submitOrder(await desk.checked(buy("1", limit("90"))), desk.signal);
    desk.server.positions.push(holding("2"), { ...holding("5"), symbol: "BRK.B" });
    desk.server.fault("GET /v2/positions/BRK.B", { status: 403, body: { code: 40310000, message: "not today" } });
    const closed = await desk.broker.closeAll(why, desk.signal);
    assert.deepEqual(
      closed.map(({ symbol, result }) => [symbol, result.placed ? result.order.qty?.toFixed() : result.code]),
      [
        ["AAPL", "2"],
        ["BRK.B", "failed"],
      ],
    );
    assert.equal(desk.server.orders[0]?.status, "canceled");
  });
});

describe("the kill switch", () => {
  it("stops other processes at once, cancels what is open through a bad network, and says who did it", async () => {
    await using desk = await Desk.connected({ retries: 0 });
    for (const qty of ["1", "2"]) await desk.broker.submitOrder(await desk.checked(buy(qty, limit("90"))), desk.signal);
    desk.server.fault("DELETE /v2/orders", { status: 503 }, "reset-before");
    const result = await desk.broker.setKillSwitch("on", { origin: "palette", why: "enough" }, desk.signal);
    assert.deepEqual(result, { on: true, canceled: 2, unconfirmed: [], closed: null });
    const refused = await desk.broker.check(buy("3"), desk.signal);
    assert.equal(refused.allowed ? "" : refused.code, "kill-switch");
    assert.equal((await desk.broker.setKillSwitch("off", { origin: "palette" }, desk.signal)).on, false);
    await desk.checked(buy("3"));
    const rows = await desk.store.audit("PA1", { limit: 100 }, desk.signal);
    assert.deepEqual(
      rows.filter((row) => row.what.startsWith("kill-switch")).map((row) => [row.what, row.origin, row.why]),
      [
        ["kill-switch off", "palette", null],
        ["kill-switch on", "palette", "enough"],
      ],
    );
  });

  it("names the orders whose end could not be seen in time", async () => {
    await using desk = await Desk.connected({ retries: 0 });
    const order = await desk.broker.submitOrder(await desk.checked(buy("1", limit("90"))), desk.signal);
    desk.server.fault("DELETE /v2/orders", ...Array.from({ length: 50 }, () => ({ status: 503 })));
    const result = await desk.broker.setKillSwitch("on", { origin: "palette" }, AbortSignal.timeout(700));
    assert.deepEqual([result.on, result.unconfirmed.map(({ id }) => id)], [true, [order.id]]);
  });

  it("goes on in the next process with what the one before could not confirm, and with nothing else", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-kill-"));
    await using server = await AlpacaServer.start();
    try {
      const first = await Desk.connected({ home, server, retries: 0 });
      const order = await first.broker.submitOrder(await first.checked(buy("1", limit("90"))), first.signal);
      server.fault("DELETE /v2/orders", ...Array.from({ length: 50 }, () => ({ status: 503 })));
      await first.broker.setKillSwitch("on", { origin: "palette" }, AbortSignal.timeout(600));
      await first.scope.close();
      server.faults.clear();
      await using next = await Desk.open({ home, server });
      assert.deepEqual(await next.broker.getKillSwitch(next.signal), { on: true, unconfirmed: [order.id] });
      await next.post({ symbol: "AAPL", side: "buy", qty: "1", type: "limit", limit_price: "90", time_in_force: "day", client_order_id: "after it" });
      await next.broker.connect(next.signal);
      while ((await next.broker.getKillSwitch(next.signal)).unconfirmed.length > 0) await new Promise((turn) => setImmediate(turn));
      assert.deepEqual(
        server.orders.map((one) => one.status),
        ["canceled", "new"],
      );
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("cancels an order that was on its way when it was turned on, and does not send again what was not taken", async () => {
    await using desk = await Desk.connected();
    const late = await desk.checked(buy("1", limit("90")));
    const again = await desk.checked(buy("2", limit("90")));
    desk.server.fault("POST /v2/orders", { status: 429 });
    const refused = assert.rejects(desk.broker.submitOrder(again, desk.signal), { code: "order-not-placed" });
    while (desk.server.count("POST /v2/orders") === 0) await new Promise((turn) => setImmediate(turn));
    const stopping = desk.broker.setKillSwitch("on", { origin: "palette" }, desk.signal);
    while (!(await desk.store.killSwitch("PA1", null, desk.signal))) await new Promise((turn) => setImmediate(turn));
    const order = await desk.broker.submitOrder(late, desk.signal);
    await refused;
    assert.equal((await stopping).canceled, 1);
    assert.equal(desk.server.orders.find(({ id }) => id === order.id)?.status, "canceled");
    assert.equal(desk.server.orders.length, 1);
  });

  it("cancels though it cannot be written, and says that it does not hold", async () => {
    await using desk = await Desk.connected();
    await desk.broker.submitOrder(await desk.checked(buy("1", limit("90"))), desk.signal);
    await desk.store.close();
    await assert.rejects(desk.broker.setKillSwitch("on", { origin: "palette" }, AbortSignal.timeout(3000)), {
      code: "kill-switch-not-kept",
      message: /does NOT hold/,
    });
    assert.equal(desk.server.orders[0]?.status, "canceled");
  });

  it("closes positions through a bad network, each once", async () => {
    await using desk = await Desk.connected({ retries: 0 });
    desk.server.positions.push(holding("2"));
    desk.server.fault("GET /v2/positions", { status: 503 });
    desk.server.fault("GET /v2/positions/AAPL", { status: 503 });
    const { closed } = await desk.broker.setKillSwitch("on", { origin: "palette", flatten: true }, desk.signal);
    assert.deepEqual([closed?.length, closed?.[0]?.result.placed, desk.server.orders.length], [1, true, 1]);
  });

  it("closes positions when it is told to", async () => {
    await using desk = await Desk.connected();
    desk.server.positions.push(holding("2"));
    const { closed } = await desk.broker.setKillSwitch("on", { origin: "palette", flatten: true }, desk.signal);
    assert.deepEqual(
      closed?.map(({ symbol, result }) => [symbol, result.placed]),
      [["AAPL", true]],
    );
  });
});

describe("the audit log", () => {
  it("has every order with who, why and how it ended, newest first, in pages", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(buy("1", { origin: "cell:7", why: "momentum" })), desk.signal);
    desk.server.fault("POST /v2/orders", { status: 403, body: { code: 40310000, message: "insufficient buying power" } });
    await assert.rejects(desk.broker.submitOrder(await desk.checked(buy("2", { origin: "agent" })), desk.signal));
    const rows = await desk.store.audit("PA1", { limit: 2 }, desk.signal);
    const rest = await desk.store.audit(null, { limit: 10, before: rows.at(-1)?.id as number }, desk.signal);
    assert.deepEqual(
      [...rows, ...rest].map((row) => [row.what, row.origin, row.orderId]),
      [
        ["rejected", "agent", null],
        ["begun", "agent", null],
        ["sent", "cell:7", order.id],
        ["begun", "cell:7", null],
      ],
    );
    assert.equal(rest.at(-1)?.why, "momentum");
    assert.match(rows[0]?.why as string, /insufficient buying power/);
    assert.equal(JSON.parse(rest.at(-1)?.body as string)["symbol"], "AAPL");
  });
});

describe("what else the broker reads", () => {
  it("reads calendar, assets (once), activities and portfolio history", async () => {
    await using desk = await Desk.connected();
    const { broker, signal, server } = desk;
    const [, half] = await broker.getCalendar({ from: "2026-11-25", to: "2026-11-27" }, signal);
    assert.deepEqual(half, { date: "2026-11-27", open: Date.parse("2026-11-27T14:30:00Z"), close: Date.parse("2026-11-27T18:00:00Z") });
    const [assets] = await Promise.all([broker.getAssets(signal), broker.getAssets(signal)]);
    assert.deepEqual(
      assets.map((asset) => asset.symbol),
      ["AAPL", "BRK.B"],
    );
    assert.equal(server.requests.filter((request) => request.startsWith("GET /v2/assets?")).length, 1);
    for (const qty of ["1", "2", "3"]) {
      const order = await broker.submitOrder(await desk.checked(buy(qty)), signal);
      server.fill(order.id);
    }
    const activities = await broker.getActivities({ types: ["FILL"], limit: 2 }, signal);
    assert.deepEqual(
      activities.map(({ type, fill }) => [type, fill?.qty.toFixed()]),
      [
        ["FILL", "3"],
        ["FILL", "2"],
      ],
    );
    const history = await broker.getPortfolioHistory({ period: "1W" }, signal);
    assert.deepEqual(
      history.points.map(({ at, equity, profitLoss }) => [at, equity.toFixed(), profitLoss.toFixed()]),
      [[2000, "101", "1"]],
    );
    assert.equal(server.requests.filter((request) => request.startsWith("GET /v2/assets/")).length, 1, "one look-up for three orders of one symbol");
  });
});
