/** A tree of rows that is read anew when asked; an unchanged answer redraws nothing. */
import * as vscode from "vscode";

export interface Row {
  /** Stable, so that selection and scrolling stay. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly tooltip?: string;
  readonly icon?: string;
  readonly contextValue?: string;
  /** Read aloud instead of label and description. */
  readonly spoken?: string;
  readonly command?: string;
  /** For commands that are called on the row. */
  readonly symbol?: string;
  readonly orderId?: string;
  readonly children?: readonly Row[];
}

export class RowTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#changed.event;
  #rows: readonly Row[] = [];

  get rows(): readonly Row[] {
    return this.#rows;
  }

  set(rows: readonly Row[]): void {
    if (JSON.stringify(rows) === JSON.stringify(this.#rows)) return;
    this.#rows = rows;
    this.#changed.fire();
  }

  getChildren(row?: Row): Row[] {
    return [...(row === undefined ? this.#rows : (row.children ?? []))];
  }

  getTreeItem(row: Row): vscode.TreeItem {
    const item = new vscode.TreeItem(row.label, row.children === undefined ? vscode.TreeItemCollapsibleState.None : vscode.TreeItemCollapsibleState.Collapsed);
    item.id = row.id;
    if (row.description !== undefined) item.description = row.description;
    if (row.tooltip !== undefined) item.tooltip = row.tooltip;
    if (row.icon !== undefined) item.iconPath = new vscode.ThemeIcon(row.icon);
    if (row.contextValue !== undefined) item.contextValue = row.contextValue;
    if (row.command !== undefined) item.command = { command: row.command, title: row.label };
    item.accessibilityInformation = { label: row.spoken ?? `${row.label} ${row.description ?? ""}` };
    return item;
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
