/**
 * front: one notebook's kernel, apart from whoever owns it: transforms and checks cells, runs them in the runner one
 * after the other, and passes on what they show. Imports base. Is given: how to send outputs and desk calls to the owner.
 * Knows nothing of VS Code, sessions, brokers or keys.
 */
import { Lock } from "../core/base/lock.ts";
import { TradingError } from "../core/base/errors.ts";
import { abortable, withDeadline } from "../core/base/scope.ts";
import { OWN_MIMES, type Look, type Looked } from "../core/domain/shown.ts";
import type { CellNames } from "./cellFiles.ts";
import { CellScripts, type ReadCell } from "./cellScripts.ts";
import { CellTypes } from "./cellTypes.ts";
import type { Checker, Completion } from "./checker.ts";
import type { DeskCall } from "./deskProtocol.ts";
import { isTooDeep } from "./oddCells.ts";
import { cellProblem, mapStack, mapText, problemsOf, problemsText, type RanScript } from "./problems.ts";
import {
  parseLooked,
  parseQuestion,
  parseVariables,
  type CellError,
  type CellHover,
  type CellOutcome,
  type Definition,
  type MimeBundle,
  type Output,
  type Question,
  type RunnerFrame,
  type SignatureHelp,
  type TypeProblem,
  type Variable,
} from "./protocol.ts";
import { RunnerProcess } from "./runnerProcess.ts";

export interface FrontOptions {
  readonly folder: string;
  /** The first runner, on its way. */
  readonly runner: RunnerProcess;
  /** Keeps a second runner ready, so that a restart takes no time; costs its memory. */
  readonly warmSpare: boolean;
  /** Runners under Node's permission model. */
  readonly isRestricted: boolean;
  /** What cells show is kept by the runner, so that somebody can look at the rest of it. */
  readonly keepsShown: boolean;
  readonly onOutput: (run: number, output: Output) => void;
  readonly onDesk: (call: DeskCall, signal: AbortSignal) => Promise<unknown>;
  readonly onInput: (question: Question, signal: AbortSignal) => Promise<unknown>;
  readonly onDeath: (reason: string) => void;
}

export interface CellOrder {
  /** Told the cell's run, under which its outputs come. */
  readonly onStart: (run: number) => void;
  /** Where the owner counts; the front counts otherwise. */
  readonly executionCount: number | undefined;
  /** Type errors are shown, and the cell runs. */
  readonly runsDespiteTypeErrors: boolean;
  /** The cell is JavaScript: what its types would be is nobody's question. */
  readonly ignoresTypes: boolean;
  /** The notebook's name of it: when it runs again, what it showed before is gone. */
  readonly cellId: string;
}

/** Scripts kept to map the stacks of late errors. */
const MAX_SCRIPTS = 500;
const INTERRUPT_WAIT_MS = 5000;
const VARIABLES_MS = 1000;
const SPARE_AFTER_MS = 1000;
/** A million texts are sorted in some seconds, on a busy machine in many, and a cell may compute meanwhile. */
const LOOK_MS = 60_000;
/** Cells whose last run is known. */
const MAX_CELLS = 1000;
/** A longer script is sent to the runner when it runs, not while it is typed. */
const PREPARED_CHARACTERS = 64 * 1024;

interface Running {
  readonly run: number;
  isInterrupted: boolean;
  readonly finish: (frame: Extract<RunnerFrame, { t: "done" }> | { readonly t: "dead"; readonly reason: string }) => void;
}

