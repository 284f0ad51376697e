/** How a cell that did not end well is told where there is no editor to show it: in a notebook file, to a Jupyter client. */
import type { CellOutcome } from "./protocol.ts";

export interface CellFailure {
  readonly code: string;
  readonly name: string;
  readonly message: string;
  /** Several lines: the stack, or each type error with its code frame. */
  readonly details: string;
}

export function cellFailure(outcome: CellOutcome): CellFailure | undefined {
  switch (outcome.status) {
    case "ok":
      return undefined;
    case "error":
      return {
        code: outcome.error.code ?? "cell-failed",
        name: outcome.error.name,
        message: outcome.error.hint === undefined ? outcome.error.message : `${outcome.error.message} ${outcome.error.hint}`,
        details: outcome.error.stack,
      };
    case "type-error": {
      const [first] = outcome.problems;
      return {
        code: "type-error",
        name: "TypeError",
        message: `${first?.line}:${first?.column} ${first?.message}`,
        details: outcome.problems.map((p) => `${p.line}:${p.column} ${p.message}\n${p.frame}`).join("\n\n"),
      };
    }
    case "interrupted":
      return { code: "interrupted", name: "KeyboardInterrupt", message: "The cell was interrupted.", details: "The cell was interrupted." };
    case "dead":
      return { code: "kernel-dead", name: "KernelDead", message: outcome.reason, details: outcome.reason };
  }
}
