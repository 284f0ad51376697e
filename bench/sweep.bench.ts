/**
 * A sweep of 1,000 moving-average crosses over 100,000 bars: by the tables of a sweep on one thread and through the whole
 * library, against the same written bar by bar in JavaScript and in C (sweepKernel.c, when there is a gcc).
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createBacktester } from "../src/core/backtest/backtester.ts";
import { COLUMNS, writeColumns } from "../src/core/backtest/sweep/figures.ts";
import { compileKernel, kernelMemory } from "../src/core/backtest/sweep/kernel.ts";
import { recipeOf } from "../src/core/backtest/sweep/recipes.ts";
import { computeIndicators, planTables, prepare, TableEvaluator } from "../src/core/backtest/sweep/tableSweep.ts";
import { silentLog } from "../src/core/base/log.ts";
import { seededRandom } from "../src/core/base/random.ts";
import type { BarSeries, Dataset } from "../src/core/domain/bars.ts";
import { sma } from "../src/core/domain/indicators.ts";
import type { Benchmark } from "./comparison.ts";

const run = promisify(execFile);
const BARS = 100_000;
const FEE = 0.001;
const SCALE = 10_000;
const FAST = Array.from({ length: 20 }, (_value, i) => 5 + 2 * i);
const SLOW = Array.from({ length: 50 }, (_value, i) => 50 + 4 * i);
const COMBINATIONS = FAST.length * SLOW.length;
const ROUNDS = 7;
/** Return, fall, Sharpe ratio and trades of every combination; return and fall as shares. */
type Results = Float64Array;

export const bench: Benchmark = {
  description: `${COMBINATIONS} moving-average crosses over ${BARS} bars`,
  run: async (signal) => {
    const dataset = randomWalk();
    const c = await compileC(dataset.series, signal);
    const backtester = createBacktester({ workers: 2, timeoutMs: 60_000, log: silentLog });
    try {
      backtester.register("walk", dataset);
      const module = compileKernel();
      let memory: ReturnType<typeof kernelMemory> | undefined;
      const tables = (options: { readonly keep: boolean }) => {
        const results = byTables(dataset.series, module, options.keep ? memory : undefined);
        memory = results.memory;
        return results.results;
      };
      const library = (workers: number) => async () => {
        const { columns } = await backtester.sweep(
          {
            request: {
              strategy: { kind: "builtin", name: "sma_cross" },
              params: {},
              data: "walk",
              engine: "auto",
              cash: 10_000,
              costs: { feeRate: FEE, slippageBps: 0 },
              sizing: { kind: "all-in" },
              fill: "next-open",
              riskFree: 0,
              withEquity: false,
            },
            grid: `fast=${FAST.join("|")},slow=${SLOW.join("|")}`,
            earlierTrials: 0,
          },
          { workers },
          signal,
        );
        return Float64Array.from({ length: 4 * COMBINATIONS }, (_value, k) => {
          const i = k >> 2;
          return [columns.totalReturnPct[i]! / 100, columns.maxDrawdownPct[i]! / 100, columns.sharpe[i]!, columns.trades[i]!][k & 3]!;
        });
      };
      const variants: Record<string, () => Results | Promise<Results>> = {
        "plain loop": () => plainLoop(dataset.series),
        "tables, 1 thread": () => tables({ keep: true }),
        "tables, 1 thread, new memory": () => tables({ keep: false }),
        "whole library, 1 worker": library(1),
        "whole library, 2 workers": library(2),
      };
      const expected = plainLoop(dataset.series);
      for (const [name, variant] of Object.entries(variants)) agree(name, await variant(), expected);
      const samples: Record<string, number[]> = {};
      for (let round = 0; round < ROUNDS; round++) {
        if (c !== undefined) {
          const { ms, results } = await c.run();
          if (round === 0) agree("the C kernel", results, expected);
          (samples["C, bar by bar, 1 thread"] ??= []).push(ms);
        }
        for (const [name, variant] of Object.entries(variants)) {
          signal.throwIfAborted();
          const started = performance.now();
          await variant();
          (samples[name] ??= []).push(performance.now() - started);
        }
      }
      return [
        {
          title: "sma_cross sweep",
          unit: "ms",
          better: "lower" as const,
          baseline: c === undefined ? "plain loop" : "C, bar by bar, 1 thread",
          samples,
          note: `all agree to 1e-9 in return, drawdown, Sharpe ratio and trades (${expected.reduce((sum, value, k) => sum + (k % 4 === 3 ? value : 0), 0).toLocaleString("en-US")} in all).${c === undefined ? " No gcc here: no C kernel." : " C: gcc -O3 -march=native, its own time without its start."} The whole library also runs the 20 best in full through the ordinary engine, and computes deflated Sharpe ratios and the probability of overfitting.`,
        },
      ];
    } finally {
      await backtester.close();
      await c?.end();
    }
  },
};

