/** sma_cross: buys when SMA(fast) crosses up through SMA(slow), sells when it crosses down. First possible signal at bar `slow`. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "sma_cross",
  rule: "Buys when SMA(fast) crosses up through SMA(slow), sells when it crosses down. First possible signal at bar slow.",
  params: { fast: { default: 10, min: 1, max: 10_000, integer: true }, slow: { default: 20, min: 1, max: 10_000, integer: true } },
  signals({ close, sma, crossOver, crossUnder }, { fast, slow }) {
    const quick = sma(close, fast);
    const lazy = sma(close, slow);
    return { entries: crossOver(quick, lazy), exits: crossUnder(quick, lazy) };
  },
  onBar(bar, { fast, slow }) {
    if (bar.crossedAbove(fast, slow)) bar.buy();
    if (bar.crossedBelow(fast, slow)) bar.sell();
  },
});
