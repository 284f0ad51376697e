/**
 * What onBar() sees: the bar under the cursor, values of causal indicators at or before it, and orders to give.
 * No column is reachable from it, so a strategy cannot look ahead.
 */
import type { BarSeries } from "../domain/bars.ts";
import type { BarColumn, BarContext, EntryOptions, ExitOptions } from "../domain/strategy.ts";
import type { Params } from "../domain/backtest.ts";
import { computeIndicator, parseIndicatorOutput } from "../domain/indicators/catalog.ts";
import { atr, crossings, ema, highest, lowest, rsi, smaOf, stdev } from "../domain/indicators.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { Leg, Portfolio } from "./portfolio.ts";
import type { RunMemory } from "./runMemory.ts";
import { entryOrder, exitOrder, place, targetOrder, type WorkingOrder } from "./workingOrders.ts";

const LINES = [
  ({ close }: BarSeries, period: number, memory: RunMemory) => smaOf(close, memory.wholeScale(close), period, memory.column(close.length)),
  (bars: BarSeries, period: number) => ema(bars.close, period),
  (bars: BarSeries, period: number) => rsi(bars.close, period),
  (bars: BarSeries, period: number) => stdev(bars.close, period),
  (bars: BarSeries, period: number) => atr(bars.high, bars.low, bars.close, period),
  (bars: BarSeries, period: number) => highest(bars.high, period),
  (bars: BarSeries, period: number) => lowest(bars.low, period),
] as const;
const [SMA, EMA, RSI, STDEV, ATR, HIGHEST, LOWEST] = [0, 1, 2, 3, 4, 5, 6] as const;

/** Different periods of one indicator that a run may ask for; a moving period would otherwise fill the memory. */
const MAX_PERIODS = 64;

/** What the cursors of one run share. */
interface Shared {
  readonly account: Portfolio;
  readonly clock: Float64Array;
  readonly params: Params;
  readonly memory: RunMemory;
  readonly symbols: readonly string[];
  readonly cursors: BarCursor[];
  /** Of each symbol, the first where one is there twice. */
  readonly numbers: ReadonlyMap<string, number>;
  /** The symbol that comes after the last one asked for: strategies go through them in order. */
  next: number;
}

/** Where one average crosses another, as they were asked for. */
interface Crossings {
  readonly fast: number | string;
  readonly slow: number | string;
  readonly marks: Int8Array;
}

export class BarCursor implements BarContext {
  readonly #shared: Shared;
  readonly #leg: Leg;
  readonly #bars: BarSeries;
  /** By indicator and period. */
  readonly #lines: ReadonlyArray<Array<Float64Array | undefined>> = LINES.map(() => []);
  readonly #periods = LINES.map(() => 0);
  /** By request. */
  readonly #indicators = new Map<string, Float64Array>();
  readonly #crossings: Crossings[] = [];
  /** Those asked for last. */
  #fast: number | string = -1;
  #slow: number | string = -1;
  #marks: Int8Array = new Int8Array(0);

  private constructor(shared: Shared, leg: Leg) {
    this.#shared = shared;
    this.#leg = leg;
    this.#bars = leg.bars;
  }

  /** One for each symbol, on their legs' bars. */
  static forAll(account: Portfolio, clock: Float64Array, params: Params, memory: RunMemory): readonly [BarCursor, ...BarCursor[]] {
    const symbols = account.legs.map((leg) => leg.bars.symbol);
    const numbers = new Map(symbols.map((symbol, number) => [symbol, number] as const).reverse());
    const shared: Shared = { account, clock, params, memory, symbols, cursors: [], numbers, next: 0 };
    for (const leg of account.legs) shared.cursors.push(new BarCursor(shared, leg));
    return shared.cursors as [BarCursor, ...BarCursor[]];
  }

