/** What PATCH may change of an order, when, and how a new order takes the place of the old one. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { checkReplacement } from "./admission.ts";
import type { TimeInForce } from "../domain/orders.ts";
import { badParameter, unprocessable } from "./apiError.ts";
import type { AccountState } from "./ledger.ts";
import { trail } from "./matching.ts";
import { expiry } from "./orderRecord.ts";
import { checkTick } from "./orderRequest.ts";
import { isEnded, isWorking, type OrderRecord } from "./records.ts";
import type { ExchangeState } from "./state.ts";

export interface ReplaceRequest {
  readonly qty: Big | null;
  readonly limitPrice: Big | null;
  readonly stopPrice: Big | null;
  readonly trail: Big | null;
  readonly timeInForce: TimeInForce | null;
  readonly clientOrderId: string | null;
}

interface Replacing {
  readonly id: string;
  readonly change: ReplaceRequest;
  readonly now: number;
}

/** A new order in the place of the old one, which ends as "replaced"; its legs and its parent go with the new one. */
export function replaceOrder(state: ExchangeState, account: AccountState, { id, change, now }: Replacing): OrderRecord {
  const old = state.order(account, id);
  checkReplace(account, old, change);
  const timeInForce = change.timeInForce ?? old.timeInForce;
  const next: OrderRecord = {
    ...old,
    id: randomUUID(),
    clientOrderId: change.clientOrderId ?? randomUUID(),
    sequence: state.nextSequence(),
    qty: change.qty ?? old.qty,
    limitPrice: change.limitPrice ?? old.limitPrice,
    stopPrice: change.trail === null ? (change.stopPrice ?? old.stopPrice) : null,
    trailPrice: old.trailPrice === null ? null : (change.trail ?? old.trailPrice),
    trailPercent: old.trailPercent === null ? null : (change.trail ?? old.trailPercent),
    triggered: old.triggered && change.stopPrice === null,
    timeInForce,
    expiresAt: timeInForce === old.timeInForce ? old.expiresAt : expiry({ ...old, timeInForce }, state.clock, now),
    createdAt: now,
    submittedAt: now,
    updatedAt: now,
    replaces: old.id,
  };
  if (change.clientOrderId === null) refuseUnchanged(old, next);
  checkReplacement(account, old, next, { prices: state.prices(now), now });
  if (next.type === "trailing_stop" && next.stopPrice === null) {
    const best = (old.highWaterMark ?? new Big(state.market.last(next.symbol, now))).toNumber();
    trail(next, best, best);
  }
  old.status = "replaced";
  old.replacedAt = now;
  old.replacedBy = next.id;
  old.updatedAt = now;
  state.forget(old);
  for (const legId of old.legIds) {
    const leg = state.order(account, legId);
    leg.parentId = next.id;
    if (!isEnded(leg)) leg.expiresAt = Math.max(leg.expiresAt, next.expiresAt);
    state.touch(leg);
  }
  const parent = next.parentId === null ? undefined : account.orders.get(next.parentId);
  if (parent !== undefined) {
    parent.legIds = parent.legIds.map((legId) => (legId === old.id ? next.id : legId));
    state.touch(parent);
  }
  state.remember(next);
  state.touch(old, next);
  state.emit("replaced", old, now);
  if (next.status !== "held") state.emit("new", next, now);
  return next;
}

function checkReplace(account: AccountState, old: OrderRecord, change: ReplaceRequest): void {
  if (isEnded(old)) throw unprocessable(`order is already in "${old.status}" state`);
  if (!isWorking(old) && old.status !== "held") throw unprocessable("unable to replace order, order isn't sent to exchange yet");
  if (old.notional !== null) throw unprocessable("notional orders cannot be replaced");
  if (change.clientOrderId !== null && account.byClientOrderId.has(change.clientOrderId)) throw badParameter("client_order_id must be unique");
  checkQty(old, change.qty);
  if (change.limitPrice !== null && old.limitPrice === null) throw unprocessable(`${old.type} orders have no limit price`.replace("_", " "));
  if (change.stopPrice !== null && old.type !== "stop" && old.type !== "stop_limit")
    throw unprocessable(`${old.type} orders have no stop price`.replace("_", " "));
  if (change.trail !== null && (old.type !== "trailing_stop" || change.trail.lte(0)))
    throw unprocessable(old.type === "trailing_stop" ? "trail must be > 0" : "only trailing stop orders have a trail");
  if (old.trailPercent !== null && change.trail !== null && (change.trail.lt("0.1") || change.trail.gte(100)))
    throw badParameter("trail_percent must be greater than or equal to 0.1 and less than 100");
  if (change.timeInForce !== null && change.timeInForce !== old.timeInForce && !(isDayOrGtc(change.timeInForce) && isDayOrGtc(old.timeInForce)))
    throw unprocessable("time_in_force can be changed between day and gtc only");
  checkTick("limit_price", change.limitPrice);
  checkTick("stop_price", change.stopPrice);
}

function checkQty(old: OrderRecord, qty: Big | null): void {
  if (qty === null || (old.qty?.eq(qty) ?? false)) return;
  if (old.orderClass !== "simple") throw unprocessable("qty cannot be changed for advanced orders");
  if (old.qty?.eq(old.qty.round(0)) === false) throw unprocessable("qty of fractional orders cannot be changed");
  if (!qty.eq(qty.round(0)) || qty.lte(0)) throw unprocessable("qty must be a whole number > 0");
  if (qty.lte(old.filledQty)) throw unprocessable("qty must be > filled_qty");
}

function isDayOrGtc(timeInForce: TimeInForce): boolean {
  return timeInForce === "day" || timeInForce === "gtc";
}

function refuseUnchanged(old: OrderRecord, next: OrderRecord): void {
  const fields = ["qty", "limitPrice", "stopPrice", "trailPrice", "trailPercent"] as const;
  if (next.timeInForce === old.timeInForce && fields.every((field) => same(old[field], next[field]))) throw unprocessable("order parameters are not changed");
}

function same(a: Big | null, b: Big | null): boolean {
  return a === null || b === null ? a === b : a.eq(b);
}
