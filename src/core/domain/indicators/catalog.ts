/**
 * All indicators by name, for a whole series or as a stream; both answer the same values, and neither sees a later bar.
 * A request is text: `rsi`, `rsi(21)`, `macd(12, 26, 9)`, `bollinger(width=2.5)`.
 */
import { badInput } from "../../base/errors.ts";
import { knownNames } from "../../base/nearest.ts";
import { AVERAGES } from "./averages.ts";
import { BANDS } from "./bands.ts";
import { INDICATOR_COLUMNS, type IndicatorBar, type IndicatorColumn, type IndicatorColumns, type IndicatorDefinition } from "./definition.ts";
import { MOMENTUM } from "./momentum.ts";
import { STATISTICS } from "./statistics.ts";
import { TREND } from "./trend.ts";
import { VOLATILITY } from "./volatility.ts";
import { VOLUME } from "./volume.ts";

export const INDICATORS: readonly IndicatorDefinition[] = [...AVERAGES, ...MOMENTUM, ...TREND, ...BANDS, ...VOLUME, ...VOLATILITY, ...STATISTICS];

/** An indicator with the parameters it is wanted with. */
export interface WantedIndicator {
  readonly definition: IndicatorDefinition;
  readonly params: Readonly<Record<string, number>>;
  /** One form for all that mean the same: `macd(12,26,9)`. */
  readonly key: string;
}

/** Finds an indicator by name (`unknown-indicator`) and checks its parameters (`unknown-parameter`, `bad-parameter`). */
export function wantedIndicator(name: string, given: Readonly<Record<string, number>> = {}): WantedIndicator {
  const definition = INDICATORS.find((one) => one.name === name);
  if (definition === undefined) {
    const names = INDICATORS.map((one) => one.name);
    throw badInput("unknown-indicator", `There is no indicator ${name}.`, knownNames(name, names));
  }
  const names = Object.keys(definition.params);
  for (const param of Object.keys(given))
    if (!names.includes(param)) throw badInput("unknown-parameter", `The indicator ${name} has no parameter ${param}.`, knownNames(param, names));
  const params: Record<string, number> = {};
  for (const [param, { default: usual, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, integer }] of Object.entries(definition.params)) {
    const value = given[param] ?? usual;
    if (!(value >= min && value <= max) || (integer === true && !Number.isInteger(value)))
      throw badInput(
        "bad-parameter",
        `The indicator ${name} got ${param} ${value}.`,
        `Give a${integer === true ? " whole" : ""} number from ${min} to ${max}.`,
      );
    params[param] = value;
  }
  return { definition, params, key: names.length === 0 ? name : `${name}(${Object.values(params).join(",")})` };
}

/** Reads `name`, `name(1,2)` or `name(param=1)`; positional values come in the order of the parameters. */
export function parseIndicator(text: string): WantedIndicator {
  const match = /^\s*([A-Za-z][A-Za-z0-9]*)\s*(?:\(([^()]*)\))?\s*$/.exec(text.slice(0, MAX_TEXT));
  if (match === null || text.length > MAX_TEXT)
    throw badInput(
      "bad-indicator",
      `"${text.slice(0, 80)}" is no indicator.`,
      'Write a name, with values in brackets where they differ from the usual: "macd(12,26,9)".',
    );
  const [, name = "", list = ""] = match;
  const names = Object.keys(INDICATORS.find((one) => one.name === name)?.params ?? {});
  const given: Record<string, number> = {};
  const parts = list.trim() === "" ? [] : list.split(",");
  parts.forEach((part, i) => {
    const [left = "", right] = part.split("=", 2).map((piece) => piece.trim());
    const param = right === undefined ? names[i] : left;
    const value = right ?? left;
    if (param === undefined) wantedIndicator(name, {}); // names the indicator first where that is what is wrong
    if (param === undefined || value === "" || !Number.isFinite(Number(value)))
      throw badInput(
        "bad-parameter",
        `"${part.trim()}" in ${text.trim()} is no value for ${param ?? "any parameter"}.`,
        `${name} takes ${names.join(", ") || "no parameters"}.`,
      );
    given[param] = Number(value);
  });
  return wantedIndicator(name, given);
}

