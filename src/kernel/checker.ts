/**
 * Types of cells, checked by the native TypeScript 7 process, which also answers what an editor asks about a place in a
 * cell. One question at a time; the program that it is asked about is cellFiles.ts.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import type { API, Diagnostic, Project, Snapshot } from "typescript/unstable/async";
import { childEnv } from "../core/base/childEnv.ts";
import { TradingError } from "../core/base/errors.ts";
import { Lock } from "../core/base/lock.ts";
import { abortable } from "../core/base/scope.ts";
import { compilerPath } from "../core/base/typeFiles.ts";
import { CellFiles, type CellNames, type FileChanges, type ShowOptions } from "./cellFiles.ts";
import { CellLibrary } from "./cellLibrary.ts";
import { CompilerLink } from "./compilerLink.ts";
import { placeAt, wordAt } from "./positions.ts";
import type { CellHover, Definition, SignatureHelp } from "./protocol.ts";

export interface CheckedError {
  readonly code: number;
  readonly message: string;
  /** Offsets in the cell. */
  readonly start: number;
  readonly end: number;
}

export interface Completion {
  readonly name: string;
  /** As the Language Server Protocol numbers them. */
  readonly kind: number | null;
}

type Answers = typeof import("./cellAnswers.ts");

const CATEGORY_ERROR = 1;
const COMPLETION_LIMIT = 500;
/** Evolving arrays (7005, 7034) and packages without types (7016) are no errors between cells, a text too long to analyse (2563) is none at all. */
const IGNORED = new Set([7005, 7034, 7016, 2563]);
const MAX_CACHED = 200;
/** File systems count time in steps. */
const CLOCK_STEP_MS = 100;
/** The compiler asks for these of each file before it looks at the disk. */
const CALLBACKS = "readFile,fileExists";
/** The program is built with a fifth less work when the collector looks half as often. */
const COMPILER_ENV = { GOGC: "200" };

export class Checker {
  readonly #files: CellFiles;
  readonly #library: CellLibrary;
  readonly #cache = new Map<string, readonly CheckedError[]>();
  readonly #lock = new Lock();
  readonly #stale: Snapshot[] = [];
  readonly #api: API;
  readonly #compiler: ChildProcess;
  /** Aborts when the compiler's process ends by itself. */
  readonly #gone = new AbortController();
  #snapshot: Snapshot | undefined;
  /** When all that lies on the disk was read last. */
  #readAt = Date.now();

  private constructor(files: CellFiles, library: CellLibrary, api: API, compiler: ChildProcess) {
    this.#files = files;
    this.#library = library;
    this.#api = api;
    this.#compiler = compiler;
    compiler.once("exit", (code, by) => {
      this.#gone.abort(new TradingError("checker-gone", `The type checker has ended (${by ?? `exit code ${code}`}).`));
    });
  }

