/**
 * The vector engine: signals of the whole series first, then one pass that fills them.
 * Signal at the close of bar t, fill at the open of t + 1 (or at that close with fill "close"); long only, one position.
 */
import type { BarSeries } from "../domain/bars.ts";
import { marketFillPrice } from "../domain/fills.ts";
import { Ledger, type Rules } from "./ledger.ts";

/** One byte per bar, 1 where there is a signal. */
export interface SignalBytes {
  readonly entries: Uint8Array;
  readonly exits: Uint8Array;
}

export function runVector(bars: BarSeries, signals: SignalBytes, rules: Rules): Ledger {
  const { open, close } = bars;
  const bps = rules.costs.slippageBps;
  const { entries, exits } = signals;
  const last = close.length - 1;
  const ledger = new Ledger(rules, close.length);
  const atClose = rules.fill === "close";
  for (let t = 0; t <= last; t++) {
    if (atClose) {
      if (ledger.units > 0) {
        if (exits[t] === 1) ledger.exit(t, marketFillPrice("sell", close[t]!, bps), false);
      } else if (entries[t] === 1 && t < last) {
        ledger.enter(t, marketFillPrice("buy", close[t]!, bps));
      }
    } else if (t > 0) {
      // Whether it was long at the close of t - 1 is what decides which of that bar's signals counts.
      if (ledger.units > 0) {
        if (exits[t - 1] === 1) ledger.exit(t, marketFillPrice("sell", open[t]!, bps), false);
      } else if (entries[t - 1] === 1) {
        ledger.enter(t, marketFillPrice("buy", open[t]!, bps));
      }
    }
    ledger.mark(t, close[t]!);
  }
  if (last >= 0) ledger.finalize(marketFillPrice("sell", close[last]!, bps));
  return ledger;
}
