/**
 * The simple engine: the contract in the plainest words and in exact decimals (40 digits where a quotient has no end),
 * sharing no code with the other engines. Slow on purpose; it is the reference that they are held against, and the last
 * resort of `auto`.
 */
import { Big as Decimal } from "big.js";
import type { BarSeries } from "../domain/bars.ts";
import type { LedgerTrade, Outcome, Rules } from "./ledger.ts";
import type { SignalBytes } from "./vectorEngine.ts";

export function runSimple(bars: BarSeries, signals: SignalBytes, rules: Rules): Outcome {
  const Big = Decimal();
  Big.DP = 40;
  const n = bars.close.length;
  const feeRate = new Big(rules.costs.feeRate);
  const slippage = new Big(rules.costs.slippageBps).div(10_000);
  const { sizing } = rules;
  const trades: LedgerTrade[] = [];
  const equity = new Float64Array(n);
  let cash = new Big(rules.cash);
  let held: { readonly index: number; readonly price: Decimal; readonly units: Decimal; readonly fee: Decimal } | undefined;
  let lost = new Big(0);
  let barsHeld = 0;
  let skipped = 0;

  const unitsFor = (unitCost: Decimal): Decimal => {
    switch (sizing.kind) {
      case "all-in":
        return cash.div(unitCost);
      case "whole-shares":
        return cash.div(unitCost).round(0, Decimal.roundDown);
      case "fixed":
        return unitCost.times(sizing.units).lte(cash) ? new Big(sizing.units) : new Big(0);
      case "percent":
        return cash.times(sizing.percent).div(100).div(unitCost);
    }
  };
  const buy = (index: number, quoted: number) => {
    const price = quoted > 0 ? new Big(quoted).times(slippage.plus(1)) : new Big(0);
    const units = price.gt(0) ? unitsFor(price.times(feeRate.plus(1))) : price;
    if (!units.gt(0)) {
      skipped++;
      return;
    }
    const fee = units.times(price).times(feeRate);
    lost = lost.plus(units.times(price.minus(quoted)));
    cash = sizing.kind === "all-in" ? new Big(0) : cash.minus(units.times(price)).minus(fee);
    held = { index, price, units, fee };
  };
  const sell = (index: number, quoted: number, finalized: boolean) => {
    if (held === undefined) return;
    const price = new Big(quoted).times(new Big(1).minus(slippage));
    const fee = held.units.times(price).times(feeRate);
    lost = lost.plus(held.units.times(new Big(quoted).minus(price)));
    cash = cash.plus(held.units.times(price)).minus(fee);
    trades.push({
      leg: 0,
      side: "long",
      entryIndex: held.index,
      exitIndex: index,
      entryPrice: held.price.toNumber(),
      exitPrice: price.toNumber(),
      size: held.units.toNumber(),
      entryFee: held.fee.toNumber(),
      exitFee: fee.toNumber(),
      carry: 0,
      pnl: held.units.times(price.minus(held.price)).minus(held.fee).minus(fee).toNumber(),
      finalized,
    });
    held = undefined;
  };

  for (let t = 0; t < n; t++) {
    const signalBar = rules.fill === "close" ? t : t - 1;
    const price = (rules.fill === "close" ? bars.close[t] : bars.open[t]) as number;
    const lastClose = rules.fill === "close" && t === n - 1;
    if (held === undefined && signals.entries[signalBar] && !lastClose) buy(t, price);
    else if (held !== undefined && signals.exits[signalBar]) sell(t, price, false);
    equity[t] = (held === undefined ? cash : cash.plus(held.units.times(bars.close[t] as number))).toNumber();
    if (held !== undefined) barsHeld++;
  }
  if (held !== undefined) {
    sell(n - 1, bars.close[n - 1] as number, true);
    equity[n - 1] = cash.toNumber();
  }
  return { equity, trades, barsHeld, skipped, slippage: lost.toNumber() };
}
