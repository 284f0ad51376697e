import assert from "node:assert/strict";
import { Lock } from "../../../src/core/base/lock.ts";

describe("Lock", () => {
  it("runs one at a time, in order", async () => {
    const lock = new Lock();
    const { signal } = new AbortController();
    const seen: string[] = [];
    await Promise.all(
      ["a", "b", "c"].map((name) =>
        lock.run(signal, async () => {
          seen.push(`${name} in`);
          await Promise.resolve();
          seen.push(`${name} out`);
        }),
      ),
    );
    assert.deepEqual(seen, ["a in", "a out", "b in", "b out", "c in", "c out"]);
  });

  it("lets a waiter give up and passes its turn on", async () => {
    const lock = new Lock();
    const always = new AbortController().signal;
    const impatient = new AbortController();
    let release: () => void = () => undefined;
    const holder = lock.run(always, () => new Promise<void>((resolve) => (release = resolve)));
    const gaveUp = lock.run(impatient.signal, async () => assert.fail("it had given up"));
    const patient = lock.run(always, async () => "ran");
    impatient.abort(new Error("no time"));
    await assert.rejects(gaveUp, /no time/);
    release();
    await holder;
    assert.equal(await patient, "ran");
  });

  it("is free again after a failure", async () => {
    const lock = new Lock();
    const { signal } = new AbortController();
    await assert.rejects(lock.run(signal, async () => Promise.reject(new Error("broken"))));
    assert.equal(await lock.run(signal, async () => 1), 1);
    assert.equal(lock.isLocked, false);
  });
});
