/**
 * Turns off a scanner that keeps failing, and lets one trial through after a while. One per scan runner; what it knows
 * can be taken over from another process (circuitFile.ts).
 */
import type { Clock } from "../base/clock.ts";
import type { CircuitState } from "../domain/research.ts";

/** Consecutive failures that open the circuit. */
export const FAILURES_TO_OPEN = 3;
/** How long it stays open before one trial. */
export const OPEN_MS = 5 * 60_000;
/** Scanners remembered; the one that failed longest ago is forgotten first. */
const REMEMBERED = 1000;

/** A scanner that has failed last time. */
export interface Circuit {
  readonly failures: number;
  /** UTC milliseconds; 0 while closed. */
  readonly openUntil: number;
}

export class Breaker {
  readonly #clock: Clock;
  readonly #circuits = new Map<string, Circuit>();
  readonly #trials = new Set<string>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Lets `key` run (null), or says until when it may not, UTC milliseconds. Who was let in says how it ended. */
  admit(key: string): number | null {
    const circuit = this.#circuits.get(key);
    if (circuit === undefined || circuit.openUntil === 0) return null;
    const now = this.#clock.now();
    if (circuit.openUntil > now) return circuit.openUntil;
    if (this.#trials.has(key)) return now + OPEN_MS;
    this.#trials.add(key);
    return null;
  }

  succeeded(key: string): void {
    this.#trials.delete(key);
    this.#circuits.delete(key);
  }

  /** A failed trial opens it again at once: its failures are still counted. */
  failed(key: string): void {
    this.#trials.delete(key);
    const failures = (this.#circuits.get(key)?.failures ?? 0) + 1;
    this.#put(key, { failures, openUntil: failures >= FAILURES_TO_OPEN ? this.#clock.now() + OPEN_MS : 0 });
  }

  /** It was ended by another's doing: neither success nor failure. */
  cancelled(key: string): void {
    this.#trials.delete(key);
  }

  state(key: string): CircuitState {
    const circuit = this.#circuits.get(key);
    const openUntil = circuit?.openUntil ?? 0;
    const state = openUntil === 0 ? "closed" : openUntil > this.#clock.now() && !this.#trials.has(key) ? "open" : "half-open";
    return { state, failures: circuit?.failures ?? 0, openUntil: openUntil === 0 ? null : new Date(openUntil).toISOString() };
  }

  circuits(): ReadonlyMap<string, Circuit> {
    return new Map(this.#circuits);
  }

  /** Takes what another process has seen in the place of what is known here. */
  replace(circuits: ReadonlyMap<string, Circuit>): void {
    this.#circuits.clear();
    for (const [key, circuit] of circuits) this.#put(key, circuit);
  }

  #put(key: string, circuit: Circuit): void {
    this.#circuits.delete(key);
    this.#circuits.set(key, circuit);
    for (const oldest of this.#circuits.keys()) {
      if (this.#circuits.size <= REMEMBERED) break;
      this.#circuits.delete(oldest);
    }
  }
}
