/**
 * The simple engine: the contract in the plainest words, sharing no code with the other engines. Slow on purpose; it is
 * the reference that they are held against, and the last resort of `auto`.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { LedgerTrade, Rules } from "./ledger.ts";
import type { SignalBytes } from "./vectorEngine.ts";

export interface SimpleOutcome {
  readonly equity: Float64Array;
  readonly trades: readonly LedgerTrade[];
  readonly barsHeld: number;
  readonly skipped: number;
}

export function runSimple(bars: BarSeries, signals: SignalBytes, rules: Rules): SimpleOutcome {
  const n = bars.close.length;
  const { feeRate, slippageBps } = rules.costs;
  const trades: LedgerTrade[] = [];
  const equity = new Float64Array(n);
  let cash = rules.cash;
  let held: { readonly index: number; readonly price: number; readonly units: number; readonly fee: number } | undefined;
  let barsHeld = 0;
  let skipped = 0;

  const buy = (index: number, quoted: number) => {
    const price = quoted * (1 + slippageBps / 10_000);
    const affordable = cash / (price * (1 + feeRate));
    const wanted = { "all-in": affordable, "whole-shares": Math.floor(affordable), fixed: 0, percent: 0 }[rules.sizing.kind];
    const units =
      rules.sizing.kind === "fixed"
        ? rules.sizing.units <= affordable
          ? rules.sizing.units
          : 0
        : rules.sizing.kind === "percent"
          ? (affordable * rules.sizing.percent) / 100
          : wanted;
    if (!(price > 0) || !(units > 0)) {
      skipped++;
      return;
    }
    const fee = feeRate * units * price;
    cash = rules.sizing.kind === "all-in" ? 0 : Math.max(0, cash - units * price - fee);
    held = { index, price, units, fee };
  };
  const sell = (index: number, quoted: number, finalized: boolean) => {
    if (held === undefined) return;
    const price = quoted * (1 - slippageBps / 10_000);
    const fee = feeRate * held.units * price;
    cash += held.units * price - fee;
    trades.push({
      entryIndex: held.index,
      exitIndex: index,
      entryPrice: held.price,
      exitPrice: price,
      size: held.units,
      entryFee: held.fee,
      exitFee: fee,
      pnl: held.units * (price - held.price) - held.fee - fee,
      finalized,
    });
    held = undefined;
  };

  for (let t = 0; t < n; t++) {
    const signalBar = rules.fill === "close" ? t : t - 1;
    const price = (rules.fill === "close" ? bars.close[t] : bars.open[t]) as number;
    const lastClose = rules.fill === "close" && t === n - 1;
    if (held === undefined && signals.entries[signalBar] === 1 && !lastClose) buy(t, price);
    else if (held !== undefined && signals.exits[signalBar] === 1) sell(t, price, false);
    equity[t] = cash + (held === undefined ? 0 : held.units * (bars.close[t] as number));
    if (held !== undefined) barsHeld++;
  }
  if (held !== undefined) {
    sell(n - 1, bars.close[n - 1] as number, true);
    equity[n - 1] = cash;
  }
  return { equity, trades, barsHeld, skipped };
}
