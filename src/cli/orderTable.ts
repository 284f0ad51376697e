/** Orders as a table for people. */
import type { Order } from "../core/domain/orders.ts";
import { money } from "./format.ts";
import { table } from "./io.ts";

/** `from` says who sent it, in a column of its own. */
export function orderTable(orders: readonly Order[], from?: (order: Order) => string): string {
  if (orders.length === 0) return "No orders.";
  return table(
    ["Order", "Symbol", "Side", "Type", "Qty", "Limit", "Stop", "Status", "Filled", "Price", ...(from === undefined ? [] : ["From"])],
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
      ...(from === undefined ? [] : [from(o)]),
    ]),
  );
}