  get index() {
    return this.#shared.account.now;
  }
  get time() {
    return this.#shared.clock[this.#shared.account.now] as number;
  }
  get symbol() {
    return this.#bars.symbol;
  }
  get symbols() {
    return this.#shared.symbols;
  }
  get hasBar() {
    return this.#leg.isNew;
  }
  get open() {
    return this.#bars.open[this.#leg.bar] ?? Number.NaN;
  }
  get high() {
    return this.#bars.high[this.#leg.bar] ?? Number.NaN;
  }
  get low() {
    return this.#bars.low[this.#leg.bar] ?? Number.NaN;
  }
  get close() {
    return this.#bars.close[this.#leg.bar] ?? Number.NaN;
  }
  get volume() {
    return this.#bars.volume[this.#leg.bar] ?? Number.NaN;
  }
  get position() {
    return this.#leg.units;
  }
  get entryPrice() {
    return this.#leg.entryPrice;
  }
  get barsHeld() {
    return this.#leg.units === 0 ? 0 : this.#leg.bar - this.#leg.entryBar;
  }
  get cash() {
    return this.#shared.account.cash;
  }
  get equity() {
    return this.#shared.account.worth();
  }

  of(symbol: string): BarContext {
    const shared = this.#shared;
    const { symbols, next } = shared;
    const number = symbols[next] === symbol && shared.numbers.size === symbols.length ? next : shared.numbers.get(symbol);
    if (number === undefined) throw badInput("unknown-symbol", `of("${symbol}"): this run has no such symbol.`, knownNames(symbol, symbols));
    shared.next = number + 1 < symbols.length ? number + 1 : 0;
    return shared.cursors[number]!;
  }

