/**
 * The event engine: time by time over all symbols, in this order: splits, dividends and interest; the working orders meet
 * the new bars (matching.ts); the strategy is called at the close; equity is marked. A symbol without a bar at a time keeps
 * its orders and its last close.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { BarContext } from "../domain/strategy.ts";
import type { Params } from "../domain/backtest.ts";
import { BarCursor } from "./barCursor.ts";
import type { Rules } from "./ledger.ts";
import { expire, meetBar, openAtMarket, reduceAtMarket } from "./matching.ts";
import { Portfolio, type Leg } from "./portfolio.ts";
import { exitOrder } from "./workingOrders.ts";

/** `watch` is called after each call of the strategy, with its orders given and not yet filled. */
export function runEvent(
  series: readonly BarSeries[],
  clock: Float64Array,
  onBar: (bar: BarContext) => void,
  params: Params,
  rules: Rules,
  watch?: (account: Portfolio) => void,
): Portfolio {
  const account = new Portfolio(rules, series, clock.length);
  const { legs } = account;
  const cursors = BarCursor.forAll(account, params);
  const first = cursors[0]!;
  const isSingle = legs.length === 1;
  const hasActions = series.some((bars) => bars.actions !== undefined);
  const atClose = rules.fill === "close";
  const last = clock.length - 1;
  for (let now = 0; now <= last; now++) {
    if (account.hasFinancing && now > 0) account.accrue(clock[now]! - clock[now - 1]!);
    if (isSingle) legs[0]!.moveTo(now);
    else advance(legs, clock[now]!);
    if (hasActions) for (const leg of legs) applyActions(account, leg);
    if (isSingle ? legs[0]!.orders.length > 0 : haveOrders(legs)) meet(account, now);
    first.moveTo(now, clock[now]!);
    onBar(first);
    if (watch !== undefined) watch(account);
    if (atClose) fillAtClose(account, now, now < last);
    if (account.mark(now)) callMargin(account);
  }
  if (last >= 0) finalize(account, last);
  return account;
}

function advance(legs: readonly Leg[], time: number): void {
  for (let i = 0; i < legs.length; i++) {
    const leg = legs[i]!;
    leg.isNew = leg.bars.time[leg.bar + 1] === time;
    if (leg.isNew) leg.bar++;
  }
}

function haveOrders(legs: readonly Leg[]): boolean {
  for (let i = 0; i < legs.length; i++) if (legs[i]!.orders.length > 0) return true;
  return false;
}

function applyActions(account: Portfolio, leg: Leg): void {
  if (!leg.isNew) return;
  for (let action = leg.takeAction(); action !== undefined; action = leg.takeAction()) account.apply(leg, action);
}

/** What one symbol's sale brings in can buy another in the same bar: all reduce first. */
function meet(account: Portfolio, now: number): void {
  const { legs } = account;
  const waits = (leg: Leg) => leg.isNew && leg.orders.length > 0;
  for (const leg of legs) {
    if (!waits(leg)) continue;
    expire(leg);
    reduceAtMarket(account, leg, leg.bars.open[leg.bar]!, now);
  }
  for (const leg of legs) if (waits(leg)) openAtMarket(account, leg, leg.bars.open[leg.bar]!, now, true);
  for (const leg of legs) if (waits(leg)) meetBar(account, leg, now);
}

function fillAtClose(account: Portfolio, now: number, canEnter: boolean): void {
  const { legs } = account;
  for (const leg of legs) if (leg.isNew && leg.orders.length > 0) reduceAtMarket(account, leg, leg.bars.close[leg.bar]!, now);
  for (const leg of legs) if (leg.isNew && leg.orders.length > 0) openAtMarket(account, leg, leg.bars.close[leg.bar]!, now, canEnter);
}

/** Everything is closed at the next open, whatever the strategy wants. */
function callMargin(account: Portfolio): void {
  account.marginCalls++;
  for (const leg of account.legs) {
    leg.orders.length = 0;
    if (leg.units !== 0) leg.orders.push(exitOrder(leg.units > 0 ? -1 : 1, {}));
  }
}

/** Positions open after the last bar are closed at their last close, whatever the volume. */
function finalize(account: Portfolio, last: number): void {
  for (const leg of account.legs) {
    if (leg.units === 0) continue;
    const units = Math.abs(leg.units);
    const close = leg.bars.close[leg.bar]!;
    account.reduce(leg, units, account.costs.marketPrice(leg.units > 0 ? "sell" : "buy", close, units, leg.bars.volume[leg.bar]!), close, last, true);
  }
  account.equity[last] = account.cash;
}
