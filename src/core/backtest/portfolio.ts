/**
 * The event engine's account: cash, a position in each symbol, what may be bought, and the round trips. A round trip lasts
 * from flat to flat; what is added, reduced or filled in parts in between is counted at mean prices.
 * While it holds to plain long positions its money is counted with the very terms of ledger.ts, so both end in equal bits.
 */
import type { CorporateAction, BarSeries } from "../domain/bars.ts";
import type { Sizing } from "../domain/backtest.ts";
import { FillCosts } from "./fillCosts.ts";
import { ROUNDING, type LedgerTrade, type Outcome, type Rules } from "./ledger.ts";
import { calmBetween, removeAt, type WorkingOrder } from "./workingOrders.ts";

/** Days of a year for interest, as brokers count. */
const INTEREST_YEAR_MS = 360 * 86_400_000;

/** One symbol: its bars up to now, its position, its working orders. */
export class Leg {
  readonly number: number;
  readonly bars: BarSeries;
  readonly orders: WorkingOrder[] = [];
  /** Its last bar at or before now; -1 before the first. */
  bar = -1;
  /** That bar is of this very time. */
  isNew: boolean;
  /** It has a bar at every time of the run. */
  readonly isAlways: boolean;
  units = 0;
  /** Of the open round trip. */
  entryIndex = 0;
  entryBar = 0;
  entryUnits = 0;
  entryValue = 0;
  entryPrice = Number.NaN;
  entryFees = 0;
  exitUnits = 0;
  exitValue = 0;
  exitFees = 0;
  /** Borrow cost less dividends received. */
  carry = 0;
  /** Of the volume of bar `takenBar`, where it is limited. */
  takenBar = -1;
  takenUnits = 0;
  /** A bar whose prices all lie between these leaves the working orders as they are; none does after stir(). */
  #floor = Number.NEGATIVE_INFINITY;
  #ceiling = Number.POSITIVE_INFINITY;
  #nextAction = 0;

  constructor(number: number, bars: BarSeries, times: number) {
    this.number = number;
    this.bars = bars;
    this.isAlways = this.isNew = bars.time.length === times;
  }

  /** The orders have changed in other ways than by meeting a bar. */
  stir(): void {
    this.#ceiling = Number.NEGATIVE_INFINITY;
  }

