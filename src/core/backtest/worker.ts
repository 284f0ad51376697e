/** Entry of a pool worker: runs one backtest at a time. The only place where a user's strategy file is loaded and called. */
import type { BacktestRequest, BacktestResult } from "../domain/backtest.ts";
import { TradingError, type PlainError } from "../base/errors.ts";
import { resolveOwnLibrary } from "../base/ownLibrary.ts";
import { Builtins } from "./builtins.ts";
import { LONGEST_GROUP_MS } from "./groups.ts";
import { runBacktest } from "./runBacktest.ts";
import { RunMemory } from "./runMemory.ts";
import { unshare, type SharedDataset } from "./sharedBars.ts";
import { StrategyFiles, withUnused } from "./strategyFile.ts";
import type { SweepTask, TaskAnswer } from "./sweep/messages.ts";
import { runSweepTask as sweepAnswer } from "./sweep/sweepTask.ts";

export interface WorkerTask {
  readonly request: BacktestRequest;
  readonly dataset: SharedDataset;
  /** One Int32, set to 1 and notified when the work starts: its deadline counts from there. */
  readonly started: SharedArrayBuffer;
}

/** Errors cross as data, since a structured clone would lose their code. */
export type WorkerAnswer = { readonly ok: true; readonly result: BacktestResult } | { readonly ok: false; readonly error: PlainError };

/** Several short runs, one after another: what a message costs is shared among them. */
export interface GroupTask {
  readonly items: ReadonlyArray<{ readonly request: BacktestRequest; readonly dataset: SharedDataset }>;
  /** One Int32: the item under way, counted from 1; 0 before the first and after the last. */
  readonly current: SharedArrayBuffer;
}

export type GroupAnswer = ReadonlyArray<WorkerAnswer & { readonly durationMs: number }>;

const SHARED_BYTES = 32 * 1024 ** 2;

resolveOwnLibrary();
const builtins = new Builtins();
const strategies = new StrategyFiles();
const memory = new RunMemory();
/** Of the indicators that the runs of one task of a sweep share. */
const shared = new RunMemory(SHARED_BYTES);

export async function runSweepTask(task: SweepTask): Promise<TaskAnswer> {
  return await sweepAnswer(task, { strategies, memory, shared, afterOwn: () => builtins.restore() });
}

export function runItem(task: WorkerTask): Promise<WorkerAnswer> {
  const started = new Int32Array(task.started);
  Atomics.store(started, 0, 1);
  Atomics.notify(started, 0);
  return answer(task);
}

export async function runGroup({ items, current }: GroupTask): Promise<GroupAnswer> {
  const answers = [];
  const now = new Int32Array(current);
  const began = performance.now();
  for (const [i, item] of items.entries()) {
    const since = performance.now();
    // These were thought to be short: the rest is for whoever is free.
    if (since - began > LONGEST_GROUP_MS) break;
    Atomics.store(now, 0, i + 1);
    answers.push({ ...(await answer(item)), durationMs: performance.now() - since });
  }
  Atomics.store(now, 0, 0);
  return answers;
}

async function answer({ request, dataset }: Pick<WorkerTask, "request" | "dataset">): Promise<WorkerAnswer> {
  try {
    const loaded = await strategies.load(request.strategy);
    const strategy = request.checkLookAhead === true ? { ...(await withUnused(loaded)), forget: () => builtins.forget() } : loaded;
    const result = runBacktest(request, strategy, unshare(dataset), memory);
    builtins.recall();
    if (strategy.file !== undefined) builtins.restore();
    return { ok: true, result };
  } catch (error) {
    builtins.recall();
    builtins.restore();
    return { ok: false, error: TradingError.from(error, "backtest-failed").toPlain() };
  }
}
