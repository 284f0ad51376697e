/**
 * What onBar() sees: the bar under the cursor, values of causal indicators at or before it, and the six working orders.
 * No column is reachable from it, so a strategy cannot look ahead.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { BarContext, BracketOptions } from "../domain/strategy.ts";
import type { Params } from "../domain/backtest.ts";
import type { Ledger } from "./ledger.ts";
import { ema, highest, lowest, rsi, sma } from "../domain/indicators.ts";
import { badInput, TradingError } from "../base/errors.ts";

/** One order of each kind can work at a time; a new one replaces the old. NaN: none. */
export interface WorkingOrders {
  buyMarket: boolean;
  buyLimit: number;
  buyStop: number;
  sellMarket: boolean;
  sellLimit: number;
  sellStop: number;
  /** Prices that start to work when the entry fills. */
  stopLoss: number;
  takeProfit: number;
}

type LineKind = "sma" | "ema" | "rsi" | "highest" | "lowest";

/** Different periods of one indicator that a run may ask for; a moving period would otherwise fill the memory. */
const MAX_PERIODS = 64;

export class BarCursor implements BarContext {
  readonly #bars: BarSeries;
  readonly #params: Params;
  readonly #ledger: Ledger;
  readonly #lines: Readonly<Record<LineKind, Map<number, Float64Array>>> = {
    sma: new Map(),
    ema: new Map(),
    rsi: new Map(),
    highest: new Map(),
    lowest: new Map(),
  };
  readonly orders: WorkingOrders = noOrders();
  #t = 0;

  constructor(bars: BarSeries, params: Params, ledger: Ledger) {
    this.#bars = bars;
    this.#params = params;
    this.#ledger = ledger;
  }

  get index() {
    return this.#t;
  }
  get time() {
    return this.#bars.time[this.#t]!;
  }
  get open() {
    return this.#bars.open[this.#t]!;
  }
  get high() {
    return this.#bars.high[this.#t]!;
  }
  get low() {
    return this.#bars.low[this.#t]!;
  }
  get close() {
    return this.#bars.close[this.#t]!;
  }
  get volume() {
    return this.#bars.volume[this.#t]!;
  }
  get position() {
    return this.#ledger.units;
  }
  get cash() {
    return this.#ledger.cash;
  }
  get equity() {
    return this.#ledger.cash + this.#ledger.units * this.close;
  }

  lag(bars: number): number {
    return before(this.#bars.close, this.#t, bars);
  }
  sma(period: number, ago = 0): number {
    return before(this.#line("sma", period), this.#t, ago);
  }
  ema(period: number, ago = 0): number {
    return before(this.#line("ema", period), this.#t, ago);
  }
  rsi(period: number, ago = 0): number {
    return before(this.#line("rsi", period), this.#t, ago);
  }
  highestHigh(period: number): number {
    return before(this.#line("highest", period), this.#t, 1);
  }
  lowestLow(period: number): number {
    return before(this.#line("lowest", period), this.#t, 1);
  }

  crossedAbove(fast: number | string, slow: number | string): boolean {
    const [a, b] = [this.#period(fast), this.#period(slow)];
    return this.sma(a, 1) <= this.sma(b, 1) && this.sma(a) > this.sma(b);
  }

  crossedBelow(fast: number | string, slow: number | string): boolean {
    const [a, b] = [this.#period(fast), this.#period(slow)];
    return this.sma(a, 1) >= this.sma(b, 1) && this.sma(a) < this.sma(b);
  }

  /** Ignored while long: one position, no pyramiding. */
  buy(options: BracketOptions = {}): void {
    if (this.#ledger.units > 0) return;
    const { limit, stop, stopLoss, takeProfit } = options;
    if (limit !== undefined && stop !== undefined)
      throw badInput("not-yet", "buy() got both a limit and a stop: stop-limit orders are not built yet.", "Give one of them.");
    const orders = this.orders;
    if (limit !== undefined) orders.buyLimit = price(limit, "limit");
    else if (stop !== undefined) orders.buyStop = price(stop, "stop");
    else orders.buyMarket = true;
    orders.stopLoss = stopLoss === undefined ? Number.NaN : price(stopLoss, "stopLoss");
    orders.takeProfit = takeProfit === undefined ? Number.NaN : price(takeProfit, "takeProfit");
  }

  /** Ignored while flat. A limit or a stop replaces the take-profit or stop-loss that works already. */
  sell(options: { readonly limit?: number; readonly stop?: number } = {}): void {
    if (this.#ledger.units === 0) return;
    if (options.limit !== undefined) this.orders.sellLimit = price(options.limit, "limit");
    if (options.stop !== undefined) this.orders.sellStop = price(options.stop, "stop");
    if (options.limit === undefined && options.stop === undefined) this.orders.sellMarket = true;
  }

  cancelAll(): void {
    Object.assign(this.orders, noOrders());
  }

  /** For the engine alone. */
  moveTo(index: number): void {
    this.#t = index;
  }

  #period(nameOrPeriod: number | string): number {
    if (typeof nameOrPeriod === "number") return nameOrPeriod;
    const value = this.#params[nameOrPeriod];
    if (value === undefined)
      throw badInput("unknown-parameter", `crossedAbove or crossedBelow was given "${nameOrPeriod}", which is no parameter of this strategy.`);
    return value;
  }

  #line(kind: LineKind, period: number): Float64Array {
    const lines = this.#lines[kind];
    const known = lines.get(period);
    if (known !== undefined) return known;
    if (lines.size >= MAX_PERIODS)
      throw new TradingError("too-many-indicators", `A strategy may use ${MAX_PERIODS} different periods of ${kind}; ${period} is one more.`);
    const line = this.#compute(kind, period);
    lines.set(period, line);
    return line;
  }

  #compute(kind: LineKind, period: number): Float64Array {
    switch (kind) {
      case "sma":
        return sma(this.#bars.close, period);
      case "ema":
        return ema(this.#bars.close, period);
      case "rsi":
        return rsi(this.#bars.close, period);
      case "highest":
        return highest(this.#bars.high, period);
      case "lowest":
        return lowest(this.#bars.low, period);
    }
  }
}

export function noOrders(): WorkingOrders {
  const none = Number.NaN;
  return { buyMarket: false, buyLimit: none, buyStop: none, sellMarket: false, sellLimit: none, sellStop: none, stopLoss: none, takeProfit: none };
}

/** The value `ago` bars before bar t; NaN before the first bar, and for a negative `ago`, which would be the future. */
function before(values: Float64Array, t: number, ago: number): number {
  return ago >= 0 ? (values[t - ago] ?? Number.NaN) : Number.NaN;
}

function price(value: number, what: string): number {
  if (!(Number.isFinite(value) && value > 0)) throw badInput("bad-price", `${what} is ${value}, which is not a price.`);
  return value;
}
