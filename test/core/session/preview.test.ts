import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import type { OrderIntent } from "../../../src/core/domain/orders.ts";
import { plainPreview } from "../../../src/core/domain/plainPreview.ts";
import { openSession, type Session } from "../../../src/core/session.ts";

const signal = new AbortController().signal;

describe("the preview of a session", function () {
  this.timeout(60_000);
  let home: string;
  let session: Session;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), "quantdesk-preview-"));
    session = await openSession({
      home,
      front: "test",
      ownExchange: true,
      seed: 3,
      overrides: [{ key: "risk.duplicateWindowSeconds", value: 60, source: "flag" }],
    });
    await session.connect(signal);
  });
  after(async () => {
    await session.close();
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  });
  const buy = (qty: string, more: Partial<OrderIntent> = {}): OrderIntent => ({
    symbol: "AAPL",
    side: "buy",
    qty: new Big(qty),
    type: "market",
    timeInForce: "day",
    origin: "cli",
    ...more,
  });
  const preview = async (intent: OrderIntent) => {
    const previewed = await session.previewOrder(intent, signal);
    assert.ok(previewed.allowed, JSON.stringify(previewed));
    return plainPreview(previewed.preview);
  };
  const ordersNow = (shown: Awaited<ReturnType<typeof preview>>) => shown.limits.find((line) => line.limit === "maxOrdersPerMinute")?.now;

  it("warns of an equal order that was just sent, whatever its number looks like, and counts it", async () => {
    assert.deepEqual((await preview(buy("2"))).warnings, []);
    const placed = await session.placeOrder(buy("2"), signal);
    assert.ok(placed.placed, JSON.stringify(placed));
    await session.broker.waitForEnd(placed.order.id, signal);
    const again = await preview(buy("2.0"));
    assert.match(again.warnings.join(" "), /An equal order was just sent/);
    assert.equal(ordersNow(again), "1");
    assert.deepEqual((await preview(buy("2", { again: true }))).warnings, []);
    assert.deepEqual((await preview(buy("3"))).warnings, []);
    assert.equal((await session.store.journalledOrders(null, 100, signal)).length, 1, "a preview writes nothing");
  });

  it("shows the position before and after, and a sale that lowers the worst days", async () => {
    const sale = await preview(buy("1", { side: "sell" }));
    assert.deepEqual([sale.position.before.qty, sale.position.after?.qty], ["2", "1"]);
    const worst = sale.worstDays?.worst[0];
    assert.ok(worst !== undefined && worst.after > worst.before, JSON.stringify(worst));
    assert.equal(sale.worstDays?.addsAtMostPct, 0);
    assert.equal(sale.buyingPowerAfter, Number(sale.buyingPower).toFixed(2), "what a sale frees is not counted");
  });

  it("warns while trading is stopped, and refuses what the guards refuse", async () => {
    await session.setKillSwitch("on", { origin: "test" }, signal);
    assert.match((await preview(buy("5"))).warnings.join(" "), /kill switch is on/);
    await session.setKillSwitch("off", { origin: "test" }, signal);
    const refused = await session.previewOrder(buy("5000"), signal);
    assert.equal(refused.allowed ? "" : refused.code, "over-limit");
    await assert.rejects(() => session.previewOrder(buy("0"), signal), { kind: "usage" });
  });
});
