/**
 * Who has a store open, by the version of its tables: each connection holds a shared lock on a file of its version beside the
 * store. The system gives a lock back when its process ends, however it ends; a pid could be another's by then.
 */
import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { basename, dirname, join } from "node:path";

/** Answers the function that gives it back. */
export function holdUse(path: string, version: number): () => void {
  const file = fileOf(path, version);
  closeSync(openSync(file, "a", 0o600));
  const held = new DatabaseSync(file);
  held.exec("PRAGMA busy_timeout = 1000; BEGIN; SELECT count(*) FROM sqlite_schema");
  return () => held.close();
}

/** Whether a program that knows fewer versions than `version` has the store open. What nobody holds is removed. */
export function isUsedByOlder(path: string, version: number): boolean {
  const prefix = `${basename(path)}.use-v`;
  const older = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((name) => Number(name.slice(prefix.length)))
    .filter((other) => other < version);
  return older.some((other) => isHeld(join(dirname(path), `${prefix}${other}`)));
}

function isHeld(file: string): boolean {
  const tried = new DatabaseSync(file);
  try {
    tried.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (error) {
    if (/locked|busy/i.test((error as Error).message)) return true;
    throw error;
  } finally {
    tried.close();
  }
  rmSync(file, { force: true });
  return false;
}

function fileOf(path: string, version: number): string {
  return `${path}.use-v${version}`;
}
