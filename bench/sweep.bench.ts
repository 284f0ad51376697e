/**
 * A sweep of 1,000 moving-average crosses over 100,000 bars: by the tables of a sweep on one thread, against the same written
 * bar by bar in JavaScript and in C (sweepKernel.c, when there is a gcc); the whole library on one worker and on two; and
 * 100,000 combinations over 5,000 bars.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { createBacktester } from "../src/core/backtest/backtester.ts";
import { compileKernel, type KernelMemory } from "../src/core/backtest/sweep/kernel.ts";
import { openLagMeter } from "../src/core/base/lagMeter.ts";
import { silentLog } from "../src/core/base/log.ts";
import type { BacktestRequest } from "../src/core/domain/backtest.ts";
import type { Backtester } from "../src/core/domain/ports.ts";
import { median, type Benchmark, type Comparison } from "./comparison.ts";
import { compileC, type CKernel } from "./sweepC.ts";
import { BARS, byTables, COMBINATIONS, FAST, FEE, plainLoop, randomWalk, SLOW, type Results } from "./sweepWork.ts";

const run = promisify(execFile);
const ROUNDS = 7;
const C = "C, bar by bar";
const MANY_BARS = 5000;
const MANY = { grid: "fast=2:201,slow=202:701", combinations: 100_000 };

export const bench: Benchmark = {
  description: `${COMBINATIONS} moving-average crosses over ${BARS} bars, and ${MANY.combinations} over ${MANY_BARS}`,
  run: async (signal) => {
    const backtester = createBacktester({ workers: 2, timeoutMs: 60_000, log: silentLog });
    const { series } = randomWalk();
    const c = await compileC(series, signal);
    try {
      const expected = plainLoop(series);
      return [...(await onOneThread(c, expected, signal)), ...(await whole(backtester, c, expected, signal)), await many(backtester, signal)];
    } finally {
      await backtester.close();
      await c?.end();
    }
  },
};

/** Time of the processor: neighbours on the machine count for less in it than by the clock. */
async function onOneThread(c: CKernel | undefined, expected: Results, signal: AbortSignal): Promise<readonly Comparison[]> {
  const { series } = randomWalk();
  const module = compileKernel();
  let memory: KernelMemory | undefined;
  const variants: Record<string, () => Results> = {
    "plain JavaScript loop": () => plainLoop(series),
    "tables, 1 thread": () => {
      const done = byTables(series, module, memory);
      memory = done.memory;
      return done.results;
    },
    "tables, 1 thread, new memory": () => byTables(series, module, undefined).results,
  };
  for (const [name, variant] of Object.entries(variants)) agree(name, variant(), expected);
  const cpu: Record<string, number[]> = {};
  const wall: Record<string, number[]> = {};
  const add = (name: string, ms: number, cpuMs: number) => {
    (wall[name] ??= []).push(ms);
    (cpu[name] ??= []).push(cpuMs);
  };
  for (let round = 0; round < ROUNDS; round++) {
    signal.throwIfAborted();
    if (c !== undefined) {
      const { ms, cpuMs, results } = await c.run();
      if (round === 0) agree("the C kernel", results, expected);
      add(C, ms, cpuMs);
    }
    for (const [name, variant] of Object.entries(variants)) {
      const [started, used] = [performance.now(), process.cpuUsage()];
      variant();
      const { user, system } = process.cpuUsage(used);
      add(name, performance.now() - started, (user + system) / 1000);
    }
    const { stdout } = await run(process.execPath, [join(import.meta.dirname, "sweepCold.ts")], { signal, timeout: 60_000 });
    const [ms = 0, cpuMs = 0] = stdout.trim().split(" ").map(Number);
    add("tables, first in a new process", ms, cpuMs);
  }
  const trades = expected.reduce((sum, value, k) => sum + (k % 4 === 3 ? value : 0), 0).toLocaleString("en-US");
  const shared = { unit: "ms", better: "lower" as const, baseline: c === undefined ? "plain JavaScript loop" : C };
  const note = `all agree to 1e-9 in return, drawdown, Sharpe ratio and trades (${trades} in all).${c === undefined ? " No gcc here: no C kernel." : " C: gcc -O3 -march=native, without its start."} The tables give ten figures more of every combination.`;
  return [
    { ...shared, title: "sweep, processor time", samples: cpu, note },
    { ...shared, title: "sweep, by the clock", samples: wall, note: "the same rounds." },
  ];
}

/**
 * With everything that a sweep is: the best in full through the ordinary engine, deflated Sharpe ratios, the probability of
 * overfitting. C in the same rounds; two of it at once tell what this machine's cores are worth together at that moment.
 */
