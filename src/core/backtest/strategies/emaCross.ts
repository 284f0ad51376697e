/** ema_cross: buys when EMA(fast) crosses up through EMA(slow), sells when it crosses down. EMAs start at their simple mean. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "ema_cross",
  rule: "Buys when EMA(fast) crosses up through EMA(slow), sells when it crosses down. EMAs start at their simple mean.",
  params: { fast: { default: 10, min: 1, max: 10_000, integer: true }, slow: { default: 20, min: 1, max: 10_000, integer: true } },
  signals({ close, ema, crossOver, crossUnder }, { fast, slow }) {
    const quick = ema(close, fast);
    const lazy = ema(close, slow);
    return { entries: crossOver(quick, lazy), exits: crossUnder(quick, lazy) };
  },
  onBar(bar, { fast, slow }) {
    const before = bar.ema(fast, 1) - bar.ema(slow, 1);
    const now = bar.ema(fast) - bar.ema(slow);
    if (before <= 0 && now > 0) bar.buy();
    if (before >= 0 && now < 0) bar.sell();
  },
});
