/** What PATCH may change of an order, when, and how a new order takes the place of the old one. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { checkReplacement } from "./admission.ts";
import { ApiError, unprocessable } from "./apiError.ts";
import type { AccountState } from "./ledger.ts";
import { trail } from "./matching.ts";
import { checkTick } from "./orderRequest.ts";
import { isEnded, isWorking, type OrderRecord } from "./records.ts";
import type { ExchangeState } from "./state.ts";

export interface ReplaceRequest {
  readonly qty: Big | null;
  readonly limitPrice: Big | null;
  readonly stopPrice: Big | null;
  readonly trail: Big | null;
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
    createdAt: now,
    submittedAt: now,
    updatedAt: now,
    replaces: old.id,
  };
  refuseUnchanged(old, next);
  checkReplacement(account, old, next, state.prices(now));
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
    if (!isEnded(leg) && next.qty !== null) leg.qty = next.qty;
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
  if (!isWorking(old) && old.status !== "held") throw unprocessable(`order cannot be replaced in "${old.status}" state`);
  if (old.notional !== null) throw unprocessable("notional orders cannot be replaced");
  if (change.clientOrderId !== null && account.byClientOrderId.has(change.clientOrderId)) throw new ApiError(422, "client_order_id must be unique", 40_010_001);
  if (change.qty !== null && (change.qty.lte(old.filledQty) || !change.qty.eq(change.qty.round(0))))
    throw unprocessable("qty must be a whole number greater than the filled quantity");
  if (change.qty !== null && old.role !== "entry") throw unprocessable("the quantity of a leg is that of its order");
  if (change.limitPrice !== null && old.limitPrice === null) throw unprocessable(`${old.type} orders have no limit price`);
  if (change.stopPrice !== null && old.type !== "stop" && old.type !== "stop_limit") throw unprocessable(`${old.type} orders have no stop price`);
  if (change.trail !== null && (old.type !== "trailing_stop" || change.trail.lte(0)))
    throw unprocessable(old.type === "trailing_stop" ? "trail must be > 0" : "only trailing stop orders have a trail");
  checkTick(change.limitPrice);
  checkTick(change.stopPrice);
}

function refuseUnchanged(old: OrderRecord, next: OrderRecord): void {
  const fields = ["qty", "limitPrice", "stopPrice", "trailPrice", "trailPercent"] as const;
  if (fields.every((field) => same(old[field], next[field]))) throw unprocessable("order parameters are not changed");
}

function same(a: Big | null, b: Big | null): boolean {
  return a === null || b === null ? a === b : a.eq(b);
}
