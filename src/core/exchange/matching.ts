/** Whether and where a working order trades in a piece of time; rules are those of domain/fills.ts, which backtests use too. */
import { Big } from "../base/decimal.ts";
import {
  buyStopCollar,
  fillAgainstQuote,
  limitFillInBar,
  marketFillPrice,
  stopFillInBar,
  stopTriggered,
  volumeLimit,
  type Liquidity,
} from "../domain/fills.ts";
import type { OrderRecord } from "./records.ts";
import type { Market } from "./market.ts";
import type { MarketBar } from "./marketBar.ts";

/** What an order can trade with, and since when its earlier fills count against `most`. */
export interface Offer extends Liquidity {
  readonly since: number;
}

/** At a second, against the quote; undefined when it waits on. Moves trailing stops and remembers touched stops. */
export function matchSecond(order: OrderRecord, at: number, market: Market): Offer | undefined {
  if (market.halt(order.symbol, at) !== undefined) return undefined;
  if (needsTrigger(order)) {
    const last = market.last(order.symbol, at);
    order.triggered = stopTriggered(order.side, stopOf(order), last);
    if (!order.triggered) {
      trail(order, last, last);
      return undefined;
    }
  }
  const quote = market.quote(order.symbol, at);
  const price = fillAgainstQuote(order.side, limitOf(order), quote);
  if (Number.isNaN(price)) return undefined;
  const size = order.side === "buy" ? quote.askSize : quote.bidSize;
  const minute = market.minuteVolume(order.symbol, at);
  // What is shown can always be had.
  return { price, size, most: Math.max(size, volumeLimit(minute.volume)), since: minute.from };
}

/** In a bar that begins at `since`; undefined when it waits on. */
export function matchBar(order: OrderRecord, bar: MarketBar, since: number): Offer | undefined {
  const price = priceInBar(order, bar);
  return Number.isNaN(price) ? undefined : { price, size: Number.POSITIVE_INFINITY, most: volumeLimit(bar.v), since };
}

function priceInBar(order: OrderRecord, bar: MarketBar): number {
  let open = bar.o;
  if (needsTrigger(order)) {
    let touched = stopFillInBar(order.side, stopOf(order), bar.o, bar.h, bar.l);
    if (Number.isNaN(touched)) {
      trail(order, bar.h, bar.l);
      // The close comes after the extreme that the stop now trails.
      if (!stopTriggered(order.side, stopOf(order), bar.c)) return Number.NaN;
      touched = stopOf(order);
    }
    order.triggered = true;
    open = touched;
  }
  const limit = limitOf(order);
  return Number.isNaN(limit) ? marketFillPrice(order.side, open, 0) : limitFillInBar(order.side, limit, open, bar.h, bar.l);
}

/** True for a limit that the bar's first price already reaches: it comes before what happens inside the bar. */
export function fillsAtOpen(order: OrderRecord, bar: MarketBar): boolean {
  return order.type === "limit" && order.limitPrice !== null && (order.side === "buy" ? order.limitPrice.gte(bar.o) : order.limitPrice.lte(bar.o));
}

/** The price that an order does not go beyond, NaN for none. */
export function limitOf(order: OrderRecord): number {
  if (order.limitPrice !== null) return order.limitPrice.toNumber();
  return order.type === "stop" && order.side === "buy" ? buyStopCollar(stopOf(order)) : Number.NaN;
}

function stopOf(order: OrderRecord): number {
  return order.stopPrice?.toNumber() ?? Number.NaN;
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
