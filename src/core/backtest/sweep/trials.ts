/** The combinations of a sweep as they are named: all at once, in rounds, or by what was found so far. */
import { badInput } from "../../base/errors.ts";
import type { SweepRequest } from "../../domain/sweep.ts";
import { chooseCombinations, conditionOf, MAX_COMBINATIONS, parseGrid, refuseTwice, type Axis } from "./grid.ts";
import { ROUND, TreeParzen } from "./tpe.ts";

export interface Trials {
  readonly names: readonly string[];
  /** One column per name, one place per combination; filled as far as they are named. */
  readonly columns: readonly Float64Array[];
  /** At most so many. */
  readonly capacity: number;
  /** Not known before what was found. */
  readonly adaptive: boolean;
  /** Values that the parameters may take, one row per value: what a strategy is asked about before anything runs. */
  readonly allowed: readonly Float64Array[];
  /** Names more, and answers how many there are now; as many as before: there are no more. `scores` are of those named so far. */
  next(scores: Float64Array): Promise<number>;
}

const DEFAULT_TRIALS = 100;
/** Combinations between two looks at whether to stop early. */
const LOOK_EVERY = 64;

export function trialsOf({ grid, where, method = "grid", trials, seed = 1, patience, request }: SweepRequest): () => Trials {
  if (trials !== undefined && !(Number.isInteger(trials) && trials > 0))
    throw badInput("bad-trials", `trials is ${trials}, but must be a whole number above zero.`);
  if (!Number.isSafeInteger(seed) || seed < 0) throw badInput("bad-seed", `seed is ${seed}, but must be a whole number from 0 on.`);
  const axes = parseGrid(grid);
  const choice = { fixed: request.params, ...(where === undefined ? {} : { where }) };
  if (method === "tpe") return () => adaptive(axes, { ...choice, trials: trials ?? DEFAULT_TRIALS, seed });
  const { names, columns, count } = chooseCombinations(axes, { ...choice, method, seed, ...(trials === undefined ? {} : { trials }) });
  return () => {
    let named = 0;
    return {
      names,
      columns,
      capacity: count,
      adaptive: false,
      allowed: columns,
      next: () => Promise.resolve((named = patience === undefined ? count : Math.min(count, named + LOOK_EVERY))),
    };
  };
}

function adaptive(
  axes: readonly Axis[],
  { where, fixed, trials, seed }: { readonly where?: string; readonly fixed: Readonly<Record<string, number>>; readonly trials: number; readonly seed: number },
): Trials {
  refuseTwice(axes, fixed);
  if (trials > MAX_COMBINATIONS) throw badInput("bad-trials", `trials is ${trials}, but at most ${MAX_COMBINATIONS} are run at once.`);
  const names = axes.map(({ name }) => name);
  const search = new TreeParzen(axes, conditionOf(where, names, fixed), seed);
  const longest = Math.max(...axes.map(({ values }) => values.length));
  const columns = axes.map(() => new Float64Array(trials));
  let named = 0;
  return {
    names,
    columns,
    capacity: trials,
    adaptive: true,
    allowed: axes.map(({ values }) => Float64Array.from({ length: longest }, (_value, i) => values[Math.min(i, values.length - 1)]!)),
    next: async (scores) => {
      for (const values of await search.next(Math.min(ROUND, trials - named), scores)) {
        values.forEach((value, at) => {
          columns[at]![named] = value;
        });
        named++;
      }
      if (named === 0) throw badInput("no-combinations", `No combination that was drawn meets "${where ?? ""}".`, "Change the condition or the grid.");
      return named;
    },
  };
}