  /** `folder`: where the notebook is; imports resolve as from there. `onProcess` is told of the compiler's process before it does anything. */
  static async start(folder: string, onProcess: (pid: number) => void, signal: AbortSignal): Promise<Checker> {
    const { API } = await import("typescript/unstable/async");
    const executable = compilerPath();
    if (executable === undefined) throw new TradingError("no-compiler", "The TypeScript compiler for this platform is not installed.");
    const compiler = spawn(executable, ["--api", "--async", "--cwd", folder, `--callbacks=${CALLBACKS}`], {
      env: childEnv(COMPILER_ENV),
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(compiler, "spawn"); // an error instead rejects this
    // Made while the process starts.
    const [files, library] = [new CellFiles(folder), new CellLibrary(executable)];
    const api = new API({ cwd: folder, tsserverPath: executable });
    const checker = new Checker(files, library, api, compiler);
    try {
      if (compiler.pid !== undefined) onProcess(compiler.pid);
      const connection = new CompilerLink(compiler, {
        readFile: (path) => {
          const content = files.textOf(path) ?? library.textOf(path);
          return content === undefined ? null : { content };
        },
        fileExists: (path) => files.isThere(path),
      });
      Object.assign(clientOf(api), { process: compiler, connection, connected: true } satisfies CompilerClient);
      await abortable(
        checker.#update({ changed: [] }).then(() => checker.#diagnostics()),
        signal,
      );
    } catch (error) {
      await checker.close();
      throw error;
    }
    return checker;
  }

  /** Its process has ended; every answer from now on is a refusal. */
  get isGone(): boolean {
    return this.#gone.signal.aborted;
  }

  get pid(): number | undefined {
    return this.#compiler.pid;
  }

  /** The native compiler's executable. */
  get compilerPath(): string {
    return this.#compiler.spawnfile;
  }

  /** A question is about to come: asking for nothing gets the compiler's threads going. */
  wake(): void {
    this.#snapshot
      ?.getProjects()[0]
      ?.program.getSyntacticDiagnostics(this.#files.cell)
      .catch(() => undefined);
  }

  /** Errors of `text` as the next cell. Nothing changes; the answer is kept until the next commit. */
  async check(text: string, names: CellNames, signal: AbortSignal): Promise<readonly CheckedError[]> {
    return await this.#alone(signal, async () => {
      const known = this.#cache.get(text);
      if (known !== undefined) return known;
      await this.#show(text, names);
      const { isSyntax, all } = await this.#diagnostics();
      const found = all.filter((d) => d.category === CATEGORY_ERROR && !IGNORED.has(d.code));
      const inside = found.filter((d) => d.pos <= text.length);
      // What stays open (a bracket, `@`, `import`) is missed after the cell's end only: it is told there.
      const errors = (inside.length > 0 || !(names.isBroken || isSyntax) ? inside : found.slice(0, 1)).map((d) => {
        const start = Math.min(d.pos, text.length);
        return { code: d.code, message: messageOf(d), start, end: Math.max(start, Math.min(d.end, text.length)) };
      });
      if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
      this.#cache.set(text, errors);
      return errors;
    });
  }

  /** The cell has run, as the front's `run`: its names are live for the cells after it. */
  async commit(text: string, names: CellNames, run: number, signal: AbortSignal): Promise<void> {
    await this.#alone(signal, async () => {
      this.#cache.clear();
      let isChanged = false;
      for (const step of this.#files.commit(text, names, run)) {
        isChanged = true;
        await this.#update(step);
      }
      if (isChanged) await this.#diagnostics();
      await this.#giveBack();
    });
  }

  /** As it was at the start: no cell has run, and what has changed on the disk is read anew. */
  async reset(signal: AbortSignal): Promise<void> {
    await this.#alone(signal, async () => {
      this.#cache.clear();
      const changes = this.#files.reset();
      if (await this.#isDiskNewer()) await this.#updateAll();
      else await this.#update(changes);
      await this.#diagnostics();
      await this.#giveBack();
    });
  }

  /** Local files changed on disk: what was known of them is read again. */
  async filesChanged(changes: FileChanges, signal: AbortSignal): Promise<void> {
    await this.#alone(signal, async () => {
      this.#cache.clear();
      await this.#update(changes);
    });
  }

  /** Everything of the disk is read again: a package was installed, say. Takes as long as the start. */
  async lookAgain(signal: AbortSignal): Promise<void> {
    await this.#alone(signal, async () => {
      this.#cache.clear();
      await this.#updateAll();
    });
  }

  async complete(text: string, offset: number, names: CellNames, signal: AbortSignal): Promise<readonly Completion[]> {
    return await this.#alone(signal, async () => {
      await this.#show(text, names, { all: true });
      const project = this.#snapshot?.getProjects()[0];
      let entries: readonly { readonly name: string; readonly kind?: number | undefined }[] = [];
      try {
        entries = (await project?.checker.getCompletionsAtPosition(this.#files.cell, offset))?.entries ?? [];
      } catch (error) {
        // Outside a member access the compiler wants a registry of every importable name, which only its editor server
        // has: names in scope are what we can tell there.
        if (!String(error).includes("auto imports")) throw error;
        entries = [
          ...new Set([
            ...names.all.keys(),
            ...this.#files.liveNames,
            ...Object.getOwnPropertyNames(globalThis),
            "desk",
            "display",
            "plot",
            "input",
            "clearOutput",
          ]),
        ].map((name) => ({ name }));
      }
      return entries
        .filter((e) => !e.name.startsWith("$"))
        .slice(0, COMPLETION_LIMIT)
        .map((e) => ({ name: e.name, kind: e.kind ?? null }));
    });
  }

  /** The type of what stands at `offset`, and its documentation; null where there is nothing. */
  async hover(text: string, offset: number, names: CellNames, signal: AbortSignal): Promise<CellHover | null> {
    return await this.#about(text, offset, names, signal, async (answers, project, file) => {
      const found = await answers.hoverAt(project, file, offset);
      const made = found === null || found.documentation !== "" ? undefined : this.#files.assignable(wordAt(text, offset));
      const documentation = made === undefined ? undefined : (await answers.hoverAt(project, made.file, made.offset))?.documentation;
      return found === null || documentation === undefined ? found : { ...found, documentation };
    });
  }

  /** The call around `offset`; null outside of one. */
  async signature(text: string, offset: number, names: CellNames, signal: AbortSignal): Promise<SignatureHelp | null> {
    return await this.#about(text, offset, names, signal, (answers, project, file) => answers.signatureAt(project, file, offset));
  }

  /** Where what stands at `offset` was declared; null where that is nowhere. */
  async definition(text: string, offset: number, names: CellNames, signal: AbortSignal): Promise<Definition | null> {
    return await this.#about(text, offset, names, signal, async (answers, project, file) => {
      const made = this.#files.assignable(wordAt(text, offset));
      const found = await answers.declarationAt(project, made?.file ?? file, made?.offset ?? offset);
      if (found === null || found.path.endsWith("/$desk.ts")) return null;
      const length = found.end - found.start;
      if (found.path === file) return found.start <= text.length ? { in: "text", ...placeAt(found.text, found.start), length } : null;
      const run = this.#files.runOf(found.path);
      if (run !== undefined) return { in: "cell", run, ...placeAt(found.text, found.start), length };
      const { path, text: source, offset: start } = this.#library.placeOf(found.path, found.start) ?? { ...found, offset: found.start };
      return { in: "file", path, ...placeAt(source, start), length };
    });
  }

  async #about<T>(
    text: string,
    offset: number,
    names: CellNames,
    signal: AbortSignal,
    ask: (answers: Answers, project: Project, file: string) => Promise<T | null>,
  ): Promise<T | null> {
    const { declarationAt, hoverAt, signatureAt } = await import("./cellAnswers.ts");
    const answers = { declarationAt, hoverAt, signatureAt };
    return await this.#alone(signal, async () => {
      if (offset > text.length) return null;
      await this.#show(text, names, { isOpen: true });
      const project = this.#snapshot?.getProjects()[0];
      return project === undefined ? null : await ask(answers, project, this.#files.cell);
    });
  }

  /** Ends the compiler's process whatever it does: one that waits for a file of ours would stay for ever. */
  async close(): Promise<void> {
    const compiler = this.#compiler;
    this.#gone.abort(new TradingError("checker-closed", "The type checker was closed.", { kind: "interrupted" }));
    // Killed first: one whose pipe ends while it asks for a file panics on the standard error that it shares with us.
    if (compiler.exitCode === null && compiler.signalCode === null) {
      const gone = once(compiler, "exit");
      if (compiler.kill("SIGKILL")) await gone;
    }
    clientOf(this.#api).connection?.dispose();
  }

  /** One question at a time; a compiler that ends leaves nobody waiting. */
  async #alone<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    return await this.#lock.run(signal, async () => {
      this.#gone.signal.throwIfAborted();
      return await abortable(ask(), this.#gone.signal);
    });
  }

  async #show(text: string, names: CellNames, options: ShowOptions = {}): Promise<void> {
    await this.#update(this.#files.show(text, names, options));
  }

  async #update({ changed, created = [], deleted = [] }: FileChanges): Promise<void> {
    const opening = this.#snapshot === undefined ? { openProjects: [this.#files.project] } : {};
    if (this.#snapshot !== undefined) this.#stale.push(this.#snapshot);
    this.#snapshot = await this.#api.updateSnapshot({ ...opening, fileChanges: { changed: [...changed], created: [...created], deleted: [...deleted] } });
  }

  async #updateAll(): Promise<void> {
    this.#readAt = Date.now();
    if (this.#snapshot !== undefined) this.#stale.push(this.#snapshot);
    this.#snapshot = await this.#api.updateSnapshot({ fileChanges: { invalidateAll: true } });
  }

  /** Some file of the program, or the word of its package, was written, replaced or removed since all was read. */
  async #isDiskNewer(): Promise<boolean> {
    const paths = (await this.#snapshot?.getProjects()[0]?.program.getSourceFileNames()) ?? [];
    const onDisk = new Set(paths.filter((path) => !this.#files.isOwn(path) && this.#library.textOf(path) === undefined));
    for (const path of [...onDisk]) {
      const [root] = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(path) ?? [];
      if (root !== undefined) onDisk.add(`${root}package.json`);
    }
    // Packages are unpacked with old times of change; the time of their arrival is the system's.
    const isOld = (path: string): boolean => (statSync(path, { throwIfNoEntry: false })?.ctimeMs ?? Number.NaN) < this.#readAt - CLOCK_STEP_MS;
    return ![...onDisk].every(isOld);
  }

  /** Old snapshots hold memory in the compiler; they are given back while nobody waits. */
  async #giveBack(): Promise<void> {
    await Promise.all(this.#stale.splice(0).map((snapshot) => snapshot.dispose()));
  }

  async #diagnostics(): Promise<{ readonly isSyntax: boolean; readonly all: readonly Diagnostic[] }> {
    const program = this.#snapshot?.getProjects()[0]?.program;
    if (program === undefined) return { isSyntax: false, all: [] };
    const { cell } = this.#files;
    // Asked together: the answer to the first is nothing, as a rule, and costs a way there and back.
    const [syntax, semantic] = await Promise.all([program.getSyntacticDiagnostics(cell), program.getSemanticDiagnostics(cell)]);
    return syntax.length > 0 ? { isSyntax: true, all: syntax } : { isSyntax: false, all: semantic };
  }
}

/** The part of the API's client that the API itself does not show; the version of `typescript` is pinned for this too. */
function clientOf(api: API): Partial<CompilerClient> {
  return (api as unknown as { readonly client: Partial<CompilerClient> }).client;
}

interface CompilerClient {
  readonly process: ChildProcess;
  readonly connection: CompilerLink;
  readonly connected: boolean;
}

function messageOf(diagnostic: Diagnostic): string {
  const chain = (diagnostic.messageChain ?? []).map((inner) => `  ${messageOf(inner).replaceAll("\n", "\n  ")}`);
  return [diagnostic.text, ...chain].join("\n");
}
