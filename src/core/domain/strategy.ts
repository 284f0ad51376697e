/** The strategy contract: what a strategy file exports and what a strategy sees. */
import type { IndicatorColumns } from "./indicators/definition.ts";

export interface ParamSpec {
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** One value per bar; anything but 0, NaN, false and null is a signal. */
export type SignalArray = Int8Array | Uint8Array | Float64Array | ReadonlyArray<number | boolean | null>;

/** The short side is optional; a strategy with one runs in the event engine. */
export interface Signals {
  readonly entries: SignalArray;
  readonly exits: SignalArray;
  readonly shortEntries?: SignalArray;
  readonly shortExits?: SignalArray;
}

/**
 * Whole series in. Every function answers an array of the same length, NaN where it is not yet defined,
 * whose value at bar i depends on bars 0..i only.
 */
export interface VectorContext {
  readonly length: number;
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  sma(values: Float64Array, period: number): Float64Array;
  ema(values: Float64Array, period: number): Float64Array;
  rsi(values: Float64Array, period: number): Float64Array;
  /** Highest of the `period` values that end at each bar. */
  highest(values: Float64Array, period: number): Float64Array;
  lowest(values: Float64Array, period: number): Float64Array;
  stdev(values: Float64Array, period: number): Float64Array;
  /** The value `bars` ago. */
  lag(values: Float64Array, bars: number): Float64Array;
  /**
   * Any of the built-in indicators (docs/features.md), by output: `indicator("adx(14)").plusDi`. Over the bars' own columns;
   * `columns` puts others in their place, or gives the `other` series that beta and correlation need.
   */
  indicator(request: string, columns?: IndicatorColumns): Readonly<Record<string, Float64Array>>;
  /** 1 where a crosses up through b: a[t-1] <= b[t-1] and a[t] > b[t], all four defined. */
  crossOver(a: Float64Array, b: Float64Array | number): Int8Array;
  /** 1 where a crosses down through b: a[t-1] >= b[t-1] and a[t] < b[t]. */
  crossUnder(a: Float64Array, b: Float64Array | number): Int8Array;
}

/** How long an order works: till cancelled, for its first day, at the next open or close, or at once (`fok`: in whole) or not at all. */
export type TimeInForce = "gtc" | "day" | "opg" | "cls" | "ioc" | "fok";

/** Without limit and stop a market order at the next open; with both a stop-limit order. */
export interface ExitOptions {
  /** Units; all that is held when absent. */
  readonly size?: number;
  /** Fill at this price or better. */
  readonly limit?: number;
  /** Becomes a market order (with `limit`: a limit order) when touched. */
  readonly stop?: number;
  /** A stop that follows the best price since it works, at this distance. */
  readonly trail?: number;
  /** The same in percent of that best price. */
  readonly trailPercent?: number;
  /** "gtc" when absent. */
  readonly tif?: TimeInForce;
  /** Orders of one type with different tags work side by side; with equal tags the new one replaces the old. */
  readonly tag?: string;
}

/** `size` absent: the run's sizing decides, and the order is ignored while the position is open already. `trail` works from the fill on. */
export interface EntryOptions extends ExitOptions {
  /** Price at which the position is closed at a loss. */
  readonly stopLoss?: number;
  readonly takeProfit?: number;
}

export type BarColumn = "time" | "open" | "high" | "low" | "close" | "volume";

/**
 * Called at each bar's close; sees nothing later. Orders fill from the next bar on. With several symbols it is called once
 * for every time at which one of them has a bar; it stands for the first symbol, and `of` gives the others.
 */
export interface BarContext {
  /** Number of the current time, from 0. */
  readonly index: number;
  /** UTC milliseconds of the current time. */
  readonly time: number;
  readonly symbol: string;
  /** All symbols of the run. */
  readonly symbols: readonly string[];
  /** The same view on another symbol. Throws for one that is not in the run. */
  of(symbol: string): BarContext;
  /** False when this symbol has no bar at the current time: its prices are those of its last bar then, NaN before the first. */
  readonly hasBar: boolean;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Units held: above zero long, below zero short, 0 when flat. */
  readonly position: number;
  /** Mean price of the open position's entries; NaN when flat. */
  readonly entryPrice: number;
  /** Bars since the position was opened, of this symbol; 0 at the close of its first bar and when flat. */
  readonly barsHeld: number;
  /** Of the whole account. */
  readonly cash: number;
  readonly equity: number;
  /** The close (or another column; "time" in UTC milliseconds) `bars` ago, counted in bars of this symbol; NaN before the first bar. */
  lag(bars: number, column?: BarColumn): number;
  /** SMA of the closes, `ago` bars before this one (default 0); NaN while undefined. Cheap to call at every bar. */
  sma(period: number, ago?: number): number;
  ema(period: number, ago?: number): number;
  rsi(period: number, ago?: number): number;
  /** Sample standard deviation of the closes. */
  stdev(period: number, ago?: number): number;
  /** Average true range after Wilder. */
  atr(period: number, ago?: number): number;
  /**
   * Any of the built-in indicators (docs/features.md): `indicator("rsi(7)")`, `indicator("adx(14).plusDi")`; without an
   * output its first one. Indicators beside another series (beta, correlation) are for signals() only.
   */
  indicator(request: string, ago?: number): number;
  /** Highest high / lowest low of the `period` bars before the current one. */
  highestHigh(period: number): number;
  lowestLow(period: number): number;
  /**
   * True when one simple moving average has just crossed above another at this bar. Each is a period, or the name of the
   * parameter that holds it.
   */
  crossedAbove(fastPeriod: number | string, slowPeriod: number | string): boolean;
  crossedBelow(fastPeriod: number | string, slowPeriod: number | string): boolean;
  /** Goes long; closes a short position first. */
  buy(options?: EntryOptions): void;
  /** Sells what is held; nothing when flat or short. */
  sell(options?: ExitOptions): void;
  /** Goes short; closes a long position first. */
  short(options?: EntryOptions): void;
  /** Buys back what is short; nothing when flat or long. */
  cover(options?: ExitOptions): void;
  /** Closes the position at the next open, whichever it is. */
  exit(): void;
  /** Brings the position to so many percent of the account's equity at this close (below zero: short), by a market order. */
  targetPercent(percent: number): void;
  /** Brings the position to so many units, by a market order. */
  targetUnits(units: number): void;
  /** Withdraws this symbol's working orders; with a tag only those that carry it. */
  cancelAll(tag?: string): void;
}

export interface StrategyDefinition<P extends Record<string, ParamSpec> = Record<string, ParamSpec>> {
  readonly name: string;
  /** When it buys and when it sells, exactly; for people. */
  readonly rule?: string;
  /** How many symbols it takes: one when it has signals(), else as many as there are. */
  readonly symbols?: { readonly min: number; readonly max?: number };
  readonly params: P;
  // Methods, so that a strategy with parameters of its own is a StrategyDefinition too: parameters are checked before a call.
  /** Vectorised form. */
  signals?(bars: VectorContext, params: { readonly [K in keyof P]: number }): Signals;
  /** Event form. */
  onBar?(bar: BarContext, params: { readonly [K in keyof P]: number }): void;
}

/** Declares a strategy; a strategy file exports its answer as default. */
export function defineStrategy<const P extends Record<string, ParamSpec>>(definition: StrategyDefinition<P>): StrategyDefinition<P> {
  return definition;
}
