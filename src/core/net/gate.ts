/**
 * Whose turn it is to send: at most so many requests at once, at most so many a minute (token bucket), first come first
 * served, but orders and cancels before reads. The last tenth of the bucket is kept for orders and cancels.
 */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";

export interface GateOptions {
  readonly maxRunning: number;
  /** No rate limit when absent. */
  readonly requestsPerMinute?: number;
  readonly maxWaiting: number;
  readonly clock: Clock;
}

export type Urgency = "order" | "read";

interface Waiter {
  readonly go: (release: () => void) => void;
  readonly fail: (error: Error) => void;
}

export class Gate {
  readonly #options: GateOptions;
  readonly #waiting: { readonly order: Waiter[]; readonly read: Waiter[] } = { order: [], read: [] };
  #running = 0;
  #tokens: number;
  #filledAt: number;
  #pausedUntil = 0;
  #alarm: AbortController | undefined;
  #closed: TradingError | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#tokens = options.requestsPerMinute ?? Number.POSITIVE_INFINITY;
    this.#filledAt = options.clock.now();
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.order.length + this.#waiting.read.length;
  }

  /** Resolves with the function that ends the turn. Rejects when the queue is full, or with the signal's reason. */
  enter(urgency: Urgency, signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (this.#closed !== undefined) return reject(this.#closed);
      if (this.waiting >= this.#options.maxWaiting) {
        return reject(
          new TradingError("queue-full", `${this.waiting} requests are waiting already, which is the most that may.`, {
            hint: "Try again in a moment.",
            data: { sent: false },
          }),
        );
      }
      const queue = this.#waiting[urgency];
      const leave = () => {
        const at = queue.indexOf(waiter);
        if (at >= 0) queue.splice(at, 1);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        go: (release) => {
          signal.removeEventListener("abort", leave);
          resolve(release);
        },
        fail: (error) => {
          signal.removeEventListener("abort", leave);
          reject(error);
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      queue.push(waiter);
      this.#admit();
    });
  }

  /** The server says that nothing more is accepted before `at` (UTC milliseconds). */
  pauseUntil(at: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, at);
  }

  close(error: TradingError): void {
    this.#closed = error;
    this.#alarm?.abort(error);
    for (const queue of [this.#waiting.order, this.#waiting.read]) for (const waiter of queue.splice(0)) waiter.fail(error);
  }

  #admit(): void {
    this.#refill();
    while (this.#running < this.#options.maxRunning && this.#waitMs() === 0) {
      const waiter = this.#waiting.order.shift() ?? this.#waiting.read.shift();
      if (waiter === undefined) return;
      this.#tokens -= 1;
      this.#running += 1;
      let released = false;
      waiter.go(() => {
        if (released) return;
        released = true;
        this.#running -= 1;
        this.#admit();
      });
    }
    this.#wakeLater();
  }

  #refill(): void {
    const perMinute = this.#options.requestsPerMinute;
    if (perMinute === undefined) return;
    const now = this.#options.clock.now();
    this.#tokens = Math.min(perMinute, this.#tokens + (Math.max(0, now - this.#filledAt) * perMinute) / 60_000);
    this.#filledAt = now;
  }

  /** Milliseconds until the next in line may go; 0 when it may now. */
  #waitMs(): number {
    const paused = Math.max(0, this.#pausedUntil - this.#options.clock.now());
    const perMinute = this.#options.requestsPerMinute;
    if (perMinute === undefined) return paused;
    const kept = this.#waiting.order.length > 0 ? 0 : Math.floor(perMinute / 10);
    const missing = kept + 1 - this.#tokens;
    // A hair above the exact time, or a rounding error would wake us a moment too early, again and again.
    return Math.max(paused, missing <= 1e-9 ? 0 : Math.ceil((missing * 60_000) / perMinute) + 1);
  }

  #wakeLater(): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    const ms = this.#waitMs();
    if (this.waiting === 0 || ms === 0 || this.#closed !== undefined) return;
    const alarm = new AbortController();
    this.#alarm = alarm;
    this.#options.clock.sleep(ms, alarm.signal).then(
      () => this.#admit(),
      () => undefined,
    );
  }
}
