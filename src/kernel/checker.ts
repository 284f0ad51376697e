/**
 * Types of cells, checked by the native TypeScript 7 process. What makes a check cost about a millisecond: the
 * program's structure stays constant. The cell's file imports one module, $live.ts, which re-exports each live name from
 * the cell that made it last; the seventh cell's own file, $c7.ts, sees what was live before it through $l6.ts.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { API, Diagnostic, Program, Project, Snapshot } from "typescript/unstable/async";
import { TradingError } from "../core/base/errors.ts";
import { Lock } from "../core/base/lock.ts";
import { abortable } from "../core/base/scope.ts";
import { compilerPath } from "../core/base/typeFiles.ts";
import type { NameKind } from "./transform.ts";
import { cellCompilerOptions, deskGlobals } from "./cellProgram.ts";
import { placeAt, wordAt } from "./positions.ts";
import type { CellHover, Definition, SignatureHelp } from "./protocol.ts";

export interface CellNames {
  readonly all: ReadonlyMap<string, { readonly kind: NameKind; readonly exported: boolean }>;
  /** The text does not parse; the names are a guess. */
  readonly isBroken: boolean;
}

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
/** Evolving arrays (7005, 7034) and packages without types (7016) are no errors between cells. */
const IGNORED = new Set([7005, 7034, 7016]);
const MAX_CACHED = 200;
const BROKEN_PIPE = new Set(["EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);
/** Cells whose files are made at once. */
const PREPARED = 16;
const AUGMENTS = /\bdeclare\s+(?:global|module)\b/;

export class Checker {
  readonly #folder: string;
  readonly #files = new Map<string, string>();
  readonly #live = new Map<string, { readonly cell: number; readonly kind: NameKind }>();
  readonly #cache = new Map<string, readonly CheckedError[]>();
  /** By cell; a few bytes each, as the cells' texts are kept too. */
  readonly #runs = new Map<number, number>();
  readonly #lock = new Lock();
  readonly #stale: Snapshot[] = [];
  readonly #api: API;
  /** Aborts when the compiler's process ends by itself. */
  readonly #gone = new AbortController();
  readonly #ended: Promise<void>;
  #isEnded: () => void = () => undefined;
  #compilerPath: string | undefined;
  #snapshot: Snapshot | undefined;
  #cells = 0;
  /** Cells up to this one have their files. */
  #prepared = 0;

  private constructor(folder: string, api: (files: Map<string, string>) => API) {
    this.#folder = folder.replaceAll("\\", "/").replace(/\/$/, "");
    this.#api = api(this.#files);
    this.#ended = new Promise((resolve) => {
      this.#isEnded = resolve;
    });
  }

  /** `folder`: where the notebook is; imports resolve as from there. `onProcess` is told of the compiler's process before it does anything. */
  static async start(folder: string, onProcess: (pid: number) => void, signal: AbortSignal): Promise<Checker> {
    const { API } = await import("typescript/unstable/async");
    const executable = compilerPath();
    if (executable === undefined) throw new TradingError("no-compiler", "The TypeScript compiler for this platform is not installed.");
    // Virtual files carry a "$"; the compiler asks for every probe, and all others are the disk's.
    const checker = new Checker(
      folder,
      (files) =>
        new API({
          cwd: folder,
          tsserverPath: executable,
          fs: { readFile: (path) => files.get(path), fileExists: (path) => (path.includes("/$") ? files.has(path) : undefined) },
        }),
    );
    checker.#putEmpty();
    checker.#put("$desk.ts", deskGlobals());
    checker.#put("$tsconfig.json", JSON.stringify({ compilerOptions: cellCompilerOptions(folder), files: ["$cell.ts", "$desk.ts"] }));
    try {
      const client = clientOf(checker.#api);
      await abortable(client.connect(), signal);
      if (client.process?.pid !== undefined) onProcess(client.process.pid);
      checker.#compilerPath = client.process?.spawnfile;
      // A question under way when the compiler is closed, by a restart say, writes to a pipe that is gone.
      client.process?.stdin?.on("error", () => undefined);
      client.process?.once("exit", (code, by) => {
        checker.#gone.abort(new TradingError("checker-gone", `The type checker has ended (${by ?? `exit code ${code}`}).`));
        checker.#isEnded();
      });
      await abortable(
        checker.#update([]).then(() => checker.#diagnostics()),
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
    return clientOf(this.#api).process?.pid;
  }

  /** The native compiler's executable. */
  get compilerPath(): string | undefined {
    return this.#compilerPath;
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
      await this.#giveBack();
      // What a cell declares globally counts too, though it has no name.
      if (names.all.size === 0 && !AUGMENTS.test(text)) return;
      const cell = ++this.#cells;
      this.#runs.set(cell, run);
      if (cell > this.#prepared) await this.#prepare(cell);
      this.#put(`$c${cell}.ts`, text + this.#foot(text, names, `./$l${cell - 1}.ts`));
      for (const [name, { kind }] of names.all) this.#live.set(name, { cell, kind });
      this.#put(`$l${cell}.ts`, `export * from "./$l${cell - 1}.ts"; export {${[...names.all.keys()].join(",")}} from "./$c${cell}.ts";`);
      this.#putLive();
      this.#put("$cell.ts", 'import {} from "./$live.ts";');
      // One file at a time: the compiler keeps its program only then.
      for (const file of [`$c${cell}.ts`, `$l${cell}.ts`, "$live.ts", "$cell.ts"]) await this.#update([file]);
      await this.#diagnostics();
    });
  }

  /**
   * Files for the next cells, which import what they will import: a set of imports that changes makes the compiler look for
   * every module again (25 ms with Node's types), and this does so once for many cells.
   */
  async #prepare(from: number): Promise<void> {
    if (from === 1) this.#put("$l0.ts", "export {}");
    this.#prepared = from + PREPARED - 1;
    const created = from === 1 ? ["$l0.ts"] : [];
    for (let cell = from; cell <= this.#prepared; cell++) {
      this.#put(`$c${cell}.ts`, `import {} from "./$l${cell - 1}.ts"; export {};`);
      this.#put(`$l${cell}.ts`, `export * from "./$l${cell - 1}.ts"; export {} from "./$c${cell}.ts";`);
      created.push(`$c${cell}.ts`, `$l${cell}.ts`);
    }
    this.#putLive();
    await this.#update(["$live.ts"], created);
  }

  /** Before the first cell; it imports what cells import, or the first one would cost the compiler a look for every module. */
  #putEmpty(): void {
    this.#put("$cell.ts", 'import {} from "./$live.ts";');
    this.#put("$live.ts", "export {}");
  }

  /** What later cells see: each name from the cell that declared it last. */
  #putLive(): void {
    const names = Map.groupBy(this.#live, ([, live]) => live.cell);
    const lines = Array.from(
      { length: this.#prepared },
      (_, i) => `export {${(names.get(i + 1) ?? []).map(([name]) => name).join(",")}} from "./$c${i + 1}.ts";`,
    );
    this.#put("$live.ts", [...lines, `import {} from "./$l${this.#prepared}.ts";`].join("\n"));
  }

  /** As it was at the start: no cell has run, and what lies on disk is read anew. */
  async reset(signal: AbortSignal): Promise<void> {
    await this.#alone(signal, async () => {
      this.#cache.clear();
      this.#live.clear();
      for (const file of [...this.#files.keys()]) if (/\/\$[cl]\d+\.ts$/.test(file)) this.#files.delete(file);
      this.#cells = 0;
      this.#runs.clear();
      this.#prepared = 0;
      this.#putEmpty();
      if (this.#snapshot !== undefined) this.#stale.push(this.#snapshot);
      this.#snapshot = await this.#api.updateSnapshot({ openProjects: [this.#path("$tsconfig.json")], fileChanges: { invalidateAll: true } });
      await this.#diagnostics();
      await this.#giveBack();
    });
  }

  /** Local files changed on disk: what was known of them is read again. */
  async filesChanged(paths: readonly string[], signal: AbortSignal): Promise<void> {
    if (paths.length === 0) return;
    await this.#alone(signal, async () => {
      this.#cache.clear();
      await this.#updateFiles(
        paths.map((path) => path.replaceAll("\\", "/")),
        [],
      );
    });
  }

  async complete(text: string, offset: number, names: CellNames, signal: AbortSignal): Promise<readonly Completion[]> {
    return await this.#alone(signal, async () => {
      await this.#show(text, names, { all: true });
      const project = this.#snapshot?.getProjects()[0];
      let entries: readonly { readonly name: string; readonly kind?: number | undefined }[] = [];
      try {
        entries = (await project?.checker.getCompletionsAtPosition(this.#path("$cell.ts"), offset))?.entries ?? [];
      } catch (error) {
        // Outside a member access the compiler wants a registry of every importable name, which only its editor server
        // has: names in scope are what we can tell there.
        if (!String(error).includes("auto imports")) throw error;
        entries = [
          ...new Set([...names.all.keys(), ...this.#live.keys(), ...Object.getOwnPropertyNames(globalThis), "desk", "display", "plot", "input", "clearOutput"]),
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
      const made = found === null || found.documentation !== "" ? undefined : this.#assignable(text, offset);
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
      const made = this.#assignable(text, offset);
      const found = await answers.declarationAt(project, made?.file ?? file, made?.offset ?? offset);
      if (found === null || found.path.endsWith("/$desk.ts")) return null;
      const place = { ...placeAt(found.text, found.start), length: found.end - found.start };
      if (found.path === file) return found.start <= text.length ? { in: "text", ...place } : null;
      const cell = /\/\$c(\d+)\.ts$/.exec(found.path)?.[1];
      const run = cell === undefined ? undefined : this.#runs.get(Number(cell));
      return run === undefined ? { in: "file", path: found.path, ...place } : { in: "cell", run, ...place };
    });
  }

  /** A `let` of an earlier cell, which no import leads to: its name where that cell declares it. */
  #assignable(text: string, offset: number): { readonly file: string; readonly offset: number } | undefined {
    const name = wordAt(text, offset);
    const live = this.#live.get(name);
    if (live?.kind !== "let") return undefined;
    const file = this.#path(`$c${live.cell}.ts`);
    const found = new RegExp(`\\b(?:let|var)\\b[^;=]*?(?<![\\w$])(${name.replaceAll("$", "\\$")})(?![\\w$])`, "d").exec(this.#files.get(file) ?? "");
    const [start] = found?.indices?.[1] ?? [];
    return start === undefined ? undefined : { file, offset: start };
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
      return project === undefined ? null : await ask(answers, project, this.#path("$cell.ts"));
    });
  }

  /** Ends the compiler's process whatever it does: one that waits for a file of ours would stay for ever. */
  async close(): Promise<void> {
    const client = clientOf(this.#api);
    const compiler = client.process;
    this.#gone.abort(new TradingError("checker-closed", "The type checker was closed.", { kind: "interrupted" }));
    // Killed first: one whose pipe ends while it asks for a file panics on the standard error that it shares with us.
    if (compiler !== undefined && compiler.exitCode === null && compiler.signalCode === null) {
      const gone = once(compiler, "exit");
      if (compiler.kill("SIGKILL")) await gone;
    }
    await client.close(); // what is asked at this moment is refused
  }

  /** One question at a time; a compiler that ends leaves nobody waiting. */
  async #alone<T>(signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
    return await this.#lock.run(signal, async () => {
      this.#gone.signal.throwIfAborted();
      try {
        return await abortable(ask(), this.#gone.signal);
      } catch (error) {
        // A pipe breaks a moment before its process is known to have ended.
        if (!BROKEN_PIPE.has(String((error as { code?: unknown }).code))) throw error;
        await abortable(this.#ended, signal);
        this.#gone.signal.throwIfAborted();
        throw error;
      }
    });
  }

  async #show(text: string, names: CellNames, options: { readonly all?: boolean; readonly isOpen?: boolean } = {}): Promise<void> {
    // A call that is still being written shall not take the rest for its arguments.
    this.#put("$cell.ts", text + (options.isOpen === true ? "\n;" : "") + this.#foot(text, names, "./$live.ts", options.all === true));
    await this.#update(["$cell.ts"]);
  }

  /** What the cell needs of earlier cells and gives to later ones; stands after its text, so that no position moves. */
  #foot(text: string, names: CellNames, from: string, all = false): string {
    const words: string[] = [];
    let foot = "\n";
    for (const word of all ? this.#live.keys() : new Set(text.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu))) {
      const live = this.#live.get(word);
      if (live === undefined || names.all.has(word)) continue;
      // An import cannot be assigned: a `let` comes in with its declared type instead.
      if (live.kind === "let") foot += `declare let ${word}: typeof import("${from}").${word};`;
      else words.push(word);
    }
    foot += `import {${words.join(",")}} from "${from}";`;
    return `${foot}export {${[...names.all]
      .filter(([, n]) => !n.exported)
      .map(([name]) => name)
      .join(",")}};`;
  }

  #path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  #put(name: string, text: string): void {
    this.#files.set(this.#path(name), text);
  }

  async #update(changed: readonly string[], created: readonly string[] = []): Promise<void> {
    await this.#updateFiles(
      changed.map((name) => this.#path(name)),
      created.map((name) => this.#path(name)),
    );
  }

  async #updateFiles(changed: string[], created: string[]): Promise<void> {
    if (this.#snapshot !== undefined) this.#stale.push(this.#snapshot);
    this.#snapshot = await this.#api.updateSnapshot({ openProjects: [this.#path("$tsconfig.json")], fileChanges: { changed, created } });
  }

  /** Old snapshots hold memory in the compiler; they are given back while nobody waits. */
  async #giveBack(): Promise<void> {
    for (const snapshot of this.#stale.splice(0)) await snapshot.dispose();
  }

  async #diagnostics(): Promise<{ readonly isSyntax: boolean; readonly all: readonly Diagnostic[] }> {
    const program: Program | undefined = this.#snapshot?.getProjects()[0]?.program;
    if (program === undefined) return { isSyntax: false, all: [] };
    const file = this.#path("$cell.ts");
    const syntax = await program.getSyntacticDiagnostics(file);
    return syntax.length > 0 ? { isSyntax: true, all: syntax } : { isSyntax: false, all: await program.getSemanticDiagnostics(file) };
  }
}

/** The part of the API's client that the API itself does not show; the version of `typescript` is pinned for this too. */
function clientOf(api: API): CompilerClient {
  return (api as unknown as { readonly client: CompilerClient }).client;
}

interface CompilerClient {
  readonly process?: ChildProcess;
  connect(): Promise<void>;
  close(): Promise<void>;
}

function messageOf(diagnostic: Diagnostic): string {
  const chain = (diagnostic.messageChain ?? []).map((inner) => `  ${messageOf(inner).replaceAll("\n", "\n  ")}`);
  return [diagnostic.text, ...chain].join("\n");
}
