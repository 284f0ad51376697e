/** Local source files that a notebook imports: their times tell what has changed since they were read. */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

export interface LocalChanges {
  readonly changed: readonly string[];
  readonly created: readonly string[];
  readonly deleted: readonly string[];
}

/** What an import may leave out. */
const ENDINGS = ["", ".ts", ".mts", ".cts", ".d.ts", ".js", ".json", "/index.ts", "/index.js", "/package.json"];
const IMPORT = /(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/** The time of a file that is not there. */
const ABSENT = 0;

/** Files that `text`, standing in `folder`, imports by relative path, and what those import in turn, with their times; 0 when not there. */
export function localFilesOf(text: string, folder: string, seen: Map<string, number> = new Map()): Map<string, number> {
  for (const [, specifier] of text.matchAll(IMPORT)) {
    const file = resolve(folder, specifier as string);
    if (seen.has(file)) continue;
    let modified: number;
    let source: string;
    try {
      modified = statSync(file).mtimeMs;
      source = readFileSync(file, "utf8");
    } catch {
      seen.set(file, ABSENT); // the import itself will say so
      continue;
    }
    seen.set(file, modified);
    localFilesOf(source, dirname(file), seen);
  }
  return seen;
}

/** What became of files between two looks. */
export function changesOf(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): LocalChanges {
  const changes = { changed: [] as string[], created: [] as string[], deleted: [] as string[] };
  for (const [file, time] of now) {
    const known = before.get(file);
    if (known === undefined || known === time) continue;
    changes[known === ABSENT ? "created" : time === ABSENT ? "deleted" : "changed"].push(file);
  }
  return changes;
}

/** Where an import of `specifier` from `folder` could lead and something is, with its time of arrival: "path time". */
export function arrivalsOf(specifier: string, folder: string): readonly string[] {
  const isLocal = /^\.{0,2}\//.test(specifier);
  const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
  const places = isLocal
    ? ENDINGS.map((ending) => resolve(folder, specifier) + ending)
    : (createRequire(join(folder, "file.js")).resolve.paths(specifier) ?? []).flatMap((at) => [join(at, name), join(at, name, "package.json")]);
  return places.flatMap((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found === undefined ? [] : [`${path} ${found.ctimeMs}`];
  });
}

/** The newest time of a file and of what it imports by relative path; 0 when it is not there. */
export function newestTime(file: string): number {
  try {
    const own = statSync(file).mtimeMs;
    return Math.max(own, ...localFilesOf(readFileSync(file, "utf8"), dirname(file)).values());
  } catch {
    return 0;
  }
}
