/** Rows and columns of a value, read where they are: nothing is copied, and no accessor or proxy of the user's is asked. */
import { types } from "node:util";
import type { Cell, ShownColumn } from "../../core/domain/shown.ts";
import { isNumeric } from "../../core/domain/shown.ts";
import { ACCESSOR, isLooked, ownValue, partCount, shortText } from "../parts.ts";

/** Columns that are shown; the others are counted. */
export const MAX_COLUMNS = 100;
/** Rows whose keys are columns, from the first on; and as many again, spread over the rest. */
const KEY_ROWS = 500;
const MAX_CELL_TEXT = 200;

export interface TableSource {
  /** The first of `columnCount`. */
  readonly names: readonly string[];
  readonly columnCount: number;
  /** Of the names: those of counts. */
  readonly counts?: ReadonlySet<string>;
  /** What takes rows out of it, where that is not slice(). */
  readonly part?: string;
  length(): number;
  /** `undefined` for what is not there, `ACCESSOR` for what would run code. */
  value(row: number, column: number): unknown;
}

type Row = Readonly<Record<string, unknown>>;

/** An array of plain objects, as its first rows tell; undefined for everything else. */
export function rowsSource(value: unknown): TableSource | undefined {
  if (!isList(value) || value.length === 0) return undefined;
  for (let i = 0; i < Math.min(20, value.length); i++) if (!isPlain(ownValue(value, i))) return undefined;
  const names = new Set<string>();
  const step = Math.max(1, Math.floor(value.length / KEY_ROWS));
  for (let i = 0; i < value.length; i += i < KEY_ROWS ? 1 : step) {
    const row = ownValue(value, i);
    if (isLooked(row)) for (const name of Object.keys(row)) names.add(name);
  }
  if (names.size === 0) return undefined;
  const shown = [...names].slice(0, MAX_COLUMNS);
  return {
    names: shown,
    columnCount: names.size,
    length: () => value.length,
    value: (index, column) => {
      const row = ownValue(value, index);
      return isLooked(row) ? ownValue(row, shown[column] as string) : undefined;
    },
  };
}

type Column = ArrayLike<unknown>;

/** An object of columns of one length, typed arrays or lists of single values; undefined for everything else. */
export function columnsSource(value: unknown): TableSource | undefined {
  if (!isPlain(value)) return undefined;
  const names = Object.keys(value);
  const columns = names.slice(0, MAX_COLUMNS).map((name) => ownValue(value, name));
  if (names.length < 2 || !columns.every(isColumn)) return undefined;
  const [first] = columns as [Column];
  const length = partCount(first);
  if (length < 2 || !columns.every((column) => partCount(column) === length)) return undefined;
  return frameSource(names.slice(0, MAX_COLUMNS), columns, names.length);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && !types.isProxy(value);
}

/** Columns that are known to be such. */
export function frameSource(names: readonly string[], columns: readonly Column[], columnCount = names.length): TableSource {
  const readers = columns.map((column): ((row: number) => unknown) => (types.isTypedArray(column) ? (row) => column[row] : (row) => ownValue(column, row)));
  const [first] = columns;
  return { names, columnCount, length: () => (first === undefined ? 0 : partCount(first)), value: (row, column) => readers[column]?.(row) };
}

/** A danfojs DataFrame or Series, by its own columns; undefined for everything else. */
export function danfoSource(value: object): TableSource | undefined {
  if (!isLooked(value)) return undefined;
  const [names, data, index] = ["$columns", "$dataIncolumnFormat", "$index"].map((key) => ownValue(value, key));
  if (!Array.isArray(names) || !Array.isArray(data) || !Array.isArray(index) || types.isProxy(data)) return undefined;
  const columns: unknown[] = ownValue(value, "$isSeries") === true ? [data] : data.slice(0, MAX_COLUMNS);
  if (columns.length === 0 || !columns.every((column) => Array.isArray(column) && !types.isProxy(column) && column.length === index.length)) return undefined;
  return { ...frameSource(["", ...names.slice(0, MAX_COLUMNS).map(String)], [index, ...(columns as Column[])], names.length + 1), part: "iloc()" };
}

function isColumn(value: unknown): value is Column {
  if (types.isTypedArray(value)) return true;
  if (!isList(value)) return false;
  for (let i = 0; i < Math.min(20, value.length); i++) {
    const one = ownValue(value, i);
    if (one === ACCESSOR || typeof one === "function" || (typeof one === "object" && one !== null && !types.isDate(one))) return false;
  }
  return true;
}

function isPlain(value: unknown): value is Row {
  if (!isLooked(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function cellOf(value: unknown): Cell {
  switch (typeof value) {
    case "undefined":
      return null;
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : ["n", Object.is(value, -0) ? "-0" : String(value)];
    case "boolean":
      return value;
    case "string":
      return value.length <= MAX_CELL_TEXT ? value : ["t", value.slice(0, MAX_CELL_TEXT)];
    case "bigint":
      return ["i", shortText(value).replace(/n(?=…?$)/, "")];
    case "object":
      if (value === null) return ["u", ""];
      if (types.isDate(value)) return ["d", shortText(value)];
      return ["o", shortText(value)];
    case "symbol":
    case "function":
      return ["o", shortText(value)];
  }
}

export function rowsOf(source: TableSource, places: Iterable<number>): Cell[][] {
  return Array.from(places, (row) => source.names.map((_, column) => cellOf(source.value(row, column))));
}

/** By the cells that are at hand. */
export function columnsOf(source: TableSource, rows: ReadonlyArray<readonly Cell[]>): ShownColumn[] {
  return source.names.map((name, i) => {
    const there = rows.map((row) => row[i] ?? null).filter((cell) => cell !== null && !(Array.isArray(cell) && cell[0] === "u"));
    return { name, isNumber: there.length > 0 && there.every(isNumeric), ...(source.counts?.has(name) === true ? { isCount: true } : {}) };
  });
}
