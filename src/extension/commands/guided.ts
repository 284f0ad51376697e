/** The guided notebooks: those of the folder where it is a clone, else copies of the extension's own, which an update would replace. */
import * as vscode from "vscode";
import * as v from "valibot";
import { badInput } from "../../core/base/errors.ts";
import { parseArgument } from "./argument.ts";
import type { Command } from "./window.ts";

const LESSONS = [
  ["01-first-steps", "First steps", "from a cell to a filled order"],
  ["02-scanning", "Scanning", "from hundreds of symbols to the few that are worth a look"],
  ["03-one-strategy", "One strategy, start to finish", "an idea, its costs, its mistakes, a paper order"],
  ["04-sweeps-and-overfitting", "Sweeps and overfitting", "why the best of a thousand is mostly luck"],
  ["05-the-analysts", "The analysts", "several opinions, one decision, and what it is worth"],
  ["06-writing-a-scanner", "Writing a scanner", "your own rule, and whether it ever worked"],
  ["07-live-trading-safely", "Live trading safely", "what stands between a slip and your money"],
  ["08-performance", "Performance", "where the time goes, and how not to measure it"],
] as const;

/** With them: what npm install needs for data frames. */
const PACKAGES = ["package.json", "package-lock.json"];
const FOLDER = "quantdesk-notebooks";

export const guidedCommands = {
  async openGuidedNotebook(window, argument) {
    const { lesson, into } = parseArgument(v.object({ lesson: v.optional(v.string()), into: v.optional(v.string()) }), argument);
    const chosen = lesson ?? (await askLesson());
    if (chosen === undefined) return undefined;
    const known = LESSONS.find(([name]) => name === chosen);
    if (known === undefined)
      throw badInput("unknown-lesson", `There is no guided notebook "${chosen}".`, `There are ${LESSONS.map(([name]) => name).join(", ")}.`);
    const folder = into === undefined ? await guidedFolder(window.context) : await copied(window.context, vscode.Uri.parse(into));
    const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.joinPath(folder, `${known[0]}.ipynb`));
    await vscode.window.showNotebookDocument(notebook);
    return { uri: notebook.uri.toString() };
  },
} satisfies Record<string, Command>;

async function askLesson(): Promise<string | undefined> {
  const picked = await vscode.window.showQuickPick(
    LESSONS.map(([name, label, detail], i) => ({ name, label: `${i + 1}. ${label}`, detail })),
    { title: "Open Guided Notebook", placeHolder: "Each takes ten minutes and runs on the simulated exchange", matchOnDetail: true },
  );
  return picked?.name;
}

async function guidedFolder(context: vscode.ExtensionContext): Promise<vscode.Uri> {
  const open = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (open === undefined) return await copied(context, vscode.Uri.joinPath(context.globalStorageUri, "notebooks"));
  for (const folder of [open, vscode.Uri.joinPath(open, "notebooks")]) if (await isThere(vscode.Uri.joinPath(folder, `${LESSONS[0][0]}.ipynb`))) return folder;
  return await copied(context, vscode.Uri.joinPath(open, FOLDER));
}

/** All of them, since they link to each other; what is there already is the person's. */
async function copied(context: vscode.ExtensionContext, target: vscode.Uri): Promise<vscode.Uri> {
  await vscode.workspace.fs.createDirectory(target);
  for (const name of [...LESSONS.map(([lesson]) => `${lesson}.ipynb`), ...PACKAGES]) {
    const to = vscode.Uri.joinPath(target, name);
    if (!(await isThere(to))) await vscode.workspace.fs.copy(vscode.Uri.joinPath(context.extensionUri, "notebooks", name), to);
  }
  return target;
}

async function isThere(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
