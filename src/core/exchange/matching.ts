/** Whether and where a working order trades in a piece of time; rules are those of domain/fills.ts, which backtests use too. */
import { Big } from "../base/decimal.ts";
import { fillAgainstQuote, limitFillInBar, marketFillPrice, stopFillInBar, stopTriggered } from "../domain/fills.ts";
import type { OrderRecord } from "./records.ts";
import type { Market, MarketBar } from "./market.ts";
import type { Step } from "./steps.ts";

/** The price at which the order fills in this piece, NaN when it waits on. Moves trailing stops and remembers touched stops. */
export function matchOrder(order: OrderRecord, step: Exclude<Step, { kind: "open" | "close" }>, market: Market): number {
  switch (step.kind) {
    case "second":
      return matchSecond(order, step.at, market);
    case "minute":
      return matchBar(order, market.minuteBars(order.symbol, step.day, step.at, step.end)[0] as MarketBar);
    case "day":
      return matchBar(order, market.dailyBar(order.symbol, step.day));
  }
}

export function matchSecond(order: OrderRecord, at: number, market: Market): number {
  const quote = market.quote(order.symbol, at);
  if (needsTrigger(order)) {
    const last = market.last(order.symbol, at);
    const stop = order.stopPrice === null ? Number.NaN : order.stopPrice.toNumber();
    order.triggered = stopTriggered(order.side, stop, last);
    if (!order.triggered) {
      trail(order, last, last);
      return Number.NaN;
    }
  }
  return fillAgainstQuote(order.side, order.limitPrice?.toNumber() ?? Number.NaN, quote);
}

function matchBar(order: OrderRecord, bar: MarketBar): number {
  const limit = order.limitPrice?.toNumber() ?? Number.NaN;
  let open = bar.o;
  if (needsTrigger(order)) {
    const stop = order.stopPrice === null ? Number.NaN : order.stopPrice.toNumber();
    const touched = stopFillInBar(order.side, stop, bar.o, bar.h, bar.l);
    if (Number.isNaN(touched)) {
      trail(order, bar.h, bar.l);
      return Number.NaN;
    }
    order.triggered = true;
    if (Number.isNaN(limit)) return touched;
    open = touched;
  }
  if (Number.isNaN(limit)) return marketFillPrice(order.side, open, 0);
  return limitFillInBar(order.side, limit, open, bar.h, bar.l);
}

function needsTrigger(order: OrderRecord): boolean {
  return !order.triggered && (order.type === "stop" || order.type === "stop_limit" || order.type === "trailing_stop");
}

/** A trailing stop follows the best price since it was sent and never retreats. */
export function trail(order: OrderRecord, high: number, low: number): void {
  if (order.type !== "trailing_stop") return;
  const best = new Big(order.side === "sell" ? high : low);
  const mark = order.highWaterMark;
  if (mark !== null && order.stopPrice !== null && (order.side === "sell" ? best.lte(mark) : best.gte(mark))) return;
  const distance = order.trailPrice ?? best.times(order.trailPercent as Big).div(100);
  order.highWaterMark = best;
  order.stopPrice = (order.side === "sell" ? best.minus(distance) : best.plus(distance)).round(2, order.side === "sell" ? Big.roundDown : Big.roundUp);
}
