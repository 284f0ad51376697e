import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { accept, escape, extension, hasBridge, quickInputText, run, screenshot, theme, until } from "./host.ts";

interface Placed {
  readonly placed: boolean;
  readonly code?: string;
  readonly order: { readonly id: string; readonly side: string; readonly status: string; readonly qty: string | null; readonly limitPrice: string | null };
}

const signal = () => AbortSignal.timeout(20_000);

describe("orders, limits and the stop from the palette", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-host-"));
    await run("connect");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("shows the whole preview before a bracket is sent", async function () {
    if (!hasBridge) this.skip(); // reads the real input
    const session = await (await extension()).session();
    const { ask } = await session.broker.getCurrentPrice("MSFT", signal());
    const buying = run<Placed>("buy", { symbol: "MSFT", qty: 2, takeProfit: (ask * 1.1).toFixed(2), stopLoss: (ask * 0.95).toFixed(2) });
    await until("cost, limits and worst days", async () => /spread, slippage and fees[\s\S]*if stopped[\s\S]*one order:/.test(await quickInputText()));
    await screenshot("ticket-dark");
    await theme("Default Light Modern");
    await screenshot("ticket-light");
    await theme("Default Dark Modern");
    await escape("Buy 2 MSFT");
    assert.equal(await buying, undefined);
  });

  it("says a refusal in the ticket, before anything is sent", async () => {
    const buying = run<Placed>("buy", { symbol: "AAPL", qty: 100_000, type: "market" });
    await accept("Not sent", buying);
    const answer = await buying;
    assert.deepEqual([answer.placed, answer.code], [false, "over-limit"]);
  });

  it("replaces a resting order and marks it in the orders view", async () => {
    const session = await (await extension()).session();
    const { bid } = await session.broker.getCurrentPrice("GOOG", signal());
    const buying = run<Placed>("buy", { symbol: "GOOG", qty: 1, limit: (bid * 0.95).toFixed(2), again: true });
    await accept("Buy 1 GOOG", buying);
    const placed = await buying;
    assert.equal(placed.placed, true, JSON.stringify(placed));
    const { views } = await extension();
    await until("the order in the view", () => views.orders.rows.find((row) => row.orderId === placed.order.id && row.contextValue === "openOrder"));
    const replacing = run<Placed>("replaceOrder", { orderId: placed.order.id, limit: (bid * 0.94).toFixed(2), qty: 2 });
    await accept("Replace it", replacing);
    const replaced = await replacing;
    assert.equal(replaced.placed, true, JSON.stringify(replaced));
    assert.deepEqual([replaced.order.qty, replaced.order.limitPrice === (bid * 0.94).toFixed(2).replace(/\.?0+$/, "")], ["2", true]);
    await run("cancelOrder", replaced.order.id);
  });

  it("closes half a position after a yes", async () => {
    const session = await (await extension()).session();
    if ((await session.broker.getPosition("NVDA", signal())) === null) {
      const buying = run<Placed>("buy", { symbol: "NVDA", qty: 4, type: "market" });
      await accept("Buy 4 NVDA", buying);
      await buying;
    }
    const closing = run<Placed>("closePosition", { symbol: "NVDA", percent: 50 });
    await accept("Close 50 %", closing);
    const closed = await closing;
    assert.deepEqual([closed.placed, closed.order.side, closed.order.status], [true, "sell", "filled"], JSON.stringify(closed));
  });

  it("sets limits that hold at once, and takes them away", async () => {
    const limits = await run<{ own: { maxOrderValue: number } | null; holds: { maxOrderValue: number } }>("setLimits", { maxOrderValue: 50 });
    assert.deepEqual([limits.own?.maxOrderValue, limits.holds.maxOrderValue], [50, 50]);
    const buying = run<Placed>("buy", { symbol: "AAPL", qty: 1, type: "market", again: true });
    await accept("Not sent", buying);
    assert.equal((await buying).code, "over-limit");
    assert.equal((await run<{ own: unknown }>("setLimits", { clear: true })).own, null);
    assert.equal((await run<{ error: { code: string } }>("setLimits", { maxOrderValue: -1 })).error.code, "bad-argument");
  });

  it("stops trading, says so in the ticket's answer, and allows it again", async () => {
    assert.equal((await run<{ tradingStopped: boolean }>("killSwitch", { change: "on" })).tradingStopped, true);
    await screenshot("stopped-dark");
    const buying = run<Placed>("buy", { symbol: "AAPL", qty: 1, type: "market", again: true });
    await accept("Buy 1 AAPL", buying);
    assert.equal((await buying).code, "kill-switch");
    const allowing = run<{ tradingStopped: boolean }>("killSwitch", { change: "off" });
    await accept("Allow Trading", allowing);
    assert.equal((await allowing).tradingStopped, false);
    assert.equal((await run<{ tradingStopped: boolean }>("killSwitch", { change: "status" })).tradingStopped, false);
  });

  it("writes orders as CSV and the audit log as JSON", async () => {
    const csv = join(folder, "orders.csv");
    assert.ok((await run<{ rows: number }>("export", { what: "orders", file: csv })).rows > 0);
    assert.match(await readFile(csv, "utf8"), /^at,account,symbol,[\s\S]*,palette,/);
    const json = join(folder, "audit.json");
    await run("export", { what: "audit", file: json });
    const { schema, rows } = JSON.parse(await readFile(json, "utf8")) as { schema: string; rows: Array<{ what: string; origin: string }> };
    assert.equal(schema, "quantdesk.export/1");
    assert.ok(rows.some((row) => row.what === "kill-switch on" && row.origin === "palette"));
  });

  it("answers sentences in chat; an order gets a button that opens the ticket, and is not placed", async () => {
    const api = await extension();
    const session = await api.session();
    const count = async () => (await session.broker.getOrders({ status: "all", limit: 500 }, signal())).length;
    const before = await count();
    const order = await api.chat("buy 3 AAPL at 5", signal()).catch((error: { code?: string }) => error);
    assert.ok("code" in order || "markdown" in order);
    const { markdown, button } = await api.chat("buy 1 MSFT", signal());
    assert.match(markdown, /SIMULATED: Buy 1 MSFT/);
    assert.deepEqual([button?.command, button?.arguments], ["quantdesk.buy", [{ symbol: "MSFT", type: "market", qty: "1" }]]);
    assert.match((await api.chat("portfolio", signal())).markdown, /AAPL: \d/);
    assert.equal((await api.chat("stop trading", signal())).button?.command, "quantdesk.killSwitch");
    await assert.rejects(() => api.chat("buy $5 MSFT", signal()), { code: "bad-quantity" });
    assert.equal(await count(), before);
  });

  it("keeps the connection when only the provider is set", async () => {
    const session = await (await extension()).session();
    assert.deepEqual(await run("setProvider", "rules"), { provider: "rules" });
    assert.equal((await extension()).openSession, session);
    assert.equal(session.status().connection, "connected");
    await vscode.workspace.getConfiguration("quantdesk").update("analysts.provider", undefined, vscode.ConfigurationTarget.Global);
  });

  it("resets nothing without the person's yes", async () => {
    const session = await (await extension()).session();
    await run("reset"); // this host answers no modal question
    assert.equal((await extension()).openSession, session);
  });
});
