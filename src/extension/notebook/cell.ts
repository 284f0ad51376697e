/** One cell: its code to the kernel, what it shows into the notebook, its end with success or a mapped error. */
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import type { CellOutcome, TypeProblem } from "../../kernel/protocol.ts";
import type { CellCosts } from "./costs.ts";
import type { NotebookKernel } from "./kernel.ts";
import { cellIdOf } from "./notebookFile.ts";
import { errorOutput, type CellOutputs } from "./outputs.ts";

interface CellParts {
  readonly problems: vscode.DiagnosticCollection;
  readonly costs: CellCosts;
  readonly outputs: CellOutputs;
  /** The same cell, for what comes after its end. */
  readonly reopen: () => vscode.NotebookCellExecution;
}

/** Answers whether the cells after it may run. */
export async function runCell(
  execution: vscode.NotebookCellExecution,
  kernel: NotebookKernel,
  { problems, costs, outputs, reopen }: CellParts,
  signal: AbortSignal,
): Promise<boolean> {
  execution.start(Date.now());
  outputs.clear();
  let success = false;
  try {
    const outcome = await kernel.execute(execution.cell.document.getText(), cellIdOf(execution.cell), (output) => outputs.show(output), signal);
    costs.set(execution.cell, outcome);
    success = conclude(execution, outputs, outcome, problems);
  } catch (error) {
    const failure = TradingError.from(error, "kernel-failed");
    outputs.append(errorOutput("Kernel", failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`, ""));
  } finally {
    await outputs.end(success, reopen);
  }
  return success;
}

function conclude(execution: vscode.NotebookCellExecution, outputs: CellOutputs, outcome: CellOutcome, problems: vscode.DiagnosticCollection): boolean {
  if ("executionCount" in outcome && outcome.executionCount > 0) execution.executionOrder = outcome.executionCount;
  switch (outcome.status) {
    case "ok":
      return true;
    case "error": {
      const { name, message, stack, hint } = outcome.error;
      outputs.append(errorOutput(name, hint === undefined ? message : `${message} ${hint}`, stack));
      return false;
    }
    case "type-error":
      problems.set(
        execution.cell.document.uri,
        outcome.problems.map((problem) => cellDiagnostic(execution.cell.document, problem)),
      );
      outputs.append(errorOutput("Type error", problemWords(outcome.problems), outcome.problems.map((problem) => problem.frame).join("\n")));
      return false;
    case "interrupted":
      outputs.append(new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.stderr("Interrupted.\n")]));
      return false;
    case "dead":
      outputs.append(errorOutput("Kernel", outcome.reason, ""));
      return false;
  }
}

function problemWords(problems: readonly TypeProblem[]): string {
  const [first] = problems;
  if (first === undefined) return "The cell did not run.";
  return `line ${first.line}: ${first.message}${problems.length === 1 ? "" : ` (and ${problems.length - 1} more)`} The cell did not run.`;
}

/** Lines and columns count from 1 in the kernel, from 0 in the editor. */
export function cellDiagnostic(document: vscode.TextDocument, problem: TypeProblem): vscode.Diagnostic {
  const start = new vscode.Position(Math.max(0, problem.line - 1), Math.max(0, problem.column - 1));
  const end = document.positionAt(document.offsetAt(start) + Math.max(1, problem.length));
  const shown = new vscode.Diagnostic(new vscode.Range(start, end), problem.message, vscode.DiagnosticSeverity.Error);
  shown.source = "quantdesk";
  if (problem.code > 0) shown.code = problem.code;
  return shown;
}
