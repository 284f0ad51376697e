/** The session's side of the file of results: its thread starts when it is first asked. */
import { Worker } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError } from "../base/errors.ts";
import type { BacktestResult } from "../domain/backtest.ts";
import type { DashboardData, KeptCombinations, NewRun, RunQuery, RunRecord, RunRow, SourceItem } from "../domain/ports.ts";
import type { KnownCombinations } from "../domain/sweep.ts";
import { closeWorker } from "./closeWorker.ts";

type Kept = ReadonlyArray<{ readonly requestHash: string; readonly result: BacktestResult }>;

/** What the thread answers. */
export interface ResultCalls {
  readonly addRuns: { readonly argument: readonly NewRun[]; readonly answer: void };
  readonly runs: { readonly argument: RunQuery; readonly answer: readonly RunRow[] };
  readonly runsByHash: { readonly argument: string; readonly answer: readonly RunRecord[] };
  readonly strategyText: { readonly argument: string; readonly answer: string | null };
  readonly trialsOn: { readonly argument: string; readonly answer: number };
  readonly dashboard: { readonly argument: null; readonly answer: Pick<DashboardData, "runs" | "statistics" | "best" | "recent" | "sources"> };
  /** How many were new. */
  readonly addSources: { readonly argument: readonly SourceItem[]; readonly answer: number };
  readonly results: {
    readonly argument: { readonly hashes: readonly string[]; readonly withEquity: boolean };
    readonly answer: ReadonlyArray<BacktestResult | null>;
  };
  readonly keepResults: { readonly argument: { readonly at: number; readonly results: Kept }; readonly answer: void };
  readonly combinations: { readonly argument: string; readonly answer: KnownCombinations | null };
  readonly keepCombinations: { readonly argument: KeptCombinations; readonly answer: void };
  readonly neighbourhood: {
    readonly argument: { readonly strategy: string; readonly datasetHash: string | null };
    readonly answer: readonly KeptCombinations[];
  };
}

export interface Results {
  ask<K extends keyof ResultCalls>(name: K, argument: ResultCalls[K]["argument"], caller: AbortSignal): Promise<ResultCalls[K]["answer"]>;
  /** Starts the thread, so that it tells what other processes write. */
  watch(): void;
  close(): Promise<void>;
}

export interface ResultsOptions {
  readonly path: string;
  /** Where versions before kept the ledger. */
  readonly before: string;
  readonly warn: (sentence: string) => void;
  /** Another process has written into it. */
  readonly onChange: () => void;
}

const WATCH_WITHIN_MS = 10_000;

export function openResults(options: ResultsOptions): Results {
  let thread: Thread | undefined;
  let closing: Promise<void> | undefined;
  return {
    ask: async (name, argument, caller) => {
      if (closing !== undefined) throw new TradingError("store-closed", "The store is closed.");
      if (thread === undefined || thread.isGone) thread = startThread(options);
      return (await thread.channel.ask(name, argument, caller)) as ResultCalls[typeof name]["answer"];
    },
    watch: () => {
      if (closing !== undefined || thread !== undefined) return;
      thread = startThread(options);
      thread.channel.ask("watch", null, AbortSignal.timeout(WATCH_WITHIN_MS)).catch(() => undefined); // told to whoever asks for what is in it
    },
    close: () => {
      closing ??= thread === undefined || thread.isGone ? Promise.resolve() : closeWorker(thread.worker, thread.channel, thread.gone);
      return closing;
    },
  };
}

interface Thread {
  readonly worker: Worker;
  readonly channel: Channel;
  readonly gone: Promise<void>;
  readonly isGone: boolean;
}

function startThread({ path, before, warn, onChange }: ResultsOptions): Thread {
  const worker = new Worker(entryPath("resultsWorker"), { workerData: { path, before }, env: childEnv(), stdout: false, stderr: false });
  const channel = new Channel({ post: (message) => worker.postMessage(message), onMessage: (listener) => worker.on("message", listener) });
  let isGone = false;
  const gone = new Promise<void>((resolve) =>
    worker.once("exit", () => {
      isGone = true;
      channel.close(new TradingError("store-closed", "The store is closed."));
      resolve();
    }),
  );
  worker.on("error", (error) => channel.close(TradingError.from(error, "store-failed")));
  channel.on("warning", (sentence) => warn(String(sentence)));
  channel.on("changed", () => onChange());
  return {
    worker,
    channel,
    gone,
    get isGone() {
      return isGone;
    },
  };
}
