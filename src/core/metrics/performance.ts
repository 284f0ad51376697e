/** One session's measurements, put together: operations, lag of its loop, health, benchmark reports, Prometheus text. */
import { TradingError } from "../base/errors.ts";
import { systemClock } from "../base/clock.ts";
import type { LagMeter } from "../base/lagMeter.ts";
import type {
  BenchmarkKind,
  HealthReport,
  LatencyReport,
  MetricsReport,
  MetricsSummary,
  PerformanceSnapshot,
  QueueState,
  ReportedOperation,
} from "../domain/performance.ts";
import { productVersion } from "../base/entry.ts";
import type { LagStats, OperationRecord } from "../domain/ports.ts";
import type { MetricFamily } from "./exposition.ts";
import { lagFamilies, processFamilies } from "./families.ts";
import { createHealth } from "./health.ts";
import { startLoopLag } from "./loopLag.ts";
import { createMetrics, type Metrics } from "./operations.ts";
import { createPrometheus } from "./prometheus.ts";

/** What the performance API answers with; each function is cheap, the benchmark excepted. */
export interface PerformanceSource {
  /** The newest `lastN`; all that are kept when null. */
  metrics(lastN: number | null): MetricsReport;
  summary(): MetricsSummary;
  clear(): number;
  benchmarks(): readonly LatencyReport[];
  /** One at a time: a second one is refused with `benchmark-running`. */
  runBenchmark(kind: BenchmarkKind, operations: number, signal: AbortSignal): Promise<LatencyReport>;
  clearBenchmarks(): number;
  health(): HealthReport;
  snapshot(): PerformanceSnapshot;
  /** With the lag of other event loops than the session's, by name. */
  prometheus(loops: Readonly<Record<string, LagStats>>): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface Performance {
  /** For whoever does work. */
  readonly metrics: Metrics;
  /** Lag of the loop that this was opened in, over the last ten seconds or so. */
  readonly lag: LagMeter;
  readonly source: PerformanceSource;
  close(): void;
}

export interface PerformanceOptions {
  /** Those that the work is recorded in already; new ones, of the last 10,000 operations, when absent. */
  readonly metrics?: Metrics;
  /** A meter of this thread that runs already (its owner stops it); a new one when absent. */
  readonly lag?: LagMeter;
  readonly queue: () => QueueState;
  readonly workers: () => number;
  /** What else `/metrics` shows, read at each request; nothing when absent. */
  readonly families?: () => readonly MetricFamily[];
  /** Operations that `health` judges; all when absent. */
  readonly isJudged?: (operation: string) => boolean;
  readonly runBenchmark: (kind: BenchmarkKind, operations: number, signal: AbortSignal) => Promise<LatencyReport>;
}

const KEPT_OPERATIONS = 10_000;
const KEPT_BENCHMARKS = 100;
const LOOK_EVERY_MS = 1_000;

/** Starts to measure this thread; `close` stops it. */
export function openPerformance(options: PerformanceOptions): Performance {
  const metrics = options.metrics ?? createMetrics({ capacity: KEPT_OPERATIONS });
  const lag = options.lag ?? startLoopLag();
  const health = createHealth({
    endedSince: (now, windowMs) => metrics.endedSince(now, windowMs, options.isJudged),
    lagP95Ms: () => lag.snapshot().p95,
    queue: options.queue,
    workers: options.workers,
    clock: systemClock,
  });
  const prometheus = createPrometheus({ metrics, queue: options.queue, workers: options.workers, families: options.families ?? (() => []) });
  const version = productVersion();
  // Alerts that need a condition to last are only true if somebody looks in between.
  const look = setInterval(() => health.check(), LOOK_EVERY_MS);
  look.unref();
  const reports: LatencyReport[] = [];
  let running = false;
  return {
    metrics,
    lag,
    source: {
      metrics: (lastN) => ({
        schema: "quantdesk.metrics/1",
        metrics: metrics.recent(lastN ?? undefined).map(reported),
        queueDepth: options.queue().depth,
      }),
      summary: () => metrics.summary(lag.snapshot()),
      clear: () => metrics.clear(),
      benchmarks: () => [...reports],
      runBenchmark: async (kind, operations, signal) => {
        if (running)
          throw new TradingError("benchmark-running", "A benchmark is running already.", {
            hint: "Ask again when it has ended: two at once would measure each other.",
          });
        running = true;
        try {
          const report = await options.runBenchmark(kind, operations, signal);
          reports.push(report);
          if (reports.length > KEPT_BENCHMARKS) reports.shift();
          return report;
        } finally {
          running = false;
        }
      },
      clearBenchmarks: () => reports.splice(0).length,
      health: () => health.check(),
      snapshot: () => ({
        schema: "quantdesk.performance/1",
        at: new Date(systemClock.now()).toISOString(),
        health: health.check(),
        summary: metrics.summary(lag.snapshot()),
      }),
      prometheus: async (loops) => {
        const own = [...lagFamilies({ session: lag.snapshot(), ...loops }), ...processFamilies(version)];
        return { contentType: prometheus.contentType, text: await prometheus.text(own) };
      },
    },
    close: () => {
      clearInterval(look);
      prometheus.close();
      if (options.lag === undefined) lag.stop();
    },
  };
}

function reported(record: OperationRecord): ReportedOperation {
  return { ...record, startedAt: new Date(record.startedAt).toISOString() };
}
