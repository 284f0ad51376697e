/**
 * Whose turn it is to send: at most so many requests at once, at most so many a minute (token bucket), first come first
 * served, but orders and cancels before reads. The last tenth of the bucket is kept for orders and cancels.
 */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { RequestBucket } from "../domain/ports.ts";
import { Tokens } from "./tokens.ts";

export interface GateOptions {
  readonly maxRunning: number;
  /** No rate limit when absent. */
  readonly requestsPerMinute?: number;
  /** Counts for other processes, too; this one's own bucket when absent. */
  readonly bucket?: RequestBucket;
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
  #tokens: Tokens | undefined;
  /** Of turns that had to wait for the rate limit or a pause. */
  #limitWaits = 0;
  #pausedUntil = 0;
  #alarm: AbortController | undefined;
  #closed: TradingError | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#tokens =
      options.requestsPerMinute === undefined
        ? undefined
        : new Tokens({
            perMinute: options.requestsPerMinute,
            clock: options.clock,
            ...(options.bucket === undefined ? {} : { shared: options.bucket }),
            onGranted: () => this.#admit(),
          });
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.order.length + this.#waiting.read.length;
  }

  /** How often the next in line had to wait for the rate limit, or a time that the server named. */
  get limitWaits(): number {
    return this.#limitWaits;
  }

  /** The server asked to wait, and the time is not over. */
  get isPaused(): boolean {
    return this.#pausedUntil > this.#options.clock.now();
  }

  /** The function that ends the turn when nobody has to be waited for; null otherwise. */
  tryEnter(urgency: Urgency): (() => void) | null {
    if (this.#closed !== undefined || this.waiting > 0 || this.#running >= this.#options.maxRunning) return null;
    if (this.isPaused) return null;
    if (this.#tokens !== undefined && this.#tokens.waitMs(urgency, 1) !== 0) return null;
    return this.#begin();
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
    this.#tokens?.pausedUntil(at);
  }

  /** The server says that so many more are accepted in its minute. */
  cap(remaining: number): void {
    this.#tokens?.cap(remaining);
  }

  /** The server has no limit: ours ends. */
  lift(): void {
    this.#tokens = undefined;
    this.#admit();
  }

  close(error: TradingError): void {
    this.#closed = error;
    this.#alarm?.abort(error);
    for (const queue of [this.#waiting.order, this.#waiting.read]) for (const waiter of queue.splice(0)) waiter.fail(error);
  }

  #admit(): void {
    if (this.#closed !== undefined) return;
    let waitMs: number | null = 0;
    while (this.#running < this.#options.maxRunning && this.waiting > 0) {
      waitMs = this.#waitMs();
      if (waitMs !== 0) break;
      const waiter = this.#waiting.order.shift() ?? (this.#waiting.read.shift() as Waiter);
      waiter.go(this.#begin());
    }
    this.#wakeIn(waitMs);
  }

  #begin(): () => void {
    this.#tokens?.take();
    this.#running += 1;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#running -= 1;
      if (this.waiting > 0) this.#admit();
    };
  }

  /** Milliseconds until the next in line may go; null when it is not known yet, and this is called again. */
  #waitMs(): number | null {
    const paused = this.#pausedUntil - this.#options.clock.now();
    if (paused > 0) return paused;
    const kind = this.#waiting.order.length > 0 ? "order" : "read";
    return this.#tokens?.waitMs(kind, this.#waiting[kind].length) ?? (this.#tokens === undefined ? 0 : null);
  }

  #wakeIn(ms: number | null): void {
    this.#alarm?.abort();
    this.#alarm = undefined;
    if (this.waiting === 0 || ms === 0 || ms === null) return;
    this.#limitWaits += 1;
    const alarm = new AbortController();
    this.#alarm = alarm;
    this.#options.clock.sleep(ms, alarm.signal).then(
      () => this.#admit(),
      () => undefined,
    );
  }
}
