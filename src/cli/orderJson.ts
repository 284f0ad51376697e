/** Orders, positions and accounts as JSON: money and quantities as decimal strings, times ISO 8601. */
import { decimalText, type Big } from "../core/base/decimal.ts";
import type { Account, Order, Position, Quote } from "../core/domain/orders.ts";

const text = (value: Big | null) => (value === null ? null : decimalText(value));
const time = (at: number | null) => (at === null ? null : new Date(at).toISOString());

export function orderJson(order: Order): object {
  return {
    id: order.id,
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    orderClass: order.orderClass,
    timeInForce: order.timeInForce,
    status: order.status,
    qty: text(order.qty),
    notional: text(order.notional),
    filledQty: text(order.filledQty),
    filledAvgPrice: text(order.filledAvgPrice),
    limitPrice: text(order.limitPrice),
    stopPrice: text(order.stopPrice),
    submittedAt: time(order.submittedAt),
    filledAt: time(order.filledAt),
    legs: order.legs.map(orderJson),
  };
}

export function positionJson(position: Position): object {
  return {
    symbol: position.symbol,
    side: position.side,
    qty: text(position.qty),
    avgEntryPrice: text(position.avgEntryPrice),
    currentPrice: text(position.currentPrice),
    marketValue: text(position.marketValue),
    costBasis: text(position.costBasis),
    unrealizedPl: text(position.unrealizedPl),
  };
}

export function accountJson(account: Account): object {
  return {
    accountNumber: account.accountNumber,
    status: account.status,
    currency: account.currency,
    cash: text(account.cash),
    equity: text(account.equity),
    lastEquity: text(account.lastEquity),
    buyingPower: text(account.buyingPower),
    portfolioValue: text(account.portfolioValue),
    mode: account.mode,
    simulated: account.simulated,
  };
}

export function quoteJson(quote: Quote): object {
  return { symbol: quote.symbol, bid: quote.bid, ask: quote.ask, bidSize: quote.bidSize, askSize: quote.askSize, at: time(quote.at) };
}
