/** A million stored results: what a dashboard asks for, against the same asked without indexes and kept totals. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { NewRun, SourceItem } from "../src/core/domain/ports.ts";
import { ResultsFile } from "../src/core/store/resultsFile.ts";
import { inTurns, type Benchmark, type Comparison } from "./comparison.ts";

const RESULTS = 1_000_000;
const BATCH = 10_000;
const SOURCES = 5000;
const ROUNDS = 5;

export const bench: Benchmark = {
  description: `the dashboard's queries over ${RESULTS.toLocaleString("en-US")} stored results`,
  run: async (signal) => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-bench-"));
    const path = join(folder, "results.sqlite");
    const file = new ResultsFile({
      path,
      before: join(folder, "none.sqlite"),
      warn: (sentence) => {
        throw new Error(sentence);
      },
    });
    try {
      const started = performance.now();
      for (let at = 0; at < RESULTS; at += BATCH) {
        signal.throwIfAborted();
        file.addRuns(Array.from({ length: BATCH }, (_value, i) => runAt(at + i)));
      }
      const built = (performance.now() - started) / 1000;
      file.change(({ sources }) => sources.add(Array.from({ length: SOURCES }, (_value, i) => sourceAt(i))));
      const naive = new DatabaseSync(path, { readOnly: true });
      const comparisons = await compare(
        file,
        naive,
        `${RESULTS.toLocaleString("en-US")} results written in ${built.toFixed(1)} s, in batches of ${BATCH}`,
        signal,
      );
      naive.close();
      return comparisons;
    } finally {
      file.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function compare(file: ResultsFile, naive: DatabaseSync, note: string, signal: AbortSignal): Promise<readonly Comparison[]> {
  const all = (sql: string) => naive.prepare(sql).all();
  const cases: ReadonlyArray<readonly [title: string, ours: () => unknown, plain: () => unknown]> = [
    [
      "whole refresh",
      () => file.use(({ runs, sources }) => [runs.dashboard(), sources.latest()]),
      () => [
        all("SELECT count(*), count(sharpe), avg(sharpe), sum(total_return_pct > 0), avg(duration_ms), sum(trials) FROM runs NOT INDEXED"),
        all("SELECT * FROM runs NOT INDEXED ORDER BY at DESC, id DESC LIMIT 50"),
        all("SELECT * FROM runs NOT INDEXED WHERE sharpe IS NOT NULL ORDER BY sharpe DESC LIMIT 10"),
        all("SELECT * FROM sources NOT INDEXED ORDER BY at DESC LIMIT 20"),
      ],
    ],
    ["50 most recent", () => file.use(({ runs }) => runs.find({})), () => all("SELECT * FROM runs NOT INDEXED ORDER BY at DESC, id DESC LIMIT 50")],
    [
      "top 10 by Sharpe",
      () => file.use(({ runs }) => runs.find({ sort: "sharpe", limit: 10 })),
      () => all("SELECT * FROM runs NOT INDEXED WHERE sharpe IS NOT NULL ORDER BY sharpe DESC LIMIT 10"),
    ],
    [
      "50 most recent of one strategy",
      () => file.use(({ runs }) => runs.find({ strategy: "strategy_7" })),
      () => all("SELECT * FROM runs NOT INDEXED WHERE strategy = 'strategy_7' ORDER BY at DESC, id DESC LIMIT 50"),
    ],
    [
      "one run by its hash",
      () => file.use(({ runs }) => runs.byHash(hashAt(777_777))),
      () => all(`SELECT * FROM runs NOT INDEXED WHERE run_hash = '${hashAt(777_777)}'`),
    ],
    ["20 latest source items", () => file.use(({ sources }) => sources.latest()), () => all("SELECT * FROM sources NOT INDEXED ORDER BY at DESC LIMIT 20")],
  ];
  const comparisons: Comparison[] = [];
  for (const [title, ours, plain] of cases) {
    comparisons.push({
      title,
      unit: "ms",
      better: "lower",
      baseline: "without indexes and totals",
      samples: await inTurns(ROUNDS, { "without indexes and totals": plain, ours }, signal),
      note,
    });
  }
  return comparisons;
}

function hashAt(at: number): string {
  return Math.imul(at + 1, 0x9e3779b1)
    .toString(16)
    .replace("-", "f")
    .padStart(8, "0")
    .repeat(8);
}

/** Every tenth has no Sharpe ratio; times and ratios in no order. */
function runAt(at: number): NewRun {
  const mixed = (Math.imul(at, 0x85ebca6b) >>> 0) / 2 ** 32;
  return {
    runHash: hashAt(at),
    at: 1_700_000_000_000 + Math.floor(mixed * 1e9),
    front: "cli",
    strategy: `strategy_${at % 40}`,
    params: `{"fast":${at % 97},"slow":${at % 211}}`,
    dataset: `SYMBOL${at % 500}`,
    datasetHash: `data-${at % 500}`,
    sharpe: at % 10 === 0 ? null : mixed * 4 - 1,
    totalReturnPct: mixed * 200 - 50,
    maxDrawdownPct: mixed * 60,
    trades: at % 300,
    durationMs: mixed * 20,
    simulated: false,
    details: {
      kind: "backtest",
      spec: { data: `SYMBOL${at % 500}`, strategy: `strategy_${at % 40}` },
      request: {
        cash: 10_000,
        fill: "next-open",
        engine: "auto",
        params: { fast: at % 97, slow: at % 211 },
        riskFree: 0,
        costs: { feeRate: 0.001, slippageBps: 5 },
      },
      stats: { finalEquity: 10_000 * (1 + mixed), sharpe: mixed * 4 - 1, trades: at % 300, maxDrawdownPct: mixed * 60 },
      engine: "vector",
      dataset: { name: `SYMBOL${at % 500}`, bars: 5105, sha256: `data-${at % 500}` },
    } as unknown as NonNullable<NewRun["details"]>,
  };
}

function sourceAt(at: number): SourceItem {
  const url = `https://example.com/${at}`;
  return { kind: "news", title: `Item ${at}`, url, source: "Wire", symbols: ["AAPL"], at: Math.imul(at, 2_654_435_761) >>> 0, readBy: "news_momentum" };
}
