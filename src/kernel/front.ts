/**
 * front: one notebook's kernel, apart from whoever owns it: transforms and checks cells, runs them in the runner one
 * after the other, and passes on what they show. Imports base. Is given: how to send outputs and desk calls to the owner.
 * Knows nothing of VS Code, sessions, brokers or keys.
 */
import { Lock } from "../core/base/lock.ts";
import { TradingError } from "../core/base/errors.ts";
import { abortable, withDeadline } from "../core/base/scope.ts";
import type { Look, Looked } from "../core/domain/shown.ts";
import { cellNames } from "./cell.ts";
import { cellProblem, mapStack, mapText, problemsOf, problemsText, type RanScript } from "./problems.ts";
import { Checker, type CellNames, type CheckedError, type Completion } from "./checker.ts";
import type { DeskCall } from "./deskProtocol.ts";
import { localFilesOf } from "./localFiles.ts";
import { lower, mayNeedLowering, type Lowered } from "./lower.ts";
import { isTooDeep, mayBeObject, tooDeep } from "./oddCells.ts";
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
import { transformCell, type CellScript } from "./transform.ts";

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
  /** The notebook's name of it: when it runs again, what it showed before is gone. */
  readonly cellId: string;
}

/** Scripts kept to map the stacks of late errors. */
const MAX_SCRIPTS = 500;
const INTERRUPT_WAIT_MS = 5000;
const CHECKER_RESET_MS = 3000;
const VARIABLES_MS = 1000;
/** A million rows are sorted in a second or two, and a cell may compute meanwhile. */
const LOOK_MS = 15_000;
/** Cells whose last run is known. */
const MAX_CELLS = 1000;
/** Not on the global object before our own runner puts them there. */
const OWN_GLOBALS = [
  ...["desk", "display", "plot", "input", "clearOutput", "require", "module", "exports", "__dirname", "__filename"],
  // What transform.ts writes into cells.
  ...["$await", "$iterate", "$import", "$meta", "$show", "$fn"],
];

interface Running {
  readonly run: number;
  isInterrupted: boolean;
  readonly finish: (frame: Extract<RunnerFrame, { t: "done" }> | { readonly t: "dead"; readonly reason: string }) => void;
}

export class Front {
  readonly #options: FrontOptions;
  readonly #turn = new Lock();
  readonly #builtins = new Set([...Object.getOwnPropertyNames(globalThis), ...OWN_GLOBALS]);
  readonly #scripts = new Map<number, RanScript>();
  /** By cell id. */
  readonly #lastRuns = new Map<string, number>();
  readonly #life = new AbortController();
  #runner: RunnerProcess;
  #spare: RunnerProcess | undefined;
  #checker: Promise<Checker>;
  #renamed: ReadonlySet<string> = new Set();
  #localFiles = new Map<string, number>();
  /** The newest text that had to be rewritten, and what came of it. */
  #lowered: { readonly text: string; readonly lowered: Lowered | undefined } | undefined;
  #running: Running | undefined;
  /** A commit of the last cell, under way while the user reads. */
  #committing: Promise<void> = Promise.resolve();
  /** Processes of before a restart, on their way out. */
  #ended: Promise<unknown> = Promise.resolve();
  #death: string | undefined;
  #saidUnchecked = false;
  #executions = 0;
  /** Grows over restarts, so that outputs of an old runner are told apart. */
  #runs = 0;
  #generation = 0;

