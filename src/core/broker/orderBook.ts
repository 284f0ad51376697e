/**
 * What is known of each order and its fills: the one reducer that answers, stream and reconciliation all go through. Orders
 * only move forward, and a fill is the stretch of an order's quantity that it covers: what is covered is not told again,
 * under whichever name it comes.
 */
import { Big } from "../base/decimal.ts";
import { isFinalStatus, type Fill, type Order, type TradeUpdate } from "../domain/orders.ts";

const MOST_ORDERS = 5000;
const NOTHING = new Big(0);

interface Covered {
  readonly executions: Set<string>;
  /** Apart from each other, in no order. */
  spans: ReadonlyArray<{ readonly from: Big; readonly to: Big }>;
}

export class OrderBook {
  readonly #orders = new Map<string, Order>();
  readonly #fills = new Map<string, Covered>();
  /** Legs with their parents. */
  readonly #legs = new Map<string, string>();

  get(id: string): Order | undefined {
    return this.#orders.get(id);
  }

  /** Whether it is the exit of another order that has filled, or, in a pair of exits, of a position that was there before. */
  isWorkingExit(id: string): boolean {
    const parent = this.#orders.get(this.#legs.get(id) ?? "");
    return parent !== undefined && (parent.orderClass === "oco" || parent.filledQty.gt(0));
  }

  /** Known orders that have not ended. */
  open(): readonly Order[] {
    return [...this.#orders.values()].filter((order) => !isFinalStatus(order.status));
  }

  /** The message with the order as it is known best; null when there is nothing new in it. */
  apply(update: TradeUpdate): TradeUpdate | null {
    const { order, qty, executionId } = update;
    const isNews =
      qty !== null && qty.gt(0)
        ? this.#cover(order.id, executionId, order.filledQty.minus(qty), order.filledQty)
        : this.#isFirst(order.id, executionId) && !this.#isOutdated(order);
    const best = this.see(order);
    return isNews ? { ...update, order: best } : null;
  }

  /** The exchange took back or changed a trade: the order is what it says now, though it has traded less than before. */
  correct(order: Order): void {
    this.#orders.set(order.id, order);
    const covered = this.#coveredOf(order.id);
    covered.spans = order.filledQty.gt(0) ? [{ from: NOTHING, to: order.filledQty }] : [];
  }

  /** Takes in an order as the exchange shows it now; answers it, or what is known since. */
  see(order: Order): Order {
    for (const leg of order.legs) {
      this.#legs.set(leg.id, order.id);
      this.see(leg);
    }
    forgetOldest(this.#legs, MOST_ORDERS);
    const known = this.#orders.get(order.id);
    if (known !== undefined && isOlder(order, known)) return known;
    this.#orders.delete(order.id);
    this.#orders.set(order.id, order);
    forgetOldest(this.#orders, MOST_ORDERS);
    return order;
  }

  /** Takes in an order of whose past nothing is to be told. */
  adopt(order: Order): void {
    for (const leg of order.legs) this.adopt(leg);
    const best = this.see(order);
    if (best.filledQty.gt(0)) this.#cover(order.id, null, NOTHING, best.filledQty);
  }

  /** A fill learned by asking, as an update; null when it has been told. */
  fill(fill: Fill, order: Order): TradeUpdate | null {
    const isNews = this.#cover(fill.orderId, fill.executionId, fill.cumQty.minus(fill.qty), fill.cumQty);
    const best = this.see(order);
    if (!isNews) return null;
    const isLast = best.status === "filled" && best.filledQty.eq(fill.cumQty);
    return {
      event: isLast ? "fill" : "partial_fill",
      at: fill.at,
      executionId: fill.executionId,
      order: best,
      price: fill.price,
      qty: fill.qty,
      positionQty: null,
    };
  }

  /** True when the order has moved beyond what is known of it: it traded, or it ended. */
  hasMoved(order: Order): boolean {
    const known = this.#orders.get(order.id);
    if (known === undefined || isOlder(order, known)) return false;
    return order.filledQty.gt(known.filledQty) || (isFinalStatus(order.status) && !isFinalStatus(known.status));
  }

  /** What happened while nobody listened: an update for each known order that has moved since, fills nobody named included. */
  reconcile(orders: readonly Order[], at: number): readonly TradeUpdate[] {
    const missed: TradeUpdate[] = [];
    for (const order of orders.flatMap((parent) => [parent, ...parent.legs])) {
      const known = this.#orders.get(order.id);
      if (known === undefined || isOlder(order, known)) continue;
      const qty = this.#uncovered(order);
      this.see(order);
      if (order.status === known.status && qty.eq(0)) continue;
      if (qty.gt(0)) this.#cover(order.id, null, NOTHING, order.filledQty);
      missed.push({
        event: eventOf(order),
        at: order.filledAt ?? at,
        executionId: null,
        order,
        price: qty.gt(0) ? priceBetween(known, order) : null,
        qty: qty.gt(0) ? qty : null,
        positionQty: null,
      });
    }
    return missed;
  }

  #isOutdated(order: Order): boolean {
    const known = this.#orders.get(order.id);
    return known !== undefined && isOlder(order, known);
  }

  #coveredOf(orderId: string): Covered {
    const known = this.#fills.get(orderId) ?? { executions: new Set<string>(), spans: [] };
    this.#fills.set(orderId, known);
    forgetOldest(this.#fills, MOST_ORDERS);
    return known;
  }

  #isFirst(orderId: string, executionId: string | null): boolean {
    if (executionId === null) return true;
    const { executions } = this.#coveredOf(orderId);
    if (executions.has(executionId)) return false;
    executions.add(executionId);
    return true;
  }

  /** False when all of the stretch was covered, or the execution has come before. */
  #cover(orderId: string, executionId: string | null, from: Big, to: Big): boolean {
    const covered = this.#coveredOf(orderId);
    const isFirst = this.#isFirst(orderId, executionId);
    if (covered.spans.some((span) => span.from.lte(from) && span.to.gte(to))) return false;
    const apart = covered.spans.filter((span) => span.to.lt(from) || span.from.gt(to));
    const joined = covered.spans.filter((span) => !apart.includes(span));
    covered.spans = [
      ...apart,
      {
        from: joined.reduce((least, span) => (span.from.lt(least) ? span.from : least), from),
        to: joined.reduce((most, span) => (span.to.gt(most) ? span.to : most), to),
      },
    ];
    return isFirst;
  }

  #uncovered(order: Order): Big {
    const covered = (this.#fills.get(order.id)?.spans ?? []).reduce((sum, span) => sum.plus(span.to.minus(span.from)), NOTHING);
    return order.filledQty.gt(covered) ? order.filledQty.minus(covered) : NOTHING;
  }
}

function isOlder(order: Order, known: Order): boolean {
  if (order.filledQty.lt(known.filledQty)) return true;
  return isFinalStatus(known.status) && !isFinalStatus(order.status);
}

/** The average price of what was filled between two sights of an order. */
function priceBetween(before: Order, now: Order): Big | null {
  if (now.filledAvgPrice === null) return null;
  const qty = now.filledQty.minus(before.filledQty);
  if (before.filledAvgPrice === null || before.filledQty.eq(0) || qty.lte(0)) return now.filledAvgPrice;
  return now.filledAvgPrice.times(now.filledQty).minus(before.filledAvgPrice.times(before.filledQty)).div(qty);
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

/** Maps keep the order of insertion. */
function forgetOldest(kept: Map<string, unknown>, most: number): void {
  while (kept.size > most) {
    const oldest = kept.keys().next();
    if (oldest.done === true) return;
    kept.delete(oldest.value);
  }
}
