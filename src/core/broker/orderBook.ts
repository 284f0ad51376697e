/**
 * What is known of each order, from answers, stream and reconciliation alike. It only moves forward: an older or repeated
 * message changes nothing, so that no fill is counted twice.
 */
import { isFinalStatus, type Order, type TradeUpdate } from "../domain/orders.ts";

const MOST_ORDERS = 5000;
const MOST_EXECUTIONS = 10_000;

export class OrderBook {
  readonly #orders = new Map<string, Order>();
  readonly #executions = new Set<string>();

  get(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  /** True when the message is news. */
  apply(update: TradeUpdate): boolean {
    if (update.executionId !== null) {
      if (this.#executions.has(update.executionId)) return false;
      this.#executions.add(update.executionId);
      forgetOldest(this.#executions, MOST_EXECUTIONS);
    }
    const known = this.#orders.get(update.order.id);
    if (known !== undefined && isOlder(update.order, known)) return false;
    this.see(update.order);
    return true;
  }

  /** Takes in an order as the exchange shows it now. */
  see(order: Order): void {
    const known = this.#orders.get(order.id);
    if (known !== undefined && isOlder(order, known)) return;
    this.#orders.delete(order.id);
    this.#orders.set(order.id, order);
    forgetOldest(this.#orders, MOST_ORDERS);
    for (const leg of order.legs) this.see(leg);
  }

  /** Known orders that have not ended. */
  open(): readonly Order[] {
    return [...this.#orders.values()].filter((order) => !isFinalStatus(order.status));
  }

  /** What happened while nobody listened: an update for each order that has moved since it was last seen. */
  reconcile(orders: readonly Order[], at: number): readonly TradeUpdate[] {
    const missed: TradeUpdate[] = [];
    for (const order of orders.flatMap((parent) => [parent, ...parent.legs])) {
      const known = this.#orders.get(order.id);
      const moved = known !== undefined && !isOlder(order, known) && (order.status !== known.status || !order.filledQty.eq(known.filledQty));
      const filled = moved ? order.filledQty.minus(known.filledQty) : null;
      this.see(order);
      if (!moved) continue;
      missed.push({
        event: eventOf(order),
        at: order.filledAt ?? at,
        executionId: null,
        order,
        price: order.filledAvgPrice,
        qty: filled?.gt(0) === true ? filled : null,
        positionQty: null,
      });
    }
    return missed;
  }
}

function isOlder(order: Order, known: Order): boolean {
  if (order.filledQty.lt(known.filledQty)) return true;
  return isFinalStatus(known.status) && !isFinalStatus(order.status);
}

/** The stream's name for how an order stands. */
function eventOf(order: Order): string {
  switch (order.status) {
    case "filled":
      return "fill";
    case "partially_filled":
      return "partial_fill";
    default:
      return order.status;
  }
}

/** Maps and sets keep the order of insertion. */
function forgetOldest(kept: { readonly size: number; keys(): Iterator<string>; delete(key: string): boolean }, most: number): void {
  while (kept.size > most) {
    const oldest = kept.keys().next();
    if (oldest.done === true) return;
    kept.delete(oldest.value);
  }
}
