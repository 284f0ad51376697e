/** Workers as threads (piscina). A task whose signal aborts is ended with its thread, which is replaced. */
import { Piscina } from "piscina";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import type { Task, TaskAnswer } from "./tasks.ts";

/** Where tasks run. The caller keeps at most as many tasks in it as it has workers. */
export interface TaskPool {
  /** True when tasks may carry views on shared memory. */
  readonly sharesMemory: boolean;
  /** Rejects with `worker-died` when the worker ended under the task, with the signal's reason when it aborted. */
  run(task: Task, signal: AbortSignal): Promise<TaskAnswer>;
  /** No more than `workers` are wanted now: those that rest beyond them may end. */
  trim(workers: number): void;
  /** Ends the workers, and whatever still runs in them. */
  close(): Promise<void>;
}

/** How long a thread beyond the fewest rests before it ends. */
const IDLE_MS = 5_000;

export function openThreadPool(fewest: number, most: number): TaskPool {
  const filename = entryPath("featureWorker");
  const pool = new Piscina({
    filename,
    name: "work",
    minThreads: fewest,
    maxThreads: most,
    idleTimeout: IDLE_MS,
    env: childEnv(),
    execArgv: [],
    recordTiming: false,
  });
  pool.on("error", () => undefined); // an error outside of any task ends its thread; the pool replaces it
  return {
    sharesMemory: true,
    run: async (task, signal) => {
      try {
        const answer = (await pool.run(task, { signal })) as TaskAnswer | Float64Array;
        return answer instanceof Float64Array ? { ok: true, value: answer } : answer;
      } catch (error) {
        signal.throwIfAborted();
        throw new TradingError("worker-died", `A feature worker ended while it worked: ${(error as Error).message}`, { cause: error });
      }
    },
    trim: () => undefined, // threads end by themselves when they have rested
    close: () => pool.destroy(),
  };
}
