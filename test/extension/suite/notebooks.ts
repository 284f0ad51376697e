/** Notebooks in the window, as a person opens them. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { ID } from "./host.ts";

export const folder = () => {
  const found = vscode.workspace.workspaceFolders?.[0];
  assert.ok(found, "no folder is open");
  return found.uri;
};
export const outputText = (cell: vscode.NotebookCell) =>
  cell.outputs
    .flatMap((output) => output.items)
    .map((item) => new TextDecoder().decode(item.data))
    .join("\n");
export const mimes = (cell: vscode.NotebookCell) => cell.outputs.flatMap((output) => output.items).map((item) => item.mime);
export const codeOf = (notebook: vscode.NotebookDocument) => notebook.getCells().filter((cell) => cell.kind === vscode.NotebookCellKind.Code);

export async function open(uri: vscode.Uri): Promise<vscode.NotebookDocument> {
  const notebook = await vscode.workspace.openNotebookDocument(uri);
  const editor = await vscode.window.showNotebookDocument(notebook);
  await vscode.commands.executeCommand("notebook.selectKernel", { id: "quantdesk-typescript", extension: ID, notebookEditor: editor });
  return notebook;
}

export async function draft(name: string, sources: readonly string[]): Promise<vscode.NotebookDocument> {
  const file = join(folder().fsPath, name);
  const cells = sources.map((source, index) => ({
    cell_type: "code",
    id: `cell-${index}`,
    execution_count: null,
    metadata: { vscode: { languageId: "typescript" } },
    outputs: [],
    source,
  }));
  const metadata = { kernelspec: { name: "quantdesk", display_name: "Quantdesk TypeScript", language: "typescript" }, language_info: { name: "typescript" } };
  await writeFile(file, JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }));
  return open(vscode.Uri.file(file));
}
