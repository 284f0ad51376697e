/** What is put beside the best of a sweep: folds, other draws of its trades, its neighbours. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createBacktester } from "../../../../src/core/backtest/backtester.ts";
import { runBacktest } from "../../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../../src/core/backtest/strategies/builtin.ts";
import { foldBounds, foldsOf } from "../../../../src/core/backtest/sweep/crossValidation.ts";
import { growthOf, monteCarlo } from "../../../../src/core/backtest/sweep/monteCarlo.ts";
import { ranked } from "../../../../src/core/backtest/sweep/ranking.ts";
import { sensitivityOf, stabilityOf } from "../../../../src/core/domain/stability.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { doubtSentences } from "../../../../src/core/domain/luck.ts";
import type { Backtester } from "../../../../src/core/domain/ports.ts";
import type { SweepRequest } from "../../../../src/core/domain/sweep.ts";
import { request, sp500 } from "../givenBars.ts";

describe("folds", () => {
  it("cover every return once, and leave out what is purged around them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 5000 }), fc.integer({ min: 2, max: 8 }), fc.nat(9), fc.nat(9), (bars, count, purge, embargo) => {
        const { folds } = foldsOf(bars, { folds: count, purge, embargo });
        assert.equal(folds[0]!.from, 1);
        assert.equal(folds.at(-1)!.to, bars);
        folds.forEach(({ from, to, outFrom, outTo }, i) => {
          if (i > 0) assert.equal(from, folds[i - 1]!.to);
          assert.equal(outFrom, Math.max(1, from - purge));
          assert.equal(outTo, Math.min(bars, to + purge + embargo));
        });
        const bounds = foldBounds(folds, bars);
        assert.deepEqual(
          bounds,
          [...new Set(bounds)].sort((a, b) => a - b),
        );
      }),
    );
  });

  it("are refused where they cannot be", () => {
    assert.throws(() => foldsOf(100, { folds: 1 }), /folds is 1, but must be a whole number from 2 to 50/);
    assert.throws(() => foldsOf(100, { folds: 5, purge: -1 }), /purge is -1/);
    assert.throws(() => foldsOf(100, { folds: 5, embargo: 1.5 }), /embargo is 1.5/);
    assert.throws(() => foldsOf(100, { folds: 2, purge: 60 }), /100 bars are too few for 2 folds with 60 bars purged/);
    assert.throws(() => foldsOf(5, { folds: 4 }), /too few/);
  });
});

describe("a cross-validated sweep", () => {
  const { signal } = new AbortController();
  const data = sp500();
  let backtester: Backtester;
  before(() => {
    backtester = createBacktester({ workers: 2, timeoutMs: 20_000, log: silentLog });
    backtester.register("sp500", data);
  });
  after(() => backtester.close());
  const sweep: SweepRequest = {
    request: request({ data: "sp500", costs: { feeRate: 0.001, slippageBps: 5 } }),
    grid: "fast=5:25:5,slow=30:90:20",
    earlierTrials: 0,
    crossValidation: { folds: 5, purge: 30, embargo: 10 },
  };

  it("chooses on the other folds what the bars themselves say, and looks at the one left out", async () => {
    const { result, columns } = await backtester.sweep(sweep, {}, signal);
    const { folds, outOfSampleSharpe, purgeBars, embargoBars } = result.crossValidation!;
    assert.deepEqual([folds.length, purgeBars, embargoBars], [5, 30, 10]);
    const returns = Array.from(columns.status, (_status, i) => {
      const params = Object.fromEntries(columns.names.map((name, at) => [name, columns.params[at]![i]!]));
      const { equity } = runBacktest({ ...sweep.request, params, withEquity: true }, { definition: findStrategy("sma_cross"), hash: "" }, data);
      return { params, values: equity!.slice(1).map(([, value], t) => value / equity![t]![1] - 1) };
    });
    const { time } = data.series;
    const all: number[] = [];
    for (const fold of folds) {
      const [from, to] = [time.indexOf(Date.parse(fold.from)), time.indexOf(Date.parse(fold.to)) + 1];
      // values[t - 1] is the return of bar t.
      const inside = (values: readonly number[]) => values.slice(from - 1, to - 1);
      const outside = (values: readonly number[]) => [...values.slice(0, Math.max(0, from - 30 - 1)), ...values.slice(to + 40 - 1)];
      const scored = returns.map(({ params, values }) => ({ params, values, score: sharpe(outside(values)) }));
      const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
      assert.deepEqual(fold.params, best.params);
      near(fold.inSampleSharpe!, best.score);
      near(fold.outOfSampleSharpe!, sharpe(inside(best.values)));
      all.push(...inside(best.values));
    }
    near(outOfSampleSharpe!, sharpe(all));
    assert.match(doubtSentences(result).join(" "), /Chosen on the other 4 of 5 folds each time, the best has a Sharpe ratio of/);
  });

  it("has the same probability of overfitting as without folds, and keeps no return sums for later sweeps", async () => {
    const { crossValidation: _folds, ...plain } = sweep;
    const [one, two] = [await backtester.sweep(sweep, {}, signal), await backtester.sweep(plain, {}, signal)];
    assert.equal(one.result.pbo, two.result.pbo);
    assert.equal(one.columns.blocks, undefined);
    assert.equal(two.result.crossValidation, null);
  });

  it("draws the trades of its best anew, and says how its neighbours do", async () => {
    const { result } = await backtester.sweep(sweep, {}, signal);
    const [best] = result.best;
    assert.equal(result.monteCarlo!.trades, best!.stats.trades);
    assert.ok(result.monteCarlo!.returnPct.p5 < best!.stats.totalReturnPct && best!.stats.totalReturnPct < result.monteCarlo!.returnPct.p95);
    assert.ok(result.stability!.neighbours >= 3);
    assert.deepEqual(
      result.sensitivity.map(({ name, values }) => [name, values.map(({ value }) => value)]),
      [
        ["fast", [5, 10, 15, 20, 25]],
        ["slow", [30, 50, 70, 90]],
      ],
    );
  });
});

describe("trades drawn anew", () => {
  it("come to the same for the same trades, and to nothing else when all are alike", () => {
    const growth = Float64Array.of(1.1, 0.95, 1.02, 0.99, 1.05, 0.9);
    assert.deepEqual(monteCarlo(growth), monteCarlo(growth));
    const even = monteCarlo(new Float64Array(10).fill(1.01))!;
    near(even.returnPct.p5, (1.01 ** 10 - 1) * 100);
    assert.deepEqual([even.returnPct.p5, even.maxDrawdownPct.p95, even.lossProbability], [even.returnPct.p95, 0, 0]);
    assert.equal(monteCarlo(growth.slice(0, 4)), undefined);
    const middle = monteCarlo(growth)!;
    assert.ok(middle.returnPct.p5 < middle.returnPct.p50 && middle.returnPct.p50 < middle.returnPct.p95);
  });

  it("are what each made of the equity before it", () => {
    const trades = [
      { exitIndex: 9, pnl: -55 },
      { exitIndex: 4, pnl: 10 },
    ];
    assert.deepEqual([...growthOf(trades, 100)], [1.1, 0.5]);
  });
});

describe("the neighbours of the best", () => {
  const grid = (score: (a: number, b: number) => number) => {
    const cells = Array.from({ length: 25 }, (_value, i) => [1 + (i % 5), 10 * (1 + Math.floor(i / 5))] as const);
    return {
      names: ["a", "b"],
      params: [Float64Array.from(cells, ([a]) => a), Float64Array.from(cells, ([, b]) => b)],
      sharpe: Float64Array.from(cells, ([a, b]) => score(a, b)),
      status: new Uint8Array(25).fill(1),
    };
  };

  it("tell a plateau from a spike, on the grid's own steps", () => {
    const best = { a: 3, b: 30 };
    const at = (a: number, b: number, high: number, low: number) => (a === 3 && b === 30 ? high : low);
    assert.equal(
      stabilityOf(
        grid((a, b) => at(a, b, 1, 0.9)),
        best,
      )!.verdict,
      "plateau",
    );
    assert.equal(
      stabilityOf(
        grid((a, b) => at(a, b, 1, 0.6)),
        best,
      )!.verdict,
      "slope",
    );
    const spike = stabilityOf(
      grid((a, b) => at(a, b, 1, -0.1)),
      best,
    )!;
    assert.deepEqual([spike.verdict, spike.neighbours, spike.worstSharpe], ["spike", 8, -0.1]);
    assert.equal(
      stabilityOf(
        grid(() => 1),
        { a: 1, b: 10 },
      )!.neighbours,
      3,
    );
    assert.equal(
      stabilityOf(
        grid(() => -1),
        best,
      ),
      null,
    );
  });

  it("are shown along each parameter, null where nothing was traded", () => {
    const [a] = sensitivityOf(
      grid((x) => (x === 2 ? Number.NaN : x)),
      { a: 3, b: 30 },
    );
    assert.deepEqual(a, { name: "a", best: 3, values: [1, null, 3, 4, 5].map((sharpe, i) => ({ value: i + 1, sharpe })) });
  });
});

describe("the ranking of a sweep", () => {
  it("is the first of all in order, without sorting all", () => {
    const value = fc.oneof(fc.constant(Number.NaN), fc.integer({ min: -3, max: 3 }));
    fc.assert(
      fc.property(fc.array(fc.tuple(value, fc.integer({ min: -2, max: 2 }), fc.constantFrom(0, 1, 1, 1)), { maxLength: 60 }), fc.nat(20), (rows, top) => {
        const columns = {
          sharpe: Float64Array.from(rows, ([sharpe]) => sharpe),
          totalReturnPct: Float64Array.from(rows, ([, growth]) => growth),
          status: Uint8Array.from(rows, ([, , status]) => status),
        };
        const known = (i: number) => (Number.isNaN(columns.sharpe[i]) ? -10 : columns.sharpe[i]!);
        const sorted = [...rows.keys()]
          .filter((i) => columns.status[i] === 1)
          .sort((a, b) => known(b) - known(a) || columns.totalReturnPct[b]! - columns.totalReturnPct[a]! || a - b);
        assert.deepEqual(ranked(columns, top), sorted.slice(0, top));
      }),
    );
  });
});

function sharpe(returns: readonly number[]): number {
  const mean = returns.reduce((sum, r) => sum + r, 0) / returns.length;
  return (mean / Math.sqrt(returns.reduce((sum, r) => sum + (r - mean) ** 2, 0) / (returns.length - 1))) * Math.sqrt(252);
}

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9 * Math.max(1, Math.abs(expected)), `${actual}, not ${expected}`);
}
