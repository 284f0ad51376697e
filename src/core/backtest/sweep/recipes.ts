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
  const line =
    (kind: Line["kind"], name: string) =>
    (i: number): Line => ({ kind, period: value(name, i) });
  const half =
    (kind: Half["kind"], period: string, level?: string) =>
    (i: number): Half => ({ kind, period: value(period, i), level: level === undefined ? 0 : value(level, i) });
  switch (strategy) {
    case "sma_cross":
      return crossOf(combinations, line("sma", "fast"), line("sma", "slow"));
    case "ema_cross":
      return crossOf(combinations, line("ema", "fast"), line("ema", "slow"));
    case "rsi_reversion":
      return halvesOf(combinations, half("rsi-up", "period", "low"), half("rsi-down", "period", "high"));
    case "breakout":
      return halvesOf(combinations, half("above-highest", "entry"), half("below-lowest", "exit"));
    default:
      return undefined;
  }
}

function crossOf(combinations: number, fast: (i: number) => Line, slow: (i: number) => Line): Recipe {
  const lines = new Numbered<Line>(({ kind, period }) => `${kind} ${period}`);
  const first = Int32Array.from({ length: combinations }, (_value, i) => lines.numberOf(fast(i)));
  const second = Int32Array.from({ length: combinations }, (_value, i) => lines.numberOf(slow(i)));
  return { kind: "cross", lines: lines.all, first, second };
}

function halvesOf(combinations: number, entry: (i: number) => Half, exit: (i: number) => Half): Recipe {
  const halves = new Numbered<Half>(({ kind, period, level }) => `${kind} ${period} ${level}`);
  const first = Int32Array.from({ length: combinations }, (_value, i) => halves.numberOf(entry(i)));
  const second = Int32Array.from({ length: combinations }, (_value, i) => halves.numberOf(exit(i)));
  return { kind: "halves", halves: halves.all, first, second };
}

class Numbered<T> {
  readonly all: T[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #key: (item: T) => string;

  constructor(key: (item: T) => string) {
    this.#key = key;
  }

  numberOf(item: T): number {
    const key = this.#key(item);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.all.length);
    this.all.push(item);
    return this.all.length - 1;
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
