/** An intent as the body of POST /v2/orders: quantities and prices as plain decimal strings. */
import { decimalText, type Big } from "../base/decimal.ts";
import type { CheckedOrder, ClientOrderId, OrderIntent } from "../domain/orders.ts";

export type OrderBody = Readonly<Record<string, string | boolean | Readonly<Record<string, string>>>>;

export function orderBody(order: CheckedOrder | (OrderIntent & { readonly clientOrderId: ClientOrderId })): OrderBody {
  return {
    symbol: order.symbol,
    ...decimals({ qty: order.qty, notional: order.notional }),
    side: order.side,
    type: order.type,
    time_in_force: order.timeInForce,
    ...decimals({ limit_price: order.limitPrice, stop_price: order.stopPrice, trail_price: order.trailPrice, trail_percent: order.trailPercent }),
    ...(order.extendedHours === true ? { extended_hours: true } : {}),
    ...(orderClassOf(order) === "simple" ? {} : { order_class: orderClassOf(order) }),
    ...(order.takeProfit === undefined ? {} : { take_profit: decimals({ limit_price: order.takeProfit.limitPrice }) }),
    ...(order.stopLoss === undefined ? {} : { stop_loss: decimals({ stop_price: order.stopLoss.stopPrice, limit_price: order.stopLoss.limitPrice }) }),
    client_order_id: order.clientOrderId,
  };
}

/** As given; else a bracket with both exits, one-triggers-other with one. */
export function orderClassOf(order: OrderIntent): "simple" | "bracket" | "oco" | "oto" {
  if (order.orderClass !== undefined) return order.orderClass;
  if (order.takeProfit !== undefined && order.stopLoss !== undefined) return "bracket";
  return order.takeProfit !== undefined || order.stopLoss !== undefined ? "oto" : "simple";
}

function decimals(values: Readonly<Record<string, Big | undefined>>): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(values)) if (value !== undefined) texts[name] = decimalText(value);
  return texts;
}