  constructor(options: FrontOptions) {
    this.#options = options;
    this.#runner = this.#startRunner(options.runner);
    this.#checker = this.#startChecker();
    // The first use loads the stripper, while both processes start anyhow.
    setImmediate(() => this.#transform("1"));
    if (options.warmSpare) this.#spare = RunnerProcess.start(options.folder, options);
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

  async #execute(text: string, { onStart, executionCount: given, runsDespiteTypeErrors, cellId }: CellOrder, signal: AbortSignal): Promise<CellOutcome> {
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
      const read = await this.#read(text, this.#life.signal);
      if (running.isInterrupted) return { status: "interrupted", executionCount: this.#executions, durationMs: performance.now() - started };
      if (read.script === undefined || (read.problems.length > 0 && !runsDespiteTypeErrors)) return { status: "type-error", problems: read.problems };
      if (read.problems.length > 0) this.#options.onOutput(run, { kind: "stream", stream: "stderr", text: problemsText(read.problems) });
      const { script, names } = read;
      this.#renamed = script.renamed;
      const executionCount = given ?? this.#executions + 1;
      this.#executions = executionCount;
      this.#remember(run, { script, text, executionCount });
      const { code, headLength, globals, isAsync } = script;
      this.#runner.run({ run, code, headLength, globals, isAsync, keeps: this.#options.keepsShown, replaces: this.#replacedBy(run, cellId) });
      const end = await finished;
      if (end.t === "dead") return { status: "dead", reason: end.reason };
      // Names before a throw stay alive, so their types do too.
      this.#commit(text, names, run);
      for (const data of end.result) this.#options.onOutput(run, { kind: "display", data: this.#bundle(data), isResult: true });
      const cost = { executionCount, durationMs: end.ms, memoryBytes: end.memoryBytes };
      if (end.status === "error") return { status: "error", ...cost, error: this.#mapped(end.error) };
      return { status: end.status, ...cost };
    } finally {
      signal.removeEventListener("abort", onAbort);
      if (this.#running === running) this.#running = undefined;
    }
  }

  /** Asks the running cell to stop; resolves when it has, rejects when it has not within 5 s. */
  async interrupt(): Promise<void> {
    const running = this.#running;
    if (running === undefined || this.#death !== undefined) return;
    running.isInterrupted = true;
    this.#runner.interrupt();
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
    const oldChecker = this.#checker;
    this.#running?.finish({ t: "dead", reason: "The kernel was restarted." });
    const fresh = this.#spare ?? RunnerProcess.start(this.#options.folder, this.#options);
    this.#spare = undefined;
    this.#generation++;
    this.#death = undefined;
    this.#renamed = new Set();
    this.#localFiles = new Map();
    this.#executions = 0;
    this.#saidUnchecked = false;
    this.#runner = this.#startRunner(fresh);
    this.#checker = this.#checkerAgain(oldChecker);
    this.#checker.catch(() => undefined);
    this.#ended = Promise.all([this.#ended, old.close()]);
    await this.#runner.ready;
    if (this.#options.warmSpare) this.#spare = RunnerProcess.start(this.#options.folder, this.#options);
  }

  /** Problems of `text` as the next cell; running the very same text later costs no second check. */
  async diagnose(text: string, signal: AbortSignal): Promise<readonly TypeProblem[]> {
    return (await this.#read(text, signal)).problems;
  }

  async complete(text: string, offset: number, signal: AbortSignal): Promise<readonly Completion[]> {
    const checker = await abortable(this.#checker, signal);
    return await checker.complete(text, offset, this.#namesOf(text), signal);
  }

  async hover(text: string, offset: number, signal: AbortSignal): Promise<CellHover | null> {
    const checker = await abortable(this.#checker, signal);
    return await checker.hover(text, offset, this.#namesOf(text), signal);
  }

  async signature(text: string, offset: number, signal: AbortSignal): Promise<SignatureHelp | null> {
    const checker = await abortable(this.#checker, signal);
    return await checker.signature(text, offset, this.#namesOf(text), signal);
  }

  async definition(text: string, offset: number, signal: AbortSignal): Promise<Definition | null> {
    const checker = await abortable(this.#checker, signal);
    return await checker.definition(text, offset, this.#namesOf(text), signal);
  }

  /** What the cells' names hold, or what the value at `path` is made of. Refused while a cell computes without a pause. */
  async variables(path: readonly string[], signal: AbortSignal): Promise<readonly Variable[]> {
    const { channel } = this.#runner;
    const inner = (path.length === 0 ? [] : [this.#renamed.has(path[0] as string) ? `${path[0]}$u` : path[0], ...path.slice(1)]) as readonly string[];
    const found = parseVariables(await withDeadline("The variables", VARIABLES_MS, signal, (limit) => channel.ask("variables", inner, limit)));
    return path.length > 0
      ? found
      : found.map((one) => ({ ...one, name: this.#renamed.has(one.name.replace(/\$u$/, "")) ? one.name.replace(/\$u$/, "") : one.name }));
  }

  /** More of what a cell has shown. */
  async look(look: Look, signal: AbortSignal): Promise<Looked> {
    const { channel } = this.#runner;
    return parseLooked(await withDeadline("The kernel's answer", LOOK_MS, signal, (limit) => channel.ask("look", look, limit)));
  }

  async close(): Promise<void> {
    this.#running?.finish({ t: "dead", reason: "The kernel was closed." });
    this.#death ??= "The kernel was closed.";
    this.#life.abort(new TradingError("closed", "The kernel was closed.", { kind: "interrupted" }));
    await Promise.all([
      this.#ended,
      this.#runner.close(),
      this.#spare?.close(),
      this.#checker.then(
        (checker) => checker.close(),
        () => undefined,
      ),
    ]);
  }

  async #read(
    text: string,
    signal: AbortSignal,
  ): Promise<{ readonly script?: CellScript; readonly names: CellNames; readonly problems: readonly TypeProblem[] }> {
    if (isTooDeep(text)) return { names: cellNames("", undefined), problems: [cellProblem(text, tooDeep())] };
    const object = mayBeObject(text) ? this.#objectOf(text) : undefined;
    if (object !== undefined) {
      const names = cellNames(text, object);
      const errors = await this.#check(`(${text})`, names, signal);
      return {
        script: object,
        names,
        problems: problemsOf(
          text,
          errors.map((error) => ({ ...error, start: error.start - 1, end: error.end - 1 })),
        ),
      };
    }
    let script: CellScript | undefined;
    let refused: unknown;
    try {
      script = await this.#scriptOf(text, signal);
    } catch (error) {
      refused = error;
    }
    signal.throwIfAborted();
    const names = cellNames(text, script);
    const problems = problemsOf(text, await this.#check(text, names, signal));
    // The compiler names the place best; what it lets pass and we cannot run is named by the transform.
    if (problems.length === 0 && script === undefined) return { names, problems: [cellProblem(text, refused)] };
    return { ...(script === undefined ? {} : { script }), names, problems };
  }

  /** The script of braces that are an object; undefined when they are a block. */
  #objectOf(text: string): CellScript | undefined {
    try {
      const script = this.#transform(`(${text})`);
      return { ...script, headLength: script.headLength + 1 }; // places are those of the text without the parenthesis
    } catch {
      return undefined;
    }
  }

  /** Without a compiler cells run unchecked, and say so once. */
  async #check(text: string, names: CellNames, signal: AbortSignal): Promise<readonly CheckedError[]> {
    let checker: Checker | undefined;
    try {
      checker = await abortable(this.#checker, signal);
      await abortable(this.#committing, signal);
      await this.#rereadLocalFiles(text, checker, signal);
      return await checker.check(text, names, signal);
    } catch (error) {
      if (signal.aborted || (checker !== undefined && !checker.isGone)) throw error;
      if (!this.#saidUnchecked && this.#running !== undefined) {
        this.#saidUnchecked = true;
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.onOutput(this.#running.run, {
          kind: "stream",
          stream: "stderr",
          text: `Types are not checked until the kernel is restarted: ${reason}\n`,
        });
      }
      return [];
    }
  }

  /** Most cells only need their types blanked; the others are rewritten by the compiler, each text once. */
  async #scriptOf(text: string, signal: AbortSignal): Promise<CellScript> {
    try {
      return this.#transform(text);
    } catch (error) {
      // The stripper is WebAssembly: what overflows its stack breaks it for good, and the compiler takes over.
      if (error instanceof SyntaxError && !mayNeedLowering(text, error)) throw error;
      if (this.#lowered?.text !== text) {
        const compiler = await abortable(this.#checker, signal).then(
          (checker) => checker.compilerPath,
          () => undefined,
        );
        const lowered = compiler === undefined ? undefined : await lower(text, compiler, signal);
        this.#lowered = { text, lowered };
      }
      const { lowered } = this.#lowered;
      if (lowered === undefined) throw error;
      try {
        return this.#transform(text, lowered);
      } catch {
        throw error; // its place is one in the cell
      }
    }
  }

  #transform(text: string, lowered?: Lowered): CellScript {
    return transformCell(text, { isBuiltin: (name) => this.#builtins.has(name), renamed: this.#renamed, lowered });
  }

  #namesOf(text: string): CellNames {
    try {
      return cellNames(text, this.#transform(text));
    } catch {
      return cellNames(text, undefined);
    }
  }

  async #rereadLocalFiles(text: string, checker: Checker, signal: AbortSignal): Promise<void> {
    const found = localFilesOf(text, this.#options.folder, new Map());
    const known = [...this.#localFiles.keys()].filter((file) => !found.has(file));
    const all = new Map([...found, ...localTimes(known)]);
    const changed = [...all].filter(([file, time]) => this.#localFiles.has(file) && this.#localFiles.get(file) !== time).map(([file]) => file);
    this.#localFiles = all;
    await checker.filesChanged(changed, signal);
  }

  #commit(text: string, names: CellNames, run: number): void {
    const generation = this.#generation;
    const commit = async (): Promise<void> => {
      const checker = await this.#checker;
      if (generation === this.#generation) await checker.commit(text, names, run, this.#life.signal);
    };
    // A checker that is closed meanwhile has nothing to remember any more.
    this.#committing = commit().catch(() => undefined);
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

  #remember(run: number, ran: RanScript): void {
    this.#scripts.set(run, ran);
    for (const oldest of this.#scripts.keys()) {
      if (this.#scripts.size <= MAX_SCRIPTS) break;
      this.#scripts.delete(oldest);
    }
  }

  #mapped(error: CellError | undefined): CellError {
    const given = error ?? { name: "Error", message: "The cell failed without saying why.", stack: "" };
    return { ...given, stack: mapStack(given.stack, this.#scripts) };
  }

  #bundle(data: MimeBundle): MimeBundle {
    const text = data["text/plain"];
    const mapped = typeof text === "string" ? mapText(text, this.#scripts) : text;
    return mapped === text || mapped === undefined ? data : { ...data, "text/plain": mapped };
  }

  #startChecker(): Promise<Checker> {
    const starting = Checker.start(this.#options.folder, (pid) => this.#runner.endWith(pid), this.#life.signal);
    starting.catch(() => undefined);
    return starting;
  }

  /** The same compiler without its cells is there sooner than a new one; one that is gone or does not answer is replaced. */
  async #checkerAgain(old: Promise<Checker>): Promise<Checker> {
    try {
      const checker = await old;
      await withDeadline("The type checker's reset", CHECKER_RESET_MS, this.#life.signal, (signal) => checker.reset(signal));
      if (checker.pid !== undefined) this.#runner.endWith(checker.pid);
      return checker;
    } catch {
      await old.then(
        (checker) => checker.close(),
        () => undefined,
      );
      return await this.#startChecker();
    }
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
        onOutput(frame.run, { kind: "stream", stream: frame.stream, text: mapText(frame.text, this.#scripts) });
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

function localTimes(files: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const file of files) localFilesOf(`import ${JSON.stringify(`./${file.split(/[\\/]/).pop()}`)}`, file.replace(/[\\/][^\\/]*$/, ""), times);
  return times;
}
