import assert from "node:assert/strict";
import { givenDesk, type Desk } from "./quantdesk.ts";

interface Answer {
  readonly schema: string;
  readonly kind: string;
  readonly text: string;
  readonly asks?: string;
  readonly code?: string;
}

describe("chat", function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await givenDesk();
  });
  after(() => desk.end());
  const orders = async () => (await desk.run(["orders", "--status", "all", "--json"])).json<{ orders: unknown[] }>().orders.length;
  const say = async (...sentences: readonly string[]) => {
    const ran = await desk.run(["chat", "--json"], {}, `${sentences.join("\n")}\n`);
    return {
      ran,
      answers: ran.stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Answer),
    };
  };

  it("shows a preview and asks, and places nothing without a yes", async () => {
    for (const answer of [[], ["no"], ["y"], ["yes, but later"], [""]]) {
      const { ran, answers } = await say("buy 10 AAPL", ...answer);
      assert.equal(ran.code, 0, ran.stderr);
      assert.deepEqual([answers[0]?.schema, answers[0]?.asks, answers[1]?.kind], ["quantdesk.chat/1", "Buy 10 AAPL", "not-done"]);
      assert.match(answers[0]?.text ?? "", /^SIMULATED: Buy 10 AAPL/);
    }
    assert.equal(await orders(), 0);
  });

  it("places the order after a yes, and tells the fill", async () => {
    const { answers } = await say("buy 2 AAPL", "yes", "portfolio");
    assert.match(answers[1]?.text ?? "", /filled, 2 filled at/);
    assert.match(answers[2]?.text ?? "", /^AAPL: 2, worth/);
    assert.match((await desk.run(["chat", "portfolio"])).stderr, /^SIMULATED market and account\n$/);
    assert.equal(await orders(), 1);
    const { entries } = (await desk.run(["audit", "--json"])).json<{ entries: Array<{ origin: string; what: string }> }>();
    assert.ok(entries.some((entry) => entry.what === "begun" && entry.origin === "chat"));
  });

  it("goes on after what it does not understand, and after a refusal", async () => {
    const { ran, answers } = await say("buy $10 AAPL", "sell 50 AAPL", "account", "bye", "buy 1 AAPL", "yes");
    assert.deepEqual(
      answers.map((answer) => answer.code ?? answer.kind),
      ["bad-quantity", "insufficient-position", "account"],
    );
    assert.equal(ran.code, 0);
    assert.equal(await orders(), 1);
  });

  it("stops trading at once, and asks before it is allowed again", async () => {
    const { answers } = await say("stop trading", "buy 1 MSFT", "yes", "allow trading", "no", "kill switch status", "allow trading", "yes");
    assert.deepEqual(
      answers.map((answer) => answer.code ?? answer.kind),
      ["kill-switch", "order", "kill-switch", "kill-switch", "not-done", "kill-switch", "kill-switch", "done"],
    );
    assert.match(answers[5]?.text ?? "", /stopped/);
  });

  it("takes one sentence from the command line; what needs a yes is refused where nobody can be asked", async () => {
    const price = await desk.run(["chat", "price", "AAPL"]);
    assert.match(price.stdout, /^AAPL: [\d.]+ bid/);
    const before = await orders();
    assert.equal((await desk.run(["chat", "buy", "1", "AAPL"], {}, "yes\n")).code, 3);
    assert.equal((await desk.run(["chat", "buy ten AAPL", "--json"])).code, 2);
    assert.equal(await orders(), before);
  });
});
