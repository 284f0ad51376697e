/** Orders that were made elsewhere (the web, a phone, another state folder) are shown as such. */
import type { Order } from "../domain/orders.ts";
import type { OrderJournal } from "../domain/ports.ts";

/** The same orders, with `external` on those whose id no journal entry has; legs are as their parents. */
export async function markOrders(account: string, orders: readonly Order[], journal: OrderJournal, signal: AbortSignal): Promise<readonly Order[]> {
  const own = await journal.own(account, orders, signal);
  return orders.map((order) => (own.has(order.id) ? order : external(order)));
}

function external(order: Order): Order {
  return { ...order, external: true, legs: order.legs.map(external) };
}
