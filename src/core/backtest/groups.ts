/**
 * How many of a batch's next requests go to a worker in one message: a message through two processes to a thread costs more
 * than a short run. Strategies of users, which may hang or end their worker, only once some runs have been short.
 */
import type { BacktestRequest } from "../domain/backtest.ts";

/** Most in one message. */
export const MAX_GROUP = 32;
/** What the runs of one message should take together. */
const GROUP_MS = 8;
/** After so long together the next of them is not begun. */
export const LONGEST_GROUP_MS = 50;

export class Groups {
  readonly #requests: readonly BacktestRequest[];
  readonly #workers: number;
  /** Mean of the latest runs; before the first one nobody knows. */
  #meanMs = GROUP_MS;
  #hasRun = false;

  constructor(requests: readonly BacktestRequest[], workers: number) {
    this.#requests = requests;
    this.#workers = workers;
  }

  /** At least one, at most so many that all workers end together. */
  sizeFrom(next: number): number {
    const fair = Math.ceil((this.#requests.length - next) / (2 * this.#workers));
    const most = Math.min(MAX_GROUP, fair, Math.floor(GROUP_MS / this.#meanMs));
    let size = 0;
    while (size < most && this.#mayJoin(this.#requests[next + size])) size++;
    return Math.max(1, size);
  }

  #mayJoin(request: BacktestRequest | undefined): boolean {
    if (request === undefined) return false;
    return request.strategy.kind === "builtin" || (this.#hasRun && request.checkLookAhead !== true);
  }

  ran(durationMs: number): void {
    this.#hasRun = true;
    this.#meanMs += (Math.max(durationMs, 0.01) - this.#meanMs) / 4;
  }
}
