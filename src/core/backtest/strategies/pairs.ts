/**
 * pairs: two symbols whose prices go together. z is the logarithm of the price ratio first / second, less its mean over its
 * sample standard deviation, over `period` bars. Below -entry it is long the first and short the second, above entry the
 * other way round, each with half of the equity; it closes both when z has come back within exit of zero.
 * Only times at which both have a bar count: a bar that one of them lacks is left out of the other, too.
 * Source: Gatev, Goetzmann and Rouwenhorst, "Pairs Trading", Review of Financial Studies, 2006; the z-score is the usual variant.
 */
import { defineStrategy, type BarContext } from "../../domain/strategy.ts";

export default defineStrategy({
  name: "pairs",
  rule: "z-score of log(first / second) over period bars: below -entry long the first and short the second, above entry the reverse, half of the equity each; closed when z is within exit of zero or beyond it.",
  symbols: { min: 2, max: 2 },
  params: {
    period: { default: 60, min: 2, max: 10_000, integer: true },
    entry: { default: 2, min: 0, max: 100 },
    exit: { default: 0.5, min: 0, max: 100 },
  },
  onBar(bar, { period, entry, exit }) {
    const other = bar.of(bar.symbols[1]!);
    if (!bar.hasBar || !other.hasBar) return;
    const z = zOf(bar, other, period);
    if (bar.position === 0) {
      if (z < -entry) hold(bar, other, 50);
      else if (z > entry) hold(bar, other, -50);
    } else if (bar.position > 0 ? z >= -exit : z <= exit) {
      bar.exit();
      other.exit();
    }
  },
});

function hold(bar: BarContext, other: BarContext, percent: number): void {
  bar.targetPercent(percent);
  other.targetPercent(-percent);
}

/** NaN while undefined and without movement. */
function zOf(bar: BarContext, other: BarContext, period: number): number {
  let sum = 0;
  let squares = 0;
  // About the newest value, so that nothing is lost to cancellation.
  const now = Math.log(bar.close / other.close);
  let [own, others] = [0, 0];
  for (let pairs = 0; pairs < period; ) {
    const [time, otherTime] = [bar.lag(own, "time"), other.lag(others, "time")];
    if (Number.isNaN(time) || Number.isNaN(otherTime)) return Number.NaN;
    if (time === otherTime) {
      const d = Math.log(bar.lag(own) / other.lag(others)) - now;
      sum += d;
      squares += d * d;
      pairs++;
    }
    if (time >= otherTime) own++;
    if (otherTime >= time) others++;
  }
  const variance = (squares - (sum * sum) / period) / (period - 1);
  return variance > 1e-18 ? -sum / period / Math.sqrt(variance) : Number.NaN;
}
