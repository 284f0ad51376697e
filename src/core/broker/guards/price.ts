/** Fat fingers and old prices: a limit far through the market, or a market order when nobody knows the market. */
import { Big } from "../../base/decimal.ts";
import type { OrderIntent } from "../../domain/orders.ts";
import { refuse, type Picture, type Refusal } from "./verdicts.ts";

/** Share of the quote that a limit may go through it. */
const COLLAR = new Big("0.1");
const OLDEST_QUOTE_MS = 15_000;

export function priceGuard(intent: OrderIntent, { quote, clock }: Picture): Refusal | null {
  const far = quote === null ? 0 : intent.side === "buy" ? quote.ask : quote.bid;
  // Closed markets have old quotes by nature: there the order waits for the open, and the preview warns.
  if (intent.type === "market" && clock.isOpen) {
    if (quote === null || far <= 0)
      return refuse(
        "stale-quote",
        `There is no ${intent.side === "buy" ? "ask" : "bid"} for ${intent.symbol} to judge a market order by.`,
        "Give a limit price.",
      );
    const ageMs = clock.at - quote.at;
    if (ageMs > OLDEST_QUOTE_MS)
      return refuse(
        "stale-quote",
        `The last quote of ${intent.symbol} is ${Math.round(ageMs / 1000)} s old; a market order needs one of the last 15 s.`,
        "Wait for a quote, or give a limit price.",
      );
  }
  if (intent.limitPrice === undefined || far <= 0) return null;
  // A stop-limit is meant to trade beyond today's quote, near its stop.
  const base = intent.stopPrice ?? new Big(far);
  const edge = base.times(intent.side === "buy" ? COLLAR.plus(1) : new Big(1).minus(COLLAR));
  const through = intent.side === "buy" ? intent.limitPrice.gt(edge) : intent.limitPrice.lt(edge);
  if (!through) return null;
  return refuse(
    "price-collar",
    `The limit ${intent.limitPrice.toFixed()} is more than 10 % through the ${intent.stopPrice !== undefined ? "stop" : intent.side === "buy" ? "ask" : "bid"} of ${base.toFixed()}.`,
    `Use a limit ${intent.side === "buy" ? "of at most" : "of at least"} ${edge.round(edge.gte(1) ? 2 : 4, intent.side === "buy" ? Big.roundDown : Big.roundUp).toFixed()}.`,
  );
}
