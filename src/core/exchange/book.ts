/** Where accounts, orders and fills are kept so that a kill loses nothing that was acknowledged. */
import { chmodSync, closeSync, openSync } from "node:fs";
import { Big } from "../base/decimal.ts";
import { TradingError } from "../base/errors.ts";
import type { AccountRecord, FillRecord, OrderRecord, PaymentRecord, PositionRecord } from "./records.ts";

/** What one change of state touched; written as one transaction. */
export interface Changes {
  /** Exchange time. */
  readonly now: number;
  readonly accounts: Iterable<AccountRecord>;
  readonly orders: Iterable<OrderRecord>;
  /** Quantity zero: gone. */
  readonly positions: Iterable<{ readonly accountNumber: string; readonly symbol: string; readonly position: PositionRecord }>;
  readonly fills: Iterable<FillRecord>;
  readonly payments: Iterable<PaymentRecord>;
  readonly equity: Iterable<{ readonly accountNumber: string; readonly at: number; readonly equity: Big }>;
}

export interface Kept {
  /** Exchange time of the last write; null for a new book. */
  readonly now: number | null;
  readonly seed: string | null;
  readonly accounts: readonly AccountRecord[];
  readonly orders: readonly OrderRecord[];
  readonly positions: ReadonlyArray<{ readonly accountNumber: string; readonly symbol: string; readonly position: PositionRecord }>;
  readonly fills: readonly FillRecord[];
  readonly payments: readonly PaymentRecord[];
  readonly equity: ReadonlyArray<{ readonly accountNumber: string; readonly at: number; readonly equity: Big }>;
}

export interface Book {
  load(): Kept;
  setSeed(seed: string): void;
  write(changes: Changes): void;
  close(): void;
}

/** Without a home: nothing outlives the process. */
export const forgetfulBook: Book = {
  load: () => ({ now: null, seed: null, accounts: [], orders: [], positions: [], fills: [], payments: [], equity: [] }),
  setSeed: () => {},
  write: () => {},
  close: () => {},
};

const SCHEMA = `
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS accounts (number TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, account TEXT NOT NULL, client_order_id TEXT NOT NULL, sequence INTEGER NOT NULL, body TEXT NOT NULL, UNIQUE (account, client_order_id)) STRICT;
CREATE TABLE IF NOT EXISTS positions (account TEXT NOT NULL, symbol TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, symbol)) STRICT;
CREATE TABLE IF NOT EXISTS fills (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS equity (account TEXT NOT NULL, at INTEGER NOT NULL, equity TEXT NOT NULL, PRIMARY KEY (account, at)) STRICT;
`;

/**
 * SQLite, one process at a time: the lock is the operating system's and goes with the process, however it ends.
 * Throws `home-in-use` when another exchange has it.
 */
export async function openBook(path: string): Promise<Book> {
  const { DatabaseSync } = await import("node:sqlite");
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
      const bodies = <T>(sql: string) =>
        db
          .prepare(sql)
          .all()
          .map((row) => revive<T>(row["body"] as string));
      const now = meta("now");
      return {
        now: now === null ? null : Number(now),
        seed: meta("seed"),
        accounts: bodies<AccountRecord>("SELECT body FROM accounts ORDER BY number"),
        orders: bodies<OrderRecord>("SELECT body FROM orders ORDER BY sequence"),
        positions: db
          .prepare("SELECT account, symbol, body FROM positions")
          .all()
          .map((row) => ({
            accountNumber: row["account"] as string,
            symbol: row["symbol"] as string,
            position: revive<PositionRecord>(row["body"] as string),
          })),
        fills: bodies<FillRecord>("SELECT body FROM fills ORDER BY sequence"),
        payments: bodies<PaymentRecord>("SELECT body FROM payments ORDER BY sequence"),
        equity: db
          .prepare("SELECT * FROM equity ORDER BY at")
          .all()
          .map((row) => ({ accountNumber: row["account"] as string, at: row["at"] as number, equity: new Big(row["equity"] as string) })),
      };
    },
    setSeed: (seed) => void saveMeta.run("seed", seed),
    write: (changes) => {
      db.exec("BEGIN IMMEDIATE");
      try {
        saveMeta.run("now", String(changes.now));
        for (const account of changes.accounts) saveAccount.run(account.accountNumber, freeze(account));
        for (const order of changes.orders) saveOrder.run(order.id, order.accountNumber, order.clientOrderId, order.sequence, freeze(order));
        for (const { accountNumber, symbol, position } of changes.positions) {
          if (position.qty.eq(0)) dropPosition.run(accountNumber, symbol);
          else savePosition.run(accountNumber, symbol, freeze(position));
        }
        for (const fill of changes.fills) saveFill.run(fill.id, fill.sequence, freeze(fill));
        for (const payment of changes.payments) savePayment.run(payment.id, payment.sequence, freeze(payment));
        for (const point of changes.equity) saveEquity.run(point.accountNumber, point.at, point.equity.toFixed());
        db.exec("COMMIT");
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    close: () => db.close(),
  };
}

/** Decimals are written as {"$": "12.5"}. */
function freeze(record: object): string {
  return JSON.stringify(frozen(record));
}

/** Without a replacer, which would cost several times as much. */
function frozen(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Big) return { $: value.toFixed() };
  if (Array.isArray(value)) return value.map(frozen);
  const out: Record<string, unknown> = {};
  for (const name in value) out[name] = frozen((value as Record<string, unknown>)[name]);
  return out;
}

function revive<T>(text: string): T {
  return JSON.parse(text, (_key, value: unknown) => {
    if (value !== null && typeof value === "object" && typeof (value as { $?: unknown }).$ === "string") return new Big((value as { $: string }).$);
    return value;
  }) as T;
}
