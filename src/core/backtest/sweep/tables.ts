/**
 * Tables of one price series, made once a sweep: with them a trade of any length costs a fixed number of lookups. They do
 * not depend on fees, strategy or parameters.
 */
import { BLOCK_SHIFT, type Layout } from "./layout.ts";

/** A bar's return above which sums of squares no longer hold the small ones to 1e-9: a bad tick, or another currency. */
const MAX_RETURN = 1000;

/** Why these prices have no tables, as a sentence's end; undefined when they can have them. */
export function noTables(open: Float64Array, close: Float64Array): string | undefined {
  if (close.length < 3) return "there are fewer than three bars";
  for (let t = 0; t < close.length; t++) {
    if (!(open[t]! > 0 && close[t]! > 0 && open[t]! < 1e100 && close[t]! < 1e100)) return `the prices of bar ${t} are not positive numbers`;
    if (t > 0 && close[t]! / close[t - 1]! > MAX_RETURN) return `the close of bar ${t} is more than ${MAX_RETURN} times the one before`;
  }
  return undefined;
}

/**
 * A record of eight numbers a bar, one cache line: open, close, sum of returns up to here, sum of their squares, lowest and
 * highest close from here to the end of the block, lowest and highest from the start of the block to here. Then, level by
 * level, lowest and highest close of 1, 2, 4 ... blocks from each block on.
 */
export function writeTables(memory: SharedArrayBuffer, layout: Layout, open: Float64Array, close: Float64Array): void {
  const { bars: n, blocks } = layout;
  const record = new Float64Array(memory, layout.record, 8 * n);
  let sum = 0;
  let squares = 0;
  for (let t = 0; t < n; t++) {
    const r = t === 0 ? 0 : close[t]! / close[t - 1]! - 1;
    sum += r;
    squares += r * r;
    const at = 8 * t;
    record[at] = open[t]!;
    record[at + 1] = close[t]!;
    record[at + 2] = sum;
    record[at + 3] = squares;
  }
  const levels = 32 - Math.clz32(blocks);
  const range = new Float64Array(memory, layout.range, 2 * blocks * levels);
  for (let block = 0; block < blocks; block++) {
    const from = block << BLOCK_SHIFT;
    const to = Math.min(n, from + (1 << BLOCK_SHIFT));
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    for (let t = from; t < to; t++) {
      low = Math.min(low, close[t]!);
      high = Math.max(high, close[t]!);
      record[8 * t + 6] = low;
      record[8 * t + 7] = high;
    }
    range[2 * block] = low;
    range[2 * block + 1] = high;
    low = Number.POSITIVE_INFINITY;
    high = 0;
    for (let t = to - 1; t >= from; t--) {
      low = Math.min(low, close[t]!);
      high = Math.max(high, close[t]!);
      record[8 * t + 4] = low;
      record[8 * t + 5] = high;
    }
  }
  for (let level = 1; level < levels; level++) {
    const below = 2 * blocks * (level - 1);
    const here = 2 * blocks * level;
    const half = 1 << (level - 1);
    for (let block = 0; block + 2 * half <= blocks; block++) {
      range[here + 2 * block] = Math.min(range[below + 2 * block]!, range[below + 2 * (block + half)]!);
      range[here + 2 * block + 1] = Math.max(range[below + 2 * block + 1]!, range[below + 2 * (block + half) + 1]!);
    }
  }
}
