/**
 * The parts that indicators are made of: each takes one value at a time and answers the value at that bar, NaN until it
 * is defined. Undefined values at the start are passed over, so that parts can be chained.
 */
import { decimalPlaces } from "../indicators.ts";

export type Rolling = (value: number) => number;

/** The last `size` values. */
export class Window {
  readonly size: number;
  readonly #values: Float64Array;
  #pushed = 0;

  constructor(size: number) {
    this.size = size;
    this.#values = new Float64Array(size);
  }

  get isFull(): boolean {
    return this.#pushed >= this.size;
  }

  get count(): number {
    return Math.min(this.#pushed, this.size);
  }

  /** Answers the value that leaves; NaN while there is room. */
  push(value: number): number {
    const at = this.#pushed++ % this.size;
    const leaving = this.#pushed > this.size ? (this.#values[at] as number) : Number.NaN;
    this.#values[at] = value;
    return leaving;
  }

  /** Value number `i`, the oldest being 0. */
  at(i: number): number {
    const start = this.#pushed > this.size ? this.#pushed % this.size : 0;
    const index = start + i;
    return this.#values[index < this.size ? index : index - this.size] as number;
  }

  /** Neumaier's sum. */
  sum(): number {
    const total = new Sum();
    for (let i = 0; i < this.count; i++) total.add(this.at(i));
    return total.value;
  }

  mean(): number {
    return this.sum() / this.count;
  }

  /** Sum of squared distances from the mean. */
  squares(): number {
    const mean = this.mean();
    let squares = 0;
    for (let i = 0; i < this.count; i++) squares += (this.at(i) - mean) ** 2;
    return squares;
  }
}

/** Neumaier's sum, one value at a time. */
export class Sum {
  #sum = 0;
  #lost = 0;

  add(value: number): void {
    const next = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - next + value : value - next + this.#sum;
    this.#sum = next;
  }

  get value(): number {
    return this.#sum + this.#lost;
  }
}

const PLACES = 8;

/** Simple mean as sma(): decimal prices are summed as integers, so that it is exact; other values by Neumaier's sum. */
export function meanOf(period: number): Rolling {
  const window = new Window(period);
  let places = 0;
  let sum = 0;
  let isExact = true;
  const scaled = (value: number) => Math.round(value * 10 ** places);
  return (value) => {
    const needed = isExact ? decimalPlaces(value, places) : -1;
    if (needed > places && needed <= PLACES) {
      places = needed;
      sum = 0;
      for (let i = 0; i < window.count; i++) sum += scaled(window.at(i));
    }
    const leaving = window.push(value);
    if (needed < 0) isExact = false;
    if (isExact) {
      sum += scaled(value);
      if (!Number.isNaN(leaving)) sum -= scaled(leaving);
      if (Math.abs(sum) > Number.MAX_SAFE_INTEGER) isExact = false;
    }
    if (!window.isFull) return Number.NaN;
    return isExact ? sum / (period * 10 ** places) : window.mean();
  };
}

/** The mean of the first `period` values, from which a smoothing starts; undefined values before them are passed over. */
function seeded(period: number, onward: (before: number, value: number) => number): Rolling {
  const seed = new Sum();
  let seen = 0;
  let average = Number.NaN;
  return (value) => {
    if (seen === 0 && Number.isNaN(value)) return Number.NaN;
    if (seen < period) {
      seed.add(value);
      if (++seen === period) average = seed.value / period;
    } else {
      average = onward(average, value);
    }
    return average;
  };
}

/** Exponential mean, weight 2 / (period + 1). */
export function exponentialOf(period: number): Rolling {
  const weight = 2 / (period + 1);
  return seeded(period, (average, value) => average + weight * (value - average));
}

/** Wilder's mean, weight 1 / period. */
export function wilderOf(period: number): Rolling {
  return seeded(period, (average, value) => (average * (period - 1) + value) / period);
}

/** Weights 1 … period, the newest value having the largest. */
export function weightedOf(period: number): Rolling {
  const window = new Window(period);
  const weights = (period * (period + 1)) / 2;
  return (value) => {
    window.push(value);
    if (!window.isFull) return Number.NaN;
    let sum = 0;
    for (let i = 0; i < period; i++) sum += window.at(i) * (i + 1);
    return sum / weights;
  };
}

/** The value `bars` ago. */
export function lagOf(bars: number): Rolling {
  if (bars === 0) return (value) => value;
  const window = new Window(bars);
  return (value) => window.push(value);
}

/** Sum of the last `period` values. */
export function sumOf(period: number): Rolling {
  const window = new Window(period);
  return (value) => {
    window.push(value);
    return window.isFull ? window.sum() : Number.NaN;
  };
}

/** Sample standard deviation (n - 1), as stdev(). */
export function deviationOf(period: number): Rolling {
  const window = new Window(period);
  return (value) => {
    window.push(value);
    return window.isFull && period > 1 ? Math.sqrt(window.squares() / (period - 1)) : Number.NaN;
  };
}

export function highestOf(period: number): Rolling {
  return extremeOf(period, 1).value;
}

export function lowestOf(period: number): Rolling {
  return extremeOf(period, -1).value;
}

/** Bars since the newest highest (`sign` 1) or lowest (-1) of the last `period` values. */
export function ageOf(period: number, sign: 1 | -1): Rolling {
  const extreme = extremeOf(period, sign);
  return (value) => (Number.isNaN(extreme.value(value)) ? Number.NaN : extreme.age());
}

/** A monotonic queue: constant time on average. */
function extremeOf(period: number, sign: 1 | -1): { readonly value: Rolling; readonly age: () => number } {
  const values = new Float64Array(period + 1);
  const bars = new Float64Array(period + 1);
  let head = 0;
  let length = 0;
  let now = -1;
  const slot = (i: number) => (head + i) % (period + 1);
  return {
    value: (value) => {
      now++;
      if (length > 0 && (bars[head] as number) <= now - period) {
        head = slot(1);
        length--;
      }
      while (length > 0 && (values[slot(length - 1)] as number) * sign <= value * sign) length--;
      values[slot(length)] = value;
      bars[slot(length)] = now;
      length++;
      return now >= period - 1 ? (values[head] as number) : Number.NaN;
    },
    age: () => now - (bars[head] as number),
  };
}

/** The largest of the bar's own range and its distances from the close before; NaN at the first bar, which has none. */
export function trueRangeOf(): (bar: { readonly high: number; readonly low: number; readonly close: number }) => number {
  let before = Number.NaN;
  return ({ high, low, close }) => {
    const range = Math.max(high - low, Math.abs(high - before), Math.abs(low - before));
    before = close;
    return range;
  };
}

/** Average true range as atr(). */
export function averageRangeOf(period: number): (bar: { readonly high: number; readonly low: number; readonly close: number }) => number {
  const rangeOf = trueRangeOf();
  let seen = -1;
  let average = 0;
  return (bar) => {
    const range = rangeOf(bar);
    seen++;
    if (seen > period) average = (average * (period - 1) + range) / period;
    else if (seen > 0) average += range / period;
    return seen >= period ? average : Number.NaN;
  };
}
