/**
 * The event engine: bar by bar, in this order: market orders of the bar before fill at the open; working limits and stops
 * meet the bar (domain/fills.ts); equity is marked; the strategy is called at the close.
 * Inside one bar the worse case is taken: the stop before the limit, unless the bar opens beyond the limit. A bracket
 * works from its entry on, in the entry's own bar too, but a limit entry's take-profit waits for the next bar, since the
 * bar's high may have come first. Slippage moves market and stop fills; a limit fills at its price or better.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { BarContext } from "../domain/strategy.ts";
import type { Params } from "../domain/backtest.ts";
import { limitFillInBar, marketFillPrice, stopFillInBar } from "../domain/fills.ts";
import { Ledger, type Rules } from "./ledger.ts";
import { BarCursor } from "./barCursor.ts";

export function runEvent(bars: BarSeries, onBar: (bar: BarContext) => void, params: Params, rules: Rules): Ledger {
  const { open, high, low, close } = bars;
  const bps = rules.costs.slippageBps;
  const last = close.length - 1;
  const ledger = new Ledger(rules, close.length);
  const cursor = new BarCursor(bars, params, ledger);
  for (let t = 0; t <= last; t++) {
    meetBar(cursor, ledger, t, open[t]!, high[t]!, low[t]!, bps);
    cursor.moveTo(t);
    onBar(cursor);
    if (rules.fill === "close") fillMarket(cursor, ledger, t, close[t]!, bps, t < last);
    ledger.mark(t, close[t]!);
  }
  if (last >= 0) ledger.finalize(marketFillPrice("sell", close[last]!, bps));
  return ledger;
}

function meetBar(cursor: BarCursor, ledger: Ledger, t: number, open: number, high: number, low: number, bps: number): void {
  fillMarket(cursor, ledger, t, open, bps, true);
  if (ledger.units === 0) fillEntries(cursor, ledger, t, open, high, low, bps);
  else fillExits(cursor, ledger, t, open, high, low, bps, true);
}

function fillMarket(cursor: BarCursor, ledger: Ledger, t: number, price: number, bps: number, canEnter: boolean): void {
  const orders = cursor.orders;
  if (orders.sellMarket && ledger.units > 0) {
    ledger.exit(t, marketFillPrice("sell", price, bps), false);
    cursor.cancelAll();
  } else if (orders.buyMarket) {
    if (canEnter && ledger.units === 0) enter(cursor, ledger, t, marketFillPrice("buy", price, bps));
    orders.buyMarket = false;
  }
}

function fillEntries(cursor: BarCursor, ledger: Ledger, t: number, open: number, high: number, low: number, bps: number): void {
  const orders = cursor.orders;
  const stop = stopFillInBar("buy", orders.buyStop, open, high, low);
  const limit = limitFillInBar("buy", orders.buyLimit, open, high, low);
  if (!Number.isNaN(stop)) {
    enter(cursor, ledger, t, marketFillPrice("buy", stop, bps));
    if (ledger.units > 0) fillExits(cursor, ledger, t, stop, high, low, bps, true);
  } else if (!Number.isNaN(limit)) {
    enter(cursor, ledger, t, limit);
    if (ledger.units > 0) fillExits(cursor, ledger, t, limit, high, low, bps, limit === open);
  }
}

/** `from` is the first price of the bar at which the position was held; `upside`: the bar's high came after it. */
function fillExits(cursor: BarCursor, ledger: Ledger, t: number, from: number, high: number, low: number, bps: number, upside: boolean): void {
  const orders = cursor.orders;
  const limit = limitFillInBar("sell", orders.sellLimit, from, high, low);
  const stop = stopFillInBar("sell", orders.sellStop, from, high, low);
  if (upside && from >= orders.sellLimit) ledger.exit(t, from, false);
  else if (!Number.isNaN(stop)) ledger.exit(t, marketFillPrice("sell", stop, bps), false);
  else if (upside && !Number.isNaN(limit)) ledger.exit(t, limit, false);
  if (ledger.units === 0) cursor.cancelAll();
}

/** The entry's bracket starts to work; its other entry orders are gone. */
function enter(cursor: BarCursor, ledger: Ledger, t: number, price: number): void {
  const { stopLoss, takeProfit } = cursor.orders;
  ledger.enter(t, price);
  cursor.cancelAll();
  if (ledger.units > 0) {
    cursor.orders.sellStop = stopLoss;
    cursor.orders.sellLimit = takeProfit;
  }
}
