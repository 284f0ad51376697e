import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newYorkDate } from "../../src/core/domain/nyse.ts";
import type { GapReport } from "../../src/core/session/gap.ts";
import { givenDesk, type Desk } from "./quantdesk.ts";

interface Run {
  readonly runHash: string;
  readonly strategy: string;
  readonly front: string;
  readonly trials: number;
  readonly codeHash?: string;
}

describe("the trial ledger from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-runs-"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });
  const withoutTime = (text: string) => text.replace(/"durationMs":[\d.e-]+/, "");

  it("answers the same request from the store, byte for byte but the time, until strategy, data or --no-cache say otherwise", async () => {
    const file = join(folder, "mine.ts");
    const strategy = (n: number) =>
      `export default { name: "mine", params: {}, signals({ length }: { length: number }) { const every = (k: number) => Uint8Array.from({ length }, (_v, i) => (i % 7 === k ? 1 : 0)); return { entries: every(${n}), exits: every(5) }; } };`;
    await writeFile(file, strategy(1));
    const args = ["backtest", "--data", "sample:sp500", "--strategy", file, "--json"];
    const [first, again] = [await desk.run(args), await desk.run(args)];
    assert.equal(first.code, 0, first.stderr);
    assert.equal(withoutTime(again.stdout), withoutTime(first.stdout));
    assert.equal(withoutTime((await desk.run([...args, "--no-cache"])).stdout), withoutTime(first.stdout));
    await writeFile(file, strategy(2));
    assert.notEqual(withoutTime((await desk.run(args)).stdout), withoutTime(first.stdout));
    const { runs } = (await desk.run(["runs", "--strategy", "mine", "--json"])).json<{ runs: readonly Run[] }>();
    assert.deepEqual(
      runs.map((run) => run.trials),
      [1, 1, 0, 1],
    );
    assert.equal(new Set(runs.map((run) => run.codeHash)).size, 2);
  });

  it("shows one run with the command that runs it again, to the same hash", async () => {
    const args = [
      "backtest",
      "--data",
      "sample:sp500",
      "--strategy",
      "breakout",
      "--params",
      "entry=30,exit=10",
      "--sizing",
      "percent:50",
      "--from",
      "2005-01-03",
      "--json",
    ];
    const { runHash } = (await desk.run(args)).json<Run>();
    const one = (await desk.run(["runs", runHash.slice(0, 10), "--json"])).json<{
      schema: string;
      runHash: string;
      again: string;
      details: { stats: object; request: { cash: number } };
    }>();
    assert.deepEqual([one.schema, one.runHash, one.details.request.cash], ["quantdesk.run/1", runHash, 10_000]);
    const again = one.again.split(" ").slice(1);
    assert.equal((await desk.run([...again, "--json"])).json<Run>().runHash, runHash);
    assert.equal((await desk.run(["runs", "ffffffffff", "--json"])).code, 2);
    assert.equal((await desk.run(["runs", "xyz", "--json"])).code, 2);
  });

  it("pages and sorts, and says how much there is", async () => {
    const all = (await desk.run(["runs", "--json"])).json<{ results: number; trials: number; runs: readonly Run[] }>();
    assert.equal(all.results, all.runs.length);
    const second = (await desk.run(["runs", "--limit", "1", "--offset", "1", "--json"])).json<{ runs: readonly Run[] }>();
    assert.deepEqual(second.runs, [all.runs[1]]);
    const best = (await desk.run(["runs", "--sort", "sharpe", "--json"]))
      .json<{ runs: ReadonlyArray<Run & { sharpe: number }> }>()
      .runs.map((run) => run.sharpe);
    assert.deepEqual(
      best,
      [...best].sort((a, b) => b - a),
    );
  });

  it("answers a batch from the store too, and counts what was", async () => {
    const file = join(folder, "batch.json");
    await writeFile(file, JSON.stringify([10, 20, 30].map((slow) => ({ data: "sample:sp500", strategy: "sma_cross", params: { fast: 5, slow } }))));
    type Batch = { succeeded: number; cached: number; avgMs: number | null; results: ReadonlyArray<{ result: object }> };
    const first = (await desk.run(["backtest", "--batch", file, "--json"])).json<Batch>();
    const again = (await desk.run(["backtest", "--batch", file, "--json"])).json<Batch>();
    assert.deepEqual([first.succeeded, first.cached, again.succeeded, again.cached], [3, 0, 3, 3]);
    assert.ok(again.avgMs !== null);
    const results = ({ results: items }: Batch) => items.map(({ result }) => ({ ...result, durationMs: 0 }));
    assert.deepEqual(results(again), results(first));
  });

  it("splits the difference between an order and the run that proposed it, to the cent", async () => {
    const { runHash } = (await desk.run(["backtest", "--data", "AAPL", "--strategy", "buy_and_hold", "--json"])).json<Run>();
    const bought = await desk.run(["buy", "AAPL", "10", "--proposed-by", `run:${runHash.slice(0, 12)}`, "--wait", "--json"]);
    assert.equal(bought.code, 0, bought.stderr);
    const { order } = bought.json<{ order: { filledAt: string } }>();
    const day = newYorkDate(Date.parse(order.filledAt));
    const ran = await desk.run(["gap", "--from", day, "--to", day, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const report = ran.json<GapReport>();
    assert.deepEqual([report.schema, report.simulated, report.runs[0]?.runHash, report.runs[0]?.symbol], ["quantdesk.gap/1", true, runHash, "AAPL"]);
    const cents = (text: string) => Math.round(Number(text) * 100);
    for (const line of [report, ...report.runs, ...report.runs.flatMap((run) => run.days)]) {
      assert.equal(
        Object.values(line.parts).reduce((sum, part) => sum + cents(part), 0),
        cents(line.difference),
      );
      assert.equal(cents(line.actual) - cents(line.backtest), cents(line.difference));
    }
    const { orders } = (await desk.run(["runs", runHash, "--json"])).json<{ orders: readonly unknown[] }>();
    assert.equal(orders.length, 1);
    const nothing = await desk.run(["gap", "--from", "2001-01-02", "--to", "2001-01-03", "--json"]);
    assert.deepEqual([nothing.code, nothing.json<{ code: string }>().code], [1, "no-fills"]);
    assert.equal((await desk.run(["gap", "--from", "2001-02-30", "--to", "2001-03-03", "--json"])).code, 2);
  });
});
