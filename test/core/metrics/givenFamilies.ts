/** One of each metric that /metrics can show. */
import type { PoolStats } from "../../../src/core/domain/ports.ts";
import type { MetricFamily } from "../../../src/core/metrics/exposition.ts";
import {
  backtestFamilies,
  brokerFamilies,
  lagFamilies,
  processFamilies,
  queueFamilies,
  scannerFamilies,
  sourceFamilies,
} from "../../../src/core/metrics/families.ts";
import { createMetrics } from "../../../src/core/metrics/operations.ts";
import { createPrometheus } from "../../../src/core/metrics/prometheus.ts";

const POOL: PoolStats = {
  open: 3,
  busy: 1,
  queued: 2,
  requests: 40,
  retries: 4,
  opened: 5,
  reused: 35,
  queuedMs: 1500,
  limitWaits: 6,
  breaker: "half-open",
  latency: [{ endpoint: "GET /v2/orders/:id", count: 4, failed: 1, sumMs: 2000, boundsMs: [1, 100], counts: [1, 2, 1] }],
};
const LOCK = { taken: 7, waitedMs: 10, longestWaitMs: 5, heldMs: 700, longestHoldMs: 300 };

export function everything(): readonly MetricFamily[] {
  const lag = { avg: 1, p50: 2, p95: 3, p99: 4, max: 5 };
  return [
    ...lagFamilies({ session: lag, "performance-api": lag }),
    ...processFamilies("1.2.3"),
    ...brokerFamilies({ trading: POOL, data: { ...POOL, breaker: "closed", latency: [] }, lock: LOCK }),
    ...backtestFamilies({ workers: 4, running: 2, waiting: 9, ended: { ok: 10, error: 1, timeout: 3 } }),
    ...scannerFamilies({ news: { state: "open", failures: 3, openUntil: "2026-01-01T00:00:00.000Z" } }),
    ...sourceFamilies([
      {
        name: "finnhub",
        state: "real",
        missing: null,
        breaker: "closed",
        openUntil: null,
        requests: 12,
        retries: 1,
        cache: { hits: 30, misses: 11, confirmed: 2, stale: 1 },
      },
    ]),
    ...queueFamilies({ running: 1, refused: 8 }),
  ];
}

/** With the operations' own. */
export async function everythingAsText(): Promise<string> {
  const metrics = createMetrics({ capacity: 10 });
  const prometheus = createPrometheus({ metrics, queue: () => ({ depth: 3, capacity: 1000 }), workers: () => 2, families: everything });
  metrics.record({ operation: 'odd "name"\\\n', startedAt: 1, queueMs: 1, runMs: 2, ok: true, error: null });
  return await prometheus.text();
}
