/** The combinations of a sweep: "fast=5:50:5,slow=20|50|200" to columns of numbers. */
import { badInput } from "../../base/errors.ts";
import { seededRandom } from "../../base/random.ts";
import { parseWhere, type Condition } from "./where.ts";

export interface Axis {
  readonly name: string;
  readonly values: readonly number[];
}

/** One column per name, one value per combination. */
export interface Combinations {
  readonly names: readonly string[];
  readonly count: number;
  readonly columns: readonly Float64Array[];
}

export const MAX_COMBINATIONS = 1_000_000;
/** What a condition may be asked about. */
const MAX_LOOKED_AT = 20_000_000;
const MAX_VALUES = 100_000;
const MAX_AXES = 20;
const HINT = 'Write it like "fast=5:50:5,slow=20:200:10" (from:to:step, the end included) or "fast=5|10|20".';

export function parseGrid(text: string): readonly Axis[] {
  const parts = text.split(",").map((part) => part.trim());
  if (text.trim() === "" || parts.includes("")) throw badInput("bad-grid", `The grid "${text}" has an empty part.`, HINT);
  if (parts.length > MAX_AXES) throw badInput("bad-grid", `The grid has ${parts.length} parameters, more than ${MAX_AXES}.`);
  const axes = parts.map(parseAxis);
  axes.forEach(({ name }, i) => {
    if (axes.findIndex((axis) => axis.name === name) < i) throw badInput("bad-grid", `The grid gives ${name} twice.`, HINT);
  });
  return axes;
}

/** Throws what is wrong with a grid and its condition, as far as the words alone tell. */
export function checkGrid(grid: string, where: string | undefined): void {
  const names = parseGrid(grid).map(({ name }) => name);
  if (where !== undefined) parseWhere(where, names);
}

function parseAxis(part: string): Axis {
  const match = /^([A-Za-z_$][\w$]*)\s*=\s*(.+)$/s.exec(part);
  const [, name = "", range = ""] = match ?? [];
  if (match === null || name === "__proto__") throw badInput("bad-grid", `The grid has "${part}", which is not name=values.`, HINT);
  if (range.includes(":")) return { name, values: steps(name, range) };
  const values = range.split("|").map((value) => number(name, value));
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (values.length <= 1000 && twice !== undefined) throw badInput("bad-grid", `The grid gives ${name} the value ${twice} twice.`);
  return { name, values };
}

/** from:to or from:to:step, the end included when a step falls on it. */
function steps(name: string, range: string): readonly number[] {
  const parts = range.split(":").map((value) => number(name, value));
  const [from, to, step = 1] = parts;
  if (from === undefined || to === undefined || parts.length > 3) throw badInput("bad-grid", `${name}=${range} is no range.`, HINT);
  if (!(step > 0)) throw badInput("bad-grid", `${name}=${range} has a step of ${step}, but it must be above zero.`, HINT);
  if (to < from) throw badInput("bad-grid", `${name}=${range} ends before it begins.`, `Write it from the lower end: ${name}=${to}:${from}:${step}.`);
  const count = Math.floor((to - from) / step + 1e-9) + 1;
  if (count > MAX_VALUES) throw badInput("bad-grid", `${name}=${range} has ${count} values, more than ${MAX_VALUES}.`, "Take a larger step.");
  // Twelve digits: 0.1 + 2 * 0.1 is 0.3 here.
  return Array.from({ length: count }, (_value, i) => Number((from + i * step).toPrecision(12)));
}

function number(name: string, text: string): number {
  const value = /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw badInput("bad-grid", `The grid has "${text.trim()}" for ${name}, which is no number.`, HINT);
  return value;
}

export interface Choice {
  readonly where?: string;
  /** Names that a condition may use beside those of the grid. */
  readonly fixed: Readonly<Record<string, number>>;
  readonly method: "grid" | "random";
  /** For random: how many; at most so many for grid. */
  readonly trials?: number;
  readonly seed: number;
}

