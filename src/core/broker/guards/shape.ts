/** An intent that makes no sense whatever the market does is bad input, not a refusal: nothing is asked of the exchange. */
import { badInput } from "../../base/errors.ts";
import type { Big } from "../../base/decimal.ts";
import type { OrderIntent } from "../../domain/orders.ts";
import { orderClassOf } from "../orderBody.ts";

const SYMBOL = /^[A-Z][A-Z0-9]*([./-][A-Z0-9]+)*$/;
const MOST_DECIMALS = 9; // of a quantity or amount, Alpaca

export function checkShape(intent: OrderIntent): void {
  if (!SYMBOL.test(intent.symbol) || intent.symbol.length > 21) bad(`"${intent.symbol}" is not a symbol.`, "Write it like AAPL or BRK.B.");
  if ((intent.qty === undefined) === (intent.notional === undefined))
    bad("An order takes either a quantity or an amount of money.", "Give one of qty and notional.");
  positive(intent.qty, "The quantity");
  positive(intent.notional, "The amount");
  decimals(intent.qty, "The quantity");
  decimals(intent.notional, "The amount");
  positive(intent.limitPrice, "The limit price");
  positive(intent.stopPrice, "The stop price");
  positive(intent.trailPrice, "The trail price");
  positive(intent.trailPercent, "The trail percent");
  positive(intent.takeProfit?.limitPrice, "The take-profit price");
  positive(intent.stopLoss?.stopPrice, "The stop-loss price");
  positive(intent.stopLoss?.limitPrice, "The stop-loss limit price");
  checkPrices(intent);
  checkClass(intent);
  checkTime(intent);
  const id = intent.clientOrderId;
  if (id !== undefined && (id.length === 0 || id.length > 128)) bad("A client order id has 1 to 128 characters.", "Choose a shorter one.");
}

function checkPrices(intent: OrderIntent): void {
  const needsLimit = intent.type === "limit" || intent.type === "stop_limit";
  const needsStop = intent.type === "stop" || intent.type === "stop_limit";
  if (needsLimit !== (intent.limitPrice !== undefined))
    bad(
      `A ${words(intent.type)} order ${needsLimit ? "needs a limit price" : "has no limit price"}.`,
      needsLimit ? "Give --limit." : "Make it a limit order, or leave the limit out.",
    );
  if (needsStop !== (intent.stopPrice !== undefined))
    bad(
      `A ${words(intent.type)} order ${needsStop ? "needs a stop price" : "has no stop price"}.`,
      needsStop ? "Give --stop." : "Make it a stop order, or leave the stop out.",
    );
  const trails = Number(intent.trailPrice !== undefined) + Number(intent.trailPercent !== undefined);
  if (trails !== (intent.type === "trailing_stop" ? 1 : 0))
    bad(
      `A ${words(intent.type)} order takes ${intent.type === "trailing_stop" ? "exactly one of trail price and trail percent" : "no trail"}.`,
      "Give --trail-price or --trail-percent with a trailing stop only.",
    );
}

function checkClass(intent: OrderIntent): void {
  const orderClass = orderClassOf(intent);
  const { takeProfit, stopLoss } = intent;
  if (orderClass === "simple" && (takeProfit !== undefined || stopLoss !== undefined))
    bad("A simple order has no take-profit or stop-loss.", "Leave the order class out, or make it a bracket.");
  if ((orderClass === "bracket" || orderClass === "oco") && (takeProfit === undefined || stopLoss === undefined))
    bad(`A ${orderClass} order needs a take-profit and a stop-loss.`, "Give both, or one of them without the class.");
  if (orderClass === "oto" && (takeProfit === undefined) === (stopLoss === undefined))
    bad("An oto order takes exactly one of take-profit and stop-loss.", "Use bracket for both.");
  if (orderClass !== "simple" && intent.timeInForce !== "day" && intent.timeInForce !== "gtc")
    bad(`A ${orderClass} order is good for the day or until canceled.`, "Use day or gtc.");
  if (orderClass !== "simple" && intent.notional !== undefined) bad(`A ${orderClass} order takes a quantity, not an amount.`, "Give the quantity.");
  if (takeProfit === undefined || stopLoss === undefined) return;
  // The exits of an entry lie on the other side of the book: a buy is left by selling. An oco is an exit itself.
  const exitsSell = (intent.side === "buy") !== (orderClass === "oco");
  const ordered = exitsSell ? takeProfit.limitPrice.gt(stopLoss.stopPrice) : takeProfit.limitPrice.lt(stopLoss.stopPrice);
  if (!ordered)
    bad(
      `The take-profit ${takeProfit.limitPrice.toFixed()} must be ${exitsSell ? "above" : "below"} the stop-loss ${stopLoss.stopPrice.toFixed()}.`,
      "Swap the two prices.",
    );
}

function checkTime(intent: OrderIntent): void {
  if (intent.extendedHours === true && (intent.type !== "limit" || (intent.timeInForce !== "day" && intent.timeInForce !== "gtc"))) {
    bad("Outside regular hours only limit orders for the day or until canceled are taken.", "Give a limit price, or leave out extended hours.");
  }
  const fractional = intent.notional !== undefined || (intent.qty !== undefined && !intent.qty.mod(1).eq(0));
  if (fractional && intent.timeInForce !== "day") bad("An order for an amount or for parts of a share is good for the day only.", "Use day.");
}

function positive(value: Big | undefined, what: string): void {
  if (value !== undefined && value.lte(0)) bad(`${what} is ${value.toFixed()}.`, "It must be above zero.");
}

function decimals(value: Big | undefined, what: string): void {
  if (value !== undefined && !value.round(MOST_DECIMALS, 0).eq(value))
    bad(`${what} ${value.toFixed()} has more than ${MOST_DECIMALS} decimals.`, `Write ${value.round(MOST_DECIMALS, 0).toFixed()}.`);
}

function words(type: string): string {
  return type.replace("_", "-");
}

function bad(message: string, hint: string): never {
  throw badInput("bad-order", message, hint);
}
