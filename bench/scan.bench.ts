/**
 * Eight scanners that each wait for one answer of a source with a fixed latency: side by side against one after another;
 * and what the executor itself costs, with scanners that have their answer at once, against calling them without it.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { canonicalJson } from "../src/core/base/canonical.ts";
import { systemClock } from "../src/core/base/clock.ts";
import { Breaker } from "../src/core/scanner/breaker.ts";
import { mergeCandidates } from "../src/core/scanner/candidates.ts";
import { runScanners, type ExecutorOptions } from "../src/core/scanner/executor.ts";
import type { ScannerDefinition, ScanState, ScanTools } from "../src/core/domain/scanner.ts";
import { inTurns, type Benchmark, type Comparison } from "./comparison.ts";

const SCANNERS = 8;
const LATENCY_MS = 300;
const ROUNDS = 5;
/** Scans in one sample of the executor's own cost: one is too short to be measured. */
const SCANS = 50;
const SYMBOLS = 200;

export const bench: Benchmark = {
  description: `${SCANNERS} scanners, each one request to a loopback source that answers after ${LATENCY_MS} ms; and the executor's own cost`,
  run: async (signal) => [await waiting(signal), await overhead(signal)],
};

const STATE = { universe: Array.from({ length: SYMBOLS }, (_, i) => `S${i}`), asOf: Date.UTC(2025, 0, 2) };

function optionsWith(change: Partial<ExecutorOptions>): ExecutorOptions {
  return {
    concurrent: true,
    maxWorkers: SCANNERS,
    timeoutMs: 30_000,
    state: STATE,
    thresholds: () => ({}),
    tools: (_name, own) => ({ signal: own }) as ScanTools,
    unmet: () => undefined,
    unknownSymbols: () => Promise.resolve(new Set()),
    breaker: new Breaker(systemClock),
    onLine: () => undefined,
    startedAt: performance.now(),
    ...change,
  };
}

async function waiting(signal: AbortSignal): Promise<Comparison> {
  const source = createServer(
    (request, answer) => void setTimeout(() => answer.end(JSON.stringify([{ symbol: `S${(request.url ?? "/").slice(1)}`, score: 0.5 }])), LATENCY_MS),
  );
  await new Promise<void>((resolve) => source.listen(0, "127.0.0.1", resolve));
  const pool = new Pool(`http://127.0.0.1:${(source.address() as AddressInfo).port}`, { connections: SCANNERS });
  try {
    const scanners = Array.from(
      { length: SCANNERS },
      (_, i): ScannerDefinition => ({
        name: `scanner${i}`,
        pipeline: "bench",
        needs: [],
        scan: async (_state, tools) => {
          const { body } = await pool.request({ path: `/${i}`, method: "GET", signal: tools.signal });
          return ((await body.json()) as Array<{ symbol: string; score: number }>).map((found) => ({ ...found, reason: "found" }));
        },
      }),
    );
    const answers = new Set<string>();
    const scan = (change: { readonly concurrent: boolean }) => async () => {
      const found = await runScanners(scanners, optionsWith(change), signal);
      answers.add(
        canonicalJson(
          mergeCandidates(
            found.map(({ run, candidates }) => ({ scanner: run.name, candidates })),
            new Set(),
          ),
        ),
      );
      if (answers.size !== 1 || found.some(({ candidates }) => candidates.length !== 1)) throw new Error("The modes found different candidates.");
    };
    return {
      title: `${SCANNERS} scanners of ${LATENCY_MS} ms`,
      unit: "ms",
      better: "lower",
      baseline: "one after another",
      samples: await inTurns(ROUNDS, { "one after another": scan({ concurrent: false }), "side by side": scan({ concurrent: true }) }, signal),
      note: "Both modes found the same merged candidates in every round, byte for byte.",
    };
  } finally {
    await pool.close();
    await new Promise((resolve) => source.close(resolve));
  }
}

async function overhead(signal: AbortSignal): Promise<Comparison> {
  const candidates = Array.from({ length: 20 }, (_, i) => ({ symbol: `S${i}`, score: i / 20, reason: "found" }));
  const scanners = Array.from(
    { length: SCANNERS },
    (_, i): ScannerDefinition => ({ name: `scanner${i}`, pipeline: "bench", needs: [], scan: () => Promise.resolve(candidates) }),
  );
  const state = { ...STATE, settings: {} } as ScanState;
  const perScanner = (samples: readonly number[]) => samples.map((ms) => ms / (SCANS * SCANNERS));
  const samples = await inTurns(
    ROUNDS,
    {
      "without the executor": async () => {
        for (let i = 0; i < SCANS; i++) await Promise.all(scanners.map((scanner) => scanner.scan(state, { signal } as ScanTools)));
      },
      executor: async () => {
        for (let i = 0; i < SCANS; i++) await runScanners(scanners, optionsWith({}), signal);
      },
    },
    signal,
  );
  return {
    title: "the executor for one scanner",
    unit: "ms",
    better: "lower",
    baseline: "without the executor",
    samples: Object.fromEntries(Object.entries(samples).map(([variant, values]) => [variant, perScanner(values)])),
    note: `A copy of the state (${SYMBOLS} symbols), a deadline, a circuit and a check of the answer (20 candidates) for each scanner; the target is under 1 ms.`,
  };
}
