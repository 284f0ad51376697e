/**
 * The circuit breaker of one origin: after so many failures in a row nothing is sent for a while, then one request tries.
 * Cancels are not held back by it (httpClient.ts): what lowers a risk is always tried.
 */
import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from "cockatiel";
import { TradingError } from "../base/errors.ts";
import { abortable } from "../base/scope.ts";
import type { Log } from "../base/log.ts";
import type { HttpAnswer } from "../domain/ports.ts";

export interface BreakerOptions {
  readonly host: string;
  /** In a row, before the circuit opens. */
  readonly failures: number;
  /** Before one request may try again. */
  readonly openMs: number;
  readonly log: Log;
}

export interface Breaker {
  readonly state: "closed" | "open" | "half-open";
  /** Throws `circuit-open` without running `work` while the circuit is open. */
  run(work: () => Promise<HttpAnswer>, signal: AbortSignal): Promise<HttpAnswer>;
}

export function createBreaker({ host, failures, openMs, log }: BreakerOptions): Breaker {
  const policy = circuitBreaker(
    handleWhen(isOutage).orWhenResult((answer) => (answer as HttpAnswer).status >= 500),
    { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(failures) },
  );
  policy.onBreak(() => log.warn(`${host} failed ${failures} times in a row: nothing is sent there for ${openMs / 1000} s.`));
  policy.onReset(() => log.info(`${host} answers again.`));
  return {
    get state() {
      switch (policy.state) {
        case CircuitState.Open:
        case CircuitState.Isolated:
          return "open";
        case CircuitState.HalfOpen:
          return "half-open";
        case CircuitState.Closed:
          return "closed";
      }
    },
    run: async (work, signal) => {
      signal.throwIfAborted();
      try {
        const answer = policy.execute(work);
        // Half open it waits for another one's trial, which knows nothing of this one's signal; else `work` ends with it itself.
        return await (policy.state === CircuitState.HalfOpen ? abortable(answer, signal) : answer);
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw new TradingError("circuit-open", `${host} has failed ${failures} times in a row; it is tried again in a moment.`, {
          hint: "Wait a few seconds. Cancels still go.",
          data: { sent: false, retry: true },
        });
      }
    },
  };
}

/** No answer: the connection failed, or nothing came in time. What a caller gave up, or what is wrong with an answer, says nothing of the service. */
function isOutage(error: unknown): boolean {
  if (!(error instanceof TradingError)) return false;
  return error.code === "timeout" || error.code === "no-answer" || error.code === "network-unreachable" || error.code === "connection-lost";
}
