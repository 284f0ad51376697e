/**
 * The books: what every account holds by our own count, from a first look at its positions and every fill since; which orders
 * are ours; and the alarms that stand. Called inside the journal's transactions.
 */
import type { DatabaseSync } from "node:sqlite";
import { Big, decimalText } from "../base/decimal.ts";
import type { Alarm } from "../domain/orders.ts";
import type { AlarmChange, StoredFill } from "../domain/ports.ts";

/** As text: decimals do not survive the way to a thread. */
export interface PlainHeld {
  readonly symbol: string;
  readonly qty: string;
}

export interface PlainBook extends PlainHeld {
  readonly ownQty: string;
}

export interface PlainSplit {
  readonly symbol: string;
  readonly expected: string;
  readonly found: string;
  readonly activityIds: readonly string[];
  readonly message: string;
}

export interface PlainBaseline {
  readonly positions: readonly PlainHeld[];
  readonly since: number;
}

const NOTHING = new Big(0);
const OWN_PLACES = 9;
const ALARM = "SELECT id, at, code, symbol, nullif(order_id, '') AS orderId, message, blocks FROM alarms";
type AlarmRow = Omit<Alarm, "blocksEntries"> & { readonly blocks: number };

export class BookTables {
  readonly #db: DatabaseSync;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  read(account: string): readonly PlainBook[] | null {
    if (!this.#isKept(account)) return null;
    return this.#db.prepare("SELECT symbol, qty, own_qty AS ownQty FROM book_positions WHERE account = ?").all(account) as unknown as PlainBook[];
  }

