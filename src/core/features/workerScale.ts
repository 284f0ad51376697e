/**
 * How many workers are worth having now, from how long requests wait in the queue. Waiting over 5 ms adds one; only when
 * nobody has waited over 1 ms for a while does one go, so that the number does not swing with every burst.
 */

export const GROW_OVER_MS = 5;
export const SHRINK_UNDER_MS = 1;
/** Between two steps up: the one before must have had time to help. */
export const GROW_EVERY_MS = 20;
/** Without waiting, before a step down. */
export const SHRINK_AFTER_MS = 5_000;

export class WorkerScale {
  readonly #floor: number;
  readonly #ceiling: number;
  readonly #now: () => number;
  #workers: number;
  #grownAt = Number.NEGATIVE_INFINITY;
  #quietSince: number;

  /** `now`: milliseconds on any steady clock. */
  constructor(options: { readonly floor: number; readonly ceiling: number; readonly now: () => number }) {
    this.#floor = options.floor;
    this.#ceiling = options.ceiling;
    this.#now = options.now;
    this.#workers = options.floor;
    this.#quietSince = options.now();
  }

  get workers(): number {
    return this.#workers;
  }

  /** A request's turn came after this time in the queue. Answers how many workers there should be. */
  waited(waitedMs: number): number {
    const now = this.#now();
    if (waitedMs >= SHRINK_UNDER_MS) this.#quietSince = now;
    if (waitedMs > GROW_OVER_MS && this.#workers < this.#ceiling && now - this.#grownAt >= GROW_EVERY_MS) {
      this.#workers++;
      this.#grownAt = now;
    } else if (now - this.#quietSince >= SHRINK_AFTER_MS && this.#workers > this.#floor) {
      this.#workers--;
      this.#quietSince = now;
    }
    return this.#workers;
  }
}
