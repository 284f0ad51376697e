import assert from "node:assert/strict";
import fc from "fast-check";
import { compensatedSum, sma } from "../../../../src/core/domain/indicators.ts";

/** The mean of each window, summed anew at every bar. */
function meansAnew(values: Float64Array, period: number): number[] {
  return Array.from(values, (_value, i) => (i < period - 1 ? Number.NaN : compensatedSum(values, i - period + 1, i + 1) / period));
}

function check(values: Float64Array, period: number): void {
  const [found, expected] = [sma(values, period), meansAnew(values, period)];
  expected.forEach((mean, i) =>
    assert.ok(Object.is(found[i], mean) || (!Number.isFinite(mean) && Number.isNaN(found[i])), `bar ${i}: ${found[i]}, not ${mean}`),
  );
}

describe("sma of prices that are no decimal numbers", () => {
  it("is the mean of its window at every bar, to the last bit", () => {
    const price = fc.double({ min: 0.01, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(price, { minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 100 }), (prices, period) =>
        check(Float64Array.from(prices), period),
      ),
    );
  });

  it("is found again behind a gap", () => {
    const values = Float64Array.from({ length: 200 }, (_value, i) => Math.sqrt(i + 2));
    values[90] = Number.NaN;
    values[150] = Number.POSITIVE_INFINITY;
    for (const period of [1, 7, 30]) check(values, period);
  });

  it("is equal for windows of equal prices, whatever came before", () => {
    const values = Float64Array.from({ length: 400 }, (_value, i) => (i < 100 ? 1e5 * Math.sqrt(i + 2) : 101.123456789012));
    const [short, long] = [sma(values, 10), sma(values, 50)];
    assert.ok(short.slice(200).every((mean, i) => mean === long[200 + i]));
  });
});
