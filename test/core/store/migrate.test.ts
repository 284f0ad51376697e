import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { Database } from "../../../src/core/store/database.ts";
import { MIGRATIONS } from "../../../src/core/store/schema.ts";
import { openStore } from "../../../src/core/store/store.ts";
import { Desk, buy } from "../broker/desk.ts";

const { signal } = new AbortController();
const NEXT = [...MIGRATIONS, "CREATE TABLE of_the_future (a TEXT) STRICT"];

describe("a store of another version", () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-migrate-"));
    path = join(folder, "quantdesk.sqlite");
  });
  afterEach(() => rm(folder, { recursive: true }));

  const rows = (file: string, sql: string) => {
    const db = new DatabaseSync(file);
    try {
      return db.prepare(sql).all();
    } finally {
      db.close();
    }
  };

  it("is copied before it is changed, as it was at that moment, in place of an older attempt's copy", () => {
    const old = new Database(path);
    old.addEquity("A", 1, 100);
    old.close();
    assert.throws(() => new Database(path, [...MIGRATIONS, "not SQL"]), { code: "store-not-migrated" });
    const again = new Database(path);
    again.addEquity("A", 2, 200);
    again.close();
    new Database(path, NEXT).close();
    const backup = `${path}.v${MIGRATIONS.length}.backup`;
    assert.equal(rows(backup, "SELECT * FROM equity").length, 2);
    assert.deepEqual(
      rows(backup, "PRAGMA user_version").map((row) => ({ ...row })),
      [{ user_version: MIGRATIONS.length }],
    );
    if (process.platform !== "win32") assert.equal(statSync(backup).mode & 0o777, 0o600);
  });

  it("is as it was when a step fails half-way, and says where the copy is", () => {
    const old = new Database(path);
    old.addEquity("A", 1, 100);
    old.close();
    const broken = [...MIGRATIONS, "CREATE TABLE half (a TEXT) STRICT; DELETE FROM equity; INSERT INTO nowhere VALUES (1)"];
    assert.throws(() => new Database(path, broken), {
      code: "store-not-migrated",
      message: /could not be brought to version .*nowhere/,
      hint: /\.backup is a copy/,
    });
    assert.deepEqual(rows(path, "SELECT name FROM sqlite_schema WHERE name = 'half'"), []);
    const back = new Database(path);
    assert.equal(back.readOnly, null);
    assert.equal(back.equity("A").length, 1);
    back.close();
  });

  it("is left alone while an older program has it open, also one in another process that is then killed", async function () {
    this.timeout(20_000);
    const older = new Database(path);
    assert.throws(() => new Database(path, NEXT), { code: "home-in-use", kind: "usage", hint: /older/ });
    older.close();
    const script = `import { Database } from ${JSON.stringify(new URL("../../../src/core/store/database.ts", import.meta.url))};
      const kept = new Database(${JSON.stringify(path)}); console.log("open"); setInterval(() => kept.dataVersion(), 1000);`;
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", "--input-type=module-typescript", "-e", script], {
      env: childEnv(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise((resolve) => child.once("exit", resolve));
    try {
      await Promise.race([new Promise((resolve) => child.stdout.once("data", resolve)), exited]);
      assert.throws(() => new Database(path, NEXT), { code: "home-in-use" });
    } finally {
      child.kill("SIGKILL");
      await exited;
    }
    new Database(path, NEXT).close();
    assert.equal(existsSync(`${path}.use-v${MIGRATIONS.length}`), false);
  });

  it("may be open in several programs of the same version", () => {
    const first = new Database(path);
    const second = new Database(path);
    first.close();
    second.addEquity("A", 1, 100);
    second.close();
  });

  it("that is newer is only read: looking works, results are not kept, an order is refused and a cancel goes", async () => {
    await using desk = await Desk.connected({ home: folder });
    const order = await desk.broker.submitOrder(await desk.checked(), signal);
    await desk.scope.close();
    new Database(path, NEXT).close();

    const store = await openStore(path, signal);
    assert.equal(store.readOnly?.code, "store-too-new");
    await store.addEquity("PA1", 1, 100, signal);
    assert.deepEqual((await store.dashboard("PA1", signal)).equity, []);
    assert.equal((await store.journalledOrders(null, 10, signal)).length, 1);
    await assert.rejects(store.setLimits("PA1", null, { origin: "test" }, signal), { code: "store-too-new", message: /newer Quantdesk/ });
    await store.close();

    await using older = await Desk.connected({ home: folder, server: desk.server });
    assert.equal((await older.broker.getOrders({ status: "open" }, signal)).length, 1);
    const verdict = await older.broker.check(buy("2"), signal);
    assert.equal(verdict.allowed, false);
    assert.ok(!verdict.allowed && verdict.code === "journal-unwritable" && /Update Quantdesk/.test(verdict.hint), JSON.stringify(verdict));
    assert.equal((await older.broker.cancelOrder(order.id, signal)).status, "canceled");
  });

  it("that cannot be written is shown as it stands: an order is refused with the reason, a cancel and the kill switch go", async () => {
    await using desk = await Desk.connected({ home: folder });
    const { server } = desk;
    const order = await desk.broker.submitOrder(await desk.checked(), signal);
    await desk.broker.submitOrder(await desk.checked(buy("3")), signal);
    await desk.scope.close();
    mkdirSync(`${path}-wal`); // no room for SQLite's file beside it

    await using bare = await Desk.connected({ home: folder, server });
    assert.equal(bare.store.readOnly?.code, "store-unwritable");
    assert.equal((await bare.store.journalledOrders(null, 10, signal)).length, 2);
    const verdict = await bare.broker.check(buy("2"), signal);
    assert.ok(!verdict.allowed && verdict.code === "journal-unwritable" && /cannot be written: unable to open/.test(verdict.message), JSON.stringify(verdict));
    assert.equal((await bare.broker.cancelOrder(order.id, signal)).status, "canceled");
    await assert.rejects(bare.broker.setKillSwitch("on", { origin: "test" }, signal), { code: "kill-switch-not-kept", message: /^1 orders were canceled/ });
    assert.ok(server.orders.every((one) => one.status === "canceled"));
  });
});
