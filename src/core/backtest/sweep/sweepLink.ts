/** One sweep in one compute process: opened once, asked, closed. */
import { randomUUID } from "node:crypto";
import { TradingError } from "../../base/errors.ts";
import type { SweepOpened } from "./messages.ts";

export interface SweepCompute {
  /** Rejects with `compute-died` when the process ends under it. */
  readonly ask: (message: object, limitMs: number, signal: AbortSignal) => Promise<unknown>;
  readonly isGone: () => boolean;
  /** The process itself: equal means the same. */
  readonly process: object;
}

type What = Readonly<Record<string, unknown>> & { readonly timeoutMs: number };

/** Indicators of a large sweep take their time. */
const OPEN_MS = 300_000;

export class SweepLink {
  readonly #compute: SweepCompute;
  readonly #id = randomUUID();
  readonly #what: What;
  #opening: Promise<unknown> | undefined;
  #opened: SweepOpened | undefined;

  constructor(compute: SweepCompute, what: What) {
    this.#compute = compute;
    this.#what = what;
  }

  get process(): object {
    return this.#compute.process;
  }

  get opened(): SweepOpened {
    return this.#opened as SweepOpened;
  }

  /** Opens it once, whoever asks first. */
  async ready(signal: AbortSignal): Promise<this> {
    this.#opening ??= this.#compute.ask({ kind: "open", id: this.#id, ...this.#what }, this.#what.timeoutMs + OPEN_MS, signal);
    this.#opened = (await this.#opening) as SweepOpened;
    return this;
  }

  ask(message: object, limitMs: number, signal: AbortSignal): Promise<unknown> {
    return this.#compute.ask({ id: this.#id, ...message }, limitMs, signal);
  }

  /** What it held in the process is given free; nobody waits for that. */
  close(): void {
    if (this.#compute.isGone()) return;
    this.#compute.ask({ kind: "close", id: this.#id }, 1000, AbortSignal.timeout(5000)).catch(() => undefined);
  }
}

export function died(error: unknown): error is TradingError {
  return error instanceof TradingError && error.code === "compute-died";
}
