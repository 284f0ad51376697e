import assert from "node:assert/strict";
import { TradingError } from "../../../src/core/base/errors.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import type { ClientOrderId } from "../../../src/core/domain/orders.ts";
import type { Fault } from "./alpacaServer.ts";
import { Desk, buy } from "./desk.ts";

const POST = "POST /v2/orders";

async function codeOf(work: Promise<unknown>): Promise<TradingError> {
  return await work.then(
    () => assert.fail("it should have failed"),
    (error: unknown) => {
      assert.ok(error instanceof TradingError, String(error));
      return error;
    },
  );
}

describe("placing an order", () => {
  it("sends quantities as decimal strings with a client order id of our own, and notes it in the journal", async () => {
    await using desk = await Desk.connected();
    const order = await desk.broker.submitOrder(await desk.checked(buy("0.123456789")), desk.signal);
    const body = JSON.parse(desk.server.bodies[0] as string) as Record<string, unknown>;
    assert.equal(body["qty"], "0.123456789");
    assert.match(String(body["client_order_id"]), /^qd-[0-9a-f-]{36}$/);
    assert.deepEqual(
      (await desk.entries()).map((e) => [e.clientOrderId, e.state, e.orderId, e.body]),
      [[order.clientOrderId, "sent", order.id, desk.server.bodies[0]]],
    );
  });

  const faults: ReadonlyArray<readonly [string, readonly Fault[]]> = [
    ["its answer is lost after the exchange took it", ["drop-answer"]],
    ["the connection is reset before the exchange saw it", ["reset-before"]],
    ["the connection is reset twice, then the answer is lost", ["reset-before", "reset-before", "drop-answer"]],
    ["the exchange answers 503 and did not take it", [{ status: 503 }]],
    ["the exchange answers 504", [{ status: 504 }, { status: 500 }]],
    ["the exchange asks to wait", [{ status: 429, headers: { "retry-after": "0.05" } }]],
    ["it shows up late", [{ lateBy: 3 }]],
    ["it shows up only after it was sent again", [{ lateBy: 4 }]],
  ];
  for (const [name, list] of faults) {
    it(`places it exactly once when ${name}`, async () => {
      await using desk = await Desk.connected();
      desk.server.fault(POST, ...list);
      const order = await desk.broker.submitOrder(await desk.checked(), desk.signal);
      assert.deepEqual(
        desk.server.orders.map((o) => o.id),
        [order.id],
      );
      assert.equal(new Set(desk.server.bodies).size, 1, "every send is the same body");
      assert.deepEqual(
        (await desk.entries()).map((e) => e.state),
        ["sent"],
      );
    });
  }

  it("believes no answer that shows another order, none with numbers that cannot be, and none that is no order", async () => {
    for (const wrong of [{ client_order_id: "somebody-else" }, { qty: 1e308 * 10 }, { filled_qty: "1e1000000" }, { side: 7 }]) {
      await using desk = await Desk.connected();
      const [checked, place] = [await desk.checked(), desk.server.orders.push.bind(desk.server.orders)];
      desk.server.orders.push = (...orders) => {
        const length = place(...orders);
        if (desk.server.orders.length === 1) Object.assign(answered, orders[0], wrong);
        return length;
      };
      const answered = {};
      desk.server.fault(POST, { takenAs: answered });
      const order = await desk.broker.submitOrder(checked, desk.signal);
      assert.deepEqual(
        desk.server.orders.map((one) => [one.id, one.client_order_id]),
        [[order.id, checked.clientOrderId]],
      );
    }
  });

  it("is as far as the stream has told already, however old the answer is", async () => {
    await using desk = await Desk.connected();
    const told: string[] = [];
    desk.broker.onTradeUpdate((update) => told.push(`${update.event} ${update.qty?.toFixed()}`));
    const checked = await desk.checked();
    const answered = {};
    const place = desk.server.orders.push.bind(desk.server.orders);
    desk.server.orders.push = (...orders) => {
      Object.assign(answered, orders[0]); // before it fills
      const length = place(...orders);
      for (const one of orders) desk.server.fill(one.id);
      return length;
    };
    desk.server.fault(POST, { takenAs: answered, after: () => told.length > 0 });
    const order = await desk.broker.submitOrder(checked, desk.signal);
    assert.deepEqual([order.status, order.filledQty.toFixed(), told], ["filled", "1", ["fill 1"]]);
  });

  it("says that it was not placed when the exchange never takes it, and leaves nothing there", async () => {
    await using desk = await Desk.connected();
    desk.server.fault(POST, { status: 503 }, { status: 503 }, { status: 503 }, { status: 503 });
    const error = await codeOf(desk.broker.submitOrder(await desk.checked(), desk.signal));
    assert.equal(error.code, "order-not-placed");
    assert.equal(desk.server.orders.length, 0);
    assert.deepEqual(
      (await desk.entries()).map((e) => e.state),
      ["not-sent"],
    );
  });

  it("names the client order id when nobody can say whether it was placed", async () => {
    await using desk = await Desk.connected({ retries: 0 });
    desk.server.fault(POST, "drop-answer");
    desk.server.fault("GET /v2/orders:by_client_order_id", { status: 503 });
    const error = await codeOf(desk.broker.submitOrder(await desk.checked(), desk.signal));
    assert.equal(error.code, "order-unknown");
    assert.match(error.message, /qd-[0-9a-f-]{36}/);
    assert.equal(desk.server.orders.length, 1);
    assert.deepEqual(
      (await desk.entries()).map((e) => e.state),
      ["unknown"],
    );
  });

  it("hands on the broker's words when the broker refuses", async () => {
    await using desk = await Desk.connected();
    desk.server.fault(POST, { status: 403, body: { code: 40310000, message: "insufficient buying power" } });
    const error = await codeOf(desk.broker.submitOrder(await desk.checked(), desk.signal));
    assert.equal(error.code, "order-rejected");
    assert.equal(error.kind, "refused");
    assert.match(error.message, /insufficient buying power/);
    assert.deepEqual(error.data, { status: 403, brokerCode: 40310000, requestId: "req-1" });
    assert.deepEqual(
      (await desk.entries()).map((e) => e.state),
      ["rejected"],
    );
  });

  it("answers with the order that has the id already", async () => {
    await using desk = await Desk.connected();
    const mine = "my-order-1" as ClientOrderId;
    const first = await desk.broker.submitOrder(await desk.checked(buy("1", { clientOrderId: mine })), desk.signal);
    await using other = await Desk.connected({ server: desk.server }); // another machine, whose journal has never seen the id
    const second = await other.broker.submitOrder(await other.checked(buy("1", { clientOrderId: mine })), other.signal);
    assert.equal(second.id, first.id);
    assert.equal(desk.server.orders.length, 1);
  });

  it("refuses an id that another order has", async () => {
    await using desk = await Desk.connected();
    const mine = "my-order-1" as ClientOrderId;
    await desk.broker.submitOrder(await desk.checked(buy("1", { clientOrderId: mine })), desk.signal);
    await using other = await Desk.connected({ server: desk.server });
    const error = await codeOf(other.broker.submitOrder(await other.checked(buy("1", { symbol: "BRK.B", clientOrderId: mine })), other.signal));
    assert.equal(error.code, "order-rejected");
    assert.match(error.message, /taken by another order \(buy AAPL\)/);
  });

  it("finds an order whose sender gave up while it was under way", async () => {
    await using desk = await Desk.connected();
    const checked = await desk.checked();
    const giveUp = new Scope({ name: "The caller" });
    const place = desk.server.orders.push.bind(desk.server.orders);
    desk.server.fault(POST, { lateBy: 0 });
    desk.server.orders.push = (...orders) => {
      giveUp.abort(); // the exchange has it, the answer never comes
      return place(...orders);
    };
    const order = await desk.broker.submitOrder(checked, giveUp.signal);
    assert.deepEqual(
      desk.server.orders.map((o) => o.id),
      [order.id],
    );
    assert.deepEqual(
      (await desk.entries()).map((e) => e.state),
      ["sent"],
    );
    await giveUp.close();
  });

  it("says that nothing was placed when the network is gone", async () => {
    await using desk = await Desk.connected({ retries: 0 });
    const checked = await desk.checked();
    await desk.server[Symbol.asyncDispose]();
    while (desk.trading.stats().open > 0) await new Promise((turn) => setImmediate(turn)); // until the closed connections are noticed
    const error = await codeOf(desk.broker.submitOrder(checked, desk.signal));
    assert.equal(error.code, "order-not-placed");
    assert.match(error.message, /cannot reach 127\.0\.0\.1:\d+: connection refused/);
    assert.deepEqual(
      (await desk.entries()).map((e) => e.state),
      ["not-sent"],
    );
  });
});
