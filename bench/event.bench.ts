/**
 * The event engine: million bars a second with a simple strategy, for one symbol and for a hundred; and one backtest over
 * 100,000 bars, statistics, trades and hash included, against a bare loop over typed arrays that knows four figures.
 */
import { clockOf } from "../src/core/backtest/clock.ts";
import { runEvent } from "../src/core/backtest/eventEngine.ts";
import { runBacktest } from "../src/core/backtest/runBacktest.ts";
import { RunMemory } from "../src/core/backtest/runMemory.ts";
import { findStrategy } from "../src/core/backtest/strategies/builtin.ts";
import type { BacktestRequest, EngineName } from "../src/core/domain/backtest.ts";
import type { BarSeries } from "../src/core/domain/bars.ts";
import { sma } from "../src/core/domain/indicators.ts";
import type { BarContext } from "../src/core/domain/strategy.ts";
import { inTurns, type Benchmark, type Comparison } from "./comparison.ts";
import { BARS, FEE, randomWalk, walk } from "./sweepWork.ts";

const ROUNDS = 9;
/** Single backtests a round. */
const RUNS = 10;
const ONE = 1_000_000;
const MANY = { symbols: 100, bars: 10_000 };
const FAST = 10;
const SLOW = 50;
const rules = { cash: 10_000, costs: { feeRate: FEE, slippageBps: 0 }, sizing: { kind: "all-in" }, fill: "next-open" } as const;

export const bench: Benchmark = {
  description: `event engine over ${ONE} bars and over ${MANY.symbols} symbols; one backtest over ${BARS} bars`,
  run: async (signal) => [await throughput(signal), await single(signal)],
};

function cross(bar: BarContext): void {
  if (bar.crossedAbove(FAST, SLOW)) bar.buy();
  else if (bar.crossedBelow(FAST, SLOW)) bar.sell();
}

function crossEach(bar: BarContext): void {
  for (const symbol of bar.symbols) {
    const one = bar.of(symbol);
    if (one.crossedAbove(FAST, SLOW)) one.buy({ size: 1 });
    else if (one.crossedBelow(FAST, SLOW)) one.sell();
  }
}

function atLoss(bar: BarContext): void {
  if (bar.crossedAbove(FAST, SLOW)) bar.buy({ stopLoss: bar.close * 0.97, takeProfit: bar.close * 1.05 });
}

async function throughput(signal: AbortSignal): Promise<Comparison> {
  const one = randomWalk(ONE).series;
  const many: BarSeries[] = Array.from({ length: MANY.symbols }, (_value, i) => ({ ...randomWalk(MANY.bars).series, symbol: `S${i}` }));
  const clock = clockOf(many);
  const memory = new RunMemory();
  const played = (series: readonly BarSeries[], times: Float64Array, onBar: (bar: BarContext) => void) => {
    memory.begin();
    return runEvent(series, times, onBar, {}, rules, undefined, memory);
  };
  const ms = await inTurns(
    ROUNDS,
    {
      "plain loop": () => plain(one),
      "1 symbol, market orders": () => played([one], one.time, cross),
      "1 symbol, brackets": () => played([one], one.time, atLoss),
      "100 symbols": () => played(many, clock, crossEach),
    },
    signal,
  );
  return {
    title: "bars a second",
    unit: "M bars/s",
    better: "higher",
    baseline: "plain loop",
    samples: Object.fromEntries(Object.entries(ms).map(([name, values]) => [name, values.map((value) => ONE / value / 1000)])),
    note: `averages ${FAST}/${SLOW} computed in each run, equity kept at every bar, in memory kept from run to run as a worker keeps it. The plain loop is the same cross over typed arrays, with return, fall and Sharpe ratio.`,
  };
}

async function single(signal: AbortSignal): Promise<Comparison> {
  const dataset = randomWalk();
  const strategy = { definition: findStrategy("sma_cross"), hash: "" };
  const memory = new RunMemory();
  const ours = (engine: EngineName) => runBacktest(requestOf(engine), strategy, dataset, memory);
  const expected = plain(dataset.series);
  for (const engine of ["vector", "event"] as const) {
    const { totalReturnPct } = ours(engine).stats;
    if (Math.abs(totalReturnPct / 100 - expected[0]!) > 1e-9)
      throw new Error(`The ${engine} engine gains ${totalReturnPct} %, the plain loop ${expected[0]! * 100} %.`);
  }
  const repeated = (work: () => unknown) => () => {
    for (let i = 0; i < RUNS; i++) work();
  };
  const ms = await inTurns(
    2 * ROUNDS,
    {
      "plain loop": repeated(() => plain(dataset.series)),
      "vector engine": repeated(() => ours("vector")),
      "event engine": repeated(() => ours("event")),
    },
    signal,
  );
  return {
    title: `one backtest, ${BARS} bars`,
    unit: "ms",
    better: "lower",
    baseline: "plain loop",
    samples: Object.fromEntries(Object.entries(ms).map(([name, values]) => [name, values.map((value) => value / RUNS)])),
    note: `warm: ${RUNS} runs one after another a round, in memory kept from run to run as a worker keeps it; all end at the same return (1e-9). The engines also list ${ours("vector").trades.length} trades with their times and excursions, 25 statistics and the run's hash.`,
  };
}

function plain({ open, close }: BarSeries): Float64Array {
  const results = new Float64Array(4);
  walk(open, close, sma(close, FAST), sma(close, SLOW), results, 0);
  return results;
}

function requestOf(engine: EngineName): BacktestRequest {
  return {
    strategy: { kind: "builtin", name: "sma_cross" },
    params: { fast: FAST, slow: SLOW },
    data: "walk",
    engine,
    riskFree: 0,
    withEquity: false,
    ...rules,
  };
}