async function whole(backtester: Backtester, c: CKernel | undefined, expected: Results, signal: AbortSignal): Promise<readonly Comparison[]> {
  backtester.register("walk", randomWalk());
  const samples: Record<string, number[]> = {};
  const add = (round: number, name: string, ms: number) => {
    if (round >= 0) (samples[name] ??= []).push(ms);
  };
  /** At the 99th of a hundred: while a sweep runs, and while there is only C to wait for. */
  const lags = { sweep: [] as number[], waiting: [] as number[] };
  for (let round = -1; round < ROUNDS; round++) {
    if (c !== undefined) {
      const meter = openLagMeter({ resolutionMs: 1 });
      add(round, C, (await c.run()).ms);
      if (round >= 0) lags.waiting.push(meter.snapshot().p99);
      meter.stop();
      const both = await Promise.all([c.run(0), c.run(1)]);
      add(round, `${C}, two at once, for each`, Math.max(...both.map(({ ms }) => ms)) / 2);
    }
    for (const workers of [1, 2]) {
      const meter = openLagMeter({ resolutionMs: 1 });
      const started = performance.now();
      const { columns } = await backtester.sweep(
        { request: request("walk"), grid: `fast=${FAST.join("|")},slow=${SLOW.join("|")}`, earlierTrials: 0 },
        { workers },
        signal,
      );
      add(round, `${workers} ${workers === 1 ? "worker" : "workers"}`, performance.now() - started);
      if (round >= 0) lags.sweep.push(meter.snapshot().p99);
      meter.stop();
      if (round >= 0) continue;
      const { totalReturnPct, maxDrawdownPct, sharpe, trades } = columns;
      const results = Float64Array.from({ length: 4 * COMBINATIONS }, (_value, k) => {
        const i = k >> 2;
        return [totalReturnPct[i]! / 100, maxDrawdownPct[i]! / 100, sharpe[i]!, trades[i]!][k & 3]!;
      });
      agree(`the library with ${workers}`, results, expected);
    }
  }
  const shared = { unit: "ms", better: "lower" as const, samples };
  const note =
    "by the clock; with the 20 best in full through the ordinary engine, deflated Sharpe ratios and the probability of overfitting." +
    ` The caller's loop lagged by ${median(lags.sweep).toFixed(1)} ms at the 99th of a hundred (median of the sweeps)` +
    `${c === undefined ? "" : `, and by ${median(lags.waiting).toFixed(1)} ms while it only waited for C`}.`;
  return [
    ...(c === undefined ? [] : [{ ...shared, title: "sweep, whole library, against C", baseline: C, note: "the rounds of the next rows." }]),
    { ...shared, title: "sweep, whole library", baseline: "1 worker", note },
  ];
}

async function many(backtester: Backtester, signal: AbortSignal): Promise<Comparison> {
  backtester.register("short", randomWalk(MANY_BARS));
  const samples: Record<string, number[]> = {};
  let growth = 0;
  for (let round = -1; round < 3; round++)
    for (const workers of [1, 2]) {
      const before = process.memoryUsage.rss();
      const { result } = await backtester.sweep({ request: request("short"), grid: MANY.grid, earlierTrials: 0 }, { workers }, signal);
      growth = Math.max(growth, process.memoryUsage.rss() - before);
      if (result.succeeded !== MANY.combinations) throw new Error(`${result.succeeded} of ${MANY.combinations} succeeded.`);
      if (round >= 0) (samples[`${workers} ${workers === 1 ? "worker" : "workers"}`] ??= []).push(result.throughput);
    }
  return {
    title: `${MANY.combinations.toLocaleString("en-US")} combinations over ${MANY_BARS.toLocaleString("en-US")} bars`,
    unit: "/s",
    better: "higher",
    baseline: "1 worker",
    samples,
    note: `whole library; fourteen figures of each, no curve kept. This process grew by at most ${Math.round(growth / 1e6)} MB in one of them.`,
  };
}

function request(data: string): BacktestRequest {
  return {
    strategy: { kind: "builtin", name: "sma_cross" },
    params: {},
    data,
    engine: "auto",
    cash: 10_000,
    costs: { feeRate: FEE, slippageBps: 0 },
    sizing: { kind: "all-in" },
    fill: "next-open",
    riskFree: 0,
    withEquity: false,
  };
}

function agree(name: string, results: Results, expected: Results): void {
  results.forEach((value, k) => {
    if (!(Math.abs(value - expected[k]!) <= 1e-9 * Math.max(1, Math.abs(expected[k]!))))
      throw new Error(`${name}: figure ${k % 4} of combination ${k >> 2} is ${value}, the plain loop says ${expected[k]}.`);
  });
}
