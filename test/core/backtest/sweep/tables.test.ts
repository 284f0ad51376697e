/** The tables of a sweep against the ordinary engine, combination by combination. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { runBacktest } from "../../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../../src/core/backtest/strategies/builtin.ts";
import { blockBounds, blocksOfEquity, COLUMNS, writeBlocks, writeColumns } from "../../../../src/core/backtest/sweep/figures.ts";
import { compileKernel, kernelMemory } from "../../../../src/core/backtest/sweep/kernel.ts";
import { KERNEL_SOURCE_SHA256 } from "../../../../src/core/backtest/sweep/kernelBytes.ts";
import { recipeOf } from "../../../../src/core/backtest/sweep/recipes.ts";
import { computeIndicators, planTables, prepare, TableEvaluator } from "../../../../src/core/backtest/sweep/tableSweep.ts";
import { crossOver, crossUnder, sma } from "../../../../src/core/domain/indicators.ts";
import type { Params } from "../../../../src/core/domain/backtest.ts";
import type { Dataset } from "../../../../src/core/domain/bars.ts";
import { dataset, randomBars, request, root, sp500 } from "../givenBars.ts";

const COSTS = { feeRate: 0.001, slippageBps: 5 };
const BLOCKS = 4;

function product(axes: Readonly<Record<string, readonly number[]>>): Params[] {
  return Object.entries(axes).reduce<Params[]>((all, [name, values]) => all.flatMap((params) => values.map((value) => ({ ...params, [name]: value }))), [{}]);
}

const GRIDS: Readonly<Record<string, readonly Params[]>> = {
  sma_cross: product({ fast: [1, 2, 5, 10], slow: [3, 5, 20, 50] }),
  ema_cross: product({ fast: [1, 3, 8], slow: [4, 8, 30] }),
  rsi_reversion: product({ period: [2, 5, 14], low: [0, 30, 50], high: [50, 70, 100] }),
  breakout: product({ entry: [1, 5, 20], exit: [1, 4, 30] }),
};

/** Answers why there are no tables, else checks every combination and answers how many were too coarse. */
function checkTables(given: Dataset, strategy: string, grid: readonly Params[], options: { readonly plain?: boolean } = {}): string | number {
  const bars = given.series;
  const recipe = recipeOf(strategy, grid.length, (name, i) => grid[i]![name]!);
  assert.ok(recipe !== undefined);
  const bounds = bars.close.length >= 10 ? blockBounds(bars.close.length, BLOCKS) : [];
  const plan = planTables(bars, recipe, { boundCount: bounds.length, workers: 1 });
  if (typeof plan === "string") return plan;
  const module = options.plain === true ? undefined : compileKernel();
  if (options.plain !== true) assert.ok(module !== undefined, "this Node runs WebAssembly");
  const sweep = { memory: kernelMemory(plan.layout.bytes, module), module, recipe, bars, ...plan };
  prepare(sweep, bounds);
  computeIndicators(sweep);
  const evaluator = new TableEvaluator(sweep, 0, COSTS);
  const allSquares = bars.close.reduce((sum, close, t) => sum + (t === 0 ? 0 : (close / bars.close[t - 1]! - 1) ** 2), 0);
  let coarse = 0;
  grid.forEach((params, i) => {
    evaluator.evaluate(i);
    const expected = runBacktest(
      request({ name: strategy, params, costs: COSTS, riskFree: 0.02, withEquity: true }),
      { definition: findStrategy(strategy), hash: "" },
      given,
    );
    const out = new Float64Array(COLUMNS.length);
    const isSure = writeColumns(
      evaluator.figures,
      {
        bars: bars.close.length,
        periodsPerYear: expected.stats.periodsPerYear,
        riskFree: 0.02,
        cash: 10_000,
        feeRate: COSTS.feeRate,
        spanMs: bars.time.at(-1)! - bars.time[0]!,
        allSquares,
      },
      out,
      0,
    );
    const what = `${strategy} ${JSON.stringify(params)}`;
    near(evaluator.figures[4]!, expected.stats.trades, `trades of ${what}`);
    if (!isSure) {
      coarse++;
      return;
    }
    COLUMNS.forEach((name, k) => near(out[k]!, expected.stats[name] ?? Number.NaN, `${name} of ${what}`));
    if (bounds.length === 0) return;
    const blocks = new Float64Array(2 * BLOCKS);
    const expectedBlocks = new Float64Array(2 * BLOCKS);
    writeBlocks(evaluator.sums, evaluator.figures[2]!, evaluator.figures[3]!, blocks, 0);
    blocksOfEquity(
      Float64Array.from(expected.equity!, ([, equity]) => equity),
      bounds,
      expectedBlocks,
      0,
    );
    blocks.forEach((value, k) => near(value, expectedBlocks[k]!, `block figure ${k} of ${what}`));
  });
  return coarse;
}

