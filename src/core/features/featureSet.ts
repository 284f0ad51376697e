/** Which columns a request for features computes: the standard ones, and any indicators beside them. */
import { badInput } from "../base/errors.ts";
import type { BarColumn } from "../domain/strategy.ts";
import { computeIndicator, parseIndicator, type WantedIndicator } from "../domain/indicators/catalog.ts";
import type { IndicatorColumns } from "../domain/indicators/definition.ts";
import { computeStandard, FEATURE_NAMES, STANDARD_NEEDS } from "./standardFeatures.ts";

export interface FeatureSet {
  /** Names the set in cache keys: another formula needs another name. */
  readonly key: string;
  /** In one form each, `adx(14)`. */
  readonly indicators: readonly string[];
  /** Columns of bars that it is computed from. */
  readonly needs: readonly BarColumn[];
  /** Of the answer, in this order in memory. An indicator's are `adx(14).plusDi`, or `rsi(21)` when it has one output only. */
  readonly names: readonly string[];
}

/** More in one request are refused: each is a column per bar. */
const MAX_INDICATORS = 100;

export function featureSet(indicators: readonly string[] = []): FeatureSet {
  if (!Array.isArray(indicators) || !indicators.every((one) => typeof one === "string"))
    throw badInput("bad-indicator", "Indicators are asked for as a list of texts.", 'For example ["adx", "rsi(21)"].');
  if (indicators.length > MAX_INDICATORS)
    throw badInput("too-many-indicators", `${indicators.length} indicators were asked for at once.`, `Ask for at most ${MAX_INDICATORS}.`);
  const wanted = new Map(indicators.map((request) => parseIndicator(request)).map((one) => [one.key, one]));
  const needs = new Set<BarColumn>(STANDARD_NEEDS);
  for (const { key, definition } of wanted.values()) {
    for (const column of definition.needs) {
      if (column === "other")
        throw badInput(
          "needs-other-series",
          `${key} compares two series, which features of one symbol do not have.`,
          "Use computeIndicator(request, { ...bars, other: another.close }).",
        );
      needs.add(column);
    }
  }
  const keys = [...wanted.keys()];
  return {
    key: ["standard/1", ...keys].join(" "),
    indicators: keys,
    needs: [...needs],
    names: [...FEATURE_NAMES, ...[...wanted.values()].flatMap(namesOf)],
  };
}

/** The computation itself, the same in every thread: one row of as many values as there are bars per name of the set. */
export function computeColumns(columns: IndicatorColumns, indicators: readonly string[]): Float64Array {
  const rows = [...computeStandard(columns as Readonly<Record<BarColumn, Float64Array>>)];
  for (const key of indicators) rows.push(...Object.values(computeIndicator(key, columns)));
  const bars = columns.close?.length ?? 0;
  const out = new Float64Array(rows.length * bars);
  rows.forEach((row, i) => out.set(row, i * bars));
  return out;
}

function namesOf({ key, definition }: WantedIndicator): readonly string[] {
  return definition.outputs.length === 1 ? [key] : definition.outputs.map((output) => `${key}.${output}`);
}
