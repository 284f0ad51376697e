/** Return sums of some combinations of a sweep, segment by segment: what the probability of overfitting and the folds are told by. */
import type { CrossValidation } from "../../domain/sweep.ts";
import type { Params } from "../../domain/backtest.ts";
import type { FoldsAnswer, SweepOpened } from "./messages.ts";
import { CSCV_LEAST_TRIALS } from "./overfitting.ts";

type Ask = (message: object) => Promise<unknown>;

export class ReturnSums {
  readonly #opened: SweepOpened;
  readonly #of = new Map<number, Float64Array>();

  constructor(opened: SweepOpened) {
    this.#opened = opened;
  }

  /** Numbers of one combination. */
  get width(): number {
    return 2 * (this.#opened.bounds.length + 1);
  }

  set(item: number, sums: Float64Array): void {
    if (this.#opened.bounds.length > 0) this.#of.set(item, sums);
  }

  /** All in one column of `combinations` places, NaN where there are none; undefined when there are none at all. */
  column(combinations: number): Float64Array | undefined {
    if (this.#of.size === 0) return undefined;
    const column = new Float64Array(combinations * this.width).fill(Number.NaN);
    for (const [item, sums] of this.#of) column.set(sums, item * this.width);
    return column;
  }

  async overfitting(ask: Ask): Promise<number | null> {
    const { bounds, blockBounds, bars } = this.#opened;
    if (this.#of.size < CSCV_LEAST_TRIALS || blockBounds.length === 0) return null;
    const { items, sums: fine } = this.#all();
    const sums = blockBounds.length === bounds.length ? fine : merge(fine, bounds, blockBounds);
    const edges = [1, ...blockBounds, bars];
    return (await ask({ kind: "pbo", sums, trials: items.length, returns: edges.slice(1).map((to, block) => to - edges[block]!) })) as number | null;
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
    const items = [...this.#of.keys()].sort((a, b) => a - b);
    const sums = new Float64Array(items.length * this.width);
    items.forEach((item, i) => sums.set(this.#of.get(item) as Float64Array, i * this.width));
    return { items, sums };
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
