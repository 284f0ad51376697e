/** An array of plain objects as a table: the first rows and columns, the rest by count. */
import type { MimeBundle } from "../protocol.ts";
import { textOf } from "../drawValue.ts";
import { html, NOTHING, page, table } from "./html.ts";

const MAX_ROWS = 50;
const MAX_COLUMNS = 20;

export function drawRows(rows: ReadonlyArray<Readonly<Record<string, unknown>>>, text: string): MimeBundle {
  const shown = rows.slice(0, MAX_ROWS);
  const names = [...new Set(shown.flatMap((row) => Object.keys(row)))];
  const columns = names
    .slice(0, MAX_COLUMNS)
    .map((title) => ({ title, isNumber: shown.every((row) => row[title] === undefined || row[title] === null || typeof row[title] === "number") }));
  const left = [
    rows.length > shown.length ? `${shown.length} of ${rows.length} rows` : "",
    names.length > columns.length ? `${columns.length} of ${names.length} columns` : "",
  ].filter((part) => part !== "");
  const cells = shown.map((row) => columns.map(({ title }) => cellText(row[title])));
  return {
    "text/html": page(table("Rows", columns, cells), left.length === 0 ? NOTHING : html`<p class="qd-s qd-dim">${left.join(", ")}</p>`),
    "text/plain": text,
  };
}

function cellText(value: unknown): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : textOf(value).slice(0, 200);
}
