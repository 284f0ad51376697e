/** Orders in words, the same on every front. */
import type { Account, OrderChange, OrderIntent } from "./orders.ts";

/** "Buy 40 AAPL, limit 231.40, GTC". */
export function orderWords(order: OrderIntent): string {
  const parts = [
    `${order.side === "buy" ? "Buy" : "Sell"} ${order.qty === undefined ? `$${order.notional?.toFixed() ?? "?"} of` : order.qty.toFixed()} ${order.symbol}`,
  ];
  if (order.limitPrice !== undefined) parts.push(`limit ${order.limitPrice.toFixed()}`);
  if (order.stopPrice !== undefined) parts.push(`stop ${order.stopPrice.toFixed()}`);
  if (order.trailPercent !== undefined) parts.push(`trailing stop ${order.trailPercent.toFixed()} %`);
  if (order.trailPrice !== undefined) parts.push(`trailing stop $${order.trailPrice.toFixed()}`);
  if (order.takeProfit !== undefined) parts.push(`take profit ${order.takeProfit.limitPrice.toFixed()}`);
  if (order.stopLoss !== undefined) parts.push(`stop loss ${order.stopLoss.stopPrice.toFixed()}`);
  if (order.timeInForce !== "day") parts.push(order.timeInForce.toUpperCase());
  if (order.extendedHours === true) parts.push("extended hours");
  return parts.join(", ");
}

/** "limit 231.40, quantity 10". */
export function changeWords(change: OrderChange): string {
  const parts = [
    change.qty === undefined ? "" : `quantity ${change.qty.toFixed()}`,
    change.limitPrice === undefined ? "" : `limit ${change.limitPrice.toFixed()}`,
    change.stopPrice === undefined ? "" : `stop ${change.stopPrice.toFixed()}`,
    change.trail === undefined ? "" : `trail ${change.trail.toFixed()}`,
    change.timeInForce === undefined ? "" : change.timeInForce.toUpperCase(),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** "SIMULATED", "PAPER" or "LIVE"; "LIVE SIMULATED" where our own exchange is traded at as if it were a live one. */
export function accountKind({ mode, simulated }: Pick<Account, "mode" | "simulated">): string {
  if (mode === "live") return simulated ? "LIVE SIMULATED" : "LIVE";
  return simulated ? "SIMULATED" : "PAPER";
}
