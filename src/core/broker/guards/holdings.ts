/** Selling what is not held, shorts and parts of shares, and paying with what is not there. */
import { Big } from "../../base/decimal.ts";
import type { OrderIntent } from "../../domain/orders.ts";
import { heldQty, openingUnits, refuse, unitsOf, usd, worstPrice, type Picture, type Refusal } from "./verdicts.ts";

export function assetGuard(intent: OrderIntent, { asset, account }: Picture): Refusal | null {
  if (account.status.includes("blocked")) return refuse("not-tradable", `The account may not trade: ${account.status}.`, "Ask the broker.");
  if (!asset.tradable) return refuse("not-tradable", `${intent.symbol} cannot be traded at the moment.`, "Choose another symbol.");
  const fractional = intent.notional !== undefined || (intent.qty !== undefined && !intent.qty.mod(1).eq(0));
  if (fractional && !asset.fractionable) return refuse("not-tradable", `${intent.symbol} is traded in whole shares only.`, "Give a whole number of shares.");
  return null;
}

export function holdingsGuard(intent: OrderIntent, { asset, position, quote }: Picture): Refusal | null {
  if (intent.side === "buy") return null;
  const held = heldQty(position);
  const available = held.gt(0) && position !== null ? position.availableQty.abs() : new Big(0);
  const units = unitsOf(intent, worstPrice(intent, quote));
  if (units === null) return refuse("stale-quote", `There is no price for ${intent.symbol} to turn the amount into shares.`, "Give a quantity.");
  if (units.lte(available)) return null;
  if (intent.allowShort !== true) {
    const bound = held.gt(available) ? ` (${held.minus(available).toFixed()} more are bound by open orders)` : "";
    return refuse(
      "insufficient-position",
      `Selling ${units.round(9).toFixed()} ${intent.symbol} is more than the ${available.toFixed()} held${bound}.`,
      held.gt(0) ? `Sell at most ${available.toFixed()}, or cancel what binds them.` : "To sell short, say so with --short.",
    );
  }
  if (held.gt(0))
    return refuse(
      "insufficient-position",
      `One order cannot turn ${held.toFixed()} ${intent.symbol} held into a short position.`,
      `Sell the ${held.toFixed()} first, then short.`,
    );
  if (!asset.shortable) return refuse("not-tradable", `${intent.symbol} cannot be sold short.`, "Choose another symbol.");
  if (!units.mod(1).eq(0)) return refuse("not-tradable", "Parts of a share cannot be sold short.", "Give a whole number of shares.");
  return null;
}

/** Only what opens a position needs buying power. Alpaca counts a short at 3 % above the ask. Null when no price is known. */
export function powerNeeded(intent: OrderIntent, { position, quote }: Picture): { readonly needed: Big; readonly each: Big } | null {
  const price = worstPrice(intent, quote);
  const units = unitsOf(intent, price);
  if (price === null || units === null) return null;
  const opening = openingUnits(intent, units, heldQty(position));
  const each = intent.side === "sell" && quote !== null && quote.ask > 0 ? max(price, new Big(quote.ask).times("1.03")) : price;
  return { needed: opening.times(each), each };
}

export function buyingPowerGuard(intent: OrderIntent, picture: Picture): Refusal | null {
  const power = powerNeeded(intent, picture);
  const { account } = picture;
  if (power === null || power.needed.lte(account.buyingPower)) return null;
  const { needed, each } = power;
  return refuse(
    "insufficient-buying-power",
    `The order needs ${usd(needed)}; buying power is ${usd(account.buyingPower)}.`,
    `Order at most ${account.buyingPower.div(each).round(0, Big.roundDown).toFixed()} shares.`,
  );
}

function max(a: Big, b: Big): Big {
  return a.gt(b) ? a : b;
}
