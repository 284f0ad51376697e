/** The same measurements in the text format of Prometheus. A registry per instance: two sessions share no counter. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { QueueState } from "../domain/performance.ts";
import { exposition, type MetricFamily } from "./exposition.ts";
import type { Metrics } from "./operations.ts";

export interface PrometheusInput {
  readonly metrics: Metrics;
  readonly queue: () => QueueState;
  readonly workers: () => number;
  /** What others count, read at each request. */
  readonly families: () => readonly MetricFamily[];
}

export interface PrometheusText {
  readonly contentType: string;
  /** With `more` families after our own. */
  text(more?: readonly MetricFamily[]): Promise<string>;
  close(): void;
}

const SECONDS = 1000;
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
  return { contentType: registry.contentType, text: async (more = []) => (await registry.metrics()) + exposition([...input.families(), ...more]), close };
}
