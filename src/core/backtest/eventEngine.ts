/**
 * The event engine: time by time over all symbols, in this order: splits, dividends and interest; the working orders meet
 * the new bars (matching.ts); the strategy is called at the close; equity is marked. A symbol without a bar at a time keeps
 * its orders and its last close.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { BarContext } from "../domain/strategy.ts";
import type { Params } from "../domain/backtest.ts";
import { BarCursor } from "./barCursor.ts";
import { RunMemory } from "./runMemory.ts";
import type { Rules } from "./ledger.ts";
import { expire, meetBar, openAtMarket, reduceAtMarket } from "./matching.ts";
import { Portfolio, type Leg } from "./portfolio.ts";
import { exitOrder } from "./workingOrders.ts";

/** `watch` is called after each call of the strategy, with its orders given and not yet filled. The curve lies in `memory`. */
export function runEvent(
  series: readonly BarSeries[],
  clock: Float64Array,
  onBar: (bar: BarContext) => void,
  params: Params,
  rules: Rules,
  watch?: (account: Portfolio) => void,
  memory: RunMemory = new RunMemory(),
): Portfolio {
  const account = new Portfolio(rules, series, memory.column(clock.length));
  const { legs } = account;
  const [first] = BarCursor.forAll(account, clock, params, memory);
  const hasActions = series.some((bars) => bars.actions !== undefined);
  const atClose = rules.fill === "close";
  const last = clock.length - 1;
  const isPlain = legs.length === 1 && legs[0]!.isAlways && !account.hasFinancing && !hasActions && !atClose && watch === undefined;
  if (isPlain) runPlain(account, first, onBar);
  const active: Leg[] = [];
  for (let now = isPlain ? clock.length : 0; now <= last; now++) {
    if (account.hasFinancing && now > 0) account.accrue(clock[now]! - clock[now - 1]!);
    account.now = now;
    advance(legs, clock, now);
    if (hasActions) for (const leg of legs) applyActions(account, leg);
    if (gather(legs, active)) meet(account, active, now);
    onBar(first);
    if (watch !== undefined) watch(account);
    if (atClose) fillAtClose(account, now, now < last);
    if (account.mark(now)) callMargin(account);
  }
  if (last >= 0) finalize(account, last);
  return account;
}

/** The same for one symbol and what most runs have: here every step that is not needed shows. */
function runPlain(account: Portfolio, first: BarCursor, onBar: (bar: BarContext) => void): void {
  const { equity, held, legs } = account;
  const [leg] = legs as readonly [Leg];
  const { orders } = leg;
  for (let now = 0; now < equity.length; now++) {
    account.now = now;
    leg.bar = now;
    if (orders.length > 0 && !leg.isCalm) meet(account, legs, now);
    onBar(first);
    if (held.length === 0) equity[now] = account.cash;
    else if (account.mark(now)) callMargin(account);
  }
}

function advance(legs: readonly Leg[], clock: Float64Array, now: number): void {
  for (let i = 0; i < legs.length; i++) {
    const leg = legs[i]!;
    if (!leg.isAlways) leg.isNew = leg.bars.time[leg.bar + 1] === clock[now];
    if (leg.isNew) leg.bar++;
  }
}

/** The legs whose new bar may do something to their orders; false when there is none. */
function gather(legs: readonly Leg[], active: Leg[]): boolean {
  // Setting a length takes as long as ten bars.
  while (active.length > 0) active.pop();
  for (let i = 0; i < legs.length; i++) {
    const leg = legs[i]!;
    if (leg.orders.length > 0 && leg.isNew && !leg.isCalm) active.push(leg);
  }
  return active.length > 0;
}

function applyActions(account: Portfolio, leg: Leg): void {
  if (!leg.isNew) return;
  for (let action = leg.takeAction(); action !== undefined; action = leg.takeAction()) account.apply(leg, action);
}

/** What one symbol's sale brings in can buy another in the same bar: all reduce first. */
function meet(account: Portfolio, legs: readonly Leg[], now: number): void {
  for (const leg of legs) {
    expire(leg);
    reduceAtMarket(account, leg, leg.bars.open[leg.bar]!, now);
  }
  for (const leg of legs) openAtMarket(account, leg, leg.bars.open[leg.bar]!, now, true);
  for (const leg of legs) {
    meetBar(account, leg, now);
    leg.settle();
  }
}

function fillAtClose(account: Portfolio, now: number, canEnter: boolean): void {
  const { legs } = account;
  for (const leg of legs) if (leg.isNew && leg.orders.length > 0 && leg.isStirred) reduceAtMarket(account, leg, leg.bars.close[leg.bar]!, now);
  for (const leg of legs) {
    if (!leg.isNew || leg.orders.length === 0 || !leg.isStirred) continue;
    openAtMarket(account, leg, leg.bars.close[leg.bar]!, now, canEnter);
    leg.stir();
  }
}

/** Everything is closed at the next open, whatever the strategy wants. */
function callMargin(account: Portfolio): void {
  account.marginCalls++;
  for (const leg of account.legs) {
    leg.orders.length = 0;
    leg.stir();
    if (leg.units !== 0) leg.orders.push(exitOrder(leg.units > 0 ? -1 : 1, {}));
  }
}

/** Positions open after the last bar are closed at their last close, whatever the volume. */
function finalize(account: Portfolio, last: number): void {
  for (const leg of account.legs) {
    if (leg.units === 0) continue;
    const units = Math.abs(leg.units);
    const close = leg.bars.close[leg.bar]!;
    account.reduce(leg, units, account.costs.marketPrice(leg.units > 0 ? "sell" : "buy", close, units, leg.bars.volume, leg.bar), close, last, true);
  }
  account.equity[last] = account.cash;
}
