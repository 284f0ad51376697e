/** Local source files that a notebook imports: their times tell what has changed since they were read. */
import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

const IMPORT = /(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;

/** Files that `text`, standing in `folder`, imports by relative path, and what those import in turn, with their times. */
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
      continue; // not there: the import itself will say so
    }
    seen.set(file, modified);
    localFilesOf(source, dirname(file), seen);
  }
  return seen;
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
