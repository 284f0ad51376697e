/**
 * Completion, hover, signature help and go-to-definition in cells, by the type checker of the notebook's own kernel: it
 * knows `desk` and what earlier cells made.
 */
import * as vscode from "vscode";
import type { CellDefinition, Kernel } from "../../kernel/host.ts";
import type { SignatureHelp, SignatureText } from "../../kernel/protocol.ts";
import { cellIdOf, CELLS, notebookOf } from "./notebookFile.ts";

const ANSWER_WITHIN_MS = 3000;

/** `kernelOf` answers undefined while the cell's notebook has no kernel: nothing is started for a keystroke. */
export function registerCellLanguage(kernelOf: (document: vscode.TextDocument) => Promise<Kernel> | undefined): vscode.Disposable[] {
  const ask = async <T>(
    document: vscode.TextDocument,
    token: vscode.CancellationToken,
    question: (kernel: Kernel, signal: AbortSignal) => Promise<T>,
  ): Promise<T | undefined> => {
    const kernel = await kernelOf(document);
    if (kernel === undefined || kernel.state === "dead" || kernel.state === "closed") return undefined;
    return await withToken(token, (signal) => question(kernel, signal));
  };
  return [
    vscode.languages.registerCompletionItemProvider(
      CELLS,
      {
        async provideCompletionItems(document, position, token) {
          const found = await ask(document, token, (kernel, signal) => kernel.complete(document.getText(), document.offsetAt(position), signal));
          // The Language Server Protocol counts kinds from 1, the editor from 0.
          return (found ?? []).map(({ name, kind }) => new vscode.CompletionItem(name, kind === null ? undefined : ((kind - 1) as vscode.CompletionItemKind)));
        },
      },
      ".",
    ),
    vscode.languages.registerHoverProvider(CELLS, {
      async provideHover(document, position, token) {
        const found = await ask(document, token, (kernel, signal) => kernel.hover(document.getText(), document.offsetAt(position), signal));
        if (found === null || found === undefined) return undefined;
        const text = new vscode.MarkdownString().appendCodeblock(found.type, "typescript");
        return new vscode.Hover(found.documentation === "" ? text : text.appendMarkdown(found.documentation));
      },
    }),
    vscode.languages.registerSignatureHelpProvider(
      CELLS,
      {
        async provideSignatureHelp(document, position, token) {
          const found = await ask(document, token, (kernel, signal) => kernel.signature(document.getText(), document.offsetAt(position), signal));
          return found === null || found === undefined ? undefined : shownHelp(found);
        },
      },
      "(",
      ",",
    ),
    vscode.languages.registerDefinitionProvider(CELLS, {
      async provideDefinition(document, position, token) {
        const found = await ask(document, token, (kernel, signal) => kernel.definition(document.getText(), document.offsetAt(position), signal));
        return found === null || found === undefined ? undefined : locationOf(found, document);
      },
    }),
  ];
}

function shownHelp({ signatures, activeSignature, activeParameter }: SignatureHelp): vscode.SignatureHelp {
  const help = new vscode.SignatureHelp();
  help.signatures = signatures.map(shownSignature);
  help.activeSignature = activeSignature;
  help.activeParameter = activeParameter;
  return help;
}

function shownSignature({ label, documentation, parameters }: SignatureText): vscode.SignatureInformation {
  const shown = new vscode.SignatureInformation(label, new vscode.MarkdownString(documentation));
  shown.parameters = parameters.map(({ name, documentation: about }) => new vscode.ParameterInformation(name, new vscode.MarkdownString(about)));
  return shown;
}

/** A cell that ran and is gone, or whose line is gone, leads nowhere. */
function locationOf(found: CellDefinition, document: vscode.TextDocument): vscode.Location | undefined {
  const start = new vscode.Position(found.line - 1, found.column - 1);
  const range = new vscode.Range(start, start.translate(0, found.length));
  if (found.in === "file") return new vscode.Location(vscode.Uri.file(found.path), range);
  if (found.in === "text") return new vscode.Location(document.uri, range);
  const cell = notebookOf(document)
    ?.getCells()
    .find((one) => cellIdOf(one) === found.cellId);
  return cell === undefined || found.line > cell.document.lineCount ? undefined : new vscode.Location(cell.document.uri, range);
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
