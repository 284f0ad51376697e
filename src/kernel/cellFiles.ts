/**
 * The virtual files of the compiler's program of cells. Its structure stays constant, which is what makes a check cost
 * about a millisecond: the cell's file imports one module, $live.ts, which re-exports each live name from the cell that
 * made it last; the seventh cell's own file, $c7.ts, sees what was live before it through $l6.ts.
 */
import type { NameKind } from "./transform.ts";
import { cellCompilerOptions, deskGlobals } from "./cellProgram.ts";

export interface CellNames {
  readonly all: ReadonlyMap<string, { readonly kind: NameKind; readonly exported: boolean }>;
  /** The text does not parse; the names are a guess. */
  readonly isBroken: boolean;
}

/** Paths that the compiler is to look at again, and new ones. */
export interface FileChanges {
  readonly changed: readonly string[];
  readonly created?: readonly string[];
  readonly deleted?: readonly string[];
}

export interface ShowOptions {
  /** Every live name comes in, used or not. */
  readonly all?: boolean;
  /** A call that is still being written shall not take the rest for its arguments. */
  readonly isOpen?: boolean;
}

/** Cells whose files are made at once. */
const PREPARED = 16;
/** It imports what cells import, or the first one would cost the compiler a look for every module. */
const EMPTY_CELL = 'import {} from "./$live.ts";';
const AUGMENTS = /\bdeclare\s+(?:global|module)\b/;
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/gu;

export class CellFiles {
  readonly cell: string;
  readonly project: string;
  readonly #folder: string;
  readonly #texts = new Map<string, string>();
  readonly #live = new Map<string, { readonly cell: number; readonly kind: NameKind }>();
  /** By cell; a few bytes each, as the cells' texts are kept too. */
  readonly #runs = new Map<number, number>();
  #cells = 0;
  /** Cells up to this one have their files. */
  #prepared = 0;

  constructor(folder: string) {
    this.#folder = folder.replaceAll("\\", "/").replace(/\/$/, "");
    this.cell = this.#path("$cell.ts");
    this.project = this.#path("$tsconfig.json");
    this.#put("$cell.ts", EMPTY_CELL);
    this.#put("$live.ts", "export {}");
    this.#put("$desk.ts", deskGlobals());
    this.#put("$tsconfig.json", JSON.stringify({ compilerOptions: cellCompilerOptions(folder), files: ["$cell.ts", "$desk.ts"] }));
  }

  /** Undefined for a file of the disk. */
  textOf(path: string): string | undefined {
    return this.#texts.get(path);
  }

  /** Virtual files carry a "$"; the compiler asks for every probe, and all others are the disk's: undefined. */
  isThere(path: string): boolean | undefined {
    return path.includes("/$") ? this.#texts.has(path) : undefined;
  }

  /** `text` as the next cell. */
  show(text: string, names: CellNames, options: ShowOptions = {}): FileChanges {
    this.#put("$cell.ts", text + (options.isOpen === true ? "\n;" : "") + this.#foot(text, names, "./$live.ts", options.all === true));
    return { changed: [this.cell] };
  }

  /**
   * The cell has run, as the front's `run`: its names are live for the cells after it. The compiler is to follow each step
   * before the next is taken.
   */
  *commit(text: string, names: CellNames, run: number): Generator<FileChanges> {
    // What a cell declares globally counts too, though it has no name.
    if (names.all.size === 0 && !AUGMENTS.test(text)) return;
    const cell = ++this.#cells;
    this.#runs.set(cell, run);
    if (cell > this.#prepared) yield this.#prepare(cell);
    this.#put(`$c${cell}.ts`, text + this.#foot(text, names, `./$l${cell - 1}.ts`));
    for (const [name, { kind }] of names.all) this.#live.set(name, { cell, kind });
    this.#put(`$l${cell}.ts`, `export * from "./$l${cell - 1}.ts"; export {${[...names.all.keys()].join(",")}} from "./$c${cell}.ts";`);
    this.#putLive();
    this.#put("$cell.ts", EMPTY_CELL);
    // One file at a time: the compiler keeps its program only then.
    for (const name of [`$c${cell}.ts`, `$l${cell}.ts`, "$live.ts", "$cell.ts"]) yield { changed: [this.#path(name)] };
  }

  /** As at the start: no cell has run. The files of cells stay, empty, so that the program keeps its structure. */
  reset(): FileChanges {
    const changed = [this.cell, this.#path("$live.ts")];
    for (let cell = 1; cell <= this.#cells; cell++) changed.push(...this.#putUnused(cell));
    this.#live.clear();
    this.#runs.clear();
    this.#cells = 0;
    this.#put("$cell.ts", EMPTY_CELL);
    this.#putLive();
    return { changed };
  }

  /** Virtual, not of the disk. */
  isOwn(path: string): boolean {
    return this.#texts.has(path);
  }

  get liveNames(): Iterable<string> {
    return this.#live.keys();
  }

  /** Undefined for what is no cell's file. */
  runOf(path: string): number | undefined {
    const cell = /\/\$c(\d+)\.ts$/.exec(path)?.[1];
    return cell === undefined ? undefined : this.#runs.get(Number(cell));
  }

  /** A `let` of an earlier cell, which no import leads to: its name where that cell declares it. */
  assignable(name: string): { readonly file: string; readonly offset: number } | undefined {
    const live = this.#live.get(name);
    if (live?.kind !== "let") return undefined;
    const file = this.#path(`$c${live.cell}.ts`);
    const found = new RegExp(`\\b(?:let|var)\\b[^;=]*?(?<![\\w$])(${name.replaceAll("$", "\\$")})(?![\\w$])`, "d").exec(this.#texts.get(file) ?? "");
    const [start] = found?.indices?.[1] ?? [];
    return start === undefined ? undefined : { file, offset: start };
  }

  /**
   * Files for the next cells, which import what they will import: a set of imports that changes makes the compiler look for
   * every module again (25 ms with Node's types), and this does so once for many cells.
   */
  #prepare(from: number): FileChanges {
    if (from === 1) this.#put("$l0.ts", "export {}");
    this.#prepared = from + PREPARED - 1;
    const created = from === 1 ? [this.#path("$l0.ts")] : [];
    for (let cell = from; cell <= this.#prepared; cell++) created.push(...this.#putUnused(cell));
    this.#putLive();
    return { changed: [this.#path("$live.ts")], created };
  }

  /** Answers their paths. */
  #putUnused(cell: number): readonly string[] {
    this.#put(`$c${cell}.ts`, `import {} from "./$l${cell - 1}.ts"; export {};`);
    this.#put(`$l${cell}.ts`, `export * from "./$l${cell - 1}.ts"; export {} from "./$c${cell}.ts";`);
    return [this.#path(`$c${cell}.ts`), this.#path(`$l${cell}.ts`)];
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

  /** What the cell needs of earlier cells and gives to later ones; stands after its text, so that no position moves. */
  #foot(text: string, names: CellNames, from: string, all = false): string {
    const words: string[] = [];
    let foot = "\n";
    for (const word of all ? this.#live.keys() : new Set(text.match(WORD))) {
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
    this.#texts.set(this.#path(name), text);
  }
}
