/**
 * How an order meets a bar or a quote. Pure; the paper exchange and the backtest engines fill with these same rules.
 * Bars: stops by touch, gaps filled at the open, limits at the better of limit and open.
 */
import type { Quote, Side } from "./orders.ts";

/** A market order in a bar fills at its open. Slippage moves the price against the order. */
export function marketFillPrice(side: Side, price: number, slippageBps: number): number {
  if (slippageBps === 0) return price;
  return side === "buy" ? price * (1 + slippageBps / 10_000) : price * (1 - slippageBps / 10_000);
}

/** Price at which a limit order fills in a bar, NaN if the bar does not reach it. */
export function limitFillInBar(side: Side, limit: number, open: number, high: number, low: number): number {
  if (side === "buy") return low <= limit ? Math.min(open, limit) : Number.NaN;
  return high >= limit ? Math.max(open, limit) : Number.NaN;
}

/** Price at which a stop order fills in a bar (a gap through it fills at the open), NaN if the bar does not touch it. */
export function stopFillInBar(side: Side, stop: number, open: number, high: number, low: number): number {
  if (side === "buy") return high >= stop ? Math.max(open, stop) : Number.NaN;
  return low <= stop ? Math.min(open, stop) : Number.NaN;
}

/** Price at which an order trades now against a quote, NaN if it has to wait. `limit` is NaN for a market order. */
export function fillAgainstQuote(side: Side, limit: number, quote: Pick<Quote, "bid" | "ask">): number {
  const price = side === "buy" ? quote.ask : quote.bid;
  if (Number.isNaN(limit)) return price;
  return (side === "buy" ? price <= limit : price >= limit) ? price : Number.NaN;
}

/** What is there to trade with: the price at the touch, how much is shown there, and how much one order may take at most. */
export interface Liquidity {
  readonly price: number;
  /** Shares shown at the price; Infinity where only bars are known. */
  readonly size: number;
  /** Shares that the order may still take in this piece of time; Infinity for no limit. */
  readonly most: number;
}

export interface Sweep {
  /** Shares; 0 when nothing trades. */
  readonly qty: number;
  /** Average price, rounded against the order to four decimals. */
  readonly price: number;
}

/** Price levels behind the touch that one order reaches at a time. */
const LEVELS = 10;
/** Share of what is traded in a bar that one order may be. */
export const VOLUME_SHARE = 0.25;

/**
 * What of an order trades at once: the size shown at the touch, then as much again at each price a tick worse, ten levels
 * deep at most, never beyond the limit (NaN for a market order) nor beyond `most`. Without a size all trades at the price.
 */
export function sweepBook(side: Side, limit: number, { price, size, most }: Liquidity, wanted: number): Sweep {
  const qty = Math.min(wanted, most);
  if (!(qty > 0)) return { qty: 0, price };
  if (qty <= size) return { qty, price };
  const step = (price >= 1 ? 0.01 : 0.0001) * (side === "buy" ? 1 : -1);
  let [left, value] = [qty, 0];
  for (let level = 0; level < LEVELS && left > 0; level++) {
    const at = Math.round((price + level * step) * 10_000) / 10_000;
    if (at <= 0 || (side === "buy" ? at > limit : at < limit)) break; // comparisons with NaN are false
    const part = Math.min(size, left);
    left -= part;
    value += part * at;
  }
  const taken = qty - left;
  const noise = 1e-6; // of binary fractions
  const average = (value / taken) * 10_000;
  return { qty: taken, price: (side === "buy" ? Math.ceil(average - noise) : Math.floor(average + noise)) / 10_000 };
}

/** Shares that one order may take of a bar's volume: a quarter, whole shares. No limit where no volume is known. */
export function volumeLimit(volume: number): number {
  return volume > 0 ? Math.max(1, Math.floor(volume * VOLUME_SHARE)) : Number.POSITIVE_INFINITY;
}

/** A buy stop that was touched buys no dearer than this: 4 % above a stop below $50, else 2.5 %, to the cent. Sell stops take any price. */
export function buyStopCollar(stop: number): number {
  return Math.round(stop * (stop < 50 ? 1.04 : 1.025) * 100) / 100;
}

/** True when a trade at `last` triggers a stop. */
export function stopTriggered(side: Side, stop: number, last: number): boolean {
  return side === "buy" ? last >= stop : last <= stop;
}
