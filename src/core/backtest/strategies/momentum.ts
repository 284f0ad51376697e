/** momentum: buys when the close is above the close `lookback` bars ago, sells when it is below. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "momentum",
  rule: "Buys when the close is above the close lookback bars ago, sells when it is below.",
  params: { lookback: { default: 126, min: 1, max: 10_000, integer: true } },
  signals({ close, lag }, { lookback }) {
    const then = lag(close, lookback);
    const entries = new Int8Array(close.length);
    const exits = new Int8Array(close.length);
    for (let t = 0; t < close.length; t++) {
      if (close[t]! > then[t]!) entries[t] = 1;
      if (close[t]! < then[t]!) exits[t] = 1;
    }
    return { entries, exits };
  },
  onBar(bar, { lookback }) {
    const then = bar.lag(lookback);
    if (bar.close > then) bar.buy();
    if (bar.close < then) bar.sell();
  },
});
