/**
 * The order of a column as places of its rows, made once and by steps: between two of them the process does something
 * else. Numbers before booleans, dates, text and the rest; what is not there, null and NaN come last both ways.
 */
import { setImmediate as turn } from "node:timers/promises";
import { types } from "node:util";
import { isDecimal } from "../../core/domain/shown.ts";
import { ACCESSOR, shortText } from "../parts.ts";

export interface SortOrder {
  readonly places: Uint32Array;
  /** From here on nothing is there to compare. */
  readonly present: number;
}

/** Values looked at in one step: a few milliseconds. */
const STEP = 20_000;
const RUN = 4096;

const [NUMBER, BOOLEAN, DATE, TEXT, OTHER, MISSING] = [0, 1, 2, 3, 4, 5] as const;

/** `value` gives what stands at a row. Ascending, equal ones in their own order. */
export async function sortOrder(length: number, value: (row: number) => unknown, signal: AbortSignal): Promise<SortOrder> {
  const keys = new Float64Array(length);
  const kinds = new Uint8Array(length);
  const texts = new Distinct<string>();
  const exact = new Distinct<bigint | number>();
  let hasBig = false;
  // Steps are functions of their own: a loop that waits inside is not made as fast.
  const read = (from: number, to: number): void => {
    for (let row = from; row < to; row++) {
      const one = value(row);
      const kind = kindOf(one);
      kinds[row] = kind;
      if (kind === NUMBER) {
        if (typeof one === "bigint") {
          // All that went before are numbers as they are.
          if (!hasBig) for (let i = 0; i < row; i++) if (kinds[i] === NUMBER) keys[i] = exact.add(keys[i] as number);
          hasBig = true;
        }
        keys[row] = hasBig ? exact.add(one as bigint | number) : (one as number) + 0; // -0 is 0
      } else if (kind === BOOLEAN) keys[row] = one === true ? 1 : 0;
      else if (kind === DATE) keys[row] = Date.prototype.getTime.call(one);
      else if (kind === TEXT) keys[row] = texts.add(one as string);
      else if (kind === OTHER) keys[row] = texts.add(shortText(one));
    }
  };
  for (let row = 0; row < length; row += STEP) {
    read(row, Math.min(row + STEP, length));
    await pause(signal);
  }
  if (hasBig) await rank(keys, kinds, [NUMBER], await exact.ranks((a, b) => (a < b ? -1 : a > b ? 1 : 0), signal), signal);
  // Money comes as decimal text: 9 is before 10.
  if (!kinds.includes(OTHER) && texts.values.every(isDecimal)) {
    await rank(keys, kinds, [TEXT], Float64Array.from(texts.values, Number), signal);
    if (!hasBig) for (let row = 0; row < length; row++) if (kinds[row] === TEXT) kinds[row] = NUMBER;
  } else {
    const lower = texts.values.map((text) => text.toLowerCase());
    const ranks = await texts.ranks((_a, _b, a, b) => {
      const [x, y] = [lower[a] as string, lower[b] as string];
      return x < y ? -1 : x > y ? 1 : 0;
    }, signal);
    await rank(keys, kinds, [TEXT, OTHER], ranks, signal);
  }
  return await radix(keys, kinds, signal);
}

function kindOf(value: unknown): number {
  switch (typeof value) {
    case "number":
      return Number.isNaN(value) ? MISSING : NUMBER;
    case "bigint":
      return NUMBER;
    case "boolean":
      return BOOLEAN;
    case "string":
      return TEXT;
    case "undefined":
      return MISSING;
    case "object":
      if (value === null) return MISSING;
      return !types.isDate(value) ? OTHER : Number.isNaN(Date.prototype.getTime.call(value)) ? MISSING : DATE;
    case "symbol":
      return value === ACCESSOR ? MISSING : OTHER;
    case "function":
      return OTHER;
  }
}

/** Values that come again and again, each once. */
class Distinct<T> {
  readonly values: T[] = [];
  readonly #places = new Map<T, number>();

  add(value: T): number {
    let place = this.#places.get(value);
    if (place === undefined) {
      place = this.values.push(value) - 1;
      this.#places.set(value, place);
    }
    return place;
  }

  /** Of each value; equal ones share theirs. */
  async ranks(compare: (a: T, b: T, placeA: number, placeB: number) => number, signal: AbortSignal): Promise<Float64Array> {
    const { values } = this;
    const by = (a: number, b: number): number => compare(values[a] as T, values[b] as T, a, b);
    const sorted = await merged(values.length, by, signal);
    const ranks = new Float64Array(values.length);
    let now = 0;
    sorted.forEach((place, i) => {
      if (i > 0 && by(sorted[i - 1] as number, place) !== 0) now++;
      ranks[place] = now;
    });
    return ranks;
  }
}

