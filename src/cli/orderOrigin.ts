/** What the journal of the state folder knows of orders: who sent them and why, and their exchange id. */
import type { Order } from "../core/domain/orders.ts";
import type { Session } from "../core/session.ts";

/** More than any list of orders that a command shows. */
const MOST_ROWS = 2000;

/** Origin and reason of an order; null when it was placed elsewhere (on the web, by another program or state folder). */
export async function sentBy(
  session: Session,
  signal: AbortSignal,
): Promise<(order: Order) => { readonly origin: string | null; readonly why: string | null }> {
  const account = session.status().account?.accountNumber ?? null;
  const rows = new Map((await session.store.journalledOrders(account, MOST_ROWS, signal)).map((row) => [row.clientOrderId, row]));
  return (order) => {
    const row = rows.get(order.clientOrderId);
    return { origin: row?.origin ?? null, why: row?.why ?? null };
  };
}

/** The exchange's id for `id`, which may be a client order id that this state folder has sent. */
export async function exchangeId(session: Session, id: string, signal: AbortSignal): Promise<string> {
  return (await session.store.journalledOrder(id, signal))?.orderId ?? id;
}
