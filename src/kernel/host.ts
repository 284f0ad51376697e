/**
 * kernel: TypeScript notebooks. This file is what owners (extension, command line) use: one kernel per notebook, living
 * in a worker thread (frontMain.ts) with its own processes for running and checking. Is given: answers to `desk` calls.
 * Knows nothing of VS Code and of trading.
 */
import { Worker } from "node:worker_threads";
import { childEnv } from "../core/base/childEnv.ts";
import { Channel } from "../core/base/channel.ts";
import { Emitter } from "../core/base/emitter.ts";
import { entryPath } from "../core/base/entry.ts";
import { badInput, TradingError } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import { abortable, withDeadline } from "../core/base/scope.ts";
import type { Look, Looked } from "../core/domain/shown.ts";
import type { Completion } from "./checker.ts";
import type { DeskCall, DeskHandlers } from "./deskProtocol.ts";
import {
  parseQuestion,
  type CellHover,
  type CellOutcome,
  type Definition,
  type Output,
  type Question,
  type SignatureHelp,
  type TypeProblem,
  type Variable,
} from "./protocol.ts";

export type { Completion } from "./checker.ts";
export type { DeskAnswer, DeskCaller, DeskHandlers } from "./deskProtocol.ts";
export type { CellError, CellOutcome, MimeBundle, Output, TypeProblem } from "./protocol.ts";

export interface KernelOptions {
  /** Where the notebook is: imports resolve from here, and it is the cells' working directory. */
  readonly folder: string;
  /** Answers `desk` in cells. */
  readonly desk: DeskHandlers;
  /** Answers `input` in cells; without it they are told that nobody is there. */
  readonly input?: (question: CellQuestion, signal: AbortSignal) => Promise<string>;
  readonly log: Log;
  /** Keeps a second process ready, so that a restart takes no time. */
  readonly warmSpare?: boolean;
  /** The newest that cells show is kept by reference, so that `look` can tell the rest of it, and has our own forms beside HTML and text. */
  readonly keepsShown?: boolean;
  /** Cells run under Node's permission model: no process, no add-on, writing only below the folder. It does not cover the network. */
  readonly isRestricted?: boolean;
}

/** `cellId`: of the run that made the name; the cell's text may have changed since. */
export type CellDefinition = Exclude<Definition, { readonly in: "cell" }> | (Extract<Definition, { readonly in: "cell" }> & { readonly cellId: string });

export interface CellQuestion {
  readonly prompt: string;
  /** What is typed is not to be seen. */
  readonly password: boolean;
  readonly cellId: string;
}

export type KernelState = "idle" | "busy" | "dead" | "closed";

export interface ExecuteOptions {
  /** The notebook's own name of the cell; orders carry it. */
  readonly cellId: string;
  /** Called for what the cell shows, in order; also after the outcome, for timers that it left. */
  readonly onOutput: (output: Output) => void;
  /** Aborting interrupts the cell, or takes it out of the queue. */
  readonly signal: AbortSignal;
  /** The number that the reader sees beside the cell, where the owner counts; the kernel counts otherwise. */
  readonly executionCount?: number;
  /** Type errors are shown on stderr and the cell runs all the same; text that is no TypeScript is refused as ever. */
  readonly runsDespiteTypeErrors?: boolean;
  /** The cell is JavaScript: no type of it is checked. */
  readonly ignoresTypes?: boolean;
}

export interface Kernel {
  readonly state: KernelState;
  /** Runs a cell after those before it. Never rejects for what a cell does. */
  execute(code: string, options: ExecuteOptions): Promise<CellOutcome>;
  /**
   * Stops the running cell and keeps the state; rejects when the cell has not stopped after 5 s. Where none runs it stops what
   * cells left going: timers, and loops of awaits that nobody waited for.
   */
  interrupt(): Promise<void>;
  /** A fresh process: variables are gone, a running cell ends as dead. */
  restart(): Promise<void>;
  /** Type errors of `code` as the next cell; nothing runs. */
  diagnose(code: string, signal: AbortSignal): Promise<readonly TypeProblem[]>;
  complete(code: string, offset: number, signal: AbortSignal): Promise<readonly Completion[]>;
  hover(code: string, offset: number, signal: AbortSignal): Promise<CellHover | null>;
  /** What the call around `offset` takes; null outside of one. */
  signature(code: string, offset: number, signal: AbortSignal): Promise<SignatureHelp | null>;
  /** Where the name at `offset` was declared; a cell is named by its id. */
  definition(code: string, offset: number, signal: AbortSignal): Promise<CellDefinition | null>;
  /**
   * What the cells' names hold, or what the value at `path` (a name, then keys) is made of: no code of theirs runs for it.
   * Also while a cell waits; refused when one computes for a second without a pause.
   */
  variables(path: readonly string[], signal: AbortSignal): Promise<readonly Variable[]>;
  /** More of what a cell has shown, where `keepsShown`: rows of a table, parts of a tree, a piece of a text. */
  look(look: Look, signal: AbortSignal): Promise<Looked>;
  /** The process ended by itself: the sentence says with what. */
  onDeath(listener: (reason: string) => void): () => void;
  close(): Promise<void>;
}

