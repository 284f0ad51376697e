import assert from "node:assert/strict";
import {
  countOverfit,
  deflatedSharpe,
  expectedHighestSharpe,
  normalQuantile,
  normalShare,
  probabilityOf,
  returnShape,
} from "../../../../src/core/backtest/sweep/overfitting.ts";
import { heatmapPage } from "../../../../src/core/backtest/sweep/heatmap.ts";
import { seededRandom } from "../../../../src/core/base/random.ts";
import { luckSentence } from "../../../../src/core/domain/luck.ts";
import type { BacktestStats } from "../../../../src/core/domain/backtest.ts";
import { SWEEP_FIGURES, type Sweep, type SweepFigures } from "../../../../src/core/domain/sweep.ts";

const near = (actual: number | null, expected: number, tolerance: number) =>
  assert.ok(actual !== null && Math.abs(actual - expected) <= tolerance, `${actual}, not ${expected}`);

describe("the normal distribution", () => {
  it("has the values of the tables", () => {
    near(normalShare(0), 0.5, 1e-16);
    near(normalShare(1), 0.8413447460685429, 1e-15);
    near(normalShare(-3), 0.0013498980316300933, 1e-15);
    near(normalShare(6), 0.9999999990134124, 1e-15);
    near(normalQuantile(0.975), 1.959963984540054, 1e-12);
    near(normalQuantile(1e-9), -5.9978070150076865, 1e-9);
    for (const share of [1e-6, 0.01, 0.3, 0.5, 0.9, 0.999]) near(normalShare(normalQuantile(share)), share, 1e-13);
  });
});

describe("the deflated Sharpe ratio", () => {
  it("is the example of its paper: 100 trials, a ratio of 2.5 a year over five years of days", () => {
    // Bailey, López de Prado 2014, "A numerical example": SR0 = 0.1132 a day, DSR about 0.9004.
    const variance = 0.5 / 250;
    near(expectedHighestSharpe(variance, 100), 0.1132, 5e-5);
    near(deflatedSharpe({ count: 1250, sharpe: 2.5 / Math.sqrt(250), skewness: -3, kurtosis: 10 }, variance, 100), 0.9004, 5e-4);
  });

  it("expects of many trials without skill about the highest that they give", () => {
    const random = seededRandom(1);
    let sum = 0;
    for (let round = 0; round < 300; round++) {
      let highest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < 1000; i++) highest = Math.max(highest, random.normal());
      sum += highest / 300;
    }
    near(expectedHighestSharpe(1, 1000), sum, 0.06);
  });

  it("knows the shape of returns", () => {
    const shape = returnShape(Float64Array.of(100, 110, 99, 118.8, 118.8), 0);
    assert.ok(shape !== undefined);
    near(shape.sharpe, 0.05 / Math.sqrt((0.05 ** 2 + 0.15 ** 2 + 0.15 ** 2 + 0.05 ** 2) / 3), 1e-12);
    near(shape.skewness, 0, 1e-9);
    assert.equal(returnShape(Float64Array.of(1, 1, 1, 1, 1), 0), undefined);
    assert.equal(returnShape(Float64Array.of(1, 2), 0), undefined);
  });
});

