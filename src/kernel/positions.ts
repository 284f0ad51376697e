/** Where a place in the script that ran was in the cell, and what a person sees of it: position and code frame. */
import { SourceMap } from "node:module";
import { unshift } from "./edits.ts";
import type { Place } from "./protocol.ts";
import type { CellScript } from "./transform.ts";

export function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, Math.max(0, offset));
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: before.length - lineStart + 1 };
}

export function offsetAt(text: string, place: Place): number {
  let offset = 0;
  for (let line = 1; line < place.line; line++) {
    const end = text.indexOf("\n", offset);
    if (end < 0) break;
    offset = end + 1;
  }
  return Math.min(text.length, offset + place.column - 1);
}

/** The place in the cell of a place in its script, as a stack names it. */
export function placeInCell(script: CellScript, text: string, place: Place): Place {
  const offset = unshift(offsetAt(script.code, place) - script.headLength, script.marks);
  if (script.map === null) return placeAt(text, Math.min(offset, text.length));
  // The text was rewritten: lines and columns of the rewritten text go through its source map.
  const rewritten = placeAt(script.js, offset);
  const entry = new SourceMap(JSON.parse(script.map)).findEntry(rewritten.line - 1, rewritten.column - 1);
  return "originalLine" in entry ? { line: entry.originalLine + 1, column: entry.originalColumn + 1 } : rewritten;
}

/** The line with two around it, numbered, with a caret under the column. */
export function codeFrame(text: string, place: Place): string {
  const lines = text.split("\n");
  const from = Math.max(1, place.line - 2);
  const to = Math.min(lines.length, place.line + 2);
  const width = String(to).length;
  const out: string[] = [];
  for (let n = from; n <= to; n++) {
    const mark = n === place.line ? ">" : " ";
    out.push(`${mark} ${String(n).padStart(width)} | ${lines[n - 1]}`);
    if (n === place.line) out.push(`  ${" ".repeat(width)} | ${" ".repeat(Math.max(0, place.column - 1))}^`);
  }
  return out.join("\n");
}

/** The name that `offset` is in, or right behind; empty where there is none. */
export function wordAt(text: string, offset: number): string {
  const before = /[\p{ID_Continue}$]*$/u.exec(text.slice(0, offset))?.[0] ?? "";
  const after = /^[\p{ID_Continue}$]*/u.exec(text.slice(offset))?.[0] ?? "";
  return before + after;
}
