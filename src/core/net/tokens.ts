/**
 * How many requests may leave: a bucket of this process alone, or one that is shared with others, of which tokens are taken
 * for those that wait. What cannot be asked (a store that is closing or locked) is counted here alone: cancels must go.
 */
import type { Clock } from "../base/clock.ts";
import type { RequestBucket } from "../domain/ports.ts";

export interface TokensOptions {
  readonly perMinute: number;
  readonly clock: Clock;
  readonly shared?: RequestBucket;
  /** Tokens have come: those that wait may be looked at again. */
  readonly onGranted: () => void;
}

/** A share taken ahead at high rates, so that not every request asks: a tenth of a second's worth. */
const AHEAD_PER_MINUTE = 600;
/** Taken and not used for so long: given up, since others count them as used. */
const LEASE_MS = 1000;

export class Tokens {
  readonly #options: TokensOptions;
  #own: number;
  #filledAt: number;
  #leased = 0;
  #leasedAt = 0;
  #waitUntil = 0;
  #isAsking = false;
  #isAlone: boolean;

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#own = options.perMinute;
    this.#filledAt = options.clock.now();
    this.#isAlone = options.shared === undefined;
  }

  /** Milliseconds until the next in line may go; 0 when it may now. Null while the shared bucket is being asked. */
  waitMs(kind: "order" | "read", waiting: number): number | null {
    const { clock, perMinute } = this.#options;
    this.#refill();
    const kept = kind === "order" ? 0 : Math.floor(perMinute / 10);
    if (this.#isAlone) {
      const missing = kept + 1 - this.#own;
      // A hair above the exact time, or a rounding error would wake us a moment too early, again and again.
      return missing <= 1e-9 ? 0 : Math.ceil((missing * 60_000) / perMinute) + 1;
    }
    if (this.#leased > 0 && clock.now() - this.#leasedAt < LEASE_MS) return 0;
    this.#leased = 0;
    if (this.#isAsking) return null;
    // What a read was told to wait for does not hold back an order, for which the last tenth is kept.
    if (kind === "read" && clock.now() < this.#waitUntil) return this.#waitUntil - clock.now();
    this.#ask(kept, Math.max(waiting, Math.floor(perMinute / AHEAD_PER_MINUTE)));
    return null;
  }

  take(): void {
    this.#own -= 1;
    this.#leased = Math.max(0, this.#leased - 1);
  }

  /** The server counts, too: no more than so many are left. */
  cap(remaining: number): void {
    this.#refill();
    const isLess = remaining < this.#own - 1;
    this.#own = Math.min(this.#own, remaining);
    if (isLess && !this.#isAlone) this.#options.shared?.tell({ remaining, pausedUntil: null });
  }

  pausedUntil(at: number): void {
    if (!this.#isAlone) this.#options.shared?.tell({ remaining: null, pausedUntil: at });
  }

  #ask(kept: number, count: number): void {
    const { shared, perMinute, clock, onGranted } = this.#options;
    this.#isAsking = true;
    shared
      ?.take({ perMinute, count, kept })
      .then(
        ({ granted, waitMs }) => {
          this.#leased = granted;
          this.#leasedAt = clock.now();
          this.#waitUntil = granted > 0 ? 0 : clock.now() + waitMs;
        },
        () => {
          this.#isAlone = true;
        },
      )
      .finally(() => {
        this.#isAsking = false;
        onGranted();
      });
  }

  #refill(): void {
    const now = this.#options.clock.now();
    const { perMinute } = this.#options;
    this.#own = Math.min(perMinute, this.#own + (Math.max(0, now - this.#filledAt) * perMinute) / 60_000);
    this.#filledAt = now;
  }
}
