/** One backtest of the S&P 500: our engines against a loop over the bars as one writes it by hand. */
import { runBacktest } from "../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../src/core/backtest/strategies/builtin.ts";
import { sampleDataset } from "../src/core/data/samples.ts";
import type { BacktestRequest, EngineName } from "../src/core/domain/backtest.ts";
import type { BarSeries } from "../src/core/domain/bars.ts";
import { inTurns, type Benchmark } from "./comparison.ts";

const ROUNDS = 15;
const RUNS = 20;
const CASH = 10_000;
const FEE = 0.001;
const CASES = [
  { fast: 10, slow: 20 },
  { fast: 50, slow: 200 },
] as const;

export const bench: Benchmark = {
  description: "sma_cross over the daily S&P 500, 20 runs a round",
  run: async (signal) => {
    const dataset = await sampleDataset("sample:sp500", signal);
    const strategy = { definition: findStrategy("sma_cross"), hash: "" };
    const comparisons = [];
    for (const params of CASES) {
      const ours = (engine: EngineName) => runBacktest(requestOf(engine, params), strategy, dataset).stats.finalEquity;
      const plain = () => plainLoop(dataset.series, params.fast, params.slow);
      for (const engine of ["vector", "event"] as const) {
        const [equity, expected] = [ours(engine), plain()];
        if (Math.abs(equity / expected - 1) > 1e-9) throw new Error(`The ${engine} engine ends at ${equity}, the plain loop at ${expected}.`);
      }
      const repeated = (work: () => number) => () => {
        for (let i = 0; i < RUNS; i++) work();
      };
      const samples = await inTurns(
        ROUNDS,
        { "plain loop": repeated(plain), "vector engine": repeated(() => ours("vector")), "event engine": repeated(() => ours("event")) },
        signal,
      );
      comparisons.push({
        title: `sma_cross ${params.fast}/${params.slow}`,
        unit: "ms",
        better: "lower" as const,
        baseline: "plain loop",
        samples,
        note: `${dataset.series.close.length} bars; all three end at the same equity (1e-9). The engines also list every trade, check orders, compute 19 statistics and hash the run; the plain loop only knows its equity.`,
      });
    }
    return comparisons;
  },
};

function requestOf(engine: EngineName, params: BacktestRequest["params"]): BacktestRequest {
  return {
    strategy: { kind: "builtin", name: "sma_cross" },
    params,
    data: "sp500",
    engine,
    cash: CASH,
    costs: { feeRate: FEE, slippageBps: 0 },
    sizing: { kind: "all-in" },
    fill: "next-open",
    riskFree: 0,
    withEquity: false,
  };
}

/** As in a first notebook cell: two averages summed anew at every bar, a signal at the close, the fill at the next open. */
function plainLoop({ open, close }: BarSeries, fast: number, slow: number): number {
  let cash = CASH;
  let units = 0;
  let order: "buy" | "sell" | undefined;
  const mean = (end: number, period: number) => {
    let sum = 0;
    for (let i = end - period + 1; i <= end; i++) sum += close[i] as number;
    return sum / period;
  };
  for (let t = 0; t < close.length; t++) {
    const price = open[t] as number;
    if (order === "buy" && units === 0) {
      units = cash / (price * (1 + FEE));
      cash = 0;
    }
    if (order === "sell" && units > 0) {
      cash = units * price * (1 - FEE);
      units = 0;
    }
    order = undefined;
    if (t < slow) continue;
    const [before, now] = [mean(t - 1, fast) - mean(t - 1, slow), mean(t, fast) - mean(t, slow)];
    // Averages that are equal on paper differ by a rounding error when they are summed like this.
    const tiny = 1e-9 * (close[t] as number);
    if (before <= tiny && now > tiny) order = "buy";
    if (before >= -tiny && now < -tiny) order = "sell";
  }
  return cash + units * (close.at(-1) as number) * (1 - FEE);
}
