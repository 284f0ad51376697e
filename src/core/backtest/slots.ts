/** So many at once, first come first served; a waiter can give up, and the queue is bounded. */
import { TradingError } from "../base/errors.ts";
import { abortable } from "../base/scope.ts";

const MAX_WAITING = 100_000;

export class Slots {
  #size: number;
  #free: number;
  readonly #waiting: Array<() => void> = [];

  constructor(count: number) {
    this.#size = count;
    this.#free = count;
  }

  /** How many hold one. */
  get running(): number {
    return this.#size - this.#free;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get size(): number {
    return this.#size;
  }

  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#give();
    }
  }

  /** More (or, negative, fewer) from now on; what runs is not stopped. */
  grow(by: number): void {
    this.#size += by;
    for (let i = 0; i < by; i++) this.#give();
    if (by < 0) this.#free += by;
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) throw new TradingError("queue-full", `Task queue full (${this.#waiting.length} of ${MAX_WAITING}).`);
    let pass: (() => void) | undefined;
    const turn = new Promise<void>((resolve) => {
      pass = resolve;
      this.#waiting.push(resolve);
    });
    try {
      await abortable(turn, signal);
    } catch (error) {
      const at = this.#waiting.indexOf(pass as () => void);
      if (at >= 0) this.#waiting.splice(at, 1);
      // The turn had come in the same moment: it goes to the next.
      else this.#give();
      throw error;
    }
  }

  #give(): void {
    this.#free++;
    if (this.#free <= 0) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#free--;
      next();
    }
  }
}
