/** Errors of cells as they leave the runner: without the kernel's own frames, with their causes. */
import { join } from "node:path";
import { inspect } from "node:util";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../core/base/entry.ts";
import type { CellError } from "./protocol.ts";

const MAX_CAUSES = 3;

export function plainCellError(error: unknown): CellError {
  if (!(error instanceof Error)) {
    const text = inspect(error, { depth: 4 });
    return { name: "Thrown", message: text, stack: `Thrown: ${text}` };
  }
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  return {
    name: String(error.name),
    message: String(error.message),
    stack: stackOf(error),
    ...(typeof code === "string" ? { code } : {}),
    ...(typeof hint === "string" ? { hint } : {}),
  };
}

function stackOf(error: Error, causes = 0): string {
  const own = [join(packageRoot(), "src"), join(packageRoot(), "dist")].flatMap((path) => [path, pathToFileURL(path).href]);
  const lines = String(error.stack ?? `${error.name}: ${error.message}`).split("\n");
  // Of the frames below the last one of a cell, none is the user's.
  const lastOfCell = lines.findLastIndex((line) => line.includes("cell:"));
  const kept = lines.filter((line, i) => {
    if (!/^\s+at /.test(line)) return true;
    return (lastOfCell < 0 || i <= lastOfCell) && !own.some((path) => line.includes(path)) && !/\bnode:|\(node:/.test(line);
  });
  const cause = error.cause instanceof Error && causes < MAX_CAUSES ? `\n[cause]: ${stackOf(error.cause, causes + 1)}` : "";
  return kept.join("\n") + cause;
}
