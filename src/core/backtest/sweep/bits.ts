/** Signals as bits, 32 bars a word. */
import type { SignalArray } from "../../domain/strategy.ts";

/** Sets a bit for each value that is a signal: anything but 0, NaN, false and null. `words` hold one bit a value, the rest is cleared. */
export function packBits(values: SignalArray, words: Int32Array): void {
  const quick = values instanceof Int8Array || values instanceof Uint8Array ? fourAtOnce(values) : undefined;
  for (let w = 0; w < words.length; w++) {
    const from = w * 32;
    // Signals are rare: most words are known to be empty by eight looks.
    if (quick !== undefined && from + 32 <= values.length && isEmpty(quick, from >> 2)) {
      words[w] = 0;
      continue;
    }
    let word = 0;
    const count = Math.min(32, values.length - from);
    for (let b = 0; b < count; b++) if (values[from + b]) word |= 1 << b;
    words[w] = word;
  }
}

function fourAtOnce({ buffer, byteOffset, byteLength }: Int8Array | Uint8Array): Int32Array | undefined {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, byteLength >> 2) : undefined;
}

function isEmpty(words: Int32Array, at: number): boolean {
  return (words[at]! | words[at + 1]! | words[at + 2]! | words[at + 3]! | words[at + 4]! | words[at + 5]! | words[at + 6]! | words[at + 7]!) === 0;
}
