/** What happens on the web, on a phone or at the broker itself: adopted, shown, and an alarm where a person has to look. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import type { Alarm } from "../../../src/core/domain/orders.ts";
import { AlpacaServer, type WireOrder } from "./alpacaServer.ts";
import { Desk, buy, holding, sell } from "./desk.ts";

const LIMIT = { type: "limit", limitPrice: new Big(90) } as const;

function nextAlarm(desk: Desk): Promise<Alarm> {
  return new Promise((resolve) => desk.broker.onAlarm(resolve));
}

describe("orders and positions made elsewhere", () => {
  it("are adopted and shown as external, ours are not, and entries go on", async () => {
    await using desk = await Desk.connected();
    const { broker, server, signal } = desk;
    const mine = await broker.submitOrder(await desk.checked(), signal);
    await desk.post({ symbol: "BRK.B", side: "buy", qty: "2", type: "market", time_in_force: "day", client_order_id: "from the phone" });
    const marks = async () => (await broker.getOrders({ status: "all" }, signal)).map((order) => [order.clientOrderId, order.external === true]);
    assert.deepEqual(
      new Map((await marks()) as Array<[string, boolean]>),
      new Map([
        [mine.clientOrderId as string, false],
        ["from the phone", true],
      ]),
    );
    const other = server.orders.find((order) => order.client_order_id === "from the phone") as WireOrder;
    server.fill(mine.id);
    server.fill(other.id);
    await broker.waitForEnd(mine.id, signal);
    await broker.disconnect();
    await broker.connect(signal);
    assert.deepEqual(
      new Map((await broker.getPositions(signal)).map((position) => [position.symbol, position.external === true])),
      new Map([
        ["AAPL", false],
        ["BRK.B", true],
      ]),
    );
    assert.equal((await broker.getPosition("BRK.B", signal))?.external, true);
    assert.equal((await broker.getOrder(other.id, signal)).external, true);
    assert.deepEqual(await broker.getAlarms(signal), []);
    assert.equal((await broker.check(buy("2"), signal)).allowed, true);
  });

  it("are left alone by a process that ends", async () => {
    await using server = await AlpacaServer.start();
    const desk = await Desk.connected({ server });
    await desk.post({ symbol: "AAPL", side: "buy", qty: "2", type: "limit", limit_price: "90", time_in_force: "day", client_order_id: "from the phone" });
    await desk[Symbol.asyncDispose]();
    assert.equal(server.orders[0]?.status, "new");
  });
});

describe("a position that differs from the books", () => {
  it("stops what opens positions, in every process, until it is acknowledged; closing works", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-books-"));
    await using server = await AlpacaServer.start();
    try {
      const first = await Desk.connected({ home, server });
      await first.scope.close();
      server.positions.push(holding("7"));
      await using desk = await Desk.open({ home, server });
      const raised = nextAlarm(desk);
      await desk.broker.connect(desk.signal);
      const { code, symbol, message, blocksEntries } = await raised;
      assert.deepEqual([code, symbol, blocksEntries], ["books-differ", "AAPL", true]);
      assert.match(message, /The broker holds 7 AAPL, the books say 0/);
      await using other = await Desk.connected({ home, server });
      for (const each of [desk, other]) {
        const refused = await each.broker.check(buy("1", LIMIT), each.signal);
        assert.ok(!refused.allowed && refused.code === "books-differ" && /acknowledge/.test(refused.hint), JSON.stringify(refused));
      }
      assert.equal((await other.broker.check(sell("1"), other.signal)).allowed, true);
      assert.equal((await other.broker.getAlarms(other.signal)).length, 1);
      const acknowledged = await other.broker.acknowledge({ origin: "test", why: "a transfer" }, other.signal);
      assert.deepEqual(
        acknowledged.map((alarm) => alarm.code),
        ["books-differ"],
      );
      assert.equal((await desk.broker.check(buy("1", LIMIT), desk.signal)).allowed, true);
      assert.ok(
        (await desk.store.audit("PA1", { limit: 10 }, desk.signal)).some((row) => row.what === "acknowledged books-differ" && row.why === "a transfer"),
      );
      await desk.broker.disconnect();
      await desk.broker.connect(desk.signal);
      assert.deepEqual(await desk.broker.getAlarms(desk.signal), []);
    } finally {
      await rm(home, { recursive: true });
    }
  }).timeout(20_000);

  it("is followed when the broker tells of a split that explains it to the last share: shown, and nothing stops", async () => {
    await using desk = await Desk.connected();
    const { broker, server, signal } = desk;
    const mine = await broker.submitOrder(await desk.checked(buy("3")), signal);
    server.fill(mine.id);
    await broker.waitForEnd(mine.id, signal);
    const again = async () => {
      await broker.disconnect();
      await broker.connect(signal);
      return (await broker.getAlarms(signal)).map(({ code, symbol, blocksEntries }) => ({ code, symbol, blocksEntries }));
    };
    const told = { code: "split-booked", symbol: "AAPL", blocksEntries: false };
    const split = (id: string, qty: string) =>
      server.activities.push({ id, activity_type: "SPLIT", date: new Date().toISOString().slice(0, 10), symbol: "AAPL", qty, net_amount: "0" });
    // As brokers book it: what was held goes, what came of it comes.
    split("a", "-3");
    split("b", "30");
    server.positions.splice(0, 1, holding("30"));
    assert.deepEqual(await again(), [told]);
    assert.equal((await broker.check(buy("1", LIMIT), signal)).allowed, true);
    assert.equal((await broker.getPosition("AAPL", signal))?.external, undefined, "it is still ours");
    assert.deepEqual(await again(), [told], "told once");
    // 20 do not explain 27 more, and the rows of before explain nothing a second time.
    server.positions.splice(0, 1, holding("57"));
    split("c", "20");
    assert.deepEqual(await again(), [told, { code: "books-differ", symbol: "AAPL", blocksEntries: true }]);
    await broker.acknowledge({ origin: "test", why: "a transfer" }, signal);
    split("d", "-54");
    server.positions.splice(0, 1, holding("3"));
    assert.deepEqual(await again(), [told]);
    assert.equal((await desk.store.audit("PA1", { limit: 50 }, signal)).filter((row) => row.what === "split booked").length, 3);
  }).timeout(30_000);

  it("is no alarm any more once the broker is right again", async () => {
    await using desk = await Desk.connected();
    await desk.broker.disconnect();
    desk.server.positions.push(holding("7"));
    await desk.broker.connect(desk.signal);
    assert.equal((await desk.broker.getAlarms(desk.signal)).length, 1);
    await desk.broker.disconnect();
    desk.server.positions.length = 0;
    await desk.broker.connect(desk.signal);
    assert.deepEqual(await desk.broker.getAlarms(desk.signal), []);
  }).timeout(20_000);
});

describe("the stop of a position", () => {
  async function givenBracket(desk: Desk) {
    const { server, broker, signal } = desk;
    const exits = { takeProfit: { limitPrice: new Big(120) }, stopLoss: { stopPrice: new Big(80) } };
    const order = await broker.submitOrder(await desk.checked(buy("3", exits)), signal);
    const wire = server.orders[0] as WireOrder;
    const leg = (id: string, type: string): WireOrder => ({ ...wire, id, client_order_id: `exit ${id}`, type, side: "sell", status: "new", legs: null });
    const [profit, stop] = [leg("profit", "limit"), leg("stop", "stop")];
    wire.legs = [profit, stop];
    server.orders.push(profit, stop);
    server.fill(order.id);
    await broker.waitForEnd(order.id, signal);
    return { profit, stop };
  }

  it("that is canceled while the position stands is an alarm, which ends when another stop stands", async () => {
    await using desk = await Desk.connected();
    const { stop } = await givenBracket(desk);
    const raised = nextAlarm(desk);
    stop.status = "canceled";
    desk.server.emit("canceled", stop, null);
    assert.match((await raised).message, /The stop of the position in AAPL was canceled/);
    assert.equal((await desk.broker.check(buy("1", LIMIT), desk.signal)).allowed, true);
    await desk.post({ symbol: "AAPL", side: "sell", qty: "3", type: "stop", stop_price: "80", time_in_force: "gtc" });
    await desk.broker.disconnect();
    await desk.broker.connect(desk.signal);
    while ((await desk.broker.getAlarms(desk.signal)).length > 0) await new Promise((turn) => setImmediate(turn));
  }).timeout(10_000);

  it("that is canceled while nobody listens is an alarm at the next connect", async () => {
    await using desk = await Desk.connected();
    const { stop } = await givenBracket(desk);
    await desk.broker.disconnect();
    stop.status = "expired";
    const raised = nextAlarm(desk);
    await desk.broker.connect(desk.signal);
    assert.equal((await raised).code, "unprotected-position");
  }).timeout(10_000);

  it("that is canceled because the other exit has filled is none", async () => {
    await using desk = await Desk.connected();
    const { profit, stop } = await givenBracket(desk);
    desk.server.fill(profit.id);
    stop.status = "canceled";
    desk.server.emit("canceled", stop, null);
    const before = desk.server.count("GET /v2/positions/AAPL");
    while (desk.server.count("GET /v2/positions/AAPL") === before) await new Promise((turn) => setTimeout(turn, 20));
    await desk.broker.getAccount(desk.signal);
    assert.deepEqual(await desk.broker.getAlarms(desk.signal), []);
  }).timeout(10_000);
});

describe("what an open order stands on", () => {
  it("is looked at when it has stood overnight: a split, a new symbol, and a symbol that is gone are shown", async () => {
    await using desk = await Desk.connected();
    const { server, broker, signal } = desk;
    const days = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString();
    const template = { side: "buy", qty: "1", type: "limit", limit_price: "90", time_in_force: "gtc" };
    for (const symbol of ["AAPL", "BRK.B", "GONE"]) await desk.post({ ...template, symbol });
    for (const order of server.orders) order.submitted_at = days(-3);
    Object.assign(server.orders[1] as WireOrder, { symbol: "BRKB", asset_id: "BRK.B" });
    server.corporateActions = {
      forward_splits: [
        { symbol: "AAPL", ex_date: days(1).slice(0, 10), old_rate: 1, new_rate: 4 },
        { symbol: "AAPL", ex_date: days(-30).slice(0, 10), old_rate: 1, new_rate: 2 },
      ],
    };
    await broker.disconnect();
    const seen = new Map<string, Alarm>();
    const all = new Promise<void>((resolve) =>
      broker.onAlarm((alarm) => {
        seen.set(alarm.code, alarm);
        if (seen.size === 3) resolve();
      }),
    );
    await broker.connect(signal);
    await all;
    assert.match(seen.get("split")?.message ?? "", /AAPL.*a split of 4 for 1/);
    assert.match(seen.get("symbol-changed")?.message ?? "", /BRKB.* is now BRK\.B/);
    assert.match(seen.get("not-tradable")?.message ?? "", /no longer knows GONE/);
    assert.equal((await broker.check(buy("1", LIMIT), signal)).allowed, true, "they are shown and stop nothing");
  });
});
