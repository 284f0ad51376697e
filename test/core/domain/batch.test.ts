import assert from "node:assert/strict";
import { summarize } from "../../../src/core/domain/batch.ts";

describe("The figures of a batch", () => {
  it("count each outcome once, over the items that ran", () => {
    const batch = summarize(
      [
        { index: 0, status: "ok", durationMs: 30 },
        { index: 1, status: "error", durationMs: 10 },
        { index: 2, status: "timeout", durationMs: 20 },
        { index: 3, status: "cancelled" },
      ],
      2,
      60,
    );
    assert.deepEqual(
      { ...batch, results: batch.results.length },
      {
        schema: "quantdesk.batch/1",
        run: 3,
        succeeded: 1,
        failed: 1,
        timedOut: 1,
        cancelled: 1,
        cached: 0,
        workers: 2,
        durationMs: 60,
        throughput: 50,
        avgMs: 20,
        medianMs: 20,
        p95Ms: 30,
        successRate: 0.25,
        results: 4,
      },
    );
  });

  it("are null or zero for an empty batch", () => {
    const { avgMs, medianMs, p95Ms, successRate } = summarize([], 2, 0);
    assert.deepEqual([avgMs, medianMs, p95Ms, successRate], [null, null, null, 0]);
  });
});
