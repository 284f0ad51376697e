import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { extension, screenshot, until } from "./host.ts";

describe("the lens over a parameter", function () {
  this.timeout(120_000);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
  const file = join(folder, "lens.ts");
  after(async () => {
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await rm(file, { force: true });
  });

  it("tells its neighbourhood from past sweeps, as plateau or spike", async () => {
    const session = await (await extension()).session();
    const signal = AbortSignal.timeout(60_000);
    await session.sweep({ data: "sample:simulated", strategy: "ema_cross", grid: "fast=5:25:5,slow=40:80:10" }, {}, signal);
    await writeFile(
      file,
      'export const spec = {\n  strategy: "ema_cross",\n  params: {\n    fast: 10,\n    slow: 50,\n  },\n};\nexport const other = { strategy: "never_swept", params: { fast: 10 } };\n',
    );
    const document = await vscode.workspace.openTextDocument(file);
    await vscode.window.showTextDocument(document);
    const lenses = await until("the lenses", async () => {
      const found = await vscode.commands.executeCommand<vscode.CodeLens[]>("vscode.executeCodeLensProvider", document.uri, 10);
      const ours = found.filter(({ command }) => command?.command === "quantdesk.showSensitivity");
      return ours.length > 0 ? ours : undefined;
    });
    assert.deepEqual(
      lenses.map(({ range }) => document.getText(range)),
      ["10", "50"],
    );
    for (const { command } of lenses) assert.match(command?.title ?? "", /^(fast|slow): Sharpe .*25 tried on sample:simulated\. [▁-█ ]{5}$/);
    await screenshot("lens");
  });
});
