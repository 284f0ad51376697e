/** Lag of the calling process while a batch of 200 backtests runs: in its own loop against the backtester. */
import { createBacktester } from "../src/core/backtest/backtester.ts";
import { runBacktest } from "../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../src/core/backtest/strategies/builtin.ts";
import { availableParallelism } from "node:os";
import { openLagMeter, type LagReading } from "../src/core/base/lagMeter.ts";
import { silentLog } from "../src/core/base/log.ts";
import { sampleDataset } from "../src/core/data/samples.ts";
import type { BacktestRequest } from "../src/core/domain/backtest.ts";
import type { Benchmark, Comparison } from "./comparison.ts";

const BACKTESTS = 200;
const ROUNDS = 3;

export const bench: Benchmark = {
  description: `lag of the caller's loop during ${BACKTESTS} backtests of the S&P 500`,
  run: async (signal) => {
    const dataset = await sampleDataset("sample:sp500", signal);
    const requests = Array.from({ length: BACKTESTS }, (_, i) => requestOf({ fast: 5 + (i % 20), slow: 30 + Math.floor(i / 20) * 5 }));
    const strategy = { definition: findStrategy("sma_cross"), hash: "" };
    const workers = Math.min(4, availableParallelism());
    const backtester = createBacktester({ workers, timeoutMs: 30_000, log: silentLog });
    const [inLoop, offloaded]: [LagReading[], LagReading[]] = [[], []];
    try {
      backtester.register("sp500", dataset);
      await backtester.batch(requests.slice(0, 8), {}, signal); // starts the workers
      for (let round = 0; round < ROUNDS; round++) {
        inLoop.push(
          await lagDuring(async () => {
            for (const request of requests) runBacktest(request, strategy, dataset);
          }),
        );
        offloaded.push(
          await lagDuring(async () => {
            const { succeeded } = await backtester.batch(requests, {}, signal);
            if (succeeded !== BACKTESTS) throw new Error(`Only ${succeeded} of ${BACKTESTS} backtests succeeded.`);
          }),
        );
      }
    } finally {
      await backtester.close();
    }
    const compare = (title: string, of: (lag: LagReading) => number): Comparison => ({
      title,
      unit: "ms",
      better: "lower",
      baseline: "in the loop",
      samples: { "in the loop": inLoop.map(of), backtester: offloaded.map((lag) => Math.max(of(lag), 0.001)) },
      note: `${workers} workers, warm; in the loop the batch is one block.`,
    });
    return [compare("lag P95", (lag) => lag.p95), compare("lag P99", (lag) => lag.p99), compare("lag max", (lag) => lag.max)];
  },
};

function requestOf(params: BacktestRequest["params"]): BacktestRequest {
  return {
    strategy: { kind: "builtin", name: "sma_cross" },
    params,
    data: "sp500",
    engine: "vector",
    cash: 10_000,
    costs: { feeRate: 0.001, slippageBps: 5 },
    sizing: { kind: "all-in" },
    fill: "next-open",
    riskFree: 0,
    withEquity: false,
  };
}

async function lagDuring(work: () => Promise<void>): Promise<LagReading> {
  const meter = openLagMeter({ resolutionMs: 1 });
  try {
    await new Promise((resolve) => setTimeout(resolve, 5));
    meter.reset();
    await work();
    return meter.snapshot();
  } finally {
    meter.stop();
  }
}
