/** Parameters of a stored run in words. The ledger keeps them as canonical JSON, whose keys are sorted by letter. */
import * as v from "valibot";

const Params = v.record(v.string(), v.number());

/** A strategy's parameters in the order in which it declares them. */
export interface ParamOrder {
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** "14/30/70" for a built-in strategy, "fast 10, slow 20" for one of the person's own, whose order is not known here. */
export function paramWords(strategy: string, canonical: string, builtins: readonly ParamOrder[]): string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(canonical);
  } catch {
    return canonical;
  }
  if (!v.is(Params, parsed)) return canonical;
  const known = builtins.find((builtin) => builtin.name === strategy);
  if (known === undefined)
    return Object.entries(parsed)
      .map(([name, value]) => `${name} ${value}`)
      .join(", ");
  return Object.keys(known.params)
    .filter((name) => name in parsed)
    .map((name) => parsed[name])
    .join("/");
}
