/** Computations that failed at every attempt, kept within a bound so that a person can look at them, run them again or drop them. */
import type { PlainError } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { FeatureSet } from "./featureSet.ts";

export interface DeadLetter {
  /** Counts up from 1 for one computer. */
  readonly id: number;
  readonly operation: string;
  readonly symbol: string;
  readonly timeframe: BarSeries["timeframe"];
  readonly bars: number;
  readonly indicators: readonly string[];
  readonly attempts: number;
  readonly error: PlainError;
  /** ISO 8601 UTC. */
  readonly at: string;
}

/** What is needed to run it again. */
export interface FailedWork {
  readonly series: BarSeries;
  readonly set: FeatureSet;
}

/** Letters, and bars in them: they keep their series alive (500,000 bars are 24 MB). */
const MAX_LETTERS = 100;
const MAX_BARS = 500_000;

export class DeadLetters {
  readonly #letters = new Map<number, { readonly letter: DeadLetter; readonly work: FailedWork }>();
  #last = 0;
  #bars = 0;

  /** The oldest makes room; one that is too large alone is kept all the same. */
  add(work: FailedWork, failure: Pick<DeadLetter, "operation" | "attempts" | "error">): void {
    const { symbol, timeframe, close } = work.series;
    const id = ++this.#last;
    const letter = { ...failure, id, symbol, timeframe, bars: close.length, indicators: work.set.indicators, at: new Date().toISOString() };
    this.#letters.set(id, { letter, work });
    this.#bars += close.length;
    for (const oldest of this.#letters.keys()) {
      if (this.#letters.size === 1 || (this.#letters.size <= MAX_LETTERS && this.#bars <= MAX_BARS)) break;
      this.take(oldest);
    }
  }

  /** Oldest first. */
  list(): readonly DeadLetter[] {
    return [...this.#letters.values()].map(({ letter }) => letter);
  }

  /** Takes one out of the list; undefined when it is not there. */
  take(id: number): FailedWork | undefined {
    const found = this.#letters.get(id);
    if (found === undefined) return undefined;
    this.#letters.delete(id);
    this.#bars -= found.letter.bars;
    return found.work;
  }

  /** Answers how many were dropped. */
  clear(): number {
    const cleared = this.#letters.size;
    this.#letters.clear();
    this.#bars = 0;
    return cleared;
  }
}
