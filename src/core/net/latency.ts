/** How long answers took, per endpoint: counts in fixed classes, so that it stays small however long it runs. */
import type { EndpointLatency } from "../domain/ports.ts";

/** Upper ends of the classes, milliseconds; one more is for what took longer. */
const LATENCY_BOUNDS_MS: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
/** Endpoints beyond these are counted together. */
const MOST_ENDPOINTS = 60;

interface Counts {
  readonly counts: Uint32Array;
  sumMs: number;
  failed: number;
}

export class Latencies {
  readonly #endpoints = new Map<string, Counts>();

  record(endpoint: string, ms: number, ok: boolean): void {
    const name = this.#endpoints.has(endpoint) || this.#endpoints.size < MOST_ENDPOINTS ? endpoint : "other";
    let known = this.#endpoints.get(name);
    if (known === undefined) {
      known = { counts: new Uint32Array(LATENCY_BOUNDS_MS.length + 1), sumMs: 0, failed: 0 };
      this.#endpoints.set(name, known);
    }
    const at = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
    const slot = at < 0 ? LATENCY_BOUNDS_MS.length : at;
    known.counts[slot] = (known.counts[slot] ?? 0) + 1;
    known.sumMs += ms;
    if (!ok) known.failed += 1;
  }

  snapshot(): readonly EndpointLatency[] {
    return [...this.#endpoints].map(([endpoint, { counts, sumMs, failed }]) => ({
      endpoint,
      count: counts.reduce((sum, count) => sum + count, 0),
      failed,
      sumMs,
      boundsMs: LATENCY_BOUNDS_MS,
      counts: [...counts],
    }));
  }
}
