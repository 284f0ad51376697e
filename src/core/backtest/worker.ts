/** Entry of a pool worker: runs one backtest at a time. The only place where a user's strategy file is loaded and called. */
import type { BacktestRequest, BacktestResult } from "../domain/backtest.ts";
import { TradingError, type PlainError } from "../base/errors.ts";
import { resolveOwnLibrary } from "../base/ownLibrary.ts";
import { runBacktest } from "./runBacktest.ts";
import { unshare, type SharedDataset } from "./sharedBars.ts";
import { loadStrategy } from "./strategyFile.ts";

export interface WorkerTask {
  readonly request: BacktestRequest;
  readonly dataset: SharedDataset;
  /** One Int32, set to 1 and notified when the work starts: its deadline counts from there. */
  readonly started: SharedArrayBuffer;
}

/** Errors cross as data, since a structured clone would lose their code. */
export type WorkerAnswer = { readonly ok: true; readonly result: BacktestResult } | { readonly ok: false; readonly error: PlainError };

resolveOwnLibrary();

export { runSweepTask } from "./sweep/sweepTask.ts";

export async function runItem(task: WorkerTask): Promise<WorkerAnswer> {
  const started = new Int32Array(task.started);
  Atomics.store(started, 0, 1);
  Atomics.notify(started, 0);
  try {
    const strategy = await loadStrategy(task.request.strategy);
    return { ok: true, result: runBacktest(task.request, strategy, unshare(task.dataset)) };
  } catch (error) {
    return { ok: false, error: TradingError.from(error, "backtest-failed").toPlain() };
  }
}
