/** Orders, accounts and positions in words: what a person reads, and what a command returns to a program. */
import type { Account, Order, Position, TradingMode } from "../core/domain/orders.ts";
import { number } from "../webview/format.ts";

/** "Bought 1 AAPL at 231.49." or what else became of it. */
export function outcomeWords(order: Order): string {
  const asked = `${order.side === "buy" ? "Buy" : "Sell"} ${order.qty?.toFixed() ?? `$${order.notional?.toFixed() ?? "?"} of`} ${order.symbol}`;
  switch (order.status) {
    case "filled":
      return `${order.side === "buy" ? "Bought" : "Sold"} ${order.filledQty.toFixed()} ${order.symbol} at ${order.filledAvgPrice?.toFixed() ?? "–"}.`;
    case "rejected":
      return `${asked}: rejected by the exchange.`;
    case "canceled":
    case "expired":
      return `${asked}: ${order.status}, ${order.filledQty.toFixed()} filled.`;
    case "partially_filled":
      return `${asked}: ${order.filledQty.toFixed()} filled so far at ${order.filledAvgPrice?.toFixed() ?? "–"}.`;
    default:
      return `${asked}${order.limitPrice === null ? "" : `, limit ${order.limitPrice.toFixed()}`}${order.stopPrice === null ? "" : `, stop ${order.stopPrice.toFixed()}`}: waiting at the exchange.`;
  }
}

/** "SIMULATED", "PAPER" or "LIVE". */
export function modeWord(mode: TradingMode): "SIMULATED" | "PAPER" | "LIVE" {
  return mode === "embedded" ? "SIMULATED" : mode === "paper" ? "PAPER" : "LIVE";
}

/** US dollars with cents, from an exact decimal's text. */
export function dollars(value: { toNumber(): number }): string {
  const amount = value.toNumber();
  return `${amount < 0 ? "−" : ""}$${number(amount)}`;
}

export function plainAccount(account: Account) {
  return {
    accountNumber: account.accountNumber,
    status: account.status,
    currency: account.currency,
    cash: account.cash.toFixed(),
    equity: account.equity.toFixed(),
    lastEquity: account.lastEquity.toFixed(),
    buyingPower: account.buyingPower.toFixed(),
    portfolioValue: account.portfolioValue.toFixed(),
    mode: account.mode,
    simulated: account.simulated,
  };
}

export function plainPosition(position: Position) {
  return {
    symbol: position.symbol,
    qty: position.qty.toFixed(),
    side: position.side,
    avgEntryPrice: position.avgEntryPrice.toFixed(),
    currentPrice: position.currentPrice?.toFixed() ?? null,
    marketValue: position.marketValue?.toFixed() ?? null,
    costBasis: position.costBasis.toFixed(),
    unrealizedPl: position.unrealizedPl?.toFixed() ?? null,
  };
}

export function plainOrder(order: Order) {
  return {
    id: order.id as string,
    clientOrderId: order.clientOrderId as string,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    status: order.status,
    qty: order.qty?.toFixed() ?? null,
    filledQty: order.filledQty.toFixed(),
    filledAvgPrice: order.filledAvgPrice?.toFixed() ?? null,
    limitPrice: order.limitPrice?.toFixed() ?? null,
    stopPrice: order.stopPrice?.toFixed() ?? null,
  };
}
