/** Where everything of one sweep lies in its shared memory. Addresses in bytes; plain data, posted with every task. */

/** Bars of one block of the range tables: 2 ** 4. */
export const BLOCK_SHIFT = 4;

/** What one worker writes into while it works on a combination. */
export interface Scratch {
  readonly entries: number;
  readonly exits: number;
  readonly list: number;
  readonly fill: number;
  readonly sums: number;
  readonly result: number;
}

export interface Layout {
  readonly bars: number;
  /** Blocks of the range tables. */
  readonly blocks: number;
  /** Counter from which workers take the next indicator. */
  readonly next: number;
  /** Prefix sums of the closes, bars + 1 values. */
  readonly prefix: number;
  /** 32 bytes a bar each, tables.ts. */
  readonly record: number;
  readonly edges: number;
  readonly range: number;
  /** Bars at which return sums are noted, i32. */
  readonly bounds: number;
  readonly boundCount: number;
  /** For each bar by what its lines are multiplied for their images, f64. */
  readonly unit: number;
  /** Image (i16) of each line. */
  readonly images: readonly number[];
  /** Exact values (f64) of each line that has them stored, else 0. */
  readonly values: readonly number[];
  /** Signals of each half, one bit a bar. */
  readonly signals: readonly number[];
  readonly scratch: readonly Scratch[];
  readonly bytes: number;
}

export interface LayoutNeeds {
  readonly bars: number;
  readonly boundCount: number;
  /** For each line whether its exact values are stored. */
  readonly lines: readonly boolean[];
  readonly signals: number;
  readonly workers: number;
}

export function layOut({ bars, boundCount, lines, signals, workers }: LayoutNeeds): Layout {
  let top = 1024;
  const take = (bytes: number) => {
    const at = top;
    top = Math.ceil((top + bytes) / 128) * 128;
    return at;
  };
  const padded = Math.ceil(bars / 32) * 32;
  const bits = padded / 8 + 64;
  const blocks = (bars >> BLOCK_SHIFT) + 1;
  const levels = 32 - Math.clz32(blocks);
  return {
    bars,
    blocks,
    next: take(64),
    prefix: take(8 * (bars + 1)),
    record: take(32 * bars + 64),
    edges: take(32 * bars),
    range: take(16 * blocks * levels),
    bounds: take(4 * boundCount),
    boundCount,
    unit: take(lines.length === 0 ? 0 : 8 * bars),
    images: lines.map(() => take(2 * padded)),
    values: lines.map((isStored) => (isStored ? take(8 * bars) : 0)),
    signals: Array.from({ length: signals }, () => take(bits)),
    scratch: Array.from({ length: workers }, () => ({
      entries: take(bits),
      exits: take(bits),
      list: take(bits + 64),
      fill: take(4 * padded + 64),
      sums: take(16 * boundCount),
      result: take(128),
    })),
    bytes: top,
  };
}
