/**
 * Lifetimes. Whatever is opened belongs to a scope; closing the scope ends it, newest first.
 * Used instead of AbortSignal.any, whose joined signals stay in memory as long as the parent lives.
 */
import { TradingError } from "./errors.ts";

type Closer = () => void | Promise<void>;

export interface ScopeOptions {
  readonly name?: string;
  /** After this many milliseconds the scope's signal aborts with a `deadline` error. */
  readonly deadlineMs?: number;
  /** An outside signal that also ends the scope; detached when the scope closes. */
  readonly signal?: AbortSignal;
}

export class Scope {
  readonly name: string;
  readonly #controller = new AbortController();
  readonly #closers: Closer[] = [];
  readonly #detach: Array<() => void> = [];
  #closing: Promise<void> | undefined;

  constructor(options: ScopeOptions = {}) {
    this.name = options.name ?? "scope";
    if (options.signal !== undefined) this.#follow(options.signal);
    if (options.deadlineMs !== undefined) {
      const ms = options.deadlineMs;
      const timer = setTimeout(() => this.abort(deadlineError(this.name, ms)), ms);
      this.#detach.push(() => clearTimeout(timer));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** A scope that ends when this one does, and can end earlier. */
  child(options: ScopeOptions = {}): Scope {
    this.#assertOpen();
    const child = new Scope(options);
    child.#follow(this.signal);
    const closer = () => child.close();
    this.#closers.push(closer);
    child.#detach.push(() => this.#forget(closer));
    return child;
  }

  /** Runs `closer` when the scope closes, after what was added later. Returns a function that forgets it. */
  onClose(closer: Closer): () => void {
    this.#assertOpen();
    this.#closers.push(closer);
    return () => this.#forget(closer);
  }

  abort(reason?: unknown): void {
    this.#controller.abort(reason ?? new TradingError("interrupted", `${this.name} was cancelled.`, { kind: "interrupted" }));
  }

  /** Ends everything in it, newest first; all closers run even when one fails. Calling it again waits for the first call. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (!this.signal.aborted) this.abort(new TradingError("closed", `${this.name} was closed.`, { kind: "interrupted" }));
    for (const detach of this.#detach.splice(0)) detach();
    const failures: unknown[] = [];
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} parts of ${this.name} did not close cleanly.`);
  }

  #follow(signal: AbortSignal): void {
    if (signal.aborted) {
      this.abort(signal.reason);
      return;
    }
    const listener = () => this.abort(signal.reason);
    signal.addEventListener("abort", listener, { once: true });
    this.#detach.push(() => signal.removeEventListener("abort", listener));
  }

  #forget(closer: Closer): void {
    const at = this.#closers.indexOf(closer);
    if (at >= 0) this.#closers.splice(at, 1);
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new TradingError("closed", `${this.name} is closed.`);
  }
}

export function deadlineError(what: string, ms: number): TradingError {
  return new TradingError("timeout", `${what}: timeout after ${ms / 1000}s`, { data: { deadlineMs: ms } });
}

/** Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined); // nobody waits for it any more, so its failure is nobody's
    throw signal.reason;
  }
  let listener: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    listener = () => reject(signal.reason as Error);
    signal.addEventListener("abort", listener, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (listener !== undefined) signal.removeEventListener("abort", listener);
  }
}

/** Runs `work` with a signal that ends at `deadlineMs` or with `signal`; rejects then even when `work` ignores it. */
export async function withDeadline<T>(name: string, deadlineMs: number, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const scope = new Scope({ name, deadlineMs, signal });
  try {
    return await abortable(work(scope.signal), scope.signal);
  } finally {
    await scope.close();
  }
}
