/** Errors of cells as they leave the runner: without the kernel's own frames, with their causes. Whatever was thrown, this does not throw. */
import { inspect } from "node:util";
import type { CellError } from "./protocol.ts";
import { userFrames } from "./userFrames.ts";

const MAX_CAUSES = 3;
/** Of the errors of an AggregateError. */
const MAX_ERRORS = 10;
const MAX_TEXT = 64 * 1024;

export function plainCellError(error: unknown): CellError {
  try {
    if (!(error instanceof Error)) {
      const text = clipped(inspect(error, { depth: 4 }));
      return { name: "Thrown", message: text, stack: `Thrown: ${text}` };
    }
    const { code, hint } = error as { code?: unknown; hint?: unknown };
    return {
      name: String(error.name),
      message: clipped(String(error.message)),
      stack: clipped(stackOf(error)),
      ...(typeof code === "string" ? { code } : {}),
      ...(typeof hint === "string" ? { hint } : {}),
    };
  } catch {
    const message = "What was thrown cannot be shown: looking at it throws again.";
    return { name: "Thrown", message, stack: `Thrown: ${message}` };
  }
}

function stackOf(error: Error, depth = 0): string {
  const own = typeof error.stack === "string" ? error.stack : `${String(error.name)}: ${String(error.message)}`;
  if (depth >= MAX_CAUSES) return userFrames(own);
  const cause = error.cause === undefined ? "" : `\n[cause]: ${partOf(error.cause, depth)}`;
  const inner = error instanceof AggregateError && Array.isArray(error.errors) ? error.errors : [];
  const errors = inner.slice(0, MAX_ERRORS).map((one: unknown, i) => `\n[errors ${i + 1} of ${inner.length}]: ${partOf(one, depth)}`);
  return userFrames(own) + errors.join("") + cause;
}

function partOf(value: unknown, depth: number): string {
  return value instanceof Error ? stackOf(value, depth + 1) : inspect(value, { depth: 4 });
}

function clipped(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n… ${text.length - MAX_TEXT} more characters`;
}
