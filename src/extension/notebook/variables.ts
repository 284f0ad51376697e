/** The variables of the notebook in front, as a tree that opens part by part; looking runs none of their code. */
import * as vscode from "vscode";
import type { Kernel } from "../../kernel/host.ts";
import type { Variable } from "../../kernel/protocol.ts";

const VIEW = "quantdesk.variables";
const ANSWER_WITHIN_MS = 2000;
/** Cells of a run end one after the other: one look for all. */
const PAUSE_MS = 150;

interface Node {
  /** A name, then keys. */
  readonly path: readonly string[];
  readonly variable: Variable;
}

export class VariablesView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  readonly #kernelOf: (notebook: vscode.NotebookDocument) => Promise<Kernel> | undefined;
  readonly #view: vscode.TreeView<Node>;
  readonly #subscriptions: vscode.Disposable[];
  #notebook: vscode.NotebookDocument | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `kernelOf` answers undefined while the notebook has no kernel: looking starts none. */
  constructor(kernelOf: (notebook: vscode.NotebookDocument) => Promise<Kernel> | undefined) {
    this.#kernelOf = kernelOf;
    this.#notebook = vscode.window.activeNotebookEditor?.notebook;
    this.#view = vscode.window.createTreeView(VIEW, { treeDataProvider: this });
    this.#subscriptions = [
      this.#changed,
      this.#view,
      vscode.window.onDidChangeActiveNotebookEditor((editor) => {
        // The last one stays while the person is elsewhere.
        if (editor === undefined || editor.notebook === this.#notebook) return;
        this.#notebook = editor.notebook;
        this.refresh();
      }),
      this.#view.onDidChangeVisibility(() => this.refresh()),
    ];
  }

  /** After a cell, a restart, a kernel's end. */
  refresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#view.visible) this.#changed.fire();
    }, PAUSE_MS);
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const path = node?.path ?? [];
    const notebook = this.#notebook;
    const kernel = notebook === undefined || notebook.isClosed ? undefined : await this.#kernelOf(notebook)?.catch(() => undefined);
    this.#view.message = "";
    if (kernel === undefined || kernel.state === "dead" || kernel.state === "closed") return [];
    try {
      const found = await kernel.variables(path, AbortSignal.timeout(ANSWER_WITHIN_MS));
      return found.map((variable) => ({ path: [...path, variable.name], variable }));
    } catch {
      this.#view.message = "The cell computes without a pause: its variables are shown when it ends or waits.";
      return [];
    }
  }

  getTreeItem({ path, variable: { name, type, text, isOpenable } }: Node): vscode.TreeItem {
    const item = new vscode.TreeItem(name, isOpenable ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None);
    item.id = JSON.stringify(path);
    item.description = text;
    item.tooltip = `${name}: ${type}`;
    item.iconPath = new vscode.ThemeIcon(type === "function" ? "symbol-method" : isOpenable ? "symbol-object" : "symbol-variable");
    item.accessibilityInformation = { label: `${name}, ${type}, ${text}` };
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    for (const part of this.#subscriptions) part.dispose();
  }
}
