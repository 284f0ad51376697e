/** Whether an account may send an order now: what it holds, what it can pay, what would trade with itself. Alpaca's statuses and words. */
import { Big } from "../base/decimal.ts";
import { newYorkDate, newYorkOffset, tradingDay } from "../domain/nyse.ts";
import { forbidden, unprocessable } from "./apiError.ts";
import { claimsOn, configurationOf, type AccountState, type Prices } from "./ledger.ts";
import { cost, figures, type Figures } from "./margin.ts";
import type { MarketHours } from "./exchangeClock.ts";
import type { Market } from "./market.ts";
import type { OrderRequest } from "./orderRequest.ts";
import { isEnded, type OrderRecord, type PositionIntent } from "./records.ts";

export interface Situation {
  readonly market: Market;
  readonly now: number;
  readonly prices: Prices;
  readonly hours: MarketHours;
}

const ZERO = new Big(0);
/** Bound on what one account keeps open. */
const MAX_OPEN = 2000;

/** Throws an ApiError when the order is refused; changes nothing. Answers what the order does to the position. */
export function checkOrder(account: AccountState, request: OrderRequest, { market, now, prices, hours }: Situation): PositionIntent {
  const { symbol } = request;
  if (!market.has(symbol)) throw unprocessable(`asset "${symbol}" not found`);
  const { suspend_trade, fractional_trading } = configurationOf(account);
  if (suspend_trade) throw forbidden("new orders are rejected by user request");
  if (!fractional_trading && (request.qty === null || !request.qty.eq(request.qty.round(0))))
    throw forbidden("fractional trading is disabled for this account");
  if (account.open.size >= MAX_OPEN) throw forbidden(`too many open orders (${MAX_OPEN})`);
  checkExitDistance(request, market.quote(symbol, now));
  if (hours === "nyse") checkAuctionTime(request, now);
  const closes = isExit(account, request);
  const intent = `${request.side}_to_${closes ? "close" : "open"}` as const;
  if (request.positionIntent !== null && request.positionIntent !== intent)
    throw unprocessable(`position intent mismatch, inferred: ${intent}, specified: ${request.positionIntent}`);
  if (request.orderClass === "oco" && !closes) throw unprocessable("oco orders must be exit orders");
  checkStopSide(request, prices);
  if (closes) checkExit(account, request, prices);
  else checkEntry(account, request, prices);
  checkWash(account, request, now);
  return intent;
}

/** Auctions take orders overnight and up to a while before they are held (the closing one ten minutes before, on half days as well); where there is only open time, always. */
function checkAuctionTime({ timeInForce }: OrderRequest, now: number): void {
  if (timeInForce !== "opg" && timeInForce !== "cls") return;
  const minuteOf = (at: number) => Math.floor(((at + newYorkOffset(at)) % 86_400_000) / 60_000);
  const minute = minuteOf(now);
  const day = tradingDay(newYorkDate(now));
  if (day === undefined) return;
  const closes = minuteOf(day.close);
  const from = timeInForce === "opg" ? 9 * 60 + 28 : closes - 10;
  if (minute >= from && minute < 19 * 60)
    throw forbidden(
      `${timeInForce} orders must be submitted after 7:00pm and before ${timeInForce === "opg" ? "9:28am" : closes < 960 ? "12:50pm" : "3:50pm"}`,
    );
}

/** A stop that the market has passed already is none. */
function checkStopSide({ type, side, symbol, stopPrice }: Pick<OrderRequest, "type" | "side" | "symbol" | "stopPrice">, prices: Prices): void {
  if ((type !== "stop" && type !== "stop_limit") || stopPrice === null) return;
  const last = prices.last(symbol);
  if (side === "sell" ? stopPrice.lt(last) : stopPrice.gt(last)) return;
  throw unprocessable(`stop price must be ${side === "sell" ? "less" : "greater"} than current price`, {
    market_price: last.toFixed(),
    stop_price: stopPrice.toFixed(),
  });
}

function isExit(account: AccountState, { symbol, side }: Pick<OrderRequest, "symbol" | "side">): boolean {
  const held = account.positions.get(symbol)?.qty ?? ZERO;
  return side === "sell" ? held.gt(0) : held.lt(0);
}

function checkExit(account: AccountState, request: OrderRequest, prices: Prices): void {
  if (request.orderClass === "bracket" || request.orderClass === "oto") throw unprocessable(`${request.orderClass} orders must be entry orders`);
  refuseBeyond(request.qty ?? (request.notional as Big).div(prices.last(request.symbol)), account, request.symbol, prices);
}

