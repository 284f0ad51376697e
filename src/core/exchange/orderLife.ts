/** The life of an order after it was accepted: it becomes active, trades in whole or in part, starts or ends those that belong to it, and ends. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { hash32 } from "../base/random.ts";
import { sweepBook } from "../domain/fills.ts";
import { bookFill, configurationOf, type AccountState } from "./ledger.ts";
import type { MarketBar } from "./marketBar.ts";
import { fillsAtOpen, limitOf, matchBar, matchSecond, trail, type Offer } from "./matching.ts";
import { isAuction, isEnded, isWorking, type FillRecord, type OrderRecord } from "./records.ts";
import type { ExchangeState } from "./state.ts";

const ZERO = new Big(0);
/** Smaller orders always trade whole. */
const PARTIAL_FROM = 100;
/** What is left of an amount of money when it buys less is not worth a trade. */
const LEAST = new Big("0.0001");
const ENDLESS = new Big("1e30");

/** Lets all working orders meet a second. */
export function meetSecond(state: ExchangeState, at: number, { isExtended = false }: Looking = {}): void {
  for (const order of workingOrders(state))
    if (isWorking(order) && (!isExtended || order.extendedHours)) tryFill(state, order, matchSecond(order, at, state.market), at);
}

/**
 * Lets all working orders meet the bars of a piece of time, each its symbol's. What works from an entry on meets the rest of the
 * entry's own bar, a limit entry's take-profit only if it was at the open, since the better price may have come before: as in the backtests.
 */
export function meetBars(state: ExchangeState, barOf: (symbol: string) => MarketBar | undefined, piece: { readonly at: number; readonly end: number }): void {
  for (const order of workingOrders(state, barOf)) {
    if (!isWorking(order)) continue;
    const bar = barOf(order.symbol);
    if (bar === undefined) continue; // nothing traded: halted
    const before = order.filledQty;
    tryFill(state, order, matchBar(order, bar, piece.at), piece.end);
    if (order.status !== "filled" || order.role !== "entry" || order.orderClass === "simple" || order.orderClass === "oco") continue;
    const price = order.filledValue.div(order.filledQty).toNumber();
    const isUpside = order.type !== "limit" || (before.eq(0) && price === bar.o);
    const legs = order.legIds.map((id) => state.order(state.account(order.accountNumber), id)).sort((a, b) => rankOf(a) - rankOf(b));
    for (const leg of legs)
      if (isWorking(leg) && (isUpside || leg.role === "stop_loss")) tryFill(state, leg, matchBar(leg, { ...bar, o: price }, piece.at), piece.end);
  }
}

/** Stops before take-profits, so that a bar which holds both does not flatter. */
function rankOf(order: OrderRecord): number {
  return order.role === "take_profit" || (order.orderClass === "oco" && order.parentId === null) ? 1 : 0;
}

/** Orders that can trade now, in the order in which they do: what a bar's open already reaches comes first. */
function workingOrders(state: ExchangeState, barOf?: (symbol: string) => MarketBar | undefined): readonly OrderRecord[] {
  const rank = (order: OrderRecord) => {
    const bar = barOf?.(order.symbol);
    return bar !== undefined && fillsAtOpen(order, bar) ? -1 : rankOf(order);
  };
  return [...state.open.values()]
    .filter((order) => isWorking(order) && !isAuction(order))
    .map((order) => ({ order, rank: rank(order) }))
    .sort((a, b) => a.rank - b.rank || a.order.sequence - b.order.sequence)
    .map(({ order }) => order);
}

/** Orders that wait for the market to look at them for the first time. */
export function activateWaiting(state: ExchangeState, at: number, looking: Looking = {}): void {
  if (state.open.size === 0) return;
  for (const order of [...state.open.values()]) {
    if (isAuction(order) || (looking.isExtended === true && !order.extendedHours)) continue;
    if (order.status === "pending_new" || order.status === "accepted") activate(state, order, at, looking);
  }
}

interface Looking {
  /** Outside the session, for those that asked for it. */
  readonly isExtended?: boolean;
  /** A bar follows, which orders meet instead of the quote. */
  readonly isInBar?: boolean;
}

