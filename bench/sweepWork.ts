/** The work of sweep.bench.ts: its bars, the sweep by the tables on one thread, and the same written bar by bar. */
import { COLUMNS, writeColumns } from "../src/core/backtest/sweep/figures.ts";
import { compileKernel, kernelMemory } from "../src/core/backtest/sweep/kernel.ts";
import { recipeOf } from "../src/core/backtest/sweep/recipes.ts";
import { computeIndicators, planTables, prepare, TableEvaluator } from "../src/core/backtest/sweep/tableSweep.ts";
import { seededRandom } from "../src/core/base/random.ts";
import type { BarSeries, Dataset } from "../src/core/domain/bars.ts";
import { sma } from "../src/core/domain/indicators.ts";

export const BARS = 100_000;
export const FEE = 0.001;
export const SCALE = 10_000;
export const FAST = Array.from({ length: 20 }, (_value, i) => 5 + 2 * i);
export const SLOW = Array.from({ length: 50 }, (_value, i) => 50 + 4 * i);
export const COMBINATIONS = FAST.length * SLOW.length;
/** Return, fall, Sharpe ratio and trades of every combination; return and fall as shares. */
export type Results = Float64Array;

/** Prices of four decimals, as quotes have. */
export function randomWalk(bars = BARS): Dataset {
  const random = seededRandom("sweep bench");
  const column = () => new Float64Array(bars);
  const series: BarSeries = {
    symbol: "WALK",
    timeframe: "unknown",
    simulated: true,
    time: column(),
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
  };
  const round = (price: number) => Math.max(1, Math.round(price * SCALE)) / SCALE;
  let price = 100;
  for (let t = 0; t < bars; t++) {
    const open = round(price * Math.exp(0.001 * random.normal()));
    price = round(open * Math.exp(0.01 * random.normal()));
    series.time[t] = t * 86_400_000;
    series.open[t] = open;
    series.close[t] = price;
    series.high[t] = Math.max(open, price);
    series.low[t] = Math.min(open, price);
  }
  return { info: { name: "walk", bars, from: null, to: null, sha256: "walk", source: "SIMULATED random walk", adjustment: "none", asOf: null }, series };
}

export function byTables(bars: BarSeries, module: ReturnType<typeof compileKernel>, known: ReturnType<typeof kernelMemory> | undefined) {
  const value = (name: string, i: number) => (name === "fast" ? FAST[Math.floor(i / SLOW.length)] : SLOW[i % SLOW.length]) as number;
  const recipe = recipeOf("sma_cross", COMBINATIONS, value);
  if (recipe === undefined) throw new Error("sma_cross is not taken apart.");
  const plan = planTables(bars, recipe, { boundCount: 0, workers: 1 });
  if (typeof plan === "string") throw new Error(plan);
  const memory = known ?? kernelMemory(plan.layout.bytes, module);
  const sweep = { memory, module, recipe, bars, ...plan };
  const allSquares = prepare(sweep, []);
  computeIndicators(sweep);
  const evaluator = new TableEvaluator(sweep, 0, { feeRate: FEE, slippageBps: 0 });
  const results = new Float64Array(4 * COMBINATIONS);
  const out = new Float64Array(COLUMNS.length);
  const rules = {
    bars: BARS,
    periodsPerYear: 365,
    riskFree: 0,
    cash: 1,
    feeRate: FEE,
    spanMs: (BARS - 1) * 86_400_000,
    allSquares,
  };
  for (let i = 0; i < COMBINATIONS; i++) {
    evaluator.evaluate(i);
    if (!writeColumns(evaluator.figures, rules, out, 0)) throw new Error(`Combination ${i} is too coarse for the tables.`);
    results.set([out[0]! / 100, out[2]! / 100, out[1]!, out[3]!], 4 * i);
  }
  return { results, memory };
}

/** As one writes it without a library: averages once a period, then bar by bar. */
export function plainLoop({ open, close }: BarSeries): Results {
  const lines = new Map([...FAST, ...SLOW].map((period) => [period, sma(close, period)]));
  const results = new Float64Array(4 * COMBINATIONS);
  FAST.forEach((fast, i) => {
    SLOW.forEach((slow, j) => {
      walk(open, close, lines.get(fast) as Float64Array, lines.get(slow) as Float64Array, results, 4 * (i * SLOW.length + j));
    });
  });
  return results;
}

export function walk(open: Float64Array, close: Float64Array, fast: Float64Array, slow: Float64Array, out: Float64Array, at: number): void {
  const last = close.length - 1;
  let [cash, units, before, peak, fall, sum, squares, trades] = [1, 0, 1, 1, 0, 0, 0, 0];
  let want = false;
  for (let t = 1; t <= last; t++) {
    if (want && units === 0) {
      units = cash / (open[t]! * (1 + FEE));
      cash = 0;
      trades++;
    } else if (!want && units > 0) {
      cash = units * open[t]! * (1 - FEE);
      units = 0;
    }
    const equity = (cash + units * close[t]!) * (t === last && units > 0 ? 1 - FEE : 1);
    const r = equity / before - 1;
    sum += r;
    squares += r * r;
    before = equity;
    if (equity > peak) peak = equity;
    else if (1 - equity / peak > fall) fall = 1 - equity / peak;
    if (fast[t - 1]! <= slow[t - 1]! && fast[t]! > slow[t]!) want = true;
    else if (fast[t - 1]! >= slow[t - 1]! && fast[t]! < slow[t]!) want = false;
  }
  const mean = sum / last;
  const variance = (squares - sum * mean) / (last - 1);
  out.set([before - 1, fall, variance > 0 ? (mean / Math.sqrt(variance)) * Math.sqrt(365) : 0, trades], at);
}
