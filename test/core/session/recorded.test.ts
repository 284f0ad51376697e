import assert from "node:assert/strict";
import { badInput, TradingError } from "../../../src/core/base/errors.ts";
import { createMetrics } from "../../../src/core/metrics/operations.ts";
import { recorded } from "../../../src/core/session/recorded.ts";

describe("recorded operations", () => {
  it("count what ended and what failed, with its code, and change neither answer nor error", async () => {
    const metrics = createMetrics({ capacity: 10 });
    const double = recorded(metrics, "double", async (n: number) => {
      if (n < 0) throw new TradingError("too-small", "It is too small.");
      return n * 2;
    });
    assert.equal(await double(2), 4);
    await assert.rejects(double(-1), { code: "too-small" });
    assert.deepEqual(
      metrics.recent().map(({ operation, ok, error, queueMs }) => [operation, ok, error, queueMs]),
      [
        ["double", true, null, 0],
        ["double", false, "too-small", 0],
      ],
    );
  });

  it("count neither bad input nor what its caller gave up", async () => {
    const metrics = createMetrics({ capacity: 10 });
    const controller = new AbortController();
    controller.abort();
    await assert.rejects(recorded(metrics, "x", () => Promise.reject(badInput("bad-x", "No.")))());
    await assert.rejects(recorded(metrics, "x", async () => controller.signal.throwIfAborted())());
    assert.deepEqual(metrics.recent(), []);
  });
});