  lag(bars: number, column: BarColumn = "close"): number {
    return before(this.#bars[column], this.#leg.bar, bars);
  }
  sma(period: number, ago = 0): number {
    return before(this.#line(SMA, period), this.#leg.bar, ago);
  }
  ema(period: number, ago = 0): number {
    return before(this.#line(EMA, period), this.#leg.bar, ago);
  }
  rsi(period: number, ago = 0): number {
    return before(this.#line(RSI, period), this.#leg.bar, ago);
  }
  stdev(period: number, ago = 0): number {
    return before(this.#line(STDEV, period), this.#leg.bar, ago);
  }
  atr(period: number, ago = 0): number {
    return before(this.#line(ATR, period), this.#leg.bar, ago);
  }
  indicator(request: string, ago = 0): number {
    return before(this.#indicators.get(request) ?? this.#newIndicator(request), this.#leg.bar, ago);
  }
  highestHigh(period: number): number {
    return before(this.#line(HIGHEST, period), this.#leg.bar, 1);
  }
  lowestLow(period: number): number {
    return before(this.#line(LOWEST, period), this.#leg.bar, 1);
  }

  crossedAbove(fast: number | string, slow: number | string): boolean {
    return this.#crossing(fast, slow) === 1;
  }

  crossedBelow(fast: number | string, slow: number | string): boolean {
    return this.#crossing(fast, slow) === -1;
  }

  buy(options: EntryOptions = NO_OPTIONS): void {
    if (this.#leg.units > 0 && options.size === undefined) return;
    this.#place(entryOrder(1, options));
  }

  short(options: EntryOptions = NO_OPTIONS): void {
    if (this.#leg.units < 0 && options.size === undefined) return;
    this.#place(entryOrder(-1, options));
  }

  sell(options: ExitOptions = NO_OPTIONS): void {
    if (this.#leg.units > 0) this.#place(exitOrder(-1, options));
  }

  cover(options: ExitOptions = NO_OPTIONS): void {
    if (this.#leg.units < 0) this.#place(exitOrder(1, options));
  }

  exit(): void {
    if (this.#leg.units !== 0) this.#place(exitOrder(this.#leg.units > 0 ? -1 : 1, NO_OPTIONS));
  }

  targetPercent(percent: number): void {
    const { close } = this;
    if (!Number.isFinite(percent)) throw badInput("bad-size", `targetPercent() got ${percent}, which is no number.`);
    if (close > 0) this.targetUnits((Math.max(0, this.equity) * percent) / 100 / close);
  }

  targetUnits(units: number): void {
    if (!Number.isFinite(units)) throw badInput("bad-size", `targetUnits() got ${units}, which is no number.`);
    this.#place(targetOrder(units));
  }

  cancelAll(tag?: string): void {
    const { orders } = this.#leg;
    if (tag === undefined) orders.length = 0;
    else for (let i = orders.length - 1; i >= 0; i--) if (orders[i]!.tag === tag) orders.splice(i, 1);
  }

  /** 1 where the fast average crosses up through the slow one, -1 where it crosses down. */
  #crossing(fast: number | string, slow: number | string): number | undefined {
    const mark = fast === this.#fast && slow === this.#slow ? this.#marks[this.#leg.bar] : undefined;
    return mark ?? this.#otherCrossing(fast, slow);
  }

  #otherCrossing(fast: number | string, slow: number | string): number | undefined {
    let known = this.#crossings.find((one) => one.fast === fast && one.slow === slow);
    if (known === undefined) {
      const [a, b] = [this.#line(SMA, this.#period(fast)), this.#line(SMA, this.#period(slow))];
      const t = this.#leg.bar;
      if (this.#crossings.length === MAX_PERIODS) return t < 1 ? 0 : crossings(a.subarray(t - 1, t + 1), b.subarray(t - 1, t + 1))[1];
      known = { fast, slow, marks: crossings(a, b) };
      this.#crossings.push(known);
    }
    this.#fast = fast;
    this.#slow = slow;
    this.#marks = known.marks;
    return known.marks[this.#leg.bar];
  }

  #place(order: WorkingOrder): void {
    order.best = this.close;
    this.#leg.stir();
    place(this.#leg.orders, order);
  }

  #period(nameOrPeriod: number | string): number {
    if (typeof nameOrPeriod === "number") return nameOrPeriod;
    const value = this.#shared.params[nameOrPeriod];
    if (value === undefined)
      throw badInput("unknown-parameter", `crossedAbove or crossedBelow was given "${nameOrPeriod}", which is no parameter of this strategy.`);
    return value;
  }

  #line(kind: number, period: number): Float64Array {
    return this.#lines[kind]![period] ?? this.#newLine(kind, period);
  }

  #newLine(kind: number, period: number): Float64Array {
    if (!(Number.isInteger(period) && period >= 1 && period <= MAX_PERIOD))
      throw badInput("bad-period", `An indicator was asked for with period ${period}, but must be given a whole number from 1 to ${MAX_PERIOD}.`);
    if (++this.#periods[kind]! > MAX_PERIODS)
      throw new TradingError("too-many-indicators", `A strategy may use ${MAX_PERIODS} different periods of one indicator; ${period} is one more.`);
    const line = LINES[kind]!(this.#bars, period, this.#shared.memory);
    this.#lines[kind]![period] = line;
    return line;
  }

  #newIndicator(request: string): Float64Array {
    const wanted = parseIndicatorOutput(request);
    if (this.#indicators.size >= MAX_PERIODS)
      throw new TradingError("too-many-indicators", `A strategy may ask for ${MAX_PERIODS} different indicators; ${request} is one more.`);
    const { time, open, high, low, close, volume } = this.#bars;
    const line = computeIndicator(wanted, { time, open, high, low, close, volume })[wanted.output] as Float64Array;
    this.#indicators.set(request, line);
    return line;
  }
}

const MAX_PERIOD = 1_000_000;
const NO_OPTIONS: EntryOptions = Object.freeze({});

/** The value `ago` bars before bar t; NaN before the first bar, and for a negative `ago`, which would be the future. */
function before(values: Float64Array, t: number, ago: number): number {
  return ago >= 0 ? (values[t - ago] ?? Number.NaN) : Number.NaN;
}
