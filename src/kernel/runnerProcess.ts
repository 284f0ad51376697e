/** A runner process as the front sees it: started with an allow-listed environment, its frames, its end. */
import { spawn, type ChildProcess } from "node:child_process";
import { realpathSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { Channel } from "../core/base/channel.ts";
import { childEnv } from "../core/base/childEnv.ts";
import { entryPath } from "../core/base/entry.ts";
import { TradingError } from "../core/base/errors.ts";
import { ALSO_END, FRAME_FD, INTERRUPT, INTERRUPT_FD } from "./interruptWords.ts";
import { parseRunnerFrame, type RunnerFrame, type RunOrder, type ScriptOrder } from "./protocol.ts";

/**
 * A loop stopped inside a timer ends the process unless the async hooks check is off; local .ts files may hold enums;
 * a small young generation keeps an idle runner small.
 */
const FLAGS = ["--no-force-async-hooks-checks", "--experimental-transform-types", "--disable-warning=ExperimentalWarning", "--max-semi-space-size=1"];
/** Node's permission model: no process, no add-on, writing only below the folder; the guard needs a thread and the inspector. */
const restriction = (folder: string): string[] => [
  ...["--permission", "--allow-worker", "--allow-inspector", "--allow-fs-read=*"],
  `--allow-fs-write=${join(realpathSync(folder), "*")}`,
];
/** What Node prints of itself when it aborts: it tells the reason of the death, and is no output of the cell. */
const DYING = /^(----- Native stack trace -----|<--- Last few GCs --->)[\s\S]*/m;
/** Node's own word when a process ends while the guard's inspector session is open. */
const DEBUGGER_NOTICE = /^Waiting for the debugger to disconnect\.\.\.\n/gm;
const KEPT_ERROR_CHARACTERS = 4000;
const MAX_FRAME_CHARACTERS = 128 * 2 ** 20;

export interface RunnerEvents {
  readonly onFrame: (frame: RunnerFrame) => void;
  /** Written past the runner's own streams: by a child process of a cell, or by native code. */
  readonly onRaw: (stream: "stdout" | "stderr", text: string) => void;
  readonly onEnd: (reason: string) => void;
}

export class RunnerProcess {
  readonly #child: ChildProcess;
  readonly #channel: Channel;
  readonly ready: Promise<void>;
  #events: RunnerEvents | undefined;
  #exitCode: number | undefined;
  #lastErrors = "";
  #isDying = false;
  #ended: string | undefined;
  #isClosing = false;

  private constructor(folder: string, options: { readonly isRestricted: boolean }) {
    this.#child = spawn(process.execPath, [...FLAGS, ...(options.isRestricted ? restriction(folder) : []), entryPath("kernelRunner"), folder], {
      cwd: folder,
      env: childEnv(),
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "ipc"],
      serialization: "advanced",
    });
    this.#channel = new Channel({
      post: (message) => {
        if (this.#child.connected) this.#child.send(message as object, () => undefined);
      },
      onMessage: (listener) => void this.#child.on("message", listener),
    });
    let isReady: () => void = () => undefined;
    let isGone: (error: Error) => void = () => undefined;
    this.ready = new Promise((resolve, reject) => {
      isReady = resolve;
      isGone = reject;
    });
    this.ready.catch(() => undefined);
    let rest = "";
    (this.#child.stdio[FRAME_FD] as Readable).setEncoding("utf8").on("data", (data: string) => {
      const lines = data.split("\n");
      lines[0] = rest + (lines[0] as string);
      rest = lines.pop() ?? "";
      // A cell can write into the pipe itself, and never end its line: the owner's memory is not its to fill.
      if (rest.length > MAX_FRAME_CHARACTERS) {
        rest = "";
        this.#child.kill("SIGKILL");
      }
      for (const line of lines) this.#frame(line, isReady);
    });
    for (const name of ["stdout", "stderr"] as const) {
      this.#child[name]?.setEncoding("utf8").on("data", (text: string) => {
        if (name === "stderr") this.#lastErrors = (this.#lastErrors + text).slice(-KEPT_ERROR_CHARACTERS);
        if (this.#isDying) return;
        this.#isDying = name === "stderr" && DYING.test(text);
        const own = text.replace(DEBUGGER_NOTICE, "").replace(DYING, "");
        if (own !== "") this.#events?.onRaw(name, own);
      });
    }
    // Writing to a runner that has just died is no news: its end is.
    (this.#child.stdio[INTERRUPT_FD] as Writable).on("error", () => undefined);
    const end = (reason: string): void => {
      if (this.#ended !== undefined) return;
      this.#ended = reason;
      const error = new TradingError("kernel-dead", reason);
      this.#channel.close(error);
      isGone(error);
      if (!this.#isClosing) this.#events?.onEnd(reason);
    };
    this.#child.on("error", (error) => end(`The kernel's process could not be started: ${error.message}.`));
    this.#child.on("close", (code, signal) => end(endReason(this.#exitCode ?? code, this.#exitCode === undefined ? signal : null, this.#lastErrors)));
  }

  /** `isRestricted`: under Node's permission model, which does not cover the network. */
  static start(folder: string, options: { readonly isRestricted: boolean }): RunnerProcess {
    return new RunnerProcess(folder, options);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isGone(): boolean {
    return this.#ended !== undefined;
  }

  get channel(): Channel {
    return this.#channel;
  }

  /** A spare has no listener until it is taken. */
  take(events: RunnerEvents): void {
    this.#events = events;
    if (this.#ended !== undefined) events.onEnd(this.#ended);
  }

  /** Compiles it; nothing runs. */
  send(order: ScriptOrder): void {
    this.#channel.emit("script", order);
  }

  /** Runs the script that was sent last. */
  run(order: RunOrder): void {
    this.#channel.emit("run", order);
  }

  interrupt(): void {
    (this.#child.stdio[INTERRUPT_FD] as Writable).write(INTERRUPT);
  }

  /** Should this front vanish, the runner's guard ends that process too: it cannot be relied on to end by itself. */
  endWith(pid: number): void {
    (this.#child.stdio[INTERRUPT_FD] as Writable).write(`${ALSO_END}${pid};`);
  }

  /** Ends the process whatever it does, and waits until it is gone. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    this.#isClosing = true;
    const gone = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    this.#child.kill("SIGKILL");
    await gone;
  }

  #frame(line: string, isReady: () => void): void {
    const frame = parseRunnerFrame(line);
    if (frame === undefined) return;
    if (frame.t === "ready") isReady();
    else if (frame.t === "exit") this.#exitCode = frame.code;
    else this.#events?.onFrame(frame);
  }
}

function endReason(code: number | null, signal: NodeJS.Signals | null, errors: string): string {
  if (/heap out of memory|Allocation failed/i.test(errors)) return "The kernel ran out of memory.";
  if (signal === "SIGKILL") return "The kernel's process was killed (SIGKILL; the system does this when memory runs out).";
  if (signal !== null)
    return `The kernel's process was ended by ${signal}${signal === "SIGSEGV" || signal === "SIGABRT" || signal === "SIGBUS" ? " (a fault in native code)" : ""}.`;
  return `A cell ended the kernel's process with exit code ${code ?? "unknown"}.`;
}
