/** Eight scanners that each wait for one answer of a source with a fixed latency: side by side against one after another. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { systemClock } from "../src/core/base/clock.ts";
import { Breaker } from "../src/core/scanner/breaker.ts";
import { runScanners } from "../src/core/scanner/executor.ts";
import type { ScannerDefinition, ScanTools } from "../src/core/domain/scanner.ts";
import { inTurns, type Benchmark } from "./comparison.ts";

const SCANNERS = 8;
const LATENCY_MS = 100;
const ROUNDS = 5;

export const bench: Benchmark = {
  description: `${SCANNERS} scanners, each one request to a loopback source that answers after ${LATENCY_MS} ms`,
  run: async (signal) => {
    const source = createServer((_request, answer) => void setTimeout(() => answer.end(JSON.stringify([{ symbol: "AAPL", score: 0.5 }])), LATENCY_MS));
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
      const scan = (options: { readonly concurrent: boolean }) => async () => {
        const found = await runScanners(
          scanners,
          {
            ...options,
            maxWorkers: SCANNERS,
            timeoutMs: 30_000,
            state: { universe: [], asOf: Date.UTC(2025, 0, 2) },
            thresholds: () => ({}),
            tools: (_name, own) => ({ signal: own }) as ScanTools,
            unmet: () => undefined,
            unknownSymbols: () => Promise.resolve(new Set()),
            breaker: new Breaker(systemClock),
            onLine: () => undefined,
            startedAt: performance.now(),
          },
          signal,
        );
        if (found.some(({ candidates }) => candidates.length !== 1)) throw new Error("A scanner did not find its candidate.");
      };
      const samples = await inTurns(ROUNDS, { "one after another": scan({ concurrent: false }), "side by side": scan({ concurrent: true }) }, signal);
      return [
        {
          title: "one scan",
          unit: "ms",
          better: "lower",
          baseline: "one after another",
          samples,
          note: `both find the same ${SCANNERS} candidates; ${LATENCY_MS} ms is the least that a scan can take.`,
        },
      ];
    } finally {
      await pool.close();
      await new Promise((resolve) => source.close(resolve));
    }
  },
};
