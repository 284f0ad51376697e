/** What the same trades could have come to in another order and number: drawn with replacement, again and again. */
import { seededRandom } from "../../base/random.ts";
import type { MonteCarlo } from "../../domain/sweep.ts";

const DRAWS = 1000;
/** Trades drawn in all; with many trades a draw fewer says as much. */
const MAX_DRAWN = 400_000;
const LEAST_TRADES = 5;

/**
 * Bootstrap of trades (Efron, 1979; for trading: Aronson, Evidence-Based Technical Analysis, 2006). `growth` is what each
 * trade made of the equity before it, 1.02 for two percent more. Falls are between closes of trades. Undefined with fewer
 * than five trades; the same for the same trades.
 */
export function monteCarlo(growth: Float64Array): MonteCarlo | undefined {
  const trades = growth.length;
  if (trades < LEAST_TRADES) return undefined;
  const draws = Math.max(100, Math.min(DRAWS, Math.floor(MAX_DRAWN / trades)));
  const random = seededRandom("monte carlo of trades");
  const returns = new Float64Array(draws);
  const falls = new Float64Array(draws);
  const places = new Int32Array(trades);
  for (let draw = 0; draw < draws; draw++) {
    random.ints(trades, places);
    const { equity, keep } = follow(growth, places);
    returns[draw] = (equity - 1) * 100;
    falls[draw] = (1 - keep) * 100;
  }
  return {
    draws,
    trades,
    returnPct: percentiles(returns),
    maxDrawdownPct: percentiles(falls),
    lossProbability: returns.reduce((sum, value) => sum + (value < 0 ? 1 : 0), 0) / draws,
  };
}

/** Trades in the order of `places`: what they come to, and what of the highest equity is left at the worst. */
function follow(growth: Float64Array, places: Int32Array): { readonly equity: number; readonly keep: number } {
  let [equity, peak, keep] = [1, 1, 1];
  for (let i = 0; i < places.length; i++) {
    equity *= growth[places[i]!]!;
    if (equity > peak) peak = equity;
    else if (equity < keep * peak) keep = equity / peak;
  }
  return { equity, keep };
}

function percentiles(values: Float64Array): MonteCarlo["returnPct"] {
  const sorted = values.toSorted();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
  return { p5: at(0.05), p50: at(0.5), p95: at(0.95) };
}

/** Of trades in the order in which they closed, on `cash`. */
export function growthOf(trades: ReadonlyArray<{ readonly exitIndex: number; readonly pnl: number }>, cash: number): Float64Array {
  let equity = cash;
  return Float64Array.from(
    trades.toSorted((a, b) => a.exitIndex - b.exitIndex),
    ({ pnl }) => {
      const before = equity;
      equity += pnl;
      return before > 0 ? Math.max(0, equity / before) : 0;
    },
  );
}
