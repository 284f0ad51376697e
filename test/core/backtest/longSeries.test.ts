/** Loops over all bars go in stretches, and runs share memory: neither may show in a figure. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { maxDrawdownDays, maxDrawdownPct } from "../../../src/core/backtest/drawdown.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { RunMemory } from "../../../src/core/backtest/runMemory.ts";
import { statistics } from "../../../src/core/backtest/statistics.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { seededRandom } from "../../../src/core/base/random.ts";
import { compensatedSum, crossings, crossOver, crossUnder, sma, stdev } from "../../../src/core/domain/indicators.ts";
import { barsOf, request } from "./givenBars.ts";

const DAY = 86_400_000;
const LONG = 5000;

/** Steps of a tenth, so that ties are frequent; here and there no number. */
function line(seed: string, length = LONG): Float64Array {
  const random = seededRandom(seed);
  let value = 100;
  return Float64Array.from({ length }, () => {
    value += Math.round(3 * (random.next() - 0.5)) / 10;
    return random.next() < 0.01 ? Number.NaN : value;
  });
}

const seeds = fc.nat(1e6).map(String);

describe("A long series", () => {
  it("is crossed where the definition says, ties and gaps included", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [a, b] = [line(`a${seed}`), line(`b${seed}`)];
        const up = a.map((value, t) => (t > 0 && a[t - 1]! <= b[t - 1]! && value > b[t]! ? 1 : 0));
        const down = a.map((value, t) => (t > 0 && a[t - 1]! >= b[t - 1]! && value < b[t]! ? 1 : 0));
        assert.deepEqual(Array.from(crossOver(a, b)), Array.from(up));
        assert.deepEqual(Array.from(crossUnder(a, b)), Array.from(down));
        assert.deepEqual(
          Array.from(crossings(a, b)),
          Array.from(up, (one, t) => one - down[t]!),
        );
        assert.deepEqual(Array.from(crossOver(a, 100)), Array.from(crossOver(a, new Float64Array(LONG).fill(100))));
      }),
      { numRuns: 20 },
    );
  });

  it("has the average of its window at every bar, whichever decimals come when", () => {
    const random = seededRandom("decimals");
    const values = Float64Array.from({ length: LONG }, (_value, t) => Number((100 + random.next()).toFixed(t < 2100 ? 1 : t < 4200 ? 4 : 8)));
    const means = sma(values, 7);
    for (let t = 6; t < LONG; t++) {
      const whole = values.subarray(t - 6, t + 1).reduce((sum, value) => sum + Math.round(value * 1e8), 0);
      assert.equal(means[t], whole / 7e8, `bar ${t}`);
    }
  });

  it("has it also where whole numbers are near the end of what a double holds", () => {
    const random = seededRandom("large");
    for (const [size, step] of [
      [2 ** 50, 0.5],
      [2 ** 51, 1],
      [2 ** 52, 1],
      [1e13, 0.01],
    ] as const) {
      const values = Float64Array.from({ length: 3000 }, () => Math.round((size * (1 + random.next())) / step) * step);
      for (const period of [1, 2, 3, 50]) {
        const means = sma(values, period);
        for (let t = period - 1; t < 3000; t += 13) assert.equal(means[t], compensatedSum(values, t - period + 1, t + 1) / period, `${size}, ${period}, ${t}`);
      }
    }
  });

  it("deviates from the mean of its window at every bar, to the last bit, also where prices lose twenty digits", () => {
    for (const step of [0.02, 3]) {
      const random = seededRandom(`step ${step}`);
      let price = 1e9;
      const values = Float64Array.from({ length: LONG }, () => (price *= 1 + step * (random.next() - 0.5)));
      for (const period of [2, 20, 4500]) {
        const deviations = stdev(values, period);
        for (let t = period - 1; t < LONG; t += 97) {
          const mean = compensatedSum(values, t - period + 1, t + 1) / period;
          const squares = values.subarray(t - period + 1, t + 1).reduce((sum, value) => sum + (value - mean) ** 2, 0);
          assert.equal(deviations[t], Math.sqrt(squares / (period - 1)), `step ${step}, period ${period}, bar ${t}`);
        }
      }
    }
  });

  it("falls as deep and as long as a look at every bar finds", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const equity = line(seed).map((value) => (Number.isNaN(value) ? 100 : value));
        const time = equity.map((_value, t) => t * DAY);
        let [peak, since, deepest, longest] = [0, 0, 0, 0];
        equity.forEach((value, t) => {
          if (value < peak) {
            deepest = Math.max(deepest, (1 - value / peak) * 100);
            longest = Math.max(longest, t - since);
          } else {
            if (t - since > 1) longest = Math.max(longest, t - since);
            [peak, since] = [value, t];
          }
        });
        assert.equal(maxDrawdownPct(equity), deepest);
        assert.equal(maxDrawdownDays(equity, time), longest);
      }),
      { numRuns: 20 },
    );
  });

  it("that ends in ruin moves no more", () => {
    const equity = new Float64Array(LONG).fill(100).fill(50, 10).fill(0, 20);
    const { volatilityPct, sharpe, sortino } = statistics({
      equity,
      time: equity.map((_value, t) => t * DAY),
      trades: [],
      barsHeld: 0,
      cash: 100,
      periodsPerYear: 1,
      riskFree: 0,
    });
    const mean = -1.5 / (LONG - 1);
    const deviation = Math.sqrt((1.25 - (LONG - 1) * mean ** 2) / (LONG - 2));
    assert.ok(Math.abs(volatilityPct! / 100 - deviation) < 1e-12);
    assert.ok(Math.abs(sharpe! - mean / deviation) < 1e-12);
    assert.ok(Math.abs(sortino! - mean / Math.sqrt(1.25 / (LONG - 1))) < 1e-12);
  });
});

describe("A run's memory", () => {
  it("changes no figure, whatever ran in it before", () => {
    const memory = new RunMemory();
    const lengths = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 });
    const names = fc.constantFrom("sma_cross", "rsi_reversion", "breakout", "buy_and_hold");
    fc.assert(
      fc.property(seeds, lengths, names, fc.constantFrom("vector" as const, "event" as const), (seed, runs, name, engine) => {
        for (const length of runs) {
          const close = line(seed, length).map((value) => (Number.isNaN(value) ? 100 : value));
          const data = barsOf(Array.from(close, (value) => [value, value + 1, value - 1, value] as const));
          const strategy = { definition: findStrategy(name), hash: "" };
          const asked = { ...request({ name, engine, withEquity: true }) };
          const [{ durationMs: _one, ...alone }, { durationMs: _two, ...shared }] = [
            runBacktest(asked, strategy, data),
            runBacktest(asked, strategy, data, memory),
          ];
          assert.deepEqual(shared, alone);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("knows prices by where they are", () => {
    const memory = new RunMemory();
    const all = Float64Array.of(1, 2, 1.5, 2.25);
    assert.deepEqual(
      [all, all.subarray(0, 2), all.subarray(1, 3), all].map((prices) => memory.wholeScale(prices)?.scale),
      [100, 1, 10, 100],
    );
    assert.equal(memory.wholeScale(Float64Array.of(1 / 3)), undefined);
  });

  it("hands out columns of the length asked for, and beyond its bound fresh ones", () => {
    const memory = new RunMemory();
    memory.begin();
    const [small, large] = [memory.column(10), memory.column(20_000_000)];
    memory.begin();
    assert.equal(memory.column(8).buffer, small.buffer);
    assert.notEqual(memory.column(20_000_000).buffer, large.buffer);
  });
});
