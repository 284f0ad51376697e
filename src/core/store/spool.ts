/**
 * Rows that the database did not take wait in files beside it. Each file is one batch with a name of its own, by which the
 * database knows it: one that was written in and whose file could not be taken away is not written in twice.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { TradingError } from "../base/errors.ts";
import { makeFolder } from "../base/files.ts";
import type { NewRun } from "../domain/ports.ts";

const MOST_FILES = 1000;
const ENDING = ".json";

export class Spool {
  readonly folder: string;

  constructor(databasePath: string) {
    this.folder = `${databasePath}.spool`;
  }

  /** Names of what waits, oldest first. */
  get waiting(): readonly string[] {
    if (!existsSync(this.folder)) return [];
    return readdirSync(this.folder)
      .filter((name) => name.endsWith(ENDING))
      .sort();
  }

  /** Throws when it is full or cannot be written. */
  add(at: number, runs: readonly NewRun[]): void {
    makeFolder(this.folder, 0o700);
    if (this.waiting.length >= MOST_FILES)
      throw new TradingError("spool-full", `${this.folder} holds ${MOST_FILES} files that the store has not taken yet.`, {
        hint: "See why the store cannot be written: quantdesk doctor.",
      });
    const name = `${String(at).padStart(15, "0")}-${randomUUID()}`;
    const draft = join(this.folder, `${name}.draft`);
    writeFileSync(draft, JSON.stringify(runs), { mode: 0o600, flush: true });
    renameSync(draft, join(this.folder, name + ENDING));
  }

  /** The rows of one file; undefined when another process was quicker. Throws when it is not what add() wrote. */
  read(name: string): readonly NewRun[] | undefined {
    const path = join(this.folder, name);
    if (!existsSync(path)) return undefined;
    const runs: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (!Array.isArray(runs)) throw new TradingError("bad-spool", `${path} holds no list.`);
    return runs as NewRun[];
  }

  remove(name: string): void {
    rmSync(join(this.folder, name), { force: true });
  }

  /** Leaves it beside the others under a name that is not read again. */
  setAside(name: string): void {
    renameSync(join(this.folder, name), join(this.folder, `${name}.unreadable`));
  }
}
