import assert from "node:assert/strict";
import fc from "fast-check";
import { lz4Block, lz4Hadoop } from "../../../src/core/data/lz4.ts";

/** A plain packer: at each place the last earlier one with the same four bytes, as far as it goes. */
function packed(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  const seen = new Map<number, number>();
  const count = (value: number) => {
    let rest = value;
    for (; rest >= 255; rest -= 255) out.push(255);
    out.push(rest);
  };
  const sequence = (literals: Uint8Array, repeat?: { readonly back: number; readonly length: number }) => {
    const matched = repeat === undefined ? 0 : repeat.length - 4;
    out.push((Math.min(15, literals.length) << 4) | Math.min(15, matched));
    if (literals.length >= 15) count(literals.length - 15);
    out.push(...literals);
    if (repeat === undefined) return;
    out.push(repeat.back & 255, repeat.back >> 8);
    if (matched >= 15) count(matched - 15);
  };
  let start = 0;
  for (let at = 0; at + 12 < bytes.length; ) {
    const four = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    const before = seen.get(four);
    seen.set(four, at);
    if (before === undefined || at - before > 65_535) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length + 5 < bytes.length && bytes[before + length] === bytes[at + length]) length++;
    sequence(bytes.subarray(start, at), { back: at - before, length });
    at += length;
    start = at;
  }
  sequence(bytes.subarray(start));
  return Uint8Array.from(out);
}

function frames(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      const block = packed(part);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(part.length, 0);
      head.writeUInt32BE(block.length, 4);
      return Buffer.concat([head, block]);
    }),
  );
}

describe("LZ4", () => {
  // Few values, so that much repeats, near and far.
  const bytes = fc
    .array(fc.tuple(fc.uint8Array({ maxLength: 40 }), fc.nat({ max: 60 })), { maxLength: 12 })
    .map((parts) => Uint8Array.from(parts.flatMap(([part, times]) => Array.from({ length: times }, () => [...part]).flat())));

  it("is unpacked to what was packed, bare and in frames", () => {
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        assert.deepEqual(lz4Block(packed(one), one.length), one);
        const both = Uint8Array.from([...one, ...other]);
        assert.deepEqual(lz4Hadoop(frames([one, other]), both.length), both);
        assert.deepEqual(lz4Hadoop(packed(one), one.length), one);
      }),
    );
  });

  it("is a sentence, and nothing outside of the page, where bytes are missing or wrong", () => {
    fc.assert(
      fc.property(bytes, fc.uint8Array({ maxLength: 60 }), fc.nat(), (good, noise, cut) => {
        const whole = packed(good);
        for (const bad of [noise, whole.subarray(0, cut % whole.length), Uint8Array.from([...whole.subarray(0, cut % whole.length), ...noise])])
          for (const unpack of [lz4Block, lz4Hadoop]) {
            try {
              assert.equal(unpack(bad, good.length).length, good.length);
            } catch (error) {
              assert.match(String(error), /packed with LZ4 is damaged/);
            }
          }
      }),
    );
  });
});
