import assert from "node:assert/strict";
import fc from "fast-check";
import { assertNoLookAhead, checkLookAhead } from "../../../src/core/backtest/lookAhead.ts";
import { parseParams } from "../../../src/core/backtest/params.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { BUILTIN_STRATEGIES } from "../../../src/core/backtest/strategies/builtin.ts";
import { sliceBars } from "../../../src/core/domain/bars.ts";
import { defineStrategy, type StrategyDefinition } from "../../../src/core/domain/strategy.ts";
import { randomBars, request, sp500 } from "./givenBars.ts";
import { days, type Row } from "./played.ts";

const rules = { cash: 10_000, costs: { feeRate: 0, slippageBps: 0 }, sizing: { kind: "all-in" }, fill: "next-open" } as const;
const at = (close: number): Row => [close, close, close, close];
/** Falls for five bars, then rises: a strategy that knows the next close is the first to buy at bar 4. */
const valley = days([10, 9, 8, 7, 6, 7, 8, 9, 8, 9].map(at));

function check(definition: unknown, data = valley) {
  const strategy = definition as StrategyDefinition;
  return checkLookAhead({ strategy: { definition: strategy, hash: "" }, params: parseParams(strategy, {}), series: [data.series], rules });
}

const signals = (entries: (close: Float64Array) => ArrayLike<number | boolean>) =>
  defineStrategy({
    name: "s",
    params: {},
    signals: ({ close, length }) => ({ entries: Array.from(entries(close)), exits: new Int8Array(length) }),
  });

describe("The look-ahead guard", () => {
  it("names the first bar of a strategy that knows the next close", () => {
    const { found } = check(signals((close) => Array.from(close, (value, t) => (close[t + 1] ?? Number.NaN) > value)));
    assert.deepEqual(found, { bar: 4, time: "1970-01-05T00:00:00.000Z", what: "entries", isRepeatable: true });
  });

  it("finds a scale, a mean and a rank over the whole series", () => {
    const mean = (close: Float64Array) => close.reduce((sum, value) => sum + value, 0) / close.length;
    assert.equal(check(signals((close) => Array.from(close, (value) => value < mean(close)))).found?.bar, 1);
    assert.equal(check(signals((close) => Array.from(close, (value) => value === Math.min(...close)))).found?.bar, 0);
    assert.equal(check(signals((close) => Array.from(close, (_value, t) => t === close.length - 2))).found?.what, "entries");
  });

  it("finds orders of onBar() that know later bars from the run before", () => {
    const seen: number[] = [];
    const { found } = check(
      defineStrategy({
        name: "remembers",
        params: {},
        onBar(bar) {
          seen[bar.index] = bar.close;
          if ((seen[bar.index + 1] ?? 0) > bar.close) bar.buy();
        },
      }),
    );
    assert.deepEqual([found?.bar, found?.isRepeatable], [4, false]);
  });

  it("finds chance, which no run repeats", () => {
    let calls = 0;
    const { found } = check(signals((close) => Array.from(close, () => calls++ % 3 === 0)));
    assert.equal(found?.isRepeatable, false);
  });

  it("fails a run with the strategy's name, the bar and its time", () => {
    const definition = signals((close) => Array.from(close, (value, t) => (close[t + 1] ?? 0) > value)) as StrategyDefinition;
    assert.throws(() => runBacktest(request({ checkLookAhead: true }), { definition, hash: "", file: "/tmp/peek.ts" }, valley), {
      code: "look-ahead",
      message: /peek\.ts looks ahead: its entries at bar 4 \(1970-01-05T00:00:00\.000Z\)/,
    });
    const sound = runBacktest(
      request({ checkLookAhead: true, name: "momentum", params: { lookback: 2 } }),
      { definition: BUILTIN_STRATEGIES.find(({ name }) => name === "momentum") as StrategyDefinition, hash: "" },
      valley,
    );
    assert.deepEqual(sound.lookAhead, { ok: true, cuts: 18, exhaustive: true });
  });

  it("passes every built-in on random prices, and leaves no bar untried", () => {
    fc.assert(
      fc.property(randomBars(40), fc.constantFrom(...BUILTIN_STRATEGIES.filter(({ symbols }) => (symbols?.min ?? 1) === 1)), (data, definition) => {
        const { found, exhaustive } = check(definition, data);
        assert.equal(found, null);
        assert.equal(exhaustive, true);
      }),
      { numRuns: 150 },
    );
  });

  it("finds a late peek in a long series", () => {
    const series = sliceBars(sp500().series, 0, 1500);
    const late = 1400 + series.close.subarray(1400).findIndex((value, i, rest) => rest[i + 1]! > value);
    const definition = signals((close) => Array.from(close, (value, t) => t === late && close[t + 1]! > value));
    assert.equal(check(definition, { ...sp500(), series }).found?.bar, late);
  });

  it("is a line in a user's own test", () => {
    const peek = signals((close) => Array.from(close, (value, t) => (close[t + 1] ?? 0) > value));
    assert.throws(() => assertNoLookAhead(peek, valley.series), { code: "look-ahead", message: /s looks ahead: its entries at bar 4/ });
    assertNoLookAhead(BUILTIN_STRATEGIES[0] as StrategyDefinition, valley.series, { fast: 2, slow: 3 });
  });

  it("says nothing against a strategy that cannot do with few bars", () => {
    const needsFive = signals((close) => {
      if (close.length < 5) throw new Error("too short");
      return Array.from(close, (value, t) => t >= 4 && value > close[t - 4]!);
    });
    assert.equal(check(needsFive).found, null);
  });
});