/** Merge sort of 0…length-1 by steps. */
async function merged(length: number, by: (a: number, b: number) => number, signal: AbortSignal): Promise<Uint32Array> {
  let from = upTo(length);
  for (let start = 0; start < length; start += RUN) {
    from.subarray(start, start + RUN).sort(by);
    await pause(signal);
  }
  let to = new Uint32Array(length);
  let done = 0;
  for (let width = RUN; width < length; width *= 2) {
    for (let start = 0; start < length; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, length), Math.min(start + 2 * width, length)];
      let [left, right] = [start, middle];
      for (let i = start; i < end; i += STEP) {
        [left, right] = merge(from, to, { i, stop: Math.min(i + STEP, end), left, middle, right, end }, by);
        done += STEP;
        if (done % (4 * STEP) === 0) await pause(signal);
      }
    }
    await pause(signal);
    [from, to] = [to, from];
  }
  return from;
}

interface Merge {
  readonly i: number;
  readonly stop: number;
  readonly left: number;
  readonly middle: number;
  readonly right: number;
  readonly end: number;
}

/** A step of two runs into one; answers how far it came in each. */
function merge(from: Uint32Array, to: Uint32Array, { i, stop, middle, end, ...at }: Merge, by: (a: number, b: number) => number): [number, number] {
  let { left, right } = at;
  for (let place = i; place < stop; place++) {
    const takesLeft = left < middle && (right >= end || by(from[left] as number, from[right] as number) <= 0);
    to[place] = from[takesLeft ? left++ : right++] as number;
  }
  return [left, right];
}

async function rank(keys: Float64Array, kinds: Uint8Array, which: readonly number[], ranks: Float64Array, signal: AbortSignal): Promise<void> {
  for (let row = 0; row < keys.length; row++) {
    if (which.includes(kinds[row] as number)) keys[row] = ranks[keys[row] as number] as number;
  }
  await pause(signal);
}

/** By the bits of the keys, 16 at a time from the lowest, then by kind: no comparison, and equal ones stay as they are. */
async function radix(keys: Float64Array, kinds: Uint8Array, signal: AbortSignal): Promise<SortOrder> {
  const { length } = keys;
  const words = new Uint32Array(keys.buffer);
  const high = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
  // So that the bits of a double order as unsigned whole numbers do.
  for (let row = 0; row < length; row++) {
    const [h, l] = [2 * row + high, 2 * row + 1 - high];
    const isNegative = (words[h] as number) >>> 31 === 1;
    words[l] = isNegative ? ~(words[l] as number) : (words[l] as number);
    words[h] = isNegative ? ~(words[h] as number) : (words[h] as number) | 0x8000_0000;
  }
  let order = upTo(length);
  let other = new Uint32Array(length);
  const pass = async (buckets: number, digit: (row: number) => number): Promise<void> => {
    await pause(signal);
    if (!spread(order, other, buckets, digit)) return; // all in one bucket: nothing moves
    [order, other] = [other, order];
  };
  for (const part of [1 - high, high]) {
    await pass(65_536, (row) => (words[2 * row + part] as number) & 0xffff);
    await pass(65_536, (row) => (words[2 * row + part] as number) >>> 16);
  }
  await pass(MISSING + 1, (row) => kinds[row] as number);
  let present = 0;
  for (const kind of kinds) if (kind !== MISSING) present++;
  return { places: order, present };
}

function spread(order: Uint32Array, other: Uint32Array, buckets: number, digit: (row: number) => number): boolean {
  const { length } = order;
  const starts = new Uint32Array(buckets + 1);
  for (let row = 0; row < length; row++) {
    const next = digit(row) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  if (starts.includes(length)) return false;
  for (let i = 1; i <= buckets; i++) starts[i] = (starts[i] as number) + (starts[i - 1] as number);
  for (let i = 0; i < length; i++) {
    const row = order[i] as number;
    const bucket = digit(row);
    const place = starts[bucket] as number;
    other[place] = row;
    starts[bucket] = place + 1;
  }
  return true;
}

function upTo(length: number): Uint32Array<ArrayBuffer> {
  const places = new Uint32Array(length);
  for (let i = 0; i < length; i++) places[i] = i;
  return places;
}

async function pause(signal: AbortSignal): Promise<void> {
  await turn();
  signal.throwIfAborted();
}
