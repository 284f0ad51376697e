/**
 * The types of the language itself, for the compiler in one file instead of eighty. Its names are declared in many of them
 * (Array in twenty), and the compiler joins those anew for each text that it is asked about: from one file it does so once,
 * which takes a fifth off the check of a small cell.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";

export const LIBRARY = "esnext";
const IS_MODULE = /^export \{/m;
const REFERENCE = /^\/\/\/ *<reference lib="([^"]+)"/gm;

export class CellLibrary {
  readonly #texts = new Map<string, string>();
  readonly #parts: Array<{ readonly path: string; readonly start: number }> = [];
  readonly #joined: string;

  /** `compiler`: the path of the native executable, which has the files beside it. */
  constructor(compiler: string) {
    const folder = dirname(compiler).replaceAll("\\", "/");
    const path = (name: string): string => `${folder}/lib.${name}.d.ts`;
    this.#joined = path(LIBRARY);
    const scripts = new Map<string, string>();
    const modules: string[] = [];
    const seen = new Set<string>();
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      const text = readFileSync(path(name), "utf8");
      for (const [, other] of text.matchAll(REFERENCE)) visit(other as string);
      if (IS_MODULE.test(text)) modules.push(name);
      else scripts.set(path(name), text);
    };
    visit(LIBRARY);
    // Those that are modules, as Iterator's is, stay by themselves.
    let joined = modules.map((name) => `/// <reference lib="${name}" />\n`).join("");
    for (const [at, text] of scripts) {
      this.#parts.push({ path: at, start: joined.length });
      // Without the references, at the same places.
      joined += text.replace(/^\/\/\/(?= *<reference)/gm, "// ");
      // What asks for one of them by itself, as Node's types do, finds nothing there that it has not already.
      this.#texts.set(at, "");
    }
    this.#texts.set(this.#joined, joined);
  }

  /** Undefined for a file that is none of these. */
  textOf(path: string): string | undefined {
    return this.#texts.get(path);
  }

  /** Where an offset of the joined file is on the disk; undefined for another file. */
  placeOf(path: string, offset: number): { readonly path: string; readonly text: string; readonly offset: number } | undefined {
    if (path !== this.#joined) return undefined;
    const part = this.#parts.findLast(({ start }) => start <= offset);
    return part === undefined ? undefined : { path: part.path, text: readFileSync(part.path, "utf8"), offset: offset - part.start };
  }
}
