/** The book's file: SQLite, one process at a time, every transaction on disk before it is done. Synchronous: for a thread of its own. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TradingError } from "../base/errors.ts";
import type { BookRows, KeptRows } from "./bookRows.ts";

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS accounts (number TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, account TEXT NOT NULL, client_order_id TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (account, client_order_id)) STRICT;
CREATE TABLE IF NOT EXISTS positions (account TEXT NOT NULL, symbol TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, symbol)) STRICT;
CREATE TABLE IF NOT EXISTS fills (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS equity (account TEXT NOT NULL, at INTEGER NOT NULL, equity TEXT NOT NULL, PRIMARY KEY (account, at)) STRICT;
`;

export interface BookFile {
  load(): KeptRows;
  setSeed(seed: string): void;
  write(rows: BookRows): void;
  close(): void;
}

/**
 * The lock is the operating system's and goes with the process, however it ends. Throws `home-in-use` when another
 * exchange has it, `book-unusable` when the file is none.
 */
export function openBookFile(path: string): BookFile {
  closeSync(openSync(path, "a", 0o600)); // secrets of the accounts are in it
  chmodSync(path, 0o600);
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA busy_timeout = 0; PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
    db.exec(SCHEMA);
    db.exec("BEGIN EXCLUSIVE; COMMIT;");
  } catch (error) {
    db.close();
    if (/locked|busy/i.test((error as Error).message)) {
      throw new TradingError("home-in-use", "Another exchange already serves this state folder.", {
        hint: "End it with `quantdesk paper stop`, or give another --home.",
        cause: error,
      });
    }
    throw new TradingError("book-unusable", `The exchange's book ${path} cannot be used: ${(error as Error).message}.`, {
      hint: "Move the file away, or give another --home.",
      cause: error,
    });
  }
  const saveMeta = db.prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)");
  const saveAccount = db.prepare("INSERT OR REPLACE INTO accounts VALUES (?, ?)");
  const saveOrder = db.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body");
  const savePosition = db.prepare("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)");
  const dropPosition = db.prepare("DELETE FROM positions WHERE account = ? AND symbol = ?");
  const saveFill = db.prepare("INSERT OR REPLACE INTO fills VALUES (?, ?, ?)");
  const savePayment = db.prepare("INSERT OR REPLACE INTO payments VALUES (?, ?, ?)");
  const saveEquity = db.prepare("INSERT OR REPLACE INTO equity VALUES (?, ?, ?)");
  return {
    load: () => {
      const meta = (name: string) => (db.prepare("SELECT value FROM meta WHERE name = ?").get(name) as { value: string } | undefined)?.value ?? null;
      const rows = <T>(sql: string) => {
        const statement = db.prepare(sql);
        statement.setReturnArrays(true);
        return statement.all() as unknown as T;
      };
      const now = meta("now");
      return {
        now: now === null ? null : Number(now),
        seed: meta("seed"),
        accounts: rows("SELECT number, body FROM accounts ORDER BY number"),
        orders: rows("SELECT id, account, client_order_id, sequence, body FROM orders ORDER BY sequence"),
        positions: rows("SELECT account, symbol, body FROM positions ORDER BY account, symbol"),
        fills: rows("SELECT id, sequence, body FROM fills ORDER BY sequence"),
        payments: rows("SELECT id, sequence, body FROM payments ORDER BY sequence"),
        equity: rows("SELECT account, at, equity FROM equity ORDER BY at"),
      };
    },
    setSeed: (seed) => void saveMeta.run("seed", seed),
    write: (rows) => {
      db.exec("BEGIN IMMEDIATE");
      try {
        saveMeta.run("now", String(rows.now));
        for (const row of rows.accounts) saveAccount.run(...row);
        for (const row of rows.orders) saveOrder.run(...row);
        for (const [account, symbol, body] of rows.positions) {
          if (body === null) dropPosition.run(account, symbol);
          else savePosition.run(account, symbol, body);
        }
        for (const row of rows.fills) saveFill.run(...row);
        for (const row of rows.payments) savePayment.run(...row);
        for (const row of rows.equity) saveEquity.run(...row);
        db.exec("COMMIT");
      } catch (error) {
        if (db.isTransaction) db.exec("ROLLBACK"); // a full disk has rolled back already
        throw error;
      }
    },
    close: () => db.close(),
  };
}
