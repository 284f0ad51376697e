/** Reads the body of POST /v2/orders: shapes by valibot, then Alpaca's rules that need no account and no price. */
import * as v from "valibot";
import { Big } from "../base/decimal.ts";
import type { OrderClass, OrderType, Side, TimeInForce } from "../domain/orders.ts";
import { badParameter, unprocessable } from "./apiError.ts";
import type { PositionIntent } from "./records.ts";

const decimal = v.pipe(
  v.union([v.string(), v.number()]),
  v.transform((value) => String(value).trim()),
  v.regex(/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?$/, "is not a number"),
  v.maxLength(40),
  v.transform((text) => new Big(text)),
);
/** A decimal as text or number; null when absent. */
export const amount = v.optional(v.nullable(decimal), null);

const BODY = v.object({
  /** Or an asset's id. */
  symbol: v.pipe(v.string(), v.minLength(1, "is required"), v.maxLength(40)),
  qty: amount,
  notional: amount,
  side: v.picklist(["buy", "sell"]),
  /** Absent for a pair of exits only, which has one type. */
  type: v.optional(v.picklist(["market", "limit", "stop", "stop_limit", "trailing_stop"])),
  time_in_force: v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"]),
  limit_price: amount,
  stop_price: amount,
  trail_price: amount,
  trail_percent: amount,
  extended_hours: v.optional(v.nullable(v.boolean()), false),
  client_order_id: v.optional(v.nullable(v.string()), null),
  order_class: v.optional(v.nullable(v.picklist(["", "simple", "bracket", "oco", "oto"])), "simple"),
  take_profit: v.optional(v.nullable(v.object({ limit_price: amount })), null),
  stop_loss: v.optional(v.nullable(v.object({ stop_price: amount, limit_price: amount })), null),
  position_intent: v.optional(v.nullable(v.picklist(["buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close"])), null),
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
  /** What the client says that the order does; checked against what it would do. */
  readonly positionIntent: PositionIntent | null;
}

/** Throws an ApiError with Alpaca's words for the first thing that is wrong. */
export function readOrderRequest(body: unknown): OrderRequest {
  const raw = parseBody(BODY, body);
  const type = raw.order_class === "oco" ? "limit" : raw.type;
  if (type === undefined) throw badParameter("type is required");
  const request: OrderRequest = {
    symbol: raw.symbol.toUpperCase(),
    side: raw.side,
    type,
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
    positionIntent: raw.position_intent,
  };
  checkClientOrderId(request.clientOrderId);
  checkQuantity(request);
  checkPrices(request);
  checkTime(request);
  checkClass(request, raw.stop_loss !== null && raw.stop_loss.stop_price === null);
  return request;
}

/** A body by its schema; throws 422 that names the field. */
export function parseBody<T extends v.GenericSchema>(schema: T, body: unknown): v.InferOutput<T> {
  const parsed = v.safeParse(schema, body ?? {});
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = v.getDotPath(issue) ?? "body";
  throw badParameter(issue.kind === "schema" && issue.received === "undefined" ? `${field} is required` : `invalid ${field}: ${issue.message}`);
}

export function checkClientOrderId(id: string | null): void {
  if ((id?.length ?? 0) > 128) throw badParameter("client_order_id must be no more than 128 characters");
}

function checkQuantity(request: OrderRequest): void {
  const { qty, notional } = request;
  if (qty === null && notional === null) throw badParameter("qty or notional is required");
  if (qty !== null && notional !== null) throw badParameter("only one of qty or notional is accepted");
  if (qty !== null && qty.lte(0)) throw badParameter("qty must be > 0");
  if (notional !== null && notional.lt(1)) throw unprocessable("notional amount must be >= 1.00");
  for (const [field, value] of [
    ["qty", qty],
    ["notional", notional],
  ] as const)
    if (value !== null && !value.eq(value.round(9, Big.roundDown))) throw badParameter(`${field} must have at most 9 decimals`);
  const isFractional = notional !== null || (qty !== null && !qty.eq(qty.round(0)));
  if (!isFractional) return;
  if (request.timeInForce !== "day") throw unprocessable("fractional orders must be DAY orders");
  if (request.orderClass !== "simple") throw unprocessable("fractional orders must be simple orders");
  if (request.type === "trailing_stop") throw unprocessable("fractional orders cannot be trailing stop orders");
}

function checkPrices(request: OrderRequest): void {
  const { type, limitPrice, stopPrice } = request;
  const wants = { limit: type === "limit" || type === "stop_limit", stop: type === "stop" || type === "stop_limit" };
  const name = type.replace("_", " ");
  if ((wants.limit && limitPrice === null) || (wants.stop && stopPrice === null))
    throw badParameter(type === "stop_limit" ? "stop limit orders require both stop and limit price" : `${name} orders require a ${name} price`);
  const unwanted = [...(!wants.stop && stopPrice !== null ? ["stop"] : []), ...(!wants.limit && limitPrice !== null ? ["limit"] : [])];
  if (unwanted.length > 0) throw badParameter(`${name} orders require no ${wants.limit || wants.stop ? unwanted[0] : "stop or limit"} price`);
  checkTrail(request);
  checkTick("limit_price", limitPrice);
  checkTick("stop_price", stopPrice);
  checkTick("take_profit.limit_price", request.takeProfit);
  checkTick("stop_loss.stop_price", request.stopLoss?.stop ?? null);
  checkTick("stop_loss.limit_price", request.stopLoss?.limit ?? null);
}

function checkTrail({ type, trailPrice, trailPercent }: OrderRequest): void {
  if (type !== "trailing_stop") {
    if ((trailPrice ?? trailPercent) !== null) throw badParameter("trail_price and trail_percent are for trailing stop orders");
    return;
  }
  if ((trailPrice === null) === (trailPercent === null)) throw badParameter("trailing stop orders must specify one of trail_price or trail_percent");
  if (trailPrice?.lte(0) === true) throw badParameter("trail_price must be > 0");
  if (trailPercent?.lt("0.1") === true) throw badParameter("trail_percent must be greater than or equal to 0.1");
  if (trailPercent?.gte(100) === true) throw badParameter("trail_percent must be less than 100");
}

function checkTime({ type, timeInForce, extendedHours }: OrderRequest): void {
  const name = type.replace("_", " ");
  if ((timeInForce === "opg" || timeInForce === "cls") && type !== "market" && type !== "limit")
    throw unprocessable(`${timeInForce.toUpperCase()} orders must be market or limit orders`);
  const isDayOrGtc = timeInForce === "day" || timeInForce === "gtc";
  if (type === "trailing_stop" && !isDayOrGtc) throw unprocessable("trailing stop orders must be DAY or GTC");
  if (!extendedHours) return;
  if (type !== "market" && type !== "limit") throw unprocessable(`${name} orders are not eligible for extended hours trading`);
  if (type === "market" || !isDayOrGtc) throw unprocessable("extended hours order must be DAY or GTC limit orders");
}

/** Two decimals from $1, four below; the tick is that of the price itself. */
export function checkTick(field: string, price: Big | null): void {
  if (price === null) return;
  if (price.lte(0)) throw badParameter(`${field.replace("_", " ")} must be > 0`);
  if (!price.eq(price.round(price.gte(1) ? 2 : 4, Big.roundDown)))
    throw unprocessable(`invalid ${field} ${price.toFixed()}. sub-penny increment does not fulfill minimum pricing criteria`);
}

function checkClass(request: OrderRequest, stopLossWithoutStop: boolean): void {
  const { orderClass, takeProfit, stopLoss } = request;
  if (stopLossWithoutStop) throw badParameter("stop_loss.stop_price is required");
  if (orderClass === "simple") {
    if (takeProfit !== null || stopLoss !== null) throw badParameter("take_profit and stop_loss need order_class bracket, oco or oto");
    return;
  }
  if (request.timeInForce !== "day" && request.timeInForce !== "gtc") throw unprocessable("complex orders must be DAY or GTC");
  if (request.extendedHours) throw unprocessable("complex orders are not supported in extended hours");
  if (request.type === "trailing_stop") throw unprocessable("trailing stop orders must be simple orders");
  if (orderClass === "bracket" && (takeProfit === null || stopLoss === null))
    throw badParameter(`bracket orders require ${takeProfit === null ? "take_profit.limit_price" : "stop_loss.stop_price"}`);
  if (orderClass === "oco" && stopLoss === null) throw badParameter("oco orders require stop_loss.stop_price");
  if (orderClass === "oto" && (takeProfit === null) === (stopLoss === null)) throw badParameter("oto orders require exactly one of take_profit and stop_loss");
  const profit = orderClass === "oco" ? request.limitPrice : takeProfit;
  if (profit !== null && stopLoss !== null && (exitsLong(request) ? profit.lte(stopLoss.stop) : profit.gte(stopLoss.stop))) {
    throw unprocessable(`take_profit.limit_price must be ${exitsLong(request) ? ">" : "<"} stop_loss.stop_price`);
  }
}

/** True when the exits of the order sell. */
function exitsLong({ orderClass, side }: OrderRequest): boolean {
  return orderClass === "oco" ? side === "sell" : side === "buy";
}
