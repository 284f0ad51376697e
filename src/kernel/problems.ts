/** What keeps a cell from running, and where its errors happened, in the cell's own lines. */
import { TradingError } from "../core/base/errors.ts";
import type { CheckedError } from "./checker.ts";
import type { TypeProblem } from "./protocol.ts";
import { codeFrame, placeAt, placeInCell } from "./positions.ts";
import type { CellScript } from "./transform.ts";
import { userFrames } from "./userFrames.ts";

export function problemsOf(text: string, errors: readonly CheckedError[]): readonly TypeProblem[] {
  return errors.map((error) => {
    const place = placeAt(text, error.start);
    return { code: error.code, message: error.message, ...place, length: Math.max(1, error.end - error.start), frame: codeFrame(text, place) };
  });
}

/** What a cell that runs all the same says first. */
export function problemsText(problems: readonly TypeProblem[]): string {
  return problems.map((p) => `Type error ${p.line}:${p.column} ${p.message}\n${p.frame}\n`).join("");
}

/** A cell that parses as TypeScript and still cannot be run here. */
export function cellProblem(text: string, error: unknown): TypeProblem {
  const offset = (error as { pos?: unknown }).pos;
  const place = typeof offset === "number" ? placeAt(text, Math.min(offset, text.length)) : { line: 1, column: 1 };
  const hint = error instanceof TradingError && error.hint !== undefined ? ` ${error.hint}` : "";
  const message = error instanceof Error ? error.message : String(error);
  return { code: 0, message: `${message}${hint}`, ...place, length: 1, frame: codeFrame(text, place) };
}

export interface RanScript {
  readonly script: CellScript;
  readonly text: string;
  /** The number that the reader sees beside the cell. */
  readonly executionCount: number;
}

/** Text that a cell printed or shows: stacks in it (console.trace, an error) lead to cells as those of thrown errors do. */
export function mapText(text: string, scripts: ReadonlyMap<number, RanScript>): string {
  return /\n\s+at .*cell:\d/.test(text) ? mapStack(userFrames(text), scripts) : text;
}

/** "cell:12:2:9", the twelfth script, becomes "Cell 9:2:9", the place in the cell that ran as number 9. */
export function mapStack(stack: string, scripts: ReadonlyMap<number, RanScript>): string {
  return stack.replace(/cell:(\d+):(\d+):(\d+)/g, (all, run: string, line: string, column: string) => {
    const known = scripts.get(Number(run));
    if (known === undefined) return all;
    const place = placeInCell(known.script, known.text, { line: Number(line), column: Number(column) });
    return `Cell ${known.executionCount}:${place.line}:${place.column}`;
  });
}
