/**
 * vol_target: holds so much that its volatility is `target` percent a year: weight = target / (sample standard deviation of
 * the last `period` returns, times the root of `perYear`), at most `max` percent of the equity. It trades when that differs
 * from what is held by more than `band` percentage points.
 * Source: Moreira and Muir, "Volatility-Managed Portfolios", Journal of Finance, 2017.
 */
import { defineStrategy } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "vol_target",
  rule: "Holds target / (volatility of the last period returns, annualised with perYear) of the equity, at most max percent; trades when that differs by more than band percentage points.",
  symbols: { min: 1, max: 1 },
  params: {
    target: { default: 15, min: 0.1, max: 1000 },
    period: { default: 20, min: 2, max: 10_000, integer: true },
    max: { default: 100, min: 1, max: 10_000 },
    band: { default: 10, min: 0, max: 1000 },
    perYear: { default: 252, min: 1, max: 1e7 },
  },
  onBar(bar, { target, period, max, band, perYear }) {
    let sum = 0;
    let squares = 0;
    for (let ago = 0; ago < period; ago++) {
      const r = bar.lag(ago) / bar.lag(ago + 1) - 1;
      sum += r;
      squares += r * r;
    }
    const yearlyPct = Math.sqrt((Math.max(0, squares - (sum * sum) / period) / (period - 1)) * perYear) * 100;
    const weight = Math.min(max, (target / yearlyPct) * 100);
    const held = ((bar.position * bar.close) / bar.equity) * 100;
    if (Math.abs(weight - held) > band) bar.targetPercent(weight);
  },
});
