import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SensitivityReport } from "../../src/core/session/sensitivity.ts";
import type { SweepResult } from "../../src/core/domain/sweep.ts";
import type { WalkForwardResult } from "../../src/core/domain/walkForward.ts";
import { givenDesk, type Desk } from "./quantdesk.ts";

describe("a sweep from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-sweep-"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });
  const SWEEP = ["sweep", "--data", "sample:sp500", "--strategy", "sma_cross"];
  const GRID = ["--grid", "fast=5:25:5,slow=20:100:20", "--where", "fast < slow"];

  it("finds the best combination, whose backtest gives the same figures, and counts every trial", async () => {
    const ran = await desk.run([...SWEEP, ...GRID, "--fee-rate", "0.001", "--top", "3", "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const result = ran.json<SweepResult>();
    assert.equal(result.schema, "quantdesk.sweep/1");
    assert.deepEqual(
      [result.combinations, result.run, result.succeeded, result.failed, result.timedOut, result.cached, result.cancelled],
      [23, 23, 23, 0, 0, 0, 0],
    );
    assert.equal(result.best.length, 3);
    assert.ok(result.workers >= 1 && result.durationMs > 0 && result.throughput > 0);
    assert.ok(result.pbo !== null && result.best[0]!.deflatedSharpe !== null);
    assert.equal(result.trialsCounted, 23);
    const [best] = result.best;
    const params = Object.entries(best!.params)
      .map(([name, value]) => `${name}=${value}`)
      .join(",");
    const single = await desk.run(["backtest", "--data", "sample:sp500", "--strategy", "sma_cross", "--params", params, "--fee-rate", "0.001", "--json"]);
    assert.deepEqual(single.json<{ stats: unknown }>().stats, best!.stats);
    const again = (await desk.run([...SWEEP, ...GRID, "--json"])).json<SweepResult>();
    assert.equal(again.trialsCounted, 23 + 1 + 23);
  });

  it("answers combinations that were run before from the store, with the same figures, and counts them once", async () => {
    const sweep = async (grid: string) =>
      (await desk.run(["sweep", "--data", "sample:sp500", "--strategy", "ema_cross", "--grid", grid, "--where", "fast < slow", "--json"])).json<SweepResult>();
    const first = await sweep("fast=5:20:5,slow=30:60:10");
    const again = await sweep("slow=30:60:10,fast=5:20:5");
    assert.deepEqual([first.cached, again.cached, again.run], [0, 16, 16]);
    assert.equal(again.trialsCounted, first.trialsCounted);
    assert.ok(first.pbo !== null);
    assert.deepEqual(
      [again.pbo === null, again.luckSharpe, again.best.map(({ stats, deflatedSharpe }) => ({ stats, deflatedSharpe }))],
      [false, first.luckSharpe, first.best.map(({ stats, deflatedSharpe }) => ({ stats, deflatedSharpe }))],
    );
    const wider = await sweep("fast=5:25:5,slow=30:60:10");
    assert.deepEqual([wider.run, wider.cached, wider.trialsCounted], [20, 16, first.trialsCounted + 4]);
  });

  it("says in words what chance gives, and draws a page that needs no network", async () => {
    const page = join(folder, "heat.html");
    const ran = await desk.run(["sweep", "--data", "sample:simulated", "--strategy", "breakout", "--grid", "entry=10|20|40,exit=5:20:5", "--heatmap", page]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, /SIMULATED breakout/);
    assert.match(ran.stderr, /trials on these prices, a Sharpe ratio of [\d.]+ is what chance gives/);
    assert.match(ran.stdout, /^Parameters +Sharpe +Not luck/);
    const html = await readFile(page, "utf8");
    assert.match(html, /SIMULATED/);
    assert.doesNotMatch(html, /(src|href)="?https?:/);
  });

  it("runs a strategy file, and names the combinations that fail", async () => {
    const file = join(folder, "odd.ts");
    await writeFile(
      file,
      `export default { name: "odd", params: { n: { default: 1 } }, signals({ length }: { length: number }, { n }: { n: number }) {
         if (n % 2 === 0) throw new Error("not an odd number");
         return { entries: new Uint8Array(length).fill(1), exits: new Uint8Array(length) }; } };`,
    );
    const args = ["sweep", "--data", "sample:simulated", "--strategy", file, "--grid", "n=1:4", "--json"];
    const ran = await desk.run(args);
    assert.equal(ran.code, 0, ran.stderr);
    const result = ran.json<SweepResult>();
    assert.deepEqual([result.succeeded, result.failed, result.simulated], [2, 2, true]);
    assert.match(result.failures[0]!.message, /odd\.ts:2.*not an odd number/);
    assert.equal((await desk.run([...args, "--strict"])).code, 1);
    assert.equal((await desk.run(["sweep", "--data", "sample:simulated", "--strategy", file, "--grid", "n=2|4", "--json"])).code, 1);
  });

  it("refuses what it cannot read, and what is not there yet, before anything runs", async () => {
    const refused = async (args: readonly string[], message: RegExp) => {
      const ran = await desk.run([...args, "--json"]);
      assert.equal(ran.code, 2, ran.stderr);
      assert.match(ran.stderr, message);
    };
    await refused(SWEEP, /sweep needs --grid/);
    await refused([...SWEEP, "--grid", "fast=5:2"], /ends before it begins/);
    await refused([...SWEEP, "--grid", "fsat=5:20"], /Did you mean fast/);
    await refused([...SWEEP, ...GRID.slice(0, 2), "--where", "fast << slow"], /cannot be read/);
    await refused([...SWEEP, ...GRID, "--trials", "5"], /--method random/);
    await refused([...SWEEP, ...GRID, "--method", "tpe", "--trials", "0"], /--trials is "0"/);
    await refused([...SWEEP, "--grid", "fast=5:6", "--method", "tpe", "--where", "fast > 9"], /No combination that was drawn meets "fast > 9"/);
    await refused([...SWEEP, "--grid", "fast=1:1000000:1,slow=1:1000000:1"], /has 1000000 values, more than 100000/);
    await refused([...SWEEP, "--grid", "fast=1:10000,slow=1:10000"], /100,000,000 combinations; at most 1,000,000/);
    await refused([...SWEEP, ...GRID, "--executor", "bullmq"], /not there yet/);
  });
});

describe("what past sweeps say from the terminal", function () {
  this.timeout(60_000);

  it("is nothing before the first sweep, then each parameter's line with its neighbours", async () => {
    const desk = await givenDesk();
    try {
      const args = ["sensitivity", "--strategy", "sma_cross", "--params", "fast=10,slow=50", "--json"];
      const before = await desk.run(args);
      assert.deepEqual([before.code, before.json<{ parameters: readonly unknown[] }>().parameters], [0, []]);
      await desk.run(["sweep", "--data", "sample:sp500", "--strategy", "sma_cross", "--grid", "fast=5|10|15,slow=50|100"]);
      const { schema, parameters } = (await desk.run(args)).json<SensitivityReport>();
      assert.equal(schema, "quantdesk.sensitivity/1");
      assert.deepEqual(
        parameters.map(({ name, value, tried, wasTried, values, dataset }) => [name, value, tried, wasTried, values.length, dataset]),
        [
          ["fast", 10, 6, true, 3, "sample:sp500"],
          ["slow", 50, 6, true, 2, "sample:sp500"],
        ],
      );
      const alone = (await desk.run(["backtest", "--data", "sample:sp500", "--strategy", "sma_cross", "--params", "fast=10,slow=50", "--json"])).json<{
        stats: { sharpe: number };
      }>();
      assert.ok(Math.abs((parameters[0]?.sharpe ?? 0) - alone.stats.sharpe) < 1e-9);
      assert.equal((await desk.run(["sensitivity", "--strategy", "sma_cross", "--params", "fist=1", "--json"])).code, 2);
    } finally {
      await desk.end();
    }
  });
});

describe("a walk-forward analysis from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-walk-"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });
  const WALK = ["walk-forward", "--data", "sample:sp500", "--strategy", "sma_cross", "--grid", "fast=5|20,slow=50|100"];

  it("prints one document, writes a page, and is counted in the trial ledger", async () => {
    const page = join(folder, "walk.html");
    const ran = await desk.run([...WALK, "--train", "5y", "--test", "2y", "--anchored", "--equity", "--report", page, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const result = ran.json<WalkForwardResult & { equity: unknown[] }>();
    assert.equal(result.schema, "quantdesk.walk-forward/1");
    assert.deepEqual([result.windows.length, result.run, result.anchored], [8, 32, true]);
    assert.ok(result.equity.length > 3000 && result.stats !== null);
    assert.match(await readFile(page, "utf8"), /WALK-FORWARD/);
    const { runs } = (await desk.run(["runs", "--json"])).json<{ runs: ReadonlyArray<{ front: string; trials?: number }> }>();
    assert.equal(runs[0]!.front, "walk-forward");
    const people = await desk.run([...WALK, "--train", "5y", "--test", "5y"]);
    assert.match(people.stdout, /^Tested from/);
    assert.match(people.stderr, /test windows after 16 backtests in training/);
  });

  it("refuses what makes no windows before anything runs", async () => {
    for (const [flags, message] of [
      [["--train", "2y"], /needs --test/],
      [["--test", "2y"], /needs --train/],
      [["--train", "ten", "--test", "2y"], /train is "ten"/],
      [["--train", "100y", "--test", "2y"], /leaves none of the/],
      [["--train", "2y", "--test", "1y", "--from", "2019-01-01", "--to", "2019-02-01"], /leaves none of the/],
    ] as const) {
      const ran = await desk.run([...WALK, ...flags, "--json"]);
      assert.equal(ran.code, 2, ran.stderr);
      assert.match(ran.stderr, message);
    }
  });
});
