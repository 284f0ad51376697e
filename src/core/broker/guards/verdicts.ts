/** What guards look at and answer. A guard is pure: an intent and what is known, in; a refusal or nothing, out. */
import { Big } from "../../base/decimal.ts";
import type { Account, MarketClock, OrderIntent, Quote, RefusalCode, Verdict } from "../../domain/orders.ts";
import type { HeldPosition, TradableAsset } from "../wire.ts";

export { usd } from "../../base/decimal.ts";

export type Refusal = Extract<Verdict, { readonly allowed: false }>;

/** All that the guards know of account and market, read at one time. */
export interface Picture {
  readonly account: Account;
  readonly asset: TradableAsset;
  readonly position: HeldPosition | null;
  readonly quote: Quote | null;
  readonly clock: MarketClock;
  /** Units of the symbol that open orders may still buy, and sell; the exits of brackets left out. */
  readonly working: { readonly buy: Big; readonly sell: Big };
}

export function refuse(code: RefusalCode, message: string, hint: string): Refusal {
  return { allowed: false, code, message, hint };
}

/** Units held, negative when short. */
export function heldQty(position: HeldPosition | null): Big {
  if (position === null) return new Big(0);
  return position.side === "short" ? position.qty.abs().neg() : position.qty.abs();
}

/** The price to judge an order by, at worst: its limit, else its stop, else the far side of the quote; null without any. */
export function worstPrice(intent: OrderIntent, quote: Quote | null): Big | null {
  const own = intent.limitPrice ?? intent.stopPrice;
  if (own !== undefined) return own;
  if (quote === null) return null;
  const [far, near] = intent.side === "buy" ? [quote.ask, quote.bid] : [quote.bid, quote.ask];
  const price = far > 0 ? far : near;
  return price > 0 ? new Big(price) : null;
}

/** Units that the order moves: its quantity, or what its amount buys at `price`. */
export function unitsOf(intent: OrderIntent, price: Big | null): Big | null {
  if (intent.qty !== undefined) return intent.qty;
  return intent.notional === undefined || price === null ? null : intent.notional.div(price);
}

/** Value of the whole order in US dollars; null when no price is known. */
export function orderValue(intent: OrderIntent, price: Big | null): Big | null {
  if (intent.notional !== undefined) return intent.notional;
  return price === null || intent.qty === undefined ? null : intent.qty.times(price);
}

/** The part of the order that adds to a position instead of closing one, in units. */
export function openingUnits(intent: OrderIntent, units: Big, held: Big): Big {
  const closing = intent.side === "buy" ? (held.lt(0) ? held.abs() : new Big(0)) : held.gt(0) ? held : new Big(0);
  return units.gt(closing) ? units.minus(closing) : new Big(0);
}