const START_MS = 20_000;
const CLOSE_MS = 3000;
/** Cells whose late output still finds its place. */
const MAX_CELLS = 1000;

/** Starts a kernel; resolves when its process answers. */
export async function startKernel(options: KernelOptions, signal: AbortSignal): Promise<Kernel> {
  const kernel = new WorkerKernel(options);
  try {
    await withDeadline("The kernel's start", START_MS, signal, (inner) => kernel.ready(inner));
    return kernel;
  } catch (error) {
    await kernel.close();
    throw error;
  }
}

class WorkerKernel implements Kernel {
  readonly #options: KernelOptions;
  readonly #worker: Worker;
  readonly #channel: Channel;
  readonly #deaths: Emitter<string>;
  readonly #never = new AbortController().signal;
  /** By run. */
  readonly #cells = new Map<number, { readonly cellId: string; readonly onOutput: (output: Output) => void }>();
  readonly #starting = new Map<number, ExecuteOptions>();
  readonly #exited: Promise<void>;
  #asked = 0;
  #busy = 0;
  #death: string | undefined;
  #isClosed = false;

  constructor(options: KernelOptions) {
    this.#options = options;
    this.#deaths = new Emitter((error) => options.log.error(`A listener of the kernel's death failed: ${String(error)}`));
    this.#worker = new Worker(entryPath("kernelFront"), {
      workerData: {
        folder: options.folder,
        warmSpare: options.warmSpare ?? false,
        isRestricted: options.isRestricted ?? false,
        keepsShown: options.keepsShown ?? false,
      },
      env: childEnv(),
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    this.#channel = new Channel({ post: (message) => this.#worker.postMessage(message), onMessage: (listener) => void this.#worker.on("message", listener) });
    this.#channel.handle("desk", (call, signal) => this.#desk(call as DeskCall, signal));
    this.#channel.handle("input", (question, signal) => this.#input(parseQuestion(question), signal));
    this.#channel.on("started", (value) => this.#started(value as { id: number; run: number }));
    this.#channel.on("output", (value) => this.#output(value as { run: number; output: Output }));
    this.#channel.on("death", (reason) => this.#died(reason as string));
    this.#worker.on("error", (error) => this.#died(`The kernel's front failed: ${error instanceof Error ? error.message : String(error)}.`));
    this.#exited = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#channel.close(new TradingError("kernel-dead", this.#death ?? "The kernel has ended."));
        resolve();
      });
    });
  }

  get state(): KernelState {
    return this.#isClosed ? "closed" : this.#death !== undefined ? "dead" : this.#busy > 0 ? "busy" : "idle";
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.#channel.ask("ready", null, signal);
  }

  async execute(code: string, options: ExecuteOptions): Promise<CellOutcome> {
    const id = ++this.#asked;
    this.#starting.set(id, options);
    this.#busy++;
    // The front is asked without the signal: it answers how the cell ended even after an abort.
    const onAbort = (): void => this.#channel.emit("abort", id);
    options.signal.addEventListener("abort", onAbort, { once: true });
    try {
      if (options.signal.aborted) return { status: "interrupted", executionCount: 0, durationMs: 0 };
      return (await this.#channel.ask(
        "execute",
        {
          id,
          code,
          cellId: options.cellId,
          executionCount: options.executionCount,
          runsDespiteTypeErrors: options.runsDespiteTypeErrors,
          ignoresTypes: options.ignoresTypes,
        },
        this.#never,
      )) as CellOutcome;
    } catch (error) {
      if (this.#death !== undefined || this.#isClosed) return { status: "dead", reason: this.#death ?? "The kernel was closed." };
      throw error;
    } finally {
      options.signal.removeEventListener("abort", onAbort);
      this.#starting.delete(id);
      this.#busy--;
    }
  }

  async interrupt(): Promise<void> {
    await this.#channel.ask("interrupt", null, this.#never);
  }

  async restart(): Promise<void> {
    await this.#channel.ask("restart", null, this.#never);
    this.#death = undefined;
  }

  async diagnose(code: string, signal: AbortSignal): Promise<readonly TypeProblem[]> {
    return (await this.#channel.ask("diagnose", code, signal)) as readonly TypeProblem[];
  }

  async complete(code: string, offset: number, signal: AbortSignal): Promise<readonly Completion[]> {
    return (await this.#channel.ask("complete", { code, offset }, signal)) as readonly Completion[];
  }

  async hover(code: string, offset: number, signal: AbortSignal): Promise<CellHover | null> {
    return (await this.#channel.ask("hover", { code, offset }, signal)) as CellHover | null;
  }

  async signature(code: string, offset: number, signal: AbortSignal): Promise<SignatureHelp | null> {
    return (await this.#channel.ask("signature", { code, offset }, signal)) as SignatureHelp | null;
  }

  async definition(code: string, offset: number, signal: AbortSignal): Promise<CellDefinition | null> {
    const found = (await this.#channel.ask("definition", { code, offset }, signal)) as Definition | null;
    if (found?.in !== "cell") return found;
    const cellId = this.#cells.get(found.run)?.cellId;
    return cellId === undefined ? null : { ...found, cellId };
  }

  async variables(path: readonly string[], signal: AbortSignal): Promise<readonly Variable[]> {
    return (await this.#channel.ask("variables", path, signal)) as readonly Variable[];
  }

  async look(look: Look, signal: AbortSignal): Promise<Looked> {
    return (await this.#channel.ask("look", look, signal)) as Looked;
  }

  onDeath(listener: (reason: string) => void): () => void {
    return this.#deaths.on(listener);
  }

  async close(): Promise<void> {
    if (this.#isClosed) {
      await this.#exited;
      return;
    }
    this.#isClosed = true;
    try {
      await withDeadline("The kernel's end", CLOSE_MS, this.#never, async (signal) => {
        await this.#channel.ask("close", null, signal);
        await abortable(this.#exited, signal);
      });
    } catch (error) {
      // Its processes end with their pipes.
      this.#options.log.warn(`The kernel did not close by itself: ${error instanceof Error ? error.message : String(error)}`);
      await this.#worker.terminate();
    }
    this.#cells.clear();
  }

  #started({ id, run }: { readonly id: number; readonly run: number }): void {
    const options = this.#starting.get(id);
    if (options === undefined) return;
    this.#cells.set(run, { cellId: options.cellId, onOutput: options.onOutput });
    for (const oldest of this.#cells.keys()) {
      if (this.#cells.size <= MAX_CELLS) break;
      this.#cells.delete(oldest);
    }
  }

  #output({ run, output }: { readonly run: number; readonly output: Output }): void {
    const cell = this.#cells.get(run);
    if (cell !== undefined) cell.onOutput(output);
    else if (output.kind === "stream") this.#options.log.info(`kernel: ${output.text.trimEnd()}`);
  }

  #desk(call: DeskCall, signal: AbortSignal): Promise<unknown> {
    const cellId = this.#cells.get(call.run)?.cellId ?? "none";
    return this.#options.desk.call(String(call.name), Array.isArray(call.args) ? call.args : [], { cellId }, signal);
  }

  async #input({ prompt, password, run }: Question, signal: AbortSignal): Promise<string> {
    if (this.#options.input === undefined)
      throw badInput("no-input", "input() has nobody to ask: this notebook runs without an editor.", "Run it in VS Code, or write the value into the cell.");
    return await this.#options.input({ prompt, password, cellId: this.#cells.get(run)?.cellId ?? "none" }, signal);
  }

  #died(reason: string): void {
    if (this.#isClosed || this.#death !== undefined) return;
    this.#death = reason;
    this.#deaths.emit(reason);
  }
}
