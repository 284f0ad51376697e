/** What measuring costs: one operation against its record in the metrics, and a second against the lag meter's share of it. */
import { ManualClock } from "../src/core/base/clock.ts";
import { openLagMeter } from "../src/core/base/lagMeter.ts";
import type { BarSeries } from "../src/core/domain/bars.ts";
import { computeFeaturesSync } from "../src/core/features/computeFeatures.ts";
import { createMetrics } from "../src/core/metrics/operations.ts";
import { createPrometheus } from "../src/core/metrics/prometheus.ts";
import { inTurns, type Benchmark } from "./comparison.ts";

const OPERATIONS = 200;
/** So many that their time can be told from the machine's other work. */
const RECORDS = 100;
const BARS = 1_000;
const ROUNDS = 5;
const WATCHED_MS = 1_000;

export const bench: Benchmark = {
  description: "what measuring an operation and the loop's lag costs",
  run: async (signal) => {
    const series = rising(BARS);
    const metrics = createMetrics({ capacity: 10_000 });
    const prometheus = createPrometheus({ metrics, queue: () => ({ depth: 0, capacity: 1 }), workers: () => 1, families: () => [] });
    const clock = new ManualClock(0);
    const samples = await inTurns(
      ROUNDS,
      {
        operation: () => {
          for (let i = 0; i < OPERATIONS; i++) computeFeaturesSync(series);
        },
        "a hundred records of each": () => {
          for (let i = 0; i < OPERATIONS * RECORDS; i++) {
            clock.advance(1);
            metrics.record({ operation: "features", startedAt: clock.now(), queueMs: (i % 50) / 10, runMs: (i % 200) / 10, ok: true, error: null });
          }
        },
      },
      signal,
    );
    prometheus.close();
    const meter: number[] = [];
    for (let round = 0; round < ROUNDS; round++) meter.push(Math.max(0.001, (await processorMs(true, signal)) - (await processorMs(false, signal))));
    return [
      {
        title: `${OPERATIONS} operations`,
        unit: "ms",
        better: "lower",
        baseline: "operation",
        samples,
        note: `Features of ${BARS} bars, the smallest that is worth offloading; a record is ring, histograms and Prometheus. Under 1 % is a ratio above 1.`,
      },
      {
        title: "lag meter",
        unit: "ms",
        better: "lower",
        baseline: "a second",
        samples: { "a second": meter.map(() => WATCHED_MS), "its processor time": meter },
        note: "An idle loop with the meter (every 10 ms) less the same without. Under 1 % is a ratio above 100.",
      },
    ];
  },
};

async function processorMs(withMeter: boolean, signal: AbortSignal): Promise<number> {
  const meter = withMeter ? openLagMeter() : undefined;
  try {
    const before = process.cpuUsage();
    await new Promise<void>((done) => setTimeout(done, WATCHED_MS));
    signal.throwIfAborted();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  } finally {
    meter?.stop();
  }
}

function rising(bars: number): BarSeries {
  const close = Float64Array.from({ length: bars }, (_, i) => 100 + i / 100 + Math.sin(i));
  const time = Float64Array.from({ length: bars }, (_, i) => Date.UTC(2000, 0, 1) + i * 60_000);
  const volume = new Float64Array(bars).fill(1000);
  return {
    symbol: "BENCH",
    timeframe: "1Min",
    time,
    open: close,
    high: close.map((price) => price + 1),
    low: close.map((price) => price - 1),
    close,
    volume,
    simulated: true,
  };
}
