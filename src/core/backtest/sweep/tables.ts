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
 * A record of four numbers a bar, half a cache line: open, close, sum of returns up to here, sum of their squares. Beside it
 * its edges: lowest close from here to the end of the block and the negative of the highest, and both from the start of the
 * block to here. Then, level by level, the same of 1, 2, 4 ... blocks from each block on. (Of two pairs of a lowest and the
 * negative of a highest one operation takes what is lower of both.) Answers the sum of all squares.
 */
export function writeTables(memory: SharedArrayBuffer, layout: Layout, open: Float64Array, close: Float64Array): number {
  const { bars: n, blocks } = layout;
  const record = new Float64Array(memory, layout.record, 4 * n);
  const edges = new Float64Array(memory, layout.edges, 4 * n);
  const levels = 32 - Math.clz32(blocks);
  const range = new Float64Array(memory, layout.range, 2 * blocks * levels);
  let sum = 0;
  let squares = 0;
  let before = close[0]!;
  for (let block = 0; block < blocks; block++) {
    const from = block << BLOCK_SHIFT;
    const to = Math.min(n, from + (1 << BLOCK_SHIFT));
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let t = from; t < to; t++) {
      const price = close[t]!;
      const r = price / before - 1;
      before = price;
      sum += r;
      squares += r * r;
      record[4 * t] = open[t]!;
      record[4 * t + 1] = price;
      record[4 * t + 2] = sum;
      record[4 * t + 3] = squares;
      low = price < low ? price : low;
      high = price > high ? price : high;
      edges[4 * t + 2] = low;
      edges[4 * t + 3] = -high;
    }
    range[2 * block] = low;
    range[2 * block + 1] = -high;
    low = Number.POSITIVE_INFINITY;
    high = Number.NEGATIVE_INFINITY;
    for (let t = to - 1; t >= from; t--) {
      const price = close[t]!;
      low = price < low ? price : low;
      high = price > high ? price : high;
      edges[4 * t] = low;
      edges[4 * t + 1] = -high;
    }
  }
  for (let level = 1; level < levels; level++) {
    const below = 2 * blocks * (level - 1);
    const here = 2 * blocks * level;
    const half = 1 << level;
    const end = 2 * (blocks - half + 1);
    for (let at = 0; at < end; at++) range[here + at] = Math.min(range[below + at]!, range[below + at + half]!);
  }
  return squares;
}