const MAX_TEXT = 200;

/** Reads a request that may name one output after a dot, `adx(14).plusDi`; without it the first one is meant. */
export function parseIndicatorOutput(text: string): WantedIndicator & { readonly output: string } {
  const match = /^(.*[A-Za-z0-9)]\s*)\.([A-Za-z][A-Za-z0-9]*)\s*$/.exec(text.slice(0, MAX_TEXT + 1));
  const wanted = parseIndicator(match?.[1] ?? text);
  const { name, outputs } = wanted.definition;
  const output = match?.[2] ?? (outputs[0] as string);
  if (!outputs.includes(output)) throw badInput("unknown-output", `The indicator ${name} has no output ${output}.`, knownNames(output, outputs));
  return { ...wanted, output };
}

/** The indicator over a whole series: one column per output, as long as the series, NaN until it is defined. */
export function computeIndicator(wanted: WantedIndicator | string, columns: IndicatorColumns): Readonly<Record<string, Float64Array>> {
  const { definition, params } = typeof wanted === "string" ? parseIndicator(wanted) : wanted;
  const given = checkedColumns(definition, columns);
  const rows = definition.whole?.(given, params) ?? stepped(definition, params, given);
  return Object.fromEntries(definition.outputs.map((output, i) => [output, rows[i] as Float64Array]));
}

/** A stream of its own: `next` takes one bar after another and answers every output at that bar, NaN until it is defined. */
export interface IndicatorStream {
  next(bar: Partial<IndicatorBar>): Readonly<Record<string, number>>;
}

export function openIndicator(wanted: WantedIndicator | string): IndicatorStream {
  const { definition, params } = typeof wanted === "string" ? parseIndicator(wanted) : wanted;
  const step = definition.open(params);
  const out = new Float64Array(definition.outputs.length);
  return {
    next: (bar) => {
      step({ ...NO_BAR, ...bar }, out);
      return Object.fromEntries(definition.outputs.map((output, i) => [output, out[i] as number]));
    },
  };
}

const NO_BAR: IndicatorBar = Object.freeze({
  time: Number.NaN,
  open: Number.NaN,
  high: Number.NaN,
  low: Number.NaN,
  close: Number.NaN,
  volume: Number.NaN,
  other: Number.NaN,
});

function stepped(
  definition: IndicatorDefinition,
  params: Readonly<Record<string, number>>,
  columns: Readonly<Record<IndicatorColumn, Float64Array>>,
): readonly Float64Array[] {
  const length = lengthOf(definition, columns);
  const rows = definition.outputs.map(() => new Float64Array(length));
  const step = definition.open(params);
  const out = new Float64Array(rows.length);
  const bar = { ...NO_BAR };
  for (let i = 0; i < length; i++) {
    for (const name of definition.needs) bar[name] = columns[name][i] as number;
    step(bar, out);
    for (let row = 0; row < rows.length; row++) (rows[row] as Float64Array)[i] = out[row] as number;
  }
  return rows;
}

function lengthOf({ needs }: IndicatorDefinition, columns: IndicatorColumns): number {
  return columns[needs[0] as IndicatorColumn]?.length ?? 0;
}

/** Throws `bad-series` when a column that the indicator needs is missing or of another length. */
function checkedColumns(definition: IndicatorDefinition, columns: IndicatorColumns): Readonly<Record<IndicatorColumn, Float64Array>> {
  const length = lengthOf(definition, columns);
  for (const name of definition.needs) {
    const column = columns[name];
    if (!(column instanceof Float64Array))
      throw badInput(
        "bad-series",
        `The indicator ${definition.name} needs the column ${name}.`,
        `It needs ${definition.needs.join(", ")}, one number per bar.`,
      );
    if (column.length !== length)
      throw badInput("bad-series", `The columns for ${definition.name} are not of one length (${definition.needs[0]} ${length}, ${name} ${column.length}).`);
  }
  const none = new Float64Array(0);
  return Object.fromEntries(INDICATOR_COLUMNS.map((name) => [name, columns[name] ?? none])) as Record<IndicatorColumn, Float64Array>;
}
