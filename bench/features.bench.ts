/** 500 feature computations over 10,000 bars each, asked for at once: in the caller's loop against offloaded. */
import type { LatencyReport } from "../src/core/domain/performance.ts";
import { runLatencyBench } from "../src/core/features/latencyBench.ts";
import type { Benchmark, Comparison } from "./comparison.ts";

const OPERATIONS = 500;
const ROUNDS = 3;

export const bench: Benchmark = {
  description: `${OPERATIONS} feature computations at once, in the loop and offloaded`,
  run: async (signal) => {
    const threads: LatencyReport[] = [];
    const processes: LatencyReport[] = [];
    const cold: LatencyReport[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      threads.push(await runLatencyBench({ operations: OPERATIONS }, signal));
      processes.push(await runLatencyBench({ operations: OPERATIONS, useProcessPool: true }, signal));
      cold.push(await runLatencyBench({ operations: OPERATIONS, isCold: true }, signal));
    }
    const workers = threads[0]?.workers ?? 0;
    const worst = Math.min(...[...threads, ...processes, ...cold].map((report) => report.after.successRate));
    const compare = (title: string, unit: string, better: Comparison["better"], of: (side: LatencyReport["before"]) => number): Comparison => ({
      title,
      unit,
      better,
      baseline: "in the loop",
      samples: {
        "in the loop": threads.map((report) => of(report.before)),
        threads: threads.map((report) => of(report.after)),
        processes: processes.map((report) => of(report.after)),
        "threads that start under the load": cold.map((report) => of(report.after)),
      },
      note: `${workers} workers, warm unless said otherwise, nothing cached; success ${(worst * 100).toFixed(1)} %, each answer compared with the one computed in the loop.`,
    });
    return [
      compare("lag P95", "ms", "lower", (side) => Math.max(side.lagMs.p95, 0.001)),
      compare("lag P99", "ms", "lower", (side) => Math.max(side.lagMs.p99, 0.001)),
      compare("throughput", "/s", "higher", (side) => side.opsPerSecond),
    ];
  },
};
