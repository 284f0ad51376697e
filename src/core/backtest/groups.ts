/**
 * How many of a batch's next requests go to a worker in one message: a message through two processes to a thread costs more
 * than a short run. Only built-in strategies: they neither hang nor end their worker.
 */
import type { BacktestRequest } from "../domain/backtest.ts";

/** Most in one message. */
export const MAX_GROUP = 32;
/** What the runs of one message should take together. */
const GROUP_MS = 8;

export class Groups {
  readonly #requests: readonly BacktestRequest[];
  readonly #workers: number;
  /** Mean of the latest runs; before the first one nobody knows. */
  #meanMs = GROUP_MS;

  constructor(requests: readonly BacktestRequest[], workers: number) {
    this.#requests = requests;
    this.#workers = workers;
  }

  /** At least one, at most so many that all workers end together. */
  sizeFrom(next: number): number {
    const fair = Math.ceil((this.#requests.length - next) / (2 * this.#workers));
    const most = Math.min(MAX_GROUP, fair, Math.floor(GROUP_MS / this.#meanMs));
    let size = 0;
    while (size < most && this.#requests[next + size]?.strategy.kind === "builtin") size++;
    return Math.max(1, size);
  }

  ran(durationMs: number): void {
    this.#meanMs += (Math.max(durationMs, 0.01) - this.#meanMs) / 4;
  }
}
