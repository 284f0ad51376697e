/** Why a cell of a whole run failed, for whoever reads a terminal: which cell, where in it, and the line itself. */
import type { CellFailure } from "./cellFailure.ts";
import { codeFrame } from "./positions.ts";
import type { CellOutcome, Place } from "./protocol.ts";

/** The cell's own line, where it has one: of the first type error, or of the innermost frame of its stack. */
export function placeIn(outcome: CellOutcome): Place | undefined {
  if (outcome.status === "type-error") return outcome.problems[0];
  if (outcome.status !== "error") return undefined;
  const found = new RegExp(`\\bCell ${outcome.executionCount}:(\\d+):(\\d+)`).exec(outcome.error.stack);
  return found === null ? undefined : { line: Number(found[1]), column: Number(found[2]) };
}

/** `number` counts the code cells that hold something, from 1, as the numbers beside them do. */
export function failureReport(number: number, source: string, outcome: CellOutcome, failure: CellFailure): string {
  const place = placeIn(outcome);
  const frame = outcome.status === "error" && place !== undefined && place.line <= source.split("\n").length ? `\n${codeFrame(source, place)}` : "";
  return `Cell ${number} failed${place === undefined ? "" : ` at ${place.line}:${place.column}`}:\n${failure.details}${frame}\n`;
}