  /** `fills` are new to the fills table, where they stand already; all of them count once there is a baseline. */
  count(account: string, fills: readonly StoredFill[]): void {
    if (fills.length === 0 || !this.#isKept(account)) return;
    for (const [symbol, { qty, own }] of this.#changes(account, fills)) this.#add(account, symbol, qty, own);
  }

  /** Fills of the table that are not among those `read` with the baseline came after it. */
  begin(account: string, { positions, since }: PlainBaseline, read: readonly StoredFill[]): void {
    if (this.#isKept(account)) return;
    this.#replace(account, positions);
    const fills = this.#db
      .prepare("SELECT order_id AS orderId, symbol, side, qty, cum_qty AS cumQty, at FROM fills WHERE account = ?")
      .all(account) as unknown as StoredFill[];
    const seen = new Set(read.map((fill) => `${fill.orderId} ${fill.cumQty}`));
    for (const [symbol, { own }] of this.#changes(account, fills)) this.#add(account, symbol, NOTHING, own);
    const later = fills.filter((fill) => fill.at >= since && !seen.has(`${fill.orderId} ${fill.cumQty}`));
    for (const [symbol, { qty }] of this.#changes(account, later)) this.#add(account, symbol, qty, NOTHING);
  }

  /** What was traded here changes in the same proportion. False, and nothing is done, when the books say something else than `expected`. */
  follow(account: string, { symbol, expected, found }: PlainSplit): boolean {
    const book = this.read(account)?.find((one) => one.symbol === symbol);
    if (book === undefined || !new Big(book.qty).eq(expected) || new Big(expected).eq(0)) return false;
    const [before, after, own] = [new Big(expected), new Big(found), new Big(book.ownQty)];
    const ownAfter = own.eq(before) ? after : own.times(after).div(before).round(OWN_PLACES, Big.roundDown);
    this.#add(account, symbol, after.minus(before), ownAfter.minus(own));
    return true;
  }

  own(account: string, orders: ReadonlyArray<{ readonly id: string; readonly clientOrderId: string }>): readonly string[] {
    const known = this.#db.prepare(
      "SELECT 1 FROM journal WHERE client_order_id = ?2 AND account = ?1 UNION ALL SELECT 1 FROM order_legs WHERE order_id = ?3 AND account = ?1",
    );
    return orders.filter(({ id, clientOrderId }) => known.get(account, clientOrderId, id) !== undefined).map(({ id }) => id);
  }

  noteLegs(
    account: string,
    note: { readonly clientOrderId: string; readonly orderId: string; readonly ended: boolean; readonly legs: readonly string[] },
  ): void {
    if (note.ended) this.#db.prepare("UPDATE order_legs SET ended = 1 WHERE order_id = ? AND account = ?").run(note.orderId, account);
    const leg = this.#db.prepare(
      `INSERT INTO order_legs (order_id, account, client_order_id) SELECT ?1, ?2, ?3
       WHERE EXISTS (SELECT 1 FROM journal WHERE client_order_id = ?3 AND account = ?2) ON CONFLICT DO NOTHING`,
    );
    for (const id of note.legs) leg.run(id, account, note.clientOrderId);
  }

  /** Of orders that have filled, or that are a pair of exits themselves. */
  openLegs(account: string): readonly string[] {
    const rows = this.#db
      .prepare(
        `SELECT l.order_id FROM order_legs l JOIN journal j ON j.client_order_id = l.client_order_id
         WHERE l.account = ? AND l.ended = 0 AND (coalesce(j.filled_qty, '0') <> '0' OR j.body LIKE '%"order_class":"oco"%') LIMIT 500`,
      )
      .all(account);
    return rows.map((row) => row["order_id"] as string);
  }

  alarms(account: string): readonly Alarm[] {
    return (this.#db.prepare(`${ALARM} WHERE account = ? AND ended_at IS NULL ORDER BY id`).all(account) as unknown as AlarmRow[]).map(alarmOf);
  }

  blocksEntries(account: string): boolean {
    return this.#db.prepare("SELECT 1 FROM alarms WHERE account = ? AND blocks = 1 AND ended_at IS NULL LIMIT 1").get(account) !== undefined;
  }

  changeAlarms(account: string, { raise, end }: AlarmChange): readonly Alarm[] {
    const now = Date.now();
    for (const { code, symbols, allBut } of end) {
      this.#db
        .prepare(
          `UPDATE alarms SET ended_at = ?1 WHERE account = ?2 AND code = ?3 AND ended_at IS NULL
           AND (symbol IN (SELECT value FROM json_each(?4))) = ?5`,
        )
        .run(now, account, code, JSON.stringify(symbols), allBut === true ? 0 : 1);
    }
    const insert = this.#db.prepare(
      "INSERT INTO alarms (account, at, code, symbol, order_id, message, blocks) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id",
    );
    return raise.flatMap((alarm) => {
      const row = insert.get(account, now, alarm.code, alarm.symbol, alarm.orderId ?? "", alarm.message, alarm.blocksEntries ? 1 : 0);
      return row === undefined ? [] : [{ ...alarm, id: row["id"] as number, at: now }];
    });
  }

  acknowledge(account: string, positions: readonly PlainHeld[]): readonly Alarm[] {
    const standing = this.alarms(account);
    this.#db.prepare("UPDATE alarms SET ended_at = ? WHERE account = ? AND ended_at IS NULL").run(Date.now(), account);
    const own = new Map((this.read(account) ?? []).map((book) => [book.symbol, book.ownQty]));
    this.#replace(account, positions);
    for (const [symbol, qty] of own) if (!new Big(qty).eq(0)) this.#add(account, symbol, NOTHING, new Big(qty));
    return standing;
  }

  #isKept(account: string): boolean {
    return this.#db.prepare("SELECT 1 FROM books WHERE account = ?").get(account) !== undefined;
  }

  #replace(account: string, positions: readonly PlainHeld[]): void {
    this.#db.prepare("INSERT OR REPLACE INTO books VALUES (?, ?)").run(account, Date.now());
    this.#db.prepare("DELETE FROM book_positions WHERE account = ?").run(account);
    for (const { symbol, qty } of positions) this.#add(account, symbol, new Big(qty), NOTHING);
  }

  #changes(account: string, fills: readonly StoredFill[]): ReadonlyMap<string, { readonly qty: Big; readonly own: Big }> {
    const isOwn = this.#db.prepare(
      "SELECT 1 FROM journal WHERE account = ?1 AND order_id = ?2 UNION ALL SELECT 1 FROM order_legs WHERE account = ?1 AND order_id = ?2",
    );
    const sums = new Map<string, { readonly qty: Big; readonly own: Big }>();
    for (const fill of fills) {
      const signed = new Big(fill.qty).times(fill.side === "buy" ? 1 : -1);
      const before = sums.get(fill.symbol) ?? { qty: NOTHING, own: NOTHING };
      const own = isOwn.get(account, fill.orderId) === undefined ? before.own : before.own.plus(signed);
      sums.set(fill.symbol, { qty: before.qty.plus(signed), own });
    }
    return sums;
  }

  #add(account: string, symbol: string, qty: Big, own: Big): void {
    const row = this.#db.prepare("SELECT qty, own_qty FROM book_positions WHERE account = ? AND symbol = ?").get(account, symbol);
    const held = new Big((row?.["qty"] as string | undefined) ?? 0).plus(qty);
    const ownHeld = new Big((row?.["own_qty"] as string | undefined) ?? 0).plus(own);
    this.#db
      .prepare("INSERT OR REPLACE INTO book_positions (account, symbol, qty, own_qty) VALUES (?, ?, ?, ?)")
      .run(account, symbol, decimalText(held), decimalText(ownHeld));
  }
}

function alarmOf({ blocks, ...row }: AlarmRow): Alarm {
  return { ...row, blocksEntries: blocks === 1 };
}
