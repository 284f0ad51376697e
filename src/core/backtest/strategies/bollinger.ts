/**
 * bollinger: buys when the close crosses down through the lower band (SMA minus `width` population standard deviations of
 * `period` closes), sells when it crosses up through the middle.
 */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "bollinger",
  rule: "Buys when the close crosses down through the lower band (SMA minus width population standard deviations of period closes), sells when it crosses up through the SMA.",
  params: { period: { default: 20, min: 2, max: 10_000, integer: true }, width: { default: 2, min: 0, max: 100 } },
  signals({ close, sma, stdev, crossOver, crossUnder }, { period, width }) {
    const middle = sma(close, period);
    // stdev divides by n - 1, Bollinger's bands by n.
    const population = Math.sqrt((period - 1) / period);
    const spread = stdev(close, period);
    const lower = middle.map((value, t) => value - spread[t]! * population * width);
    return { entries: crossUnder(close, lower), exits: crossOver(close, middle) };
  },
});