function activate(state: ExchangeState, order: OrderRecord, at: number, looking: Looking): void {
  order.status = "new";
  order.updatedAt = at;
  const last = state.market.last(order.symbol, at);
  trail(order, last, last);
  if (order.orderClass !== "oco" || order.role === "entry") state.emit("new", order, at);
  else state.touch(order);
  const account = state.account(order.accountNumber);
  // Both exits of an OCO work at once; a bracket's legs wait for the entry.
  if (order.orderClass === "oco") for (const leg of order.legIds) activate(state, state.order(account, leg), at, looking); // its stop is shown as held
  const isImmediate = order.timeInForce === "ioc" || order.timeInForce === "fok";
  if (!isWorking(order) || (looking.isInBar === true && !isImmediate)) return;
  tryFill(state, order, matchSecond(order, at, state.market), at);
  if (isWorking(order) && isImmediate) endOrder(state, order, "canceled", at);
}

/** Trades what the offer takes of it; without one it waits on. */
export function tryFill(state: ExchangeState, order: OrderRecord, offer: Offer | undefined, at: number): void {
  if (offer === undefined) {
    if (order.type === "trailing_stop" || order.triggered) state.touch(order);
    return;
  }
  const rest = restOf(order, offer.price);
  const most = order.filledQty.eq(0) ? offer.most : offer.most - takenSince(state, order, offer.since);
  const swept = sweepBook(order.side, limitOf(order), { ...offer, most }, rest.toNumber());
  const price = new Big(swept.price).round(4);
  if (price.lte(0)) return;
  // Of an amount of money, what it buys at the average price; what is sold for it can be no more than is held.
  const affordable = order.notional === null ? rest : least(restOf(order, swept.price), heldFor(state, order));
  const isAll = swept.qty >= rest.toNumber();
  if (!isAll && order.timeInForce === "fok") return;
  const qty = isAll ? affordable : new Big(Math.floor(swept.qty));
  if (qty.lte(0)) return;
  const paid = paidFor(state.account(order.accountNumber), order, price, qty);
  if (paid.lt(qty)) {
    // What the market took since the order was admitted is not there: the rest of it ends.
    if (paid.gt(0) && order.timeInForce !== "fok") fill(state, order, price, paid, at);
    endOrder(state, order, "canceled", at);
    return;
  }
  fill(state, order, price, isAll ? partOf(state, order, qty) : qty, at);
}

/** Of `qty`, what a cash account can pay: it never owes. */
function paidFor(account: AccountState, { symbol, side }: OrderRecord, price: Big, qty: Big): Big {
  const isOpening = side === "buy" && (account.positions.get(symbol)?.qty ?? ZERO).gte(0);
  if (!isOpening || configurationOf(account).max_margin_multiplier !== "1") return qty;
  const { cash } = account.record;
  if (price.times(qty).lte(cash)) return qty;
  return cash.lte(0) ? ZERO : cash.div(price).round(qty.eq(qty.round(0)) ? 0 : 9, Big.roundDown);
}

function least(a: Big, b: Big): Big {
  return a.lt(b) ? a : b;
}

function heldFor(state: ExchangeState, { accountNumber, symbol, side }: OrderRecord): Big {
  const held = state.account(accountNumber).positions.get(symbol)?.qty ?? ZERO;
  return side === "sell" && held.gt(0) ? held : ENDLESS;
}

function restOf(order: OrderRecord, price: number): Big {
  if (order.notional === null) return (order.qty as Big).minus(order.filledQty);
  return order.notional.minus(order.filledValue).div(price).round(9, Big.roundDown);
}

/** What earlier fills of the order have taken of the same minute or bar. */
function takenSince(state: ExchangeState, order: OrderRecord, since: number): number {
  const { fills } = state.account(order.accountNumber);
  let taken = 0;
  for (let i = fills.length - 1; i >= 0; i--) {
    const one = fills[i] as FillRecord;
    if (one.at < since) break;
    if (one.orderId === order.id) taken += one.qty.toNumber();
  }
  return taken;
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
  const isWhole = order.qty === null ? restOf(order, price.toNumber()).lt(LEAST) || positionQty.eq(0) : order.filledQty.gte(order.qty);
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
    leavesQty: isWhole ? ZERO : restOf(order, price.toNumber()),
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
