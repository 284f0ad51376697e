/** The pool: 4, 8 and 20 backtests of a user's strategy one after another against side by side, and what an item costs beyond its work. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createBacktester } from "../src/core/backtest/backtester.ts";
import { silentLog } from "../src/core/base/log.ts";
import type { BacktestRequest } from "../src/core/domain/backtest.ts";
import type { Backtester } from "../src/core/domain/ports.ts";
import { inTurns, type Benchmark, type Comparison } from "./comparison.ts";
import { randomWalk } from "./sweepWork.ts";

const ROUNDS = 5;
const SIZES = [4, 8, 20] as const;
const WORKERS = Math.min(4, availableParallelism());
const BARS = 50_000;
const TINY = 500;
/** Some hundred milliseconds of a user's own arithmetic at each run. */
const STRATEGY = `import { defineStrategy } from "quantdesk";
export default defineStrategy({ name: "own", params: { n: { default: 100 } }, onBar(bar, { n }) {
  let sum = 0;
  for (let ago = 0; ago < n; ago++) sum += bar.lag(ago);
  if (bar.close > sum / n) bar.buy(); else bar.sell();
} });
`;

const TINY_STRATEGY = `import { defineStrategy } from "quantdesk";
export default defineStrategy({ name: "tiny", params: {}, onBar(bar) { if (bar.index === 0) bar.buy(); } });
`;

export const bench: Benchmark = {
  description: `batches of a user's strategy with 1 and ${WORKERS} workers on ${availableParallelism()} cores`,
  run: async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), "pool-"));
    const backtester = createBacktester({ workers: WORKERS, timeoutMs: 60_000, log: silentLog });
    try {
      const path = join(folder, "own.ts");
      await writeFile(path, STRATEGY);
      backtester.register("long", randomWalk(BARS));
      backtester.register("short", randomWalk(50));
      const own = { ...requestOf("long"), strategy: { kind: "file", path } as const };
      const batches: Comparison[] = [];
      for (const size of SIZES)
        batches.push(
          await table(
            backtester,
            Array.from({ length: size }, (_value, i) => ({ ...own, params: { n: 100 + i } })),
            signal,
          ),
        );
      const tiny = { ...requestOf("short"), strategy: { kind: "file", path: join(folder, "tiny.ts") } as const };
      await writeFile(tiny.strategy.path, TINY_STRATEGY);
      return [
        ...batches,
        await overhead(backtester, "per item of a batch", requestOf("short"), signal),
        await overhead(backtester, "per item of a batch, a user's strategy", tiny, signal),
      ];
    } finally {
      await backtester.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function table(backtester: Backtester, requests: readonly BacktestRequest[], signal: AbortSignal): Promise<Comparison> {
  const batch = (workers: number) => async () => {
    const { succeeded } = await backtester.batch(requests, { workers }, signal);
    if (succeeded !== requests.length) throw new Error(`Only ${succeeded} of ${requests.length} backtests succeeded.`);
  };
  return {
    title: `${requests.length} backtests`,
    unit: "ms",
    better: "lower",
    baseline: "one after another",
    samples: await inTurns(ROUNDS, { "one after another": batch(1), [`${WORKERS} at once`]: batch(WORKERS) }, signal),
    note: `${availableParallelism()} cores: no more than ${Math.min(WORKERS, availableParallelism())} times better is possible. Warm workers, ${BARS} bars.`,
  };
}

/** Of backtests that take next to nothing: the time of the batch less that of the runs themselves, for each. */
async function overhead(backtester: Backtester, title: string, request: BacktestRequest, signal: AbortSignal): Promise<Comparison> {
  const requests = Array.from({ length: TINY }, () => request);
  const [whole, inside]: [number[], number[]] = [[], []];
  for (let round = -1; round < ROUNDS; round++) {
    const { durationMs, results } = await backtester.batch(requests, {}, signal);
    if (round < 0) continue;
    whole.push(durationMs / TINY);
    inside.push(results.reduce((sum, { result }) => sum + (result?.durationMs ?? 0), 0) / TINY / WORKERS);
  }
  return {
    title,
    unit: "ms",
    better: "lower",
    baseline: "the runs alone",
    samples: { "the runs alone": inside, "with the pool": whole },
    note: `${TINY} runs over 50 bars; the difference is what the pool costs an item, two processes and a thread away.`,
  };
}

function requestOf(data: string): BacktestRequest {
  return {
    strategy: { kind: "builtin", name: "buy_and_hold" },
    params: {},
    data,
    engine: "auto",
    cash: 10_000,
    costs: { feeRate: 0.001, slippageBps: 0 },
    sizing: { kind: "all-in" },
    fill: "next-open",
    riskFree: 0,
    withEquity: false,
  };
}
