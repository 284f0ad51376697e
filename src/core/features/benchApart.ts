/** The latency benchmark in a process of its own: its first half stands still for seconds, which a trading session must not. */
import { setImmediate } from "node:timers/promises";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { withDeadline } from "../base/scope.ts";
import type { LatencyReport } from "../domain/performance.ts";
import type { MetricsSink } from "../domain/ports.ts";
import type { LatencyBenchOptions, LatencyRun } from "./latencyBench.ts";
import { openProcessPool } from "./processPool.ts";

const DEADLINE_MS = 300_000;

/** Records handed on in one turn of the loop: a few milliseconds. */
const AT_ONCE = 250;

/** As `runLatencyBench`, the caller's loop being that of the new process. The offloaded operations go to `metrics` when it ends. */
export async function runLatencyBenchApart(options: LatencyBenchOptions, signal: AbortSignal, log: Log, metrics?: MetricsSink): Promise<LatencyReport> {
  const pool = openProcessPool(log);
  try {
    const { report, operations } = await withDeadline("The benchmark", DEADLINE_MS, signal, async (both) => {
      const answer = await pool.run({ kind: "latency-bench", options }, both);
      if (!answer.ok) throw TradingError.fromPlain(answer.error);
      return answer.value as LatencyRun;
    });
    for (const [i, operation] of operations.entries()) {
      metrics?.record(operation);
      if (i % AT_ONCE === AT_ONCE - 1) await setImmediate();
    }
    return report;
  } finally {
    await pool.close();
  }
}
