/**
 * The vector engine: signals of the whole series first, then one pass that fills them.
 * Signal at the close of bar t, fill at the open of t + 1 (or at that close with fill "close"); long only, one position.
 */
import type { BarSeries } from "../domain/bars.ts";
import { marketFillPrice } from "../domain/fills.ts";
import { Ledger, type Rules } from "./ledger.ts";

/** One byte per bar, 0 where there is no signal. */
export interface SignalBytes {
  readonly entries: Uint8Array;
  readonly exits: Uint8Array;
}

export function runVector(bars: BarSeries, { entries, exits }: SignalBytes, rules: Rules, equity: Float64Array = new Float64Array(bars.close.length)): Ledger {
  const { close } = bars;
  const bps = rules.costs.slippageBps;
  const n = close.length;
  const ledger = new Ledger(rules, equity);
  // Bars from a signal to its fill, and what it is filled at. An entry at the last close could only be closed again at once.
  const delay = rules.fill === "close" ? 0 : 1;
  const prices = rules.fill === "close" ? close : bars.open;
  const lastEntry = rules.fill === "close" ? n - 2 : n - 1;
  let bar = 0;
  const [nextEntry, nextExit] = [finder(entries), finder(exits)];
  let signal = nextEntry(0);
  // From fill to fill: what lies between only has to be marked.
  while (signal + delay <= lastEntry) {
    const bought = signal + delay;
    ledger.markFlat(bar, bought);
    bar = bought;
    ledger.enter(bought, marketFillPrice("buy", prices[bought]!, bps), prices[bought]!);
    if (ledger.units > 0) {
      const sold = Math.min(n, nextExit(bought + 1 - delay) + delay);
      ledger.markHeld(bought, sold, close);
      bar = sold;
      if (sold === n) break;
      ledger.exit(sold, marketFillPrice("sell", prices[sold]!, bps), prices[sold]!, false);
      ledger.markFlat(sold, sold + 1);
      bar = sold + 1;
    }
    signal = nextEntry(Math.max(signal + 1, bar - delay));
  }
  if (ledger.units === 0) ledger.markFlat(bar, n);
  if (n > 0) ledger.finalize(marketFillPrice("sell", close[n - 1]!, bps), close[n - 1]!);
  return ledger;
}

/** Finds the signal at a bar or the first after it, four bars a step; the number of bars when there is none. */
function finder(signals: Uint8Array): (from: number) => number {
  const n = signals.length;
  const words = signals.byteOffset % 4 === 0 ? new Int32Array(signals.buffer, signals.byteOffset, n >> 2) : new Int32Array(0);
  return (from) => {
    let t = from;
    while (t < n && t % 4 !== 0) {
      if (signals[t] !== 0) return t;
      t++;
    }
    let word = t >> 2;
    while (word < words.length && words[word] === 0) word++;
    t = Math.max(t, word << 2);
    while (t < n && signals[t] === 0) t++;
    return t;
  };
}
