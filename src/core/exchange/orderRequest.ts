/** Reads the body of POST /v2/orders: shapes by valibot, then Alpaca's rules that need no account and no price. */
import * as v from "valibot";
import { Big } from "../base/decimal.ts";
import type { OrderClass, OrderType, Side, TimeInForce } from "../domain/orders.ts";
import { badRequest, unprocessable } from "./apiError.ts";

const decimal = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value).trim()),
  v.regex(/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?$/, "is not a number"),
  v.maxLength(40),
  v.transform((text) => new Big(text)),
);
const amount = v.optional(v.nullable(decimal), null);

const BODY = v.object({
  symbol: v.pipe(v.string(), v.maxLength(32)),
  qty: amount,
  notional: amount,
  side: v.picklist(["buy", "sell"]),
  type: v.optional(v.picklist(["market", "limit", "stop", "stop_limit", "trailing_stop"]), "market"),
  time_in_force: v.optional(v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"]), "day"),
  limit_price: amount,
  stop_price: amount,
  trail_price: amount,
  trail_percent: amount,
  extended_hours: v.optional(v.nullable(v.boolean()), false),
  client_order_id: v.optional(v.nullable(v.string()), null),
  order_class: v.optional(v.nullable(v.picklist(["", "simple", "bracket", "oco", "oto"])), "simple"),
  take_profit: v.optional(v.nullable(v.object({ limit_price: amount })), null),
  stop_loss: v.optional(v.nullable(v.object({ stop_price: amount, limit_price: amount })), null),
});

export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly orderClass: OrderClass;
  readonly qty: Big | null;
  readonly notional: Big | null;
  readonly limitPrice: Big | null;
  readonly stopPrice: Big | null;
  readonly trailPrice: Big | null;
  readonly trailPercent: Big | null;
  readonly extendedHours: boolean;
  readonly clientOrderId: string | null;
  readonly takeProfit: Big | null;
  readonly stopLoss: { readonly stop: Big; readonly limit: Big | null } | null;
}

export function readOrderRequest(body: unknown): OrderRequest {
  const parsed = v.safeParse(BODY, body ?? {});
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const field = v.getDotPath(issue) ?? "body";
    throw issue.kind === "schema" && issue.received === "undefined"
      ? unprocessable(`${field} is required`)
      : unprocessable(`invalid ${field}: ${issue.message}`);
  }
  const raw = parsed.output;
  const request: OrderRequest = {
    symbol: raw.symbol.toUpperCase(),
    side: raw.side,
    type: raw.order_class === "oco" ? "limit" : raw.type,
    timeInForce: raw.time_in_force,
    orderClass: raw.order_class === null || raw.order_class === "" ? "simple" : raw.order_class,
    qty: raw.qty,
    notional: raw.notional,
    limitPrice: raw.order_class === "oco" ? (raw.take_profit?.limit_price ?? raw.limit_price) : raw.limit_price,
    stopPrice: raw.stop_price,
    trailPrice: raw.trail_price,
    trailPercent: raw.trail_percent,
    extendedHours: raw.extended_hours ?? false,
    clientOrderId: raw.client_order_id === "" ? null : raw.client_order_id,
    takeProfit: raw.take_profit?.limit_price ?? null,
    stopLoss: raw.stop_loss === null || raw.stop_loss.stop_price === null ? null : { stop: raw.stop_loss.stop_price, limit: raw.stop_loss.limit_price },
  };
  checkQuantity(request);
  checkPrices(request);
  checkClass(request, raw.stop_loss !== null && raw.stop_loss.stop_price === null);
  if ((request.clientOrderId?.length ?? 0) > 128) throw badRequest("client_order_id must be no more than 128 characters");
  return request;
}

function checkQuantity(request: OrderRequest): void {
  const { qty, notional } = request;
  if (qty === null && notional === null) throw unprocessable("qty or notional is required");
  if (qty !== null && notional !== null) throw unprocessable("only one of qty or notional is accepted");
  if (qty !== null && (qty.lte(0) || !qty.eq(qty.round(9, Big.roundDown))))
    throw unprocessable(qty.lte(0) ? "qty must be > 0" : "qty must have at most 9 decimals");
  if (notional !== null && notional.lt(1)) throw unprocessable("notional amount must be >= 1.00");
  const isFractional = notional !== null || (qty !== null && !qty.eq(qty.round(0)));
  if (!isFractional) return;
  if (request.timeInForce !== "day") throw unprocessable("fractional orders must be DAY orders");
  if (request.orderClass !== "simple") throw unprocessable("fractional orders must be simple orders");
  if (request.type === "trailing_stop") throw unprocessable("fractional orders cannot be trailing stop orders");
}

