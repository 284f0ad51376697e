/**
 * One long position, cash, equity at each close and the trades: what every engine writes into, so that money is counted
 * the same way in all of them. Fees are a share of the traded value on each side; cash never goes below zero.
 */
import type { Costs, Sizing } from "../domain/backtest.ts";

export interface Rules {
  readonly cash: number;
  readonly costs: Costs;
  readonly sizing: Sizing;
  readonly fill: "next-open" | "close";
}

/** A closed trade by bar numbers; `entryFee` and `exitFee` in money. */
export interface LedgerTrade {
  /** Which symbol of the run, from 0. */
  readonly leg: number;
  readonly side: "long" | "short";
  readonly entryIndex: number;
  readonly exitIndex: number;
  readonly entryPrice: number;
  readonly exitPrice: number;
  readonly size: number;
  readonly entryFee: number;
  readonly exitFee: number;
  /** Borrow cost less dividends received. */
  readonly carry: number;
  readonly pnl: number;
  readonly finalized: boolean;
}

/** Where cash pays for a number of units exactly, a quotient or product of floats may fall short of it by its last bit. */
export const ROUNDING = 1 + 1e-12;

/** What an engine answers. */
export interface Outcome {
  /** At each time's close. */
  readonly equity: Float64Array;
  readonly trades: readonly LedgerTrade[];
  /** Bars at whose close a position is held. */
  readonly barsHeld: number;
  /** Entries that were not filled because the cash did not reach. */
  readonly skipped: number;
  /** Money that slippage, spread and impact have cost. */
  readonly slippage: number;
  readonly marginCalls?: number;
  /** Interest received less interest paid. */
  readonly interest?: number;
}

export class Ledger implements Outcome {
  readonly equity: Float64Array;
  readonly trades: LedgerTrade[] = [];
  readonly #rules: Rules;
  cash: number;
  /** Units held; 0 when flat. */
  units = 0;
  /** Bars at whose close a position is held. */
  barsHeld = 0;
  /** Entries that were not filled because the cash did not reach. */
  skipped = 0;
  slippage = 0;
  #entryIndex = 0;
  #entryPrice = 0;
  #entryFee = 0;

  /** `equity`: as long as there are bars, to be written. */
  constructor(rules: Rules, equity: Float64Array) {
    this.#rules = rules;
    this.cash = rules.cash;
    this.equity = equity;
  }

  /** Buys at `price` (`quoted` before slippage), sized by the rules; nothing happens when that is not affordable. */
  enter(index: number, price: number, quoted: number): void {
    const feeRate = this.#rules.costs.feeRate;
    const units = price > 0 ? this.#unitsFor(price * (1 + feeRate)) : 0;
    if (!(units > 0) || !Number.isFinite(units)) {
      this.skipped++;
      return;
    }
    const fee = units * price * feeRate;
    // All-in spends the cash to the last digit; subtracting would leave rounding behind.
    this.cash = this.#rules.sizing.kind === "all-in" ? 0 : Math.max(0, this.cash - units * price - fee);
    this.units = units;
    this.slippage += units * (price - quoted);
    this.#entryIndex = index;
    this.#entryPrice = price;
    this.#entryFee = fee;
  }

  /** Sells everything at `price`. */
  exit(index: number, price: number, quoted: number, finalized: boolean): void {
    const fee = this.units * price * this.#rules.costs.feeRate;
    this.slippage += this.units * (quoted - price);
    this.cash += this.units * price * (1 - this.#rules.costs.feeRate);
    this.trades.push({
      leg: 0,
      side: "long",
      entryIndex: this.#entryIndex,
      exitIndex: index,
      entryPrice: this.#entryPrice,
      exitPrice: price,
      size: this.units,
      entryFee: this.#entryFee,
      exitFee: fee,
      carry: 0,
      pnl: this.units * (price - this.#entryPrice) - this.#entryFee - fee,
      finalized,
    });
    this.units = 0;
  }

  /** Equity at the closes of bars `from` to before `to`, with nothing held. */
  markFlat(from: number, to: number): void {
    const { cash, equity } = this;
    for (let t = from; t < to; t++) equity[t] = cash;
  }

  /** The same with what is held now. */
  markHeld(from: number, to: number, close: Float64Array): void {
    const { cash, units, equity } = this;
    for (let t = from; t < to; t++) equity[t] = cash + units * close[t]!;
    this.barsHeld += to - from;
  }

  /** A position open after the last bar is closed at `price`, the last close less slippage. */
  finalize(price: number, quoted: number): void {
    if (this.units === 0) return;
    const last = this.equity.length - 1;
    this.exit(last, price, quoted, true);
    this.equity[last] = this.cash;
  }

  /** Units that the rules buy when one costs `unitCost`, fee included; 0 when the cash does not reach. */
  #unitsFor(unitCost: number): number {
    const sizing = this.#rules.sizing;
    switch (sizing.kind) {
      case "all-in":
        return this.cash / unitCost;
      case "whole-shares":
        return Math.floor((this.cash / unitCost) * ROUNDING);
      case "fixed":
        return sizing.units * unitCost <= this.cash * ROUNDING ? sizing.units : 0;
      case "percent":
        return (this.cash * sizing.percent) / 100 / unitCost;
    }
  }
}
