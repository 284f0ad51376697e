/**
 * The journal's tables: intents before they are sent, what became of them, fills, kill switch, limits and the audit log.
 * Every public call is one transaction, so that several processes see one state.
 */
import type { DatabaseSync } from "node:sqlite";
import { Big } from "../base/decimal.ts";
import { TradingError } from "../base/errors.ts";
import { isRunning } from "../base/processAlive.ts";
import type {
  AlarmChange,
  AuditRow,
  JournalBegun,
  JournalEntry,
  PositionRoom,
  JournalledOrder,
  OrderNote,
  StoredFill,
  StoredLimits,
  UnsettledEntry,
} from "../domain/ports.ts";
import type { Alarm, Reason } from "../domain/orders.ts";
import { BookTables, type PlainBaseline, type PlainHeld, type PlainSplit } from "./books.ts";

export type LimitValues = Omit<StoredLimits, "version">;

/** Decimals do not survive the way to a thread: notes cross it as text. */
export type PlainNote = Omit<OrderNote, "filledQty" | "filledAvgPrice"> & { readonly filledQty: string; readonly filledAvgPrice: string | null };

export interface PlainNews {
  readonly orders: readonly PlainNote[];
  readonly fills: readonly StoredFill[];
  readonly readTo: number | null;
  readonly baseline: PlainBaseline | null;
}

const MINUTE_MS = 60_000;
const MOST_UNSETTLED = 1000;
/** Longer than placing an order can take with all its retries: whoever began it that long ago is no longer at it. */
const LONGEST_PLACING_MS = 180_000;

/** An order that was sent that long ago is in every process's list of open orders, or has traded. */
const SURELY_SHOWN_MS = 5000;

const JOURNALLED = `SELECT client_order_id AS clientOrderId, account, origin, why, at, body, state, order_id AS orderId, reason,
  order_status AS status, filled_qty AS filledQty, filled_avg_price AS filledAvgPrice FROM journal`;

export class JournalTables {
  readonly #db: DatabaseSync;
  readonly #transaction: <T>(work: () => T) => T;
  readonly books: BookTables;

  constructor(db: DatabaseSync, transaction: <T>(work: () => T) => T) {
    this.#db = db;
    this.#transaction = transaction;
    this.books = new BookTables(db);
  }

  /** The kill switch, the limits, an equal intent in the window, the minute's count and the new intent see the same state. */
  begin(entry: JournalEntry, windowMs: number, again: boolean): JournalBegun {
    return this.#transaction(() => {
      if (entry.limitsVersion !== undefined && entry.limitsVersion !== (this.limits(entry.account)?.version ?? 0)) return "limits-changed";
      if (entry.reduces !== true && this.#isKilled(entry.account)) return "killed";
      if (entry.opens === true && this.books.blocksEntries(entry.account)) return "books-differ";
      const known = this.#db.prepare("SELECT account, fingerprint, body, state, owner, at FROM journal WHERE client_order_id = ?").get(entry.clientOrderId) as
        | KnownRow
        | undefined;
      if (known !== undefined && !goesOn(known, entry)) return "duplicate";
      if (known === undefined && !again) {
        const equal = this.#db
          .prepare("SELECT 1 FROM journal WHERE account = ? AND fingerprint = ? AND at > ? AND state IN ('begun', 'sent', 'unknown') LIMIT 1")
          .get(entry.account, entry.fingerprint, entry.at - windowMs);
        if (equal !== undefined) return "duplicate";
      }
      const most = entry.maxPerMinute ?? null;
      if (most !== null && entry.reduces !== true) {
        const { count } = this.#db
          .prepare("SELECT count(*) AS count FROM journal WHERE account = ? AND at > ? AND state IN ('begun', 'sent', 'unknown') AND client_order_id <> ?")
          .get(entry.account, entry.at - MINUTE_MS, entry.clientOrderId) as { count: number };
        if (count >= most) return "too-many";
      }
      if (entry.room !== undefined && this.#unseen(entry, entry.room).gt(entry.room.units)) return "crowded";
      this.#db
        .prepare(
          `INSERT INTO journal (client_order_id, account, fingerprint, origin, at, body, state, owner, why) VALUES (?, ?, ?, ?, ?, ?, 'begun', ?, ?)
           ON CONFLICT (client_order_id) DO UPDATE SET state = 'begun', at = excluded.at, owner = excluded.owner, reason = NULL, ended = 0`,
        )
        .run(entry.clientOrderId, entry.account, entry.fingerprint, entry.origin, entry.at, entry.body, entry.owner ?? null, entry.why ?? null);
      this.#note(entry.account, entry.origin, "begun", { at: entry.at, clientOrderId: entry.clientOrderId, why: entry.why ?? null, body: entry.body });
      return "written";
    });
  }