describe("the probability of backtest overfitting", () => {
  /** By one worker, and the same by three. */
  const probability = (sums: Float64Array, returns: readonly number[]) => {
    const alone = probabilityOf([countOverfit(sums, returns, { part: 0, parts: 1 })]);
    assert.equal(probabilityOf([0, 1, 2].map((part) => countOverfit(sums, returns, { part, parts: 3 }))), alone);
    return alone;
  };

  const average = (skill: number) => {
    const random = seededRandom(`pbo ${skill}`);
    const [trials, blocks, bars, rounds] = [40, 10, 30, 30];
    let sum = 0;
    for (let round = 0; round < rounds; round++) {
      const sums = new Float64Array(2 * trials * blocks);
      for (let trial = 0; trial < trials; trial++) {
        for (let block = 0; block < blocks; block++) {
          for (let t = 0; t < bars; t++) {
            const r = random.normal() + (skill * trial) / trials;
            const at = 2 * (trial * blocks + block);
            sums[at] = sums[at]! + r;
            sums[at + 1] = sums[at + 1]! + r * r;
          }
        }
      }
      const returns = Array.from({ length: blocks }, () => bars);
      sum += probability(sums, returns)! / rounds;
    }
    return sum;
  };

  it("is about one half where nothing has skill, and falls to nothing where skill decides", () => {
    near(average(0), 0.5, 0.12);
    const [some, much] = [average(0.1), average(1)];
    assert.ok(some < 0.45, String(some));
    assert.ok(much < 0.02, String(much));
  });

  it("takes a best that is in the middle elsewhere for overfitted, and is unknown for a few trials", () => {
    const same = Float64Array.from({ length: 2 * 10 * 10 }, (_value, at) => (at % 2 === 0 ? ((at / 2) % 10) - 4 : 30));
    const returns = Array.from({ length: 10 }, () => 20);
    assert.equal(probability(same, returns), 1);
    assert.equal(probability(same.subarray(0, 2 * 10 * 9), returns), null);
  });
});

function given(names: readonly string[], strategy = "mine"): Sweep {
  const count = 3 ** names.length;
  const stats = { sharpe: 1.1, totalReturnPct: 12, maxDrawdownPct: 5, trades: 9 } as BacktestStats;
  return {
    result: {
      schema: "quantdesk.sweep/1",
      combinations: count,
      run: count,
      succeeded: count,
      failed: 0,
      timedOut: 0,
      cached: 0,
      cancelled: 0,
      workers: 1,
      durationMs: 1,
      throughput: 1,
      best: [{ params: Object.fromEntries(names.map((name) => [name, 1])), stats, deflatedSharpe: 0.31 }],
      pbo: 0.4,
      trialsCounted: 1000,
      luckSharpe: 1.3,
      crossValidation: null,
      monteCarlo: null,
      stability: null,
      sensitivity: [],
      method: "grid",
      seed: null,
      stopped: null,
      strategy,
      dataset: "prices",
      costs: { feeRate: 0.001, slippageBps: 0 },
      simulated: true,
      how: "",
      failures: [],
    },
    columns: {
      names,
      params: names.map((_name, at) => Float64Array.from({ length: count }, (_value, i) => Math.floor(i / 3 ** at) % 3)),
      ...(Object.fromEntries(SWEEP_FIGURES.map((name) => [name, new Float64Array(count)])) as SweepFigures),
      sharpe: Float64Array.from({ length: count }, (_value, i) => (i % 5) - 2),
      status: new Uint8Array(count).fill(1),
    },
  };
}

describe("what a person is told of a sweep", () => {
  it("says what chance gives and what the best has", () => {
    assert.equal(
      luckSentence(given(["a"]).result),
      "With 1,000 trials on these prices, a Sharpe ratio of 1.30 is what chance gives; the best has 1.10. This result is probably luck. In 40 % of ways to split the time in two halves, the best of one half was below the middle in the other.",
    );
    assert.equal(luckSentence({ ...given(["a"]).result, best: [] }), "");
  });

  for (const names of [["a"], ["a", "b"], ["a", "b", "c"]]) {
    it(`has a page for ${names.length} parameters, with what it was given escaped, without script or network`, () => {
      const html = heatmapPage(given(names, "<img src=x onerror=alert(1)>"));
      assert.match(html, /SIMULATED/);
      assert.match(html, /10\.00\u00a0bps fee, <b class="none">slippage: none/);
      assert.match(html, /&#60;img src=x onerror/);
      assert.doesNotMatch(html, /<img|<script|https?:/);
      assert.equal(html.match(/<td style="--c/g)?.length, names.length === 1 ? 3 : 9);
      assert.equal(html, heatmapPage(given(names, "<img src=x onerror=alert(1)>")));
    });
  }
});
