/** A bounded queue before a fixed number of slots: first come, first served; full, it refuses or lets the caller wait. */
import { TradingError } from "../base/errors.ts";
import { deadlineError } from "../base/scope.ts";
import type { WhenFull } from "./signals.ts";

/** Callers that may wait for a place in a full queue, per place: past that they are refused too. */
const WAITERS_PER_PLACE = 100;

interface Waiter {
  readonly start: () => void;
  readonly fail: (error: unknown) => void;
}

export class WorkQueue {
  readonly #slots: number;
  readonly #capacity: number;
  readonly #queued = new Set<Waiter>();
  readonly #outside = new Set<Waiter>();
  #running = 0;
  #refused = 0;

  constructor(options: { readonly slots: number; readonly capacity: number }) {
    this.#slots = options.slots;
    this.#capacity = options.capacity;
  }

  /** Accepted and not yet started. */
  get depth(): number {
    return this.#queued.size;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get running(): number {
    return this.#running;
  }

  get refused(): number {
    return this.#refused;
  }

  /** Runs `work` when its turn comes; an abort before that gives up the place. Once started, `work` alone decides its end. */
  async run<T>(whenFull: WhenFull, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#running < this.#slots) this.#running++;
    else await this.#turn(whenFull, signal);
    try {
      return await work();
    } finally {
      this.#next();
    }
  }

  /** Those that have not started fail with `error`. */
  rejectWaiting(error: TradingError): void {
    for (const waiter of [...this.#queued, ...this.#outside]) waiter.fail(error);
  }

  #turn(whenFull: WhenFull, signal: AbortSignal): Promise<void> {
    const place = this.#queued.size < this.#capacity ? this.#queued : this.#outside;
    if (place === this.#outside && (whenFull === "refuse" || this.#outside.size >= this.#capacity * WAITERS_PER_PLACE)) {
      this.#refused++;
      throw new TradingError("queue-full", `Task queue full (${this.#queued.size} of ${this.#capacity}, ${this.#refused} refused)`, {
        hint: "Ask for less at once, wait for a place instead of being refused, or raise features.queueSize.",
        data: { depth: this.#queued.size, capacity: this.#capacity, refused: this.#refused },
      });
    }
    return new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#queued.delete(waiter);
        this.#outside.delete(waiter);
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        start: () => {
          leave();
          resolve();
        },
        fail: (error) => {
          leave();
          this.#admit();
          reject(error as Error);
        },
      };
      const onAbort = () => waiter.fail(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      // Only the wait for a place has this deadline; once inside, its turn comes.
      const timer =
        place === this.#outside && whenFull !== "refuse"
          ? setTimeout(() => {
              if (this.#outside.has(waiter)) waiter.fail(deadlineError("Waiting for a place in the task queue", whenFull.waitMs));
            }, whenFull.waitMs)
          : undefined;
      place.add(waiter);
    });
  }

  #next(): void {
    const [first] = this.#queued;
    if (first !== undefined) {
      first.start();
      this.#admit();
      return;
    }
    this.#running--;
  }

  #admit(): void {
    const [first] = this.#outside;
    if (first === undefined || this.#queued.size >= this.#capacity) return;
    this.#outside.delete(first);
    this.#queued.add(first);
  }
}
