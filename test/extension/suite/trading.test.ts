import assert from "node:assert/strict";
import * as vscode from "vscode";
import { accept, bridge, escape, extension, hasBridge, quickInputText, run, screenshot, theme, until } from "./host.ts";

interface PlainAccount {
  readonly accountNumber: string;
  readonly equity: string;
  readonly simulated: boolean;
}
interface Bought {
  readonly placed: boolean;
  readonly simulated: boolean;
  readonly order: { readonly symbol: string; readonly status: string; readonly filledQty: string; readonly filledAvgPrice: string | null };
}
interface Failed {
  readonly error: { readonly code: string; readonly message: string };
}

const closeInput = () => vscode.commands.executeCommand("workbench.action.closeQuickOpen");

describe("trading from the palette", () => {
  it("connects to the built-in exchange, marked simulated", async () => {
    const account = await run<PlainAccount>("connect");
    assert.equal(account.simulated, true);
    assert.ok(Number(account.equity) > 0);
    assert.equal((await extension()).openSession?.status().connection, "connected");
  });

  it("connects once for callers at the same time", async () => {
    const [one, two] = await Promise.all([run<PlainAccount>("connect"), run<PlainAccount>("connect")]);
    assert.equal(one.accountNumber, two.accountNumber);
  });

  it("shows and returns the account and the portfolio", async () => {
    const account = await run<PlainAccount>("showAccount");
    if (hasBridge) await until("the account's rows", async () => (await quickInputText()).includes("Buying power"));
    await screenshot("account");
    await closeInput();
    const portfolio = await run<{ account: PlainAccount; positions: unknown[] }>("showPortfolio");
    await closeInput();
    assert.equal(portfolio.account.accountNumber, account.accountNumber);
    assert.ok(Array.isArray(portfolio.positions));
  });

  it("places nothing when the person leaves the preview", async () => {
    const session = await (await extension()).session();
    const count = async () => (await session.broker.getOrders({ status: "all" }, AbortSignal.timeout(10_000))).length;
    const before = await count();
    const buying = run("buy", { symbol: "MSFT", qty: 1, type: "market" });
    if (!hasBridge) await new Promise((resolve) => setTimeout(resolve, 2000)); // no event tells that a quick input is open
    await escape("Buy 1 MSFT");
    assert.equal(await buying, undefined);
    assert.equal(await count(), before);
  });

  it("buys a share after an explicit choice and tells the fill", async () => {
    const buying = run<Bought>("buy", { symbol: "AAPL", qty: 1, type: "market" });
    if (hasBridge) {
      // One reading for all of it: the preview before this one may still be on its way out.
      await until("the preview, marked simulated", async () => /Buy 1 AAPL[\s\S]*SIMULATED[\s\S]*Estimated cost/.test(await quickInputText()));
      await screenshot("buy-dark");
    }
    await accept("Buy 1 AAPL", buying);
    const bought = await buying;
    assert.equal(bought.placed, true);
    assert.equal(bought.simulated, true);
    assert.equal(bought.order.status, "filled");
    assert.equal(bought.order.filledQty, "1");
    assert.ok(Number(bought.order.filledAvgPrice) > 0);
    const session = await (await extension()).session();
    assert.equal((await session.broker.getPosition("AAPL", AbortSignal.timeout(10_000)))?.qty.gte(1), true);
  });

  it("refuses the same order again, in the words of the guard", async () => {
    const buying = run<{ placed: boolean; code: string; message: string }>("buy", { symbol: "AAPL", qty: 1, type: "market" });
    await accept("Buy 1 AAPL", buying);
    const answer = await buying;
    assert.equal(answer.placed, false);
    assert.equal(answer.code, "duplicate-intent");
  });

  it("walks a person through symbol, quantity, type and preview", async function () {
    if (!hasBridge) this.skip(); // typing into the real inputs needs the bridge
    await theme("Default Light Modern");
    const buying = run<Bought>("buy");
    await until("the symbol step", async () => /Symbol to buy/.test(await placeholder()));
    await bridge("type", {}, "GOOG");
    await until("the row GOOG", async () => /GOOG/.test(await quickInputText()));
    await screenshot("buy-symbol-light");
    await bridge("press", { keys: "Enter" });
    await until("the quantity step", async () => /Number of GOOG shares/.test(await quickInputText()));
    await bridge("type", {}, "$100");
    await until("the refusal of money", async () => /amount of money/.test(await quickInputText()));
    await bridge("press", { keys: "Control+A" });
    await bridge("type", {}, "2");
    await until("the estimate", async () => /About \$/.test(await quickInputText()));
    await screenshot("buy-quantity-light");
    await bridge("press", { keys: "Enter" });
    await until("the type step", async () => /Bracket/.test(await quickInputText()));
    await bridge("press", { keys: "Enter" });
    await until("the preview", async () => /Estimated cost/.test(await quickInputText()));
    await screenshot("buy-light");
    await bridge("press", { keys: "Enter" });
    const bought = await buying;
    assert.equal(bought.placed, true);
    assert.equal(bought.order.filledQty, "2");
    await theme("Default Dark Modern");
  });

  it("refuses bad input with one sentence that names the thing", async () => {
    const cases: ReadonlyArray<readonly [unknown, string, RegExp]> = [
      [{ symbol: "AAPL", qty: "$5" }, "bad-quantity", /amount of money/],
      [{ symbol: "AAPL", qty: "007" }, "bad-quantity", /leading zeros/],
      [{ symbol: "not a symbol", qty: 1 }, "bad-argument", /symbol/],
      [{ symbol: "AAPL", qty: 1, type: "sideways" }, "bad-argument", /type/],
    ];
    for (const [argument, code, words] of cases) {
      const { error } = await run<Failed>("buy", argument);
      assert.equal(error.code, code);
      assert.match(error.message, words);
    }
  });

  it("cancels an order that rests", async () => {
    const buying = run<Bought>("buy", { symbol: "AAPL", qty: 1, limit: "1.00", again: true });
    await accept("Buy 1 AAPL", buying);
    const placed = (await buying) as unknown as { placed: boolean; code?: string; order?: { id: string } };
    // A limit of one dollar is far from the market: resting, or refused by the price collar; both are answers, neither is a fill.
    if (!placed.placed) {
      assert.equal(typeof placed.code, "string");
      return;
    }
    const cancelled = await run<{ status: string }>("cancelOrder", placed.order?.id);
    assert.match(cancelled.status, /cancel/);
  });
});

/** The grey text of the open quick input. */
async function placeholder(): Promise<string> {
  return String(await bridge("eval", { where: "page" }, `[...document.querySelectorAll(".quick-input-widget input")].map((one) => one.placeholder).join(" ")`));
}
