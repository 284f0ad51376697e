// The inner loops of a sweep in AssemblyScript: no runtime, 128-bit SIMD, on addresses in one shared memory.
// plainKernel.ts is the same in TypeScript, bit for bit: the oracle of the tests and the fallback. layout.ts gives the
// addresses, tables.ts the records. After a change here: node scripts/sweepKernel.mjs writes kernelBytes.ts.

// Image of a line: how far it is from the bar's close, in steps of 1/65536 of the close, cut off at half of it on either side.
// One map that never falls for all lines of a bar: of two images the higher is of the higher line. `unit` holds 65536/close.
function image2(line: v128, unit: usize): v128 {
  return i32x4.trunc_sat_f64x2_s_zero(f64x2.sub(f64x2.mul(line, v128.load(unit)), f64x2.splat(65536.0)));
}

function average2(p: usize, back: usize, f: v128): v128 {
  return f64x2.mul(f64x2.sub(v128.load(p), v128.load(p - back)), f);
}

function image4(p: usize, back: usize, f: v128, unit: usize): v128 {
  return v128.shuffle<u8>(image2(average2(p, back, f), unit), image2(average2(p + 16, back, f), unit + 16), 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

// Images, from bar `from` (a multiple of 8) to before `to`, of the simple moving averages of prefix sums P (one more than bars,
// whose differences times `factor` are averages, but for their last bits: what two of them are apart by that is within one step
// of the images).
export function smaImage(P: usize, from: i32, to: i32, period: i32, factor: f64, unit: usize, out: usize): void {
  let i = from;
  for (const first = min(period - 1, to); i < first; i++) store<i16>(out + (<usize>i << 1), 0);
  const f = f64x2.splat(factor), back = <usize>period << 3;
  for (; i + 7 < to; i += 8) {
    const p = P + (<usize>(i + 1) << 3), u = unit + (<usize>i << 3);
    v128.store(out + (<usize>i << 1), i16x8.narrow_i32x4_s(image4(p, back, f, u), image4(p + 32, back, f, u + 32)));
  }
  for (; i < to; i++) {
    const p = P + (<usize>(i + 1) << 3), x = (load<f64>(p) - load<f64>(p - back)) * factor * load<f64>(unit + (<usize>i << 3)) - 65536.0;
    store<i16>(out + (<usize>i << 1), <i16>max(-32768.0, min(32767.0, x)));
  }
}

// How far 16 pairs of images are apart, cut off at what a byte holds: its sign is exact, and so is anything up to 127 steps.
function apart16(p: usize, q: usize): v128 {
  return i8x16.narrow_i16x8_s(i16x8.sub_sat_s(v128.load(p), v128.load(q)), i16x8.sub_sat_s(v128.load(p, 16), v128.load(q, 16)));
}

// Bars where line a crosses up (E) and down (X) through line b, 32 bars a word; `start` is the first bar at which both are
// defined. Words in which the images come within one step are listed for a second look at the exact values; the word of
// `start` always is. Answers how many.
export function cross(a: usize, b: usize, start: i32, n: i32, E: usize, X: usize, list: usize): i32 {
  const w0 = start >> 5, words = (n + 31) >> 5;
  memory.fill(E, 0, <usize>w0 << 2);
  memory.fill(X, 0, <usize>w0 << 2);
  const one = i8x16.splat(1);
  let before: u32 = 0, c: usize = list;
  store<i32>(c, w0);
  c += 4;
  for (let w = w0; w < words; w++) {
    const i = <usize>w << 6, p = a + i, q = b + i, d = apart16(p, q), f = apart16(p + 32, q + 32);
    const g: u32 = i8x16.bitmask(d) | (i8x16.bitmask(f) << 16);
    const s: u32 = (g << 1) | (before >> 31);
    store<u32>(E + (<usize>w << 2), s & ~g);
    store<u32>(X + (<usize>w << 2), g & ~s);
    before = g;
    store<i32>(c, w);
    c += <usize>(!i8x16.all_true(i8x16.sub_sat_u(i8x16.min_u(i8x16.abs(d), i8x16.abs(f)), one)) && w > w0) << 2;
  }
  return <i32>((c - list) >> 2);
}

// The second look for averages whose prefix sums are exact: the words of `list` anew, bars at which the images (ia, ib) come
// within one step by the averages themselves; and the first bar of the next word, whose past they are.
export function decide(P: usize, ia: usize, ib: usize, n: i32, a: i32, divisorA: f64, b: i32, divisorB: f64, start: i32, list: usize, count: i32, E: usize, X: usize): void {
  const backA = <usize>a << 3, backB = <usize>b << 3, two = i8x16.splat(2);
  for (let k = 0; k < count; k++) {
    const w = load<i32>(list + (<usize>k << 2)), from = w << 5, i = <usize>w << 6;
    const d = apart16(ia + i, ib + i), f = apart16(ia + i + 32, ib + i + 32);
    let near: u32 = i8x16.bitmask(i8x16.lt_u(i8x16.abs(d), two)) | (i8x16.bitmask(i8x16.lt_u(i8x16.abs(f), two)) << 16);
    let below: u32 = (i8x16.bitmask(d) | (i8x16.bitmask(f) << 16)) & ~near, above: u32 = ~below & ~near;
    near &= (<u32>0xffffffff << max(0, start - from)) & (<u32>0xffffffff >> max(0, from + 32 - n));
    for (; near; near &= near - 1) {
      const bit = ctz<u32>(near), p = P + (<usize>(from + <i32>bit + 1) << 3);
      const va = (load<f64>(p) - load<f64>(p - backA)) / divisorA, vb = (load<f64>(p) - load<f64>(p - backB)) / divisorB;
      above |= u32(va > vb) << bit; below |= u32(va < vb) << bit;
    }
    let wasAbove: u32 = 0, wasBelow: u32 = 0;
    if (from > start) {
      const p = P + (<usize>from << 3);
      const va = (load<f64>(p) - load<f64>(p - backA)) / divisorA, vb = (load<f64>(p) - load<f64>(p - backB)) / divisorB;
      wasAbove = u32(va > vb); wasBelow = u32(va < vb);
    }
    // Only from the bar after `start` on is there a past, and only up to the last bar anything.
    const known: u32 = (from > start ? <u32>0xffffffff : <u32>0xfffffffe << (start - from)) & (<u32>0xffffffff >> max(0, from + 32 - n));
    const pe = E + (<usize>w << 2), px = X + (<usize>w << 2);
    store<u32>(pe, above & ~((above << 1) | wasAbove) & known);
    store<u32>(px, below & ~((below << 1) | wasBelow) & known);
    if (from + 32 >= n) continue;
    // Where these are near, their word is in the list too, and comes next.
    const next = <i32>load<i16>(ia + i, 64) - <i32>load<i16>(ib + i, 64);
    store<u32>(pe, (load<u32>(pe, 4) & 0xfffffffe) | (u32(next > 0) & ~(above >> 31)), 4);
    store<u32>(px, (load<u32>(px, 4) & 0xfffffffe) | (u32(next < 0) & ~(below >> 31)), 4);
  }
}

// Bars of the fills (entry, exit, entry, ...): an entry counts while flat, an exit while long, each at the next bar.
// No branch depends on the state. `list` is scratch.
export function fills(E: usize, X: usize, n: i32, out: usize, list: usize): i32 {
  const last = n - 2, lastWord = last >> 5;
  let k = list, c = out, s: u32 = 0;
  for (let w = 0; w <= lastWord; w++) {
    store<i32>(k, w);
    k += <usize>((load<u32>(E + (<usize>w << 2)) | load<u32>(X + (<usize>w << 2))) != 0) << 2;
  }
  for (let j = list; j < k; j += 4) {
    const w = load<i32>(j), e = load<u32>(E + (<usize>w << 2)), x = load<u32>(X + (<usize>w << 2));
    let m = e | x;
    do {
      const b = ctz<u32>(m), hit = ((s ? x : e) >> b) & 1;
      store<i32>(c, (w << 5) + <i32>b + 1);
      c += <usize>hit << 2;
      s ^= hit;
      m &= m - 1;
    } while (m);
  }
  while (c > out && load<i32>(c - 4) > last + 1) c -= 4;
  return <i32>((c - out) >> 2);
}

// One walk over the fills, a fixed number of lookups a trade. `buy` and `sell` hold fee and slippage.
// result (the last of 15 is of no use): final equity for 1, 1 - deepest fall, sum of returns, sum of their squares, trades; trades won, what they won and
// what the others lost, sum, highest and lowest of the trades' growth, money put in and got back (all for a start with 1), bars held.
// sums: for each bar of `bounds` (ascending, below n) the two sums over the bars before it.
// Which trades win, and how deep they fall, no processor can foresee: what depends on it is not a branch, but done for pairs.
export function evaluate(n: i32, blocks: i32, record: usize, edges: usize, range: usize, fill: usize, k: i32, buy: f64, sell: f64, bounds: usize, boundCount: i32, sums: usize, result: usize): void {
  let cash = 1.0, peak = 1.0, keep = 1.0, sr = 0.0, srr = 0.0;
  let won = 0, held = 0, growth = 0.0, paid = 0.0, back = 0.0;
  const zero = f64x2.splat(0.0), other = i64x2(0, i64.MIN_VALUE);
  // Gain and loss; lowest, and the negative of the highest, growth; the deepest low that is no record, and the negative of the peak.
  let gains = zero, growths = f64x2.splat(Infinity), limit = f64x2(1.0, -1.0);
  let bound = bounds, sum = sums;
  const lastBound = bounds + (<usize>boundCount << 2);
  let next = bound < lastBound ? load<i32>(bound) : i32.MAX_VALUE;
  let touched: i64 = 0;
  for (let i = 0; i < k; i += 2) {
    // The records of the next trades are far apart: asked for together, without a branch between them, they come at the same
    // time instead of one after the other. The sum only keeps the loads.
    if ((i & 63) == 0)
      for (let j = i, end = min(i + 64, k); j < end; j++) {
        const at = record + (<usize>load<i32>(fill + (<usize>j << 2)) << 5);
        touched += load<i64>(at) ^ load<i64>(at - 32);
      }
    const e = load<i32>(fill + (<usize>i << 2)), x = i + 1 < k ? load<i32>(fill + (<usize>i << 2), 4) : n;
    const be = record + (<usize>e << 5), y = record + (<usize>(x - 1) << 5);
    const cost = load<f64>(be) * buy, u = cash / cost, re = load<f64>(be, 8) * u / cash - 1.0;
    paid += cash; held += x - e;
    while (next <= x) {
      if (next <= e) { store<f64>(sum, sr); store<f64>(sum, srr, 8); }
      else {
        const z = record + (<usize>(next - 1) << 5);
        store<f64>(sum, sr + (re + (load<f64>(z, 16) - load<f64>(be, 16))));
        store<f64>(sum, srr + (re * re + (load<f64>(z, 24) - load<f64>(be, 24))), 8);
      }
      bound += 4; sum += 16;
      next = bound < lastBound ? load<i32>(bound) : i32.MAX_VALUE;
    }
    let r = x - 1, out: f64, grown: f64;
    if (x < n) {
      out = load<f64>(y, 32) * sell;
      const both = f64x2.sub(f64x2.div(f64x2.splat(out), f64x2(cost, load<f64>(y, 8))), f64x2.splat(1.0));
      const rx = f64x2.extract_lane(both, 1);
      grown = f64x2.extract_lane(both, 0);
      cash = u * out;
      sr += re + rx + (load<f64>(y, 16) - load<f64>(be, 16)); srr += re * re + rx * rx + (load<f64>(y, 24) - load<f64>(be, 24));
    } else {
      out = load<f64>(y, 8) * sell; cash = u * out; r--; grown = out / cost - 1.0;
      if (e == n - 1) { const q = (re + 1.0) * sell - 1.0; sr += q; srr += q * q; }
      else {
        const z = y - 32, q = load<f64>(y, 8) / load<f64>(z, 8) * sell - 1.0;
        sr += re + q + (load<f64>(z, 16) - load<f64>(be, 16)); srr += re * re + q * q + (load<f64>(z, 24) - load<f64>(be, 24));
      }
    }
    const profit = u * (out - cost);
    back += cash; growth += grown; won += <i32>(profit > 0.0);
    growths = f64x2.pmin(growths, v128.xor(f64x2.splat(grown), other));
    gains = f64x2.add(gains, f64x2.pmax(zero, v128.xor(f64x2.splat(profit), other)));
    if (r >= e) {
      const bl = e >> 4, br = r >> 4;
      // The whole blocks hold the bars and a few more: when even those make no record, neither do the bars.
      const g = br - bl + 1, l = 31 - clz<i32>(g), p = range + (<usize>(blocks * l + bl) << 4), q = range + (<usize>(blocks * l + br + 1 - (1 << l)) << 4);
      if (v128.any_true(f64x2.lt(f64x2.mul(f64x2.pmin(v128.load(p), v128.load(q)), f64x2.splat(u)), limit))) {
        const end = record + (<usize>r << 5);
        let lo: f64, hi: f64;
        if (bl == br) {
          lo = hi = load<f64>(be, 8);
          for (let p = be + 32; p <= end; p += 32) { const c = load<f64>(p, 8); lo = c < lo ? c : lo; hi = c > hi ? c : hi; }
        } else {
          let v = f64x2.pmin(v128.load(edges + (<usize>e << 5)), v128.load(edges + (<usize>r << 5), 16));
          if (g > 2) {
            const l = 31 - clz<i32>(g - 2), p = range + (<usize>(blocks * l + bl + 1) << 4), q = range + (<usize>(blocks * l + br - (1 << l)) << 4);
            v = f64x2.pmin(v, f64x2.pmin(v128.load(p), v128.load(q)));
          }
          lo = f64x2.extract_lane(v, 0); hi = -f64x2.extract_lane(v, 1);
        }
        lo *= u; hi *= u;
        if (hi <= peak) { if (lo < keep * peak) keep = lo / peak; }
        else {
          if (lo < keep * hi) {
            let top = peak;
            for (let t = e; t <= r; t++) {
              // A whole block that makes no record is passed over.
              if ((t & 15) == 0 && t + 15 <= r && !v128.any_true(f64x2.lt(f64x2.mul(v128.load(range + (<usize>(t >> 4) << 4)), f64x2.splat(u)), f64x2(keep * top, -top)))) { t += 15; continue; }
              const q = u * load<f64>(record + (<usize>t << 5), 8);
              if (q > top) top = q; else if (q < keep * top) keep = q / top;
            }
          }
          peak = hi;
        }
        limit = f64x2(keep * peak, -peak);
      }
    }
    if (v128.any_true(f64x2.lt(v128.xor(f64x2.splat(cash), other), limit))) {
      if (cash > peak) peak = cash; else keep = cash / peak;
      limit = f64x2(keep * peak, -peak);
    }
  }
  for (; bound < lastBound; bound += 4) { store<f64>(sum, sr); store<f64>(sum, srr, 8); sum += 16; }
  store<f64>(result, cash); store<f64>(result, keep, 8); store<f64>(result, sr, 16); store<f64>(result, srr, 24);
  store<f64>(result, <f64>((k + 1) >> 1), 32); store<f64>(result, <f64>won, 40);
  store<f64>(result, f64x2.extract_lane(gains, 0), 48); store<f64>(result, f64x2.extract_lane(gains, 1), 56);
  store<f64>(result, growth, 64); store<f64>(result, -f64x2.extract_lane(growths, 1), 72); store<f64>(result, f64x2.extract_lane(growths, 0), 80);
  store<f64>(result, paid, 88); store<f64>(result, back, 96); store<f64>(result, <f64>held, 104); store<f64>(result, <f64>touched, 112);
}
