/** Rows as CSV (RFC 4180) that a spreadsheet opens as text and numbers, never as formulas. */

export type CsvCell = string | number | boolean | null;

/** With a header line; lines end in CRLF. */
export function csvText(columns: readonly string[], rows: ReadonlyArray<readonly CsvCell[]>): string {
  return [columns, ...rows].map((row) => `${row.map(cellText).join(",")}\r\n`).join("");
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** A text that a spreadsheet would run (it begins with = + - @ or a control character) gets an apostrophe before it; numbers stay numbers. */
function cellText(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return String(cell);
  const safe = /^[\s]*[=+\-@|%\t\r]/.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}
