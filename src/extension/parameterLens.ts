/**
 * A lens over each parameter in strategy files, cells and scripts: how the Sharpe ratio moved around its value in past
 * sweeps, and whether that is a plateau or a spike. A click shows the values, and puts the chosen one in its place.
 */
import * as vscode from "vscode";
import { sensitivitySentence, sparkline, type ParameterSensitivity } from "../core/domain/sensitivity.ts";
import type { Session } from "../core/session.ts";
import type { Desk } from "./desk.ts";
import { CELLS } from "./notebook/notebookFile.ts";
import { parametersIn } from "./parametersIn.ts";

const DOCUMENTS: vscode.DocumentSelector = [{ scheme: "file", language: "typescript" }, { scheme: "file", language: "javascript" }, CELLS];
const WITHIN_MS = 3000;
const MOST_CHARS = 200_000;
const SHOW = "quantdesk.showSensitivity";

export function createParameterLens(desk: Desk): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  let listening: { readonly to: Session; readonly stop: () => void } | undefined;
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses: async (document) => {
      if (!vscode.workspace.isTrusted) return [];
      const text = document.getText();
      const found = text.length > MOST_CHARS ? [] : parametersIn(text);
      if (found.length === 0) return [];
      const session = await desk.session();
      if (listening?.to !== session) {
        listening?.stop();
        listening = { to: session, stop: session.store.onChange((what) => what === "runs" && changed.fire()) };
      }
      const lenses: vscode.CodeLens[] = [];
      for (const { strategy, parameters } of found) {
        const params = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
        const name = await nameOf(strategy, document);
        const report = name === undefined ? undefined : await session.sensitivity({ strategy: name }, AbortSignal.timeout(WITHIN_MS));
        if (name === undefined || report === undefined || report.parameters.length === 0) continue;
        const looked = await session.sensitivity({ strategy: name, params: onlyKnown(params, report.parameters) }, AbortSignal.timeout(WITHIN_MS));
        for (const { name: parameter, offset, length } of parameters) {
          const first = looked.parameters.find((one) => one.name === parameter);
          if (first === undefined) continue;
          const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
          const title = `${parameter}: ${sensitivitySentence(first)} ${sparkline(first)}`;
          lenses.push(new vscode.CodeLens(range, { title, command: SHOW, arguments: [document.uri, range, first] }));
        }
      }
      return lenses;
    },
  };
  return vscode.Disposable.from(
    changed,
    { dispose: () => listening?.stop() },
    vscode.languages.registerCodeLensProvider(DOCUMENTS, provider),
    vscode.commands.registerCommand(SHOW, (uri: vscode.Uri, range: vscode.Range, looked: ParameterSensitivity) => choose(uri, range, looked)),
  );
}

/** Parameters that no sweep knows would be refused. */
function onlyKnown(params: Readonly<Record<string, number>>, known: readonly ParameterSensitivity[]): Readonly<Record<string, number>> {
  const names = new Set(known.flatMap((one) => [one.name, ...Object.keys(one.others)]));
  return Object.fromEntries(Object.entries(params).filter(([name]) => names.has(name)));
}

/** A file is known by the name that its strategy gives itself. */
async function nameOf(strategy: string, document: vscode.TextDocument): Promise<string | undefined> {
  if (!/\.[cm]?[jt]s$/.test(strategy)) return strategy;
  const folder = vscode.workspace.getWorkspaceFolder(document.uri)?.uri ?? vscode.Uri.joinPath(document.uri, "..");
  for (const base of [vscode.Uri.joinPath(document.uri, ".."), folder]) {
    try {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(base, strategy)));
      return parametersIn(text)[0]?.strategy;
    } catch {
      // not there: the next place
    }
  }
  return undefined;
}

async function choose(uri: vscode.Uri, range: vscode.Range, looked: ParameterSensitivity): Promise<void> {
  const known = looked.values.flatMap(({ sharpe }) => (sharpe === null ? [] : [sharpe]));
  const most = Math.max(...known.map(Math.abs), Number.MIN_VALUE);
  const items = looked.values.map(({ value, sharpe }) => ({
    label: `${looked.name} ${value}`,
    description:
      sharpe === null
        ? "–"
        : `Sharpe ${sharpe.toFixed(2).replace("-", "\u2212")} ${(sharpe < 0 ? "▒" : "█").repeat(Math.round((Math.abs(sharpe) / most) * 24))}`,
    value,
    ...(value === looked.value ? { detail: "as it is" } : {}),
  }));
  const others = Object.entries(looked.others).map(([name, value]) => `${name} ${value}`);
  const title = `${looked.name} on ${looked.dataset}${others.length === 0 ? "" : `, with ${others.join(", ")}`}`;
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: `${sensitivitySentence(looked)} Choose a value to put it in place.` });
  if (chosen === undefined || chosen.value === looked.value) return;
  const edit = new vscode.WorkspaceEdit();
  edit.replace(uri, range, String(chosen.value));
  await vscode.workspace.applyEdit(edit);
}
