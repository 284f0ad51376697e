/** Orders as a table for people. */
import type { Order } from "../core/domain/orders.ts";
import { money } from "./format.ts";
import { table } from "./io.ts";

export function orderTable(orders: readonly Order[]): string {
  if (orders.length === 0) return "No orders.";
  return table(
    ["Order", "Symbol", "Side", "Type", "Qty", "Limit", "Stop", "Status", "Filled", "Price"],
    orders.map((o) => [
      o.id,
      o.symbol,
      o.side,
      o.orderClass === "simple" ? o.type : `${o.type} (${o.orderClass})`,
      o.qty?.toFixed() ?? money(o.notional),
      money(o.limitPrice),
      money(o.stopPrice),
      o.status,
      o.filledQty.toFixed(),
      money(o.filledAvgPrice),
    ]),
  );
}
