import assert from "node:assert/strict";
import { Slots } from "../../../src/core/backtest/slots.ts";

/** Work that lasts until it is told to end. */
function held() {
  let end = () => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { work: () => over, end };
}

describe("Slots", () => {
  const signal = new AbortController().signal;

  it("let so many work at once, the others in their order", async () => {
    const slots = new Slots(2);
    const [a, b] = [held(), held()];
    const order: string[] = [];
    const all = [slots.run(signal, a.work), slots.run(signal, b.work), ...["c", "d"].map((name) => slots.run(signal, async () => void order.push(name)))];
    assert.deepEqual(order, []);
    a.end();
    await Promise.all(all.slice(2));
    assert.deepEqual(order, ["c", "d"]);
    b.end();
    await Promise.all(all);
  });

  it("pass the turn of a waiter that gives up to the next", async () => {
    const slots = new Slots(1);
    const first = held();
    const running = slots.run(signal, first.work);
    const impatient = new AbortController();
    const left = slots.run(impatient.signal, async () => assert.fail("it had given up"));
    const next = slots.run(signal, async () => "next");
    impatient.abort(new Error("no time"));
    await assert.rejects(left, /no time/);
    first.end();
    await running;
    assert.equal(await next, "next");
    assert.equal(await slots.run(signal, async () => "free again"), "free again");
  });

  it("free the place of work that fails", async () => {
    const slots = new Slots(1);
    await assert.rejects(
      slots.run(signal, () => Promise.reject(new Error("broken"))),
      /broken/,
    );
    assert.equal(await slots.run(signal, async () => 1), 1);
  });

  it("grow for a while and shrink again without stopping what runs", async () => {
    const slots = new Slots(1);
    const [a, b] = [held(), held()];
    const first = slots.run(signal, a.work);
    const second = slots.run(signal, b.work);
    slots.grow(1);
    slots.grow(-1);
    let third = false;
    const last = slots.run(signal, async () => {
      third = true;
    });
    a.end();
    await first;
    assert.equal(third, false);
    b.end();
    await Promise.all([second, last]);
    assert.equal(third, true);
  });

  it("say how many work and wait, while they grow and shrink", async () => {
    const slots = new Slots(1);
    const ends: Array<() => void> = [];
    const work = () => slots.run(new AbortController().signal, () => new Promise<void>((done) => ends.push(done)));
    const all = [work(), work(), work()];
    await Promise.resolve();
    assert.deepEqual([slots.size, slots.running, slots.waiting], [1, 1, 2]);
    slots.grow(1);
    assert.deepEqual([slots.size, slots.running, slots.waiting], [2, 2, 1]);
    slots.grow(-1);
    assert.deepEqual([slots.size, slots.running, slots.waiting], [1, 2, 1]);
    while (slots.running > 0) {
      ends.shift()?.();
      await new Promise(setImmediate);
    }
    await Promise.all(all);
    assert.deepEqual([slots.size, slots.running, slots.waiting], [1, 0, 0]);
  });
});