function near(actual: number, expected: number, what: string): void {
  if (Number.isNaN(expected) && Number.isNaN(actual)) return;
  assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${actual}, the engine says ${expected}`);
}

/** Closes that no decimal number with eight places says, with exact ties: averages of a flat stretch. */
function floatBars(length: number, seed: number): Dataset {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
  const columns = {
    time: new Float64Array(length),
    open: new Float64Array(length),
    high: new Float64Array(length),
    low: new Float64Array(length),
    close: new Float64Array(length),
    volume: new Float64Array(length),
  };
  let last = 100;
  for (let t = 0; t < length; t++) {
    const isFlat = t % 97 > 60;
    columns.time[t] = t * 86_400_000;
    columns.open[t] = isFlat ? last : last * Math.exp(0.01 * (random() - 0.5));
    columns.close[t] = isFlat ? last : columns.open[t]! * Math.exp(0.03 * (random() - 0.5));
    columns.high[t] = Math.max(columns.open[t]!, columns.close[t]!) * (1 + 0.002 * random());
    columns.low[t] = Math.min(columns.open[t]!, columns.close[t]!) * (1 - 0.002 * random());
    last = columns.close[t]!;
  }
  return dataset("floats", columns);
}

describe("the tables of a sweep", () => {
  for (const [strategy, grid] of Object.entries(GRIDS)) {
    it(`say of ${strategy} what the engine says, over random prices in cents with ties and gaps`, () => {
      fc.assert(
        fc.property(randomBars(150), (given) => {
          checkTables(given, strategy, grid);
        }),
        { numRuns: 60 },
      );
    });

    it(`say of ${strategy} what the engine says, over prices that are no decimal numbers`, () => {
      assert.equal(typeof checkTables(floatBars(700, 7), strategy, grid), "number");
    });

    it(`say of ${strategy} what the engine says, over the S&P 500`, () => {
      assert.equal(
        checkTables(
          sp500(),
          strategy,
          grid.filter((params) => strategy !== "rsi_reversion" || (params["low"]! > 0 && params["high"]! < 100)),
        ),
        0,
      );
    });

    it(`need no WebAssembly for ${strategy}`, () => {
      assert.equal(typeof checkTables(sp500(), strategy, grid, { plain: true }), "number");
      fc.assert(
        fc.property(randomBars(100), (given) => {
          checkTables(given, strategy, grid, { plain: true });
        }),
        { numRuns: 20 },
      );
    });
  }

  it("have the bits of WebAssembly and of TypeScript alike, in trades of a few bars and of hundreds", () => {
    const grids: Readonly<Record<string, readonly Params[]>> = {
      sma_cross: [...GRIDS["sma_cross"]!, { fast: 30, slow: 200 }],
      ema_cross: GRIDS["ema_cross"]!,
      breakout: product({ entry: [2, 40], exit: [3, 150, 400] }),
    };
    const alike = (length: number, seed: number) => {
      const { series: bars } = floatBars(length, seed);
      for (const [strategy, grid] of Object.entries(grids)) {
        const recipe = recipeOf(strategy, grid.length, (name, i) => grid[i]![name]!)!;
        const bounds = blockBounds(length, BLOCKS);
        const plan = planTables(bars, recipe, { boundCount: bounds.length, workers: 1 });
        assert.ok(typeof plan !== "string");
        const [fast, plain] = [compileKernel(), undefined].map((module) => {
          const sweep = { memory: kernelMemory(plan.layout.bytes, module), module, recipe, bars, ...plan };
          prepare(sweep, bounds);
          computeIndicators(sweep);
          const evaluator = new TableEvaluator(sweep, 0, COSTS);
          return grid.map((_params, i) => {
            evaluator.evaluate(i);
            return [...evaluator.figures, ...evaluator.sums, ...(recipe.kind === "cross" ? [...evaluator.bits().entries, ...evaluator.bits().exits] : [])];
          });
        });
        assert.deepEqual(fast, plain, `${strategy} over ${length} bars`);
      }
    };
    alike(9000, 3);
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 900 }), fc.integer(), (length, seed) => alike(length, seed)),
      { numRuns: 40 },
    );
  });

  it("find exactly the crossings of the indicators, ties in cents included", () => {
    const close = new Float64Array(20_000);
    let [state, price] = [5, 1000];
    for (let t = 0; t < close.length; t++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      price += Math.floor(((state >>> 0) / 2 ** 32) * 3) - 1;
      close[t] = price / 100;
    }
    const bars = dataset("cents", { time: close.map((_value, t) => t), open: close, high: close, low: close, close, volume: close }).series;
    const grid = product({ fast: [5, 7, 10, 13, 20], slow: [21, 30, 50, 100, 200] });
    const recipe = recipeOf("sma_cross", grid.length, (name, i) => grid[i]![name]!)!;
    const plan = planTables(bars, recipe, { boundCount: 0, workers: 1 });
    assert.ok(typeof plan !== "string");
    const module = compileKernel();
    const sweep = { memory: kernelMemory(plan.layout.bytes, module), module, recipe, bars, ...plan };
    prepare(sweep, []);
    computeIndicators(sweep);
    const evaluator = new TableEvaluator(sweep, 0, COSTS);
    let ties = 0;
    grid.forEach(({ fast, slow }, i) => {
      evaluator.evaluate(i);
      const [a, b] = [sma(close, fast!), sma(close, slow!)];
      const [up, down] = [crossOver(a, b), crossUnder(a, b)];
      const { entries, exits } = evaluator.bits();
      for (let t = 0; t < close.length; t++) {
        if (a[t] === b[t]) ties++;
        assert.equal((entries[t >> 5]! >>> (t & 31)) & 1, up[t], `entry at ${t} of ${fast}/${slow}`);
        assert.equal((exits[t >> 5]! >>> (t & 31)) & 1, down[t], `exit at ${t} of ${fast}/${slow}`);
      }
    });
    assert.ok(ties > 500, `only ${ties} ties`);
  });

  for (const strategy of ["sma_cross", "ema_cross"])
    it(`are exact for ${strategy} where lines are farther from the close than their images tell`, () => {
      const { series } = floatBars(600, 5);
      let price = 1;
      for (let t = 0; t < 600; t++) {
        price *= t % 120 < 60 ? 1.06 : 0.94;
        for (const name of ["open", "high", "low", "close"] as const) series[name][t] = Math.round(price * 100 * (1 + (t % 3) / 100)) / 100;
      }
      const grid = product({ fast: [2, 10, 40], slow: [20, 60, 100] });
      assert.equal(typeof checkTables(dataset("far", series), strategy, grid), "number");
      assert.equal(typeof checkTables(dataset("far", series), strategy, grid, { plain: true }), "number");
    });

  it("leave gaps, bad prices and bad ticks to the engines", () => {
    const withClose = (at: number, value: number) => {
      const { series } = floatBars(200, 1);
      series.close[at] = value;
      return dataset("bad", series);
    };
    const grid = GRIDS["sma_cross"]!;
    assert.match(String(checkTables(withClose(50, Number.NaN), "sma_cross", grid)), /prices of bar 50/);
    assert.match(String(checkTables(withClose(60, 0), "sma_cross", grid)), /prices of bar 60/);
    assert.match(String(checkTables(withClose(70, 1e8), "sma_cross", grid)), /more than 1000 times/);
  });

  it("leave to the engines what is too small beside a bad tick to be told exactly", () => {
    const { series } = floatBars(400, 9);
    for (let t = 0; t < 400; t++)
      for (const name of ["open", "high", "low", "close"] as const) series[name][t] = (t < 3 ? 1 : 900) * (1 + 1e-6 * Math.log(series[name][t]!));
    const grid = GRIDS["sma_cross"]!.filter(({ fast, slow }) => fast !== slow);
    assert.equal(checkTables(dataset("tick", series), "sma_cross", grid), grid.length);
  });

  it("are compiled from the kernel's present source", () => {
    const source = readFileSync(join(root, "src", "core", "backtest", "sweep", "kernel.as"), "utf8").replaceAll("\r\n", "\n");
    assert.equal(createHash("sha256").update(source).digest("hex"), KERNEL_SOURCE_SHA256, "run node scripts/sweepKernel.mjs");
  });
});
