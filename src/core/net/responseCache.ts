/**
 * Answers of public sources, kept for a while: bounded by size, one request for equal questions at the same time, asked anew
 * with the validators that the source gave, and used old when it fails (RFC 9111, and stale-if-error of RFC 5861).
 */
import { TradingError } from "../base/errors.ts";
import { FlightCache } from "../base/flightCache.ts";
import type { HttpAnswer, SourceCacheStats } from "../domain/ports.ts";

export interface ResponseCacheOptions {
  /** Of all bodies together, in characters; the answer unused for longest leaves first. */
  readonly maxSize: number;
  /** Longest time one question may take. */
  readonly deadlineMs: number;
  /** UTC milliseconds. */
  readonly now: () => number;
}

export interface Freshness {
  readonly ttlMs: number;
  /** After `ttlMs`, for so long, the answer may stand in for a failing source. */
  readonly staleMs: number;
}

interface Kept {
  readonly answer: HttpAnswer;
  readonly size: number;
  /** When the source last stood by it. */
  readonly at: number;
}

/** One answer alone may fill so much of the cache. */
const LARGEST_SHARE = 0.25;
/** A short answer costs more than its text: headers, key, entry. */
const OVERHEAD = 500;

/** Failures of the source, not of the question or the key: an old answer is better than none. */
const OUTAGES: ReadonlySet<string> = new Set([
  "timeout",
  "no-answer",
  "network-unreachable",
  "connection-lost",
  "circuit-open",
  "queue-full",
  "bad-answer",
  "answer-too-large",
  "rate-limited",
  "source-unavailable",
]);

export class ResponseCache {
  readonly #options: ResponseCacheOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #flights: FlightCache;
  #size = 0;

  constructor(options: ResponseCacheOptions) {
    this.#options = options;
    this.#flights = new FlightCache({ capacity: 0, ttlMs: 0, deadlineMs: options.deadlineMs, now: options.now });
  }

  get size(): number {
    return this.#size;
  }

  /** `ask` sends the given headers along, and throws where what came is no good answer. `counts` are the asking source's. */
  async get(
    key: string,
    freshness: Freshness,
    counts: { -readonly [Name in keyof SourceCacheStats]: number },
    signal: AbortSignal,
    ask: (validators: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer & { readonly stale: boolean }> {
    const kept = this.#use(key);
    if (kept !== undefined && this.#options.now() - kept.at < freshness.ttlMs) {
      counts.hits++;
      return { ...kept.answer, stale: false };
    }
    const { value, cached } = await this.#flights.get(key, signal, (own) => this.#fetch(key, freshness, counts, own, ask));
    if (cached) counts.hits++;
    return value;
  }

  async #fetch(
    key: string,
    { ttlMs, staleMs }: Freshness,
    counts: { -readonly [Name in keyof SourceCacheStats]: number },
    signal: AbortSignal,
    ask: (validators: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<HttpAnswer>,
  ): Promise<HttpAnswer & { readonly stale: boolean }> {
    const kept = this.#kept.get(key);
    counts.misses++;
    try {
      const answer = await ask(kept === undefined ? {} : validatorsOf(kept.answer), signal);
      if (answer.status === 304 && kept !== undefined) {
        counts.confirmed++;
        this.#keep(key, kept.answer, kept.size);
        return { ...kept.answer, stale: false };
      }
      if (answer.status >= 200 && answer.status < 300) this.#keep(key, answer, (answer.size ?? 0) + key.length + OVERHEAD);
      return { ...answer, stale: false };
    } catch (error) {
      const isOld = kept === undefined || this.#options.now() - kept.at >= ttlMs + staleMs;
      if (isOld || !(error instanceof TradingError) || !OUTAGES.has(error.code)) throw error;
      counts.stale++;
      return { ...kept.answer, stale: true };
    }
  }

  /** What was used last is the last to go. */
  #use(key: string): Kept | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept;
  }

  #keep(key: string, answer: HttpAnswer, size: number): void {
    this.#drop(key);
    if (size > this.#options.maxSize * LARGEST_SHARE || /\bno-store\b/i.test(answer.headers["cache-control"] ?? "")) return;
    this.#kept.set(key, { answer, size, at: this.#options.now() });
    this.#size += size;
    for (const oldest of this.#kept.keys()) {
      if (this.#size <= this.#options.maxSize) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#size -= this.#kept.get(key)?.size ?? 0;
    this.#kept.delete(key);
  }
}

function validatorsOf({ headers }: HttpAnswer): Readonly<Record<string, string>> {
  const [tag, modified] = [headers["etag"], headers["last-modified"]];
  return { ...(tag === undefined ? {} : { "if-none-match": tag }), ...(modified === undefined ? {} : { "if-modified-since": modified }) };
}
