/**
 * The circuit breaker of one origin: after so many failures in a row nothing is sent for a while, then one request tries;
 * while it does, the others are refused. Cancels are not held back by it (httpClient.ts): what lowers a risk is always tried.
 */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { HttpAnswer } from "../domain/ports.ts";

export interface BreakerOptions {
  readonly host: string;
  /** In a row, before the circuit opens. */
  readonly failures: number;
  /** Before one request may try again; doubles with each one that fails, up to `longestOpenMs`. */
  readonly openMs: number;
  /** `openMs` when absent: it does not grow. */
  readonly longestOpenMs?: number;
  readonly clock: Clock;
  readonly log: Log;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #failed = 0;
  #openUntil = 0;
  #isTrying = false;
  /** Of the last failure; null when there was no answer. */
  #failedStatus: number | null = null;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get state(): "closed" | "open" | "half-open" {
    if (this.#failed < this.#options.failures) return "closed";
    return this.#isTrying ? "half-open" : "open";
  }

  /** When one request may try again, UTC milliseconds; null while the circuit is closed. */
  get openUntil(): number | null {
    return this.state === "closed" ? null : this.#openUntil;
  }

  /** The source has said that it wants to be left alone for so long. */
  rest(ms: number): void {
    const { host, failures, clock, log } = this.#options;
    if (this.state === "closed") log.warn(`${host} asks not to be asked for ${Math.ceil(ms / 1000)} s.`);
    this.#failed = Math.max(this.#failed, failures);
    this.#openUntil = Math.max(this.#openUntil, clock.now() + ms);
  }

  /** Throws `circuit-open` without running `work` while the circuit is open. */
  async run(work: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    if (this.state === "closed") return await this.#watched(work);
    if (this.#isTrying || this.#options.clock.now() < this.#openUntil) throw this.#refusal();
    this.#isTrying = true;
    try {
      return await this.#watched(work);
    } finally {
      this.#isTrying = false;
    }
  }

  async #watched(work: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    try {
      const answer = await work();
      if (answer.status >= 500) this.#fail(answer.status);
      else this.#succeed();
      return answer;
    } catch (error) {
      if (isOutage(error)) this.#fail(null);
      if (error instanceof TradingError && typeof error.data["restMs"] === "number") this.rest(error.data["restMs"]);
      throw error;
    }
  }

  #fail(status: number | null): void {
    const { host, failures, openMs, longestOpenMs = openMs, clock, log } = this.#options;
    this.#failed += 1;
    this.#failedStatus = status;
    if (this.#failed < failures) return;
    if (this.#failed === failures) log.warn(`${host} failed ${failures} times in a row: nothing is sent there for ${openMs / 1000} s.`);
    this.#openUntil = clock.now() + Math.min(longestOpenMs, openMs * 2 ** Math.min(30, this.#failed - failures));
  }

  #succeed(): void {
    if (this.state !== "closed") this.#options.log.info(`${this.#options.host} answers again.`);
    this.#failed = 0;
  }

  #refusal(): TradingError {
    const { host, clock } = this.#options;
    const waitMs = Math.max(0, this.#openUntil - clock.now());
    return new TradingError(
      "circuit-open",
      `${host} has failed ${this.#failed} times in a row; it is tried again in ${waitMs < 60_000 ? "a moment" : `${Math.ceil(waitMs / 60_000)} minutes`}.`,
      {
        hint: "Wait a few seconds. Cancels still go.",
        data: { sent: false, retry: true, ...(this.#failedStatus === null ? {} : { failedStatus: this.#failedStatus }) },
      },
    );
  }
}

/** No answer: the connection failed, or nothing came in time. What a caller gave up, or what is wrong with an answer, says nothing of the service. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof TradingError)) return false;
  return error.code === "timeout" || error.code === "no-answer" || error.code === "network-unreachable" || error.code === "connection-lost";
}
