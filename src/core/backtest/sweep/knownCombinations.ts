/** Combinations of a sweep that were run before: their figures are taken as they are. */
import type { Params } from "../../domain/backtest.ts";
import { SWEEP_FIGURES, type KnownCombinations } from "../../domain/sweep.ts";

export interface KnownFigures {
  /** In the order of SWEEP_FIGURES. */
  readonly figures: readonly number[];
  /** Undefined where none were kept. */
  readonly blocks: Float64Array | undefined;
}

/** Answers the figures of one combination; undefined when it was not run before. */
export function lookUp(known: KnownCombinations | undefined): (params: Params) => KnownFigures | undefined {
  if (known === undefined) return () => undefined;
  const { names, params: columns, blocks } = known;
  const width = blocks === undefined ? 0 : blocks.length / known.sharpe.length;
  const blocksOf = (row: number) => {
    const found = blocks?.slice(row * width, (row + 1) * width);
    return found === undefined || Number.isNaN(found[0]) ? undefined : found;
  };
  const rows = new Map<string, number>();
  for (let row = 0; row < (columns[0]?.length ?? 0); row++) rows.set(columns.map((column) => column[row]).join(), row);
  return (params) => {
    if (Object.keys(params).length !== names.length) return undefined;
    const row = rows.get(names.map((name) => params[name]).join());
    return row === undefined ? undefined : { figures: SWEEP_FIGURES.map((figure) => known[figure][row]!), blocks: blocksOf(row) };
  };
}