/** All combinations that the condition lets pass, the last name changing fastest; or so many of them at random, none twice. */
export function chooseCombinations(axes: readonly Axis[], { where, fixed, method, trials, seed }: Choice): Combinations {
  refuseTwice(axes, fixed);
  const names = axes.map(({ name }) => name);
  const holds = conditionOf(where, names, fixed);
  const total = axes.reduce((product, { values }) => product * values.length, 1);
  const rows = method === "random" ? drawn(axes, total, holds, trials ?? 100, seed) : listed(axes, total, holds, trials);
  if (rows.length === 0) throw badInput("no-combinations", `None of the grid's ${total} combinations meets "${where}".`, "Change the condition or the grid.");
  const columns = axes.map(({ values }, at) => {
    const below = turnsBelow(axes, at);
    const column = new Float64Array(rows.length);
    for (let i = 0; i < column.length; i++) column[i] = values[Math.floor((rows[i] as number) / below) % values.length] as number;
    return column;
  });
  return { names, count: rows.length, columns };
}

/** A parameter is swept or stays as it is. */
export function refuseTwice(axes: readonly Axis[], fixed: Readonly<Record<string, number>>): void {
  const both = axes.find(({ name }) => Object.hasOwn(fixed, name));
  if (both !== undefined) throw badInput("bad-grid", `${both.name} is in the grid and in the parameters.`, "Give it once.");
}

export function conditionOf(where: string | undefined, names: readonly string[], fixed: Readonly<Record<string, number>>): Condition {
  if (where === undefined) return () => true;
  const holds = parseWhere(where, [...names, ...Object.keys(fixed)]);
  const known = Object.values(fixed);
  return known.length === 0 ? holds : (values) => holds([...(values as readonly number[]), ...known]);
}

/** In the order of an odometer, whose last wheel turns fastest: a million combinations are no time to speak of. */
function listed(axes: readonly Axis[], total: number, holds: Condition, trials: number | undefined): number[] {
  if (total > MAX_LOOKED_AT) throw tooMany(total);
  const most = trials ?? Number.POSITIVE_INFINITY;
  const rows: number[] = [];
  const places = axes.map(() => 0);
  const values = axes.map((axis) => axis.values[0] as number);
  for (let row = 0; row < total && rows.length < most; row++) {
    if (holds(values)) {
      if (rows.length === MAX_COMBINATIONS) throw tooMany(total);
      rows.push(row);
    }
    for (let at = axes.length - 1; at >= 0; at--) {
      const wheel = (axes[at] as Axis).values;
      const place = ((places[at] as number) + 1) % wheel.length;
      places[at] = place;
      values[at] = wheel[place] as number;
      if (place > 0) break;
    }
  }
  return rows;
}

function drawn(axes: readonly Axis[], total: number, holds: Condition, trials: number, seed: number): number[] {
  if (trials > MAX_COMBINATIONS) throw tooMany(trials);
  if (!Number.isSafeInteger(total)) throw badInput("too-many-combinations", "The grid has more combinations than can be counted.", "Take larger steps.");
  const random = seededRandom(seed);
  if (total <= 4 * trials) {
    // So dense that draws would mostly repeat: a shuffle of all instead.
    const rows = listed(axes, total, holds, undefined);
    for (let i = rows.length - 1; i > 0; i--) {
      const k = random.int(i + 1);
      [rows[i], rows[k]] = [rows[k] as number, rows[i] as number];
    }
    return rows.slice(0, trials);
  }
  const rows = new Set<number>();
  for (let draws = 0; rows.size < trials && draws < 100 * trials; draws++) {
    const row = axes.reduce((at, { values }) => at * values.length + random.int(values.length), 0);
    if (!rows.has(row) && holds(valuesOf(axes, row))) rows.add(row);
  }
  return [...rows];
}

function valuesOf(axes: readonly Axis[], row: number): number[] {
  return axes.map(({ values }, at) => values[Math.floor(row / turnsBelow(axes, at)) % values.length] as number);
}

/** Combinations in one step of axis `at`. */
function turnsBelow(axes: readonly Axis[], at: number): number {
  return axes.slice(at + 1).reduce((product, { values }) => product * values.length, 1);
}

function tooMany(count: number) {
  return badInput(
    "too-many-combinations",
    `The sweep has ${count.toLocaleString("en-US")} combinations; at most ${MAX_COMBINATIONS.toLocaleString("en-US")} are run at once.`,
    "Take larger steps, or --method random --trials N.",
  );
}
