/** Sweeps through the real compute process. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBacktester } from "../../../../src/core/backtest/backtester.ts";
import { runBacktest } from "../../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../../src/core/backtest/strategies/builtin.ts";
import { logTo } from "../../../../src/core/base/log.ts";
import type { BacktestRequest } from "../../../../src/core/domain/backtest.ts";
import type { Dataset } from "../../../../src/core/domain/bars.ts";
import type { Backtester } from "../../../../src/core/domain/ports.ts";
import { SWEEP_FIGURES, SWEEP_STATUS, type Sweep, type SweepColumns, type SweepRequest } from "../../../../src/core/domain/sweep.ts";
import { dataset, request, sp500 } from "../givenBars.ts";

const FILES = {
  "cross.ts": `import { defineStrategy } from "quantdesk";
export default defineStrategy({ name: "mine", params: { fast: { default: 10, min: 1, integer: true }, slow: { default: 20, min: 1, integer: true } },
  signals: ({ close, sma, crossOver, crossUnder }, { fast, slow }) => ({ entries: crossOver(sma(close, fast), sma(close, slow)), exits: crossUnder(sma(close, fast), sma(close, slow)) }) });`,
  "endless.ts": `export default { name: "endless", params: { n: { default: 1 } }, signals({ length }, { n }) { while (n === 3); return { entries: new Uint8Array(length), exits: new Uint8Array(length) }; } };`,
  "throws.ts": `export default { name: "throws", params: { n: { default: 1 } }, signals({ length }, { n }) { if (n === 2) throw new RangeError("no twos"); return { entries: new Uint8Array(length), exits: new Uint8Array(length) }; } };`,
  "exits.ts": `export default { name: "exits", params: { n: { default: 1 } }, signals({ length }, { n }) { if (n === 2) process.exit(0); return { entries: new Uint8Array(length), exits: new Uint8Array(length) }; } };`,
  "slow.ts": `export default { name: "slow", params: { n: { default: 1 } }, signals({ length }) { const end = performance.now() + 1500; while (performance.now() < end); return { entries: new Uint8Array(length), exits: new Uint8Array(length) }; } };`,
  "killer.ts": `export default { name: "killer", params: { n: { default: 1 } }, signals({ length }, { n }) { if (n === 4) process.kill(process.pid, "SIGKILL"); return { entries: new Uint8Array(length), exits: new Uint8Array(length) }; } };`,
};

describe("a sweep", () => {
  const { signal } = new AbortController();
  const data = sp500();
  const warnings: string[] = [];
  let folder: string;
  let backtester: Backtester;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-sweep-"));
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
    backtester = createBacktester({ workers: 2, timeoutMs: 20_000, log: logTo((level, line) => void (level === "warn" && warnings.push(line))) });
    backtester.register("sp500", data);
  });
  after(async () => {
    await backtester.close();
    await rm(folder, { recursive: true });
  });

  const sweep = (change: Partial<SweepRequest> & Pick<SweepRequest, "grid">, name = "sma_cross"): SweepRequest => ({
    request: request({
      strategy: name.endsWith(".ts") ? { kind: "file", path: join(folder, name) } : { kind: "builtin", name },
      data: "sp500",
      costs: { feeRate: 0.001, slippageBps: 5 },
    }),
    earlierTrials: 0,
    ...change,
  });

  const GRID = { grid: "fast=2:20:3,slow=10:60:10", where: "fast < slow" };

  for (const [strategy, grid] of Object.entries({
    sma_cross: GRID.grid,
    ema_cross: GRID.grid,
    rsi_reversion: "period=5|14,low=20:40:10,high=60:80:10",
    breakout: "entry=10:50:10,exit=5:25:5",
    momentum: "lookback=20|50|100",
    macd: "fast=5|12,slow=20|26,signal=5|9",
    bollinger: "period=10|20,width=1|2",
    zscore: "period=10|30,entry=-2|-1,exit=0|0.5",
    turn_of_month: "before=2|4,after=1|3",
  })) {
    it(`of ${strategy} says of every combination what a backtest says`, async () => {
      const { result, columns } = await backtester.sweep(sweep({ grid }, strategy), {}, signal);
      assert.equal(result.succeeded, result.combinations);
      assert.match(result.how, /^by tables/);
      same(columns, sweep({ grid }, strategy).request, strategy, data);
      const sharpes = result.best.map(({ stats }) => stats.sharpe ?? Number.NEGATIVE_INFINITY);
      assert.deepEqual(
        sharpes,
        sharpes.toSorted((a, b) => b - a),
      );
      assert.equal(result.best.length, Math.min(20, result.combinations));
      assert.deepEqual(warnings, []);
    });
  }

  it("says what a backtest says where the tables are too coarse, beside a bad tick", async () => {
    const { series } = sp500();
    for (let t = 0; t < series.close.length; t++)
      for (const name of ["open", "high", "low", "close"] as const) series[name][t] = (t < 3 ? 1 : 900) * (1 + 1e-6 * Math.log(series[name][t]!));
    const tick = dataset("tick", series);
    backtester.register("tick", tick);
    const request = { ...sweep(GRID).request, data: "tick" };
    const { result, columns } = await backtester.sweep({ ...sweep(GRID), request }, {}, signal);
    assert.equal(result.succeeded, result.combinations);
    assert.match(result.how, /^by tables/);
    same(columns, request, "sma_cross", tick);
    assert.deepEqual(warnings, []);
  });

  it("of a strategy file gives the figures of the built-in one, and the same doubts", async () => {
    const ours = await backtester.sweep(sweep(GRID), {}, signal);
    const theirs = await backtester.sweep(sweep(GRID, "cross.ts"), {}, signal);
    assert.match(theirs.result.how, /^by tables: signals as bits/);
    assert.equal(theirs.result.strategy, "mine");
    const rounded = (best: Sweep["result"]["best"]) => best.map((row) => ({ ...row, deflatedSharpe: row.deflatedSharpe?.toFixed(9) }));
    assert.deepEqual(rounded(theirs.result.best), rounded(ours.result.best));
    assert.equal(theirs.result.pbo, ours.result.pbo);
    assert.ok(ours.result.pbo !== null && ours.result.pbo >= 0 && ours.result.pbo <= 1);
    for (const { deflatedSharpe } of ours.result.best) assert.ok(deflatedSharpe !== null && deflatedSharpe >= 0 && deflatedSharpe <= 1);
  });

  it("gives the same bytes whatever the number of workers, in the same process or another", async () => {
    const [one, four] = [await backtester.sweep(sweep(GRID), { workers: 1 }, signal), await backtester.sweep(sweep(GRID), { workers: 4 }, signal)];
    assert.equal(four.result.workers, 4);
    assert.deepEqual(one.columns, four.columns);
    assert.deepEqual(one.result.best, four.result.best);
    assert.equal(one.result.pbo, four.result.pbo);
  });

  it("trusts a best result the less the more was tried before", async () => {
    const fresh = await backtester.sweep(sweep(GRID), {}, signal);
    const tried = await backtester.sweep(sweep({ ...GRID, earlierTrials: 100_000 }), {}, signal);
    assert.equal(tried.result.trialsCounted, 100_000 + tried.result.run);
    assert.ok(tried.result.best[0]!.deflatedSharpe! < fresh.result.best[0]!.deflatedSharpe!);
    assert.ok(tried.result.luckSharpe! > fresh.result.luckSharpe!);
  });

  it("searches by what it found, the same whatever the number of workers, and of a strategy file too", async () => {
    const tpe = { grid: "fast=2:60,slow=10:200", where: "fast < slow", method: "tpe", trials: 60, seed: 3 } as const;
    const one = await backtester.sweep(sweep(tpe), { workers: 1 }, signal);
    const three = await backtester.sweep(sweep(tpe), { workers: 3 }, signal);
    const file = await backtester.sweep(sweep(tpe, "cross.ts"), {}, signal);
    assert.deepEqual([one.result.combinations, one.result.run, one.result.method, one.result.seed], [60, 60, "tpe", 3]);
    assert.deepEqual(three.columns, one.columns);
    assert.deepEqual(file.columns.params, one.columns.params);
    same(one.columns, sweep(tpe).request, "sma_cross", data);
    assert.deepEqual(warnings, []);
  });

  it("stops when nothing better comes, at the same place each time, and when its time is over", async () => {
    const patient = { grid: "fast=2:60,slow=61:200", method: "random", trials: 2000, patience: 100 } as const;
    const [one, two] = [await backtester.sweep(sweep(patient), { workers: 1 }, signal), await backtester.sweep(sweep(patient), { workers: 3 }, signal)];
    assert.equal(one.result.stopped, "no-improvement");
    assert.ok(one.result.run < 2000 && one.result.run % 64 === 0);
    assert.deepEqual(one.columns, two.columns);
    const brief = await backtester.sweep(sweep({ grid: "fast=2:60,slow=61:200", budgetMs: 1 }, "cross.ts"), {}, signal);
    assert.equal(brief.result.stopped, "budget");
    assert.equal(brief.result.run + brief.result.cancelled, brief.result.combinations);
  });

  it("takes the figures of combinations that were run before as they are, and does not count them again", async () => {
    const before = await backtester.sweep(sweep(GRID), {}, signal);
    const { status: _status, ...known } = before.columns;
    const wider = { grid: "slow=10:70:10,fast=2:20:3", where: "fast < slow", known, earlierTrials: before.result.run };
    const after = await backtester.sweep(sweep(wider), {}, signal);
    assert.equal(after.result.cached, before.result.run);
    assert.equal(after.result.trialsCounted, after.result.run);
    const fresh = await backtester.sweep(sweep({ ...wider, known: { ...known, names: ["other", "names"] } }), {}, signal);
    assert.equal(fresh.result.cached, 0);
    assert.deepEqual(after.columns, fresh.columns);
    assert.deepEqual(
      after.result.best.map(({ stats }) => stats),
      fresh.result.best.map(({ stats }) => stats),
    );
  });

  it("counts a combination that throws, and goes on", async () => {
    const { result, columns } = await backtester.sweep(sweep({ grid: "n=1:5" }, "throws.ts"), {}, signal);
    assert.deepEqual([result.run, result.succeeded, result.failed], [5, 4, 1]);
    assert.equal(columns.status[1], SWEEP_STATUS.error);
    assert.match(result.failures[0]!.message, /throws\.ts:1.*no twos/);
    assert.deepEqual(result.failures[0]!.params, { n: 2 });
  });

  it("ends a combination that takes too long, and goes on", async () => {
    const { result, columns } = await backtester.sweep(sweep({ grid: "n=1:6" }, "endless.ts"), { timeoutMs: 300 }, signal);
    assert.deepEqual([result.run, result.succeeded, result.timedOut], [6, 5, 1]);
    assert.equal(columns.status[2], SWEEP_STATUS.timeout);
  });

  it("loses only the combination that ends its worker, or the whole compute process", async () => {
    const exits = await backtester.sweep(sweep({ grid: "n=1:5" }, "exits.ts"), {}, signal);
    assert.deepEqual([exits.result.succeeded, exits.result.failed, exits.columns.status[1]], [4, 1, SWEEP_STATUS.error]);
    const killed = await backtester.sweep(sweep({ grid: "n=1:9" }, "killer.ts"), {}, signal);
    assert.deepEqual([killed.result.succeeded, killed.result.failed, killed.columns.status[3]], [8, 1, SWEEP_STATUS.error]);
    assert.equal(killed.result.failures[0]!.code, "strategy-crashed");
  });

  it("keeps what is done when it is cancelled", async () => {
    const controller = new AbortController();
    const { result } = await backtester.sweep(
      sweep({ grid: "fast=2:60,slow=61:200" }, "cross.ts"),
      { onProgress: ({ done }) => done >= 20 && controller.abort() },
      controller.signal,
    );
    assert.ok(result.succeeded >= 20, String(result.succeeded));
    assert.ok(result.cancelled > 0);
    assert.equal(result.run + result.cancelled, result.combinations);
    assert.equal(result.best.length, 20);
  });

  it("shows as many of the best of a cancelled sweep as there is time for", async () => {
    const controller = new AbortController();
    const { result } = await backtester.sweep(
      sweep({ grid: "n=1:40" }, "slow.ts"),
      { onProgress: ({ done }) => done >= 4 && controller.abort() },
      controller.signal,
    );
    assert.ok(result.succeeded >= 4 && result.cancelled > 0);
    assert.ok(result.best.length >= 1, "the whole of them would take longer than a cancelled sweep may");
  }).timeout(30_000);

  it("refuses parameters that the strategy does not take before anything runs", async () => {
    await assert.rejects(backtester.sweep(sweep({ grid: "fast=2:20,slwo=10:60:10" }), {}, signal), /no parameter called "slwo".*/);
    await assert.rejects(backtester.sweep(sweep({ grid: "fast=0:20" }), {}, signal), /fast is 0, but must be at least 1/);
    await assert.rejects(backtester.sweep(sweep({ grid: "n=1.5" }, "nowhere.ts"), {}, signal), /cannot be read/);
    await assert.rejects(backtester.sweep(sweep({ grid: "fast=2:20", top: -1 }), {}, signal), /top is -1/);
  });
});

/** Every combination against runBacktest(). */
function same(columns: SweepColumns, request: BacktestRequest, strategy: string, data: Dataset): void {
  columns.status.forEach((_status, i) => {
    const params = Object.fromEntries(columns.names.map((name, at) => [name, columns.params[at]![i]!]));
    const { stats } = runBacktest({ ...request, params }, { definition: findStrategy(strategy), hash: "" }, data);
    for (const name of SWEEP_FIGURES) {
      const expected = stats[name] ?? Number.NaN;
      const actual = columns[name][i]!;
      assert.ok(
        Object.is(expected, actual) || Math.abs(expected - actual) <= 1e-9 * Math.max(1, Math.abs(expected)),
        `${name} of ${JSON.stringify(params)}: ${actual}, not ${expected}`,
      );
    }
  });
}
