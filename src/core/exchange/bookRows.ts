/** What a book holds as plain text, for the thread that writes it, and back. */
import { Big } from "../base/decimal.ts";
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

/** A change as text: what the thread needs to write it. */
export interface BookRows {
  readonly now: number;
  readonly accounts: ReadonlyArray<readonly [number: string, body: string]>;
  readonly orders: ReadonlyArray<readonly [id: string, account: string, clientOrderId: string, sequence: number, body: string]>;
  /** Without a body: gone. */
  readonly positions: ReadonlyArray<readonly [account: string, symbol: string, body: string | null]>;
  readonly fills: ReadonlyArray<readonly [id: string, sequence: number, body: string]>;
  readonly payments: ReadonlyArray<readonly [id: string, sequence: number, body: string]>;
  readonly equity: ReadonlyArray<readonly [account: string, at: number, equity: string]>;
}

/** Everything that a book holds, in the order in which it came. */
export interface KeptRows extends Omit<BookRows, "now"> {
  readonly now: number | null;
  readonly seed: string | null;
}

export function rowsOf(changes: Changes): BookRows {
  return {
    now: changes.now,
    accounts: Array.from(changes.accounts, (account) => [account.accountNumber, freeze(account)] as const),
    orders: Array.from(changes.orders, (order) => [order.id, order.accountNumber, order.clientOrderId, order.sequence, freeze(order)] as const),
    positions: Array.from(
      changes.positions,
      ({ accountNumber, symbol, position }) => [accountNumber, symbol, position.qty.eq(0) ? null : freeze(position)] as const,
    ),
    fills: Array.from(changes.fills, (fill) => [fill.id, fill.sequence, freeze(fill)] as const),
    payments: Array.from(changes.payments, (payment) => [payment.id, payment.sequence, freeze(payment)] as const),
    equity: Array.from(changes.equity, (point) => [point.accountNumber, point.at, point.equity.toFixed()] as const),
  };
}

export function keptOf(rows: KeptRows): Kept {
  return {
    now: rows.now,
    seed: rows.seed,
    accounts: rows.accounts.map(([, body]) => revive<AccountRecord>(body)),
    orders: rows.orders.map((row) => revive<OrderRecord>(row[4])),
    positions: rows.positions.flatMap(([accountNumber, symbol, body]) =>
      body === null ? [] : [{ accountNumber, symbol, position: revive<PositionRecord>(body) }],
    ),
    fills: rows.fills.map((row) => revive<FillRecord>(row[2])),
    payments: rows.payments.map((row) => revive<PaymentRecord>(row[2])),
    equity: rows.equity.map(([accountNumber, at, equity]) => ({ accountNumber, at, equity: new Big(equity) })),
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
