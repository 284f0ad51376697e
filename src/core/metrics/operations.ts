/**
 * metrics: what the product measures of itself: operations, loop lag, health, and the performance API that shows them.
 * Imports base and domain. Is given: what to measure, as functions. Knows nothing of features, brokers or VS Code.
 *
 * This file keeps the last operations in a ring of fixed size, with counters beside it.
 */
import { badInput } from "../base/errors.ts";
import type { MetricsSummary, OperationSummary } from "../domain/performance.ts";
import type { LagStats, MetricsSink, OperationRecord } from "../domain/ports.ts";

export interface Metrics extends MetricsSink {
  /** The last `n` operations, oldest first; all that are kept when absent. */
  recent(n?: number): readonly OperationRecord[];
  /** Counts since the last clear; percentiles over the operations that are kept. */
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
      const count = counts.get(name) ?? { operations: 0, failed: 0 };
      counts.set(name, count);
      count.operations++;
      if (!operation.ok) count.failed++;
      for (const listener of listeners) listener(operation);
    },
    recent,
    summary: (lagMs) => {
      const kept = recent();
      const total = { operations: 0, failed: 0 };
      const byName = new Map<string, OperationRecord[]>();
      for (const operation of kept) {
        const name = counts.has(operation.operation) ? operation.operation : OTHER;
        const group = byName.get(name);
        if (group === undefined) byName.set(name, [operation]);
        else group.push(operation);
      }
      const byOperation: Record<string, OperationSummary> = Object.create(null) as Record<string, OperationSummary>;
      for (const [name, count] of counts) {
        total.operations += count.operations;
        total.failed += count.failed;
        byOperation[name] = summaryOf(count, byName.get(name) ?? []);
      }
      return { schema: "quantdesk.metrics-summary/1", ...summaryOf(total, kept), opsPerSecond: opsPerSecond(kept), lagMs, byOperation };
    },
    clear: () => {
      let cleared = 0;
      for (const count of counts.values()) cleared += count.operations;
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

function summaryOf(count: Count, kept: readonly OperationRecord[]): OperationSummary {
  return {
    operations: count.operations,
    successRate: count.operations === 0 ? null : (count.operations - count.failed) / count.operations,
    latencyMs: statsOf(kept.map((operation) => operation.queueMs + operation.runMs)),
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

/** Nearest-rank percentiles; null for none. */
export function statsOf(values: readonly number[]): LagStats | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const rank = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] as number;
  let sum = 0;
  for (const value of sorted) sum += value;
  return { avg: sum / sorted.length, p50: rank(50), p95: rank(95), p99: rank(99), max: rank(100) };
}
