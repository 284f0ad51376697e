/** What other rooms count of themselves, and this process of itself, under Prometheus' names: base units, `_total` for what only rises. */
import type { CircuitState } from "../domain/research.ts";
import type { BacktesterLoad, BrokerMetrics, LagStats, PoolStats, SourceStatus } from "../domain/ports.ts";
import type { MetricFamily, Sample } from "./exposition.ts";

const MS = 1000;
const CIRCUIT_STATES = ["closed", "open", "half-open"] as const;
const QUANTILES = { "0.5": "p50", "0.95": "p95", "0.99": "p99", "1": "max" } as const;

/** Lag of each event loop that is measured, by its name. */
export function lagFamilies(loops: Readonly<Record<string, LagStats>>): readonly MetricFamily[] {
  const all = Object.entries(loops);
  return [
    {
      type: "summary", // the one type that may have quantiles; of the last seconds there is no sum that only rises
      name: "quantdesk_event_loop_lag_seconds",
      help: "How late an event loop turns, by quantile, over the last seconds.",
      samples: all.flatMap(([loop, lag]) => Object.entries(QUANTILES).map(([quantile, field]) => ({ labels: { loop, quantile }, value: lag[field] / MS }))),
    },
    gauge(
      "quantdesk_event_loop_lag_mean_seconds",
      "How late an event loop turns on average, over the last seconds.",
      all.map(([loop, lag]) => ({ labels: { loop }, value: lag.avg / MS })),
    ),
  ];
}

/** Names as Prometheus' own client libraries give them. */
export function processFamilies(version: string): readonly MetricFamily[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    counter("process_cpu_seconds_total", "Processor time of this process, user and system, threads included.", [{ value: (user + system) / 1e6 }]),
    gauge("process_resident_memory_bytes", "Resident memory of this process.", [{ value: rss }]),
    gauge("process_start_time_seconds", "When this process started, seconds since 1970.", [{ value: Date.now() / MS - process.uptime() }]),
    gauge("nodejs_heap_size_used_bytes", "JavaScript heap in use by this thread.", [{ value: heapUsed }]),
    gauge("quantdesk_build_info", "Always 1; the labels say what runs.", [{ labels: { version, node: process.versions.node }, value: 1 }]),
  ];
}

/** None before the broker was used. Counters start again when the session connects anew. */
export function brokerFamilies(metrics: BrokerMetrics | null): readonly MetricFamily[] {
  if (metrics === null) return [];
  const { trading, data, lock } = metrics;
  const apis = Object.entries({ trading, data });
  const each = (value: (pool: PoolStats) => number) => apis.map(([api, pool]) => ({ labels: { api }, value: value(pool) }));
  const failed = apis.flatMap(([api, pool]) => pool.latency.map(({ endpoint, failed: value }) => ({ labels: { api, endpoint }, value })));
  return [
    gauge(
      "quantdesk_broker_connections",
      "Connections that are open.",
      each((pool) => pool.open),
    ),
    gauge(
      "quantdesk_broker_connections_busy",
      "Connections with a request on them.",
      each((pool) => pool.busy),
    ),
    counter(
      "quantdesk_broker_connections_opened_total",
      "Connections opened.",
      each((pool) => pool.opened),
    ),
    counter(
      "quantdesk_broker_connections_reused_total",
      "Requests that found a connection open.",
      each((pool) => pool.reused),
    ),
    gauge(
      "quantdesk_broker_requests_waiting",
      "Requests that wait for a connection or the rate limit.",
      each((pool) => pool.queued),
    ),
    counter(
      "quantdesk_broker_requests_total",
      "Requests sent, retries included.",
      each((pool) => pool.requests),
    ),
    counter(
      "quantdesk_broker_retries_total",
      "Requests sent again.",
      each((pool) => pool.retries),
    ),
    counter(
      "quantdesk_broker_wait_seconds_total",
      "Time that requests have waited for their turn.",
      each((pool) => pool.queuedMs / MS),
    ),
    counter(
      "quantdesk_broker_rate_limit_waits_total",
      "How often the next in line waited for the rate limit.",
      each((pool) => pool.limitWaits),
    ),
    circuits("quantdesk_broker_circuit", "1 for the state that the circuit breaker is in.", "api", { trading: trading.breaker, data: data.breaker }),
    {
      type: "histogram",
      name: "quantdesk_broker_request_duration_seconds",
      help: "Time from sending to the answer, without waiting for a turn.",
      samples: apis.flatMap(([api, pool]) =>
        pool.latency.map(({ endpoint, boundsMs, counts, sumMs }) => ({
          labels: { api, endpoint },
          bounds: boundsMs.map((ms) => ms / MS),
          counts,
          sum: sumMs / MS,
        })),
      ),
    },
    counter("quantdesk_broker_request_failures_total", "Requests without an answer, or with a status of 400 and more.", failed),
    counter("quantdesk_broker_lock_taken_total", "How often the account's lock was taken.", [{ value: lock.taken }]),
    counter("quantdesk_broker_lock_wait_seconds_total", "Time spent waiting for the account's lock.", [{ value: lock.waitedMs / MS }]),
    counter("quantdesk_broker_lock_hold_seconds_total", "Time for which the account's lock was held.", [{ value: lock.heldMs / MS }]),
    gauge("quantdesk_broker_lock_longest_wait_seconds", "Longest wait for the account's lock.", [{ value: lock.longestWaitMs / MS }]),
    gauge("quantdesk_broker_lock_longest_hold_seconds", "Longest time for which the account's lock was held.", [{ value: lock.longestHoldMs / MS }]),
  ];
}