/** Prices of four decimals, as quotes have. */
function randomWalk(): Dataset {
  const random = seededRandom("sweep bench");
  const column = () => new Float64Array(BARS);
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
  for (let t = 0; t < BARS; t++) {
    const open = round(price * Math.exp(0.001 * random.normal()));
    price = round(open * Math.exp(0.01 * random.normal()));
    series.time[t] = t * 86_400_000;
    series.open[t] = open;
    series.close[t] = price;
    series.high[t] = Math.max(open, price);
    series.low[t] = Math.min(open, price);
  }
  return { info: { name: "walk", bars: BARS, from: null, to: null, sha256: "walk", source: "SIMULATED random walk", adjustment: "none", asOf: null }, series };
}

function byTables(bars: BarSeries, module: ReturnType<typeof compileKernel>, known: ReturnType<typeof kernelMemory> | undefined) {
  const value = (name: string, i: number) => (name === "fast" ? FAST[Math.floor(i / SLOW.length)] : SLOW[i % SLOW.length]) as number;
  const recipe = recipeOf("sma_cross", COMBINATIONS, value);
  if (recipe === undefined) throw new Error("sma_cross is not taken apart.");
  const plan = planTables(bars, recipe, { boundCount: 0, workers: 1 });
  if (typeof plan === "string") throw new Error(plan);
  const memory = known ?? kernelMemory(plan.layout.bytes, module);
  const sweep = { memory, module, recipe, bars, ...plan };
  prepare(sweep, []);
  computeIndicators(sweep);
  const evaluator = new TableEvaluator(sweep, 0, { feeRate: FEE, slippageBps: 0 });
  const results = new Float64Array(4 * COMBINATIONS);
  const out = new Float64Array(COLUMNS.length);
  const record = new Float64Array(memory.buffer, plan.layout.record, 8 * BARS);
  const rules = {
    bars: BARS,
    periodsPerYear: 365,
    riskFree: 0,
    cash: 1,
    feeRate: FEE,
    spanMs: (BARS - 1) * 86_400_000,
    allSquares: record[8 * BARS - 5] as number,
  };
  for (let i = 0; i < COMBINATIONS; i++) {
    evaluator.evaluate(i);
    if (!writeColumns(evaluator.figures, rules, out, 0)) throw new Error(`Combination ${i} is too coarse for the tables.`);
    results.set([out[0]! / 100, out[2]! / 100, out[1]!, out[3]!], 4 * i);
  }
  return { results, memory };
}

/** As one writes it without a library: averages once a period, then bar by bar. */
function plainLoop({ open, close }: BarSeries): Results {
  const lines = new Map([...FAST, ...SLOW].map((period) => [period, sma(close, period)]));
  const results = new Float64Array(4 * COMBINATIONS);
  FAST.forEach((fast, i) => {
    SLOW.forEach((slow, j) => {
      walk(open, close, lines.get(fast) as Float64Array, lines.get(slow) as Float64Array, results, 4 * (i * SLOW.length + j));
    });
  });
  return results;
}

function walk(open: Float64Array, close: Float64Array, fast: Float64Array, slow: Float64Array, out: Float64Array, at: number): void {
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

interface CKernel {
  /** One sweep: its own milliseconds, and what it found. */
  run(): Promise<{ readonly ms: number; readonly results: Results }>;
  end(): Promise<void>;
}

async function compileC({ open, close }: BarSeries, signal: AbortSignal): Promise<CKernel | undefined> {
  const folder = await mkdtemp(join(tmpdir(), "quantdesk-bench-"));
  const end = () => rm(folder, { recursive: true, force: true });
  const [program, prices, results] = ["sweep", "prices", "results"].map((name) => join(folder, name)) as [string, string, string];
  try {
    await run("gcc", ["-O3", "-march=native", join(import.meta.dirname, "sweepKernel.c"), "-o", program, "-lm"], { signal, timeout: 60_000 });
  } catch (error) {
    await end();
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const head = Float64Array.of(BARS, SCALE, FEE, 365, FAST.length, SLOW.length, ...FAST, ...SLOW);
  await writeFile(prices, Buffer.concat([head, open, close].map((column) => Buffer.from(column.buffer, column.byteOffset, column.byteLength))));
  return {
    end,
    run: async () => {
      const { stdout } = await run(program, [prices, results, "1"], { signal, timeout: 60_000 });
      const bytes = await readFile(results);
      return { ms: Number(stdout), results: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)) };
    },
  };
}

function agree(name: string, results: Results, expected: Results): void {
  results.forEach((value, k) => {
    if (!(Math.abs(value - expected[k]!) <= 1e-9 * Math.max(1, Math.abs(expected[k]!))))
      throw new Error(`${name}: figure ${k % 4} of combination ${k >> 2} is ${value}, the plain loop says ${expected[k]}.`);
  });
}
