/**
 * Values that a cell shows, as they cross to whoever draws them: a table with its first rows, a tree with its first
 * branches, a text with its beginning, a chart. The runner keeps the value itself, and answers for the rest of it.
 */

/** Mime types of ours, which the notebook renderers of the extension draw. Other programs take the HTML or text beside them. */
export const TABLE_MIME = "application/vnd.quantdesk.table+json";
export const TREE_MIME = "application/vnd.quantdesk.tree+json";
export const TEXT_MIME = "application/vnd.quantdesk.text+json";
export const CHART_MIME = "application/vnd.quantdesk.chart+json";
export const OWN_MIMES: readonly string[] = [TABLE_MIME, TREE_MIME, TEXT_MIME, CHART_MIME];

/**
 * A cell of a table as JSON has it, or what it is and its text: "n" a number that JSON lacks (NaN, Infinity, -0), "i" a
 * bigint, "d" a date in UTC, "t" a text that was cut, "o" anything else, in short, "u" null. `null` is what is not there.
 */
export type Cell = number | string | boolean | null | readonly ["n" | "i" | "d" | "t" | "o" | "u", string];

export interface ShownColumn {
  readonly name: string;
  /** All that was looked at are numbers, or text that is one. */
  readonly isNumber: boolean;
  /** A count, whose thousands are set apart. */
  readonly isCount?: boolean;
}

export interface ShownTable {
  readonly schema: "quantdesk.table/1";
  /** Under which the runner keeps the value; null where nobody does. */
  readonly id: string | null;
  /** What it is, in a sentence; empty for a table without one. */
  readonly say: string;
  readonly columns: readonly ShownColumn[];
  /** Of the value; `columns` holds the first of them. */
  readonly columnCount: number;
  readonly rowCount: number;
  /** Index of the first row in `rows`. */
  readonly from: number;
  readonly rows: ReadonlyArray<readonly Cell[]>;
  readonly pageSize: number;
  readonly isSimulated: boolean;
}

/** A branch of a tree; its own parts where they are known already. */
export interface ShownPart {
  readonly key: string;
  /** "Array(3)", "Map(2)", "string" … */
  readonly type: string;
  /** The value in short. */
  readonly text: string;
  /** How many parts it has; 0 for a leaf. */
  readonly count: number;
  /** The first of them. */
  readonly parts?: readonly ShownPart[] | undefined;
}

export interface ShownTree {
  readonly schema: "quantdesk.tree/1";
  readonly id: string | null;
  readonly root: ShownPart;
}

export interface ShownText {
  readonly schema: "quantdesk.text/1";
  readonly id: string | null;
  /** Its beginning. */
  readonly text: string;
  readonly characters: number;
  readonly lines: number;
}

export interface ShownChart {
  readonly schema: "quantdesk.chart/1";
  readonly kind: "candles" | "equity";
  readonly title: string;
  /** The finding, in a sentence; what the picture says to those who do not see it. */
  readonly say: string;
  readonly isSimulated: boolean;
  /** UTC milliseconds, ascending. */
  readonly time: readonly number[];
  /** Of candles: open, high, low, close. Of equity: its value. */
  readonly values: ReadonlyArray<readonly number[]>;
}

/** What is asked about a value that the runner keeps. */
export type Look =
  | {
      readonly what: "rows";
      readonly id: string;
      readonly from: number;
      readonly count: number;
      readonly sort: { readonly column: number; readonly descending: boolean } | null;
      /** Rows in which some cell's text has it, whatever the case; empty for all. */
      readonly filter: string;
    }
  /** `path`: by place, from the root. */
  | { readonly what: "parts"; readonly id: string; readonly path: readonly number[]; readonly from: number }
  | { readonly what: "text"; readonly id: string; readonly from: number };

export type Looked =
  | {
      readonly what: "rows";
      /** Of the value now, and of those that the filter leaves. */
      readonly rowCount: number;
      readonly matching: number;
      readonly rows: ReadonlyArray<readonly Cell[]>;
      /** Their places in the value. */
      readonly places: readonly number[];
    }
  | { readonly what: "parts"; readonly count: number; readonly parts: readonly ShownPart[] }
  | { readonly what: "text"; readonly text: string; readonly characters: number }
  /** Shown by a process that has ended, or too many shows ago. */
  | { readonly what: "gone" };

/** Rows that one answer may hold, parts of one branch, characters of one piece. */
export const MAX_LOOK_ROWS = 200;
export const MAX_LOOK_PARTS = 100;
export const MAX_LOOK_CHARACTERS = 20_000;

const MAX_DIGITS = 6;

/** Digits behind the point that a column's numbers are shown with: as many as its longest needs, at most six. */
export function digitsOf(cells: Iterable<Cell | undefined>): number {
  let digits = 0;
  for (const cell of cells) {
    if (typeof cell !== "number" || Number.isInteger(cell)) continue;
    const [, rest = ""] = String(cell).split(".");
    digits = Math.max(digits, /e/.test(rest) ? MAX_DIGITS : Math.min(MAX_DIGITS, rest.length));
  }
  return digits;
}

/** As people read it, numbers with so many digits; those that would be nothing then keep their own form, as all do without. */
export function cellText(cell: Cell, digits?: number, { isCount = false }: Pick<ShownColumn, "isCount"> = {}): string {
  if (cell === null) return "";
  if (typeof cell === "number" && isCount) return withMinus(cell.toLocaleString("en-US", { maximumFractionDigits: digits ?? MAX_DIGITS }));
  if (typeof cell === "number") {
    if (digits === undefined || (Number.isInteger(cell) && digits === 0)) return withMinus(String(cell));
    const size = Math.abs(cell);
    return withMinus(size >= 1e15 || (size > 0 && size < 10 ** -digits) ? String(cell) : cell.toFixed(digits));
  }
  if (typeof cell !== "object") return String(cell);
  switch (cell[0]) {
    case "d":
      return cell[1].endsWith("T00:00:00.000Z") ? cell[1].slice(0, -14) : cell[1].replace("T", " ").replace(/(?:\.000)?Z$/, "");
    case "t":
      return `${cell[1]}…`;
    case "u":
      return "null";
    case "n":
    case "i":
      return withMinus(cell[1]);
    case "o":
      return cell[1];
  }
}

/** A true minus sign. */
function withMinus(text: string): string {
  return text.replace(/^-/, "\u2212");
}

/** True for a cell that stands at the right, as numbers do. */
export function isNumeric(cell: Cell): boolean {
  return typeof cell === "number" || (typeof cell === "string" ? isDecimal(cell) : Array.isArray(cell) && (cell[0] === "n" || cell[0] === "i"));
}

/** Money and quantities come as decimal text. */
export function isDecimal(text: string): boolean {
  return text.length <= 40 && /^[+-]?\d+(?:\.\d+)?$/.test(text);
}
