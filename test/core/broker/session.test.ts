/** What a session promises of its broker, one test per promise, on real sessions and a real pool. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../src/core/base/entry.ts";
import { openSession, type Session } from "../../../src/core/session.ts";
import { Big } from "../../../src/core/base/decimal.ts";
import { Desk } from "./desk.ts";

const { signal } = new AbortController();

async function givenSession(seed: number): Promise<{ readonly session: Session; readonly home: string; [Symbol.asyncDispose](): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), "quantdesk-session-"));
  const session = await openSession({ home, front: "test", seed, ownExchange: true });
  return {
    session,
    home,
    [Symbol.asyncDispose]: async () => {
      await session.close();
      await rm(home, { recursive: true });
    },
  };
}

describe("sessions and their brokers", () => {
  it("lock exists: connecting is done under a lock, whose wait and hold times are in the debug log", async () => {
    await using desk = await Desk.open();
    await Promise.all([desk.broker.connect(desk.signal), desk.broker.connect(desk.signal)]);
    const lines = desk.lines.filter((line) => /^debug Broker lock: waited \d+\.\d ms, held \d+\.\d ms$/.test(line));
    assert.equal(lines.length, 2);
    const lock = desk.broker.metrics()?.lock;
    assert.equal(lock?.taken, 2);
    assert.ok(lock !== undefined && lock.longestHoldMs > 0 && lock.waitedMs >= lock.longestWaitMs);
  });

  it("private connected state: nobody can set it from outside", async () => {
    await using desk = await Desk.open();
    assert.throws(() => {
      (desk.broker as { state: string }).state = "connected";
    }, TypeError);
    assert.equal(desk.broker.state, "disconnected");
    assert.deepEqual(
      Object.entries(desk.broker).filter(([name, value]) => name !== "mode" && name !== "state" && typeof value !== "function"),
      [],
    );
  });

  it("connected readable: the state can be read at any time without waiting, also while connecting", async () => {
    await using desk = await Desk.open();
    const connecting = desk.broker.connect(desk.signal);
    await new Promise((turn) => setImmediate(turn));
    assert.equal(desk.broker.state, "connecting");
    await connecting;
    assert.equal(desk.broker.state, "connected");
  });

  it("pool exists: calls go over kept connections, counted by the pool", async () => {
    await using desk = await Desk.connected();
    await desk.broker.getAccount(desk.signal);
    const { open, busy, queued, requests } = desk.trading.stats();
    assert.ok(open >= 1 && open <= 10);
    assert.deepEqual([busy, queued], [0, 0]);
    assert.ok(requests >= 2);
  });

  it("no module state: no file of broker and network has a variable or collection at module level", async () => {
    for (const room of ["broker", "broker/guards", "net"]) {
      const folder = join(packageRoot(), "src", "core", room);
      for (const file of await readdir(folder)) {
        if (!file.endsWith(".ts")) continue;
        const text = await readFile(join(folder, file), "utf8");
        const state = text
          .split("\n")
          .filter((line) => /^(export )?(let|var) /.test(line) || /^(export )?const \w+ = new (Map|WeakMap|Lock|Pool|Emitter|FlightCache)\b/.test(line));
        assert.deepEqual(state, [], `${room}/${file}`);
      }
    }
  });

  it("session isolation: accounts, orders, journals and settings of two sessions do not cross", async () => {
    await using one = await givenSession(1);
    await using two = await givenSession(2);
    const [first, second] = await Promise.all([one.session.connect(signal), two.session.connect(signal)]);
    assert.notEqual(first.accountNumber, second.accountNumber);
    const heard: string[] = [];
    two.session.broker.onTradeUpdate((update) => heard.push(update.order.id));
    const placed = await one.session.placeOrder(
      { symbol: "AAPL", side: "buy", qty: new Big(1), type: "limit", limitPrice: new Big(1), timeInForce: "day", origin: "test" },
      signal,
    );
    assert.ok(placed.placed);
    assert.deepEqual(await two.session.broker.getOrders({ status: "all" }, signal), []);
    assert.deepEqual(await two.session.store.journalledOrders(null, 10, signal), []);
    assert.equal((await one.session.store.journalledOrders(null, 10, signal)).length, 1);
    await one.session.broker.setKillSwitch("on", { origin: "test" }, signal);
    assert.equal(await two.session.store.killSwitch(second.accountNumber, null, signal), false);
    await one.session.disconnect();
    assert.equal(two.session.broker.state, "connected");
    assert.deepEqual(heard, []);
  }).timeout(40_000);

  it("10 concurrent connects: one handshake, one answer", async () => {
    await using desk = await Desk.open();
    const accounts = await Promise.all(Array.from({ length: 10 }, () => desk.broker.connect(desk.signal)));
    assert.equal(new Set(accounts).size, 1);
    assert.equal(desk.server.streamSessions, 1);
  });

  it("pool performance: a hundred calls open no connection beyond those that are kept", async () => {
    await using desk = await Desk.connected();
    await Promise.all(Array.from({ length: 10 }, () => desk.broker.getAccount(desk.signal)));
    const opened = desk.server.connections;
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 10 }, () => desk.broker.getAccount(desk.signal)));
    assert.equal(desk.server.connections, opened);
    assert.ok(opened <= 11, "ten of the pool and the stream's");
  });

  it("5 concurrent calls: all are answered, each with its own", async () => {
    await using desk = await Desk.connected();
    const { broker } = desk;
    const [account, positions, position, quote, clock] = await Promise.all([
      broker.getAccount(desk.signal),
      broker.getPositions(desk.signal),
      broker.getPosition("AAPL", desk.signal),
      broker.getCurrentPrice("BRK.B", desk.signal),
      broker.getClock(desk.signal),
    ]);
    assert.deepEqual([account.accountNumber, positions, position, quote.symbol, clock.isOpen], ["PA1", [], null, "BRK.B", true]);
  });

  it("session clean-up: a closed session leaves no connection, no stream and no exchange", async () => {
    const home = await mkdtemp(join(tmpdir(), "quantdesk-session-"));
    const session = await openSession({ home, front: "test", seed: 3, ownExchange: true });
    await session.connect(signal);
    const { pid } = JSON.parse(await readFile(join(home, "exchange.json"), "utf8")) as { pid: number };
    await session.close();
    assert.equal(session.broker.state, "disconnected");
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
    await assert.rejects(session.broker.getAccount(signal));
    await rm(home, { recursive: true });
  }).timeout(40_000);
});
