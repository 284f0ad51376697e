/**
 * From a cell's text to the script that runs: types are blanked, or else the compiler rewrites it. The scripts of texts that
 * were looked at while they were typed are kept for their run.
 */
import { abortable } from "../core/base/scope.ts";
import { cellNames } from "./cell.ts";
import type { CellNames } from "./cellFiles.ts";
import { lower, mayNeedLowering, type Lowered } from "./lower.ts";
import { isTooDeep, mayBeObject, tooDeep } from "./oddCells.ts";
import { transformCell, type CellScript } from "./transform.ts";

/** A cell as it can be checked, and run where there is a script. */
export interface ReadCell {
  /** Stacks name the script by it. */
  readonly id: number;
  readonly script: CellScript | undefined;
  readonly names: CellNames;
  /** What the compiler is to check: the text, or with `lead` characters before it. */
  readonly checked: string;
  readonly lead: number;
  /** Why there is no script; the compiler may name the place better. */
  readonly refusal: unknown;
}

/** Not on the global object before our own runner puts them there. */
const OWN_GLOBALS = [
  ...["desk", "display", "plot", "input", "clearOutput", "require", "module", "exports", "__dirname", "__filename"],
  // What transform.ts writes into cells.
  ...["$await", "$iterate", "$import", "$meta", "$show", "$fn"],
];
/** An editor sends one text after the other, of a few cells at most. */
const MAX_KEPT = 8;

export class CellScripts {
  readonly #builtins = new Set([...Object.getOwnPropertyNames(globalThis), ...OWN_GLOBALS]);
  readonly #compilerPath: () => Promise<string | undefined>;
  /** Names of built-in globals that cells declared so far. */
  #renamed: ReadonlySet<string> = new Set();
  /** By text, while nothing new is renamed. */
  readonly #kept = new Map<string, ReadCell>();
  /** The newest text that had to be rewritten, and what came of it. */
  #lowered: { readonly text: string; readonly lowered: Lowered | undefined } | undefined;
  #ids = 0;

  /** `compilerPath`: of the native compiler, undefined where there is none. */
  constructor(compilerPath: () => Promise<string | undefined>) {
    this.#compilerPath = compilerPath;
  }

  /** The first use loads the stripper. */
  warmUp(): void {
    this.#transform("1");
  }

  isKnown(text: string): boolean {
    return this.#kept.has(text);
  }

  /** Rejects only when `signal` aborts. */
  async read(text: string, signal: AbortSignal): Promise<ReadCell> {
    const known = this.#kept.get(text);
    if (known !== undefined) return known;
    const read = { id: ++this.#ids, ...(await this.#read(text, signal)) };
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
    this.#kept.set(text, read);
    return read;
  }

  /** `cell` runs now: what it renames holds for the next ones, and its script is not run again. */
  ran(text: string, { script }: ReadCell): void {
    this.#kept.delete(text);
    if (script !== undefined && script.renamed !== this.#renamed) this.#rename(script.renamed);
  }

  /** Nothing has run. */
  reset(): void {
    this.#rename(new Set());
  }

  namesOf(text: string): CellNames {
    const kept = this.#kept.get(text);
    if (kept?.lead === 0) return kept.names;
    try {
      return cellNames(text, this.#transform(text));
    } catch {
      return cellNames(text, undefined);
    }
  }

  /** As the global object has the name. */
  innerName(name: string): string {
    return this.#renamed.has(name) ? `${name}$u` : name;
  }

  /** As cells have it. */
  outerName(name: string): string {
    const outer = name.replace(/\$u$/, "");
    return this.#renamed.has(outer) ? outer : name;
  }

  async #read(text: string, signal: AbortSignal): Promise<Omit<ReadCell, "id">> {
    const plain = { checked: text, lead: 0 };
    // Parsers overflow their stacks on it, and the compiler's process with them: it gets nothing to read.
    if (isTooDeep(text)) return { ...plain, checked: "", script: undefined, names: cellNames("", undefined), refusal: tooDeep() };
    const object = mayBeObject(text) ? this.#objectOf(text) : undefined;
    if (object !== undefined) return { checked: `(${text})`, lead: 1, script: object, names: cellNames(text, object), refusal: undefined };
    try {
      const script = await this.#scriptOf(text, signal);
      return { ...plain, script, names: cellNames(text, script), refusal: undefined };
    } catch (refusal) {
      signal.throwIfAborted();
      return { ...plain, script: undefined, names: cellNames(text, undefined), refusal };
    }
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

  /** Most cells only need their types blanked; the others are rewritten by the compiler, each text once. */
  async #scriptOf(text: string, signal: AbortSignal): Promise<CellScript> {
    try {
      return this.#transform(text);
    } catch (error) {
      // The stripper is WebAssembly: what overflows its stack breaks it for good, and the compiler takes over.
      if (error instanceof SyntaxError && !mayNeedLowering(text, error)) throw error;
      if (this.#lowered?.text !== text) {
        const compiler = await abortable(this.#compilerPath(), signal);
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

  #rename(renamed: ReadonlySet<string>): void {
    this.#renamed = renamed;
    this.#kept.clear();
  }
}
