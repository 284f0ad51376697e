/**
 * Token buckets for requests, one per key and address, shared by every process of the state folder. In a file of its own that
 * is not flushed to disk: after a crash of the machine the buckets are full or older, which harms nobody.
 */
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Granted, RequestRate } from "../domain/ports.ts";

interface Row {
  readonly tokens: number;
  readonly at: number;
  readonly paused_until: number;
}

export class RequestBuckets {
  readonly #db: DatabaseSync;
  readonly #read: StatementSync;
  readonly #write: StatementSync;

  constructor(path: string) {
    closeSync(openSync(path, "a", 0o600));
    if (process.platform !== "win32") chmodSync(path, 0o600);
    this.#db = new DatabaseSync(path);
    this.#db.exec(`PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS buckets (name TEXT PRIMARY KEY, tokens REAL NOT NULL, at INTEGER NOT NULL, paused_until INTEGER NOT NULL) STRICT, WITHOUT ROWID`);
    this.#read = this.#db.prepare("SELECT tokens, at, paused_until FROM buckets WHERE name = ?");
    this.#write = this.#db.prepare("INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?)");
  }

  /** Up to `count` tokens, of which `kept` stay in the bucket; else how long until one may be there. */
  take(name: string, { perMinute, count, kept }: RequestRate): Granted {
    return this.#change(name, perMinute, (row, now) => {
      if (row.paused_until > now) return [row, { granted: 0, waitMs: row.paused_until - now }];
      const granted = Math.max(0, Math.min(count, Math.floor(row.tokens - kept + 1e-9)));
      const missing = kept + 1 - row.tokens;
      return [
        { ...row, tokens: row.tokens - granted },
        { granted, waitMs: granted > 0 ? 0 : Math.max(1, Math.ceil((missing * 60_000) / perMinute) + 1) },
      ];
    });
  }

  /** What the server said: so many are left, or none before an instant. */
  tell(
    name: string,
    { perMinute, remaining, pausedUntil }: { readonly perMinute: number; readonly remaining: number | null; readonly pausedUntil: number | null },
  ): void {
    this.#change(name, perMinute, (row) => [
      { ...row, tokens: Math.min(row.tokens, remaining ?? row.tokens), paused_until: Math.max(row.paused_until, pausedUntil ?? 0) },
      undefined,
    ]);
  }

  close(): void {
    this.#db.close();
  }

  #change<T>(name: string, perMinute: number, work: (row: Row, now: number) => readonly [Row, T]): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const now = Date.now();
      const found = this.#read.get(name) as Row | undefined;
      const tokens = found === undefined ? perMinute : Math.min(perMinute, found.tokens + (Math.max(0, now - found.at) * perMinute) / 60_000);
      // An instant far ahead was written by a clock that has been set back since.
      const paused = Math.min(found?.paused_until ?? 0, now + 300_000);
      const [row, answer] = work({ tokens, at: now, paused_until: paused }, now);
      this.#write.run(name, row.tokens, now, row.paused_until);
      this.#db.exec("COMMIT");
      return answer;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK"); // a full disk has rolled back already
      throw error;
    }
  }
}
