/** The built-in strategies by name. */
import type { StrategyDefinition } from "../../domain/strategy.ts";
import { badInput } from "../../base/errors.ts";
import { knownNames } from "../../base/nearest.ts";
import bollinger from "./bollinger.ts";
import breakout from "./breakout.ts";
import buyAndHold from "./buyAndHold.ts";
import dualMomentum from "./dualMomentum.ts";
import emaCross from "./emaCross.ts";
import macd from "./macd.ts";
import momentum from "./momentum.ts";
import pairs from "./pairs.ts";
import rsiReversion from "./rsiReversion.ts";
import smaCross from "./smaCross.ts";
import turnOfMonth from "./turnOfMonth.ts";
import volTarget from "./volTarget.ts";
import zscore from "./zscore.ts";

export const BUILTIN_STRATEGIES: readonly StrategyDefinition[] = [
  smaCross,
  emaCross,
  rsiReversion,
  macd,
  bollinger,
  breakout,
  momentum,
  dualMomentum,
  zscore,
  pairs,
  volTarget,
  turnOfMonth,
  buyAndHold,
];

/** The built-in strategy of that name; an unknown one is bad input that names the nearest. */
export function findStrategy(name: string): StrategyDefinition {
  const found = BUILTIN_STRATEGIES.find((strategy) => strategy.name === name);
  if (found !== undefined) return found;
  throw badInput(
    "unknown-strategy",
    `There is no strategy called "${name}".`,
    `${knownNames(
      name,
      BUILTIN_STRATEGIES.map((strategy) => strategy.name),
    )} A file of your own is given by its path, like ./my_cross.ts.`,
  );
}
