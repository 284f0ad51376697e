/** 200 feature computations of 10,000 bars at once while a worker process is killed, hangs or runs out of memory. */
import { silentLog } from "../src/core/base/log.ts";
import { sliceBars, type BarSeries } from "../src/core/domain/bars.ts";
import { computeFeaturesSync } from "../src/core/features/computeFeatures.ts";
import { createFeatureComputer, type AsyncFeatureComputer } from "../src/core/features/featureComputer.ts";
import { randomWalk } from "../src/core/features/latencyBench.ts";
import type { Benchmark } from "./comparison.ts";

const OPERATIONS = 200;
const BARS = 10_000;
const ROUNDS = 3;
/** A worker that hangs is ended then. */
const TASK_TIMEOUT_MS = 3_000;

type Fault = (computer: AsyncFeatureComputer, signal: AbortSignal) => Promise<unknown>;

const FAULTS: Readonly<Record<string, Fault>> = {
  "no fault": async () => undefined,
  killed: async (computer) => process.kill(computer.workerPids[0] as number, "SIGKILL"),
  hung: async (computer) => process.kill(computer.workerPids[0] as number, "SIGSTOP"),
  "out of memory": (computer, signal) =>
    computer.executeBlocking(
      () => {
        const kept: number[][] = [];
        for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => i));
      },
      [],
      { signal },
    ),
};

export const bench: Benchmark = {
  description: `${OPERATIONS} feature computations while a worker process is killed, hangs or runs out of memory`,
  run: async (signal) => {
    const walk = randomWalk(BARS + OPERATIONS);
    const samples: Record<string, number[]> = {};
    let succeeded = 0;
    let asked = 0;
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, fault] of Object.entries(FAULTS)) {
        const outcome = await underFault(walk, fault, signal);
        samples[name] = [...(samples[name] ?? []), outcome.ms];
        succeeded += outcome.succeeded;
        asked += OPERATIONS;
      }
    }
    const note = `2 worker processes, nothing cached; a hang is ended after ${TASK_TIMEOUT_MS} ms. ${succeeded} of ${asked} succeeded with the answer of the loop.`;
    return [{ title: "time for all", unit: "ms", better: "lower", baseline: "no fault", samples, note }];
  },
};

async function underFault(walk: BarSeries, fault: Fault, signal: AbortSignal): Promise<{ readonly ms: number; readonly succeeded: number }> {
  const metrics = { record: () => undefined };
  const pool = { workers: 2, workersGiven: true, queueSize: OPERATIONS, useProcessPool: true, workerHeapMb: 64 };
  const computer = createFeatureComputer({ ...pool, metrics, log: silentLog, cacheSize: 0, taskTimeoutMs: TASK_TIMEOUT_MS });
  try {
    await computer.warm(signal);
    const started = performance.now();
    const answers = Array.from({ length: OPERATIONS }, (_, i) => computer.computeFeatures(sliceBars(walk, i, i + BARS), signal));
    await answers[5];
    const struck = fault(computer, signal).catch(() => undefined);
    const outcomes = await Promise.allSettled(answers);
    const ms = performance.now() - started;
    await struck;
    const right = (i: number) => computeFeaturesSync(sliceBars(walk, i, i + BARS)).latest.sma20;
    return { ms, succeeded: outcomes.filter((outcome, i) => outcome.status === "fulfilled" && outcome.value.latest.sma20 === right(i)).length };
  } finally {
    await computer.close();
  }
}
