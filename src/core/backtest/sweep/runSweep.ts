/**
 * A sweep from the session's side: names the combinations, has them run in chunks in the compute process, runs the best in
 * full, and holds the result against luck. What was done stays when it is cancelled; a combination that takes the compute
 * process down costs only itself: its chunk runs again one by one in a process of its own, as backtester.ts does.
 */
import { badInput, TradingError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { Sweep, SweepOptions, SweepRequest } from "../../domain/sweep.ts";
import type { SweepCompute } from "./sweepLink.ts";
import { SweepRun } from "./sweepRun.ts";
import { trialsOf } from "./trials.ts";

export interface SweepParts {
  readonly dataset: { readonly name: string; readonly simulated: boolean };
  readonly workers: number;
  readonly timeoutMs: number;
  /** What the shared memory of the indicators may take. */
  readonly maxBytes: number;
  readonly log: Log;
  /** The compute process that works now, started when there is none; with `alone` one for a single combination at a time. */
  readonly compute: (alone: boolean) => SweepCompute;
  /** Waits for a place among all that runs in the backtester. */
  readonly slot: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
}

const DEFAULT_TOP = 20;
const MAX_TOP = 1000;

export async function runSweep(request: SweepRequest, options: SweepOptions, parts: SweepParts, signal: AbortSignal): Promise<Sweep> {
  const top = request.top ?? DEFAULT_TOP;
  if (!Number.isInteger(top) || top < 0 || top > MAX_TOP) throw badInput("bad-top", `top is ${top}, but must be a whole number from 0 to ${MAX_TOP}.`);
  const { patience, budgetMs } = request;
  if (patience !== undefined && !(Number.isInteger(patience) && patience > 0))
    throw badInput("bad-patience", `patience is ${patience}, but must be a whole number above zero.`);
  if (budgetMs !== undefined && !(budgetMs > 0)) throw badInput("bad-budget", `The budget is ${budgetMs} ms, but must be above zero.`);
  const trials = trialsOf(request);
  const started = performance.now();
  for (const useTables of [true, false]) {
    const run = new SweepRun({ ...request, top }, trials(), options, parts, { useTables, started });
    const sweep = await run.toEnd(signal);
    if (sweep !== undefined) return sweep;
    parts.log.warn("The quick way through this sweep and the ordinary engine differ; all combinations run again through the engine. Please report this.");
  }
  throw new TradingError("sweep-failed", "The sweep does not agree with itself.");
}
