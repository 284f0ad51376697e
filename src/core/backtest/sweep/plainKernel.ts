/**
 * kernel.as in TypeScript: the same operations in the same order, so the same bits. The oracle of the tests, and what runs
 * where there is no WebAssembly with SIMD. Addresses are in bytes; f64 and i32 views are indexed by address / 8 and / 4.
 */
import type { SweepKernel } from "./kernel.ts";

export function plainKernel(memory: SharedArrayBuffer): SweepKernel {
  const f64 = new Float64Array(memory, 0, memory.byteLength >> 3);
  const i16 = new Int16Array(memory, 0, memory.byteLength >> 1);
  const i32 = new Int32Array(memory);
  return {
    smaImage: (prefix, from, to, period, factor, unit, out) => {
      const [p, u, o] = [prefix >> 3, unit >> 3, out >> 1];
      for (let i = from; i < to; i++) i16[o + i] = i < period - 1 ? 0 : imageOf((f64[p + i + 1]! - f64[p + i + 1 - period]!) * factor, f64[u + i]!);
    },
    cross: (a, b, start, bars, entries, exits, list) => cross({ i16, i32 }, a >> 1, b >> 1, start, bars, entries >> 2, exits >> 2, list >> 2),
    decide: (prefix, a, b, bars, periodA, divisorA, periodB, divisorB, start, list, count, entries, exits) => {
      const p = prefix >> 3;
      const exact = (t: number) => (f64[p + t + 1]! - f64[p + t + 1 - periodA]!) / divisorA - (f64[p + t + 1]! - f64[p + t + 1 - periodB]!) / divisorB;
      const place = { first: a >> 1, second: b >> 1, start, bars, entries: entries >> 2, exits: exits >> 2 };
      for (let k = 0; k < count; k++) decideWord({ i16, i32 }, exact, { ...place, word: i32[(list >> 2) + k]! });
    },
    fills: (entries, exits, bars, out) => fills(i32, entries >> 2, exits >> 2, bars, out >> 2),
    evaluate: (bars, blocks, record, edges, range, fill, fillCount, buy, sell, bounds, boundCount, sums, result) =>
      evaluate(f64, i32, {
        bars,
        blocks,
        record: record >> 3,
        edges: edges >> 3,
        range: range >> 3,
        fill: fill >> 2,
        fillCount,
        buy,
        sell,
        bounds: bounds >> 2,
        boundCount,
        sums: sums >> 3,
        result: result >> 3,
      }),
  };
}

/** kernel.as says what an image is. */
export function imageOf(line: number, unit: number): number {
  return Math.trunc(Math.max(-32_768, Math.min(32_767, line * unit - 65_536)));
}

export interface Views {
  readonly i16: Int16Array;
  readonly i32: Int32Array;
}

interface WordPlace {
  readonly word: number;
  /** Images of the two lines. */
  readonly first: number;
  readonly second: number;
  readonly start: number;
  readonly bars: number;
  /** Of the first words, in words. */
  readonly entries: number;
  readonly exits: number;
}

/**
 * One word by the definition of a crossing, and the first bar of the next, whose past it is. `exact` answers the difference of
 * the lines' exact values; it is asked where the images come within one step of each other.
 */
export function decideWord({ i16, i32: words }: Views, exact: (t: number) => number, place: WordPlace): void {
  const { word, first, second, start, bars, entries, exits } = place;
  const from = word * 32;
  const to = Math.min(from + 32, bars - 1);
  const [e, x] = [entries + word, exits + word];
  words[e] = 0;
  words[x] = 0;
  const apart = (t: number) => {
    const steps = i16[first + t]! - i16[second + t]!;
    return Math.abs(steps) > 1 ? steps : exact(t);
  };
  let t = Math.max(from, start + 1);
  if (t > to) return;
  let before = apart(t - 1);
  for (; t <= to; t++) {
    const now = apart(t);
    const [at, bit] = [(t - from) >> 5, 1 << (t & 31)];
    if (at === 1) {
      words[e + 1] = words[e + 1]! & ~1;
      words[x + 1] = words[x + 1]! & ~1;
    }
    if (before <= 0 && now > 0) words[e + at] = words[e + at]! | bit;
    if (before >= 0 && now < 0) words[x + at] = words[x + at]! | bit;
    before = now;
  }
}

function cross({ i16, i32 }: Views, a: number, b: number, start: number, bars: number, entries: number, exits: number, list: number): number {
  const first = start >> 5;
  const words = (bars + 31) >> 5;
  i32.fill(0, entries, entries + first);
  i32.fill(0, exits, exits + first);
  let before = 0;
  let count = 1;
  i32[list] = first;
  for (let w = first; w < words; w++) {
    let below = 0;
    let isNear = false;
    for (let k = 0; k < 32; k++) {
      const t = w * 32 + k;
      const apart = i16[a + t]! - i16[b + t]!;
      if (apart < 0) below |= 1 << k;
      if (Math.abs(apart) <= 1) isNear = true;
    }
    const shifted = (below << 1) | (before >>> 31);
    i32[entries + w] = shifted & ~below;
    i32[exits + w] = below & ~shifted;
    before = below;
    if (isNear && w > first) i32[list + count++] = w;
  }
  return count;
}

