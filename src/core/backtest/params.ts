/** Parameters of a strategy: what was given, checked against its table, with the defaults filled in. */
import type { Params } from "../domain/backtest.ts";
import type { ParamSpec, StrategyDefinition } from "../domain/strategy.ts";
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";

/** All parameters of the strategy, in the order of its table. */
export function parseParams(strategy: StrategyDefinition, given: Params): Params {
  const known = Object.keys(strategy.params);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      const hint = known.length === 0 ? `${strategy.name} takes no parameters.` : knownNames(name, known);
      throw badInput("unknown-parameter", `The strategy ${strategy.name} has no parameter called "${name}".`, hint);
    }
  }
  return Object.fromEntries(
    known.map((name) => [name, check(strategy.name, name, strategy.params[name] as ParamSpec, Object.hasOwn(given, name) ? given[name] : undefined)]),
  );
}

function check(strategy: string, name: string, spec: ParamSpec, given: number | undefined): number {
  const value = given ?? spec.default;
  const wrong = !Number.isFinite(value)
    ? "a finite number"
    : spec.integer === true && !Number.isInteger(value)
      ? "a whole number"
      : spec.min !== undefined && value < spec.min
        ? `at least ${spec.min}`
        : spec.max !== undefined && value > spec.max
          ? `at most ${spec.max}`
          : undefined;
  if (wrong !== undefined) throw badInput("bad-parameter", `${strategy}: ${name} is ${value}, but must be ${wrong}.`, `Default: ${spec.default}.`);
  return value;
}
