import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import type { OrderIntent } from "../../../src/core/domain/orders.ts";
import { openSession, type LiveQuestion, type Session } from "../../../src/core/session.ts";
import { givenExchange, type GivenExchange } from "../exchange/givenExchange.ts";

const signal = new AbortController().signal;
const buy = (qty: number, more: Partial<OrderIntent> = {}): OrderIntent => ({
  symbol: "AAPL",
  side: "buy",
  qty: new Big(qty),
  type: "market",
  timeInForce: "day",
  origin: "palette",
  again: true,
  ...more,
});

/** The exchange plays a live host: a session that asked for live trading treats whatever address it is given as one. */
describe("with real money", function () {
  this.timeout(60_000);
  let exchange: GivenExchange;
  let home: string;
  let session: Session;
  let answer = false;
  const asked: LiveQuestion[] = [];
  before(async () => {
    exchange = await givenExchange("--accounts", "1");
    home = await mkdtemp(join(tmpdir(), "quantdesk-real-"));
    session = await openSession({
      home,
      front: "test",
      keys: { keyId: exchange.ready.keyId as string, secretKey: exchange.ready.secretKey as string, origin: exchange.ready.url as string },
      overrides: [{ key: "broker.baseUrl", value: exchange.ready.url as string, source: "vscode" }],
      live: {
        confirm: (question) => {
          asked.push(question);
          return Promise.resolve(answer);
        },
      },
    });
    assert.equal((await session.connect(signal)).mode, "live");
  });
  after(async () => {
    await session.close();
    await exchange.end();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  });
  const orders = async () => ((await exchange.get("/v2/orders?status=all")) as unknown[]).length;
  /** What `act` asked, with this answer. */
  const asking = async <T>(yes: boolean, act: () => Promise<T>): Promise<{ readonly result: T; readonly words: readonly string[] }> => {
    answer = yes;
    asked.length = 0;
    const result = await act();
    return { result, words: asked.map((question) => question.words) };
  };

  it("shows account, side, quantity and value of every order, and sends nothing without a yes", async () => {
    const no = await asking(false, () => session.placeOrder(buy(3), signal));
    assert.deepEqual([no.result.placed, no.words], [false, ["Buy 3 AAPL"]]);
    assert.equal(asked[0]?.account.accountNumber, exchange.ready.accounts[0].accountNumber);
    assert.ok((asked[0]?.value ?? new Big(0)).gt(0));
    assert.equal(await orders(), 0);
    const yes = await asking(true, () => session.placeOrder(buy(3), signal));
    assert.equal(yes.result.placed, true, JSON.stringify(yes.result));
    if (yes.result.placed) await session.broker.waitForEnd(yes.result.order.id, signal);
  });

  it("does not ask what the guards refuse", async () => {
    const refused = await asking(true, () => session.placeOrder(buy(1, { side: "sell", qty: new Big(500) }), signal));
    assert.deepEqual([refused.result.placed, refused.words], [false, []]);
  });

  it("asks for a cell's or an agent's order, replacement and closing; a person's closing needs no second yes", async () => {
    const { bid } = await session.broker.getCurrentPrice("MSFT", signal);
    const limit = buy(1, { symbol: "MSFT", type: "limit", limitPrice: new Big((bid * 0.95).toFixed(2)), origin: "cell:book.ipynb#1" });
    const resting = await asking(true, () => session.placeOrder(limit, signal));
    assert.ok(resting.result.placed, JSON.stringify(resting.result));
    assert.match(resting.words[0] ?? "", /^Buy 1 MSFT, limit/);
    const { order } = resting.result;
    const kept = await asking(false, () => session.replaceOrder(order.id, { qty: new Big(2) }, { origin: "palette" }, signal));
    assert.equal(kept.result.placed, false);
    assert.match(kept.words[0] ?? "", /^Replace order .*quantity 2/);
    for (const origin of ["cell:book.ipynb#2", "agent"]) {
      const open = await asking(false, () => session.closePosition("AAPL", { percent: new Big(50) }, { origin }, signal));
      assert.deepEqual([open.result.placed, open.words], [false, ["Close 50 % of AAPL"]]);
      await assert.rejects(() => session.closeAll({ origin }, signal), { code: "live-not-confirmed" });
    }
    const closed = await asking(false, () => session.closePosition("AAPL", { qty: new Big(1) }, { origin: "cli" }, signal));
    assert.deepEqual([closed.result.placed, closed.words], [true, []]);
  });

  it("stops at once, sells for a program only after a yes, and allows trading again only after one", async () => {
    const before = (await session.broker.getPositions(signal)).length;
    const stopped = await asking(false, () => session.setKillSwitch("on", { origin: "cell:book.ipynb#3", flatten: true }, signal));
    assert.deepEqual([stopped.result.on, stopped.result.closed, stopped.words], [true, null, ["Close every position"]]);
    assert.equal((await session.broker.getPositions(signal)).length, before);
    await assert.rejects(() => session.setKillSwitch("off", { origin: "palette" }, signal), { code: "live-not-confirmed", kind: "refused" });
    const { accountNumber } = await session.broker.getAccount(signal);
    assert.equal(await session.store.killSwitch(accountNumber, null, signal), true);
    const allowed = await asking(true, () => session.setKillSwitch("off", { origin: "palette" }, signal));
    assert.deepEqual([allowed.result.on, allowed.words], [false, ["Allow orders again"]]);
  });
});
