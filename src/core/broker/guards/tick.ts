/** Prices have two decimals from $1.00, four below; the tick is that of the order's own price (SEC Rule 612, Alpaca). */
import { Big } from "../../base/decimal.ts";
import type { OrderIntent, Side } from "../../domain/orders.ts";
import { refuse, type Refusal } from "./verdicts.ts";

export function tickGuard(intent: OrderIntent): Refusal | null {
  const exitSide: Side = intent.side === "buy" ? "sell" : "buy";
  return (
    offTick("limit price", intent.limitPrice, intent.side, "limit") ??
    offTick("stop price", intent.stopPrice, intent.side, "stop") ??
    offTick("take-profit price", intent.takeProfit?.limitPrice, exitSide, "limit") ??
    offTick("stop-loss price", intent.stopLoss?.stopPrice, exitSide, "stop") ??
    offTick("stop-loss limit price", intent.stopLoss?.limitPrice, exitSide, "limit")
  );
}

/** The nearest allowed price that is no worse: limits against the order, stops away from the market. */
export function roundToTick(price: Big, side: Side, kind: "limit" | "stop"): Big {
  const down = (side === "buy") === (kind === "limit");
  const rounded = price.round(decimalsAt(price), down ? Big.roundDown : Big.roundUp);
  return rounded.gt(0) ? rounded : new Big("0.0001");
}

function decimalsAt(price: Big): number {
  return price.gte(1) ? 2 : 4;
}

function offTick(what: string, price: Big | undefined, side: Side, kind: "limit" | "stop"): Refusal | null {
  if (price === undefined || price.round(decimalsAt(price), Big.roundDown).eq(price)) return null;
  const tick = price.gte(1) ? "0.01" : "0.0001";
  return refuse("bad-tick", `The ${what} ${price.toFixed()} is not a multiple of ${tick}.`, `Use ${roundToTick(price, side, kind).toFixed()}.`);
}
