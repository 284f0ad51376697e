/**
 * The file of results: opened when it is first needed and again after a failure, so that one that is locked, damaged or
 * unwritable costs a sentence and not the session. Synchronous: it lives in a worker thread of its own, apart from the
 * order journal, which must never wait for a million rows.
 */
import { chmodSync, closeSync, existsSync, openSync, renameSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TradingError } from "../base/errors.ts";
import type { NewRun } from "../domain/ports.ts";
import { CacheTables } from "./cacheTables.ts";
import { isUnwritable, openToLook } from "./lookOnly.ts";
import { RESULT_MIGRATIONS } from "./resultsSchema.ts";
import { RunTables } from "./runTables.ts";
import { SourceTables } from "./sourceTables.ts";
import { Spool } from "./spool.ts";
import { failureOf, storeError } from "./sqliteErrors.ts";

/** Other processes' batches are short; who waits longer than this spools. */
const BUSY_MS = 2000;

/** Hashes and ratios come in no order, so that indexes are written all over: with SQLite's own 2 MB a large file is slow to grow. */
const CACHE_KIB = 65_536;
const CHECKPOINT_PAGES = 8000;

export interface ResultTables {
  readonly runs: RunTables;
  readonly cache: CacheTables;
  readonly sources: SourceTables;
}

interface Opened extends ResultTables {
  readonly db: DatabaseSync;
}

export interface ResultsFileOptions {
  readonly path: string;
  /** The file in which versions before kept the ledger; what is in it is taken over once. */
  readonly before: string;
  /** Told in one sentence what was set aside or put off. */
  readonly warn: (sentence: string) => void;
}

export class ResultsFile {
  readonly #options: ResultsFileOptions;
  readonly #spool: Spool;
  #opened: Opened | undefined;
  /** It could not be opened for writing. */
  #looksOnly = false;
  #mayWait = true;

  constructor(options: ResultsFileOptions) {
    this.#options = options;
    this.#spool = new Spool(options.path);
  }

