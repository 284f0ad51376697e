import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";

const ID = "quantdesk.quantdesk";

function installed(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension(ID);
  assert.ok(extension, `${ID} is not installed`);
  return extension;
}

/** Opens a notebook with one cell of TypeScript per source, chooses our kernel and runs all; each cell's text outputs. */
async function runCells(name: string, sources: readonly string[]): Promise<string[]> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert.ok(folder, "no workspace is open");
  const file = vscode.Uri.joinPath(folder.uri, name);
  const cells = sources.map((source, index) => ({
    cell_type: "code",
    id: `cell-${index}`,
    execution_count: null,
    metadata: { vscode: { languageId: "typescript" } },
    outputs: [],
    source,
  }));
  await writeFile(file.fsPath, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }));
  const notebook = await vscode.workspace.openNotebookDocument(file);
  await vscode.window.showNotebookDocument(notebook);
  await vscode.commands.executeCommand("notebook.selectKernel", { id: "quantdesk-typescript", extension: ID });
  const ended = (cell: vscode.NotebookCell) => cell.executionSummary?.success !== undefined;
  const allEnded = new Promise<void>((resolve) => {
    const subscription = vscode.workspace.onDidChangeNotebookDocument(({ notebook: changed }) => {
      if (changed !== notebook || !notebook.getCells().every(ended)) return;
      subscription.dispose();
      resolve();
    });
  });
  await vscode.commands.executeCommand("notebook.execute");
  await allEnded;
  return notebook.getCells().map((cell) => {
    const text = cell.outputs
      .flatMap((output) => output.items)
      .map((item) => new TextDecoder().decode(item.data))
      .join("\n");
    assert.equal(cell.executionSummary?.success, true, `cell ${cell.index} failed: ${text}`);
    return text;
  });
}

describe("the packaged extension", () => {
  it("is the installed one, with everything it needs inside", () => {
    const { extensionPath, packageJSON } = installed();
    assert.ok(!existsSync(join(extensionPath, "src")), `${extensionPath} is a clone`);
    assert.equal((packageJSON as { main: string }).main, "./dist/extension.cjs");
    for (const part of [
      "dist/extension.cjs",
      "dist/index.js",
      "dist/kernelRunner.js",
      "dist/exchange.js",
      "LICENSE.txt",
      "notebooks/01-first-steps.ipynb",
      "notebooks/package.json",
      "node_modules/typescript/package.json",
    ]) {
      assert.ok(existsSync(join(extensionPath, part)), `${part} is not in the package`);
    }
  });

  it("activates and offers its commands", async () => {
    await installed().activate();
    const commands = await vscode.commands.getCommands(true);
    for (const name of ["connect", "showAccount", "showPortfolio", "buy", "sell", "openDashboard"])
      assert.ok(commands.includes(`quantdesk.${name}`), `no command quantdesk.${name}`);
  });

  it("connects, runs a cell and buys a share on the paper exchange", async () => {
    await vscode.commands.executeCommand("quantdesk.connect");
    const [sum, account, order] = await runCells("packaged.ipynb", [
      "const shares: number = 41; shares + 1",
      "const account = await desk.connect(); account",
      'const order = await desk.buy("AAPL", { qty: 1 }); order',
    ]);
    assert.match(sum ?? "", /42/);
    assert.match(account ?? "", /SIMULATED/i);
    assert.match(order ?? "", /AAPL/);
    assert.match(order ?? "", /filled|new|accepted/i);
  });
});
