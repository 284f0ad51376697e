import assert from "node:assert/strict";
import fc from "fast-check";
import { DurationHistogram } from "../../../src/core/metrics/histogram.ts";

function histogramOf(values: readonly number[]): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

/** From a microsecond to a day, as many of each size. */
const duration = fc.double({ min: -3, max: 7.9, noNaN: true }).map((exponent) => 10 ** exponent);

describe("the duration histogram", () => {
  it("is off by no more than it says, whatever the durations", () => {
    fc.assert(
      fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (values) => {
        const stats = histogramOf(values).stats();
        assert.ok(stats !== null);
        const sorted = [...values].sort((a, b) => a - b);
        for (const [percent, read] of [
          [50, stats.p50],
          [95, stats.p95],
          [99, stats.p99],
        ] as const) {
          const exact = sorted[Math.ceil((percent / 100) * sorted.length) - 1] as number;
          assert.ok(Math.abs(read - exact) <= exact / 256 + 0.0005 + 1e-9, `P${percent} is ${read}, exactly ${exact}`);
        }
        assert.equal(stats.max, sorted.at(-1));
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        assert.ok(Math.abs(stats.avg - mean) <= mean * 1e-12);
      }),
    );
  });

  it("is exact for one duration, and for equal ones", () => {
    for (const value of [0, 0.0004, 1, 1234.567, 86_400_000]) {
      assert.deepEqual(histogramOf([value]).stats(), { avg: value, p50: value, p95: value, p99: value, max: value });
      assert.equal(histogramOf([value, value, value]).stats()?.p99, value);
    }
  });

  it("has no statistics of nothing, and takes what a clock that was set back gives as none", () => {
    assert.equal(new DurationHistogram().stats(), null);
    assert.deepEqual(histogramOf([-5]).stats(), { avg: 0, p50: 0, p95: 0, p99: 0, max: 0 });
  });

  it("counts durations beyond its range, too", () => {
    const stats = histogramOf([1, 1e12]).stats();
    assert.equal(stats?.max, 1e12);
    assert.ok(Math.abs((stats?.p50 ?? 0) - 1) <= 0.004);
  });
});
