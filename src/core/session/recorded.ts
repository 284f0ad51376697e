/** Writes each call of a session's operation into the metrics, as waiting nowhere and running until it ends. */
import { TradingError } from "../base/errors.ts";
import type { MetricsSink } from "../domain/ports.ts";

/**
 * `work` as before, each call recorded as `operation`. What was asked for wrongly or given up by its caller is no
 * operation: it would make a sound session look as if it failed.
 */
export function recorded<A extends readonly unknown[], R>(
  metrics: MetricsSink,
  operation: string,
  work: (...args: A) => Promise<R>,
): (...args: A) => Promise<R> {
  return async (...args) => {
    const startedAt = Date.now();
    const began = performance.now();
    const record = (error: string | null) => metrics.record({ operation, startedAt, queueMs: 0, runMs: performance.now() - began, ok: error === null, error });
    try {
      const value = await work(...args);
      record(null);
      return value;
    } catch (error) {
      const { kind, code } = TradingError.from(error, "failed");
      if (kind !== "usage" && kind !== "interrupted") record(code);
      throw error;
    }
  };
}
