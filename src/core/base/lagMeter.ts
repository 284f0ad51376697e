/**
 * How late this thread's event loop turns, in milliseconds. Node's histogram counts the time between two timer ticks,
 * sampling period included (https://nodejs.org/api/perf_hooks.html#perf_hooksmonitoreventloopdelayoptions): the period is
 * taken off here, so an idle loop reads about 0.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { badInput } from "./errors.ts";

/** Milliseconds. */
export interface LagReading {
  readonly avg: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures how late one event loop turns. */
export interface LagMeter {
  /** Since the last reset; the sampling period is not part of the lag. */
  snapshot(): LagReading;
  reset(): void;
  stop(): void;
}

const NANOSECONDS = 1e6;
const NO_LAG: LagReading = { avg: 0, p50: 0, p95: 0, p99: 0, max: 0 };

/** Ticks of the histogram between two of our own: each costs this thread more than one of the histogram's, which is native. */
const TICK_EVERY = 3;

/**
 * Starts measuring; `stop` stops it. Costs one native timer per `resolutionMs` (1 to 10), and a JavaScript timer at a third
 * of that. A loop that has not turned since the last tick has told the histogram nothing: it would read 0 in the middle of
 * the longest stall. The overdue time of the timer of our own is therefore counted as one more sample; until the stall is
 * over it is read up to three periods short.
 */
export function openLagMeter(options: { readonly resolutionMs?: number } = {}): LagMeter {
  const period = options.resolutionMs ?? 10;
  if (!Number.isInteger(period) || period < 1 || period > 10)
    throw badInput("bad-resolution", `The lag meter's resolution is ${period} ms.`, "Give a whole number from 1 to 10.");
  const histogram = monitorEventLoopDelay({ resolution: period });
  let lastTick = performance.now();
  const timer = setInterval(() => {
    lastTick = performance.now();
  }, period * TICK_EVERY);
  timer.unref();
  histogram.enable();
  const lag = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - period);
  return {
    snapshot: () => {
      const overdue = Math.max(0, performance.now() - lastTick - period * TICK_EVERY);
      if (histogram.count === 0) return overdue === 0 ? NO_LAG : { avg: overdue, p50: overdue, p95: overdue, p99: overdue, max: overdue };
      const max = lag(histogram.max);
      const pending = overdue > max;
      // One unfinished sample among `count`: it is the p-th percentile when no more than 1 - p of the samples are above it.
      const at = (percent: number) => (pending && 1 / (histogram.count + 1) >= 1 - percent / 100 ? overdue : lag(histogram.percentile(percent)));
      return {
        avg: lag(histogram.mean) + (pending ? overdue / (histogram.count + 1) : 0),
        p50: at(50),
        p95: at(95),
        p99: at(99),
        max: Math.max(max, overdue),
      };
    },
    reset: () => {
      histogram.reset();
      lastTick = performance.now();
    },
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
