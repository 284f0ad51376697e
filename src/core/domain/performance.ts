/** How the product measures itself: lag of a loop, operations, health, latency reports. Milliseconds unless the name says otherwise. */
import type { LagStats, OperationRecord } from "./ports.ts";

/** The last operations, as `GET /api/performance/metrics` answers them. */
export interface MetricsReport {
  readonly schema: "quantdesk.metrics/1";
  /** Oldest first. */
  readonly metrics: readonly ReportedOperation[];
  readonly queueDepth: number;
}

/** `startedAt`: ISO 8601 UTC, when it was asked for. */
export type ReportedOperation = Omit<OperationRecord, "startedAt"> & { readonly startedAt: string };

export interface OperationSummary {
  readonly operations: number;
  /** 0 to 1; null while nothing has run. */
  readonly successRate: number | null;
  /** From asking to answer: queue and run; null while nothing has run. Percentiles are within 0.4 %. */
  readonly latencyMs: LagStats | null;
  /** Waiting for a worker. */
  readonly queueMs: LagStats | null;
  /** Without waiting. */
  readonly runMs: LagStats | null;
}

export interface MetricsSummary extends OperationSummary {
  readonly schema: "quantdesk.metrics-summary/1";
  /** Finished operations per second between the first start and the last end that are kept; null while nothing has run. */
  readonly opsPerSecond: number | null;
  readonly lagMs: LagStats;
  readonly byOperation: Readonly<Record<string, OperationSummary>>;
}

export type AlertCode = "loop-lag" | "success-rate" | "queue-filling" | "low-throughput" | "loop-blocked";

export interface Alert {
  readonly code: AlertCode;
  readonly value: number;
  readonly limit: number;
  /** ISO 8601 UTC: when it began. */
  readonly since: string;
  /** One sentence: what is wrong and what helps. */
  readonly reason: string;
}

export interface QueueState {
  readonly depth: number;
  readonly capacity: number;
}

export interface HealthReport {
  readonly schema: "quantdesk.health/1";
  readonly status: "ok" | "degraded" | "failing";
  /** Why it is not ok, in the sentences of the alerts; null when it is. */
  readonly reason: string | null;
  readonly alerts: readonly Alert[];
  readonly workers: number;
  readonly queue: QueueState;
}

/** What the performance API pushes every second. */
export interface PerformanceSnapshot {
  readonly schema: "quantdesk.performance/1";
  /** ISO 8601 UTC. */
  readonly at: string;
  readonly health: HealthReport;
  /** The last known one while the session's loop stands; null when there was none. */
  readonly summary: MetricsSummary | null;
}

export interface LatencySide {
  readonly lagMs: LagStats;
  readonly opsPerSecond: number;
  /** 0 to 1. */
  readonly successRate: number;
}

/** The same operations in the caller's loop (before) and offloaded (after). */
export interface LatencyReport {
  readonly schema: "quantdesk.latency/1";
  readonly benchmark: BenchmarkKind;
  readonly operations: number;
  readonly barsPerOperation: number;
  readonly before: LatencySide;
  readonly after: LatencySide;
  /** Throughput after over before: above 1 is faster. */
  readonly speedup: number;
  readonly workers: number;
  /** ISO 8601 UTC. */
  readonly at: string;
}

export type BenchmarkKind = "feature-computation" | "signal-generation";
