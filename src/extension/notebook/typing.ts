/** Type errors at the cell while it is typed. What was checked here runs without a second check. */
import * as vscode from "vscode";
import type { Kernel, TypeProblem } from "../../kernel/host.ts";
import { cellDiagnostic } from "./cell.ts";
import { CELLS, notebookOf } from "./notebookFile.ts";

const PAUSE_MS = 250;
const ANSWER_WITHIN_MS = 5000;
/** "Cannot find name", in its forms: of a value, with a suggestion, of a namespace. */
const NOT_FOUND = new Set([2304, 2552, 2503, 2749]);

/** `kernelOf` answers undefined while the cell's notebook has no kernel: nothing is started for a keystroke. */
export class ProblemsWhileTyping implements vscode.Disposable {
  readonly #kernelOf: (document: vscode.TextDocument) => Promise<Kernel> | undefined;
  readonly #problems: vscode.DiagnosticCollection;
  readonly #subscription: vscode.Disposable;
  readonly #waiting = new Map<vscode.TextDocument, { readonly timer: NodeJS.Timeout; readonly stop: AbortController }>();

  constructor(kernelOf: (document: vscode.TextDocument) => Promise<Kernel> | undefined, problems: vscode.DiagnosticCollection) {
    this.#kernelOf = kernelOf;
    this.#problems = problems;
    this.#subscription = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0 && vscode.languages.match(CELLS, document) > 0 && this.#kernelOf(document) !== undefined) this.#later(document);
    });
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const document of [...this.#waiting.keys()]) this.#drop(document);
  }

  #later(document: vscode.TextDocument): void {
    this.#drop(document);
    const stop = new AbortController();
    const timer = setTimeout(() => void this.#check(document, stop), PAUSE_MS);
    this.#waiting.set(document, { timer, stop });
  }

  #drop(document: vscode.TextDocument): void {
    const waiting = this.#waiting.get(document);
    this.#waiting.delete(document);
    clearTimeout(waiting?.timer);
    waiting?.stop.abort();
  }

  async #check(document: vscode.TextDocument, stop: AbortController): Promise<void> {
    const timer = setTimeout(() => stop.abort(), ANSWER_WITHIN_MS);
    try {
      const kernel = await this.#kernelOf(document);
      if (kernel === undefined || document.isClosed) return;
      const found = await kernel.diagnose(document.getText(), stop.signal);
      if (stop.signal.aborted || document.isClosed) return;
      const known = found.filter((problem) => !isMadeElsewhere(document, problem));
      this.#problems.set(
        document.uri,
        known.map((problem) => cellDiagnostic(document, problem)),
      );
    } catch {
      // The person typed on, or the kernel went away: the run tells.
    } finally {
      clearTimeout(timer);
      if (this.#waiting.get(document)?.stop === stop) this.#waiting.delete(document);
    }
  }
}

/** The name of a cell that has not run yet is no mistake of this one. */
function isMadeElsewhere(document: vscode.TextDocument, problem: TypeProblem): boolean {
  if (!NOT_FOUND.has(problem.code)) return false;
  const name = document.getText(cellDiagnostic(document, problem).range);
  if (!/^[\w$]+$/.test(name)) return false;
  const escaped = name.replaceAll("$", "\\$");
  const declares = new RegExp(`\\b(?:const|let|var|function|class|enum|type|interface|namespace|import|using)\\b[^;=()]*(?<![\\w$])${escaped}(?![\\w$])`, "u");
  return (notebookOf(document)?.getCells() ?? []).some((cell) => cell.document !== document && declares.test(cell.document.getText()));
}
