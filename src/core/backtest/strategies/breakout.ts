/**
 * breakout (Donchian channel): buys when the close is above the highest high of the `entry` bars before it, sells when it
 * is below the lowest low of the `exit` bars before it. The current bar is in neither window; both comparisons are strict.
 */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "breakout",
  rule: "Buys when the close is above the highest high of the entry bars before it, sells when it is below the lowest low of the exit bars before it.",
  params: { entry: { default: 20, min: 1, max: 10_000, integer: true }, exit: { default: 10, min: 1, max: 10_000, integer: true } },
  signals({ length, close, high, low, highest, lowest, lag }, { entry, exit }) {
    const ceiling = lag(highest(high, entry), 1);
    const floor = lag(lowest(low, exit), 1);
    const entries = new Int8Array(length);
    const exits = new Int8Array(length);
    for (let t = 0; t < length; t++) {
      if (close[t]! > ceiling[t]!) entries[t] = 1;
      if (close[t]! < floor[t]!) exits[t] = 1;
    }
    return { entries, exits };
  },
  onBar(bar, { entry, exit }) {
    if (bar.close > bar.highestHigh(entry)) bar.buy();
    if (bar.close < bar.lowestLow(exit)) bar.sell();
  },
});
