/** Changing a working order: the broker makes a new one in its place, so it takes the same way as any new order. */
import { randomUUID } from "node:crypto";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { Big, decimalText } from "../base/decimal.ts";
import { badInput } from "../base/errors.ts";
import { isFinalStatus, type ClientOrderId, type Order, type OrderChange, type OrderIntent, type Reason } from "../domain/orders.ts";
import type { OrderBody } from "./orderBody.ts";
import { refuse, type Refusal } from "./guards/verdicts.ts";

/** The order that a change would make, as an intent for the guards; quantities are what is left to trade. */
export function changedIntent(order: Order, change: OrderChange, reason: Reason): OrderIntent {
  const total = change.qty ?? order.qty;
  const limitPrice = change.limitPrice ?? order.limitPrice;
  const stopPrice = order.type === "trailing_stop" ? null : (change.stopPrice ?? order.stopPrice);
  return {
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    timeInForce: change.timeInForce ?? order.timeInForce,
    ...(total === null ? {} : { qty: total.minus(order.filledQty) }),
    ...(limitPrice === null ? {} : { limitPrice }),
    ...(stopPrice === null ? {} : { stopPrice }),
    // Which of both a trailing stop has is the broker's to know; for the guards it is a distance.
    ...(order.type === "trailing_stop" ? { trailPrice: change.trail ?? new Big(1) } : {}),
    allowShort: true, // what it may sell was settled when it was placed; the broker judges the change
    orderClass: "simple",
    ...reason,
  };
}

/** Refuses what cannot be changed; throws on a change that makes no sense. */
export function checkChange(order: Order, change: OrderChange): Refusal | null {
  if (Object.values(change).every((value) => value === undefined))
    throw badInput("bad-change", "Nothing is to be changed.", "Give a quantity, a limit, a stop or a trail.");
  if (change.limitPrice !== undefined && order.limitPrice === null)
    throw badInput("bad-change", `A ${order.type.replace("_", "-")} order has no limit price.`, "Cancel it and place another.");
  if (change.stopPrice !== undefined && order.type !== "stop" && order.type !== "stop_limit")
    throw badInput("bad-change", `A ${order.type.replace("_", "-")} order has no stop price to change.`, "Cancel it and place another.");
  if (change.trail !== undefined && (order.type !== "trailing_stop" || change.trail.lte(0)))
    throw badInput("bad-change", order.type === "trailing_stop" ? "The trail must be above zero." : "Only a trailing stop has a trail.");
  if (isFinalStatus(order.status)) return refuse("not-tradable", `Order ${order.id} is ${order.status} already.`, "Place a new one.");
  if (order.notional !== null) return refuse("not-tradable", "An order for an amount cannot be changed.", "Cancel it and place another.");
  if (change.qty !== undefined && change.qty.lte(order.filledQty))
    return refuse("not-tradable", `${order.filledQty.toFixed()} are filled already: the new quantity must be more.`, "Cancel the rest instead.");
  if (change.qty !== undefined && !change.qty.eq(change.qty.round(0)))
    return refuse("not-tradable", "A changed order is for whole shares.", "Cancel it and place another.");
  return null;
}

export interface Replacement {
  readonly clientOrderId: ClientOrderId;
  readonly body: OrderBody;
  readonly fingerprint: string;
}

export function replacementOf(order: Order, change: OrderChange, account: string): Replacement {
  const clientOrderId = `qd-${randomUUID()}` as ClientOrderId;
  const text = (value: Big | undefined) => (value === undefined ? undefined : decimalText(value));
  const wanted = {
    qty: text(change.qty),
    limit_price: text(change.limitPrice),
    stop_price: text(change.stopPrice),
    trail: text(change.trail),
    time_in_force: change.timeInForce,
  };
  const given = Object.fromEntries(Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
  return { clientOrderId, body: { ...given, client_order_id: clientOrderId }, fingerprint: sha256(canonicalJson({ account, replaces: order.id, ...given })) };
}
