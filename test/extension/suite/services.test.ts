import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import * as vscode from "vscode";
import { extension, run, until } from "./host.ts";

describe("what the window starts and stops", () => {
  it("serves the session's measurements to those with the token", async () => {
    const { url, tokenFile } = await run<{ url: string; tokenFile: string }>("startPerformanceApi", { port: 0 });
    const ask = (token: string) => fetch(`${url}/api/performance/health`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await ask("not-the-token-at-all")).status, 401);
    const answer = await ask((await readFile(tokenFile, "utf8")).trim());
    assert.equal(answer.status, 200);
    assert.equal(((await answer.json()) as { schema: string }).schema, "quantdesk.health/1");
  });

  it("refuses a port that is in use, in one sentence", async () => {
    const first = await run<{ url: string }>("startPerformanceApi", { port: 0 });
    const { createServer } = await import("node:net");
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const { error } = await run<{ error: { message: string } }>("startPerformanceApi", { port });
    taken.close();
    assert.match(error.message, new RegExp(String(port)));
    assert.ok(first.url);
  });

  it("tells whether trading is stopped", async () => {
    assert.deepEqual(await run("killSwitch", { change: "status" }), { tradingStopped: false });
  });

  it("takes a changed setting without a reload", async () => {
    const api = await extension();
    const before = await api.session();
    const settings = vscode.workspace.getConfiguration("quantdesk");
    await settings.update("risk.maxOrderValue", 1, vscode.ConfigurationTarget.Global);
    try {
      const after = await until("a new session", () =>
        api.openSession !== undefined && api.openSession !== before && api.openSession.status().connection === "connected" ? api.openSession : undefined,
      );
      assert.equal(after.config["risk.maxOrderValue"], 1);
      assert.equal(after.sources["risk.maxOrderValue"], "vscode");
    } finally {
      const open = api.openSession;
      await settings.update("risk.maxOrderValue", undefined, vscode.ConfigurationTarget.Global);
      await until("the session after it", () => api.openSession !== undefined && api.openSession !== open);
    }
  });

  it("never takes an endpoint from the folder's settings", async () => {
    const settings = vscode.workspace.getConfiguration("quantdesk");
    await assert.rejects(Promise.resolve(settings.update("broker.baseUrl", "https://example.com", vscode.ConfigurationTarget.Workspace)));
  });

  it("refuses a provider that is not there yet", async () => {
    const { error } = await run<{ error: { code: string } }>("setProvider", "openai");
    assert.equal(error.code, "not-yet");
  });

  it("makes drafts of a notebook, a strategy and a scanner", async () => {
    for (const [command, words] of [
      ["newStrategy", "defineStrategy"],
      ["newScanner", "defineScanner"],
    ] as const) {
      const { uri } = await run<{ uri: string }>(command);
      assert.ok((await vscode.workspace.openTextDocument(vscode.Uri.parse(uri))).getText().includes(words));
    }
    const { uri } = await run<{ uri: string }>("newNotebook");
    const notebook = vscode.workspace.notebookDocuments.find((open) => open.uri.toString() === uri);
    assert.equal(notebook?.notebookType, "jupyter-notebook");
    assert.equal(notebook?.cellAt(1).document.languageId, "typescript");
  });

  it("opens guided notebooks where they are, and as copies elsewhere, where what is there stays", async () => {
    const here = vscode.workspace.workspaceFolders?.[0]?.uri;
    assert.ok(here);
    const { uri } = await run<{ uri: string }>("openGuidedNotebook", { lesson: "04-sweeps-and-overfitting" });
    assert.equal(uri, vscode.Uri.joinPath(here, "04-sweeps-and-overfitting.ipynb").toString());
    const other = vscode.Uri.joinPath(here, "copies");
    const mine = '{"private":true}';
    await vscode.workspace.fs.writeFile(vscode.Uri.joinPath(other, "package.json"), new TextEncoder().encode(mine));
    const copy = await run<{ uri: string }>("openGuidedNotebook", { lesson: "07-live-trading-safely", into: other.toString() });
    assert.equal(copy.uri, vscode.Uri.joinPath(other, "07-live-trading-safely.ipynb").toString());
    const names = (await vscode.workspace.fs.readDirectory(other)).map(([name]) => name);
    assert.equal(names.filter((name) => name.endsWith(".ipynb")).length, 8);
    assert.equal(new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(other, "package.json"))), mine);
    const { error } = await run<{ error: { code: string } }>("openGuidedNotebook", { lesson: "09" });
    assert.equal(error.code, "unknown-lesson");
  });

  it("stops the built-in exchange when asked", async () => {
    assert.deepEqual(await run("stopExchange"), { stopped: true });
    assert.equal((await extension()).openSession?.status().connection, "disconnected");
    const again = await run<{ simulated: boolean }>("connect");
    assert.equal(again.simulated, true);
  });
});