export class Front {
  readonly #options: FrontOptions;
  readonly #turn = new Lock();
  /** Of cells that ran, by the id that stacks name them by. */
  readonly #ran = new Map<number, RanScript>();
  /** By cell id. */
  readonly #lastRuns = new Map<string, number>();
  readonly #life = new AbortController();
  readonly #scripts = new CellScripts(() => this.#types.compilerPath());
  readonly #types: CellTypes;
  #runner: RunnerProcess;
  #spare: RunnerProcess | undefined;
  #spareTimer: NodeJS.Timeout | undefined;
  #running: Running | undefined;
  /** Processes of before a restart, on their way out. */
  #ended: Promise<unknown> = Promise.resolve();
  #death: string | undefined;
  /** The id of the script that the runner has and can run; 0 for none. */
  #sent = 0;
  #executions = 0;
  /** Grows over restarts, so that outputs of an old runner are told apart. */
  #runs = 0;
  #generation = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#runner = this.#startRunner(options.runner);
    this.#types = new CellTypes({
      folder: options.folder,
      onProcess: (pid) => this.#runner.endWith(pid),
      onUnchecked: (reason) => this.#unchecked(reason),
      life: this.#life.signal,
    });
    // While both processes start anyhow.
    setImmediate(() => this.#scripts.warmUp());
    this.#startSpare();
  }

  /** The process answers; checks may still be warming up. */
  async ready(signal: AbortSignal): Promise<void> {
    await abortable(this.#runner.ready, signal);
  }

  /** Runs a cell after those before it. */
  async execute(text: string, cell: CellOrder, signal: AbortSignal): Promise<CellOutcome> {
    let generation = this.#generation;
    try {
      return await this.#turn.run(signal, () => {
        generation = this.#generation;
        return this.#execute(text, cell, signal);
      });
    } catch (error) {
      if (generation !== this.#generation) return { status: "dead", reason: "The kernel was restarted." };
      if (signal.aborted) return { status: "interrupted", executionCount: this.#executions, durationMs: 0 };
      if (this.#death !== undefined) return { status: "dead", reason: this.#death };
      throw error;
    }
  }

  async #execute(
    text: string,
    { onStart, executionCount: given, runsDespiteTypeErrors, ignoresTypes, cellId }: CellOrder,
    signal: AbortSignal,
  ): Promise<CellOutcome> {
    if (this.#death !== undefined) return { status: "dead", reason: this.#death };
    const run = ++this.#runs;
    onStart(run);
    const started = performance.now();
    let finish: Running["finish"] = () => undefined;
    const finished = new Promise<Parameters<Running["finish"]>[0]>((resolve) => {
      finish = resolve;
    });
    const running: Running = { run, isInterrupted: false, finish };
    this.#running = running;
    // One that does not stop is the owner's to restart; the outcome stays open until then.
    const onAbort = (): void => void this.interrupt().catch(() => undefined);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await this.#runner.ready;
      if (!this.#scripts.isKnown(text)) this.#types.wake();
      const cell = await this.#scripts.read(text, this.#life.signal);
      if (!running.isInterrupted) this.#send(cell); // the runner compiles it while the types are checked
      const found = await this.#problems(text, cell, this.#life.signal);
      const problems = ignoresTypes && cell.script !== undefined ? [] : found;
      if (running.isInterrupted) return { status: "interrupted", executionCount: this.#executions, durationMs: performance.now() - started };
      if (cell.script === undefined || (problems.length > 0 && !runsDespiteTypeErrors)) return { status: "type-error", problems };
      if (problems.length > 0) this.#options.onOutput(run, { kind: "stream", stream: "stderr", text: problemsText(problems) });
      const executionCount = given ?? this.#executions + 1;
      this.#executions = executionCount;
      this.#remember(cell.id, { script: cell.script, text, executionCount });
      this.#send(cell);
      this.#runner.run({ run, keeps: this.#options.keepsShown, replaces: this.#replacedBy(run, cellId) });
      this.#scripts.ran(text, cell);
      const end = await finished;
      if (end.t === "dead") return { status: "dead", reason: end.reason };
      // Names before a throw stay alive, so their types do too.
      this.#types.commit(text, cell.names, run);
      for (const data of end.result) this.#options.onOutput(run, { kind: "display", data: this.#bundle(data), isResult: true });
      const cost = { executionCount, durationMs: end.ms, memoryBytes: end.memoryBytes };
      if (end.status === "error") return { status: "error", ...cost, error: this.#mapped(end.error) };
      return { status: end.status, ...cost };
    } finally {
      signal.removeEventListener("abort", onAbort);
      if (this.#running === running) this.#running = undefined;
    }
  }

  /** Asks the running cell to stop, or where none runs what cells left behind; resolves when the cell has, rejects when it has not within 5 s. */
  async interrupt(): Promise<void> {
    const running = this.#running;
    if (this.#death !== undefined) return;
    if (running !== undefined) running.isInterrupted = true;
    this.#runner.interrupt();
    if (running === undefined) return;
    const deadline = performance.now() + INTERRUPT_WAIT_MS;
    while (this.#running === running) {
      if (performance.now() > deadline) {
        throw new TradingError("interrupt-timeout", "The cell does not stop: it is inside native code.", {
          hint: "Restart the kernel; its variables are lost then.",
        });
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** A fresh process without variables. Cells that wait are not dropped by this: their owner aborts them. */
  async restart(): Promise<void> {
    const old = this.#runner;
    this.#running?.finish({ t: "dead", reason: "The kernel was restarted." });
    clearTimeout(this.#spareTimer);
    const spare = this.#spare;
    const fresh = spare === undefined || spare.isGone ? RunnerProcess.start(this.#options.folder, this.#options) : spare;
    this.#spare = undefined;
    this.#generation++;
    this.#death = undefined;
    this.#executions = 0;
    this.#sent = 0;
    this.#scripts.reset();
    this.#runner = this.#startRunner(fresh);
    this.#types.reset();
    this.#ended = Promise.all([this.#ended, old.close()]);
    await this.#runner.ready;
    this.#startSpare();
  }

  /** Problems of `text` as the next cell; running the very same text later costs no second look. */
  async diagnose(text: string, signal: AbortSignal): Promise<readonly TypeProblem[]> {
    const cell = await this.#scripts.read(text, signal);
    const problems = await this.#problems(text, cell, signal);
    if (problems.length === 0 && this.#running === undefined && text.length <= PREPARED_CHARACTERS) this.#send(cell);
    return problems;
  }

  async complete(text: string, offset: number, signal: AbortSignal): Promise<readonly Completion[]> {
    return (await this.#about(text, signal, (checker, names) => checker.complete(text, offset, names, signal))) ?? [];
  }

  async hover(text: string, offset: number, signal: AbortSignal): Promise<CellHover | null> {
    return await this.#about(text, signal, (checker, names) => checker.hover(text, offset, names, signal));
  }

  async signature(text: string, offset: number, signal: AbortSignal): Promise<SignatureHelp | null> {
    return await this.#about(text, signal, (checker, names) => checker.signature(text, offset, names, signal));
  }

  async definition(text: string, offset: number, signal: AbortSignal): Promise<Definition | null> {
    return await this.#about(text, signal, (checker, names) => checker.definition(text, offset, names, signal));
  }

  /** What the cells' names hold, or what the value at `path` is made of. Refused while a cell computes without a pause. */
  async variables(path: readonly string[], signal: AbortSignal): Promise<readonly Variable[]> {
    const { channel } = this.#runner;
    const [name, ...keys] = path;
    const inner = name === undefined ? [] : [this.#scripts.innerName(name), ...keys];
    const found = parseVariables(await withDeadline("The variables", VARIABLES_MS, signal, (limit) => channel.ask("variables", inner, limit)));
    return name === undefined ? found.map((one) => ({ ...one, name: this.#scripts.outerName(one.name) })) : found;
  }

  /** More of what a cell has shown. */
  async look(look: Look, signal: AbortSignal): Promise<Looked> {
    const { channel } = this.#runner;
    return parseLooked(await withDeadline("The kernel's answer", LOOK_MS, signal, (limit) => channel.ask("look", look, limit)));
  }

  async close(): Promise<void> {
    clearTimeout(this.#spareTimer);
    this.#running?.finish({ t: "dead", reason: "The kernel was closed." });
    this.#death ??= "The kernel was closed.";
    this.#life.abort(new TradingError("closed", "The kernel was closed.", { kind: "interrupted" }));
    await Promise.all([this.#ended, this.#runner.close(), this.#spare?.close(), this.#types.close()]);
  }

  /** What the compiler says about a place in a text; null where the text is not for it. */
  async #about<T>(text: string, signal: AbortSignal, ask: (checker: Checker, names: CellNames) => Promise<T | null>): Promise<T | null> {
    const checker = await this.#types.checker(signal);
    return isTooDeep(text) ? null : await ask(checker, this.#scripts.namesOf(text));
  }

  async #problems(text: string, cell: ReadCell, signal: AbortSignal): Promise<readonly TypeProblem[]> {
    const errors = await this.#types.check(cell.checked, cell.names, signal);
    const { lead } = cell;
    const problems = problemsOf(
      text,
      errors.map((error) => ({ ...error, start: error.start - lead, end: error.end - lead })),
    );
    // The compiler names the place best; what it lets pass and we cannot run is named by the transform.
    return problems.length === 0 && cell.script === undefined ? [cellProblem(text, cell.refusal)] : problems;
  }

  /** The runner compiles a cell's script when it comes, and runs the last that came. */
  #send({ id, script }: ReadCell): void {
    if (script === undefined || this.#sent === id) return;
    this.#sent = id;
    this.#runner.send({ script: id, code: script.code, globals: script.globals, isAsync: script.isAsync });
  }

  /** Without a compiler cells run unchecked, and say so once. */
  #unchecked(reason: string): boolean {
    const run = this.#running?.run;
    if (run === undefined) return false;
    this.#options.onOutput(run, { kind: "stream", stream: "stderr", text: `Types are not checked until the kernel is restarted: ${reason}\n` });
    return true;
  }

  /** The run before of the same cell, if it is known. */
  #replacedBy(run: number, cellId: string): number | null {
    const last = this.#lastRuns.get(cellId) ?? null;
    this.#lastRuns.delete(cellId);
    this.#lastRuns.set(cellId, run);
    for (const oldest of this.#lastRuns.keys()) {
      if (this.#lastRuns.size <= MAX_CELLS) break;
      this.#lastRuns.delete(oldest);
    }
    return last;
  }

  #remember(script: number, ran: RanScript): void {
    this.#ran.set(script, ran);
    for (const oldest of this.#ran.keys()) {
      if (this.#ran.size <= MAX_SCRIPTS) break;
      this.#ran.delete(oldest);
    }
  }

  #mapped(error: CellError | undefined): CellError {
    const given = error ?? { name: "Error", message: "The cell failed without saying why.", stack: "" };
    return { ...given, stack: mapStack(given.stack, this.#ran) };
  }

  #bundle(given: MimeBundle): MimeBundle {
    // What nobody can ask about is left to the HTML and text beside it.
    const data = this.#options.keepsShown ? given : withoutOwn(given);
    const text = data["text/plain"];
    const mapped = typeof text === "string" ? mapText(text, this.#ran) : text;
    return mapped === text || mapped === undefined ? data : { ...data, "text/plain": mapped };
  }

  /** Later, so that it takes nothing from the first cell, which somebody waits for. */
  #startSpare(): void {
    if (!this.#options.warmSpare || this.#life.signal.aborted) return;
    clearTimeout(this.#spareTimer);
    this.#spareTimer = setTimeout(() => {
      this.#spare = RunnerProcess.start(this.#options.folder, this.#options);
    }, SPARE_AFTER_MS);
  }

  #startRunner(runner: RunnerProcess): RunnerProcess {
    runner.channel.handle("desk", (call, signal) => this.#options.onDesk(call as DeskCall, signal));
    runner.channel.handle("input", (question, signal) => this.#options.onInput(parseQuestion(question), signal));
    runner.take({
      onFrame: (frame) => this.#frame(frame),
      onRaw: (stream, text) => this.#options.onOutput(this.#running?.run ?? 0, { kind: "stream", stream, text }),
      onEnd: (reason) => {
        if (this.#runner !== runner) return;
        this.#death = reason;
        this.#running?.finish({ t: "dead", reason });
        this.#options.onDeath(reason);
      },
    });
    return runner;
  }

  #frame(frame: RunnerFrame): void {
    const { onOutput } = this.#options;
    switch (frame.t) {
      case "out":
        onOutput(frame.run, { kind: "stream", stream: frame.stream, text: mapText(frame.text, this.#ran) });
        return;
      case "display":
        onOutput(
          frame.run,
          frame.update
            ? { kind: "update", data: this.#bundle(frame.data), id: frame.id }
            : { kind: "display", data: this.#bundle(frame.data), id: frame.id, isResult: false },
        );
        return;
      case "clear":
        onOutput(frame.run, { kind: "clear" });
        return;
      case "late":
        onOutput(frame.run, { kind: "error", error: this.#mapped(frame.error) });
        return;
      case "done":
        if (this.#running?.run === frame.run) this.#running.finish(frame);
        return;
      case "ready":
      case "exit":
        return;
    }
  }
}

function withoutOwn(data: MimeBundle): MimeBundle {
  return OWN_MIMES.some((mime) => mime in data) ? Object.fromEntries(Object.entries(data).filter(([mime]) => !OWN_MIMES.includes(mime))) : data;
}