function refuseBeyond(wanted: Big, account: AccountState, symbol: string, prices: Prices, except?: string): void {
  const { available, held, claimed, orderIds } = claimsOn(account, symbol, prices, except);
  if (wanted.lte(available)) return;
  throw forbidden(`insufficient qty available for order (requested: ${wanted.round(9).toFixed()}, available: ${available.toFixed()})`, {
    symbol,
    available: available.toFixed(),
    existing_qty: held.toFixed(),
    held_for_orders: claimed.toFixed(),
    ...(orderIds.length === 0 ? {} : { related_orders: orderIds.slice(0, 20) }),
  });
}

function checkEntry(account: AccountState, request: OrderRequest, prices: Prices): void {
  const worth = figures(account, prices);
  const isFractional = request.qty === null || !request.qty.eq(request.qty.round(0));
  if (request.side === "sell") {
    if (isFractional) throw unprocessable("fractional orders cannot be sold short");
    if (!worth.mayShort) throw forbidden("account is not allowed to short");
  }
  const basis = cost({ ...request, filledQty: ZERO, filledValue: ZERO }, prices);
  if (isFractional && basis.lt(1)) throw forbidden("cost basis must be >= minimal amount of order 1");
  refuseUnaffordable(basis, worth, basis);
}

function refuseUnaffordable(more: Big, { buyingPower }: Figures, basis: Big): void {
  if (more.gt(buyingPower))
    throw forbidden("insufficient buying power", { buying_power: buyingPower.round(2, Big.roundDown).toFixed(), cost_basis: basis.toFixed() });
}

/** Opposite simple orders of one account that could meet each other. */
function checkWash(
  account: AccountState,
  order: Pick<OrderRequest, "symbol" | "side" | "orderClass" | "limitPrice"> & { readonly id?: string },
  now: number,
): void {
  if (order.orderClass !== "simple") return;
  for (const other of account.open.values()) {
    if (isEnded(other) || other.symbol !== order.symbol || other.side === order.side || other.orderClass !== "simple" || other.expiresAt <= now) continue;
    const [buy, sell] = order.side === "buy" ? [order.limitPrice, other.limitPrice] : [other.limitPrice, order.limitPrice];
    if (buy !== null && sell !== null && buy.lt(sell)) continue;
    throw forbidden("potential wash trade detected. use complex orders", {
      reject_reason: `opposite side ${other.type === "limit" ? "limit" : "market/stop"} order exists`,
      existing_order_id: other.id,
    });
  }
}

/** The same for an order that takes the place of another. */
export function checkReplacement(account: AccountState, old: OrderRecord, next: OrderRecord, { prices, now }: Pick<Situation, "prices" | "now">): void {
  if (!old.triggered) checkStopSide(next, prices);
  checkWash(account, next, now);
  if (old.role !== "entry") return;
  if (isExit(account, old)) refuseBeyond((next.qty ?? ZERO).minus(next.filledQty), account, old.symbol, prices, old.id);
  else {
    const basis = cost(next, prices);
    refuseUnaffordable(basis.minus(cost(old, prices)), figures(account, prices), basis);
  }
}

/** Exits must lie at least a cent beyond the price that the entry starts from. */
function checkExitDistance(request: OrderRequest, quote: { readonly bid: number; readonly ask: number }): void {
  if (request.orderClass === "simple" || request.orderClass === "oco") return;
  const isBuy = request.side === "buy";
  const base = request.limitPrice ?? request.stopPrice ?? new Big(isBuy ? quote.ask : quote.bid);
  const { stopLoss, takeProfit } = request;
  if (stopLoss !== null && (isBuy ? stopLoss.stop.gt(base.minus("0.01")) : stopLoss.stop.lt(base.plus("0.01")))) {
    throw unprocessable(`stop_loss.stop_price must be ${isBuy ? "<= base_price - 0.01" : ">= base_price + 0.01"} (base_price ${base.toFixed()})`);
  }
  if (takeProfit !== null && (isBuy ? takeProfit.lt(base.plus("0.01")) : takeProfit.gt(base.minus("0.01")))) {
    throw unprocessable(`take_profit.limit_price must be ${isBuy ? ">= base_price + 0.01" : "<= base_price - 0.01"} (base_price ${base.toFixed()})`);
  }
}
