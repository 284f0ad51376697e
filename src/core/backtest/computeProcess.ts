/** The session's side of a compute process: starts it, hands it data sets once, asks it for runs, ends it. */
import { fork, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import type { BacktestRequest, BacktestResult } from "../domain/backtest.ts";
import type { Dataset } from "../domain/bars.ts";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { abortable, withDeadline } from "../base/scope.ts";
import { pack } from "./sharedBars.ts";
import type { GroupEnd } from "./computePool.ts";

/** Beyond an item's own deadline: time for a worker's start and end. Then the whole process is ended. */
const GRACE_MS = 25_000;
/** As in computeMain.ts, which is an entry and must not be imported. */
const OUT_OF_MEMORY_EXIT = 77;
const LAST_WORDS_MS = 300;
/** Lines of output of one process that go into the log. */
const MAX_LINES = 2000;
/** `data.reason` of a `compute-died` error when memory was the reason. */
export const OUT_OF_MEMORY = "out of memory";

export class ComputeProcess {
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly #sent = new Map<string, Promise<unknown>>();
  readonly #exited: Promise<void>;
  #running = 0;
  #isReady = false;
  #isGone = false;
  #ranOutOfMemory = false;
  #lastWords = "";

  /** `memoryMb`: resident memory at which the process ends itself. */
  constructor({ log, memoryMb }: { readonly log: Log; readonly memoryMb: number }) {
    this.#child = fork(entryPath("compute"), [String(memoryMb)], {
      env: childEnv(),
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const child = this.#child;
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) this.#listen(stream, log);
    this.#channel = new Channel({
      post: (message) =>
        void child.send(message as never, (error) => {
          if (error !== null) log.debug(`compute: a message was not sent: ${error.message}`);
        }),
      onMessage: (listener) => child.on("message", listener),
    });
    this.#channel.on("ready", () => {
      this.#isReady = true;
    });
    this.#channel.on("stray", (text) => log.warn(`compute: an error outside of any backtest: ${String(text)}`));
    this.#exited = new Promise((resolve) => {
      const gone = (reason: string) => {
        if (!this.#isGone) {
          this.#isGone = true;
          this.#channel.close(
            this.#isReady
              ? new TradingError("compute-died", `The compute process ended (${reason}).`, { data: { running: this.#running, reason } })
              : new TradingError(
                  "compute-not-started",
                  `The compute process could not be started (${reason}).`,
                  this.#lastWords === "" ? {} : { hint: `It said: ${this.#lastWords}` },
                ),
          );
        }
        resolve();
      };
      child.once("error", (error) => gone(error.message));
      child.once("exit", (code, by) => {
        const end = () => gone(code === OUT_OF_MEMORY_EXIT || this.#ranOutOfMemory ? OUT_OF_MEMORY : (by ?? `exit code ${code}`));
        // Its last words may still be in the pipe; something it started may keep the pipe open.
        const late = setTimeout(end, LAST_WORDS_MS);
        child.once("close", () => {
          clearTimeout(late);
          end();
        });
      });
    });
  }

  /** True from its exit on, when the errors of its runs may still wait for its last words. */
  get isGone(): boolean {
    return this.#isGone || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Rejects with code `compute-died` when the process ends under it (`data.running`: how many runs it had), `compute-not-started` when it never was ready. */
  async run(request: BacktestRequest, dataset: Dataset, timeoutMs: number, signal: AbortSignal): Promise<BacktestResult> {
    this.#running++;
    try {
      await this.#register(request.data, dataset, signal);
      return (await this.#guarded("run", { request, timeoutMs }, timeoutMs + GRACE_MS, signal)) as BacktestResult;
    } finally {
      this.#running--;
    }
  }

  /** Short runs in one worker, as many as groups.ts says; errors as run(), and any that comes of a request. */
  async group(requests: readonly BacktestRequest[], datasets: readonly Dataset[], timeoutMs: number, signal: AbortSignal): Promise<GroupEnd> {
    this.#running += requests.length;
    try {
      for (const [i, { data }] of requests.entries()) await this.#register(data, datasets[i]!, signal);
      return (await this.#guarded("group", { requests, timeoutMs }, timeoutMs * requests.length + GRACE_MS, signal)) as GroupEnd;
    } finally {
      this.#running -= requests.length;
    }
  }

  /** One message of a sweep (sweep/messages.ts) on `dataset`; errors as run(). */
  async sweep(message: object, key: string, dataset: Dataset, limitMs: number, signal: AbortSignal): Promise<unknown> {
    this.#running++;
    try {
      await this.#register(key, dataset, signal);
      return await withDeadline("The compute process", limitMs + GRACE_MS, signal, (both) => this.#channel.ask("sweep", message, both));
    } finally {
      this.#running--;
    }
  }

  /** A worker that cannot be terminated (native code) would keep the others waiting: then the process is ended. */
  #guarded(what: string, message: object, limitMs: number, signal: AbortSignal): Promise<unknown> {
    return withDeadline("The compute process", limitMs, signal, async (both) => {
      const giveUp = setTimeout(() => this.#child.kill("SIGKILL"), limitMs - 1000);
      try {
        return await this.#channel.ask(what, message, both);
      } finally {
        clearTimeout(giveUp);
      }
    });
  }

  forget(key: string): void {
    if (this.#sent.delete(key)) this.#channel.emit("forget", key);
  }

  /** Within a second, whatever runs in it. */
  close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const force = setTimeout(() => this.#child.kill("SIGKILL"), 1000);
    return this.#exited.finally(() => clearTimeout(force));
  }

  /** What a strategy prints is for its author; standard output belongs to our own results. Bounded, and not kept. */
  #listen(stream: Readable, log: Log): void {
    let lines = 0;
    stream.setEncoding("utf8").on("data", (text: string) => {
      // A worker at its heap limit is usually ended alone, but V8 sometimes ends the process.
      if (text.includes("JavaScript heap out of memory")) this.#ranOutOfMemory = true;
      for (const line of text.split("\n")) {
        if (line.trim() === "" || lines > MAX_LINES) continue;
        lines++;
        this.#lastWords = line.slice(0, 300);
        log.debug(lines > MAX_LINES ? "compute: further output is dropped" : `compute: ${line.slice(0, 2000)}`);
      }
    });
  }

  async #register(key: string, dataset: Dataset, signal: AbortSignal): Promise<void> {
    let sent = this.#sent.get(key);
    if (sent === undefined) {
      // Not the caller's signal: others may wait for the same data.
      sent = this.#channel.ask("register", pack(key, dataset), AbortSignal.timeout(60_000));
      this.#sent.set(key, sent);
      sent.catch(() => this.#sent.delete(key));
    }
    await abortable(sent, signal);
  }
}
