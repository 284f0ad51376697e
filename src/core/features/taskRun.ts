/** One task in a pool, ended at its deadline, by its caller, or with its owner's life. */
import { TradingError } from "../base/errors.ts";
import { deadlineError } from "../base/scope.ts";
import type { Task } from "./tasks.ts";
import type { TaskPool } from "./threadPool.ts";

export interface TaskLimits {
  /** For the deadline's message. */
  readonly name: string;
  readonly timeoutMs: number;
  /** Any of them ends the task. */
  readonly signals: readonly AbortSignal[];
}

/** What the worker answered; its failure is thrown. */
export async function runTaskIn(pool: TaskPool, task: Task, { name, timeoutMs, signals }: TaskLimits): Promise<unknown> {
  const controller = new AbortController();
  const onAbort = (event: Event) => controller.abort((event.target as AbortSignal).reason);
  const timer = setTimeout(() => controller.abort(deadlineError(name, timeoutMs)), timeoutMs);
  for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
  try {
    for (const signal of signals) signal.throwIfAborted();
    const answer = await pool.run(task, controller.signal);
    if (!answer.ok) throw TradingError.fromPlain(answer.error);
    return answer.value;
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  }
}

/** True when the worker is what failed (it died, or was ended at the deadline), not the work's input. */
export function isWorkersFailure(error: unknown): boolean {
  return error instanceof TradingError && (error.code === "worker-died" || error.code === "timeout");
}
