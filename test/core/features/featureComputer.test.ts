import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "../../../src/core/base/log.ts";
import { sliceBars } from "../../../src/core/domain/bars.ts";
import type { OperationRecord } from "../../../src/core/domain/ports.ts";
import { computeFeaturesSync } from "../../../src/core/features/computeFeatures.ts";
import { createFeatureComputer, type AsyncFeatureComputer, type FeatureComputerOptions } from "../../../src/core/features/featureComputer.ts";
import { runLatencyBenchApart } from "../../../src/core/features/benchApart.ts";
import { runLatencyBench } from "../../../src/core/features/latencyBench.ts";
import { generateTickerSignalSync } from "../../../src/core/features/signals.ts";
import { asLists, givenSeries } from "./series.ts";

const signal = new AbortController().signal;
const threshold = 5;

describe("AsyncFeatureComputer", () => {
  const open: AsyncFeatureComputer[] = [];
  let records: OperationRecord[] = [];

  function given(options: Partial<FeatureComputerOptions> = {}): AsyncFeatureComputer {
    records = [];
    const computer = createFeatureComputer({
      workers: 2,
      workersGiven: true,
      queueSize: 1000,
      useProcessPool: false,
      metrics: { record: (operation) => records.push(operation) },
      log: silentLog,
      ...options,
    });
    open.push(computer);
    return computer;
  }
  afterEach(async () => {
    await Promise.all(open.splice(0).map((computer) => computer.close()));
  });

  it("takes the settings it was given, cores as the ceiling unless told outright, and refuses senseless ones", () => {
    assert.equal(given({ workers: 7, workersGiven: true }).workers, 7);
    assert.ok(given({ workers: 64, workersGiven: false }).workers <= 64);
    assert.deepEqual(given({ queueSize: 12 }).queue, { depth: 0, capacity: 12, running: 0, refused: 0 });
    assert.throws(() => given({ workers: 0 }), { code: "bad-workers" });
    assert.throws(() => given({ workers: 65 }), { code: "bad-workers" });
    assert.throws(() => given({ queueSize: 0 }), { code: "bad-queue-size" });
  });

  for (const useProcessPool of [false, true]) {
    describe(useProcessPool ? "in child processes" : "in threads", () => {
      it("computes the same as its synchronous twin, and leaves the input alone", async () => {
        const series = givenSeries(500);
        const copy = structuredClone(series);
        const [own, twin] = [await given({ useProcessPool }).computeFeatures(series, signal), computeFeaturesSync(series)];
        assert.deepEqual({ ...own, columns: asLists(own.columns) }, { ...twin, columns: asLists(twin.columns) });
        assert.deepEqual(series, copy);
      });

      it("computes series that lie in shared memory already, also when they are a part of it", async () => {
        const series = givenSeries(300);
        const shared = Object.fromEntries(
          (["time", "open", "high", "low", "close", "volume"] as const).map((name) => {
            const column = new Float64Array(new SharedArrayBuffer(300 * 8));
            column.set(series[name]);
            return [name, column];
          }),
        ) as unknown as typeof series;
        const part = sliceBars({ ...series, ...shared }, 50, 300);
        const { columns } = await given({ useProcessPool }).computeFeatures(part, signal);
        assert.deepEqual(asLists(columns), asLists(computeFeaturesSync(sliceBars(series, 50, 300)).columns));
      });
    });
  }

  it("lets the loop turn while a batch is computed", async () => {
    const computer = given();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    try {
      await Promise.all(Array.from({ length: 100 }, (_, i) => computer.computeFeatures(givenSeries(2_000, i), signal)));
    } finally {
      clearInterval(timer);
    }
    assert.ok(turns > 5, `${turns} turns`);
  });

  it("answers 500 concurrent requests, each with its own result", async () => {
    const computer = given();
    const long = givenSeries(1_500);
    const parts = Array.from({ length: 500 }, (_, i) => sliceBars(long, i, i + 1_000));
    const answers = await Promise.all(parts.map((part) => computer.computeFeatures(part, signal)));
    answers.forEach((answer, i) => assert.equal(answer.latest.close, long.close[i + 999]));
    for (const i of [0, 250, 499]) assert.deepEqual(answers[i]?.latest, computeFeaturesSync(parts[i] as typeof long).latest);
    assert.equal(records.length, 500);
    assert.ok(records.every((record) => record.ok && record.operation === "features" && record.queueMs >= 0 && record.runMs >= 0));
  });

  it("refuses exactly those beyond the queue and the workers, at once", async () => {
    const computer = given({ queueSize: 10, cacheSize: 0 });
    const long = givenSeries(2_200);
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, (_, i) => computer.computeFeatures(sliceBars(long, i, i + 2_000), signal)));
    const refused = outcomes.filter((outcome) => outcome.status === "rejected").map((outcome) => outcome.reason as { code: string; message: string });
    assert.equal(refused.length, 50 - 10 - 2);
    assert.ok(refused.every((error) => error.code === "queue-full"));
    assert.equal(refused[0]?.message, "Task queue full (10 of 10, 1 refused)");
    assert.equal(refused.at(-1)?.message, "Task queue full (10 of 10, 38 refused)");
    assert.deepEqual(computer.queue, { depth: 0, capacity: 10, running: 0, refused: 38 });
    assert.deepEqual([records.length, records.filter((record) => record.error === "queue-full").length], [50, 38]);
  });

  it("loses none when callers wait for a place instead", async () => {
    const computer = given({ queueSize: 10, cacheSize: 0 });
    const long = givenSeries(1_500);
    const answers = await Promise.all(
      Array.from({ length: 400 }, (_, i) => computer.computeFeatures(sliceBars(long, i, i + 300), signal, { whenFull: { waitMs: 20_000 } })),
    );
    assert.deepEqual(
      answers.map((answer) => answer.latest.close),
      Array.from({ length: 400 }, (_, i) => long.close[i + 299]),
    );
    assert.equal(computer.queue.refused, 0);
  });

  it("gives up waiting for a place at the deadline", async () => {
    const computer = given({ workers: 1, queueSize: 1, cacheSize: 0 });
    const gate = [givenSeries(400_000, 1), givenSeries(400_000, 2)].map((series) => computer.computeFeatures(series, signal));
    await assert.rejects(computer.computeFeatures(givenSeries(10), signal, { whenFull: { waitMs: 1 } }), { code: "timeout" });
    await Promise.all(gate);
  });

  it("computes equal requests once", async () => {
    const computer = given();
    const series = givenSeries(3_000);
    const [first, ...others] = await Promise.all(Array.from({ length: 30 }, () => computer.computeFeatures(series, signal)));
    for (const other of others) assert.equal(other.columns.sma20.buffer, first?.columns.sma20.buffer);
    const again = await computer.computeFeatures(structuredClone(series), signal);
    assert.equal(again.columns.sma20.buffer, first?.columns.sma20.buffer);
    assert.equal(records.length, 31);
  });

  it("does not take a corrected bar for the old one", async () => {
    const computer = given();
    const series = givenSeries(300);
    await computer.computeFeatures(series, signal);
    const corrected = structuredClone(series);
    (corrected.high as Float64Array)[290] = 1_000;
    assert.deepEqual((await computer.computeFeatures(corrected, signal)).latest, computeFeaturesSync(corrected).latest);
  });

  it("rejects an aborted caller at once and leaves the others alone", async () => {
    const computer = given();
    const series = givenSeries(50_000);
    const one = new AbortController();
    const [aborted, other] = [computer.computeFeatures(series, one.signal), computer.computeFeatures(series, signal)];
    one.abort(new Error("changed my mind"));
    await assert.rejects(aborted, /changed my mind/);
    assert.equal((await other).bars, 50_000);
    await assert.rejects(computer.computeFeatures(series, AbortSignal.abort(new Error("before"))), /before/);
  });

  it("reports bad input as a failure of that request only", async () => {
    const computer = given();
    const series = givenSeries(100);
    await assert.rejects(computer.computeFeatures({ ...series, low: series.low.subarray(1) }, signal), { code: "bad-series" });
    assert.equal((await computer.computeFeatures(series, signal)).bars, 100);
    assert.deepEqual(
      records.map((record) => [record.ok, record.error]),
      [
        [false, "bad-series"],
        [true, null],
      ],
    );
  });

  it("signals for one ticker and for a watch list, one outcome each", async () => {
    const computer = given();
    const good = [givenSeries(300, 1, "AAA"), givenSeries(300, 2, "BBB")] as const;
    assert.deepEqual(await computer.generateTickerSignal(good[0], signal), generateTickerSignalSync(good[0]));
    const outcomes = await computer.generateSignalsForWatchlist([good[0], { ...good[0], symbol: "BAD", low: new Float64Array(1) }, good[1]], signal);
    assert.deepEqual(
      outcomes.map((outcome) => (outcome.ok ? outcome.value.symbol : outcome.error.code)),
      ["AAA", "bad-series", "BBB"],
    );
  });

  it("keeps two instances apart", async () => {
    const [one, two] = [given(), given({ queueSize: 5 })];
    await one.close();
    await assert.rejects(one.computeFeatures(givenSeries(10), signal), { code: "closed" });
    assert.equal((await two.computeFeatures(givenSeries(10), signal)).bars, 10);
  });

  it("drains what it accepted when it closes, and takes nothing new", async () => {
    const computer = given();
    const accepted = Array.from({ length: 20 }, (_, i) => computer.computeFeatures(givenSeries(500, i), signal));
    const closing = computer.close();
    await assert.rejects(computer.computeFeatures(givenSeries(10), signal), { code: "closed" });
    assert.equal((await Promise.all(accepted)).length, 20);
    await closing;
    await computer.close();
    await assert.rejects(
      computer.executeBlocking(() => 1, [], { signal }),
      { code: "closed" },
    );
  });

  it("closes within its grace even when a function hangs", async () => {
    const computer = given();
    const hung = computer.executeBlocking(
      () => {
        for (;;);
      },
      [],
      { signal },
    );
    const ended = assert.rejects(hung, { code: "closed" });
    await computer.close();
    await ended;
  });

  for (const how of ["SIGKILL", "SIGSTOP"] as const) {
    it(`computes again what a worker process had that was ${how === "SIGKILL" ? "killed" : "stopped"}, and loses nothing`, async () => {
      const computer = given({ useProcessPool: true, taskTimeoutMs: 3_000, cacheSize: 0 });
      const long = givenSeries(3_000);
      await computer.warm(signal);
      const asked = Array.from({ length: 40 }, (_, i) => computer.computeFeatures(sliceBars(long, i, i + 2_000), signal));
      await asked[0];
      process.kill(computer.workerPids[0] as number, how);
      const answers = await Promise.all(asked);
      assert.deepEqual(
        answers.map((answer) => answer.latest.close),
        answers.map((_, i) => long.close[i + 1_999]),
      );
    });
  }

  it("ends a computation that takes too long and says so", async () => {
    const computer = given({ taskTimeoutMs: 1 });
    await assert.rejects(computer.computeFeatures(givenSeries(400_000), signal), { code: "timeout" });
  });

  describe("executeBlocking", () => {
    it("runs a self-contained function elsewhere", async () => {
      const computer = given();
      const answer = await computer.executeBlocking(
        async (a: number, b: Float64Array) => ({ sum: a + (b[1] as number), pid: process.pid }),
        [1, Float64Array.of(2, 3)],
        { signal },
      );
      assert.equal(answer.sum, 4);
      assert.notEqual(answer.pid, process.pid);
      assert.deepEqual(
        records.map((record) => [record.operation, record.ok]),
        [["executeBlocking", true]],
      );
    });

    it("lets a function import what it needs", async () => {
      const eol = await given().executeBlocking(async () => (await import("node:os")).EOL, [], { signal });
      assert.equal(eol, process.platform === "win32" ? "\r\n" : "\n");
    });

    it("refuses a captured variable by name, before anything runs", async () => {
      await assert.rejects(
        given().executeBlocking((x: number) => x > threshold, [1], { signal }),
        (error: { code: string; message: string; kind: string }) => {
          assert.deepEqual([error.code, error.kind], ["not-self-contained", "usage"]);
          return error.message.includes("uses threshold,");
        },
      );
    });

    it("ends a runaway at its timeout, and the next call gets a new worker", async () => {
      const computer = given({ workers: 1 });
      await assert.rejects(
        computer.executeBlocking(
          () => {
            for (;;);
          },
          [],
          { signal, timeoutMs: 300 },
        ),
        (error: { code: string; message: string }) => {
          assert.deepEqual([error.code, error.message], ["timeout", "executeBlocking: timeout after 0.3s"]);
          return true;
        },
      );
      assert.equal(await computer.executeBlocking(() => 7, [], { signal }), 7);
    });

    it("survives a function that kills its process", async () => {
      const computer = given({ workers: 1 });
      await assert.rejects(
        computer.executeBlocking(() => process.kill(process.pid, "SIGKILL"), [], { signal }),
        { code: "worker-died" },
      );
      await assert.rejects(
        computer.executeBlocking(() => process.exit(3), [], { signal }),
        /exit code 3/,
      );
      assert.equal(await computer.executeBlocking(() => 7, [], { signal }), 7);
    });

    it("hands back a function's own error, and one sentence for what cannot be sent", async () => {
      const computer = given({ workers: 1 });
      await assert.rejects(
        computer.executeBlocking(
          () => {
            throw new RangeError("too far");
          },
          [],
          { signal },
        ),
        { code: "task-failed", message: "too far" },
      );
      await assert.rejects(
        computer.executeBlocking(() => () => 1, [], { signal }),
        { code: "not-sendable" },
      );
      await assert.rejects(
        computer.executeBlocking((f: unknown) => f, [() => 1], { signal }),
        { code: "not-sendable" },
      );
      assert.equal(await computer.executeBlocking(() => 7, [], { signal }), 7);
    });

    it("ends with its caller's signal", async () => {
      const controller = new AbortController();
      const running = given().executeBlocking(
        () => {
          for (;;);
        },
        [],
        { signal: controller.signal },
      );
      setImmediate(() => controller.abort(new Error("enough")));
      await assert.rejects(running, /enough/);
    });

    it("sees no secret of this process", async () => {
      process.env["APCA_API_SECRET_KEY"] = "secret-of-the-test";
      try {
        const env = await given().executeBlocking(() => JSON.stringify(process.env), [], { signal });
        assert.doesNotMatch(env, /secret-of-the-test/);
      } finally {
        delete process.env["APCA_API_SECRET_KEY"];
      }
    });

    it("calls an export of a module, and names a wrong one", async () => {
      const folder = await mkdtemp(join(tmpdir(), "quantdesk-call-"));
      try {
        const module = join(folder, "work.mjs");
        await writeFile(module, "export function double(x) { return 2 * x; }\n");
        const computer = given({ workers: 1 });
        assert.equal(await computer.executeBlocking({ module, export: "double" }, [21], { signal }), 42);
        await assert.rejects(computer.executeBlocking({ module, export: "duoble" }, [1], { signal }), { code: "unknown-export", hint: "Did you mean double?" });
        await assert.rejects(computer.executeBlocking({ module: join(folder, "no.mjs"), export: "x" }, [], { signal }), { code: "module-not-loaded" });
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  it("compares in-loop with offloaded work in a latency report", async () => {
    for (const benchmark of ["feature-computation", "signal-generation"] as const) {
      const report = await runLatencyBench({ operations: 40, workers: 2, benchmark, barsPerOperation: 1_000 }, signal);
      assert.deepEqual([report.schema, report.workers, report.benchmark, report.operations], ["quantdesk.latency/1", 2, benchmark, 40]);
      for (const side of [report.before, report.after]) {
        assert.equal(side.successRate, 1);
        assert.ok(side.opsPerSecond > 0);
        assert.ok(Object.values(side.lagMs).every((value) => Number.isFinite(value) && value >= 0));
      }
      assert.equal(report.speedup, report.after.opsPerSecond / report.before.opsPerSecond);
    }
  });

  it("measures in a process of its own when asked to, and stops when its caller does", async () => {
    const report = await runLatencyBenchApart({ operations: 10, workers: 1, barsPerOperation: 500 }, signal, silentLog);
    assert.deepEqual([report.operations, report.before.successRate, report.after.successRate], [10, 1, 1]);
    const controller = new AbortController();
    const stopped = runLatencyBenchApart({ operations: 5_000 }, controller.signal, silentLog);
    setTimeout(() => controller.abort(new Error("enough")), 200);
    await assert.rejects(stopped, /enough/);
  });
});
