/**
 * Which built-in strategies a sweep can take apart: into two lines whose crossings are entry and exit, or into an entry half
 * and an exit half that each depend on some of the parameters only. What many combinations share is computed once.
 */
import { ema, highest, lowest, rsi } from "../../domain/indicators.ts";
import type { BarSeries } from "../../domain/bars.ts";

/** A line that starts at bar `period` - 1 and never goes below zero. */
export interface Line {
  readonly kind: "sma" | "ema";
  readonly period: number;
}

/** Signals that depend on one indicator and a level. */
export interface Half {
  readonly kind: "rsi-up" | "rsi-down" | "above-highest" | "below-lowest";
  readonly period: number;
  /** Of the RSI; 0 for the channels. */
  readonly level: number;
}

/**
 * `first` and `second`: for each combination the line or half (by number) of its entry and its exit. "signals": the strategy is not
 * taken apart, and answers the signals of each combination itself.
 */
export type Recipe =
  | { readonly kind: "cross"; readonly lines: readonly Line[]; readonly first: Int32Array; readonly second: Int32Array }
  | { readonly kind: "halves"; readonly halves: readonly Half[]; readonly first: Int32Array; readonly second: Int32Array }
  | { readonly kind: "signals"; readonly first: Int32Array; readonly second: Int32Array };

/** `value(name, i)` is the parameter of combination i. Undefined for a strategy that is not taken apart. */
export function recipeOf(strategy: string, combinations: number, value: (name: string, i: number) => number): Recipe | undefined {
  const of = (name: string) => (i: number) => value(name, i);
  const none = () => 0;
  switch (strategy) {
    case "sma_cross":
      return crossOf(combinations, "sma", of("fast"), of("slow"));
    case "ema_cross":
      return crossOf(combinations, "ema", of("fast"), of("slow"));
    case "rsi_reversion":
      return halvesOf(combinations, ["rsi-up", of("period"), of("low")], ["rsi-down", of("period"), of("high")]);
    case "breakout":
      return halvesOf(combinations, ["above-highest", of("entry"), none], ["below-lowest", of("exit"), none]);
    default:
      return undefined;
  }
}

type Value = (i: number) => number;
type HalfOf = readonly [kind: Half["kind"], period: Value, level: Value];

function crossOf(combinations: number, kind: Line["kind"], fast: Value, slow: Value): Recipe {
  const lines: Line[] = [];
  const numbered = new Numbered((period) => lines.push({ kind, period }) - 1);
  const numbers = (period: Value) => Int32Array.from({ length: combinations }, (_value, i) => numbered.of(period(i), 0));
  return { kind: "cross", lines, first: numbers(fast), second: numbers(slow) };
}

function halvesOf(combinations: number, entry: HalfOf, exit: HalfOf): Recipe {
  const halves: Half[] = [];
  const [first, second] = [entry, exit].map(([kind, period, level]) => {
    const numbered = new Numbered((ofPeriod, ofLevel) => halves.push({ kind, period: ofPeriod, level: ofLevel }) - 1);
    return Int32Array.from({ length: combinations }, (_value, i) => numbered.of(period(i), level(i)));
  }) as [Int32Array, Int32Array];
  return { kind: "halves", halves, first, second };
}

/** The same number for the same two values. There are hundreds of thousands of combinations: no keys are put together for them. */
class Numbered {
  readonly #numbers = new Map<number, Map<number, number>>();
  readonly #make: (a: number, b: number) => number;

  constructor(make: (a: number, b: number) => number) {
    this.#make = make;
  }

  of(a: number, b: number): number {
    let ofA = this.#numbers.get(a);
    if (ofA === undefined) this.#numbers.set(a, (ofA = new Map()));
    let number = ofA.get(b);
    if (number === undefined) ofA.set(b, (number = this.#make(a, b)));
    return number;
  }
}

export function emaLine(close: Float64Array, period: number): Float64Array {
  return ema(close, period);
}

/** What the halves of one kind and period share. */
export function halfSource(bars: BarSeries, kind: Half["kind"], period: number): Float64Array {
  switch (kind) {
    case "rsi-up":
    case "rsi-down":
      return rsi(bars.close, period);
    case "above-highest":
      return highest(bars.high, period);
    case "below-lowest":
      return lowest(bars.low, period);
  }
}

/** Sets the bits of a half, 32 bars a word; the rules are those of strategies/rsiReversion.ts and strategies/breakout.ts. */
export function writeHalf({ kind, level }: Half, source: Float64Array, close: Float64Array, words: Int32Array): void {
  words.fill(0);
  for (let t = 1; t < close.length; t++) {
    const before = source[t - 1]!;
    const isSignal =
      kind === "rsi-up"
        ? before <= level && source[t]! > level
        : kind === "rsi-down"
          ? before >= level && source[t]! < level
          : kind === "above-highest"
            ? close[t]! > before
            : close[t]! < before;
    if (isSignal) words[t >> 5] = words[t >> 5]! | (1 << (t & 31));
  }
}
