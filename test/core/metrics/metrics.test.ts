import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/base/clock.ts";
import type { OperationRecord } from "../../../src/core/domain/ports.ts";
import { lagFamilies } from "../../../src/core/metrics/families.ts";
import { createHealth } from "../../../src/core/metrics/health.ts";
import { openLagMeter } from "../../../src/core/base/lagMeter.ts";
import { startLoopLag } from "../../../src/core/metrics/loopLag.ts";
import { createMetrics } from "../../../src/core/metrics/operations.ts";
import { createPrometheus } from "../../../src/core/metrics/prometheus.ts";
import { readOrMakeToken } from "../../../src/core/metrics/token.ts";
import { readPrometheus } from "./prometheusText.ts";

const NO_LAG = { avg: 0, p50: 0, p95: 0, p99: 0, max: 0 };

function operation(over: Partial<OperationRecord> = {}): OperationRecord {
  return { operation: "features", startedAt: 1_000, queueMs: 1, runMs: 2, ok: true, error: null, ...over };
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe("the lag meter", () => {
  it("tells of a stall that is not over yet, where the histogram alone reads 0", () => {
    const meter = openLagMeter({ resolutionMs: 5 });
    try {
      spin(60);
      const lag = meter.snapshot();
      assert.ok(lag.max >= 40, `max ${lag.max}`);
      assert.equal(lag.p50, lag.max);
    } finally {
      meter.stop();
    }
  });

  it("counts a stall once it is over, and forgets it on reset", async () => {
    const meter = openLagMeter({ resolutionMs: 5 });
    try {
      await turns(3);
      spin(80);
      await turns(3);
      const before = meter.snapshot().max;
      assert.ok(before >= 60, `max ${before}`);
      meter.reset();
      assert.ok(meter.snapshot().max < before);
    } finally {
      meter.stop();
    }
  });

  it("refuses a resolution that it does not have", () => {
    assert.throws(() => openLagMeter({ resolutionMs: 0 }), { code: "bad-resolution" });
  });

  it("rolls on: what was before the last window is forgotten", async () => {
    const meter = startLoopLag({ windowMs: 50, resolutionMs: 2 });
    try {
      spin(200);
      assert.ok(meter.snapshot().max >= 150);
      for (let i = 0; i < 100 && meter.snapshot().max >= 150; i++) await turns(5);
      assert.ok(meter.snapshot().max < 150);
    } finally {
      meter.stop();
    }
  });
});

/** Lets the loop turn with timers of 5 ms. */
async function turns(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("operation metrics", () => {
  it("keeps the last operations, oldest first, and counts all", () => {
    const metrics = createMetrics({ capacity: 3 });
    for (let i = 1; i <= 5; i++) metrics.record(operation({ startedAt: i, ok: i !== 5, error: i === 5 ? "x" : null }));
    assert.deepEqual(
      metrics.recent().map((o) => o.startedAt),
      [3, 4, 5],
    );
    assert.deepEqual(
      metrics.recent(2).map((o) => o.startedAt),
      [4, 5],
    );
    const summary = metrics.summary(NO_LAG);
    assert.equal(summary.operations, 5);
    assert.equal(summary.successRate, 0.8);
  });

  it("computes percentiles of queue and run together, and throughput from first start to last end", () => {
    const metrics = createMetrics({ capacity: 1000 });
    for (let i = 1; i <= 100; i++) metrics.record(operation({ startedAt: 0, queueMs: i - 1, runMs: 1 }));
    const { latencyMs, queueMs, runMs, opsPerSecond, byOperation } = metrics.summary(NO_LAG);
    assert.ok(latencyMs !== null);
    assert.deepEqual([latencyMs.avg, latencyMs.max], [50.5, 100]);
    for (const [read, exact] of [
      [latencyMs.p50, 50],
      [latencyMs.p95, 95],
      [latencyMs.p99, 99],
    ] as const)
      assert.ok(Math.abs(read - exact) <= exact * 0.004, `${read}, exactly ${exact}`);
    assert.deepEqual([queueMs?.avg, queueMs?.max], [49.5, 99]);
    assert.deepEqual(runMs, { avg: 1, p50: 1, p95: 1, p99: 1, max: 1 });
    assert.equal(opsPerSecond, 1000);
    assert.equal(byOperation["features"]?.operations, 100);
  });

  it("answers null where nothing has run, and forgets on clear", () => {
    const metrics = createMetrics({ capacity: 10 });
    metrics.record(operation());
    assert.equal(metrics.clear(), 1);
    const summary = metrics.summary(NO_LAG);
    assert.deepEqual([summary.operations, summary.successRate, summary.latencyMs, summary.opsPerSecond], [0, null, null, null]);
    assert.deepEqual(metrics.recent(), []);
  });

  it("has the percentiles of all operations, not only of those that it keeps", () => {
    const metrics = createMetrics({ capacity: 10 });
    for (let i = 0; i < 90; i++) metrics.record(operation({ queueMs: 0, runMs: 100 }));
    for (let i = 0; i < 10; i++) metrics.record(operation({ queueMs: 0, runMs: 1 }));
    const { latencyMs, byOperation } = metrics.summary(NO_LAG);
    assert.equal(latencyMs?.max, 100);
    assert.ok((latencyMs?.p50 ?? 0) > 99);
    assert.deepEqual(byOperation["features"]?.latencyMs, latencyMs);
  });

  it("counts what ended lately, only of the operations that are asked for", () => {
    const metrics = createMetrics({ capacity: 10 });
    metrics.record(operation({ startedAt: 5_000 }));
    metrics.record(operation({ startedAt: 9_000 }));
    metrics.record(operation({ startedAt: 9_000, operation: "backtest", ok: false, error: "strategy-failed" }));
    assert.deepEqual(metrics.endedSince(10_000, 2_000), { ended: 2, failed: 1 });
    assert.deepEqual(
      metrics.endedSince(10_000, 2_000, (name) => name !== "backtest"),
      { ended: 1, failed: 0 },
    );
  });

  it("bounds the number of names", () => {
    const metrics = createMetrics({ capacity: 1000 });
    for (let i = 0; i < 300; i++) metrics.record(operation({ operation: `name${i}` }));
    const names = Object.keys(metrics.summary(NO_LAG).byOperation);
    assert.equal(names.length, 201);
    assert.ok(names.includes("other"));
  });
});

describe("health", () => {
  function given() {
    const clock = new ManualClock(100_000);
    const state = { lag: 0, depth: 0, ended: 0, failed: 0 };
    const health = createHealth({
      endedSince: () => ({ ended: state.ended, failed: state.failed }),
      lagP95Ms: () => state.lag,
      queue: () => ({ depth: state.depth, capacity: 1000 }),
      workers: () => 2,
      clock,
    });
    return { clock, state, health };
  }

  it("is ok with nothing to do", () => {
    assert.deepEqual(given().health.check(), {
      schema: "quantdesk.health/1",
      status: "ok",
      reason: null,
      alerts: [],
      workers: 2,
      queue: { depth: 0, capacity: 1000 },
    });
  });

  it("is degraded while the loop is late, with the time since when", () => {
    const { clock, state, health } = given();
    state.lag = 12;
    health.check();
    clock.advance(3_000);
    const report = health.check();
    assert.equal(report.status, "degraded");
    assert.equal(report.reason, report.alerts[0]?.reason);
    assert.deepEqual(
      report.alerts.map((a) => [a.code, a.value, a.limit, a.since]),
      [["loop-lag", 12, 10, new Date(100_000).toISOString()]],
    );
    state.lag = 9;
    assert.equal(health.check().status, "ok");
  });

  it("is failing when fewer than 95 % succeed", () => {
    const { state, health } = given();
    Object.assign(state, { ended: 100, failed: 5 });
    assert.equal(health.check().status, "ok");
    state.failed = 6;
    assert.equal(health.check().status, "failing");
  });

  it("waits before it calls a queue full or the work slow", () => {
    const { clock, state, health } = given();
    Object.assign(state, { depth: 900, ended: 10 });
    assert.deepEqual(health.check().alerts, []);
    clock.advance(5_000);
    assert.deepEqual(
      health.check().alerts.map((a) => a.code),
      ["queue-filling"],
    );
    clock.advance(5_000);
    assert.deepEqual(
      health.check().alerts.map((a) => a.code),
      ["queue-filling", "low-throughput"],
    );
  });
});

describe("Prometheus text", () => {
  it("is read by a strict parser and agrees with what was recorded", async () => {
    const metrics = createMetrics({ capacity: 10 });
    const prometheus = createPrometheus({
      metrics,
      queue: () => ({ depth: 3, capacity: 1000 }),
      workers: () => 2,
      families: () => lagFamilies({ session: { ...NO_LAG, p95: 5 } }),
    });
    metrics.record(operation({ operation: 'odd "name"\\\n' }));
    metrics.record(operation({ runMs: 2 }));
    metrics.record(operation({ ok: false, error: "x" }));
    const samples = readPrometheus(await prometheus.text());
    const value = (name: string, labels: Record<string, string> = {}) =>
      samples.find((s) => s.name === name && Object.entries(labels).every(([k, v]) => s.labels[k] === v))?.value;
    assert.equal(value("quantdesk_operations_total", { operation: "features", outcome: "ok" }), 1);
    assert.equal(value("quantdesk_operations_total", { operation: "features", outcome: "error" }), 1);
    assert.equal(value("quantdesk_event_loop_lag_seconds", { loop: "session", quantile: "0.95" }), 0.005);
    assert.equal(value("quantdesk_queue_depth"), 3);
    assert.equal(value("quantdesk_operation_duration_seconds_count", { operation: "features" }), 2);
    prometheus.close();
  });

  it("keeps two instances apart and does not fall when the list is cleared", async () => {
    const [one, two] = [createMetrics({ capacity: 10 }), createMetrics({ capacity: 10 })];
    const input = { families: () => [], queue: () => ({ depth: 0, capacity: 1 }), workers: () => 1 };
    const [first, second] = [createPrometheus({ metrics: one, ...input }), createPrometheus({ metrics: two, ...input })];
    one.record(operation());
    one.clear();
    assert.match(await first.text(), /quantdesk_operations_total\{operation="features",outcome="ok"\} 1\n/);
    assert.doesNotMatch(await second.text(), /quantdesk_operations_total\{/);
  });
});

describe("the token", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-token-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is made once, for this user only, and read again", async () => {
    const file = join(folder, "token");
    const made = await readOrMakeToken({ file, env: {} });
    assert.equal(made.from, "made");
    if (process.platform !== "win32") assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await readOrMakeToken({ file, env: {} }), { token: made.token, from: "file" });
    assert.equal((await readFile(file, "utf8")).trim(), made.token);
  });

  it("is taken from QUANTDESK_TOKEN first, and then writes nothing", async () => {
    const file = join(folder, "token");
    assert.deepEqual(await readOrMakeToken({ file, env: { QUANTDESK_TOKEN: "0123456789abcdef" } }), { token: "0123456789abcdef", from: "environment" });
    await assert.rejects(stat(file));
  });

  it("is closed to others where it was open", async function () {
    if (process.platform === "win32") this.skip();
    const file = join(folder, "token");
    await writeFile(file, "0123456789abcdef\n", { mode: 0o644 });
    await readOrMakeToken({ file, env: {} });
    assert.equal((await stat(file)).mode & 0o777, 0o600);
  });

  it("is refused when it is too short, without being shown", async () => {
    const file = join(folder, "token");
    await writeFile(file, "short\n");
    await assert.rejects(readOrMakeToken({ file, env: {} }), (error: Error) => !error.message.includes("short\n") && /not usable/.test(error.message));
  });
});
