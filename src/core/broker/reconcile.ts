/**
 * Settles what the journal leaves open: entries that were begun, sent or unknown are asked for by client order id. An entry
 * that is absent ends as "not sent" only when nothing of it can be under way any more.
 */
import { Big } from "../base/decimal.ts";
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Order } from "../domain/orders.ts";
import type { OrderJournal, UnsettledEntry } from "../domain/ports.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface ReconcileDeps {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly clock: Clock;
  readonly log: Log;
  /** Being placed by this very broker: left alone. */
  readonly isPending: (clientOrderId: string) => boolean;
}

export interface Reconciled {
  /** Orders of entries that were open, as the exchange has them now. */
  readonly orders: readonly Order[];
  /** Entries that may still turn up: to be asked for again. */
  readonly left: number;
}

/** A request that nobody answered may lie in a queue; after this long it does not. */
const SURELY_ABSENT_MS = 30_000;
const AT_ONCE = 8;
/** From so many open entries on, a page of the newest orders is read instead of asking one by one. */
const MANY = 4;

/** `shown` are orders that were just read. */
export async function reconcileJournal(account: string, shown: readonly Order[], deps: ReconcileDeps, signal: AbortSignal): Promise<Reconciled> {
  const entries = (await deps.journal.unsettled(account, signal)).filter((entry) => !isAtWork(entry, deps));
  if (entries.length === 0) return { orders: [], left: 0 };
  const recent = entries.length >= MANY ? await deps.api.orders({ status: "all", limit: 500 }, signal) : [];
  const known = new Map([...recent, ...shown].flatMap((order) => [order, ...order.legs]).map((order) => [order.clientOrderId as string, order]));
  const orders: Order[] = [];
  let left = 0;
  const settle = async (entry: UnsettledEntry): Promise<void> => {
    const order = known.get(entry.clientOrderId) ?? (await find(entry, deps, signal));
    if (order !== null) {
      orders.push(order);
      if (entry.state !== "sent") {
        deps.log.info(`Order ${entry.clientOrderId}, left ${entry.state} by its sender, is at the exchange (${order.status}).`);
        await deps.journal.settle(entry.clientOrderId, { state: order.status === "rejected" ? "rejected" : "sent", orderId: order.id }, signal);
      }
    } else if (entry.state === "sent") {
      deps.log.warn(`The exchange no longer knows order ${entry.clientOrderId}.`);
      await deps.journal.note(account, { orders: [goneNote(entry)], fills: [] }, signal);
    } else if (deps.clock.now() - entry.at < SURELY_ABSENT_MS) {
      left += 1;
    } else {
      deps.log.warn(`Order ${entry.clientOrderId}, left ${entry.state} by its sender, never reached the exchange.`);
      await deps.journal.settle(entry.clientOrderId, { state: "not-sent", reason: "It never reached the exchange." }, signal);
    }
  };
  const queue = [...entries];
  await Promise.all(
    Array.from({ length: Math.min(AT_ONCE, queue.length) }, async () => {
      for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) await settle(entry);
    }),
  );
  return { orders, left };
}

/** Begun here and under way, or by another process that lives: whoever has it will settle it. */
function isAtWork(entry: UnsettledEntry, deps: ReconcileDeps): boolean {
  if (deps.isPending(entry.clientOrderId)) return true;
  return entry.state === "begun" && !entry.ownerIsGone && !entry.owner?.startsWith(`${process.pid}/`);
}

async function find(entry: UnsettledEntry, deps: ReconcileDeps, signal: AbortSignal): Promise<Order | null> {
  if (entry.orderId === null) return await deps.api.orderByClientId(entry.clientOrderId, signal);
  try {
    return await deps.api.order(entry.orderId, signal);
  } catch (error) {
    if (TradingError.from(error, "failed").code === "not-found") return null;
    throw error;
  }
}

function goneNote(entry: UnsettledEntry) {
  return {
    clientOrderId: entry.clientOrderId,
    orderId: entry.orderId ?? "",
    status: "gone",
    filledQty: new Big(0),
    filledAvgPrice: null,
    ended: true,
    legs: [],
  };
}
