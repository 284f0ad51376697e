/** The thirteen things that are expected of computing features away from the loop, one test each, and what belongs to them. */
import assert from "node:assert/strict";
import { openLagMeter } from "../../../src/core/base/lagMeter.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { sliceBars } from "../../../src/core/domain/bars.ts";
import { computeFeaturesSync } from "../../../src/core/features/computeFeatures.ts";
import { createFeatureComputer, type AsyncFeatureComputer, type FeatureComputerOptions } from "../../../src/core/features/featureComputer.ts";
import { runLatencyBench } from "../../../src/core/features/latencyBench.ts";
import { generateTickerSignalSync } from "../../../src/core/features/signals.ts";
import { createMetrics } from "../../../src/core/metrics/operations.ts";
import { givenSeries } from "./series.ts";

const signal = new AbortController().signal;
const wait = { whenFull: { waitMs: 120_000 } };

describe("Features away from the loop", () => {
  const open: AsyncFeatureComputer[] = [];
  let metrics = createMetrics({ capacity: 10_000 });
  const long = givenSeries(11_000);
  const part = (i: number, bars: number) => sliceBars(long, i, i + bars);

  function given(options: Partial<FeatureComputerOptions> = {}): AsyncFeatureComputer {
    metrics = createMetrics({ capacity: 10_000 });
    const computer = createFeatureComputer({
      workers: 2,
      workersGiven: true,
      queueSize: 1000,
      useProcessPool: false,
      metrics,
      log: silentLog,
      cacheSize: 0,
      ...options,
    });
    open.push(computer);
    return computer;
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((computer) => computer.close()));
  });

  it("1 initialisation: starts with its settings, and nothing runs before it is asked for", async () => {
    const computer = given({ workers: 3, queueSize: 50 });
    assert.deepEqual([computer.workers, computer.queue.capacity, computer.queue.depth, computer.isClosed], [3, 50, 0, false]);
    assert.deepEqual([computer.workerPids, computer.deadLetters, computer.openCircuits], [[], [], []]);
    await computer.warm(signal);
  });

  it("2 offload: computes elsewhere what the caller would have computed itself, whatever indicators are asked for", async () => {
    const computer = given();
    const indicators = ["adx", "ichimoku", "vwap", "obv", "yangZhang(10)", "rsi(21)"];
    const features = await computer.computeFeatures(part(0, 3_000), signal, { indicators });
    assert.deepEqual(features.latest, computeFeaturesSync(part(0, 3_000), { indicators }).latest);
    assert.ok(Number.isFinite(features.latest["adx(14).plusDi"]) && Number.isFinite(features.latest["rsi(21)"]));
    await assert.rejects(computer.computeFeatures(part(0, 10), signal, { indicators: ["rsj"] }), { code: "unknown-indicator" });
    await assert.rejects(computer.computeFeatures(part(0, 10), signal, { indicators: ["beta"] }), { code: "needs-other-series" });
  });

  it("3 concurrent batch: hundreds at once, each with its own answer, small ones sharing messages", async () => {
    const computer = given();
    const lengths = Array.from({ length: 300 }, (_, i) => 1 + ((i * 37) % 400));
    const answers = await Promise.all(lengths.map((bars, i) => computer.computeFeatures(part(i, bars), signal, i % 2 === 0 ? {} : { indicators: ["cci"] })));
    answers.forEach((answer, i) => {
      const own = computeFeaturesSync(part(i, lengths[i] as number), i % 2 === 0 ? {} : { indicators: ["cci"] });
      assert.deepEqual(answer.latest, own.latest, `request ${i}`);
    });
  });

  it("4 lag under 500 tasks of 10,000 bars: the caller's loop goes on turning, and all succeed", async () => {
    const computer = given();
    await computer.warm(signal);
    const meter = openLagMeter({ resolutionMs: 1 });
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    try {
      const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => computer.computeFeatures(part(i, 10_000), signal)));
      answers.forEach((answer, i) => assert.equal(answer.latest.close, long.close[i + 9_999]));
      const { p50 } = meter.snapshot();
      assert.ok(Number.isFinite(p50) && turns > 20, `${turns} turns, ${p50} ms`);
    } finally {
      clearInterval(timer);
      meter.stop();
    }
  });

  it("5 throughput: 5,000 at once that wait for a place, and none is lost", async () => {
    const computer = given();
    const answers = await Promise.all(Array.from({ length: 5_000 }, (_, i) => computer.computeFeatures(part(i, 60), signal, wait)));
    answers.forEach((answer, i) => assert.equal(answer.latest.close, long.close[i + 59]));
    assert.deepEqual([computer.queue.refused, metrics.summary(zeroLag()).successRate], [0, 1]);
    assert.ok((metrics.summary(zeroLag()).opsPerSecond ?? 0) > 50);
  });

  it("6 metrics accuracy: as many operations as were asked for, with the time they waited and ran", async () => {
    const computer = given({ workers: 1 });
    await Promise.all(Array.from({ length: 20 }, (_, i) => computer.computeFeatures(part(i, 3_000), signal)));
    await assert.rejects(computer.computeFeatures({ ...part(0, 5), high: new Float64Array(1) }, signal), { code: "bad-series" });
    const { operations, successRate, byOperation } = metrics.summary(zeroLag());
    assert.deepEqual([operations, successRate, Object.keys(byOperation)], [21, 20 / 21, ["features"]]);
    const waited = metrics.recent().map(({ queueMs }) => queueMs);
    assert.ok((waited[19] as number) > (waited[0] as number));
    assert.ok(metrics.recent().every(({ queueMs, runMs }) => queueMs >= 0 && runMs >= 0));
  });

  it("7 background workers: as many as the load needs, more urgent requests first", async () => {
    const computer = given({ workers: 64, workersGiven: false });
    assert.equal(computer.activeWorkers, 1);
    const order: string[] = [];
    const ask = (priority: "low" | "high", i: number) => computer.computeFeatures(part(i, 9_000), signal, { priority }).then(() => void order.push(priority));
    await Promise.all([...Array.from({ length: 30 }, (_, i) => ask("low", i)), ...Array.from({ length: 5 }, (_, i) => ask("high", 100 + i))]);
    assert.ok(computer.activeWorkers >= Math.min(2, computer.workers) && computer.activeWorkers <= computer.workers);
    assert.ok(order.lastIndexOf("high") < order.lastIndexOf("low"), order.join(" "));
  });

  it("8 error handling: what failed three times is listed, can be run again, and can be cleared", async () => {
    const computer = given({ useProcessPool: true, workers: 1 });
    const killed = new Set<number>();
    const killer = setInterval(() => {
      for (const pid of computer.workerPids.filter((one) => !killed.has(one))) {
        killed.add(pid);
        process.kill(pid, "SIGKILL");
      }
    }, 1);
    try {
      await assert.rejects(computer.computeFeatures(part(0, 10_000), signal, { indicators: ["adx"] }), { code: "worker-died" });
    } finally {
      clearInterval(killer);
    }
    assert.equal(killed.size, 3);
    const [letter] = computer.deadLetters;
    assert.deepEqual([letter?.id, letter?.symbol, letter?.bars, letter?.attempts, letter?.error.code], [1, "TEST", 10_000, 3, "worker-died"]);
    const again = await computer.replayDeadLetter(1, signal);
    assert.deepEqual(again.latest, computeFeaturesSync(part(0, 10_000), { indicators: ["adx"] }).latest);
    assert.deepEqual(computer.deadLetters, []);
    await assert.rejects(computer.replayDeadLetter(1, signal), { code: "unknown-dead-letter" });
    assert.equal(computer.clearDeadLetters(), 0);
  });

  it("9 signals: with reasons, and a watch list of 500 symbols with one outcome each", async () => {
    const computer = given();
    const watchlist = Array.from({ length: 500 }, (_, i) => ({ ...part(i, 250), symbol: `S${i}` }));
    const outcomes = await computer.generateSignalsForWatchlist(watchlist, signal);
    outcomes.forEach((outcome, i) => assert.deepEqual(outcome, { ok: true, value: generateTickerSignalSync(watchlist[i] as typeof long) }));
    assert.ok(outcomes.every((outcome) => outcome.ok && outcome.value.reasons.length >= 3 && outcome.value.simulated));
  });

  it("10 process pool: a function out of memory ends its own process, and all others succeed", async () => {
    const computer = given({ useProcessPool: true, workerHeapMb: 48 });
    const greedy = computer.executeBlocking(
      () => {
        const kept: number[][] = [];
        for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => i));
      },
      [],
      { signal },
    );
    const others = Promise.all(Array.from({ length: 40 }, (_, i) => computer.computeFeatures(part(i, 500), signal)));
    await assert.rejects(greedy, { code: "worker-died" });
    assert.equal((await others).length, 40);
    assert.equal(await computer.executeBlocking((x: number) => x + 1, [1], { signal }), 2);
  });

  it("11 instance management: instances share nothing, and closing one leaves the other at work", async () => {
    const [one, two] = [given(), given({ queueSize: 7 })];
    const running = two.computeFeatures(part(0, 9_000), signal);
    await one.close();
    assert.deepEqual([one.isClosed, two.isClosed, (await running).bars], [true, false, 9_000]);
    await assert.rejects(one.computeFeatures(part(0, 10), signal), { code: "closed" });
  });

  it("12 queue full: of 5,000 at once exactly those beyond the bound are refused, at once", async () => {
    const computer = given();
    let refusedAtOnce = 0;
    const asked = Array.from({ length: 5_000 }, (_, i) => computer.computeFeatures(part(i, 40), signal));
    for (const one of asked) one.catch(() => refusedAtOnce++);
    const outcomes = Promise.allSettled(asked);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(refusedAtOnce, 5_000 - 1_000 - 2);
    const refused = (await outcomes).filter((outcome) => outcome.status === "rejected");
    assert.equal(refused.length, 5_000 - 1_000 - 2);
    assert.ok(refused.every(({ reason }) => (reason as { code: string }).code === "queue-full"));
    assert.match(String(refused.at(-1)?.reason), /Task queue full \(1000 of 1000, 3998 refused\)/);
  });

  it("13 benchmark: the same operations in the loop and away from it, in one report", async () => {
    const report = await runLatencyBench({ operations: 30, workers: 2, barsPerOperation: 2_500 }, signal);
    assert.deepEqual([report.schema, report.workers, report.before.successRate, report.after.successRate], ["quantdesk.latency/1", 2, 1, 1]);
    assert.equal(report.speedup, report.after.opsPerSecond / report.before.opsPerSecond);
  });

  it("refuses a function that took its process down five times in a row, and no other", async () => {
    const computer = given({ workers: 1 });
    const crash = () =>
      computer.executeBlocking(
        () => {
          process.exit(9);
        },
        [],
        { signal },
      );
    for (let i = 0; i < 5; i++) await assert.rejects(crash(), { code: "worker-died" });
    await assert.rejects(crash(), { code: "circuit-open" });
    assert.equal(computer.openCircuits.length, 1);
    assert.equal(await computer.executeBlocking(() => 7, [], { signal }), 7);
  });
});

function zeroLag() {
  return { avg: 0, p50: 0, p95: 0, p99: 0, max: 0 };
}
