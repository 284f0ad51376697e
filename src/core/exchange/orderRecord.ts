/** Makes the records of a new order and of the legs that it brings along. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import type { Side } from "../domain/orders.ts";
import { assetId } from "./assetId.ts";
import { POST_MS, type ExchangeClock } from "./exchangeClock.ts";
import type { OrderRequest } from "./orderRequest.ts";

import { isAuction, type OrderRecord, type PositionIntent } from "./records.ts";

export interface Making {
  readonly intent: PositionIntent;
  readonly accountNumber: string;
  readonly clock: ExchangeClock;
  readonly now: number;
  readonly nextSequence: () => number;
}

const ZERO = new Big(0);
/** Alpaca ends good-till-canceled orders after 90 days. */
const GTC_MS = 90 * 86_400_000;

/** The order waits for its first look at the market, its legs for the order. */
export function orderRecords(
  request: OrderRequest,
  clientOrderId: string,
  making: Making,
): { readonly order: OrderRecord; readonly legs: readonly OrderRecord[] } {
  const order = record(request, making, {
    clientOrderId,
    role: "entry",
    parentId: null,
    status: making.clock.isOpen(making.now) && !isAuction(request) ? "pending_new" : "accepted",
  });
  const legs = legRequests(request).map((leg) =>
    record(leg.request, making, { clientOrderId: randomUUID(), role: leg.role, parentId: order.id, status: "held" }),
  );
  order.legIds = legs.map((leg) => leg.id);
  return { order, legs };
}

function record(
  request: OrderRequest,
  { accountNumber, clock, now, intent, nextSequence }: Making,
  own: Pick<OrderRecord, "clientOrderId" | "role" | "parentId" | "status">,
): OrderRecord {
  return {
    ...own,
    id: randomUUID(),
    positionIntent: own.role === "entry" ? intent : `${request.side}_to_close`,
    accountNumber,
    assetId: assetId(request.symbol),
    sequence: nextSequence(),
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    orderClass: request.orderClass,
    timeInForce: request.timeInForce,
    extendedHours: request.extendedHours,
    qty: request.qty,
    notional: request.notional,
    limitPrice: request.limitPrice,
    stopPrice: request.stopPrice,
    trailPrice: request.trailPrice,
    trailPercent: request.trailPercent,
    highWaterMark: null,
    filledQty: ZERO,
    filledValue: ZERO,
    createdAt: now,
    updatedAt: now,
    submittedAt: now,
    filledAt: null,
    expiredAt: null,
    canceledAt: null,
    failedAt: null,
    replacedAt: null,
    replacedBy: null,
    replaces: null,
    expiresAt: expiry(request, clock, now),
    triggered: false,
    legIds: [],
  };
}

/** When an order ends by itself. */
export function expiry(request: Pick<OrderRequest, "timeInForce" | "extendedHours">, clock: ExchangeClock, now: number): number {
  if (request.timeInForce === "gtc") return clock.sessionFor(now + GTC_MS).close;
  if (request.timeInForce === "opg") return clock.nextOpen(now);
  const extended = request.extendedHours && clock.hours === "nyse";
  // In the hours after a close the day is not over for an order that trades then.
  if (extended && clock.isExtended(now) && !clock.isOpen(now)) return Math.min(clock.sessionFor(now).close, clock.sessionFor(now - POST_MS).close) + POST_MS;
  return clock.sessionFor(now).close + (extended ? POST_MS : 0);
}

/** The orders that a complex order brings along. */
function legRequests(request: OrderRequest): ReadonlyArray<{ readonly role: "take_profit" | "stop_loss"; readonly request: OrderRequest }> {
  if (request.orderClass === "simple") return [];
  const exitSide: Side = request.orderClass === "oco" ? request.side : request.side === "buy" ? "sell" : "buy";
  const base = { ...request, side: exitSide, limitPrice: null, stopPrice: null, takeProfit: null, stopLoss: null, clientOrderId: null };
  const legs: Array<{ role: "take_profit" | "stop_loss"; request: OrderRequest }> = [];
  if (request.takeProfit !== null && request.orderClass !== "oco")
    legs.push({ role: "take_profit", request: { ...base, type: "limit", limitPrice: request.takeProfit } });
  if (request.stopLoss !== null) {
    const { stop, limit } = request.stopLoss;
    legs.push({ role: "stop_loss", request: { ...base, type: limit === null ? "stop" : "stop_limit", stopPrice: stop, limitPrice: limit } });
  }
  return legs;
}
