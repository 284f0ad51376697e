/** What the performance API's thread asks its owner, who holds the measurements. */
import type { BenchmarkKind, LatencyReport, MetricsReport, MetricsSummary, PerformanceSnapshot } from "../domain/performance.ts";
import type { LagStats } from "../domain/ports.ts";

export interface ApiCalls {
  readonly metrics: { readonly argument: number | null; readonly answer: MetricsReport };
  readonly summary: { readonly argument: null; readonly answer: MetricsSummary };
  readonly clear: { readonly argument: null; readonly answer: number };
  readonly benchmarks: { readonly argument: null; readonly answer: readonly LatencyReport[] };
  readonly runBenchmark: { readonly argument: { readonly kind: BenchmarkKind; readonly operations: number }; readonly answer: LatencyReport };
  readonly clearBenchmarks: { readonly argument: null; readonly answer: number };
  readonly snapshot: { readonly argument: null; readonly answer: PerformanceSnapshot };
  readonly prometheus: { readonly argument: Readonly<Record<string, LagStats>>; readonly answer: { readonly contentType: string; readonly text: string } };
}

export type AskOwner = <K extends keyof ApiCalls>(name: K, argument: ApiCalls[K]["argument"], deadlineMs: number) => Promise<ApiCalls[K]["answer"]>;

/** How the thread is started. Only the token's SHA-256 (hex) crosses: the thread compares, it need not know. */
export interface ApiWorkerData {
  readonly host: string;
  readonly port: number;
  readonly tokenSha256: string;
  readonly version: string;
}
