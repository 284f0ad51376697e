/**
 * A store that cannot be written (full disk, read-only drive, somebody's lock) is opened for looking, so that accounts are
 * shown and cancels go. Without room for SQLite's files beside it, what was last brought into the main file is what is read.
 */
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { TradingError } from "../base/errors.ts";
import { versionOf } from "./migrate.ts";
import { failureOf } from "./sqliteErrors.ts";

const UNWRITABLE: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM", "EIO"]);

/** Whether the store is sound, as far as the error tells, and only cannot be written. */
export function isUnwritable(error: unknown): boolean {
  if (error instanceof TradingError) return error.cause !== undefined && isUnwritable(error.cause);
  const failure = failureOf(error);
  return failure === "unwritable" || failure === "locked" || UNWRITABLE.has((error as NodeJS.ErrnoException).code ?? "");
}

/** The tables of this program's version; empty ones in memory when nothing can be read. */
export function openToLook(path: string, steps: readonly string[]): DatabaseSync {
  const asItStands = pathToFileURL(path);
  asItStands.searchParams.set("immutable", "1");
  for (const place of [path, asItStands]) {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(place, { readOnly: true });
      if (versionOf(db) === steps.length) return db;
    } catch {
      // the next way
    }
    db?.close();
  }
  const empty = new DatabaseSync(":memory:");
  for (const step of steps) empty.exec(step);
  empty.exec(`PRAGMA user_version = ${steps.length}`);
  return empty;
}
