/**
 * Request/answer and events over anything that posts messages: a worker's port, a child process, a webview.
 * Each side hands in how to post and is fed what arrives; whatever does not parse is dropped, never thrown.
 */
import { TradingError, type PlainError } from "./errors.ts";
import { abortable } from "./scope.ts";

export interface Wire {
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: unknown) => void): void;
}

export type Handler = (argument: unknown, signal: AbortSignal) => unknown;

type Frame =
  | { readonly t: "ask"; readonly id: number; readonly name: string; readonly argument: unknown }
  | { readonly t: "cancel"; readonly id: number }
  | { readonly t: "answer"; readonly id: number; readonly value: unknown }
  | { readonly t: "failure"; readonly id: number; readonly error: PlainError }
  | { readonly t: "event"; readonly name: string; readonly value: unknown };

/** Both sides may ask and both may answer. At most `maxPending` asks of ours are open at once; the next is refused. */
export class Channel {
  readonly #wire: Wire;
  readonly #handlers = new Map<string, Handler>();
  readonly #listeners = new Map<string, Set<(value: unknown) => void>>();
  readonly #pending = new Map<number, { readonly resolve: (value: unknown) => void; readonly reject: (error: Error) => void }>();
  readonly #running = new Map<number, AbortController>();
  readonly #maxPending: number;
  #nextId = 0;
  #closed: TradingError | undefined;

  constructor(wire: Wire, options: { readonly maxPending?: number } = {}) {
    this.#wire = wire;
    this.#maxPending = options.maxPending ?? 10_000;
    wire.onMessage((message) => this.#receive(message));
  }

  /** Answers `name` with what `handler` returns; its error crosses as code, message and hint. */
  handle(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  on(name: string, listener: (value: unknown) => void): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set);
    set.add(listener);
    return () => set.delete(listener);
  }

  emit(name: string, value: unknown): void {
    if (this.#closed === undefined) this.#wire.post({ t: "event", name, value } satisfies Frame);
  }

  /** Asks the other side. An abort is sent on, and the promise rejects at once. */
  async ask(name: string, argument: unknown, signal: AbortSignal, transfer?: readonly ArrayBuffer[]): Promise<unknown> {
    signal.throwIfAborted();
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#pending.size >= this.#maxPending) {
      throw new TradingError("queue-full", `Task queue full (${this.#pending.size} of ${this.#maxPending}).`);
    }
    const id = ++this.#nextId;
    const answer = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    answer.catch(() => undefined);
    try {
      this.#wire.post({ t: "ask", id, name, argument } satisfies Frame, transfer);
      return await abortable(answer, signal);
    } finally {
      if (this.#pending.delete(id) && signal.aborted && this.#closed === undefined) this.#wire.post({ t: "cancel", id } satisfies Frame);
    }
  }

  /** The other side is gone: all open asks reject with `error`. */
  close(error: TradingError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    for (const controller of this.#running.values()) controller.abort(error);
    this.#running.clear();
  }

  #receive(message: unknown): void {
    const frame = parseFrame(message);
    if (frame === undefined) return;
    switch (frame.t) {
      case "ask":
        void this.#answer(frame.id, frame.name, frame.argument);
        return;
      case "cancel":
        this.#running.get(frame.id)?.abort(new TradingError("interrupted", "The caller gave up.", { kind: "interrupted" }));
        return;
      case "answer":
        this.#settle(frame.id)?.resolve(frame.value);
        return;
      case "failure":
        this.#settle(frame.id)?.reject(TradingError.fromPlain(frame.error));
        return;
      case "event":
        for (const listener of this.#listeners.get(frame.name) ?? []) listener(frame.value);
        return;
    }
  }

  #settle(id: number) {
    const open = this.#pending.get(id);
    this.#pending.delete(id);
    return open;
  }

  async #answer(id: number, name: string, argument: unknown): Promise<void> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let reply: Frame;
    try {
      const handler = this.#handlers.get(name);
      if (handler === undefined) throw new TradingError("unknown-request", `Nothing here answers "${name}".`);
      reply = { t: "answer", id, value: await handler(argument, controller.signal) };
    } catch (error) {
      reply = { t: "failure", id, error: TradingError.from(error, "failed").toPlain() };
    } finally {
      this.#running.delete(id);
    }
    if (this.#closed !== undefined) return;
    try {
      this.#wire.post(reply);
    } catch (error) {
      this.#wire.post({ t: "failure", id, error: TradingError.from(error, "not-sendable").toPlain() } satisfies Frame);
    }
  }
}

function parseFrame(message: unknown): Frame | undefined {
  if (message === null || typeof message !== "object") return undefined;
  const frame = message as { t?: unknown; id?: unknown; name?: unknown };
  switch (frame.t) {
    case "ask":
      return typeof frame.id === "number" && typeof frame.name === "string" ? (message as Frame) : undefined;
    case "cancel":
    case "answer":
    case "failure":
      return typeof frame.id === "number" ? (message as Frame) : undefined;
    case "event":
      return typeof frame.name === "string" ? (message as Frame) : undefined;
    default:
      return undefined;
  }
}
