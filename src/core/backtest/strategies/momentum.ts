/** momentum: buys when the close is above the close `lookback` bars ago, sells when it is below. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "momentum",
  rule: "Buys when the close is above the close lookback bars ago, sells when it is below.",
  params: { lookback: { default: 126, min: 1, max: 10_000, integer: true } },
  signals({ close, lag }, { lookback }) {
    const then = lag(close, lookback);
    return { entries: Int8Array.from(close, (value, t) => (value > then[t]! ? 1 : 0)), exits: Int8Array.from(close, (value, t) => (value < then[t]! ? 1 : 0)) };
  },
  onBar(bar, { lookback }) {
    const then = bar.lag(lookback);
    if (bar.close > then) bar.buy();
    if (bar.close < then) bar.sell();
  },
});
