/** Orders and modes in words, as a person reads them. */
import type { Order, TradingMode } from "../core/domain/orders.ts";
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
