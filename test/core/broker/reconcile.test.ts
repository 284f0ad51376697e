/** What a broker finds out when it connects: orders and fills of others, of dead processes, and of times when nobody listened. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientOrderId, TradeUpdate } from "../../../src/core/domain/orders.ts";
import type { JournalEntry } from "../../../src/core/domain/ports.ts";
import { Desk, buy } from "./desk.ts";

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.once("exit", resolve));
  return child.pid as number;
}

const entry = (id: string, owner: string, at: number): JournalEntry => ({
  clientOrderId: id,
  account: "PA1",
  fingerprint: id,
  origin: "test",
  at,
  body: "{}",
  owner,
});

const until = async (desk: Desk, happened: () => boolean) => {
  while (!happened()) {
    desk.signal.throwIfAborted();
    await new Promise((turn) => setTimeout(turn, 5));
  }
};

describe("reconciling the journal", () => {
  it("finds the order that a killed process had sent, and settles the entry of one that never left", async () => {
    await using desk = await Desk.open();
    const pid = await deadPid();
    const long = Date.now() - 40_000;
    for (const id of ["landed", "lost"]) await desk.store.journal.begin(entry(id, `${pid}/x`, long), 0, true, desk.signal);
    await desk.post({ symbol: "AAPL", qty: "1", side: "buy", type: "market", time_in_force: "day", client_order_id: "landed" });
    await desk.broker.connect(desk.signal);
    const entries = await desk.entries();
    const byId = entries.toSorted((a, b) => a.clientOrderId.localeCompare(b.clientOrderId));
    assert.deepEqual(
      byId.map((one) => [one.clientOrderId, one.state, one.orderId, one.status]),
      [
        ["landed", "sent", desk.server.orders[0]?.id, "new"],
        ["lost", "not-sent", null, null],
      ],
    );
    assert.equal(desk.server.orders.length, 1, "nothing is sent by itself");
  });

  it("leaves an entry alone whose process lives, and one that may still be under way", async () => {
    await using desk = await Desk.open();
    await desk.store.journal.begin(entry("theirs", `${process.ppid}/x`, Date.now() - 40_000), 0, true, desk.signal);
    await desk.store.journal.begin(entry("young", `${await deadPid()}/x`, Date.now()), 0, true, desk.signal);
    await desk.broker.connect(desk.signal);
    assert.deepEqual(
      (await desk.entries()).map((one) => one.state),
      ["begun", "begun"],
    );
    assert.equal(desk.server.count("GET /v2/orders:by_client_order_id"), 1, "a living one's is not even asked for");
  });

  it("lets the same intent go on under its id when its process died over it", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-again-"));
    try {
      await using desk = await Desk.connected({ home });
      const mine = "mine" as ClientOrderId;
      const verdict = await desk.broker.check(buy("1", { clientOrderId: mine }), desk.signal);
      assert.ok(verdict.allowed);
      const twice = await desk.broker.check(buy("1", { clientOrderId: mine }), desk.signal);
      assert.equal(twice.allowed ? "" : twice.code, "duplicate-intent", "it is under way here");
      await desk.store.journal.settle(mine, { state: "not-sent" }, desk.signal);
      const order = await desk.broker.submitOrder(await desk.checked(buy("1", { clientOrderId: mine })), desk.signal);
      assert.deepEqual([order.clientOrderId, desk.server.orders.length], [mine, 1]);
      const again = await desk.broker.check(buy("1", { clientOrderId: mine, again: true }), desk.signal);
      assert.equal(again.allowed ? "" : again.code, "duplicate-intent", "what was sent is never sent again");
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("learns the fills of an order whose process has ended, tells of them once, and keeps them", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-fills-"));
    try {
      await using first = await Desk.connected({ home });
      const order = await first.broker.submitOrder(await first.checked(), first.signal);
      await first.broker.disconnect();
      first.server.fill(order.id, { silently: true });
      await using second = await Desk.open({ home, server: first.server });
      const updates: TradeUpdate[] = [];
      second.broker.onTradeUpdate((update) => updates.push(update));
      await second.broker.connect(second.signal);
      assert.deepEqual(
        updates.map(({ event, qty, price, order: { id, status } }) => [event, qty?.toFixed(), price?.toFixed(), id, status]),
        [["fill", "1", "100.1", order.id, "filled"]],
      );
      first.server.cutStreams();
      await until(second, () => second.broker.state === "stale");
      await second.broker.connect(second.signal);
      assert.equal(updates.length, 1);
      const [fill] = await second.store.fills("PA1", { limit: 10 }, second.signal);
      assert.deepEqual([fill?.orderId, fill?.qty, fill?.price, fill?.cumQty], [order.id, "1", "100.1", "1"]);
      assert.deepEqual(
        (await second.entries()).map((one) => [one.status, one.filledQty]),
        [["filled", "1"]],
      );
    } finally {
      await rm(home, { recursive: true });
    }
  });

  it("keeps one fill that stream and activities name alike or differently", async () => {
    await using desk = await Desk.connected();
    const told: string[] = [];
    desk.broker.onTradeUpdate((update) => told.push(`${update.event} ${update.qty?.toFixed()}`));
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    desk.server.fill(order.id);
    await until(desk, () => told.length > 0);
    const [activity] = desk.server.activities;
    Object.assign(activity as object, { id: "20261120150000000::another-name" });
    desk.server.cutStreams();
    await until(desk, () => desk.broker.state === "stale");
    await desk.broker.connect(desk.signal);
    assert.deepEqual(told, ["fill 1"]);
    assert.equal((await desk.store.fills("PA1", { limit: 10 }, desk.signal)).length, 1);
  });

  it("tells of orders made elsewhere, which are in no journal", async () => {
    await using desk = await Desk.connected();
    const told: string[] = [];
    desk.broker.onTradeUpdate((update) => told.push(`${update.event} ${update.order.clientOrderId}`));
    await desk.post({ symbol: "AAPL", qty: "2", side: "buy", type: "market", time_in_force: "day", client_order_id: "by-phone" });
    desk.server.fill(desk.server.orders[0]?.id as string);
    await until(desk, () => told.length > 0);
    assert.deepEqual(told, ["fill by-phone"]);
    assert.deepEqual(await desk.entries(), []);
  });

  it("cuts a stream that is mute though its connection lives, and learns what it kept back", async () => {
    await using desk = await Desk.connected({ askEveryMs: 50 });
    const states: string[] = [];
    desk.broker.onState((state) => states.push(state));
    const told: string[] = [];
    desk.broker.onTradeUpdate((update) => told.push(`${update.event} ${update.qty?.toFixed()}`));
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    desk.server.fill(order.id, { silently: true }); // the socket stays open and answers pings
    await until(desk, () => states.includes("connected"));
    assert.deepEqual(states, ["stale", "connected"]);
    assert.deepEqual(told, ["fill 1"]);
    assert.equal((await desk.store.fills("PA1", { limit: 10 }, desk.signal)).length, 1);
  });

  it("takes the stream's word for an order whose answer never comes", async () => {
    await using desk = await Desk.connected();
    desk.server.fault("POST /v2/orders", { announceOnly: true });
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    assert.deepEqual(
      desk.server.orders.map((one) => one.id),
      [order.id],
    );
    assert.equal(desk.server.count("GET /v2/orders:by_client_order_id"), 0);
  });

  it("asks beside a call whose answer never comes when the stream says nothing either", async () => {
    await using desk = await Desk.connected();
    desk.server.fault("POST /v2/orders", "keep-answer");
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    assert.equal(order.id, desk.server.orders[0]?.id);
    assert.deepEqual(desk.server.bodies.length, 1, "sent once");
  });

  it("does not send an order that was checked by a connection before", async () => {
    await using desk = await Desk.connected();
    await using other = await Desk.connected({ server: desk.server });
    const checked = await other.checked();
    await assert.rejects(desk.broker.submitOrder(checked, desk.signal), { code: "order-not-placed" });
    assert.equal(desk.server.orders.length, 0);
  });

  it("refuses a key that belongs to another account than before while orders of that one are open", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
    await desk.broker.disconnect();
    desk.server.account = { ...desk.server.account, account_number: "PA2" };
    await assert.rejects(desk.broker.connect(desk.signal), { code: "account-changed", kind: "refused" });
    desk.server.account = { ...desk.server.account, account_number: "PA1" };
    await desk.broker.connect(desk.signal);
    await desk.broker.cancelOrder(order.id, desk.signal);
    await desk.broker.disconnect();
    desk.server.account = { ...desk.server.account, account_number: "PA2" };
    assert.equal((await desk.broker.connect(desk.signal)).accountNumber, "PA2", "nothing is open there any more");
  });
});
