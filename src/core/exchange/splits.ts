/**
 * What a split does to accounts before the first session at the new price: positions change their quantity and keep their
 * cost; open orders are adjusted in a forward split and canceled in a reverse one (FINRA rule 5330).
 */
import { randomUUID } from "node:crypto";
import type { RoundingMode } from "big.js";
import { Big } from "../base/decimal.ts";
import type { TradingDay } from "../domain/nyse.ts";
import type { SplitEvent } from "../domain/simulatedEvents.ts";
import { PRE_MS } from "./exchangeClock.ts";
import { endOrder } from "./orderLife.ts";
import { isEnded, type OrderRecord } from "./records.ts";
import type { ExchangeState } from "./state.ts";

/** Positions and fractional orders hold nine decimals. */
const PLACES = 9;

export function applySplits(state: ExchangeState, day: TradingDay): void {
  const concerned = new Set([...state.accounts.values()].flatMap(({ positions }) => [...positions.keys()]));
  for (const order of state.open.values()) concerned.add(order.symbol);
  for (const symbol of concerned)
    for (const event of state.market.eventsOn(symbol, day.date)) {
      if (event.kind !== "split") continue;
      splitPositions(state, event, day.open - PRE_MS);
      splitOrders(state, event, day.open - PRE_MS);
    }
}

function splitPositions(state: ExchangeState, { symbol, newRate, oldRate }: SplitEvent, at: number): void {
  for (const account of state.accounts.values()) {
    const position = account.positions.get(symbol);
    if (position === undefined) continue;
    const qty = position.qty.times(newRate).div(oldRate).round(PLACES, Big.roundDown);
    const change = qty.minus(position.qty);
    if (qty.eq(0)) account.positions.delete(symbol);
    else account.positions.set(symbol, { ...position, qty });
    state.touchPosition(account, symbol);
    state.addPayment({
      kind: "split",
      id: randomUUID(),
      sequence: state.nextSequence(),
      accountNumber: account.record.accountNumber,
      symbol,
      qty: change,
      rate: new Big(newRate).div(oldRate),
      amount: new Big(0),
      at,
    });
  }
}

function splitOrders(state: ExchangeState, event: SplitEvent, at: number): void {
  const { newRate, oldRate } = event;
  for (const order of [...state.open.values()]) {
    if (order.symbol !== event.symbol || isEnded(order)) continue;
    // What has traded in part has traded at the old price: the rest would be a different order.
    if (newRate < oldRate || order.filledQty.gt(0)) endOrder(state, order, "canceled", at);
    else adjust(order, new Big(newRate).div(oldRate), at);
    state.touch(order);
  }
}

function adjust(order: OrderRecord, ratio: Big, at: number): void {
  // Rounded away from the market, so that nothing trades that did not before.
  const [toLess, toMore] = [Big.roundDown, Big.roundUp];
  const price = (value: Big | null, rounding: RoundingMode) => {
    const split = value?.div(ratio);
    return split === undefined ? null : split.round(split.lt(1) ? 4 : 2, rounding);
  };
  order.qty = order.qty === null ? null : order.qty.times(ratio).round(PLACES, Big.roundDown);
  order.limitPrice = price(order.limitPrice, order.side === "buy" ? toLess : toMore);
  order.stopPrice = price(order.stopPrice, order.side === "buy" ? toMore : toLess);
  order.trailPrice = price(order.trailPrice, toMore);
  order.highWaterMark = order.highWaterMark?.div(ratio).round(4) ?? null;
  order.updatedAt = at;
}
