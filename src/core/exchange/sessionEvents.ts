/** What happens at the open and at the close of a session: auctions, the end of day orders, dividends, the equity of the day. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { addDays, tradingDayFrom, type TradingDay } from "../domain/nyse.ts";
import { fillAgainstQuote } from "../domain/fills.ts";
import { idOf } from "./assetId.ts";
import { chargeOvernight } from "./charges.ts";
import { figures } from "./margin.ts";
import { activateWaiting, endOrder, expireOrders, tryFill } from "./orderLife.ts";
import { isEnded } from "./records.ts";
import type { ExchangeState } from "./state.ts";

/** At the beginning of a day nothing has been opened on it. */
export function beginDay(state: ExchangeState): void {
  for (const account of state.accounts.values())
    for (const [symbol, position] of account.positions) {
      if (position.today === undefined) continue;
      delete position.today;
      state.touchPosition(account, symbol);
    }
}

/** `isInBar`: orders meet the bar that begins now, and need not look at the quote. */
export function openSession(state: ExchangeState, day: TradingDay, { isInBar }: { readonly isInBar: boolean }): void {
  expireOrders(state, day.open - 1);
  payDividends(state, day.date, day.open);
  holdAuction(state, "opg", day.open);
  activateWaiting(state, day.open, { isInBar });
}

export function closeSession(state: ExchangeState, day: TradingDay): void {
  holdAuction(state, "cls", day.close);
  expireOrders(state, day.close);
  chargeOvernight(state, day);
  for (const account of state.accounts.values()) {
    const { equity, maintenanceMargin } = figures(account, state.prices(day.close));
    Object.assign(account.record, { lastEquity: equity, lastMaintenanceMargin: maintenanceMargin, lastCloseAt: day.close });
    state.touchAccount(account.record);
    state.pointEquity(account, day.close, equity);
  }
  noteDividends(state, day.date);
}

/** The price of an auction is the session's first or last; what it does not reach is canceled. */
function holdAuction(state: ExchangeState, timeInForce: "opg" | "cls", at: number): void {
  for (const order of [...state.open.values()]) {
    if (order.timeInForce !== timeInForce || order.submittedAt >= at || isEnded(order)) continue;
    order.status = "new";
    state.emit("new", order, at);
    const last = state.market.last(order.symbol, at);
    const price = fillAgainstQuote(order.side, order.limitPrice?.toNumber() ?? Number.NaN, { bid: last, ask: last });
    const all = Number.POSITIVE_INFINITY; // an auction has no queue
    tryFill(state, order, Number.isNaN(price) ? undefined : { price, size: all, most: all, since: at }, at);
    if (!isEnded(order)) endOrder(state, order, "canceled", at);
  }
}

/** Who holds at the last close before an ex-date is paid later; who is short then pays. */
function noteDividends(state: ExchangeState, date: string): void {
  const exDate = tradingDayFrom(addDays(date, 1)).date;
  for (const { record, positions } of state.accounts.values()) {
    for (const [symbol, { qty }] of positions) {
      for (const event of state.market.eventsOn(symbol, exDate)) {
        if (event.kind !== "dividend") continue;
        const entitlement = { id: idOf(`${symbol} ${exDate}`), symbol, qty, rate: new Big(event.rate), payableDate: event.payableDate };
        record.entitlements = [...(record.entitlements ?? []), entitlement];
        state.touchAccount(record);
      }
    }
  }
}

function payDividends(state: ExchangeState, date: string, at: number): void {
  for (const { record } of state.accounts.values()) {
    const due = record.entitlements?.filter((one) => one.payableDate <= date) ?? [];
    if (due.length === 0) continue;
    record.entitlements = record.entitlements?.filter((one) => one.payableDate > date) ?? [];
    for (const { symbol, qty, rate } of due) {
      const amount = qty.times(rate).round(2, Big.roundHalfUp);
      record.cash = record.cash.plus(amount);
      state.addPayment({ id: randomUUID(), sequence: state.nextSequence(), accountNumber: record.accountNumber, symbol, qty, rate, amount, at });
    }
    state.touchAccount(record);
  }
}
