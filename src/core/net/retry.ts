/** What is tried again, and when: exponential back-off with full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015). */

/** Answers that a read or cancel is tried again on. */
export function isRetryStatus(status: number): boolean {
  return status === 429 || status === 500 || status === 502 || status === 503 || status === 504;
}

const LONGEST_MS = 30_000;

/** Milliseconds before retry number `retry` (0 is the first): anywhere between 0 and base * 2^retry, at most 30 s. */
export function backoffMs(retry: number, baseMs: number, random: () => number): number {
  return random() * Math.min(LONGEST_MS, baseMs * 2 ** retry);
}

/**
 * Milliseconds that the server asks to wait: Retry-After (seconds or date), else X-RateLimit-Reset (unix seconds). Times are
 * read by the server's own clock where it tells it: ours may be wrong by hours.
 */
export function askedWaitMs(headers: Readonly<Record<string, string>>, ownMs: number): number | undefined {
  const told = Date.parse(headers["date"] ?? "");
  const nowMs = Number.isNaN(told) ? ownMs : told;
  const after = headers["retry-after"];
  if (after !== undefined) {
    if (/^\d+(\.\d+)?$/.test(after.trim())) return Number(after) * 1000;
    const at = Date.parse(after);
    if (!Number.isNaN(at)) return Math.max(0, at - nowMs);
  }
  const reset = headers["x-ratelimit-reset"];
  if (reset !== undefined && /^\d+$/.test(reset)) return Math.max(0, Number(reset) * 1000 - nowMs);
  return undefined;
}
