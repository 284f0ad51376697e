import assert from "node:assert/strict";
import * as fc from "fast-check";
import { sliceBars } from "../../../src/core/domain/bars.ts";
import { computeFeaturesSync, type Features } from "../../../src/core/features/computeFeatures.ts";
import { FEATURE_NAMES } from "../../../src/core/features/standardFeatures.ts";
import { generateTickerSignal, generateTickerSignalSync } from "../../../src/core/features/signals.ts";
import { givenSeries } from "./series.ts";

describe("features", () => {
  it("never look ahead: cutting off later bars changes none of the earlier values", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 260 }), fc.nat(1000), (cut, seed) => {
        const series = givenSeries(260, seed);
        const whole = computeFeaturesSync(series).columns;
        const short = computeFeaturesSync(sliceBars(series, 0, cut)).columns;
        for (const name of FEATURE_NAMES) assert.deepEqual([...short[name]], [...whole[name].subarray(0, cut)], name);
      }),
      { numRuns: 30 },
    );
  });

  it("are undefined, not invented, while there are too few bars", () => {
    const { latest } = computeFeaturesSync(givenSeries(30));
    assert.equal(latest.sma50, null);
    assert.equal(typeof latest.sma20, "number");
    const none = computeFeaturesSync(givenSeries(0));
    assert.deepEqual([none.bars, none.lastBar, none.latest.close], [0, null, null]);
  });

  it("name the last bar and say SIMULATED where the prices are", () => {
    const series = givenSeries(5);
    const features = computeFeaturesSync(series);
    assert.deepEqual([features.lastBar, features.simulated, features.latest.close], [series.time[4], true, series.close[4]]);
  });

  it("refuse indicators that are no list of texts, too many of them, or such as compare two series", () => {
    const ask = (indicators: unknown) => () => computeFeaturesSync(givenSeries(10), { indicators: indicators as readonly string[] });
    assert.throws(ask("adx"), { code: "bad-indicator" });
    assert.throws(ask([3]), { code: "bad-indicator" });
    assert.throws(ask(Array.from({ length: 101 }, (_, i) => `rsi(${i + 1})`)), { code: "too-many-indicators" });
    assert.throws(ask(["correlation"]), { code: "needs-other-series" });
    assert.deepEqual(
      Object.keys(computeFeaturesSync(givenSeries(10), { indicators: ["rsi", "rsi(14)"] }).latest).filter((name) => name.startsWith("rsi(")),
      ["rsi(14)"],
    );
  });

  it("refuse a series whose columns are not of one length", () => {
    const series = givenSeries(10);
    assert.throws(() => computeFeaturesSync({ ...series, high: series.high.subarray(1) }), { code: "bad-series" });
  });
});

describe("a ticker's signal", () => {
  function withLatest(latest: Partial<Features["latest"]>): Features {
    const base = computeFeaturesSync(givenSeries(5));
    return { ...base, latest: { ...base.latest, close: 100, ...latest } };
  }

  it("is buy with trend and momentum up, with a reason for each", () => {
    const { signal, strength, reasons } = generateTickerSignal(withLatest({ sma20: 101, sma50: 99, macdHistogram: 0.5, rsi14: 55 }));
    assert.deepEqual([signal, strength], ["buy", 1]);
    assert.deepEqual(reasons, [
      "Trend up: the 20-bar average (101.00) is above the 50-bar average (99.00).",
      "Momentum rising: the MACD is 0.500 above its signal line.",
      "RSI 55: neither oversold nor overbought.",
    ]);
  });

  it("is sell with both down, and weaker when the RSI is oversold", () => {
    const down = { sma20: 99, sma50: 101, macdHistogram: -0.5 };
    assert.deepEqual(generateTickerSignal(withLatest(down)).signal, "sell");
    const oversold = generateTickerSignal(withLatest({ ...down, rsi14: 20 }));
    assert.deepEqual([oversold.signal, oversold.strength.toFixed(3)], ["hold", "0.333"]);
  });

  it("is hold without bars, and says why", () => {
    const { signal, strength, reasons } = generateTickerSignalSync(givenSeries(0));
    assert.deepEqual([signal, strength, reasons], ["hold", 0, ["Only 0 bars: nothing is defined yet."]]);
  });
});
