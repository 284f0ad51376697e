/**
 * Columns that a run needs only while it lasts, kept for the next one: of a fresh column the page faults take as long as
 * filling it, and what is thrown away the collector has to find. And what is known of the prices themselves.
 */
import { wholeScale, type WholeScale } from "../domain/indicators.ts";

/** Kept at most; what a run needs beyond it is made anew every time. */
const MAX_BYTES = 64 * 1024 ** 2;

export class RunMemory {
  readonly #blocks: ArrayBuffer[] = [];
  readonly #maxBytes: number;
  /** By the memory that the prices are in. */
  readonly #scales = new WeakMap<ArrayBufferLike, { readonly byteOffset: number; readonly length: number; readonly scale: WholeScale | undefined }>();
  #used = 0;
  #bytes = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** A run begins: what the one before has of it is no longer its own. */
  begin(): void {
    this.#used = 0;
  }

  /** Of prices that nobody writes into. */
  wholeScale(prices: Float64Array): WholeScale | undefined {
    const { buffer, byteOffset, length } = prices;
    const known = this.#scales.get(buffer);
    if (known !== undefined && known.byteOffset === byteOffset && known.length === length) return known.scale;
    const scale = wholeScale(prices);
    this.#scales.set(buffer, { byteOffset, length, scale });
    return scale;
  }

  /** Holds anything. */
  column(length: number): Float64Array {
    const at = this.#used;
    const known = this.#blocks[at];
    if (known === undefined || known.byteLength < 8 * length) {
      const more = 8 * length - (known?.byteLength ?? 0);
      if (this.#bytes + more > this.#maxBytes) return new Float64Array(length);
      this.#blocks[at] = new ArrayBuffer(8 * length);
      this.#bytes += more;
    }
    this.#used++;
    return new Float64Array(this.#blocks[at]!, 0, length);
  }
}
