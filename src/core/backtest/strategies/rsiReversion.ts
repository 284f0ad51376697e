/** rsi_reversion: buys when Wilder's RSI crosses up through `low`, sells when it crosses down through `high`. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "rsi_reversion",
  rule: "Buys when Wilder's RSI(period) crosses up through low, sells when it crosses down through high.",
  params: {
    period: { default: 14, min: 1, max: 10_000, integer: true },
    low: { default: 30, min: 0, max: 100 },
    high: { default: 70, min: 0, max: 100 },
  },
  signals({ close, rsi, crossOver, crossUnder }, { period, low, high }) {
    const strength = rsi(close, period);
    return { entries: crossOver(strength, low), exits: crossUnder(strength, high) };
  },
  onBar(bar, { period, low, high }) {
    const before = bar.rsi(period, 1);
    const now = bar.rsi(period);
    if (before <= low && now > low) bar.buy();
    if (before >= high && now < high) bar.sell();
  },
});
