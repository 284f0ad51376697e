/** A circuit breaker per operation: what has taken its worker down so often in a row is refused for a while, then one trial may go. */
import { TradingError } from "../base/errors.ts";

/** In a row. */
export const FAILURES_TO_OPEN = 5;
export const OPEN_MS = 10_000;
/** Operations remembered; the one that failed longest ago is forgotten first. */
const REMEMBERED = 1_000;

interface Circuit {
  failures: number;
  openUntil: number;
}

export class Circuits {
  readonly #now: () => number;
  readonly #circuits = new Map<string, Circuit>();

  /** `now`: milliseconds on any steady clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Names of the operations that are refused now. */
  get open(): readonly string[] {
    return [...this.#circuits].filter(([, { openUntil }]) => openUntil > this.#now()).map(([name]) => name);
  }

  /** Throws `circuit-open` while `operation` is refused. Lets one caller through when its time has come, and refuses the others meanwhile. */
  enter(operation: string): void {
    const circuit = this.#circuits.get(operation);
    if (circuit === undefined || circuit.failures < FAILURES_TO_OPEN) return;
    const waitMs = circuit.openUntil - this.#now();
    if (waitMs > 0) {
      throw new TradingError("circuit-open", `${nameOf(operation)} took its worker down ${circuit.failures} times in a row and is not run for now.`, {
        hint: `It is tried again in ${Math.ceil(waitMs / 1000)} s. See what it does that ends or blocks a worker.`,
        data: { operation: nameOf(operation), failures: circuit.failures, waitMs },
      });
    }
    circuit.openUntil = this.#now() + OPEN_MS;
  }

  succeeded(operation: string): void {
    this.#circuits.delete(operation);
  }

  /** A failed trial opens it again at once: its failures are still counted. */
  failed(operation: string): void {
    const failures = (this.#circuits.get(operation)?.failures ?? 0) + 1;
    this.#circuits.delete(operation);
    this.#circuits.set(operation, { failures, openUntil: failures >= FAILURES_TO_OPEN ? this.#now() + OPEN_MS : 0 });
    for (const oldest of this.#circuits.keys()) {
      if (this.#circuits.size <= REMEMBERED) break;
      this.#circuits.delete(oldest);
    }
  }
}

/** A function's name is its source text. */
function nameOf(operation: string): string {
  return operation.length > 60 ? `${operation.slice(0, 57)}...` : operation;
}
