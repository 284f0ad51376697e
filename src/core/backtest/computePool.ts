/** The pool inside the compute process: piscina's workers, each item with a deadline that terminates its worker. */
import { Piscina } from "piscina";
import type { BacktestRequest, BacktestResult } from "../domain/backtest.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError, type PlainError } from "../base/errors.ts";
import { deadlineError } from "../base/scope.ts";
import type { SharedDataset } from "./sharedBars.ts";
import type { SweepTask, TaskAnswer } from "./sweep/messages.ts";
import type { GroupAnswer, GroupTask, WorkerAnswer, WorkerTask } from "./worker.ts";

/** How long a worker may take to come up before its item is given up. */
const START_MS = 20_000;

/** Of JavaScript objects in one worker; bars are outside of it. */
const WORKER_HEAP_MB = 1024;
/** Of new objects: columns that are garbage are given back when they pass a multiple of this. */
const WORKER_YOUNG_MB = 12;

/** The answers of the first of them, of all but where they took too long together; or the one that took too long or ended its worker: the others have to run again. */
export type GroupEnd =
  | { readonly answers: GroupAnswer }
  | { readonly answers?: undefined; readonly at: number; readonly error: PlainError; readonly durationMs: number };

export interface ComputePool {
  run(request: BacktestRequest, dataset: SharedDataset, timeoutMs: number, signal: AbortSignal): Promise<BacktestResult>;
  /** In one worker, each with its time. */
  runGroup(items: GroupTask["items"], timeoutMs: number, signal: AbortSignal): Promise<GroupEnd>;
  /** An abort ends the worker; who asks keeps the time. */
  sweep(task: SweepTask, signal: AbortSignal): Promise<TaskAnswer>;
}

export function createComputePool(onStrayError: (error: unknown) => void): ComputePool {
  const pool = new Piscina({
    filename: entryPath("backtestWorker"),
    name: "runItem",
    minThreads: 1,
    // The caller sends no more at once than it was told to; here is only the outermost bound.
    maxThreads: 64,
    maxQueue: 1000,
    idleTimeout: 10_000,
    env: childEnv(),
    resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MB, maxYoungGenerationSizeMb: WORKER_YOUNG_MB },
  });
  pool.on("error", onStrayError);
  return {
    run: (request, dataset, timeoutMs, signal) => runOne(pool, { request, dataset, started: new SharedArrayBuffer(4) }, timeoutMs, signal),
    runGroup: (items, timeoutMs, signal) => runWatched(pool, items, timeoutMs, signal),
    sweep: async (task, signal) => {
      try {
        return (await pool.run(task, { name: "runSweepTask", signal })) as TaskAnswer;
      } catch (error) {
        signal.throwIfAborted();
        throw translate(error, "request" in task ? nameOf(task.request) : "The sweep");
      }
    },
  };
}

async function runOne(pool: Piscina, task: WorkerTask, timeoutMs: number, signal: AbortSignal): Promise<BacktestResult> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const cancel = () => controller.abort(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  let timer = setTimeout(
    () => controller.abort(new TradingError("worker-not-started", `A backtest worker did not start within ${START_MS / 1000} s.`)),
    START_MS,
  );
  const started = new Int32Array(task.started);
  let isDone = false;
  void whenSet(started).then(() => {
    clearTimeout(timer);
    if (!isDone) timer = setTimeout(() => controller.abort(deadlineError(nameOf(task.request), timeoutMs)), timeoutMs);
  });
  try {
    const answer = (await pool.run(task, { signal: controller.signal })) as WorkerAnswer;
    if (!answer.ok) throw TradingError.fromPlain(answer.error);
    return answer.result;
  } catch (error) {
    if (controller.signal.aborted) throw controller.signal.reason;
    throw translate(error, nameOf(task.request));
  } finally {
    isDone = true;
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
    Atomics.store(started, 0, 1);
    Atomics.notify(started, 0);
  }
}

async function runWatched(pool: Piscina, items: GroupTask["items"], timeoutMs: number, signal: AbortSignal): Promise<GroupEnd> {
  signal.throwIfAborted();
  const current = new Int32Array(new SharedArrayBuffer(4));
  const controller = new AbortController();
  const cancel = () => controller.abort(signal.reason);
  signal.addEventListener("abort", cancel, { once: true });
  let item = 0;
  let since = performance.now();
  let isLate = false;
  const watch = setInterval(
    () => {
      const now = Atomics.load(current, 0);
      if (now !== item) [item, since] = [now, performance.now()];
      else if (performance.now() - since > (item > 0 ? timeoutMs : START_MS)) {
        isLate = item > 0;
        controller.abort();
      }
    },
    Math.max(5, Math.min(250, timeoutMs / 4)),
  );
  try {
    const task: GroupTask = { items, current: current.buffer };
    return { answers: (await pool.run(task, { name: "runGroup", signal: controller.signal })) as GroupAnswer };
  } catch (error) {
    signal.throwIfAborted();
    const at = (isLate ? item : Atomics.load(current, 0)) - 1;
    const culprit = items[at];
    if (culprit === undefined) throw error;
    const name = nameOf(culprit.request);
    const end = isLate ? deadlineError(name, timeoutMs) : translate(error, name);
    return { at, error: end.toPlain(), durationMs: isLate ? performance.now() - since : 0 };
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", cancel);
  }
}

async function whenSet(flag: Int32Array): Promise<void> {
  const waiting = Atomics.waitAsync(flag as Int32Array<SharedArrayBuffer>, 0, 0);
  if (waiting.async) await waiting.value;
}

/** How a worker that ended under its item shows itself. */
function translate(error: unknown, name: string): TradingError {
  if (error instanceof TradingError) return error;
  const { code, message } = error as { code?: string; message?: string };
  if (code === "ERR_WORKER_OUT_OF_MEMORY")
    return new TradingError("strategy-out-of-memory", `${name} used more memory than a worker has (${WORKER_HEAP_MB} MB).`);
  if (message?.startsWith("worker exited") === true) return new TradingError("strategy-exited", `${name} ended its own worker, as process.exit() does.`);
  return new TradingError("backtest-failed", `${name}: ${message ?? String(error)}`, { cause: error });
}

export function nameOf(request: BacktestRequest): string {
  return request.strategy.kind === "builtin" ? request.strategy.name : request.strategy.path;
}