export function backtestFamilies({ workers, running, waiting, ended }: BacktesterLoad): readonly MetricFamily[] {
  return [
    gauge("quantdesk_backtest_workers", "Backtests that may run at once.", [{ value: workers }]),
    gauge("quantdesk_backtests_running", "Backtests that run.", [{ value: running }]),
    gauge("quantdesk_backtests_waiting", "Backtests that wait for a worker.", [{ value: waiting }]),
    counter(
      "quantdesk_backtests_total",
      "Backtests that ended, by outcome; those of sweeps are not among them.",
      Object.entries(ended).map(([outcome, value]) => ({ labels: { outcome }, value })),
    ),
  ];
}

/** Of scanners that have failed; one that is not listed runs. */
export function scannerFamilies(scanners: Readonly<Record<string, CircuitState>>): readonly MetricFamily[] {
  const states = Object.fromEntries(Object.entries(scanners).map(([name, { state }]) => [name, state]));
  return [
    circuits("quantdesk_scanner_circuit", "1 for the state that a scanner's circuit breaker is in; only those that failed are listed.", "scanner", states),
  ];
}

/** Of public sources that were asked. */
export function sourceFamilies(all: readonly SourceStatus[]): readonly MetricFamily[] {
  const asked = all.filter(({ requests, cache }) => requests + cache.misses > 0);
  const each = (value: (source: SourceStatus) => number) => asked.map((source) => ({ labels: { source: source.name }, value: value(source) }));
  const answers = asked.flatMap(({ name, cache }) => Object.entries(cache).map(([from, value]) => ({ labels: { source: name, from }, value })));
  return [
    circuits(
      "quantdesk_source_circuit",
      "1 for the state that the circuit breaker of a public data source is in.",
      "source",
      Object.fromEntries(asked.map(({ name, breaker }) => [name, breaker])),
    ),
    counter(
      "quantdesk_source_requests_total",
      "Requests to a public data source, repetitions included.",
      each(({ requests }) => requests),
    ),
    counter(
      "quantdesk_source_retries_total",
      "Repetitions among them.",
      each(({ retries }) => retries),
    ),
    counter("quantdesk_source_answers_total", "Questions by what the cache did: hits, misses, old ones confirmed, old ones that stood in (stale).", answers),
  ];
}

export function queueFamilies({ running, refused }: { readonly running: number; readonly refused: number }): readonly MetricFamily[] {
  return [
    gauge("quantdesk_operations_running", "Offloaded operations that run.", [{ value: running }]),
    counter("quantdesk_operations_refused_total", "Operations that found the queue full and were refused.", [{ value: refused }]),
  ];
}

function gauge(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { type: "gauge", name, help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): MetricFamily {
  return { type: "counter", name, help, samples };
}

function circuits(name: string, help: string, label: string, states: Readonly<Record<string, PoolStats["breaker"]>>): MetricFamily {
  const samples = Object.entries(states).flatMap(([of, state]) =>
    CIRCUIT_STATES.map((one) => ({ labels: { [label]: of, state: one }, value: one === state ? 1 : 0 })),
  );
  return gauge(name, help, samples);
}
