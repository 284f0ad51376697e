/** What PATCH may change of an order, and when. */
import type { Big } from "../base/decimal.ts";
import { ApiError, unprocessable } from "./apiError.ts";
import type { AccountState } from "./ledger.ts";
import { checkTick } from "./orderRequest.ts";
import { isEnded, isWorking, type OrderRecord } from "./records.ts";

export interface ReplaceRequest {
  readonly qty: Big | null;
  readonly limitPrice: Big | null;
  readonly stopPrice: Big | null;
  readonly trail: Big | null;
  readonly clientOrderId: string | null;
}

export function checkReplace(account: AccountState, old: OrderRecord, change: ReplaceRequest): void {
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

export function refuseUnchanged(old: OrderRecord, next: OrderRecord): void {
  const fields = ["qty", "limitPrice", "stopPrice", "trailPrice", "trailPercent"] as const;
  if (fields.every((field) => same(old[field], next[field]))) throw unprocessable("order parameters are not changed");
}

function same(a: Big | null, b: Big | null): boolean {
  return a === null || b === null ? a === b : a.eq(b);
}
