/** The SQLite side of the store: synchronous, so it lives in the worker thread and nowhere else. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TradingError } from "../base/errors.ts";
import type { MergedCandidate } from "../domain/research.ts";
import { JournalTables } from "./journal.ts";
import { holdUse } from "./inUse.ts";
import { isUnwritable, openToLook } from "./lookOnly.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./schema.ts";

export class Database {
  readonly #db: DatabaseSync;
  readonly #release: () => void;
  readonly path: string;
  /** Looking works, writing throws this: `store-too-new` (a newer Quantdesk has changed the tables) or `store-unwritable`. */
  readonly readOnly: TradingError | null;
  readonly journal: JournalTables;

  /** `steps` are those of this program, unless a test says otherwise. */
  constructor(path: string, steps: readonly string[] = MIGRATIONS) {
    this.path = path;
    const { db, readOnly, release } = open(path, steps);
    this.#db = db;
    this.readOnly = readOnly;
    this.#release = release;
    this.journal = new JournalTables(this.#db, (work) => this.#transaction(work));
  }

  /** Grows when another connection has written. */
  dataVersion(): number {
    return (this.#db.prepare("PRAGMA data_version").get() as { data_version: number }).data_version;
  }

  addEquity(account: string, at: number, equity: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO equity VALUES (?, ?, ?)").run(account, at, equity);
  }

  addScan(at: number, candidates: readonly MergedCandidate[]): void {
    this.#db.prepare("INSERT INTO scans (at, candidates) VALUES (?, ?)").run(at, JSON.stringify(candidates));
    this.#db.exec("DELETE FROM scans WHERE id <= (SELECT max(id) - 1000 FROM scans)");
  }

  lastScan(): readonly MergedCandidate[] {
    const row = this.#db.prepare("SELECT candidates FROM scans ORDER BY id DESC LIMIT 1").get() as { candidates: string } | undefined;
    return row === undefined ? [] : (JSON.parse(row.candidates) as MergedCandidate[]);
  }

  /** The newest points, oldest first. */
  equity(account: string): ReadonlyArray<{ readonly at: number; readonly equity: number }> {
    return this.#db
      .prepare("SELECT at, equity FROM (SELECT at, equity FROM equity WHERE account = ? ORDER BY at DESC LIMIT 2000) ORDER BY at")
      .all(account) as unknown as Array<{ at: number; equity: number }>;
  }

  close(): void {
    this.#db.close();
    this.#release();
  }

  #transaction<T>(work: () => T): T {
    if (this.readOnly !== null) throw this.readOnly;
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const value = work();
      this.#db.exec("COMMIT");
      return value;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK"); // a full disk has rolled back already
      throw error;
    }
  }
}

interface Opened {
  readonly db: DatabaseSync;
  readonly readOnly: TradingError | null;
  readonly release: () => void;
}

const NOTHING_TO_RELEASE = (): void => undefined;

function open(path: string, steps: readonly string[]): Opened {
  try {
    return openToWrite(path, steps);
  } catch (error) {
    if (!isUnwritable(error)) throw error;
    const readOnly = new TradingError("store-unwritable", `${path} cannot be written: ${(error as Error).message}.`, { cause: error });
    return { db: openToLook(path, steps), readOnly, release: NOTHING_TO_RELEASE };
  }
}

function openToWrite(path: string, steps: readonly string[]): Opened {
  closeSync(openSync(path, "a", 0o600)); // for this user only, whatever the umask; SQLite's files beside it follow
  if (process.platform !== "win32") chmodSync(path, 0o600);
  const release = holdUse(path, steps.length); // before the version is read: a newer program must not change it in between
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    db.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;");
    if (migrate(db, path, steps) !== "newer") return { db, readOnly: null, release };
    db.close();
    db = new DatabaseSync(path, { readOnly: true });
    db.exec("PRAGMA busy_timeout = 5000");
    release(); // who only reads is in nobody's way
    return { db, readOnly: tooNew(path), release: NOTHING_TO_RELEASE };
  } catch (error) {
    db?.close();
    release();
    throw error;
  }
}

function tooNew(path: string): TradingError {
  return new TradingError("store-too-new", `${path} was written by a newer Quantdesk: this one only reads it.`, {
    hint: "Update Quantdesk, or give another folder with --home.",
  });
}