  /** The orders have met their bar. */
  settle(): void {
    [this.#floor, this.#ceiling] = calmBetween(this.orders);
  }

  /** Its orders may change whatever the prices: market orders, those of a day, what is new. */
  get isStirred(): boolean {
    return this.#ceiling === Number.NEGATIVE_INFINITY;
  }

  /** The bar under the cursor does nothing to the orders. */
  get isCalm(): boolean {
    if (this.isStirred) return false;
    const { bars, bar } = this;
    const open = bars.open[bar]!;
    return bars.high[bar]! < this.#ceiling && bars.low[bar]! > this.#floor && open < this.#ceiling && open > this.#floor;
  }

  /** Splits and dividends that the bar under the cursor is the first to show. */
  takeAction(): CorporateAction | undefined {
    const action = this.bars.actions?.[this.#nextAction];
    if (action === undefined || action.time > this.bars.time[this.bar]!) return undefined;
    this.#nextAction++;
    return action;
  }
}

export class Portfolio implements Outcome {
  readonly legs: readonly Leg[];
  readonly equity: Float64Array;
  readonly trades: LedgerTrade[] = [];
  /** Those with a position, in their order: of hundreds of symbols few are held. */
  readonly held: Leg[] = [];
  readonly costs: FillCosts;
  readonly #sizing: Sizing;
  readonly #leverage: number;
  readonly #borrowRate: number;
  readonly #cashRate: number;
  readonly #marginRate: number;
  readonly hasFinancing: boolean;
  /** Number of the current time. */
  now = 0;
  cash: number;
  /** Bars at whose close a position is held. */
  barsHeld = 0;
  /** Entries that were not filled because the cash did not reach. */
  skipped = 0;
  slippage = 0;
  marginCalls = 0;
  /** Interest received less interest paid. */
  interest = 0;
  #hasShort = false;

  /** `equity`: as long as there are times, to be written. */
  constructor(rules: Rules, series: readonly BarSeries[], equity: Float64Array) {
    this.legs = series.map((bars, number) => new Leg(number, bars, equity.length));
    this.equity = equity;
    this.costs = new FillCosts(rules.costs);
    this.#sizing = rules.sizing;
    this.cash = rules.cash;
    const { leverage = 1, borrowRate = 0, cashRate = 0, marginRate = 0 } = rules.costs;
    this.#leverage = leverage;
    this.#borrowRate = borrowRate;
    this.#cashRate = cashRate;
    this.#marginRate = marginRate;
    this.hasFinancing = borrowRate !== 0 || cashRate !== 0 || marginRate !== 0;
  }

  /** Worth of cash and positions at the last closes. */
  worth(): number {
    let worth = this.cash;
    for (const leg of this.held) worth += leg.units * leg.bars.close[leg.bar]!;
    return worth;
  }

  /** Money that an entry in `leg` at `price` may use. */
  budget(leg: Leg, price: number): number {
    if (this.#leverage === 1 && !this.#hasShort) return this.cash;
    let worth = this.cash;
    let gross = 0;
    for (const other of this.held) {
      const value = other.units * (other === leg ? price : other.bars.close[other.bar]!);
      worth += value;
      gross += Math.abs(value);
    }
    return Math.max(0, worth * this.#leverage - gross);
  }

  /** Units that an entry at `price` takes; 0 when the budget does not reach for what was asked. */
  unitsFor(leg: Leg, asked: number, price: number): number {
    if (!(price > 0)) return 0;
    const budget = this.budget(leg, price);
    const sizing = this.#sizing;
    const affordable = this.costs.unitsFor(budget, price);
    if (!Number.isNaN(asked)) return this.#afford(asked, affordable);
    switch (sizing.kind) {
      case "all-in":
        return affordable;
      case "whole-shares":
        return Math.floor(affordable * ROUNDING);
      case "fixed":
        return this.#afford(sizing.units, affordable);
      case "percent":
        return this.costs.isPlain
          ? (budget * sizing.percent) / 100 / (price * (1 + this.costs.feeRate))
          : this.costs.unitsFor((budget * sizing.percent) / 100, price);
    }
  }

  /** Opens a position or adds to it: `units` above zero, bought (side 1) or sold short (-1); `quoted` is the price before slippage. */
  open(leg: Leg, side: 1 | -1, units: number, price: number, quoted: number, now: number): void {
    this.slippage += side * units * (price - quoted);
    const fee = this.costs.fee(units, price);
    // All-in spends the cash to the last digit; subtracting would leave rounding behind.
    const isAllCash =
      side === 1 && this.#sizing.kind === "all-in" && !this.#hasShort && this.#leverage === 1 && units === this.costs.unitsFor(this.cash, price);
    this.cash = isAllCash ? 0 : this.#floor(this.cash - side * units * price - fee, side);
    if (leg.units === 0) {
      leg.entryIndex = now;
      leg.entryBar = leg.bar;
      leg.entryPrice = price;
      this.#hold(leg);
    } else {
      leg.entryPrice = (leg.entryValue + units * price) / (leg.entryUnits + units);
    }
    leg.entryUnits += units;
    leg.entryValue += units * price;
    leg.entryFees += fee;
    leg.units += side * units;
    if (side === -1) this.#hasShort = true;
  }

  /** Reduces or closes the position by `units` above zero, at most what is held. */
  reduce(leg: Leg, units: number, price: number, quoted: number, now: number, finalized: boolean): void {
    const side = leg.units > 0 ? 1 : -1;
    this.slippage += side * units * (quoted - price);
    const isWhole = units >= Math.abs(leg.units);
    const fee = this.costs.fee(units, price);
    if (this.costs.isPlain) this.cash += side * units * price * (1 - side * this.costs.feeRate);
    else this.cash += side * units * price - fee;
    leg.units = isWhole ? 0 : leg.units - side * units;
    leg.exitUnits += units;
    leg.exitValue += units * price;
    leg.exitFees += fee;
    if (!isWhole) return;
    removeAt(this.held, this.held.indexOf(leg));
    this.trades.push(roundTrip(leg, side, leg.exitUnits === units ? price : leg.exitValue / leg.exitUnits, now, finalized));
    leg.entryUnits = leg.entryValue = leg.entryFees = leg.exitUnits = leg.exitValue = leg.exitFees = leg.carry = 0;
    leg.entryPrice = Number.NaN;
    if (side === -1) this.#hasShort = this.held.some((other) => other.units < 0);
  }

  /** Equity at time number `now`, after its fills. True when the positions need more margin than there is. */
  mark(now: number): boolean {
    const { held } = this;
    let worth = this.cash;
    let gross = 0;
    for (let i = 0; i < held.length; i++) {
      const leg = held[i]!;
      const value = leg.units * leg.bars.close[leg.bar]!;
      worth += value;
      gross += Math.abs(value);
    }
    this.equity[now] = worth;
    if (gross === 0) return false;
    this.barsHeld++;
    return (this.#leverage > 1 || this.#hasShort) && worth < gross * this.#maintenance();
  }

  /** Interest and borrow cost of `ms` that went by since the last closes. */
  accrue(ms: number): void {
    const years = ms / INTEREST_YEAR_MS;
    let shortValue = 0;
    for (const leg of this.held) {
      if (leg.units >= 0) continue;
      const value = -leg.units * leg.bars.close[leg.bar]!;
      shortValue += value;
      const cost = value * this.#borrowRate * years;
      leg.carry += cost;
      this.cash -= cost;
    }
    // What short sales brought in lies with the lender and earns nothing.
    const own = this.cash - shortValue;
    const interest = this.cash < 0 ? this.cash * this.#marginRate * years : Math.max(0, own) * this.#cashRate * years;
    this.cash += interest;
    this.interest += interest;
  }

  /** A split changes units and working prices, a dividend is paid on what is held (or owed on what is short). */
  apply(leg: Leg, action: CorporateAction): void {
    if (action.kind === "dividend") {
      this.cash += leg.units * action.amount;
      leg.carry -= leg.units * action.amount;
      return;
    }
    const { ratio } = action;
    leg.stir();
    leg.units *= ratio;
    leg.entryUnits *= ratio;
    leg.exitUnits *= ratio;
    leg.entryPrice /= ratio;
    for (const order of leg.orders) {
      order.units *= ratio;
      order.limit /= ratio;
      order.stop /= ratio;
      order.trail /= ratio;
      order.best /= ratio;
    }
  }

  #hold(leg: Leg): void {
    const { held } = this;
    let at = held.push(leg) - 1;
    for (; at > 0 && held[at - 1]!.number > leg.number; at--) held[at] = held[at - 1]!;
    held[at] = leg;
  }

  /** In whole or not at all. */
  #afford(units: number, affordable: number): number {
    return units <= affordable * ROUNDING ? units : 0;
  }

  /** Half of what an entry needs, at most a quarter: Regulation T asks for 50 % at entry and 25 % after. */
  #maintenance(): number {
    return Math.min(0.25, 0.5 / this.#leverage);
  }

  /** Rounding alone never makes a debt. */
  #floor(cash: number, side: 1 | -1): number {
    return side === 1 && this.#leverage === 1 && !this.#hasShort ? Math.max(0, cash) : cash;
  }
}

function roundTrip(leg: Leg, side: 1 | -1, exitPrice: number, now: number, finalized: boolean): LedgerTrade {
  const isSingle = leg.exitUnits === leg.entryUnits && leg.entryValue === leg.entryUnits * leg.entryPrice && leg.exitValue === leg.exitUnits * exitPrice;
  const gain = isSingle ? leg.entryUnits * (exitPrice - leg.entryPrice) * side : (leg.exitValue - leg.entryValue) * side;
  return {
    leg: leg.number,
    side: side === 1 ? "long" : "short",
    entryIndex: leg.entryIndex,
    exitIndex: now,
    entryPrice: leg.entryPrice,
    exitPrice,
    size: leg.entryUnits,
    entryFee: leg.entryFees,
    exitFee: leg.exitFees,
    carry: leg.carry,
    pnl: gain - leg.entryFees - leg.exitFees - leg.carry,
    finalized,
  };
}
