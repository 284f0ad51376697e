/**
 * Answers kept for a while, by key. Equal questions asked at the same time are one question (single flight);
 * the question is given up only when nobody waits for it any more.
 */
import { abortable, Scope } from "./scope.ts";

export interface FlightCacheOptions {
  /** The answer unused for longest leaves when there are more. */
  readonly capacity: number;
  readonly ttlMs: number;
  /** Longest time one question may take. */
  readonly deadlineMs: number;
  /** Milliseconds on any steady clock. */
  readonly now: () => number;
}

interface Flight {
  readonly answer: Promise<unknown>;
  readonly scope: Scope;
  waiters: number;
}

export class FlightCache {
  readonly #options: FlightCacheOptions;
  readonly #kept = new Map<string, { readonly value: unknown; readonly until: number }>();
  readonly #flights = new Map<string, Flight>();

  constructor(options: FlightCacheOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** The kept or coming answer to `key`, else what `load` finds. Failures are not kept. */
  async get<T>(key: string, signal: AbortSignal, load: (signal: AbortSignal) => Promise<T>): Promise<{ readonly value: T; readonly cached: boolean }> {
    signal.throwIfAborted();
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      this.#kept.delete(key);
      if (kept.until > this.#options.now()) {
        this.#kept.set(key, kept);
        return { value: kept.value as T, cached: true };
      }
    }
    const known = this.#flights.get(key);
    const flight = known ?? this.#start(key, load);
    flight.waiters++;
    try {
      return { value: (await abortable(flight.answer, signal)) as T, cached: known !== undefined };
    } finally {
      if (--flight.waiters === 0 && this.#flights.get(key) === flight) {
        this.#flights.delete(key);
        flight.scope.abort(signal.reason);
      }
    }
  }

  #start<T>(key: string, load: (signal: AbortSignal) => Promise<T>): Flight {
    const scope = new Scope({ name: key.split(" ", 1)[0] as string, deadlineMs: this.#options.deadlineMs });
    const work = async () => {
      try {
        const value = await abortable(load(scope.signal), scope.signal);
        this.#keep(key, value);
        return value;
      } finally {
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        await scope.close();
      }
    };
    const flight: Flight = { answer: Promise.resolve().then(work), scope, waiters: 0 };
    flight.answer.catch(() => undefined);
    this.#flights.set(key, flight);
    return flight;
  }

  #keep(key: string, value: unknown): void {
    this.#kept.delete(key);
    this.#kept.set(key, { value, until: this.#options.now() + this.#options.ttlMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#options.capacity) break;
      this.#kept.delete(oldest);
    }
  }
}
