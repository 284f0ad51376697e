/** LZ4 as Parquet files have it: bare blocks (LZ4_RAW), and blocks in the frames of Hadoop's writer (LZ4). */

/**
 * Unpacks one block into `length` bytes. Format: lz4/doc/lz4_Block_format.md of the reference implementation; a sequence is
 * a token, bytes to copy as they are, and a place in the output to repeat from. Throws on a block that is not whole.
 */
export function lz4Block(input: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length);
  let from = 0;
  let to = 0;
  const more = (start: number): number => {
    let sum = start;
    if (start !== 15) return sum;
    for (let byte = 255; byte === 255; sum += byte) {
      if (from >= input.length) throw damaged();
      byte = input[from++]!;
    }
    return sum;
  };
  while (from < input.length) {
    const token = input[from++]!;
    const literals = more(token >>> 4);
    if (from + literals > input.length || to + literals > length) throw damaged();
    output.set(input.subarray(from, from + literals), to);
    from += literals;
    to += literals;
    if (from === input.length) break; // the last sequence repeats nothing
    if (from + 2 > input.length) throw damaged();
    const back = input[from]! | (input[from + 1]! << 8);
    from += 2;
    const repeated = more(token & 15) + 4;
    if (back === 0 || back > to || to + repeated > length) throw damaged();
    if (back >= repeated) output.copyWithin(to, to - back, to - back + repeated);
    else for (let i = 0; i < repeated; i++) output[to + i] = output[to - back + i]!; // it repeats what it has just written
    to += repeated;
  }
  if (to !== length) throw damaged();
  return output;
}

/**
 * Hadoop's frames: unpacked length, then packed length and block, again and again, numbers of four bytes with the highest
 * first. Some writers put a bare block under the same name (Parquet's Compression.md says so): it is tried when there are no frames.
 */
export function lz4Hadoop(input: Uint8Array, length: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const output = new Uint8Array(length);
  let from = 0;
  let to = 0;
  while (from + 8 <= input.length) {
    const [unpacked, packed] = [view.getUint32(from), view.getUint32(from + 4)];
    if (packed > input.length - from - 8 || unpacked > length - to) break;
    try {
      output.set(lz4Block(input.subarray(from + 8, from + 8 + packed), unpacked), to);
    } catch {
      break;
    }
    from += 8 + packed;
    to += unpacked;
  }
  return from === input.length && to === length ? output : lz4Block(input, length);
}

function damaged(): Error {
  return new Error("a page that is packed with LZ4 is damaged");
}
