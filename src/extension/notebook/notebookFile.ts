/** What an .ipynb file says about itself. */
import * as vscode from "vscode";
import * as v from "valibot";

export const NOTEBOOK_TYPE = "jupyter-notebook";

/** Code cells that our kernel runs. */
export const CELLS: vscode.DocumentFilter = { notebookType: NOTEBOOK_TYPE, language: "typescript" };

/** The open notebook that a cell's text belongs to. */
export function notebookOf(document: vscode.TextDocument): vscode.NotebookDocument | undefined {
  return vscode.workspace.notebookDocuments.find((open) => open.getCells().some((cell) => cell.document === document));
}

const Language = v.object({
  metadata: v.object({
    kernelspec: v.optional(v.object({ name: v.optional(v.string()), language: v.optional(v.string()) })),
    language_info: v.optional(v.object({ name: v.string() })),
  }),
});
const CellId = v.object({ id: v.string() });
const NestedCellId = v.object({ metadata: CellId });

/** Ours: its kernelspec names quantdesk or TypeScript, or it names none and all its code is TypeScript. */
export function notebookDefaults(notebook: vscode.NotebookDocument): { readonly isOurs: boolean } {
  if (notebook.notebookType !== NOTEBOOK_TYPE) return { isOurs: false };
  const said = v.safeParse(Language, notebook.metadata);
  const spec = said.success ? said.output.metadata : undefined;
  const language = spec?.kernelspec?.language ?? spec?.language_info?.name;
  if (language !== undefined || spec?.kernelspec?.name !== undefined) return { isOurs: language === "typescript" || spec?.kernelspec?.name === "quantdesk" };
  const code = notebook.getCells().filter((cell) => cell.kind === vscode.NotebookCellKind.Code);
  return { isOurs: code.length > 0 && code.every((cell) => cell.document.languageId === "typescript") };
}

/** The cell's id in the file, which stays when the notebook is opened again; else its address in this window. */
export function cellIdOf(cell: vscode.NotebookCell): string {
  const direct = v.safeParse(CellId, cell.metadata);
  if (direct.success) return direct.output.id;
  const nested = v.safeParse(NestedCellId, cell.metadata);
  return nested.success ? nested.output.metadata.id : cell.document.uri.toString();
}
