import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { MIGRATIONS } from "../../../src/core/store/schema.ts";
import type { JournalEntry, RunRow, Store } from "../../../src/core/domain/ports.ts";
import { openStore } from "../../../src/core/store/store.ts";

describe("store", () => {
  const { signal } = new AbortController();
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-store-"));
    store = await openStore(join(folder, "test.sqlite"), signal);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const run = (sharpe: number | null, at: number): RunRow => ({
    runHash: `h${at}`,
    at,
    front: "test",
    strategy: "sma_cross",
    params: "{}",
    dataset: "SP500",
    datasetHash: "x",
    sharpe,
    totalReturnPct: 1,
    maxDrawdownPct: 2,
    trades: 3,
    durationMs: 4,
    simulated: false,
  });
  const entry = (id: string, at: number, fingerprint = "f"): JournalEntry => ({ clientOrderId: id, account: "A", fingerprint, origin: "test", at, body: "{}" });

  it("ranks runs by Sharpe without the undefined ones, newest first otherwise", async () => {
    await store.addRuns([run(1, 1), run(null, 2), run(3, 3), run(-1, 4)], signal);
    const { runs, best, recent } = await store.dashboard(null, signal);
    assert.equal(runs, 4);
    assert.deepEqual(
      best.map((row) => row.sharpe),
      [3, 1, -1],
    );
    assert.deepEqual(
      recent.map((row) => row.at),
      [4, 3, 2, 1],
    );
    assert.deepEqual(recent[0], run(-1, 4));
  });

  it("counts the trials of a data set, every combination of a sweep among them", async () => {
    await store.addRuns([run(1, 1), { ...run(2, 2), front: "sweep", trials: 1000 }, { ...run(3, 3), datasetHash: "y" }], signal);
    assert.equal(await store.trialsOn("x", signal), 1001);
    assert.equal(await store.trialsOn("never seen", signal), 0);
    assert.equal((await store.dashboard(null, signal)).runs, 1002);
    assert.equal((await store.runs({ limit: 2 }, signal))[1]?.trials, 1000);
  });

  it("keeps a batch whole or not at all", async () => {
    await assert.rejects(store.addRuns([run(1, 1), { ...run(2, 2), strategy: null as unknown as string }], signal));
    assert.equal((await store.dashboard(null, signal)).runs, 0);
  });

  it("loses nothing when two write at once", async () => {
    const other = await openStore(join(folder, "test.sqlite"), signal);
    const batches = (one: Store, from: number) =>
      Array.from({ length: 10 }, (_, i) =>
        one.addRuns(
          Array.from({ length: 20 }, (_v, j) => run(1, from + i * 20 + j)),
          signal,
        ),
      );
    await Promise.all([...batches(store, 1000), ...batches(other, 2000)]);
    assert.equal((await store.runs({ limit: 1000 }, signal)).length, 400);
    assert.equal((await other.dashboard(null, signal)).statistics.results, 400);
    await other.close();
  });

  it("tells when something changed, here and in another process's connection", async () => {
    const changes: string[] = [];
    store.onChange((what) => changes.push(what));
    await store.addEquity("A", 1, 100, signal);
    assert.deepEqual(changes, ["equity"]);
    const other = await openStore(join(folder, "test.sqlite"), signal);
    const told = Promise.withResolvers<string>();
    store.onChange((what) => {
      if (what === "runs") told.resolve(what);
    });
    await other.addRuns([run(1, 1)], signal);
    assert.equal(await told.promise, "runs");
    await other.close();
  });

  it("refuses an equal intent within the window, also from another connection, unless asked again", async () => {
    const other = await openStore(join(folder, "test.sqlite"), signal);
    assert.equal(await store.journal.begin(entry("1", 1000), 5000, false, signal), "written");
    assert.equal(await other.journal.begin(entry("2", 2000), 5000, false, signal), "duplicate");
    assert.equal(await other.journal.begin(entry("3", 2000), 5000, true, signal), "written");
    assert.equal(await other.journal.begin(entry("4", 9000), 5000, false, signal), "written");
    assert.equal(await other.journal.begin(entry("5", 9000, "another"), 5000, false, signal), "written");
    await other.close();
  });

  it("forgets an intent that was never sent", async () => {
    await store.journal.begin(entry("1", 1000), 5000, false, signal);
    await store.journal.settle("1", { state: "not-sent", reason: "no network" }, signal);
    assert.equal(await store.journal.begin(entry("2", 1001), 5000, false, signal), "written");
  });

  it("never writes one client order id twice", async () => {
    await store.journal.begin(entry("1", 1000), 5000, false, signal);
    assert.equal(await store.journal.begin(entry("1", 99_000, "another"), 5000, true, signal), "duplicate");
  });

  it("refuses everything while the kill switch is on", async () => {
    assert.equal(await store.killSwitch("A", "on", signal), true);
    assert.equal(await store.journal.begin(entry("1", 1000), 5000, false, signal), "killed");
    assert.equal(await store.killSwitch("A", "off", signal), false);
    assert.equal(await store.journal.begin(entry("1", 1000), 5000, false, signal), "written");
  });

  it("says in one sentence that a file is no database", async () => {
    const path = join(folder, "text.sqlite");
    await writeFile(path, "this is no database, only text that is long enough to look like a page");
    await assert.rejects(openStore(path, signal), /cannot be opened/);
  });

  it("takes over the journal of an older version, with a copy of it beside", async () => {
    const path = join(folder, "old.sqlite");
    const old = new DatabaseSync(path);
    old.exec(`${MIGRATIONS[0]}; PRAGMA user_version = 1;`);
    old.exec(
      "INSERT INTO journal VALUES ('mine', 'A', 'f', 'cli', 1, '{}', 'sent', 'o1', NULL), ('gone', 'A', 'g', 'cli', 2, '{}', 'not-sent', NULL, 'no network')",
    );
    old.close();
    const opened = await openStore(path, signal);
    assert.deepEqual(
      (await opened.journal.unsettled("A", signal)).map((one) => [one.clientOrderId, one.state, one.orderId]),
      [["mine", "sent", "o1"]],
    );
    await opened.close();
    const backup = new DatabaseSync(`${path}.v1.backup`);
    assert.equal(backup.prepare("SELECT count(*) AS n FROM journal").get()?.["n"], 2);
    backup.close();
  });

  it("is gone after close", async () => {
    await store.close();
    await assert.rejects(store.runs({ limit: 1 }, signal), /closed/);
  });
});
