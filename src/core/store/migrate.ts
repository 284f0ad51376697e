/**
 * Brings a store to the version of this program: a copy first, then all steps in one transaction, so that a step that fails
 * leaves the store as it was. One that an older program has open is left alone.
 */
import { chmodSync, renameSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TradingError } from "../base/errors.ts";
import { isUsedByOlder } from "./inUse.ts";

/** "newer": the store has steps that this program does not know; nothing was done. */
export function migrate(db: DatabaseSync, path: string, steps: readonly string[]): "current" | "newer" {
  db.exec("BEGIN IMMEDIATE"); // whoever opens it meanwhile waits, and reads the new version
  try {
    const version = versionOf(db);
    if (version <= steps.length) takeSteps(db, path, version, steps);
    db.exec("COMMIT");
    return version > steps.length ? "newer" : "current";
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK"); // a full disk has rolled back already
    throw error;
  }
}

export function versionOf(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

function takeSteps(db: DatabaseSync, path: string, version: number, steps: readonly string[]): void {
  if (version === steps.length) return;
  const backup = `${path}.v${version}.backup`;
  if (version > 0) {
    if (isUsedByOlder(path, steps.length)) {
      throw new TradingError("home-in-use", `${path} is in use by an older Quantdesk, and this one would have to change it.`, {
        kind: "usage",
        hint: "Close the windows, notebooks and commands of the older one, or give another folder with --home DIR.",
      });
    }
    backUp(path, backup);
  }
  try {
    for (const step of steps.slice(version)) db.exec(step);
  } catch (error) {
    throw new TradingError("store-not-migrated", `${path} (version ${version}) could not be brought to version ${steps.length}: ${(error as Error).message}.`, {
      hint: version > 0 ? `It is as it was, and ${backup} is a copy; give another folder with --home DIR, or go on with the older Quantdesk.` : "Report this.",
      cause: error,
    });
  }
  db.exec(`PRAGMA user_version = ${steps.length}`);
}

/** Over a connection of its own, which sees what was committed; in place of an older attempt's copy, whole or not at all. */
function backUp(path: string, backup: string): void {
  const draft = `${backup}.${process.pid}`;
  rmSync(draft, { force: true });
  const source = new DatabaseSync(path);
  try {
    source.prepare("VACUUM INTO ?").run(draft);
  } finally {
    source.close();
  }
  chmodSync(draft, 0o600);
  renameSync(draft, backup);
}
