/** Turns off a scanner that keeps failing, and lets one trial through after a while. One per scan runner. */
import type { Clock } from "../base/clock.ts";

/** Consecutive failures that open the circuit. */
export const FAILURES_TO_OPEN = 3;
/** How long it stays open before one trial. */
export const OPEN_MS = 5 * 60_000;
/** Scanners remembered; the one that failed longest ago is forgotten first. */
const REMEMBERED = 1000;

interface Circuit {
  failures: number;
  /** UTC milliseconds; 0 while closed. */
  openUntil: number;
}

export class Breaker {
  readonly #clock: Clock;
  readonly #circuits = new Map<string, Circuit>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null when `name` may run (closed, or due for its trial), else the time from which it may, UTC milliseconds. */
  openUntil(name: string): number | null {
    const circuit = this.#circuits.get(name);
    return circuit === undefined || circuit.openUntil <= this.#clock.now() ? null : circuit.openUntil;
  }

  succeeded(name: string): void {
    this.#circuits.delete(name);
  }

  /** A failed trial opens it again at once: its failures are still counted. */
  failed(name: string): void {
    const failures = (this.#circuits.get(name)?.failures ?? 0) + 1;
    this.#circuits.delete(name);
    this.#circuits.set(name, { failures, openUntil: failures >= FAILURES_TO_OPEN ? this.#clock.now() + OPEN_MS : 0 });
    for (const oldest of this.#circuits.keys()) {
      if (this.#circuits.size <= REMEMBERED) break;
      this.#circuits.delete(oldest);
    }
  }
}
