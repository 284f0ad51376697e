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
    const z = close.map((value, t) => (spread[t]! > 0 ? (value - mean[t]!) / spread[t]! : Number.NaN));
    return { entries: Int8Array.from(z, (value) => (value < entry ? 1 : 0)), exits: Int8Array.from(z, (value) => (value > exit ? 1 : 0)) };
  },
});
