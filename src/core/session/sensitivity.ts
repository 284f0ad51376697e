/** What past sweeps say about a strategy's parameters, out of the store of results. */
import { badInput } from "../base/errors.ts";
import type { Params } from "../domain/backtest.ts";
import type { Store } from "../domain/ports.ts";
import { sensitivityOn, type ParameterSensitivity } from "../domain/sensitivity.ts";

export interface SensitivityQuery {
  /** The name by which the strategy calls itself. */
  readonly strategy: string;
  /** The values to look at; those of the best where one is absent. */
  readonly params?: Params;
  /** A data set by name; all when absent. */
  readonly data?: string;
}

export interface SensitivityReport {
  readonly schema: "quantdesk.sensitivity/1";
  readonly strategy: string;
  /** One for each parameter and data set, empty when nothing was swept. */
  readonly parameters: readonly ParameterSensitivity[];
}

export async function readSensitivity(
  { strategy, params = {}, data }: SensitivityQuery,
  store: Pick<Store, "cache">,
  signal: AbortSignal,
): Promise<SensitivityReport> {
  const all = await store.cache.neighbourhood(strategy, null, signal);
  const kept = data === undefined ? all : all.filter(({ dataset }) => dataset === data);
  const swept = [...new Set(kept.flatMap(({ combinations }) => combinations.names))];
  const known = new Set([...swept, ...kept.flatMap(({ fixed }) => Object.keys(fixed))]);
  const stranger = Object.keys(params).find((name) => !known.has(name));
  if (stranger !== undefined && kept.length > 0)
    throw badInput("unknown-param", `No sweep of ${strategy} knows a parameter ${stranger}.`, `Known: ${[...known].join(", ")}.`);
  return { schema: "quantdesk.sensitivity/1", strategy, parameters: swept.flatMap((name) => sensitivityOn(kept, name, params)) };
}
