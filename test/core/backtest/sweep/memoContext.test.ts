import assert from "node:assert/strict";
import fc from "fast-check";
import { packBits } from "../../../../src/core/backtest/sweep/bits.ts";
import { MemoContext } from "../../../../src/core/backtest/sweep/memoContext.ts";
import { ema, lag, sma } from "../../../../src/core/domain/indicators.ts";
import { sp500 } from "../givenBars.ts";

describe("what the combinations of a sweep share", () => {
  const { series } = sp500();

  it("is computed once, and equal to what each would compute for itself", () => {
    const memo = new MemoContext(series, { copy: false });
    const first = memo.context().sma(memo.context().close, 20);
    const second = memo.context().sma(memo.context().close, 20);
    assert.equal(first, second);
    assert.deepEqual(first, sma(series.close, 20));
    assert.equal(memo.context().ema(first, 5), memo.context().ema(second, 5));
  });

  it("is not spoilt by a strategy that writes into what it was given", () => {
    const memo = new MemoContext(series, { copy: true });
    for (let run = 0; run < 2; run++) {
      const bars = memo.context();
      const line = bars.sma(bars.close, 20);
      assert.deepEqual(line, sma(series.close, 20));
      line.fill(1);
      assert.deepEqual(bars.ema(line, 3), ema(line, 3));
      bars.close[0] = 1e6;
      assert.equal(bars.close[0], 1e6);
      assert.deepEqual(bars.sma(bars.close, 20), sma(bars.close, 20));
      assert.deepEqual(bars.lag(bars.open, 2), lag(series.open, 2));
    }
    assert.notEqual(series.close[0], 1e6);
  });

  it("forgets the oldest beyond its bound, and goes on", () => {
    const memo = new MemoContext(series, { copy: false, maxBytes: 3 * series.close.byteLength });
    const { close, sma: average } = memo.context();
    const ten = average(close, 10);
    for (const period of [20, 30, 10, 40]) average(close, period);
    assert.equal(average(close, 10), ten);
    const twenty = average(close, 20);
    assert.deepEqual(twenty, sma(series.close, 20));
  });
});

describe("signals as bits", () => {
  it("are the values that are signals, whatever array holds them", () => {
    const value = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constantFrom(1, -1, 127) });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200 }), fc.constantFrom(Int8Array, Uint8Array, Float64Array), fc.nat(3), (values, Kind, offset) => {
        const shifted = new Kind([...new Array<number>(offset).fill(0), ...values]).subarray(offset);
        const words = new Int32Array((values.length + 31) >> 5).fill(-1);
        packBits(shifted, words);
        const expected = new Int32Array(words.length);
        values.forEach((one, t) => {
          if (one !== 0) expected[t >> 5]! |= 1 << (t & 31);
        });
        assert.deepEqual(words, expected);
      }),
    );
    const words = new Int32Array(1);
    packBits(Float64Array.of(Number.NaN, 2, 0, -0), words);
    assert.equal(words[0], 2);
  });
});
