/** Starts the performance API in a thread of its own, so that it answers even while the session's loop is late. */
import { Worker } from "node:worker_threads";
import { sha256 } from "../base/canonical.ts";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath, productVersion } from "../base/entry.ts";
import { badInput, TradingError, type PlainError } from "../base/errors.ts";
import { abortable } from "../base/scope.ts";
import type { ApiCalls, ApiWorkerData } from "./apiCalls.ts";
import type { PerformanceSource } from "./performance.ts";

export interface PerformanceApiOptions {
  /** 0 for any free one. */
  readonly port: number;
  /** Loopback only. */
  readonly host: string;
  readonly token: string;
  readonly source: PerformanceSource;
}

export interface PerformanceApi {
  /** Without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server is gone, whoever ended it. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

const LOOPBACK = ["127.0.0.1", "localhost", "::1"];
const START_MS = 10_000;

/** Resolves once it listens. `signal` gives up the start; the owner closes what has started. */
export async function startPerformanceApi(options: PerformanceApiOptions, signal: AbortSignal): Promise<PerformanceApi> {
  if (!LOOPBACK.includes(options.host))
    throw badInput("not-loopback", `The performance API listens on this machine only, not on ${options.host}.`, `Use ${LOOPBACK[0]}.`);
  if (!Number.isInteger(options.port) || options.port < 0 || options.port > 65_535)
    throw badInput("bad-port", `${options.port} is no port.`, "Give a whole number from 0 to 65535; 0 takes any that is free.");
  if (options.token.length < 16) throw badInput("bad-token", "The performance API needs a token of at least 16 characters.");
  signal.throwIfAborted();
  const workerData: ApiWorkerData = { host: options.host, port: options.port, tokenSha256: sha256(options.token), version: productVersion() };
  const worker = new Worker(entryPath("performanceApi"), { workerData, env: childEnv() });
  const channel = new Channel({ post: (message) => worker.postMessage(message), onMessage: (listener) => worker.on("message", listener) });
  const closed = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  void closed.then(() => channel.close(new TradingError("closed", "The performance API is closed.")));
  answer(channel, options.source);
  const ready = new Promise<number>((resolve, reject) => {
    channel.on("ready", (value) => resolve((value as { port: number }).port));
    channel.on("failed", (error) => reject(TradingError.fromPlain(error as PlainError)));
    worker.on("error", (error) => reject(TradingError.from(error, "performance-api-failed")));
    void closed.then(() => reject(new TradingError("performance-api-failed", "The performance API ended while it started.")));
  });
  ready.catch(() => undefined);
  try {
    const port = await abortable(abortable(ready, AbortSignal.timeout(START_MS)), signal);
    let closing: Promise<void> | undefined;
    return {
      url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
      port,
      closed,
      close: () => {
        closing ??= closeWorker(worker, channel, closed);
        return closing;
      },
    };
  } catch (error) {
    await worker.terminate();
    throw error;
  }
}

function answer(channel: Channel, source: PerformanceSource): void {
  const calls: {
    readonly [K in keyof ApiCalls]: (argument: ApiCalls[K]["argument"], signal: AbortSignal) => ApiCalls[K]["answer"] | Promise<ApiCalls[K]["answer"]>;
  } = {
    metrics: (lastN) => source.metrics(lastN),
    summary: () => source.summary(),
    clear: () => source.clear(),
    benchmarks: () => source.benchmarks(),
    runBenchmark: ({ kind, operations }, signal) => source.runBenchmark(kind, operations, signal),
    clearBenchmarks: () => source.clearBenchmarks(),
    snapshot: () => source.snapshot(),
    prometheus: (loops) => source.prometheus(loops),
  };
  for (const [name, call] of Object.entries(calls)) channel.handle(name, call as (argument: unknown, signal: AbortSignal) => unknown);
}

async function closeWorker(worker: Worker, channel: Channel, closed: Promise<void>): Promise<void> {
  try {
    await channel.ask("close", null, AbortSignal.timeout(1_000));
    await abortable(closed, AbortSignal.timeout(500));
  } catch {
    await worker.terminate();
  }
}