  /** Units of orders for the same symbol and side that whoever looked at the account could not see: begun since, or on their way. */
  #unseen({ account, clientOrderId }: JournalEntry, { symbol, side, price, lookedAt, counted }: PositionRoom): Big {
    const since = this.#db
      .prepare("SELECT client_order_id AS id, body, owner, at, state FROM journal WHERE account = ? AND at >= ? AND state IN ('begun', 'sent', 'unknown')")
      .all(account, lookedAt) as unknown as UnseenRow[];
    const underWay = this.#db
      .prepare(
        `SELECT client_order_id AS id, body, owner, at, state FROM journal WHERE account = ?1 AND ended = 0 AND at < ?2 AND at > ?2 - ${LONGEST_PLACING_MS}
         AND (state IN ('begun', 'unknown') OR (state = 'sent' AND at > ?2 - ${SURELY_SHOWN_MS}))`,
      )
      .all(account, lookedAt) as unknown as UnseenRow[];
    let units = new Big(0);
    for (const row of [...since, ...underWay]) {
      if (row.id === clientOrderId || counted.includes(row.id) || (row.state === "begun" && isGone(row.owner, row.at))) continue;
      const body = JSON.parse(row.body) as { symbol?: string; side?: string; qty?: string; notional?: string };
      if (body.symbol === symbol && body.side === side) units = units.plus(body.qty ?? new Big(body.notional ?? 0).div(price));
    }
    return units;
  }

  /** An order that the exchange has shown stays sent, whatever its sender believes. */
  settle(clientOrderId: string, state: string, orderId: string | null, reason: string | null): void {
    this.#transaction(() => {
      const row = this.#db.prepare("SELECT account, origin, state, order_id FROM journal WHERE client_order_id = ?").get(clientOrderId) as
        | { account: string; origin: string; state: string; order_id: string | null }
        | undefined;
      if (row === undefined) throw new TradingError("journal-unknown", `The journal has no order ${clientOrderId}.`);
      if (row.state === "sent" && row.order_id !== null && (state === "unknown" || state === "not-sent")) return;
      const ended = state === "rejected" || state === "not-sent" ? 1 : null;
      this.#db
        .prepare("UPDATE journal SET state = ?, order_id = coalesce(?, order_id), reason = ?, ended = coalesce(?, ended) WHERE client_order_id = ?")
        .run(state, orderId, reason, ended, clientOrderId);
      this.#note(row.account, row.origin, state, { clientOrderId, orderId: orderId ?? row.order_id, why: reason });
    });
  }

  unsettled(account: string): readonly UnsettledEntry[] {
    const rows = this.#db
      .prepare(`SELECT client_order_id, state, at, order_id, owner FROM journal WHERE account = ? AND ended = 0 ORDER BY at DESC LIMIT ${MOST_UNSETTLED}`)
      .all(account) as unknown as Array<{ client_order_id: string; state: UnsettledEntry["state"]; at: number; order_id: string | null; owner: string | null }>;
    return rows.map((row) => ({
      clientOrderId: row.client_order_id,
      state: row.state,
      at: row.at,
      orderId: row.order_id,
      owner: row.owner,
      ownerIsGone: isGone(row.owner, row.at),
    }));
  }

  /** Answers the fills that were new, by their place in `news.fills`. */
  note(account: string, news: PlainNews): readonly number[] {
    return this.#transaction(() => {
      const order = this.#db.prepare(
        `UPDATE journal SET order_id = ?, order_status = ?, filled_qty = ?, filled_avg_price = ?, seen_at = ?, ended = max(ended, ?),
           state = CASE WHEN ? = 'rejected' THEN 'rejected' WHEN ? = 'gone' THEN state ELSE 'sent' END
         WHERE client_order_id = ? AND account = ?`,
      );
      for (const one of news.orders) {
        order.run(
          one.orderId,
          one.status,
          one.filledQty,
          one.filledAvgPrice,
          Date.now(),
          one.ended ? 1 : 0,
          one.status,
          one.status,
          one.clientOrderId,
          account,
        );
        this.books.noteLegs(account, one);
      }
      const fill = this.#db.prepare(
        "INSERT OR IGNORE INTO fills (account, order_id, cum_qty, execution_id, symbol, side, qty, price, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      );
      const fresh = news.fills.flatMap((one, i) =>
        fill.run(account, one.orderId, one.cumQty, one.executionId, one.symbol, one.side, one.qty, one.price, one.at).changes > 0 ? [i] : [],
      );
      this.books.count(
        account,
        fresh.map((i) => news.fills[i] as StoredFill),
      );
      if (news.baseline !== null) this.books.begin(account, news.baseline, news.fills);
      if (news.readTo !== null) {
        this.#db
          .prepare("INSERT INTO fill_marks VALUES (?, ?) ON CONFLICT (account) DO UPDATE SET read_to = max(read_to, excluded.read_to)")
          .run(account, news.readTo);
      }
      return fresh;
    });
  }

  /** Notes that a key belongs to `account`; false, and nothing is noted, when it belonged to another whose journal is open. */
  claim(keyHash: string, account: string): boolean {
    return this.#transaction(() => {
      const before = this.#db.prepare("SELECT account FROM key_accounts WHERE key_hash = ?").get(keyHash) as { account: string } | undefined;
      if (before !== undefined && before.account !== account && this.unsettled(before.account).length > 0) return false;
      this.#db.prepare("INSERT OR REPLACE INTO key_accounts VALUES (?, ?)").run(keyHash, account);
      return true;
    });
  }

  changeAlarms(account: string, change: AlarmChange): readonly Alarm[] {
    return this.#transaction(() => {
      const raised = this.books.changeAlarms(account, change);
      for (const alarm of raised) this.#note(account, "broker", `alarm ${alarm.code}`, { orderId: alarm.orderId, why: alarm.message });
      return raised;
    });
  }

  acknowledge(account: string, positions: readonly PlainHeld[], reason: Reason): readonly Alarm[] {
    return this.#transaction(() => {
      const standing = this.books.acknowledge(account, positions);
      for (const alarm of standing)
        this.#note(account, reason.origin, `acknowledged ${alarm.code}`, { orderId: alarm.orderId, why: reason.why ?? alarm.message });
      return standing;
    });
  }

  bookSplits(account: string, splits: readonly PlainSplit[]): { readonly booked: readonly string[]; readonly raised: readonly Alarm[] } {
    return this.#transaction(() => {
      const known = this.#db.prepare("SELECT 1 FROM audit WHERE account = ? AND what = 'split booked' AND order_id = ?");
      const booked = splits.filter((split) => split.activityIds.every((id) => known.get(account, id) === undefined) && this.books.follow(account, split));
      for (const { activityIds, message } of booked) for (const id of activityIds) this.#note(account, "broker", "split booked", { orderId: id, why: message });
      const raise = booked.map(({ symbol, message }) => ({ code: "split-booked" as const, symbol, orderId: null, message, blocksEntries: false }));
      return { booked: booked.map(({ symbol }) => symbol), raised: this.books.changeAlarms(account, { raise, end: [] }) };
    });
  }

  fillsReadTo(account: string): number | null {
    return (this.#db.prepare("SELECT read_to FROM fill_marks WHERE account = ?").get(account) as { read_to: number } | undefined)?.read_to ?? null;
  }

  fills(account: string, limit: number, offset: number): readonly StoredFill[] {
    return this.#db
      .prepare(
        `SELECT execution_id AS executionId, order_id AS orderId, symbol, side, qty, price, cum_qty AS cumQty, at
         FROM fills WHERE account = ? ORDER BY at, order_id, length(cum_qty), cum_qty LIMIT ? OFFSET ?`,
      )
      .all(account, limit, offset) as unknown as StoredFill[];
  }

  killSwitch(account: string, change: "on" | "off" | null, reason: Reason | null): boolean {
    if (change === null) return this.#isKilled(account);
    return this.#transaction(() => {
      if (change === "on") this.#db.prepare("INSERT OR IGNORE INTO kill_switches VALUES (?, ?)").run(account, Date.now());
      else for (const table of ["kill_switches", "kill_pending"]) this.#db.prepare(`DELETE FROM ${table} WHERE account = ?`).run(account);
      this.#note(account, reason?.origin ?? "store", `kill-switch ${change}`, { why: reason?.why ?? null });
      return this.#isKilled(account);
    });
  }

  killPending(account: string, add: readonly string[], ended: readonly string[]): readonly string[] {
    const read = () =>
      this.#db
        .prepare("SELECT order_id FROM kill_pending WHERE account = ?")
        .all(account)
        .map((row) => row["order_id"] as string);
    if (add.length === 0 && ended.length === 0) return read();
    return this.#transaction(() => {
      const insert = this.#db.prepare("INSERT OR IGNORE INTO kill_pending VALUES (?, ?)");
      const remove = this.#db.prepare("DELETE FROM kill_pending WHERE account = ? AND order_id = ?");
      for (const id of add) insert.run(account, id);
      for (const id of ended) remove.run(account, id);
      return read();
    });
  }

  limits(account: string): StoredLimits | null {
    const row = this.#db.prepare("SELECT version, body FROM risk_limits WHERE account = ?").get(account) as
      | { version: number; body: string | null }
      | undefined;
    if (row === undefined) return null;
    const none: LimitValues = { maxOrderValue: null, maxPositionValue: null, maxOrdersPerMinute: null, maxDailyLoss: null, symbols: [] };
    return { ...(row.body === null ? none : (JSON.parse(row.body) as LimitValues)), version: row.version };
  }

  /** The version goes on when limits are taken away: whoever examined an order under them notices. */
  setLimits(account: string, limits: LimitValues | null, reason: Reason): void {
    this.#transaction(() => {
      const body = limits === null ? null : JSON.stringify(limits);
      this.#db
        .prepare("INSERT INTO risk_limits VALUES (?, 1, ?) ON CONFLICT (account) DO UPDATE SET version = version + 1, body = excluded.body")
        .run(account, body);
      this.#note(account, reason.origin, "limits", { why: reason.why ?? null, body });
    });
  }

  audit(account: string | null, limit: number, before: number | null): readonly AuditRow[] {
    return this.#db
      .prepare(
        `SELECT id, at, account, origin, what, client_order_id AS clientOrderId, order_id AS orderId, why, body
         FROM audit WHERE (?1 IS NULL OR account = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3`,
      )
      .all(account, before, limit) as unknown as AuditRow[];
  }

  journalledOrders(account: string | null, limit: number): readonly JournalledOrder[] {
    return this.#db
      .prepare(`${JOURNALLED} WHERE (?1 IS NULL OR account = ?1) ORDER BY at DESC, rowid DESC LIMIT ?2`)
      .all(account, limit) as unknown as JournalledOrder[];
  }

  journalledOrder(clientOrderId: string): JournalledOrder | null {
    return (this.#db.prepare(`${JOURNALLED} WHERE client_order_id = ?`).get(clientOrderId) as unknown as JournalledOrder | undefined) ?? null;
  }

  #isKilled(account: string): boolean {
    return this.#db.prepare("SELECT 1 FROM kill_switches WHERE account = ?").get(account) !== undefined;
  }

  #note(
    account: string,
    origin: string,
    what: string,
    more: { at?: number; clientOrderId?: string | null; orderId?: string | null; why?: string | null; body?: string | null },
  ): void {
    this.#db
      .prepare("INSERT INTO audit (at, account, origin, what, client_order_id, order_id, why, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
      .run(more.at ?? Date.now(), account, origin, what, more.clientOrderId ?? null, more.orderId ?? null, more.why ?? null, more.body ?? null);
  }
}

interface UnseenRow {
  readonly id: string;
  readonly body: string;
  readonly owner: string | null;
  readonly at: number;
  readonly state: string;
}

interface KnownRow {
  readonly account: string;
  readonly fingerprint: string;
  readonly body: string;
  readonly state: string;
  readonly owner: string | null;
  readonly at: number;
}

/**
 * Whether an id that is known may be sent once more: the same body with the same id, which the exchange takes only once,
 * and only when nobody else is at it.
 */
function goesOn(known: KnownRow, entry: JournalEntry): boolean {
  if (known.account !== entry.account || known.fingerprint !== entry.fingerprint || known.body !== entry.body) return false;
  switch (known.state) {
    case "not-sent":
    case "rejected":
    case "unknown":
      return true;
    case "begun":
      return isGone(known.owner, known.at);
    default:
      return false;
  }
}

function isGone(owner: string | null, at: number): boolean {
  if (owner === null || Date.now() - at > LONGEST_PLACING_MS) return true;
  return !isRunning(Number(owner.split("/")[0]));
}
