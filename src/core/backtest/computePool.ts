/** The pool inside the compute process: piscina's workers, each item with a deadline that terminates its worker. */
import { Piscina } from "piscina";
import type { BacktestRequest, BacktestResult } from "../domain/backtest.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
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

export interface ComputePool {
  run(request: BacktestRequest, dataset: SharedDataset, timeoutMs: number, signal: AbortSignal): Promise<BacktestResult>;
  /** In one worker; who asks keeps the time. */
  runGroup(task: GroupTask, signal: AbortSignal): Promise<GroupAnswer>;
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
    runGroup: async (task, signal) => (await pool.run(task, { name: "runGroup", signal })) as GroupAnswer,
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
