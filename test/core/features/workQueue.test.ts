import assert from "node:assert/strict";
import * as fc from "fast-check";
import { PRIORITIES, WorkQueue, type Priority } from "../../../src/core/features/workQueue.ts";

const signal = new AbortController().signal;

/** A queue whose only slot is taken until `open` is called. */
async function givenBusy(capacity = 1_000) {
  const queue = new WorkQueue({ slots: 1, capacity });
  let open: () => void = () => undefined;
  const busy = queue.run({ whenFull: "refuse" }, signal, () => new Promise<void>((resolve) => (open = resolve)));
  await new Promise((resolve) => setImmediate(resolve));
  return { queue, open: () => open(), busy };
}

describe("The queue of feature work", () => {
  it("lets the more urgent go first, and those alike in the order of asking", async () => {
    const { queue, open } = await givenBusy();
    const order: string[] = [];
    const asked = ["low", "normal", "high", "normal", "high"].map((priority, i) =>
      queue.run({ whenFull: "refuse", priority: priority as Priority }, signal, async () => void order.push(`${priority} ${i}`)),
    );
    open();
    await Promise.all(asked);
    assert.deepEqual(order, ["high 2", "high 4", "normal 1", "normal 3", "low 0"]);
  });

  it("lets nobody wait for ever behind more urgent ones", async () => {
    const { queue, open } = await givenBusy();
    const order: Priority[] = [];
    const ask = (priority: Priority) => queue.run({ whenFull: "refuse", priority }, signal, async () => void order.push(priority));
    const asked = [ask("low"), ...Array.from({ length: 50 }, () => ask("high"))];
    open();
    await Promise.all(asked);
    assert.ok(order.indexOf("low") < 10, `${order.indexOf("low")}`);
  });

  it("does the work of one group together, in messages no larger than allowed, and each caller gets its own answer", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.constantFrom(...PRIORITIES)), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        async (requests, slots) => {
          const queue = new WorkQueue({ slots, capacity: 1_000 });
          const messages: Array<readonly string[]> = [];
          const answers = await Promise.all(
            requests.map(([group, priority], i) =>
              queue.runShared({ whenFull: "refuse", priority }, signal, {
                group,
                item: `${group}${i}`,
                most: 8,
                gatherMs: 0,
                run: async (items) => {
                  messages.push(items);
                  await Promise.resolve();
                  return items.map((item) => `${item}!`);
                },
              }),
            ),
          );
          assert.deepEqual(
            answers,
            requests.map(([group], i) => `${group}${i}!`),
          );
          assert.ok(messages.every((items) => items.length <= 8 && new Set(items.map((item) => item[0])).size === 1));
          assert.equal(messages.flat().length, requests.length);
          assert.deepEqual([queue.depth, queue.running], [0, 0]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("gathers requests that come within its window into one message", async () => {
    const queue = new WorkQueue({ slots: 1, capacity: 100 });
    const sizes: number[] = [];
    const ask = () =>
      queue.runShared({ whenFull: "refuse" }, signal, {
        group: "features",
        item: 0,
        most: 16,
        gatherMs: 20,
        run: async (items) => {
          sizes.push(items.length);
          return items;
        },
      });
    const first = ask();
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...Array.from({ length: 9 }, ask)]);
    assert.deepEqual(sizes, [10]);
  });

  it("hands a failure of shared work to all who shared it, and goes on", async () => {
    const queue = new WorkQueue({ slots: 1, capacity: 100 });
    const ask = (fails: boolean) =>
      queue.runShared({ whenFull: "refuse" }, signal, {
        group: "g",
        item: 1,
        most: 4,
        gatherMs: 0,
        run: async (items) => {
          if (fails) throw new Error("no luck");
          return items;
        },
      });
    const outcomes = await Promise.allSettled([ask(true), ask(true), ask(true)]);
    assert.ok(outcomes.every((outcome) => outcome.status === "rejected" && (outcome.reason as Error).message === "no luck"));
    assert.equal(await ask(false), 1);
  });

  it("uses slots that are added at once, and gives up those that are taken away when they are free", async () => {
    const { queue, open, busy } = await givenBusy();
    let running = 0;
    let most = 0;
    const ask = () =>
      queue.run({ whenFull: "refuse" }, signal, async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
      });
    const asked = Array.from({ length: 12 }, ask);
    assert.equal(queue.depth, 12);
    queue.slots = 4;
    assert.equal(queue.depth, 9);
    await Promise.all(asked);
    assert.equal(most, 3);
    open();
    await busy;
    queue.slots = 2;
    most = 0;
    await Promise.all(Array.from({ length: 6 }, ask));
    assert.equal(most, 2);
  });

  it("gives up the place of a caller who aborts while it waits", async () => {
    const { queue, open, busy } = await givenBusy(2);
    const controller = new AbortController();
    const ask = (by: AbortSignal) => queue.run({ whenFull: { waitMs: 60_000 } }, by, async () => "done");
    const [gone, kept, outside] = [ask(controller.signal), ask(signal), ask(signal)];
    controller.abort(new Error("changed my mind"));
    await assert.rejects(gone, /changed my mind/);
    assert.equal(queue.depth, 2);
    open();
    assert.deepEqual(await Promise.all([kept, outside, busy.then(() => "free")]), ["done", "done", "free"]);
  });
});
