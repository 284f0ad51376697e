/**
 * metrics: what the product measures of itself: operations, loop lag, health, and the performance API that shows them.
 * Imports base and domain. Is given: what to measure, as functions. Knows nothing of features, brokers or VS Code.
 *
 * This file keeps the last operations in a ring of fixed size, with counters and histograms of all of them beside it.
 */
import { badInput } from "../base/errors.ts";
import type { MetricsSummary, OperationSummary } from "../domain/performance.ts";
import type { LagStats, MetricsSink, OperationRecord } from "../domain/ports.ts";
import { DurationHistogram } from "./histogram.ts";

export interface Metrics extends MetricsSink {
  /** The last `n` operations, oldest first; all that are kept when absent. */
  recent(n?: number): readonly OperationRecord[];
  /** Counts and percentiles since the last clear. */
  summary(lagMs: LagStats): MetricsSummary;
  /** Forgets everything; answers how many operations were forgotten. */
  clear(): number;
  /** Operations that ended, and those that failed, in the `windowMs` before `now` (UTC ms), among those kept; only those that `counts`. */
  endedSince(now: number, windowMs: number, counts?: (operation: string) => boolean): { readonly ended: number; readonly failed: number };
  onRecord(listener: (operation: OperationRecord) => void): () => void;
}

interface Count {
  operations: number;
  failed: number;
  readonly latency: DurationHistogram;
  readonly queue: DurationHistogram;
  readonly run: DurationHistogram;
}

/** More names than this are counted under "other", so that a name made of data cannot fill the memory. */
const MAX_NAMES = 200;
const OTHER = "other";

/** Keeps at most `capacity` operations; the oldest make room. */
export function createMetrics(options: { readonly capacity: number }): Metrics {
  const { capacity } = options;
  if (!Number.isInteger(capacity) || capacity < 1)
    throw badInput("bad-capacity", `The metrics' capacity is ${capacity}.`, "Give a whole number of operations, at least 1.");
  let ring: OperationRecord[] = [];
  let next = 0;
  const counts = new Map<string, Count>();
  let total = emptyCount();
  const listeners = new Set<(operation: OperationRecord) => void>();
  const recent = (n = capacity) => {
    const ordered = ring.length < capacity ? ring : [...ring.slice(next), ...ring.slice(0, next)];
    return ordered.slice(Math.max(0, ordered.length - n));
  };
  return {
    record: (operation) => {
      ring[next] = operation;
      next = (next + 1) % capacity;
      const name = counts.has(operation.operation) || counts.size < MAX_NAMES ? operation.operation : OTHER;
      let count = counts.get(name);
      if (count === undefined) {
        count = emptyCount();
        counts.set(name, count);
      }
      add(count, operation);
      add(total, operation);
      for (const listener of listeners) listener(operation);
    },
    recent,
    summary: (lagMs) => {
      const byOperation: Record<string, OperationSummary> = Object.create(null) as Record<string, OperationSummary>;
      for (const [name, count] of counts) byOperation[name] = summaryOf(count);
      return { schema: "quantdesk.metrics-summary/1", ...summaryOf(total), opsPerSecond: opsPerSecond(ring), lagMs, byOperation };
    },
    clear: () => {
      const cleared = total.operations;
      total = emptyCount();
      ring = [];
      next = 0;
      counts.clear();
      return cleared;
    },
    endedSince: (now, windowMs, counts = () => true) => {
      let ended = 0;
      let failed = 0;
      for (const operation of ring) {
        if (endOf(operation) < now - windowMs || !counts(operation.operation)) continue;
        ended++;
        if (!operation.ok) failed++;
      }
      return { ended, failed };
    },
    onRecord: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function emptyCount(): Count {
  return { operations: 0, failed: 0, latency: new DurationHistogram(), queue: new DurationHistogram(), run: new DurationHistogram() };
}

function add(count: Count, { queueMs, runMs, ok }: OperationRecord): void {
  count.operations++;
  if (!ok) count.failed++;
  count.latency.record(queueMs + runMs);
  count.queue.record(queueMs);
  count.run.record(runMs);
}

function summaryOf({ operations, failed, latency, queue, run }: Count): OperationSummary {
  return {
    operations,
    successRate: operations === 0 ? null : (operations - failed) / operations,
    latencyMs: latency.stats(),
    queueMs: queue.stats(),
    runMs: run.stats(),
  };
}

function opsPerSecond(kept: readonly OperationRecord[]): number | null {
  if (kept.length === 0) return null;
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const operation of kept) {
    first = Math.min(first, operation.startedAt);
    last = Math.max(last, endOf(operation));
  }
  // The wall clock has a resolution of a millisecond; less than one cannot be told from one.
  return (kept.length * 1000) / Math.max(1, last - first);
}

/** `startedAt` is when the operation was asked for. */
function endOf(operation: OperationRecord): number {
  return operation.startedAt + operation.queueMs + operation.runMs;
}
