/** The performance API over a queue of four and two workers, and how to call it. */
import { request as httpRequest } from "node:http";
import type { LatencyReport } from "../../../src/core/domain/performance.ts";
import { openPerformance, type Performance, type PerformanceOptions } from "../../../src/core/metrics/performance.ts";
import { startPerformanceApi, type PerformanceApi } from "../../../src/core/metrics/performanceApi.ts";

export const TOKEN = "a-token-for-this-test-only";
const ZERO = { avg: 0, p50: 0, p95: 0, p99: 0, max: 0 };

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

export interface GivenApi {
  readonly performance: Performance;
  readonly api: PerformanceApi;
  /** Through node:http, since fetch forbids setting Host. */
  call(method: string, path: string, headers?: Record<string, string>, body?: string): Promise<Answer>;
  /** So many operations of 2 ms, each a millisecond after the other. */
  record(n: number): void;
  end(): Promise<void>;
}

export async function givenApi(over: Partial<PerformanceOptions> = {}): Promise<GivenApi> {
  const performance = openPerformance({
    queue: () => ({ depth: 4, capacity: 1000 }),
    workers: () => 2,
    runBenchmark: async (_kind, operations) => report(operations),
    ...over,
  });
  const api = await startPerformanceApi({ port: 0, host: "127.0.0.1", token: TOKEN, source: performance.source }, new AbortController().signal);
  return {
    performance,
    api,
    call: (method, path, headers = {}, body) => call(api.url, method, path, headers, body),
    record: (n) => {
      for (let i = 0; i < n; i++) performance.metrics.record({ operation: "features", startedAt: i, queueMs: 1, runMs: 1, ok: true, error: null });
    },
    end: async () => {
      await api.close();
      performance.close();
    },
  };
}

export function report(operations: number): LatencyReport {
  const side = { lagMs: ZERO, opsPerSecond: 1, successRate: 1 };
  return {
    schema: "quantdesk.latency/1",
    benchmark: "feature-computation",
    operations,
    barsPerOperation: 1,
    before: side,
    after: side,
    speedup: 1,
    workers: 1,
    at: new Date(0).toISOString(),
  };
}

function call(url: string, method: string, path: string, headers: Record<string, string>, body: string | undefined): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(`${url}${path}`, { method, agent: false, headers: { authorization: `Bearer ${TOKEN}`, ...headers } }, (answer) => {
      let text = "";
      answer
        .setEncoding("utf8")
        .on("data", (part: string) => {
          text += part;
        })
        .on("end", () => {
          const type = answer.headers["content-type"] ?? "";
          resolve({
            status: answer.statusCode ?? 0,
            type,
            text,
            json: type.startsWith("application/json") ? (JSON.parse(text) as Record<string, unknown>) : {},
          });
        });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
