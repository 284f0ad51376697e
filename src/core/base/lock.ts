/** A mutex whose waiters can give up; wraps async-mutex with signal, wait and hold times. */
import { Mutex } from "async-mutex";
import { abortable } from "./scope.ts";

export interface LockTimes {
  readonly waitMs: number;
  readonly holdMs: number;
}

export class Lock {
  readonly #mutex = new Mutex();
  readonly #onRelease: ((times: LockTimes) => void) | undefined;

  constructor(onRelease?: (times: LockTimes) => void) {
    this.#onRelease = onRelease;
  }

  get isLocked(): boolean {
    return this.#mutex.isLocked();
  }

  /** Runs `work` alone. A waiter whose signal aborts leaves the queue and its turn is passed on. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const asked = performance.now();
    const turn = this.#mutex.acquire();
    let release: () => void;
    try {
      release = await abortable(turn, signal);
    } catch (error) {
      turn.then(
        (pass) => pass(),
        () => undefined,
      );
      throw error;
    }
    const taken = performance.now();
    try {
      return await work();
    } finally {
      release();
      this.#onRelease?.({ waitMs: taken - asked, holdMs: performance.now() - taken });
    }
  }
}
