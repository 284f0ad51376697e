/**
 * The types of one notebook's cells: a checker that is started, reset and replaced, local files that change under it, and
 * cells that run unchecked where there is none.
 */
import { TradingError } from "../core/base/errors.ts";
import { abortable, withDeadline } from "../core/base/scope.ts";
import type { CellNames } from "./cellFiles.ts";
import { Checker, type CheckedError } from "./checker.ts";
import { arrivalsOf, changesOf, localFilesOf } from "./localFiles.ts";

export interface CellTypesParts {
  readonly folder: string;
  /** Told of the compiler's process before it does anything. */
  readonly onProcess: (pid: number) => void;
  /** Why cells run unchecked from now on; answers whether somebody could be told, or it is asked again. */
  readonly onUnchecked: (reason: string) => boolean;
  /** Ends everything. */
  readonly life: AbortSignal;
  /** How long the compiler may take to start, and to answer for one cell; 30 s when absent. */
  readonly answerMs?: number;
}

const RESET_MS = 3000;
/** A cell of five thousand declarations takes a fifth of a second: one that is not answered by then never will be. */
const ANSWER_MS = 30_000;
/** "Cannot find module" in its forms. */
const NO_MODULE = new Set([2307, 2792]);

export class CellTypes {
  readonly #parts: CellTypesParts;
  #checker: Promise<Checker>;
  /** The same, once it is there. */
  #current: Checker | undefined;
  #localFiles = new Map<string, number>();
  /** A commit of the last cell, under way while the user reads. */
  #committing: Promise<void> = Promise.resolve();
  /** What was there when everything was read again for it; a package that does not lead anywhere is not read at each look. */
  readonly #arrivals = new Set<string>();
  #saidUnchecked = false;
  #generation = 0;

  constructor(parts: CellTypesParts) {
    this.#parts = parts;
    this.#checker = this.#taken(this.#start());
  }

  /** To ask about a place in a text. */
  async checker(signal: AbortSignal): Promise<Checker> {
    return await abortable(this.#checker, signal);
  }

  /** Of the native compiler; undefined where there is none. */
  async compilerPath(): Promise<string | undefined> {
    return await this.#checker.then(
      (checker) => checker.compilerPath,
      () => undefined,
    );
  }

  /** A check is about to come. */
  wake(): void {
    this.#current?.wake();
  }

  /** Errors of `text` as the next cell; none where there is no compiler. */
  async check(text: string, names: CellNames, signal: AbortSignal): Promise<readonly CheckedError[]> {
    let checker: Checker | undefined;
    try {
      checker = await abortable(this.#checker, signal);
      await abortable(this.#committing, signal);
      await this.#rereadLocalFiles(text, checker, signal);
      const errors = await this.#answer(checker, text, names, signal);
      if (!this.#hasArrived(text, errors)) return errors;
      await checker.lookAgain(signal);
      return await this.#answer(checker, text, names, signal);
    } catch (error) {
      if (signal.aborted || (checker !== undefined && !checker.isGone)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#saidUnchecked) this.#saidUnchecked = this.#parts.onUnchecked(reason);
      return [];
    }
  }

  /** The cell has run: its names are there for the next. */
  commit(text: string, names: CellNames, run: number): void {
    const generation = this.#generation;
    const commit = async (): Promise<void> => {
      const checker = await this.#checker;
      if (generation === this.#generation) await checker.commit(text, names, run, this.#parts.life);
    };
    // A checker that is closed meanwhile has nothing to remember any more.
    this.#committing = commit().catch(() => undefined);
  }

  /** No cell has run. */
  reset(): void {
    this.#generation++;
    this.#arrivals.clear();
    this.#localFiles = new Map();
    this.#saidUnchecked = false;
    this.#current = undefined;
    this.#checker = this.#taken(this.#again(this.#checker));
  }

  async close(): Promise<void> {
    await this.#checker.then(
      (checker) => checker.close(),
      () => undefined,
    );
  }

  /** A compiler that does not answer is ended: cells go on without. */
  async #answer(checker: Checker, text: string, names: CellNames, signal: AbortSignal): Promise<readonly CheckedError[]> {
    try {
      return await withDeadline("The type checker", this.#answerMs, signal, (both) => checker.check(text, names, both));
    } catch (error) {
      if (!signal.aborted && error instanceof TradingError && error.code === "timeout") await checker.close();
      throw error;
    }
  }

  get #answerMs(): number {
    return this.#parts.answerMs ?? ANSWER_MS;
  }

  #start(): Promise<Checker> {
    const { folder, onProcess, life } = this.#parts;
    return withDeadline("The type checker's start", this.#answerMs, life, (both) => Checker.start(folder, onProcess, both));
  }

  #taken(coming: Promise<Checker>): Promise<Checker> {
    coming.then(
      (checker) => (this.#current = checker),
      () => undefined, // told when something is to be checked
    );
    return coming;
  }

  /** The same compiler without its cells is there sooner than a new one; one that is gone or does not answer is replaced. */
  async #again(old: Promise<Checker>): Promise<Checker> {
    try {
      const checker = await old;
      await withDeadline("The type checker's reset", RESET_MS, this.#parts.life, (signal) => checker.reset(signal));
      if (checker.pid !== undefined) this.#parts.onProcess(checker.pid);
      return checker;
    } catch {
      await old.then(
        (checker) => checker.close(),
        () => undefined,
      );
      return await this.#start();
    }
  }

  async #rereadLocalFiles(text: string, checker: Checker, signal: AbortSignal): Promise<void> {
    const found = localFilesOf(text, this.#parts.folder, new Map());
    const known = [...this.#localFiles.keys()].filter((file) => !found.has(file));
    const now = new Map([...found, ...localTimes(known)]);
    const { changed, created, deleted } = changesOf(this.#localFiles, now);
    this.#localFiles = now;
    if (changed.length + created.length + deleted.length === 0) return;
    const [first, second, third] = [changed, created, deleted].map((paths) => paths.map((path) => path.replaceAll("\\", "/")));
    await checker.filesChanged({ changed: first ?? [], created: second ?? [], deleted: third ?? [] }, signal);
  }

  /** A module that is not found may have come since the compiler looked for it: it keeps what it did not find. */
  #hasArrived(text: string, errors: readonly CheckedError[]): boolean {
    const arrivals = errors
      .filter(({ code }) => NO_MODULE.has(code))
      .flatMap(({ start, end }) => arrivalsOf(text.slice(start + 1, end - 1), this.#parts.folder))
      .filter((arrival) => !this.#arrivals.has(arrival));
    for (const arrival of arrivals) this.#arrivals.add(arrival);
    return arrivals.length > 0;
  }
}

function localTimes(files: readonly string[]): Map<string, number> {
  const times = new Map<string, number>();
  for (const file of files) localFilesOf(`import ${JSON.stringify(`./${file.split(/[\\/]/).pop()}`)}`, file.replace(/[\\/][^\\/]*$/, ""), times);
  return times;
}