function fills(i32: Int32Array, entries: number, exits: number, bars: number, out: number): number {
  const last = bars - 2;
  let isLong = false;
  let count = 0;
  for (let w = 0; w <= last >> 5; w++) {
    const e = i32[entries + w]!;
    const x = i32[exits + w]!;
    for (let rest = e | x; rest !== 0; rest &= rest - 1) {
      const bit = 31 - Math.clz32(rest & -rest);
      if ((((isLong ? x : e) >>> bit) & 1) === 0) continue;
      i32[out + count++] = w * 32 + bit + 1;
      isLong = !isLong;
    }
  }
  while (count > 0 && i32[out + count - 1]! > last + 1) count--;
  return count;
}

interface Evaluation {
  readonly bars: number;
  readonly blocks: number;
  readonly record: number;
  readonly edges: number;
  readonly range: number;
  readonly fill: number;
  readonly fillCount: number;
  readonly buy: number;
  readonly sell: number;
  readonly bounds: number;
  readonly boundCount: number;
  readonly sums: number;
  readonly result: number;
}

function evaluate(f64: Float64Array, i32: Int32Array, at: Evaluation): void {
  const { bars: n, blocks, edges, range, fill, fillCount: k, buy, sell } = at;
  const recordAt = (bar: number) => at.record + bar * 4;
  let [cash, peak, keep, sr, srr] = [1, 1, 1, 0, 0];
  let [won, held, gain, loss, growth, best, worst, paid, back] = [0, 0, 0, 0, 0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  let bound = at.bounds;
  let sum = at.sums;
  const lastBound = at.bounds + at.boundCount;
  for (let i = 0; i < k; i += 2) {
    const e = i32[fill + i]!;
    const x = i + 1 < k ? i32[fill + i + 1]! : n;
    const be = recordAt(e);
    const y = recordAt(x - 1);
    const cost = f64[be]! * buy;
    const u = cash / cost;
    const re = (f64[be + 1]! * u) / cash - 1;
    paid += cash;
    held += x - e;
    while (bound < lastBound && i32[bound]! <= x) {
      const t = i32[bound]!;
      if (t <= e) {
        f64[sum] = sr;
        f64[sum + 1] = srr;
      } else {
        const z = recordAt(t - 1);
        f64[sum] = sr + (re + (f64[z + 2]! - f64[be + 2]!));
        f64[sum + 1] = srr + (re * re + (f64[z + 3]! - f64[be + 3]!));
      }
      bound++;
      sum += 2;
    }
    let r = x - 1;
    let out: number;
    if (x < n) {
      out = f64[y + 4]! * sell;
      const rx = out / f64[y + 1]! - 1;
      cash = u * out;
      sr += re + rx + (f64[y + 2]! - f64[be + 2]!);
      srr += re * re + rx * rx + (f64[y + 3]! - f64[be + 3]!);
    } else {
      out = f64[y + 1]! * sell;
      cash = u * out;
      r--;
      if (e === n - 1) {
        const q = (re + 1) * sell - 1;
        sr += q;
        srr += q * q;
      } else {
        const z = y - 4;
        const q = (f64[y + 1]! / f64[z + 1]!) * sell - 1;
        sr += re + q + (f64[z + 2]! - f64[be + 2]!);
        srr += re * re + q * q + (f64[z + 3]! - f64[be + 3]!);
      }
    }
    const grown = out / cost - 1;
    const profit = u * (out - cost);
    back += cash;
    growth += grown;
    best = Math.max(best, grown);
    worst = Math.min(worst, grown);
    if (profit > 0) {
      won++;
      gain += profit;
    } else loss -= profit;
    if (r >= e) {
      const bl = e >> 4;
      const br = r >> 4;
      const end = recordAt(r);
      let lo = f64[be + 1]!;
      let hi = lo;
      if (bl === br) {
        for (let p = be + 4; p <= end; p += 4) {
          lo = Math.min(lo, f64[p + 1]!);
          hi = Math.max(hi, f64[p + 1]!);
        }
      } else {
        lo = Math.min(f64[edges + 4 * e]!, f64[edges + 4 * r + 2]!);
        hi = -Math.min(f64[edges + 4 * e + 1]!, f64[edges + 4 * r + 3]!);
        const between = br - bl - 1;
        if (between > 0) {
          const level = 31 - Math.clz32(between);
          const p = range + 2 * (blocks * level + bl + 1);
          const q = range + 2 * (blocks * level + br - (1 << level));
          lo = Math.min(lo, f64[p]!, f64[q]!);
          hi = Math.max(hi, -f64[p + 1]!, -f64[q + 1]!);
        }
      }
      lo *= u;
      hi *= u;
      if (hi <= peak) {
        if (lo < keep * peak) keep = lo / peak;
      } else {
        // A new peak inside: only a stretch that could hold the deepest fall is looked at bar by bar.
        if (lo < keep * hi) {
          let top = peak;
          for (let p = be; p <= end; p += 4) {
            const q = u * f64[p + 1]!;
            if (q > top) top = q;
            else if (q < keep * top) keep = q / top;
          }
        }
        peak = hi;
      }
    }
    if (cash > peak) peak = cash;
    else if (cash < keep * peak) keep = cash / peak;
  }
  for (; bound < lastBound; bound++) {
    f64[sum] = sr;
    f64[sum + 1] = srr;
    sum += 2;
  }
  f64.set([cash, keep, sr, srr, (k + 1) >> 1, won, gain, loss, growth, best, worst, paid, back, held], at.result);
}