function checkPrices(request: OrderRequest): void {
  const { type, limitPrice, stopPrice, trailPrice, trailPercent } = request;
  const wantsLimit = type === "limit" || type === "stop_limit";
  const wantsStop = type === "stop" || type === "stop_limit";
  if (wantsLimit && limitPrice === null) throw unprocessable(`${type} orders require a limit price`.replace("_", " "));
  if (wantsStop && stopPrice === null) throw unprocessable(`${type} orders require a stop price`.replace("_", " "));
  if (!wantsLimit && limitPrice !== null) throw unprocessable(`${type} orders must not have a limit price`.replace("_", " "));
  if (!wantsStop && stopPrice !== null) throw unprocessable(`${type} orders must not have a stop price`.replace("_", " "));
  if (type === "trailing_stop" && (trailPrice === null) === (trailPercent === null))
    throw unprocessable("trailing stop orders require exactly one of trail_price and trail_percent");
  if (type !== "trailing_stop" && (trailPrice ?? trailPercent) !== null) throw unprocessable("trail_price and trail_percent are for trailing stop orders");
  for (const price of [limitPrice, stopPrice, request.takeProfit, request.stopLoss?.stop ?? null, request.stopLoss?.limit ?? null]) checkTick(price);
  for (const trail of [trailPrice, trailPercent]) if (trail?.lte(0) === true) throw unprocessable("trail must be > 0");
  if ((request.timeInForce === "opg" || request.timeInForce === "cls") && type !== "market" && type !== "limit")
    throw unprocessable(`${request.timeInForce.toUpperCase()} orders must be market or limit orders`);
  const onlyDayOrGtc = request.timeInForce === "day" || request.timeInForce === "gtc";
  if (type === "trailing_stop" && !onlyDayOrGtc) throw unprocessable("trailing stop orders must be DAY or GTC");
  if (request.extendedHours && (type !== "limit" || !onlyDayOrGtc)) throw unprocessable("extended hours order must be DAY or GTC limit orders");
}

/** Two decimals from $1, four below; the tick is that of the price itself. */
export function checkTick(price: Big | null): void {
  if (price === null) return;
  if (price.lte(0)) throw unprocessable("price must be > 0");
  if (!price.eq(price.round(price.gte(1) ? 2 : 4, Big.roundDown))) {
    throw unprocessable(`invalid price ${price.toFixed()}. sub-penny increment does not fulfill minimum pricing criteria`);
  }
}

function checkClass(request: OrderRequest, stopLossWithoutStop: boolean): void {
  const { orderClass, takeProfit, stopLoss } = request;
  if (stopLossWithoutStop) throw unprocessable("stop_loss.stop_price is required");
  if (orderClass === "simple") {
    if (takeProfit !== null || stopLoss !== null) throw unprocessable("take_profit and stop_loss need order_class bracket, oco or oto");
    return;
  }
  if (request.timeInForce !== "day" && request.timeInForce !== "gtc") throw unprocessable("complex orders must be DAY or GTC");
  if (request.extendedHours) throw unprocessable("complex orders are not supported in extended hours");
  if (request.type === "trailing_stop") throw unprocessable("trailing stop orders must be simple orders");
  if (orderClass === "bracket" && (takeProfit === null || stopLoss === null))
    throw unprocessable(`bracket orders require ${takeProfit === null ? "take_profit.limit_price" : "stop_loss.stop_price"}`);
  if (orderClass === "oco" && stopLoss === null) throw unprocessable("oco orders require stop_loss.stop_price");
  if (orderClass === "oto" && (takeProfit === null) === (stopLoss === null)) throw unprocessable("oto orders require exactly one of take_profit and stop_loss");
  const profit = orderClass === "oco" ? request.limitPrice : takeProfit;
  const entersLong = orderClass === "oco" ? request.side === "sell" : request.side === "buy";
  if (profit !== null && stopLoss !== null && (entersLong ? profit.lte(stopLoss.stop) : profit.gte(stopLoss.stop))) {
    throw unprocessable(`take_profit.limit_price must be ${entersLong ? ">" : "<"} stop_loss.stop_price`);
  }
}
