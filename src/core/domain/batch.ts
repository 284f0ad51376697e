/** The figures of a batch out of its items. */
import type { BatchItem, BatchResult } from "./backtest.ts";

/** Durations are those of the items that ran or were looked up. */
export function summarize(results: readonly BatchItem[], workers: number, durationMs: number): BatchResult {
  const count = (status: BatchItem["status"]) => results.filter((item) => item.status === status).length;
  const sorted = results.flatMap((item) => item.durationMs ?? []).sort((a, b) => a - b);
  const succeeded = count("ok");
  const cancelled = count("cancelled");
  return {
    schema: "quantdesk.batch/1",
    run: results.length - cancelled,
    succeeded,
    failed: count("error"),
    timedOut: count("timeout"),
    cancelled,
    cached: results.filter((item) => item.cached === true).length,
    workers,
    durationMs,
    throughput: durationMs > 0 ? ((results.length - cancelled) / durationMs) * 1000 : null,
    avgMs: sorted.length === 0 ? null : sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length,
    medianMs: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
    successRate: results.length === 0 ? 0 : succeeded / results.length,
    results,
  };
}

/** Nearest rank. */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted.length === 0 ? null : (sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number);
}