  /** Grows when another connection has written; 0 while the file is not open. */
  dataVersion(): number {
    if (this.#opened === undefined) return 0;
    return (this.#opened.db.prepare("PRAGMA data_version").get() as { data_version: number }).data_version;
  }

  /** Runs `work` on the tables; a failure is one of storeError()'s. */
  use<T>(work: (tables: ResultTables) => T): T {
    try {
      return work(this.#open());
    } catch (error) {
      // The next use looks at it anew: sets it aside when it is damaged, writes when that goes again.
      if (failureOf(error) === "damaged" || this.#looksOnly) this.close();
      throw storeError(this.#options.path, error);
    }
  }

  /** As use(), in one transaction. */
  change<T>(work: (tables: ResultTables) => T): T {
    return this.use((tables) => inTransaction((tables as Opened).db, () => work(tables)));
  }

  /** Whole or not at all; tried twice, then spooled. */
  addRuns(runs: readonly NewRun[]): void {
    const write = () => this.change((tables) => tables.runs.add(runs));
    try {
      try {
        write();
      } catch (error) {
        if (error instanceof TradingError && error.code === "store-unsound") throw error;
        write();
      }
    } catch (error) {
      const failure = TradingError.from(error, "store-failed");
      if (failure.code === "store-unsound") throw failure;
      this.#putOff(runs, failure);
      return;
    }
    this.replay();
  }

  /** Writes in what was put off, if there is any and the database takes it. */
  replay(): void {
    if (!this.#mayWait) return;
    for (const name of this.#spool.waiting) {
      try {
        const runs = this.#spool.read(name);
        if (runs === undefined) continue;
        this.change((tables) => {
          const isNew = (tables as Opened).db.prepare("INSERT OR IGNORE INTO replayed VALUES (?)").run(name).changes > 0;
          if (isNew) tables.runs.add(runs);
        });
        this.#spool.remove(name);
      } catch (error) {
        const { code, message } = TradingError.from(error, "bad-spool");
        if (code.startsWith("store-") && code !== "store-unsound") return; // not yet
        this.#spool.setAside(name);
        this.#options.warn(`${name} in ${this.#spool.folder} cannot be read and is left there: ${message}`);
      }
    }
    this.#mayWait = false;
  }

  close(): void {
    try {
      this.#opened?.db.close();
    } finally {
      this.#opened = undefined;
    }
  }

  #putOff(runs: readonly NewRun[], why: TradingError): void {
    try {
      this.#spool.add(runs[0]?.at ?? 0, runs);
    } catch (error) {
      throw new TradingError(why.code, `${why.message} They could not be kept in a file either: ${(error as Error).message}`, { cause: error });
    }
    this.#mayWait = true;
    this.#options.warn(`${runs.length} ${runs.length === 1 ? "result waits" : "results wait"} in ${this.#spool.folder}: ${why.message}`);
  }

  #open(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    this.#looksOnly = false;
    let db: DatabaseSync;
    try {
      db = this.#openToWrite();
    } catch (error) {
      // Somebody's lock is over soon; a full disk or a read-only drive is looked at as it is.
      if (!isUnwritable(error) || failureOf(error) === "locked") throw error;
      db = openToLook(this.#options.path, RESULT_MIGRATIONS);
      this.#looksOnly = true;
    }
    this.#opened = { db, runs: new RunTables(db), cache: new CacheTables(db), sources: new SourceTables(db) };
    return this.#opened;
  }

  #openToWrite(): DatabaseSync {
    const { path } = this.#options;
    let db: DatabaseSync;
    try {
      db = openDatabase(path);
    } catch (error) {
      if (failureOf(error) !== "damaged") throw error;
      this.#options.warn(setAside(path, error as Error));
      db = openDatabase(path);
    }
    try {
      this.#migrate(db);
    } catch (error) {
      db.close();
      throw error;
    }
    return db;
  }

  #migrate(db: DatabaseSync): void {
    const found = versionOf(db);
    if (found === RESULT_MIGRATIONS.length) return;
    const takeOver = found === 0 && attach(db, this.#options.before);
    inTransaction(db, () => {
      const version = versionOf(db);
      if (version > RESULT_MIGRATIONS.length)
        throw new TradingError("store-too-new", `${this.#options.path} was written by a newer Quantdesk (version ${version}).`, {
          hint: "Update Quantdesk, or give another folder with --home.",
        });
      for (let step = version; step < RESULT_MIGRATIONS.length; step++) db.exec(RESULT_MIGRATIONS[step] as string);
      db.exec(`PRAGMA user_version = ${RESULT_MIGRATIONS.length}`);
      if (takeOver && version === 0)
        db.exec(
          `INSERT INTO runs (run_hash, at, front, strategy, params, dataset, dataset_hash, sharpe, total_return_pct, max_drawdown_pct, trades, duration_ms, simulated, trials)
           SELECT run_hash, at, front, strategy, params, dataset, dataset_hash, sharpe, total_return_pct, max_drawdown_pct, trades, duration_ms, simulated, trials FROM earlier.runs`,
        );
    });
    if (takeOver) db.exec("DETACH earlier");
  }
}

/** Throws SQLite's own error. A file that is whole at its beginning but not further on is found by what reads it. */
function openDatabase(path: string): DatabaseSync {
  closeSync(openSync(path, "a", 0o600)); // for this user only, whatever the umask; SQLite's files beside it follow
  if (process.platform !== "win32") chmodSync(path, 0o600);
  const db = new DatabaseSync(path);
  try {
    db.exec(
      `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB}; PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};`,
    );
    db.prepare("SELECT count(*) FROM sqlite_schema").get();
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Renames a damaged file with those that SQLite keeps beside it; answers what to tell. */
function setAside(path: string, why: Error): string {
  const name = `${path}.damaged-${new Date(statSync(path).mtimeMs).toISOString().replace(/[:.]/g, "-")}`;
  let free = name;
  for (let n = 2; existsSync(free); n++) free = `${name}-${n}`;
  for (const ending of ["-wal", "-shm"]) if (existsSync(path + ending)) renameSync(path + ending, free + ending);
  renameSync(path, free);
  return `${path} is damaged (${why.message}); it was set aside as ${free}, and a new one was begun.`;
}

function inTransaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec("BEGIN IMMEDIATE");
  try {
    const value = work();
    db.exec("COMMIT");
    return value;
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK"); // a full disk has rolled back already
    throw error;
  }
}

function versionOf(db: DatabaseSync): number {
  return (db.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
}

/** True when there is a ledger of an earlier version in it. */
function attach(db: DatabaseSync, before: string): boolean {
  if (!existsSync(before)) return false;
  try {
    db.prepare("ATTACH DATABASE ? AS earlier").run(before);
    db.prepare("SELECT trials FROM earlier.runs LIMIT 1").get();
    return true;
  } catch {
    return false; // it has none; the new one begins empty
  }
}
