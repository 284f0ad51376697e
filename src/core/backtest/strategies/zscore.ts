/** zscore: z = (close - SMA) / sample standard deviation over `period` closes; buys when z is below `entry`, sells when it is above `exit`. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "zscore",
  rule: "z = (close - SMA) / sample standard deviation, over period closes. Buys when z is below entry, sells when it is above exit.",
  params: {
    period: { default: 20, min: 2, max: 10_000, integer: true },
    entry: { default: -2, min: -100, max: 100 },
    exit: { default: 0, min: -100, max: 100 },
  },
  signals({ close, sma, stdev }, { period, entry, exit }) {
    const mean = sma(close, period);
    const spread = stdev(close, period);
    const entries = new Int8Array(close.length);
    const exits = new Int8Array(close.length);
    for (let t = 0; t < close.length; t++) {
      if (!(spread[t]! > 0)) continue;
      const z = (close[t]! - mean[t]!) / spread[t]!;
      if (z < entry) entries[t] = 1;
      if (z > exit) exits[t] = 1;
    }
    return { entries, exits };
  },
});
