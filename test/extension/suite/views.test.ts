import assert from "node:assert/strict";
import * as vscode from "vscode";
import { accept, extension, hasBridge, run, screenshot, theme, until, webviewTexts } from "./host.ts";

describe("the sidebar", () => {
  it("shows connection, account, mode and equity", async () => {
    const { views } = await extension();
    await run("connect");
    const session = await (await extension()).session();
    if ((await session.broker.getPosition("AAPL", AbortSignal.timeout(10_000))) === null) {
      const buying = run("buy", { symbol: "AAPL", qty: 1, type: "market" });
      await accept("Buy 1 AAPL", buying);
      await buying;
    }
    await vscode.commands.executeCommand("workbench.action.closeAllEditors");
    await vscode.commands.executeCommand("workbench.view.extension.quantdesk");
    const rows = await until("the session's rows", () => (views.session.rows.length >= 5 ? views.session.rows : undefined));
    assert.equal(rows[0]?.label, "Connected");
    assert.equal(rows[0]?.description, "SIMULATED");
    assert.ok(rows.some((row) => row.id === "equity" && row.label.startsWith("$")));
    await until("the positions", () => views.positions.rows.some((row) => row.symbol === "AAPL"));
    await until("the orders", () => views.orders.rows.some((row) => row.description?.includes("filled")));
  });

  it("moves by itself: the session's equity, and the lag each second", async () => {
    const { views, performance } = await extension();
    const before = JSON.stringify(views.positions.rows);
    await until("new prices of what is held", () => JSON.stringify(views.positions.rows) !== before, 45_000);
    await vscode.commands.executeCommand("quantdesk.performance.focus");
    const first = await until("the performance figures", () => performance.last?.history.length);
    const later = await until("more of them", () => ((performance.last?.history.length ?? 0) > first ? performance.last : undefined));
    assert.ok(later.lag !== null && Number.isFinite(later.lag.p99));
    if (hasBridge) await until("the performance view's text", async () => (await webviewTexts()).some((text) => /Loop lag[\s\S]*P95/.test(text)));
    await screenshot("sidebar-dark");
    await theme("Default Light Modern");
    await screenshot("sidebar-light");
    await theme("Default Dark Modern");
  });

  it("finds candidates and lists them", async () => {
    const { views } = await extension();
    const result = await run<{ scanners: Array<{ status: string }>; candidates: unknown[] }>("scan");
    assert.ok(
      result.scanners.some((scanner) => scanner.status === "ok"),
      JSON.stringify(result),
    );
    if (result.candidates.length > 0) await until("the candidates", () => views.candidates.rows.length > 0);
  });

  it("analyzes a symbol with the rules", async () => {
    const analysis = await run<{ symbol: string; action: string; confidence: number }>("analyze", "AAPL");
    assert.equal(analysis.symbol, "AAPL");
    assert.match(analysis.action, /^(BUY|HOLD|SELL)$/);
  });
});
