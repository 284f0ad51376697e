/** Combinations of a sweep that were run before: their figures are taken as they are. */
import type { Params } from "../../domain/backtest.ts";
import { SWEEP_FIGURES, type KnownCombinations } from "../../domain/sweep.ts";

/** Answers the figures of one combination, in the order of SWEEP_FIGURES; undefined when it was not run before. */
export function lookUp(known: KnownCombinations | undefined): (params: Params) => readonly number[] | undefined {
  if (known === undefined) return () => undefined;
  const { names, params: columns } = known;
  const rows = new Map<string, number>();
  for (let row = 0; row < (columns[0]?.length ?? 0); row++) rows.set(columns.map((column) => column[row]).join(), row);
  return (params) => {
    if (Object.keys(params).length !== names.length) return undefined;
    const row = rows.get(names.map((name) => params[name]).join());
    return row === undefined ? undefined : SWEEP_FIGURES.map((figure) => known[figure][row]!);
  };
}
