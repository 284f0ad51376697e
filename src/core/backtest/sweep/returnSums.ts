/** Return sums of some combinations of a sweep, segment by segment: what the probability of overfitting and the folds are told by. */
import type { CrossValidation } from "../../domain/sweep.ts";
import type { Params } from "../../domain/backtest.ts";
import type { FoldsAnswer, SweepOpened } from "./messages.ts";
import { CSCV_LEAST_TRIALS, probabilityOf, type Splits } from "./overfitting.ts";

type Ask = (message: object) => Promise<unknown>;

/** With fewer to a worker, a message costs more than it saves. */
const TRIALS_A_WORKER = 2000;

export class ReturnSums {
  readonly #opened: SweepOpened;
  /** Every `stride`th combination has a row. */
  readonly #stride: number;
  readonly #rows: Float64Array;
  readonly #isKnown: Uint8Array;

  constructor(opened: SweepOpened, combinations: number, stride: number) {
    this.#opened = opened;
    this.#stride = stride;
    const rows = opened.bounds.length === 0 ? 0 : Math.ceil(combinations / stride);
    this.#rows = new Float64Array(rows * this.width).fill(Number.NaN);
    this.#isKnown = new Uint8Array(rows);
  }

  /** Numbers of one combination. */
  get width(): number {
    return 2 * (this.#opened.bounds.length + 1);
  }

  /** Of a combination that has a row. */
  set(item: number, sums: Float64Array): void {
    if (this.#isKnown.length === 0) return;
    const row = item / this.#stride;
    this.#rows.set(sums, row * this.width);
    this.#isKnown[row] = 1;
  }

  /** All in one column of `combinations` places, NaN where there are none; undefined when there are none at all. */
  column(combinations: number): Float64Array | undefined {
    if (!this.#isKnown.includes(1)) return undefined;
    if (this.#stride === 1) return this.#rows.subarray(0, combinations * this.width);
    const column = new Float64Array(combinations * this.width).fill(Number.NaN);
    const { items, sums } = this.#all();
    items.forEach((item, i) => column.set(sums.subarray(i * this.width, (i + 1) * this.width), item * this.width));
    return column;
  }

  async overfitting(ask: Ask, workers: number): Promise<number | null> {
    const { bounds, blockBounds, bars } = this.#opened;
    const { items, sums: fine } = this.#all();
    if (items.length < CSCV_LEAST_TRIALS || blockBounds.length === 0) return null;
    const sums = blockBounds.length === bounds.length ? fine : merge(fine, bounds, blockBounds);
    const edges = [1, ...blockBounds, bars];
    const returns = edges.slice(1).map((to, block) => to - edges[block]!);
    const parts = Math.min(workers, Math.ceil(items.length / TRIALS_A_WORKER));
    const answers = Array.from({ length: parts }, (_value, part) => ask({ kind: "pbo", sums, returns, part, parts }) as Promise<Splits>);
    return probabilityOf(await Promise.all(answers));
  }

  async folds(ask: Ask, paramsOf: (item: number) => Params): Promise<CrossValidation> {
    const { items, sums } = this.#all();
    const { folds, outOfSample, purge, embargo, stretches } = (await ask({ kind: "folds", sums })) as FoldsAnswer;
    const yearly = Math.sqrt(this.#opened.periodsPerYear);
    const aYear = (sharpe: number | null) => (sharpe === null ? null : sharpe * yearly);
    return {
      purgeBars: purge,
      embargoBars: embargo,
      folds: folds.map((fold, i) => ({
        ...stretches[i]!,
        params: fold.best < 0 ? null : paramsOf(items[fold.best]!),
        inSampleSharpe: aYear(fold.inSample),
        outOfSampleSharpe: aYear(fold.outOfSample),
      })),
      outOfSampleSharpe: aYear(outOfSample),
    };
  }

  #all(): { readonly items: readonly number[]; readonly sums: Float64Array } {
    const rows = [...this.#isKnown.keys()].filter((row) => this.#isKnown[row] === 1);
    const sums = new Float64Array(rows.length * this.width);
    rows.forEach((row, i) => sums.set(this.#rows.subarray(row * this.width, (row + 1) * this.width), i * this.width));
    return { items: rows.map((row) => row * this.#stride), sums };
  }
}

/** Sums of the segments between `bounds`, put together to those between `wider`, which are among them. */
function merge(sums: Float64Array, bounds: readonly number[], wider: readonly number[]): Float64Array {
  const blockOf = [0, ...bounds.map((bound) => wider.filter((edge) => edge <= bound).length)];
  const trials = sums.length / (2 * blockOf.length);
  const merged = new Float64Array(2 * trials * (wider.length + 1));
  for (let trial = 0; trial < trials; trial++)
    blockOf.forEach((block, segment) => {
      for (const which of [0, 1]) merged[2 * (trial * (wider.length + 1) + block) + which]! += sums[2 * (trial * blockOf.length + segment) + which]!;
    });
  return merged;
}
