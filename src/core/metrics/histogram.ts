/**
 * Durations in bounded memory, however many: counts in classes whose width grows with the value, as in HdrHistogram
 * (http://hdrhistogram.org: log-linear buckets). Each power of two of microseconds is divided into 128 classes and a class
 * is read at its middle, so a percentile is off by at most 1/256 (0.4 %) of itself, and below 256 µs by at most half a µs.
 */
import type { LagStats } from "../domain/ports.ts";

const PER_MS = 1_000;
const CLASSES = 128;
const CLASS_BITS = 7;
/** Above it (35 hours) durations are counted as if they were so long. */
const LONGEST = 2 ** 37 - 1;
const FIRST_SIZE = 1_024;

export class DurationHistogram {
  /** Grows up to 4,096 with the longest duration that was seen: at most 16 kB. */
  #counts = new Uint32Array(FIRST_SIZE);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;

  /** Milliseconds; less than none (a clock that was set back) counts as none. */
  record(ms: number): void {
    const value = Math.max(0, ms);
    const at = classOf(Math.min(LONGEST, Math.round(value * PER_MS)));
    if (at >= this.#counts.length) this.#grow(at);
    this.#counts[at] = (this.#counts[at] as number) + 1;
    this.#count++;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  /** Mean and maximum are exact, percentiles are nearest ranks; null when nothing was recorded. */
  stats(): LagStats | null {
    if (this.#count === 0) return null;
    const [p50, p95, p99] = this.#percentiles([50, 95, 99]) as [number, number, number];
    return { avg: this.#sum / this.#count, p50, p95, p99, max: this.#max };
  }

  /** `percents` in rising order. */
  #percentiles(percents: readonly number[]): readonly number[] {
    const found: number[] = [];
    let seen = 0;
    for (let at = 0; found.length < percents.length; at++) {
      seen += this.#counts[at] as number;
      while (found.length < percents.length && seen >= Math.ceil(((percents[found.length] as number) / 100) * this.#count))
        found.push(Math.min(this.#max, Math.max(this.#min, middleOf(at) / PER_MS)));
    }
    return found;
  }

  #grow(at: number): void {
    let size = this.#counts.length;
    while (size <= at) size *= 2;
    const counts = new Uint32Array(size);
    counts.set(this.#counts);
    this.#counts = counts;
  }
}

/** Of a whole number of microseconds; the first 256 have a class each. */
function classOf(us: number): number {
  const exponent = us < 2 ** 31 ? 31 - Math.clz32(us) : 41 - Math.clz32(Math.floor(us / 1_024));
  if (exponent <= CLASS_BITS) return us;
  const shift = exponent - CLASS_BITS;
  return CLASSES * shift + Math.floor(us / 2 ** shift);
}

function middleOf(at: number): number {
  if (at < 2 * CLASSES) return at;
  const shift = Math.floor(at / CLASSES) - 1;
  const first = (at - CLASSES * shift) * 2 ** shift;
  return first + (2 ** shift - 1) / 2;
}
