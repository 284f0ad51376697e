/** The latency benchmark in a process of its own: its first half stands still for seconds, which a trading session must not. */
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { withDeadline } from "../base/scope.ts";
import type { LatencyReport } from "../domain/performance.ts";
import type { LatencyBenchOptions } from "./latencyBench.ts";
import { openProcessPool } from "./processPool.ts";

const DEADLINE_MS = 300_000;

/** As `runLatencyBench`, the caller's loop being that of the new process. */
export async function runLatencyBenchApart(options: LatencyBenchOptions, signal: AbortSignal, log: Log): Promise<LatencyReport> {
  const pool = openProcessPool(log);
  try {
    return await withDeadline("The benchmark", DEADLINE_MS, signal, async (both) => {
      const answer = await pool.run({ kind: "latency-bench", options }, both);
      if (!answer.ok) throw TradingError.fromPlain(answer.error);
      return answer.value as LatencyReport;
    });
  } finally {
    await pool.close();
  }
}
