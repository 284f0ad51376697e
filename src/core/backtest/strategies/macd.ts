/** macd (Appel): line = EMA(fast) - EMA(slow), signal line = EMA(signal) of it; buys when the line crosses up through its signal, sells when down. */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "macd",
  rule: "Line = EMA(fast) - EMA(slow), signal line = EMA(signal) of it. Buys when the line crosses up through its signal line, sells when down.",
  params: {
    fast: { default: 12, min: 1, max: 10_000, integer: true },
    slow: { default: 26, min: 1, max: 10_000, integer: true },
    signal: { default: 9, min: 1, max: 10_000, integer: true },
  },
  signals({ close, ema, crossOver, crossUnder }, { fast, slow, signal }) {
    const lazy = ema(close, slow);
    const line = ema(close, fast).map((value, t) => value - lazy[t]!);
    const smooth = ema(line, signal);
    return { entries: crossOver(line, smooth), exits: crossUnder(line, smooth) };
  },
});
