/**
 * Entry of the feature workers: a piscina thread calls `work`; a child process of our own sends messages. No default export: Node 24
 * aborts the whole process when a thread is ended while it loads a module that has one.
 */
import { isMainThread, Worker } from "node:worker_threads";
import { move } from "piscina";
import { TradingError } from "../base/errors.ts";
import { runTask, type Task, type TaskAnswer } from "./tasks.ts";

export async function work(task: Task): Promise<unknown> {
  const answer = await runTask(task);
  // The columns' memory goes over as it is: cloning 1 MB per answer shows in the caller's P99. piscina moves a bare view only.
  return answer.ok && answer.value instanceof Float64Array ? move(answer.value) : answer;
}

if (isMainThread && process.send !== undefined) {
  process.on("message", (message: { readonly id: number; readonly task: Task }) => void answerMessage(message.id, message.task));
  process.on("disconnect", () => process.exit());
  watchParent();
}

async function answerMessage(id: number, task: Task): Promise<void> {
  const answer = await runTask(task);
  try {
    process.send?.({ id, answer });
  } catch (error) {
    const failure = new TradingError("not-sendable", `The answer cannot be sent back: ${(error as Error).message}`, {
      hint: "Answer plain data: numbers, text, arrays, typed arrays, objects of those.",
    });
    process.send?.({ id, answer: { ok: false, error: failure.toPlain() } satisfies TaskAnswer });
  }
}

/** A function that never returns keeps this process from seeing that its parent has died: a thread looks once a second. */
function watchParent(): void {
  const watch = new Worker(
    `
    const parent = process.ppid;
    setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 1000);
  `,
    { eval: true, env: {} },
  );
  watch.unref();
}
