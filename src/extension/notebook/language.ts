/** Completion and hover in cells, by the type checker of the notebook's own kernel: it knows `desk` and what earlier cells made. */
import * as vscode from "vscode";
import type { Kernel } from "../../kernel/host.ts";
import { NOTEBOOK_TYPE } from "./notebookFile.ts";

const ANSWER_WITHIN_MS = 3000;

/** `kernelOf` answers undefined while the cell's notebook has no kernel: nothing is started for a keystroke. */
export function registerCellLanguage(kernelOf: (document: vscode.TextDocument) => Promise<Kernel> | undefined): vscode.Disposable[] {
  const selector: vscode.DocumentFilter = { notebookType: NOTEBOOK_TYPE, language: "typescript" };
  return [
    vscode.languages.registerCompletionItemProvider(
      selector,
      {
        async provideCompletionItems(document, position, token) {
          const kernel = await kernelOf(document);
          if (kernel === undefined || kernel.state === "dead" || kernel.state === "closed") return [];
          const found = await withToken(token, (signal) => kernel.complete(document.getText(), document.offsetAt(position), signal));
          // The Language Server Protocol counts kinds from 1, the editor from 0.
          return (found ?? []).map(({ name, kind }) => new vscode.CompletionItem(name, kind === null ? undefined : ((kind - 1) as vscode.CompletionItemKind)));
        },
      },
      ".",
    ),
    vscode.languages.registerHoverProvider(selector, {
      async provideHover(document, position, token) {
        const kernel = await kernelOf(document);
        if (kernel === undefined || kernel.state === "dead" || kernel.state === "closed") return undefined;
        const found = await withToken(token, (signal) => kernel.hover(document.getText(), document.offsetAt(position), signal));
        if (found === null || found === undefined) return undefined;
        const text = new vscode.MarkdownString().appendCodeblock(found.type, "typescript");
        return new vscode.Hover(found.documentation === "" ? text : text.appendMarkdown(found.documentation));
      },
    }),
  ];
}

/** Undefined when the person typed on, or the checker took too long: an editor's question is not worth an error. */
async function withToken<T>(token: vscode.CancellationToken, work: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), ANSWER_WITHIN_MS);
  const subscription = token.onCancellationRequested(() => stop.abort());
  try {
    return await work(stop.signal);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    subscription.dispose();
  }
}
