/** Time as a dependency: the wall clock, or a clock that a test moves by hand. Instants are UTC milliseconds. */
import { abortable } from "./scope.ts";

export interface Clock {
  /** UTC milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    let timer: NodeJS.Timeout | undefined;
    try {
      await abortable(
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, ms);
        }),
        signal,
      );
    } finally {
      clearTimeout(timer);
    }
  },
};

/** A clock that stands still until `advance` is called; sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #now: number;
  readonly #sleepers: Array<{ readonly at: number; readonly wake: () => void }> = [];

  constructor(startMs: number) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return abortable(
      new Promise<void>((wake) => {
        this.#sleepers.push({ at: this.#now + ms, wake });
      }),
      signal,
    );
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter((s) => s.at <= this.#now).sort((a, b) => a.at - b.at);
    for (const sleeper of due) {
      this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
      sleeper.wake();
    }
  }
}
