import assert from "node:assert/strict";
import { FlightCache } from "../../../src/core/base/flightCache.ts";

const signal = new AbortController().signal;

function givenCache(capacity = 1000) {
  let now = 0;
  const cache = new FlightCache({ capacity, ttlMs: 100, deadlineMs: 5000, now: () => now });
  return { cache, pass: (ms: number) => (now += ms) };
}

describe("FlightCache", () => {
  it("asks once for equal questions at the same time", async () => {
    const { cache } = givenCache();
    let asked = 0;
    const load = async () => {
      asked++;
      await new Promise((done) => setImmediate(done));
      return 42;
    };
    const answers = await Promise.all(Array.from({ length: 50 }, () => cache.get("a", signal, load)));
    assert.equal(asked, 1);
    assert.equal(answers.filter(({ cached }) => cached).length, 49);
    assert.ok(answers.every(({ value }) => value === 42));
  });

  it("keeps an answer until it is old", async () => {
    const { cache, pass } = givenCache();
    const get = async (answer: number) => (await cache.get("a", signal, () => Promise.resolve(answer))).value;
    assert.equal(await get(1), 1);
    pass(99);
    assert.equal(await get(2), 1);
    pass(1);
    assert.equal(await get(3), 3);
  });

  it("keeps no failure", async () => {
    const { cache } = givenCache();
    await assert.rejects(
      cache.get("a", signal, () => Promise.reject(new Error("down"))),
      /down/,
    );
    assert.equal((await cache.get("a", signal, () => Promise.resolve(1))).value, 1);
  });

  it("forgets what was unused for longest when it is full", async () => {
    const { cache } = givenCache(3);
    const get = async (key: string) => (await cache.get(key, signal, () => Promise.resolve(key))).cached;
    for (const key of ["a", "b", "c"]) await get(key);
    assert.equal(await get("a"), true);
    await get("d"); // "b" leaves
    assert.equal(cache.size, 3);
    assert.deepEqual([await get("a"), await get("c"), await get("d"), await get("b")], [true, true, true, false]);
  });

  it("gives a question up only when nobody waits for it any more", async () => {
    const { cache } = givenCache();
    const [one, two] = [new AbortController(), new AbortController()];
    let seen: AbortSignal | undefined;
    let answer: (value: number) => void = () => {};
    const load = (own: AbortSignal) => {
      seen = own;
      return new Promise<number>((done) => (answer = done));
    };
    const [first, second] = [cache.get("a", one.signal, load), cache.get("a", two.signal, load)];
    await new Promise((done) => setImmediate(done));
    one.abort(new Error("gone"));
    await assert.rejects(first, /gone/);
    assert.equal(seen?.aborted, false);
    answer(7);
    assert.deepEqual(await second, { value: 7, cached: true });

    const alone = new AbortController();
    const third = cache.get("b", alone.signal, load);
    await new Promise((done) => setImmediate(done));
    alone.abort(new Error("gone too"));
    await assert.rejects(third, /gone too/);
    assert.equal(seen?.aborted, true);
  });
});
