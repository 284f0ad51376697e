/** The strategy contract: what a strategy file exports and what a strategy sees. */

export interface ParamSpec {
  readonly default: number;
  readonly min?: number;
  readonly max?: number;
  readonly integer?: boolean;
}

/** One value per bar; anything but 0 is a signal. */
export type SignalArray = Int8Array | Uint8Array | Float64Array;

export interface Signals {
  readonly entries: SignalArray;
  readonly exits: SignalArray;
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
  /** 1 where a crosses up through b: a[t-1] <= b[t-1] and a[t] > b[t], all four defined. */
  crossOver(a: Float64Array, b: Float64Array | number): Int8Array;
  /** 1 where a crosses down through b: a[t-1] >= b[t-1] and a[t] < b[t]. */
  crossUnder(a: Float64Array, b: Float64Array | number): Int8Array;
}

export interface BracketOptions {
  /** Price at which the position is sold at a loss. */
  readonly stopLoss?: number;
  readonly takeProfit?: number;
  /** Fill at this price or better instead of at the next open. */
  readonly limit?: number;
  /** Becomes a market order when touched. */
  readonly stop?: number;
}

/** Called at each bar's close; sees nothing later. Orders fill from the next bar on. */
export interface BarContext {
  /** Index of the current bar. */
  readonly index: number;
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  /** Units held; 0 when flat. */
  readonly position: number;
  readonly cash: number;
  readonly equity: number;
  /** The close `bars` ago; NaN before the first bar. */
  lag(bars: number): number;
  /** SMA of the closes, `ago` bars before this one (default 0); NaN while undefined. Cheap to call at every bar. */
  sma(period: number, ago?: number): number;
  ema(period: number, ago?: number): number;
  rsi(period: number, ago?: number): number;
  /** Highest high / lowest low of the `period` bars before the current one. */
  highestHigh(period: number): number;
  lowestLow(period: number): number;
  /**
   * True when one simple moving average has just crossed above another at this bar. Each is a period, or the name of the
   * parameter that holds it.
   */
  crossedAbove(fastPeriod: number | string, slowPeriod: number | string): boolean;
  crossedBelow(fastPeriod: number | string, slowPeriod: number | string): boolean;
  buy(options?: BracketOptions): void;
  /** Sells what is held. */
  sell(options?: { readonly limit?: number; readonly stop?: number }): void;
  cancelAll(): void;
}

export interface StrategyDefinition<P extends Record<string, ParamSpec> = Record<string, ParamSpec>> {
  readonly name: string;
  /** When it buys and when it sells, exactly; for people. */
  readonly rule?: string;
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
