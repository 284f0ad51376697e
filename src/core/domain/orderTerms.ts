/** From the terms that people and programs name (limit, stop, takeProfit …) to an intent: its type and class follow from the prices. */
import type { Big } from "../base/decimal.ts";
import { badInput } from "../base/errors.ts";
import type { ClientOrderId, OrderIntent, OrderType, Side, TimeInForce } from "./orders.ts";

export interface OrderTerms {
  readonly qty?: Big | undefined;
  /** US dollars. */
  readonly notional?: Big | undefined;
  readonly limit?: Big | undefined;
  readonly stop?: Big | undefined;
  readonly takeProfit?: Big | undefined;
  readonly stopLoss?: Big | undefined;
  readonly stopLossLimit?: Big | undefined;
  readonly trailPercent?: Big | undefined;
  readonly trailPrice?: Big | undefined;
  readonly tif?: TimeInForce | undefined;
  readonly extendedHours?: boolean | undefined;
  readonly short?: boolean | undefined;
  readonly again?: boolean | undefined;
  readonly clientOrderId?: string | undefined;
  readonly why?: string | undefined;
}

/** `call` writes a term as the one who gave it does: "--limit", "limit". Throws on terms that exclude each other. */
export function intentOf(side: Side, symbol: string, terms: OrderTerms, origin: string, call: (term: keyof OrderTerms) => string): OrderIntent {
  const { qty, notional, limit, stop, takeProfit, stopLoss, stopLossLimit, trailPercent, trailPrice } = terms;
  const amounts = [qty, notional].filter((amount) => amount !== undefined).length;
  if (amounts !== 1)
    throw badInput("bad-quantity", `${side} needs exactly one of ${call("qty")} and ${call("notional")}; ${amounts === 0 ? "none" : "both"} were given.`);
  if (trailPercent !== undefined && trailPrice !== undefined)
    throw badInput("bad-order", `An order trails by ${call("trailPercent")} or by ${call("trailPrice")}, not by both.`);
  const trails = trailPercent !== undefined || trailPrice !== undefined;
  if (trails && (limit !== undefined || stop !== undefined)) throw badInput("bad-order", `A trailing stop takes neither ${call("limit")} nor ${call("stop")}.`);
  if (stopLossLimit !== undefined && stopLoss === undefined) throw badInput("bad-order", `${call("stopLossLimit")} needs ${call("stopLoss")}.`);
  const exits = [takeProfit, stopLoss].filter((price) => price !== undefined).length;
  return {
    symbol,
    side,
    type: typeOf(terms),
    timeInForce: terms.tif ?? "day",
    orderClass: exits === 2 ? "bracket" : exits === 1 ? "oto" : "simple",
    origin,
    ...(qty === undefined ? {} : { qty }),
    ...(notional === undefined ? {} : { notional }),
    ...(limit === undefined ? {} : { limitPrice: limit }),
    ...(stop === undefined ? {} : { stopPrice: stop }),
    ...(trailPrice === undefined ? {} : { trailPrice }),
    ...(trailPercent === undefined ? {} : { trailPercent }),
    ...(takeProfit === undefined ? {} : { takeProfit: { limitPrice: takeProfit } }),
    ...(stopLoss === undefined ? {} : { stopLoss: { stopPrice: stopLoss, ...(stopLossLimit === undefined ? {} : { limitPrice: stopLossLimit }) } }),
    ...(terms.extendedHours === true ? { extendedHours: true } : {}),
    ...(terms.clientOrderId === undefined ? {} : { clientOrderId: terms.clientOrderId as ClientOrderId }),
    ...(terms.again === true ? { again: true } : {}),
    ...(terms.short === true ? { allowShort: true } : {}),
    ...(terms.why === undefined ? {} : { why: terms.why }),
  };
}

function typeOf({ limit, stop, trailPercent, trailPrice }: OrderTerms): OrderType {
  if (trailPercent !== undefined || trailPrice !== undefined) return "trailing_stop";
  if (limit === undefined) return stop === undefined ? "market" : "stop";
  return stop === undefined ? "limit" : "stop_limit";
}
