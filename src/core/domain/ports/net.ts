/** How the network is asked: one client for each origin, its limits and what it measures. */
import type { TradingError } from "../../base/errors.ts";
import type { TradingMode } from "../orders.ts";

/** Where a broker or a data source is, with the credentials of that very origin. */
export interface Endpoint {
  readonly mode: TradingMode;
  /** Without /v2. */
  readonly tradingUrl: string;
  readonly dataUrl: string;
  /** Ends in /stream. */
  readonly streamUrl: string;
  readonly keyId: string;
  readonly secretKey: string;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Path and query, starting with "/". */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; URLSearchParams as a form. */
  readonly body?: unknown;
  /** How the answer is read; JSON when absent. */
  readonly as?: "json" | "text";
  /** "read" and "cancel" are retried; "order" never blindly. */
  readonly intent: "read" | "cancel" | "order";
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON; undefined for an empty body. The text itself where text was asked for. */
  readonly body: unknown;
  /** Length of the body, in characters of its text. */
  readonly size?: number;
}

/** One origin, one pool of kept-alive connections. Resolves for every HTTP status; throws only when no answer came. */
export interface HttpClient {
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** An answer has said that our own exchange is behind the address (header X-Quantdesk-Simulated). */
  readonly simulated: boolean;
  readonly stats: () => PoolStats;
  close(): Promise<void>;
}

export interface PoolStats {
  readonly open: number;
  readonly busy: number;
  readonly queued: number;
  readonly requests: number;
  readonly retries: number;
  /** Connections opened since the start. */
  readonly opened: number;
  /** Requests that found a connection open. */
  readonly reused: number;
  /** Milliseconds that requests have waited for their turn: connections and rate limit. */
  readonly queuedMs: number;
  /** How often the next in line had to wait for the rate limit, or a time that the server named. */
  readonly limitWaits: number;
  readonly breaker: "closed" | "open" | "half-open";
  /** When the open circuit lets one request through, UTC milliseconds; null (or absent) while it is closed. */
  readonly openUntil?: number | null;
  readonly latency: readonly EndpointLatency[];
}

/** Answer times of one endpoint: `counts[i]` took at most `boundsMs[i]`, the last one longer. Waiting for a turn is not in it. */
export interface EndpointLatency {
  /** Method and path, ids as ":id". */
  readonly endpoint: string;
  readonly count: number;
  /** Of these, without an answer or with a status of 400 and more. */
  readonly failed: number;
  readonly sumMs: number;
  readonly boundsMs: readonly number[];
  readonly counts: readonly number[];
}

/** How a public source of data is asked: one client for each, made by net. */
export interface SourceClientOptions {
  readonly name: string;
  /** Origin and, where there is one, the path that all requests begin with. */
  readonly address: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Added to every request's query, and to no cache key, log or error: where the vendor wants its key there. */
  readonly secretQuery?: string;
  /** Texts that the source may quote and that must not travel on. */
  readonly secrets?: readonly string[];
  readonly requestsPerMinute?: number;
  /** What a success of HTTP means that is none: a limit or refusal told in the body with status 200. `data.restMs` is how long the source is left alone. */
  readonly judge?: (answer: HttpAnswer) => TradingError | undefined;
}

/** Keys and addresses of the public sources, from the user's own environment, SecretStorage and settings; never a workspace's. */
export interface SourceSettings {
  readonly finnhubKey?: string;
  readonly alphaVantageKey?: string;
  readonly redditClientId?: string;
  readonly redditClientSecret?: string;
  /** Read Reddit's public listing where there is no client id. */
  readonly redditPublic: boolean;
  readonly redditCommunities: readonly string[];
  readonly finnhubUrl: string;
  readonly alphaVantageUrl: string;
  readonly redditUrl: string;
  readonly redditTokenUrl: string;
  /** Yahoo's unofficial address may be asked. */
  readonly yahoo: boolean;
  readonly yahooUrl: string;
}

export interface SourceRead {
  /** An answer is used without asking for so long. */
  readonly ttlMs: number;
  /** After that it may stand in for so long when the source fails. */
  readonly staleMs: number;
  readonly as?: "json" | "text";
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SourceClient {
  /**
   * GET with cache: equal questions at the same time are one request; an old answer is asked for with its validators (ETag,
   * Last-Modified). `stale` is true where the source failed and an old answer stands in. Answers other than 2xx are not kept.
   */
  read(path: string, options: SourceRead, signal: AbortSignal): Promise<HttpAnswer & { readonly stale: boolean }>;
  /** Past the cache. */
  request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  readonly stats: () => PoolStats & SourceCacheStats;
}

export interface SourceCacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Old answers that the source confirmed (304). */
  readonly confirmed: number;
  /** Old answers that stood in for a failing source. */
  readonly stale: number;
}

/** What a lock's holders have waited and held it for, milliseconds. */
export interface LockStats {
  readonly taken: number;
  readonly waitedMs: number;
  readonly longestWaitMs: number;
  readonly heldMs: number;
  readonly longestHoldMs: number;
}

export interface BrokerMetrics {
  readonly trading: PoolStats;
  readonly data: PoolStats;
  readonly lock: LockStats;
}

/** Requests that are asked for: so many, leaving `kept` in the bucket. */
export interface RequestRate {
  readonly perMinute: number;
  readonly count: number;
  readonly kept: number;
}

export interface Granted {
  readonly granted: number;
  /** Until one may be there, when none was granted. */
  readonly waitMs: number;
}

/** The rate limit of one key at one address, for every process of the state folder. */
export interface RequestBucket {
  take(rate: RequestRate): Promise<Granted>;
  /** What the server said: so many are left, or none before an instant. */
  tell(news: { readonly remaining: number | null; readonly pausedUntil: number | null }): void;
}
