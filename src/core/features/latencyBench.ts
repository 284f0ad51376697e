/** The same operations in the caller's loop and offloaded: what it does to the loop's lag and to throughput. */
import { availableParallelism } from "node:os";
import { openLagMeter, type LagMeter } from "../base/lagMeter.ts";
import { silentLog } from "../base/log.ts";
import { seededRandom } from "../base/random.ts";
import { sliceBars, type BarSeries } from "../domain/bars.ts";
import type { BenchmarkKind, LatencyReport, LatencySide } from "../domain/performance.ts";
import type { OperationRecord } from "../domain/ports.ts";
import { computeFeaturesSync } from "./computeFeatures.ts";
import { createFeatureComputer, type AsyncFeatureComputer } from "./featureComputer.ts";
import { generateTickerSignalSync } from "./signals.ts";

export interface LatencyBenchOptions {
  /** All asked for at once. */
  readonly operations: number;
  /** Obeyed as it is; as many as there are cores, at most 8, when absent. */
  readonly workers?: number;
  readonly benchmark?: BenchmarkKind;
  readonly barsPerOperation?: number;
  readonly useProcessPool?: boolean;
  /** Workers start under the load, instead of before it. */
  readonly isCold?: boolean;
}

/** The report, and the offloaded operations that were measured for it. */
export interface LatencyRun {
  readonly report: LatencyReport;
  readonly operations: readonly OperationRecord[];
}

const BARS = 10_000;
const WARM_UPS = 20;

/**
 * Runs `operations` twice, each on a series of its own: first in this thread, as a server does whose handlers compute
 * (one turn of the loop has all of them), then through an AsyncFeatureComputer. Code and workers are warm, nothing is
 * cached, and an operation succeeds when its answer equals the one computed in the loop.
 */
export async function runLatencyBench(options: LatencyBenchOptions, signal: AbortSignal): Promise<LatencyReport> {
  return (await runRecordedBench(options, signal)).report;
}

/** As `runLatencyBench`, with what a session's metrics would have of it. */
export async function runRecordedBench(options: LatencyBenchOptions, signal: AbortSignal): Promise<LatencyRun> {
  const { operations, benchmark = "feature-computation", barsPerOperation = BARS } = options;
  const workers = options.workers ?? Math.min(8, availableParallelism());
  const walk = randomWalk(barsPerOperation + operations);
  const seriesOf = (i: number) => sliceBars(walk, i, i + barsPerOperation);
  const inLoop =
    benchmark === "feature-computation"
      ? (series: BarSeries) => fingerprint(computeFeaturesSync(series).latest)
      : (series: BarSeries) => fingerprint(generateTickerSignalSync(series));
  const offloaded = async (computer: AsyncFeatureComputer, series: BarSeries) =>
    benchmark === "feature-computation"
      ? fingerprint((await computer.computeFeatures(series, signal)).latest)
      : fingerprint(await computer.generateTickerSignal(series, signal));

  for (let i = 0; i < WARM_UPS; i++) inLoop(seriesOf(i % operations));
  const expected: string[] = [];
  const before = await measured(
    operations,
    signal,
    (i) =>
      new Promise<boolean>((resolve, reject) => {
        setImmediate(() => {
          if (signal.aborted) reject(signal.reason as Error);
          else resolve((expected[i] = inLoop(seriesOf(i))) !== "");
        });
      }),
  );
  const recorded: OperationRecord[] = [];
  const computer = createFeatureComputer({
    workers,
    workersGiven: true,
    queueSize: operations,
    useProcessPool: options.useProcessPool ?? false,
    metrics: { record: (operation) => recorded.push(operation) },
    log: silentLog,
    cacheSize: 0,
  });
  try {
    if (options.isCold !== true) await computer.warm(signal);
    for (let round = 0; options.isCold !== true && round < WARM_UPS; round += workers)
      await Promise.all(Array.from({ length: workers }, (_, i) => offloaded(computer, seriesOf((round + i) % operations)).catch(() => "")));
    recorded.length = 0; // the warm-ups
    const after = await measured(operations, signal, async (i) => (await offloaded(computer, seriesOf(i))) === expected[i]);
    const report: LatencyReport = {
      schema: "quantdesk.latency/1",
      benchmark,
      operations,
      barsPerOperation,
      before,
      after,
      speedup: after.opsPerSecond / before.opsPerSecond,
      workers,
      at: new Date().toISOString(),
    };
    return { report, operations: recorded };
  } finally {
    await computer.close();
  }
}

/** All operations at once; an operation that fails counts, an abort ends the measurement. */
async function measured(operations: number, signal: AbortSignal, operation: (i: number) => Promise<boolean>): Promise<LatencySide> {
  const meter = openLagMeter({ resolutionMs: 1 });
  try {
    await settled(meter);
    const started = performance.now();
    const outcomes = await Promise.all(
      Array.from({ length: operations }, async (_, i) => {
        try {
          return await operation(i);
        } catch {
          return false;
        }
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    signal.throwIfAborted();
    const succeeded = outcomes.filter(Boolean).length;
    return { lagMs: meter.snapshot(), opsPerSecond: succeeded / seconds, successRate: succeeded / operations };
  } finally {
    meter.stop();
  }
}

/** Lets the meter's timers tick once, so that it measures the operations and not its own start. */
async function settled(meter: LagMeter): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  meter.reset();
}

function fingerprint(answer: unknown): string {
  return JSON.stringify(answer);
}

/** Seeded made-up prices: every run measures the same work. */
export function randomWalk(bars: number): BarSeries {
  const random = seededRandom("latency bench");
  const [time, open, high, low, close, volume] = Array.from({ length: 6 }, () => new Float64Array(bars)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let price = 100;
  for (let i = 0; i < bars; i++) {
    time[i] = Date.UTC(2000, 0, 1) + i * 60_000;
    open[i] = price;
    price = Math.max(1, Math.round(price * (1 + random.normal() / 500) * 100) / 100);
    close[i] = price;
    high[i] = Math.max(open[i] as number, price) + 0.05;
    low[i] = Math.min(open[i] as number, price) - 0.05;
    volume[i] = 1000 + random.int(1000);
  }
  return { symbol: "BENCH", timeframe: "1Min", time, open, high, low, close, volume, simulated: true };
}
