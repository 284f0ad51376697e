/** `input` of cells: an input box, taken back when the cell is interrupted. */
import * as vscode from "vscode";
import { TradingError } from "../../core/base/errors.ts";
import type { CellQuestion } from "../../kernel/host.ts";

export async function askInBox({ prompt, password }: CellQuestion, signal: AbortSignal): Promise<string> {
  const takenBack = new vscode.CancellationTokenSource();
  const onAbort = (): void => takenBack.cancel();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    const title = "A cell asks";
    const answer = await vscode.window.showInputBox({ title, prompt, password, ignoreFocusOut: true }, takenBack.token);
    signal.throwIfAborted();
    if (answer === undefined) throw new TradingError("no-answer", "The question was closed without an answer.", { kind: "refused" });
    return answer;
  } finally {
    signal.removeEventListener("abort", onAbort);
    takenBack.dispose();
  }
}
