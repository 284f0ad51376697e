/** The life of an order after it was accepted: it becomes active, trades in whole or in part, starts or ends those that belong to it, and ends. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { hash32 } from "../base/random.ts";
import { bookFill, type AccountState } from "./ledger.ts";
import { matchSecond, trail } from "./matching.ts";
import { isAuction, isEnded, isWorking, type FillRecord, type OrderRecord } from "./records.ts";
import type { ExchangeState } from "./state.ts";

const ZERO = new Big(0);
/** Smaller orders always trade whole. */
const PARTIAL_FROM = 100;

/** Orders that can trade now, stops before take-profits, so that a bar which holds both does not flatter. */
export function workingOrders(state: ExchangeState): readonly OrderRecord[] {
  const rank = (order: OrderRecord) => (order.role === "take_profit" || (order.orderClass === "oco" && order.parentId === null) ? 1 : 0);
  return [...state.open.values()].filter((order) => isWorking(order) && !isAuction(order)).sort((a, b) => rank(a) - rank(b) || a.sequence - b.sequence);
}

/** Orders that wait for the market to look at them for the first time. */
export function activateWaiting(state: ExchangeState, at: number, hours: { readonly extended?: boolean } = {}): void {
  for (const order of [...state.open.values()]) {
    if (isAuction(order) || (hours.extended === true && !order.extendedHours)) continue;
    if (order.status === "pending_new" || order.status === "accepted") activate(state, order, at);
  }
}

function activate(state: ExchangeState, order: OrderRecord, at: number): void {
  order.status = "new";
  order.updatedAt = at;
  const last = state.market.last(order.symbol, at);
  trail(order, last, last);
  if (order.orderClass !== "oco" || order.role === "entry") state.emit("new", order, at);
  else state.touch(order);
  const account = state.account(order.accountNumber);
  // Both exits of an OCO work at once; a bracket's legs wait for the entry.
  if (order.orderClass === "oco") for (const leg of order.legIds) activate(state, state.order(account, leg), at); // its stop is shown as held
  if (!isWorking(order)) return;
  tryFill(state, order, matchSecond(order, at, state.market), at);
  if (isWorking(order) && (order.timeInForce === "ioc" || order.timeInForce === "fok")) endOrder(state, order, "canceled", at);
}

/** Trades at a price that the market answered; NaN means that it waits on. */
export function tryFill(state: ExchangeState, order: OrderRecord, rawPrice: number, at: number): void {
  if (Number.isNaN(rawPrice)) {
    if (order.type === "trailing_stop" || order.triggered) state.touch(order);
    return;
  }
  const price = new Big(rawPrice).round(4);
  const rest = order.notional === null ? (order.qty as Big).minus(order.filledQty) : order.notional.minus(order.filledValue).div(price).round(9, Big.roundDown);
  fill(state, order, price, partOf(state, order, rest), at);
}

/** About one time in ten a larger order trades in part first, as on Alpaca's paper host; drawn from seed and order. */
function partOf(state: ExchangeState, order: OrderRecord, rest: Big): Big {
  if (order.notional !== null || order.filledQty.gt(0) || order.timeInForce === "fok" || isAuction(order)) return rest;
  if (rest.lt(PARTIAL_FROM) || !rest.eq(rest.round(0))) return rest;
  const draw = hash32(`${state.market.seed}/partial/${order.sequence}`) >>> 0;
  return draw % 10 === 0
    ? rest
        .times(10 + ((draw >>> 8) % 81))
        .div(100)
        .round(0, Big.roundDown)
    : rest;
}

function fill(state: ExchangeState, order: OrderRecord, price: Big, qty: Big, at: number): void {
  const account = state.account(order.accountNumber);
  const positionQty = bookFill(account, order.symbol, order.side, price, qty);
  order.filledQty = order.filledQty.plus(qty);
  order.filledValue = order.filledValue.plus(price.times(qty));
  const isWhole = order.notional !== null || order.filledQty.gte(order.qty as Big);
  order.status = isWhole ? "filled" : "partially_filled";
  order.filledAt = isWhole ? at : null;
  order.updatedAt = at;
  if (isWhole) state.forget(order);
  const done: FillRecord = {
    id: randomUUID(),
    sequence: state.nextSequence(),
    accountNumber: order.accountNumber,
    orderId: order.id,
    symbol: order.symbol,
    side: order.side,
    price,
    qty,
    cumQty: order.filledQty,
    leavesQty: isWhole ? ZERO : (order.qty as Big).minus(order.filledQty),
    status: order.status,
    at,
  };
  state.addFill(done);
  state.touchAccount(account.record);
  state.touchPosition(account, order.symbol);
  state.touch(order);
  state.tell(isWhole ? "fill" : "partial_fill", order, at, done, positionQty);
  if (isWhole) afterFill(state, account, order, at);
  else shrinkSisters(state, account, order, at);
}

/** What one exit has sold the other need not sell any more. */
function shrinkSisters(state: ExchangeState, account: AccountState, order: OrderRecord, at: number): void {
  if (order.role === "entry" && order.orderClass !== "oco") return;
  for (const sister of sistersOf(state, account, order)) {
    if (isEnded(sister) || sister.qty === null) continue;
    sister.qty = (order.qty as Big).minus(order.filledQty).plus(sister.filledQty);
    sister.updatedAt = at;
    state.touch(sister);
  }
}

/** A filled entry starts its legs; a filled leg ends its sister. */
function afterFill(state: ExchangeState, account: AccountState, order: OrderRecord, at: number): void {
  if (order.role === "entry" && order.orderClass !== "oco") {
    for (const legId of order.legIds) {
      const leg = state.order(account, legId);
      if (leg.status !== "held") continue;
      leg.status = "new";
      leg.updatedAt = at;
      state.touch(leg);
      if (order.legIds.length === 1 || leg.role === "take_profit") state.emit("new", leg, at);
    }
    return;
  }
  for (const sister of sistersOf(state, account, order)) if (!isEnded(sister)) endOrder(state, sister, "canceled", at, { alone: true });
}

/** Orders that end with this one: legs of the same parent; for an OCO the parent is a leg as well. */
function sistersOf(state: ExchangeState, account: AccountState, order: OrderRecord): readonly OrderRecord[] {
  const parent = order.parentId === null ? order : state.order(account, order.parentId);
  const family = parent.orderClass === "oco" ? [parent.id, ...parent.legIds] : order.parentId === null ? [] : parent.legIds;
  return family.filter((id) => id !== order.id).map((id) => state.order(account, id));
}

/** Ends an order and, unless `alone`, those that cannot live without it. */
export function endOrder(
  state: ExchangeState,
  order: OrderRecord,
  status: "canceled" | "expired",
  at: number,
  options: { readonly alone?: boolean } = {},
): void {
  const account = state.account(order.accountNumber);
  order.status = status;
  order.updatedAt = at;
  if (status === "canceled") order.canceledAt = at;
  else order.expiredAt = at;
  state.forget(order);
  state.emit(status, order, at);
  if (options.alone === true) return;
  const others = order.parentId === null && order.orderClass !== "oco" ? order.legIds.map((id) => state.order(account, id)) : sistersOf(state, account, order);
  for (const other of others) if (!isEnded(other)) endOrder(state, other, status, at, { alone: true });
}

/** Ends what was good until now. */
export function expireOrders(state: ExchangeState, at: number): void {
  for (const order of [...state.open.values()]) if (!isEnded(order) && !isAuction(order) && order.expiresAt <= at) endOrder(state, order, "expired", at);
}
