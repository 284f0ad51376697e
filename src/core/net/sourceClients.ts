/**
 * Clients of the public data sources of one session: each with a pool, a breaker and a rate of its own, all with one cache
 * and one bound on connections: 100 in all, 30 to a host.
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { TradingError } from "../base/errors.ts";
import type { HttpAnswer, HttpClient, OperationRecord, SourceCacheStats, SourceClient, SourceClientOptions } from "../domain/ports.ts";
import { ConnectionBudget } from "./connectionBudget.ts";
import { createHttpClient } from "./httpClient.ts";
import { ResponseCache } from "./responseCache.ts";
import { askedWaitMs } from "./retry.ts";

export interface SourceClientsOptions {
  readonly timeoutMs: number;
  readonly retries: number;
  readonly backoffMs: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly onRequest?: (record: OperationRecord) => void;
  /** Failures in a row after which a source is left alone, and for how long at first. */
  readonly breaker?: { readonly failures: number; readonly openMs: number; readonly longestOpenMs: number };
}

export interface SourceClients {
  make(options: SourceClientOptions): SourceClient;
  close(): Promise<void>;
}

const IN_ALL = 100;
const PER_HOST = 30;
/** Of one answer: what is parsed in the extension host's loop must not hold it up. */
const MAX_ANSWER = 4 * 2 ** 20;
const CACHE_SIZE = 32 * 2 ** 20;
const BREAKER = { failures: 5, openMs: 5000, longestOpenMs: 600_000 } as const;
/** Where a source answers 429 without saying for how long. */
const REST_MS = 30_000;
const LONGEST_REST_MS = 3_600_000;
/** A shorter wait is waited for within the call. */
const SHORT_WAIT_MS = 2000;

export function createSourceClients(options: SourceClientsOptions): SourceClients {
  const { clock, log } = options;
  const cache = new ResponseCache({ maxSize: CACHE_SIZE, deadlineMs: options.timeoutMs * 2, now: () => clock.now() });
  const budget = new ConnectionBudget(IN_ALL);
  const clients: HttpClient[] = [];
  return {
    make: (source) => {
      const url = new URL(source.address);
      const http = createHttpClient({
        origin: url.origin,
        basePath: url.pathname.replace(/\/+$/, ""),
        ...(source.headers === undefined ? {} : { headers: source.headers }),
        ...(source.secrets === undefined ? {} : { secrets: source.secrets }),
        ...(source.requestsPerMinute === undefined ? {} : { requestsPerMinute: source.requestsPerMinute }),
        connections: PER_HOST,
        budget,
        maxBytes: MAX_ANSWER,
        timeoutMs: options.timeoutMs,
        retries: options.retries,
        backoffMs: options.backoffMs,
        breaker: options.breaker ?? BREAKER,
        judge: (answer) => limitOf(source.name, answer, clock.now()) ?? source.judge?.(answer),
        log,
        clock,
        ...(options.onRequest === undefined ? {} : { onRequest: options.onRequest }),
      });
      clients.push(http);
      const counts = { hits: 0, misses: 0, confirmed: 0, stale: 0 };
      return sourceClient({ source, http, cache, counts });
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

interface SourceParts {
  readonly source: SourceClientOptions;
  readonly http: HttpClient;
  readonly cache: ResponseCache;
  readonly counts: { -readonly [Name in keyof SourceCacheStats]: number };
}

function sourceClient({ source, http, cache, counts }: SourceParts): SourceClient {
  const whole = (path: string) => (source.secretQuery === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}${source.secretQuery}`);
  return {
    read: (path, { ttlMs, staleMs, as, headers }, signal) =>
      cache.get(`${source.name} ${source.address} ${path}`, { ttlMs, staleMs }, counts, signal, async (validators, own) => {
        const answer = await http.request(
          {
            method: "GET",
            path: whole(path),
            intent: "read",
            headers: { ...(as === "text" ? { accept: "*/*" } : {}), ...headers, ...validators },
            ...(as === undefined ? {} : { as }),
          },
          own,
        );
        if (answer.status < 500) return answer;
        throw new TradingError("source-unavailable", `${source.name}: HTTP ${answer.status} error`, {
          hint: "Try again in a moment.",
          data: { status: answer.status, sent: true },
        });
      }),
    request: (request, signal) => http.request({ ...request, path: whole(request.path) }, signal),
    stats: () => ({ ...http.stats(), ...counts }),
  };
}

/** Too many requests, and not to be tried again within the call: whoever asks on is only told so again, so the source is left alone. */
function limitOf(name: string, { status, headers }: HttpAnswer, now: number): TradingError | undefined {
  const askedMs = status === 429 ? askedWaitMs(headers, now) : 0;
  if (askedMs !== undefined && askedMs < SHORT_WAIT_MS) return undefined;
  return new TradingError("rate-limited", `${name}: too many requests (HTTP 429)`, {
    hint: "Its limit is used up for now; it is asked again by itself.",
    data: { status, sent: true, restMs: Math.min(LONGEST_REST_MS, askedMs ?? REST_MS) },
  });
}
