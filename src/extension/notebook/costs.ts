/** Below each cell that ran: how long its code took, and the memory of the kernel's process after it. */
import * as vscode from "vscode";
import type { CellOutcome } from "../../kernel/host.ts";
import { NOTEBOOK_TYPE } from "./notebookFile.ts";

export class CellCosts implements vscode.NotebookCellStatusBarItemProvider, vscode.Disposable {
  readonly #texts = new WeakMap<vscode.NotebookCell, string>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCellStatusBarItems = this.#changed.event;
  readonly #registration: vscode.Disposable;

  constructor() {
    this.#registration = vscode.notebooks.registerNotebookCellStatusBarItemProvider(NOTEBOOK_TYPE, this);
  }

  set(cell: vscode.NotebookCell, outcome: CellOutcome): void {
    const text = costText(outcome);
    if (text === undefined) this.#texts.delete(cell);
    else this.#texts.set(cell, text);
    this.#changed.fire();
  }

  provideCellStatusBarItems(cell: vscode.NotebookCell): vscode.NotebookCellStatusBarItem[] {
    const text = this.#texts.get(cell);
    if (text === undefined) return [];
    const item = new vscode.NotebookCellStatusBarItem(text, vscode.NotebookCellStatusBarAlignment.Right);
    item.tooltip = "Time of the cell's own code, without the check of its types, and memory of the kernel's process after it";
    return [item];
  }

  dispose(): void {
    this.#registration.dispose();
    this.#changed.dispose();
  }
}

function costText(outcome: CellOutcome): string | undefined {
  if (!("memoryBytes" in outcome) || outcome.memoryBytes === undefined) return undefined;
  const ms = outcome.durationMs;
  const time = ms < 10 ? `${ms.toFixed(1)} ms` : ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
  return `${time} · ${(outcome.memoryBytes / 2 ** 20).toFixed(0)} MB`;
}
