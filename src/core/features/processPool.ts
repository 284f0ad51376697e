/** Workers as child processes: slower to start than threads, but nothing that runs in one can harm this process. */
import { fork, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Task, TaskAnswer } from "./tasks.ts";
import type { TaskPool } from "./threadPool.ts";

export interface ProcessPool extends TaskPool {
  /** Of the processes that live now. */
  pids(): readonly number[];
}

/** Starts processes as they are needed and keeps them. A task whose signal aborts is ended with its process. `heapMb` bounds each one's heap. */
export function openProcessPool(log: Log, heapMb?: number): ProcessPool {
  const idle: WorkerProcess[] = [];
  const all = new Set<WorkerProcess>();
  let isClosed = false;
  const take = () => {
    for (let worker = idle.pop(); worker !== undefined; worker = idle.pop()) if (!worker.isGone) return worker;
    const worker = new WorkerProcess(log, heapMb);
    all.add(worker);
    void worker.exited.then(() => all.delete(worker));
    return worker;
  };
  return {
    sharesMemory: false,
    pids: () => [...all].flatMap((worker) => worker.pid ?? []),
    run: async (task, signal) => {
      if (isClosed) throw new TradingError("closed", "The feature workers are closed.");
      const worker = take();
      try {
        return await worker.run(task, signal);
      } finally {
        if (!worker.isGone) idle.push(worker);
      }
    },
    trim: (workers) => {
      while (all.size > workers) {
        const resting = idle.shift();
        if (resting === undefined) return;
        all.delete(resting);
        resting.kill();
      }
    },
    close: async () => {
      isClosed = true;
      for (const worker of all) worker.kill();
      await Promise.all([...all].map((worker) => worker.exited));
    },
  };
}

class WorkerProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<void>;
  #ended: string | undefined;
  #finish: ((outcome: TaskAnswer | TradingError) => void) | undefined;
  #id = 0;

  constructor(log: Log, heapMb: number | undefined) {
    const execArgv = heapMb === undefined ? [] : [`--max-old-space-size=${heapMb}`];
    const child = fork(entryPath("featureWorker"), [], { env: childEnv(), execArgv, serialization: "advanced", stdio: ["ignore", "pipe", "pipe", "ipc"] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => log.debug(`feature worker: ${line.slice(0, 2000)}`));
      (stream as { unref?: () => void }).unref?.();
    }
    this.exited = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#ended ??= reason;
        this.#finish?.(new TradingError("worker-died", `A worker process ended while it worked (${this.#ended}).`));
        resolve();
      };
      child.once("error", (error) => end(error.message));
      child.once("exit", (code, by) => end(by ?? `exit code ${code}`));
    });
    child.on("message", (message: { readonly id: number; readonly answer: TaskAnswer }) => {
      if (message.id === this.#id) this.#finish?.(message.answer);
    });
    this.#rest();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isGone(): boolean {
    return this.#ended !== undefined;
  }

  kill(): void {
    this.#ended ??= "ended by us";
    this.#child.ref(); // whoever waits for its exit must live to see it
    this.#child.kill("SIGKILL");
  }

  async run(task: Task, signal: AbortSignal): Promise<TaskAnswer> {
    signal.throwIfAborted();
    const id = ++this.#id;
    this.#child.ref();
    this.#child.channel?.ref();
    let onAbort: (() => void) | undefined;
    try {
      const outcome = await new Promise<TaskAnswer | TradingError>((resolve, reject) => {
        this.#finish = resolve;
        if (this.#ended !== undefined) resolve(new TradingError("worker-died", `A worker process ended before it worked (${this.#ended}).`));
        onAbort = () => {
          this.kill();
          reject(signal.reason as Error);
        };
        signal.addEventListener("abort", onAbort, { once: true });
        try {
          this.#child.send({ id, task } as never, (error) => {
            if (error === null) return;
            this.kill(); // it may be gone before its end is told: nobody is to be sent to it again
            resolve(new TradingError("worker-died", `A worker process could not be reached: ${error.message}`, { cause: error }));
          });
        } catch (error) {
          resolve(
            new TradingError("not-sendable", `The arguments cannot be sent to another process: ${(error as Error).message}`, {
              kind: "usage",
              hint: "Pass plain data: numbers, text, arrays, typed arrays, objects of those.",
            }),
          );
        }
      });
      if (outcome instanceof TradingError) throw outcome;
      return outcome;
    } finally {
      if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
      this.#finish = undefined;
      this.#rest();
    }
  }

  /** An idle worker does not keep its owner alive. */
  #rest(): void {
    this.#child.unref();
    this.#child.channel?.unref();
  }
}
