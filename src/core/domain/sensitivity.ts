/**
 * How much a strategy's result hangs on one parameter, out of sweeps that were run before: its Sharpe ratio along the
 * parameter while the others stay, and whether the value stands on a plateau or is a spike.
 */
import type { Params } from "./backtest.ts";
import type { KeptCombinations } from "./ports.ts";
import { stabilityOf } from "./stability.ts";
import { SWEEP_STATUS, type Stability } from "./sweep.ts";

export interface ParameterSensitivity {
  readonly name: string;
  /** The value that is looked at. */
  readonly value: number;
  /** Of the last sweep, UTC milliseconds. */
  readonly at: number;
  readonly dataset: string;
  /** Combinations tried on these prices with nothing but the swept parameters changed. */
  readonly tried: number;
  /** At the value; null when it was not tried, or is undefined there. */
  readonly sharpe: number | null;
  readonly wasTried: boolean;
  /** Of the value among its neighbours in every parameter; null with fewer than two, or without a Sharpe ratio above zero. */
  readonly stability: Stability | null;
  /** Along the parameter, ascending; Sharpe ratios a year. */
  readonly values: ReadonlyArray<{ readonly value: number; readonly sharpe: number | null }>;
  /** The swept parameters that stay: as asked for, or where that was not tried as in the best. */
  readonly others: Params;
}

/** Nearest values that are told. */
const MOST_VALUES = 101;

/**
 * One entry for each data set that the parameter was swept on, the newest sweep first. Sweeps with another value of a
 * parameter that stayed are left out.
 */
export function sensitivityOn(kept: readonly KeptCombinations[], name: string, params: Params): readonly ParameterSensitivity[] {
  const groups = new Map<string, KeptCombinations[]>();
  for (const one of kept) {
    const fits = Object.entries(one.fixed).every(([other, value]) => params[other] === undefined || params[other] === value);
    if (fits && one.combinations.names.includes(name)) groups.set(one.key, [...(groups.get(one.key) ?? []), one]);
  }
  const found = new Map<string, ParameterSensitivity>();
  for (const group of groups.values()) {
    const [newest] = group as [KeptCombinations];
    if (!found.has(newest.datasetHash)) found.set(newest.datasetHash, along(group, name, params));
  }
  return [...found.values()].sort((a, b) => b.at - a.at);
}

function along(group: readonly KeptCombinations[], name: string, params: Params): ParameterSensitivity {
  const [{ at, dataset }] = group as [KeptCombinations];
  const all = joined(group);
  const { names, sharpe } = all;
  let best = 0;
  for (let i = 1; i < sharpe.length; i++) if (!(sharpe[i]! <= sharpe[best]!) && !Number.isNaN(sharpe[i])) best = i;
  const ofBest = (column: number) => all.params[column]![best]!;
  const place = Object.fromEntries(
    names.map((one, column) => {
      const asked = params[one];
      return [one, asked !== undefined && (one === name || all.params[column]!.includes(asked)) ? asked : ofBest(column)];
    }),
  );
  const column = names.indexOf(name);
  const line = new Map<number, number | null>();
  for (let i = 0; i < sharpe.length; i++) {
    if (names.every((one, k) => k === column || all.params[k]![i] === place[one]))
      line.set(all.params[column]![i]!, Number.isNaN(sharpe[i]) ? null : sharpe[i]!);
  }
  const value = place[name] as number;
  const near = [...line].sort(([a], [b]) => Math.abs(a - value) - Math.abs(b - value)).slice(0, MOST_VALUES);
  const { [name]: _looked, ...others } = place;
  return {
    name,
    value,
    at,
    dataset,
    tried: sharpe.length,
    sharpe: line.get(value) ?? null,
    wasTried: line.has(value),
    stability: line.has(value) ? stabilityOf({ ...all, status: new Uint8Array(sharpe.length).fill(SWEEP_STATUS.ok) }, place) : null,
    values: near.sort(([a], [b]) => a - b).map(([one, ratio]) => ({ value: one, sharpe: ratio })),
    others,
  };
}

interface Columns {
  readonly names: readonly string[];
  readonly params: readonly Float64Array[];
  readonly sharpe: Float64Array;
}

/** Sweeps over the same ground, each combination once; those of the first, with its order of parameters. */
function joined(group: readonly KeptCombinations[]): Columns {
  const { names } = (group[0] as KeptCombinations).combinations;
  const seen = new Map<string, { readonly values: readonly number[]; readonly sharpe: number }>();
  for (const { combinations } of group) {
    const order = names.map((name) => combinations.names.indexOf(name));
    if (order.includes(-1)) continue;
    for (let i = 0; i < combinations.sharpe.length; i++) {
      const values = order.map((column) => combinations.params[column]![i]!);
      const key = values.join(" ");
      if (!seen.has(key)) seen.set(key, { values, sharpe: combinations.sharpe[i]! });
    }
  }
  const rows = [...seen.values()];
  return { names, params: names.map((_name, k) => Float64Array.from(rows, ({ values }) => values[k]!)), sharpe: Float64Array.from(rows, (row) => row.sharpe) };
}

/** "Sharpe 0.48 on a plateau: 8 neighbours have 0.45 in the middle. 40 tried on GOOG." */
export function sensitivitySentence({ name, value, wasTried, sharpe, stability, values, tried, dataset }: ParameterSensitivity): string {
  const on = `${tried.toLocaleString("en-US")} tried on ${dataset}.`;
  if (!wasTried) {
    const near = values.slice().sort((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value))[0];
    const told = near === undefined ? "" : `; ${name} ${near.value} has a Sharpe ratio of ${ratio(near.sharpe)}`;
    return `${name} ${value} was not tried${told}. ${on}`;
  }
  if (stability === null) return `Sharpe ${ratio(sharpe)}${sharpe !== null && sharpe > 0 ? "; too few neighbours to judge by" : ""}. ${on}`;
  const where = { plateau: "on a plateau", slope: "on a slope", spike: "a spike, a sign of luck" }[stability.verdict];
  return `Sharpe ${ratio(sharpe)} ${where}: ${stability.neighbours} neighbours have ${ratio(stability.medianSharpe)} in the middle. ${on}`;
}

function ratio(value: number | null): string {
  return value === null ? "–" : value.toFixed(2).replace("-", "\u2212");
}

const BLOCKS = "▁▂▃▄▅▆▇█";

/** The line in block characters, from its lowest to its highest; the value at the most `most` points around the one that is looked at. */
export function sparkline({ values, value }: ParameterSensitivity, most = 24): string {
  const near = [...values].sort((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value)).slice(0, most);
  const shown = near.sort((a, b) => a.value - b.value);
  const known = shown.flatMap(({ sharpe }) => (sharpe === null ? [] : [sharpe]));
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return shown
    .map(({ sharpe }) => (sharpe === null ? " " : (BLOCKS[high === low ? 3 : Math.min(7, Math.floor(((sharpe - low) / (high - low)) * 8))] as string)))
    .join("");
}
