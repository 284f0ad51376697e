/** Whether an account may send an order now: what it holds, what it can pay, what would trade with itself. Alpaca's statuses and words. */
import { Big } from "../base/decimal.ts";
import { newYorkDate, newYorkOffset, tradingDay } from "../domain/nyse.ts";
import { forbidden, unprocessable } from "./apiError.ts";
import { availableToClose, configurationOf, cost, figures, type AccountState, type Prices } from "./ledger.ts";
import type { MarketHours } from "./exchangeClock.ts";
import type { Market } from "./market.ts";
import type { OrderRequest } from "./orderRequest.ts";
import { isEnded, type OrderRecord } from "./records.ts";

export interface Situation {
  readonly market: Market;
  readonly now: number;
  readonly prices: Prices;
  readonly hours: MarketHours;
}

const ZERO = new Big(0);
/** Bound on what one account keeps open. */
const MAX_OPEN = 2000;
/** Equity from which an account may sell short, USD. */
const SHORT_EQUITY = 2000;

/** Throws an ApiError when the order is refused; changes nothing. */
export function checkOrder(account: AccountState, request: OrderRequest, { market, now, prices, hours }: Situation): void {
  const { symbol } = request;
  if (!market.has(symbol)) throw unprocessable(`asset "${symbol}" not found`);
  const { suspend_trade, no_shorting, fractional_trading } = configurationOf(account);
  if (suspend_trade) throw forbidden("new orders are rejected by user request");
  if (!fractional_trading && (request.qty === null || !request.qty.eq(request.qty.round(0))))
    throw forbidden("account is not allowed to trade fractional shares");
  if (account.open.size >= MAX_OPEN) throw forbidden(`too many open orders (${MAX_OPEN})`);
  checkExitDistance(request, market.quote(symbol, now));
  if (hours === "nyse") checkAuctionTime(request, now);
  const closes = isExit(account, request);
  if (request.orderClass === "oco" && !closes) throw unprocessable("oco orders must be exit orders");
  if (closes) checkExit(account, request, prices);
  else {
    if (no_shorting && request.side === "sell") throw forbidden("account is not allowed to short");
    checkEntry(account, request, prices);
  }
  checkWash(account, request, now);
}

/** Auctions take orders overnight and up to a while before they are held; where there is only open time, always. */
function checkAuctionTime({ timeInForce }: OrderRequest, now: number): void {
  if (timeInForce !== "opg" && timeInForce !== "cls") return;
  const minute = Math.floor(((now + newYorkOffset(now)) % 86_400_000) / 60_000);
  const [from, to] = timeInForce === "opg" ? [9 * 60 + 28, 19 * 60] : [15 * 60 + 50, 19 * 60];
  if (minute >= from && minute < to && tradingDay(newYorkDate(now)) !== undefined)
    throw unprocessable(`${timeInForce.toUpperCase()} orders are not accepted between ${timeInForce === "opg" ? "9:28am" : "3:50pm"} and 7:00pm ET`);
}

function isExit(account: AccountState, { symbol, side }: Pick<OrderRequest, "symbol" | "side">): boolean {
  const held = account.positions.get(symbol)?.qty ?? ZERO;
  return side === "sell" ? held.gt(0) : held.lt(0);
}

function checkExit(account: AccountState, request: OrderRequest, prices: Prices): void {
  if (request.orderClass === "bracket" || request.orderClass === "oto") throw unprocessable(`${request.orderClass} orders must be entry orders`);
  const wanted = request.qty ?? (request.notional as Big).div(prices.last(request.symbol));
  refuseBeyond(wanted, availableToClose(account, request.symbol, prices));
}

function refuseBeyond(wanted: Big, available: Big): void {
  if (wanted.gt(available))
    throw forbidden(`insufficient qty available for order (requested: ${wanted.round(9).toFixed()}, available: ${available.toFixed()})`);
}

function checkEntry(account: AccountState, request: OrderRequest, prices: Prices): void {
  const { equity, buyingPower } = figures(account, prices);
  if (request.side === "sell") {
    if (request.qty === null || !request.qty.eq(request.qty.round(0))) throw unprocessable("fractional orders cannot be sold short");
    if (equity.lt(SHORT_EQUITY)) throw forbidden("account is not allowed to short");
  }
  if (cost({ ...request, filledQty: ZERO, filledValue: ZERO }, prices).gt(buyingPower)) throw forbidden("insufficient buying power");
}

/** Opposite simple orders of one account that could meet each other. */
function checkWash(account: AccountState, request: OrderRequest, now: number): void {
  if (request.orderClass !== "simple") return;
  for (const other of account.open.values()) {
    if (isEnded(other) || other.symbol !== request.symbol || other.side === request.side || other.orderClass !== "simple" || other.expiresAt <= now) continue;
    const [buy, sell] = request.side === "buy" ? [request.limitPrice, other.limitPrice] : [other.limitPrice, request.limitPrice];
    if (buy === null || sell === null || buy.gte(sell)) throw forbidden("potential wash trade detected. use complex orders");
  }
}

/** The same for an order that takes the place of another. */
export function checkReplacement(account: AccountState, old: OrderRecord, next: OrderRecord, prices: Prices): void {
  if (old.role !== "entry") return;
  if (isExit(account, old)) {
    refuseBeyond((next.qty ?? ZERO).minus(next.filledQty), availableToClose(account, old.symbol, prices, old.id));
    return;
  }
  const more = cost(next, prices).minus(cost(old, prices));
  if (more.gt(figures(account, prices).buyingPower)) throw forbidden("insufficient buying power");
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
