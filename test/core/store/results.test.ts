/** The file of results when something is wrong with it, and what it keeps for later. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { KeptCombinations, NewRun } from "../../../src/core/domain/ports.ts";
import { SWEEP_FIGURES, type SweepFigures } from "../../../src/core/domain/sweep.ts";
import { ResultsFile } from "../../../src/core/store/resultsFile.ts";
import { MIGRATIONS } from "../../../src/core/store/schema.ts";

describe("the file of results", () => {
  let folder: string;
  let path: string;
  let before: string;
  let warnings: string[];
  let open: ResultsFile[];
  const given = () => {
    const file = new ResultsFile({ path, before, warn: (sentence) => warnings.push(sentence) });
    open.push(file);
    return file;
  };
  const run = (hash: string, more: Partial<NewRun> = {}): NewRun => ({
    runHash: hash,
    at: 1,
    front: "test",
    strategy: "sma_cross",
    params: "{}",
    dataset: "SP500",
    datasetHash: "x",
    sharpe: 1,
    totalReturnPct: 1,
    maxDrawdownPct: 2,
    trades: 3,
    durationMs: 4,
    simulated: false,
    ...more,
  });
  const hashesIn = (file: ResultsFile) => file.use(({ runs }) => runs.find({})).map((row) => row.runHash);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-results-"));
    path = join(folder, "results.sqlite");
    before = join(folder, "before.sqlite");
    warnings = [];
    open = [];
  });
  afterEach(async () => {
    for (const file of open) file.close();
    await rm(folder, { recursive: true });
  });

  it("that cannot be written is read as it stands, and written again once that goes", async () => {
    const first = given();
    first.addRuns([run("a")]);
    first.close();
    await mkdir(`${path}-wal`); // no room for SQLite's file beside it
    const file = given();
    assert.deepEqual(hashesIn(file), ["a"]);
    file.addRuns([run("b")]);
    assert.match(warnings.join(), /1 result waits in .*cannot be read or written/);
    assert.deepEqual(hashesIn(file), ["a"]);
    await rm(`${path}-wal`, { recursive: true });
    file.addRuns([run("c")]);
    assert.deepEqual(hashesIn(file).sort(), ["a", "b", "c"]);
  });

  it("is set aside when it is damaged, whole and with one sentence, and begun anew", async () => {
    const garbage = "this was a database once, and is none any more, however long one looks at it";
    await writeFile(path, garbage);
    const file = given();
    file.addRuns([run("a")]);
    assert.deepEqual(hashesIn(file), ["a"]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] as string, /results\.sqlite is damaged .*set aside as .*damaged-/);
    const [aside] = (await readdir(folder)).filter((name) => name.includes(".damaged-"));
    assert.equal(await readFile(join(folder, aside as string), "utf8"), garbage);
  });

  it("that another program has locked costs a sentence; what was to be stored is stored once it is free, and once", async function () {
    this.timeout(15_000);
    const first = given();
    first.addRuns([run("a")]);
    first.close();
    const other = new DatabaseSync(path);
    other.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const file = given();
    file.addRuns([run("b"), run("c")]);
    assert.match(warnings.join("\n"), /^2 results wait in .*spool: .*is locked by another program\.$/);
    assert.throws(() => hashesIn(file), { code: "store-locked" });
    other.close();
    file.addRuns([run("d")]);
    assert.deepEqual(hashesIn(file).sort(), ["a", "b", "c", "d"]);
    assert.deepEqual(await readdir(`${path}.spool`), []);
    file.replay();
    assert.equal(hashesIn(file).length, 4);
  });

  it("takes a batch that was put off once, though its file could not be taken away", async () => {
    const file = given();
    await writeFile(join(folder, "x"), "");
    file.addRuns([run("a")]);
    const spooled = JSON.stringify([run("late")]);
    await mkdir(`${path}.spool`);
    for (let time = 0; time < 2; time++) {
      await writeFile(join(`${path}.spool`, "000000000000001-one.json"), spooled);
      given().replay();
    }
    assert.deepEqual(hashesIn(file).sort(), ["a", "late"]);
  });

  it("leaves a spooled file that it cannot read where it is, and says so", async () => {
    await mkdir(`${path}.spool`);
    await writeFile(join(`${path}.spool`, "000000000000001-bad.json"), "{ half");
    await writeFile(join(`${path}.spool`, "000000000000002-good.json"), JSON.stringify([run("good")]));
    const file = given();
    file.replay();
    assert.deepEqual(hashesIn(file), ["good"]);
    assert.deepEqual(await readdir(`${path}.spool`), ["000000000000001-bad.json.unreadable"]);
    assert.match(warnings.join("\n"), /bad\.json.*cannot be read/);
  });

  it("rolls back a batch whose last row does not fit, and does not spool it", async () => {
    const file = given();
    assert.throws(() => file.addRuns([run("a"), run("b", { strategy: null as unknown as string })]), { code: "store-unsound" });
    assert.deepEqual(hashesIn(file), []);
    assert.equal(file.use(({ runs }) => runs.dashboard()).statistics.results, 0);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.includes("spool")),
      [],
    );
  });

  it("takes over the ledger of an earlier version, which is left as it was", () => {
    const old = new DatabaseSync(before);
    old.exec(MIGRATIONS.join("\n"));
    old.exec(
      "INSERT INTO runs (run_hash, at, front, strategy, params, dataset, dataset_hash, sharpe, total_return_pct, max_drawdown_pct, trades, duration_ms, simulated, trials) VALUES ('old', 5, 'cli', 's', '{}', 'd', 'x', 2.5, 1, 1, 1, 1, 0, 7)",
    );
    old.close();
    const file = given();
    assert.deepEqual(hashesIn(file), ["old"]);
    assert.equal(
      file.use(({ runs }) => runs.trialsOn("x")),
      7,
    );
    file.close();
    assert.deepEqual(hashesIn(given()), ["old"]);
  });

  it("keeps totals that equal what counting would give", () => {
    const file = given();
    const rows = [run("a", { sharpe: null, totalReturnPct: -1 }), run("b", { sharpe: 3, trials: 10 }), run("c", { sharpe: -1, durationMs: 10 })];
    file.addRuns(rows);
    const { statistics, runs } = file.use((tables) => tables.runs.dashboard());
    assert.deepEqual(statistics, { results: 3, trials: 12, withSharpe: 2, meanSharpe: 1, bestSharpe: 3, profitable: 2, meanDurationMs: 6 });
    assert.equal(runs, 12);
  });

  it("ranks different runs: one that was repeated is one of the best once", () => {
    const file = given();
    file.addRuns([...Array.from({ length: 30 }, () => run("again", { sharpe: 9 })), ...Array.from({ length: 12 }, (_, i) => run(`r${i}`, { sharpe: i / 10 }))]);
    const best = file.use(({ runs }) => runs.dashboard()).best;
    assert.deepEqual([best.length, best[0]?.runHash, best[1]?.runHash, best[9]?.runHash], [10, "again", "r11", "r3"]);
  });

  it("finds runs by strategy, data, front and the beginning of a hash, in pages", () => {
    const file = given();
    file.addRuns([
      run("abc001", { at: 1, strategy: "one" }),
      run("abc002", { at: 2, strategy: "two", dataset: "GOOG", datasetHash: "g", sharpe: 5 }),
      run("def003", { at: 3, strategy: "two", front: "sweep", sharpe: null }),
    ]);
    const found = (query: Parameters<Parameters<ResultsFile["use"]>[0]>[0]["runs"]["find"] extends (query: infer Q) => unknown ? Q : never) =>
      file.use(({ runs }) => runs.find(query)).map((row) => row.runHash);
    assert.deepEqual(found({ strategy: "two" }), ["def003", "abc002"]);
    assert.deepEqual(found({ data: "GOOG" }), ["abc002"]);
    assert.deepEqual(found({ data: "g" }), ["abc002"]);
    assert.deepEqual(found({ front: "sweep" }), ["def003"]);
    assert.deepEqual(found({ sort: "sharpe" }), ["abc002", "abc001"]);
    assert.deepEqual(found({ limit: 1, offset: 1 }), ["abc002"]);
    assert.deepEqual(
      file.use(({ runs }) => runs.byHash("abc0")).map((row) => row.runHash),
      ["abc002", "abc001"],
    );
  });

  it("keeps what was read once, links only to the web, shows the newest", () => {
    const file = given();
    const item = { kind: "news", title: "A", url: "https://example.com/a", source: "Wire", symbols: ["AAPL"], at: 1, readBy: "news_momentum" } as const;
    const added = file.change(({ sources }) =>
      sources.add([item, { ...item, readBy: "analyst" }, { ...item, url: "javascript:alert(1)", title: "B", at: 2 }, { ...item, url: "", title: "B", at: 3 }]),
    );
    assert.equal(added, 2);
    assert.deepEqual(
      file.use(({ sources }) => sources.latest()).map(({ title, url }) => [title, url]),
      [
        ["B", ""],
        ["A", "https://example.com/a"],
      ],
    );
  });

  it("gives combinations back as they were kept, those of several sweeps together", () => {
    const file = given();
    const kept = (names: readonly string[], params: readonly number[][], sharpe: readonly number[]): KeptCombinations => ({
      key: "k",
      at: sharpe.length,
      strategy: "s",
      dataset: "d",
      datasetHash: "x",
      fixed: { slow: 50 },
      combinations: {
        names,
        params: params.map((column) => Float64Array.from(column)),
        ...(Object.fromEntries(SWEEP_FIGURES.map((name) => [name, Float64Array.from(sharpe)])) as unknown as SweepFigures),
        blocks: Float64Array.from(sharpe.flatMap((value) => [value, -value])),
      },
    });
    file.change(({ cache }) => cache.keepCombinations(kept(["a", "b"], [[1], [2]], [0.5])));
    file.change(({ cache }) =>
      cache.keepCombinations(
        kept(
          ["b", "a"],
          [
            [20, 30],
            [10, 11],
          ],
          [Number.NaN, 0.7],
        ),
      ),
    );
    const known = file.use(({ cache }) => cache.combinations("k"));
    assert.deepEqual(
      known?.names.map((name, at) => [name, [...(known.params[at] as Float64Array)]]),
      [
        ["b", [20, 30, 2]],
        ["a", [10, 11, 1]],
      ],
    );
    assert.deepEqual([...(known?.sharpe ?? [])], [Number.NaN, 0.7, 0.5]);
    assert.deepEqual([...(known?.blocks ?? [])], [Number.NaN, Number.NaN, 0.7, -0.7, 0.5, -0.5]);
    assert.equal(
      file.use(({ cache }) => cache.combinations("other")),
      null,
    );
    assert.equal(file.use(({ cache }) => cache.neighbourhood("s", "x")).length, 2);
    assert.equal(file.use(({ cache }) => cache.neighbourhood("s", "y")).length, 0);
  });
});
