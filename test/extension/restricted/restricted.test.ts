import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { COMMANDS, type CommandSpec } from "../../../src/extension/commandTable.ts";
import { webviewChannel } from "../../../src/extension/webviewChannel.ts";
import { webviewPage } from "../../../src/extension/webviewPage.ts";
import { WEBVIEW_COMMANDS } from "../../../src/webview/protocol.ts";
import { bridge, extension, hasBridge, run, until } from "../suite/host.ts";

interface Refused {
  readonly error?: { readonly code: string; readonly kind: string };
}

describe("a folder that nobody trusts", () => {
  it("is one", () => assert.equal(vscode.workspace.isTrusted, false));

  it("can look: the built-in exchange, by the person's own settings alone", async () => {
    const api = await extension();
    const { error } = await run<Refused>("connect");
    assert.equal(error, undefined);
    const session = await api.session();
    assert.equal(session.broker.mode, "embedded");
    for (const key of ["broker.mode", "broker.baseUrl", "analysts.baseUrl", "scanners.timeoutSeconds", "risk.maxOrderValue"] as const) {
      assert.equal(session.sources[key], "default", key);
    }
  });

  for (const { id } of (COMMANDS as readonly CommandSpec[]).filter((spec) => spec.needsTrust === true)) {
    it(`may not ${id}`, async () => {
      const { error } = await run<Refused>(id, id === "analyze" ? "AAPL" : { symbol: "AAPL", qty: "1", type: "market" });
      assert.deepEqual([error?.code, error?.kind], ["restricted", "refused"]);
    });
  }

  it("names every command that runs code or sends an order", () => {
    const needing = (COMMANDS as readonly CommandSpec[]).filter((spec) => spec.needsTrust === true).map((spec) => spec.id);
    for (const id of ["buy", "sell", "closePosition", "scan", "analyze", "backtest", "restartKernel"]) assert.ok(needing.includes(id), id);
  });

  it("runs no cell", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-restricted-"));
    const file = join(folder, "ran");
    try {
      const code = `(await import("node:fs")).writeFileSync(${JSON.stringify(file)}, "it ran")`;
      const data = new vscode.NotebookData([new vscode.NotebookCellData(vscode.NotebookCellKind.Code, code, "typescript")]);
      data.metadata = { metadata: { kernelspec: { name: "quantdesk", display_name: "Quantdesk TypeScript", language: "typescript" } } };
      const notebook = await vscode.workspace.openNotebookDocument("jupyter-notebook", data);
      await vscode.window.showNotebookDocument(notebook);
      // Not awaited: VS Code itself asks for trust first, and in tests shows no dialog. Were it to hand the cells over, our controller refuses them.
      void vscode.commands
        .executeCommand("notebook.selectKernel", { id: "quantdesk-typescript", extension: "quantdesk.quantdesk" })
        .then(undefined, () => undefined);
      void vscode.commands.executeCommand("notebook.execute").then(undefined, () => undefined);
      await new Promise((resolve) => setTimeout(resolve, 4000)); // long enough for a kernel to start and run it
      assert.equal(existsSync(file), false);
      assert.notEqual(notebook.cellAt(0).executionSummary?.success, true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("strategy assertions in a folder that nobody trusts", function () {
  this.timeout(60_000);

  it("are listed, and none is run", async function () {
    if (!hasBridge) this.skip(); // VS Code's API shows no results of tests
    await extension();
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? "";
    const ran = join(folder, "ran");
    await writeFile(
      join(folder, "mine.test.ts"),
      `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(ran)}, "it ran");\nexpectBacktest({ data: "sample:simulated", strategy: "buy_and_hold" });\n`,
    );
    const rows = async () =>
      (await bridge(
        "eval",
        { where: "page" },
        `[...document.querySelectorAll(".test-explorer .monaco-list-row")].map((row) => row.getAttribute("aria-label"))`,
      )) as string[];
    await vscode.commands.executeCommand("workbench.view.testing.focus");
    await vscode.commands.executeCommand("testing.refreshTests");
    await until("the file in the Test Explorer", async () => (await rows()).some((row) => row.includes("mine.test.ts")));
    // Not awaited: VS Code itself asks for trust first, and in tests shows no dialog. Were it to run them, our controller refuses.
    void vscode.commands.executeCommand("testing.runAll").then(undefined, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 4000)); // long enough for a process to start
    assert.equal(existsSync(ran), false);
  });
});

describe("a webview", () => {
  it("loads its own script by a nonce that is new each time, and nothing from elsewhere", () => {
    const panel = vscode.window.createWebviewPanel("quantdesk.test", "Test", vscode.ViewColumn.Active);
    try {
      const root = vscode.extensions.getExtension("quantdesk.quantdesk")?.extensionUri as vscode.Uri;
      const pages = Array.from({ length: 50 }, () => webviewPage(panel.webview, root, "dashboard", "Test"));
      const nonces = pages.map((page) => /script-src 'nonce-([A-Za-z0-9+/=]{22,})'[;"]/.exec(page)?.[1]);
      assert.equal(new Set(nonces).size, pages.length);
      const [page] = pages as [string];
      assert.match(page, /default-src 'none'/);
      assert.doesNotMatch(page, /unsafe-eval|connect-src|script-src[^;]*(unsafe-inline|\*|https?:)/);
      assert.equal(page.match(/<script/g)?.length, 1);
    } finally {
      panel.dispose();
    }
  });

  it("can ask for the commands of its list and for nothing else", async () => {
    const heard = new vscode.EventEmitter<unknown>();
    const answers: Array<{ readonly t: string; readonly id: number }> = [];
    const webview = {
      onDidReceiveMessage: heard.event,
      postMessage: (message: never) => Promise.resolve(answers.push(message) > 0),
    } as unknown as vscode.Webview;
    const owned: vscode.Disposable[] = [];
    webviewChannel(webview, owned);
    const asked = [
      { name: "run", argument: { command: "setKeys" } },
      { name: "run", argument: { command: "workbench.action.terminal.new" } },
      { name: "run", argument: { command: "constructor" } },
      { name: "run", argument: { command: ["openLog"] } },
      { name: "run", argument: JSON.parse('{"__proto__":{"command":"openLog"}}') as unknown },
      { name: "run", argument: null },
      { name: "placeOrder", argument: { symbol: "AAPL" } },
      { name: "__proto__", argument: null },
      { name: "constructor", argument: null },
    ];
    for (const garbage of [null, 1, "run", [], { t: "ask" }, { t: "ask", id: "1", name: "run" }, { t: "toString" }]) heard.fire(garbage);
    for (const [id, ask] of asked.entries()) heard.fire({ t: "ask", id, ...ask });
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.deepEqual(
      answers.map(({ t }) => t),
      asked.map(() => "failure"),
    );
    assert.ok(!(WEBVIEW_COMMANDS as readonly string[]).some((command) => /key|token|secret/i.test(command)));
    for (const part of owned) part.dispose();
  });
});
