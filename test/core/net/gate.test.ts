import assert from "node:assert/strict";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import { Gate } from "../../../src/core/net/gate.ts";
import { askedWaitMs, backoffMs } from "../../../src/core/net/retry.ts";

const never = new AbortController().signal;
const settle = () => new Promise((turn) => setImmediate(turn));

describe("the gate", () => {
  it("lets a minute's worth go at once and then one at a time, orders first, keeping a tenth for them", async () => {
    const clock = new ManualClock(0);
    const gate = new Gate({ maxRunning: 1000, maxWaiting: 1000, requestsPerMinute: 60, clock });
    const gone: string[] = [];
    const enter = (name: string, urgency: "order" | "read") =>
      gate.enter(urgency, never).then((leave) => {
        gone.push(name);
        leave();
      });
    const all = Array.from({ length: 60 }, (_, i) => enter(`read ${i}`, "read"));
    await settle();
    assert.equal(gone.length, 54);
    all.push(...Array.from({ length: 6 }, (_, i) => enter(`order ${i}`, "order")));
    await settle();
    assert.deepEqual(
      gone.slice(54),
      [0, 1, 2, 3, 4, 5].map((i) => `order ${i}`),
    );
    for (let second = 0; second < 20 && gone.length < 66; second++) {
      clock.advance(1001);
      await settle();
    }
    await Promise.all(all);
    assert.equal(gone.at(-1), "read 59");
    assert.equal(gate.running, 0);
  });

  it("waits until the time that the server named", async () => {
    const clock = new ManualClock(0);
    const gate = new Gate({ maxRunning: 2, maxWaiting: 10, clock });
    gate.pauseUntil(500);
    let gone = false;
    const entering = gate.enter("order", never).then(() => {
      gone = true;
    });
    clock.advance(499);
    await settle();
    assert.equal(gone, false);
    clock.advance(2);
    await entering;
  });

  it("passes the turn of a waiter that gave up on to the next", async () => {
    const gate = new Gate({ maxRunning: 1, maxWaiting: 10, clock: new ManualClock(0) });
    const leave = await gate.enter("read", never);
    const scope = new Scope({ name: "The caller" });
    const givenUp = gate.enter("read", scope.signal);
    const next = gate.enter("read", never);
    scope.abort();
    await assert.rejects(givenUp, { code: "interrupted" });
    leave();
    leave(); // twice is once
    (await next)();
    assert.deepEqual([gate.running, gate.waiting], [0, 0]);
    await scope.close();
  });
});

describe("waiting before a retry", () => {
  it("doubles with full jitter up to 30 s", () => {
    assert.deepEqual(
      [0, 1, 2, 10].map((retry) => backoffMs(retry, 500, () => 1)),
      [500, 1000, 2000, 30_000],
    );
    assert.equal(
      backoffMs(3, 500, () => 0),
      0,
    );
  });

  it("reads Retry-After as seconds or date, else the reset of the rate limit", () => {
    const now = Date.UTC(2026, 0, 1);
    assert.equal(askedWaitMs({ "retry-after": "2" }, now), 2000);
    assert.equal(askedWaitMs({ "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" }, now), 5000);
    assert.equal(askedWaitMs({ "x-ratelimit-reset": String(now / 1000 + 7) }, now), 7000);
    assert.equal(askedWaitMs({}, now), undefined);
  });
});
