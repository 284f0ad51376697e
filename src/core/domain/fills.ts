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

/** True when a trade at `last` triggers a stop. */
export function stopTriggered(side: Side, stop: number, last: number): boolean {
  return side === "buy" ? last >= stop : last <= stop;
}
