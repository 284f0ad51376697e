/** The same measurements in the text format of Prometheus. A registry per instance: two sessions share no counter. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { QueueState } from "../domain/performance.ts";
import type { LagStats } from "../domain/ports.ts";
import type { Metrics } from "./operations.ts";

export interface PrometheusInput {
  readonly metrics: Metrics;
  readonly lag: () => LagStats;
  readonly queue: () => QueueState;
  readonly workers: () => number;
}

export interface PrometheusText {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

const SECONDS = 1000;
const QUANTILES = { "0.5": "p50", "0.95": "p95", "0.99": "p99", "1": "max" } as const;
const MAX_LABELS = 200;

/** Counters only ever rise: clearing the list of recent operations does not reset them. */
export function createPrometheus(input: PrometheusInput): PrometheusText {
  const registry = new Registry();
  const registers = [registry];
  const operations = new Counter({
    name: "quantdesk_operations_total",
    help: "Operations that ended, by operation and outcome.",
    labelNames: ["operation", "outcome"],
    registers,
  });
  const queueTime = new Histogram({
    name: "quantdesk_operation_queue_seconds",
    help: "Time an operation waited for a worker.",
    labelNames: ["operation"],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30],
    registers,
  });
  const runTime = new Histogram({
    name: "quantdesk_operation_duration_seconds",
    help: "Time an operation ran, without waiting.",
    labelNames: ["operation"],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30],
    registers,
  });
  new Gauge({
    name: "quantdesk_event_loop_lag_seconds",
    help: "How late the event loop turns, by quantile, over the last seconds.",
    labelNames: ["quantile"],
    registers,
    collect() {
      const lag = input.lag();
      for (const [quantile, field] of Object.entries(QUANTILES)) this.set({ quantile }, lag[field] / SECONDS);
    },
  });
  new Gauge({
    name: "quantdesk_event_loop_lag_mean_seconds",
    help: "How late the event loop turns on average, over the last seconds.",
    registers,
    collect() {
      this.set(input.lag().avg / SECONDS);
    },
  });
  new Gauge({
    name: "quantdesk_queue_depth",
    help: "Operations that wait for a worker.",
    registers,
    collect() {
      this.set(input.queue().depth);
    },
  });
  new Gauge({
    name: "quantdesk_queue_capacity",
    help: "Operations that may wait for a worker.",
    registers,
    collect() {
      this.set(input.queue().capacity);
    },
  });
  new Gauge({
    name: "quantdesk_workers",
    help: "Workers that compute.",
    registers,
    collect() {
      this.set(input.workers());
    },
  });
  const known = new Set<string>();
  const close = input.metrics.onRecord((record) => {
    if (known.size < MAX_LABELS) known.add(record.operation);
    const operation = known.has(record.operation) ? record.operation : "other";
    operations.inc({ operation, outcome: record.ok ? "ok" : "error" });
    queueTime.observe({ operation }, record.queueMs / SECONDS);
    runTime.observe({ operation }, record.runMs / SECONDS);
  });
  return { contentType: registry.contentType, text: () => registry.metrics(), close };
}
