/** A table of a value's rows: the first of them as HTML and text, in whatever shows the notebook; our renderer asks for the rest. */
import { cellText, digitsOf, isNumeric, TABLE_MIME, type Cell, type ShownTable } from "../../core/domain/shown.ts";
import type { MimeBundle } from "../protocol.ts";
import type { Hold } from "../shown/held.ts";
import { columnsOf, rowsOf, type TableSource } from "../shown/tableSource.ts";
import { plural } from "./format.ts";
import { html, NOTHING, page, table, textTable, type Html } from "./html.ts";

/** Rows that every form holds. */
const MAX_ROWS = 50;
const PAGE_ROWS = 20;
/** Columns in HTML and text. */
const MAX_STATIC_COLUMNS = 20;
const MAX_TEXT_ROWS = 20;
const MAX_TEXT_WIDTH = 30;

/** `text`: what stands for a table that is all in it; without it the table itself does. */
export function drawRows(source: TableSource, text: (() => string) | undefined, hold: Hold): MimeBundle {
  const shown = shownTable(source, hold, { say: "", from: 0, pageSize: PAGE_ROWS, isSimulated: false });
  const part = source.part ?? "slice()";
  return {
    "text/html": page(
      staticTable(shown, 0, shown.rows.length),
      isWhole(shown, shown.rows.length) ? NOTHING : html`<p class="qd-s qd-dim">${leftOut(shown, shown.rows.length, part)}</p>`,
    ),
    "text/plain": text !== undefined && shown.rowCount <= shown.rows.length && shown.columnCount <= shown.columns.length ? text() : textOfTable(shown, part),
    [TABLE_MIME]: shown,
  };
}

/** The table as our renderer takes it. */
export function shownTable(
  source: TableSource,
  hold: Hold,
  { say, from, pageSize, isSimulated }: Pick<ShownTable, "say" | "from" | "pageSize" | "isSimulated">,
): ShownTable {
  const rowCount = source.length();
  const rows = rowsOf(
    source,
    Array.from({ length: Math.max(0, Math.min(MAX_ROWS, rowCount - from)) }, (_, i) => from + i),
  );
  const id = hold({ what: "rows", source });
  const columns = columnsOf(source, rows);
  return { schema: "quantdesk.table/1", id, say, columns, columnCount: source.columnCount, rowCount, from, rows, pageSize, isSimulated };
}

/** Rows `start` to `end` of those at hand. */
export function staticTable(shown: ShownTable, start: number, end: number): Html {
  const columns = shown.columns.slice(0, MAX_STATIC_COLUMNS);
  const digits = columns.map((_, i) => digitsOf(shown.rows.map((row) => row[i])));
  return table(
    shown.say === "" ? "Rows" : shown.say,
    columns.map(({ name, isNumber }) => ({ title: name, isNumber })),
    shown.rows.slice(start, end).map((row) => columns.map((_, i) => written(row[i] ?? null, digits[i] ?? 0))),
  );
}

function written(cell: Cell, digits: number): string | Html {
  return Array.isArray(cell) && !isNumeric(cell) && cell[0] !== "t" && cell[0] !== "d"
    ? html`<span class="qd-dim">${cellText(cell)}</span>`
    : cellText(cell, digits);
}

function isWhole({ rowCount, columnCount }: ShownTable, rows: number): boolean {
  return rowCount <= rows && columnCount <= MAX_STATIC_COLUMNS;
}

function textOfTable(shown: ShownTable, part: string): string {
  const columns = shown.columns.slice(0, MAX_STATIC_COLUMNS);
  const digits = columns.map((_, i) => digitsOf(shown.rows.map((row) => row[i])));
  const cut = (text: string): string => (text.length <= MAX_TEXT_WIDTH ? text : `${text.slice(0, MAX_TEXT_WIDTH - 1)}…`).replaceAll(/[\r\n\t]/g, " ");
  const count = Math.min(MAX_TEXT_ROWS, shown.rows.length);
  const rows = shown.rows.slice(0, count).map((row) => columns.map((_, i) => cut(cellText(row[i] ?? null, digits[i] ?? 0))));
  const drawn = textTable(
    columns.map(({ name }) => cut(name)),
    rows,
  );
  return isWhole(shown, count) ? drawn : `${drawn}\n… ${leftOut(shown, count, part)}`;
}

/** What is not here, and how to see it where nobody can be asked. */
function leftOut({ rowCount, columnCount }: ShownTable, rows: number, part: string): string {
  const parts = [
    rows < rowCount ? `the first ${rows} of ${plural(rowCount, "row")}` : "",
    columnCount > MAX_STATIC_COLUMNS ? `${MAX_STATIC_COLUMNS} of ${plural(columnCount, "column")}` : "",
  ].filter((part) => part !== "");
  return `${parts.join(", ")}; ${rows < rowCount ? part : "map()"} shows others.`.replace(/^t/, "T");
}
