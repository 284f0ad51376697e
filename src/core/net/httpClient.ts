/**
 * net: one HTTP client per origin, on a pool of kept-alive connections (undici).
 * A call's deadline covers its wait for a turn and its retries. Reads and cancels are tried again, orders never.
 * Imports base and domain. Is given: origin, headers, limits, Clock. Knows nothing of orders, accounts or bars.
 */
import { buildConnector, Pool } from "undici";
import { TradingError } from "../base/errors.ts";
import { deadlineError } from "../base/scope.ts";
import { systemClock, type Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { HttpAnswer, HttpClient, HttpRequest, OperationRecord, RequestBucket } from "../domain/ports.ts";
import { Breaker } from "./breaker.ts";
import { followSignal } from "./callSignal.ts";
import type { BudgetMember, ConnectionBudget } from "./connectionBudget.ts";
import { Gate } from "./gate.ts";
import { Latencies } from "./latency.ts";
import { askedWaitMs, backoffMs, isRetryStatus } from "./retry.ts";
import { readBody } from "./answer.ts";
import { send, type Sending } from "./send.ts";

export interface HttpClientOptions {
  /** Scheme, host and port. The headers are sent there and nowhere else: redirects are not followed. */
  readonly origin: string;
  /** Path that every request's own is put behind. */
  readonly basePath?: string;
  /** Sent with every request: credentials, mostly. Never shown. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Most connections, and so most requests at once. */
  readonly connections: number;
  /** For one call with all its waits and retries. */
  readonly timeoutMs: number;
  readonly retries: number;
  /** Before the first retry; doubles each time, with full jitter. */
  readonly backoffMs: number;
  readonly requestsPerMinute?: number;
  /** Counts requests for other processes, too. */
  readonly bucket?: RequestBucket;
  /** Whether the rate limit is Alpaca's own: our exchange, where it has none, then lifts it. */
  readonly isDefaultRate?: boolean;
  readonly log: Log;
  readonly clock?: Clock;
  /** Requests that may wait for their turn; 1,000 by default. */
  readonly maxWaiting?: number;
  /** Certificate (PEM) of an exchange that has one of its own. */
  readonly ca?: string;
  readonly onRequest?: (record: OperationRecord) => void;
  readonly random?: () => number;
  /** Failures in a row after which nothing is sent, and for how long; 10 and 2 s by default. See breaker.ts. */
  readonly breaker?: { readonly failures: number; readonly openMs: number; readonly longestOpenMs?: number };
  /** Shared with other clients: most connections of all of them together. */
  readonly budget?: ConnectionBudget;
  /** Largest answer, in bytes; 32 MB when absent. */
  readonly maxBytes?: number;
  /** Texts that no body may carry on, whatever its status. */
  readonly secrets?: readonly string[];
  /** A success of HTTP that means a failure; thrown, and counted by the breaker as its data say. */
  readonly judge?: (answer: HttpAnswer) => TradingError | undefined;
}

const KEEP_ALIVE_MS = 20_000; // below the idle time of common servers and load balancers; a server's own hint goes first

const MOST_PATHS = 500;

const MAX_BYTES = 32 * 2 ** 20;

/** Limits count by the minute: who asks for a longer pause, by mistake or by a clock that is wrong, is asked again after this. */
const LONGEST_PAUSE_MS = 120_000;

/** Shorter deadlines are one attempt's, whole. */
const SHORTEST_ATTEMPT_MS = 1000;

interface Progress {
  sent: boolean;
  queueMs: number;
}

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const url = parseOrigin(options.origin);
  const { budget } = options;
  const member: BudgetMember = {
    idle: () => pool.stats.free,
    shed: () => {
      const before = pool;
      pool = openPool();
      before.close().catch(() => undefined); // what runs on it ends first; it fails only when it was closed already
    },
  };
  const connect = { timeout: options.timeoutMs, ...(options.ca === undefined ? {} : { ca: options.ca }) };
  const openPool = (): Pool => {
    const opening = new Pool(url.origin, {
      connections: options.connections,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 0, // the call's deadline covers both
      bodyTimeout: 0,
      connect: budget === undefined ? connect : withinBudget(buildConnector(connect), budget, member),
    });
    opening.on("connect", () => {
      opened += 1;
    });
    return opening;
  };
  const gate = new Gate({
    maxRunning: options.connections,
    maxWaiting: options.maxWaiting ?? 1000,
    clock,
    ...(options.requestsPerMinute === undefined ? {} : { requestsPerMinute: options.requestsPerMinute }),
    ...(options.bucket === undefined ? {} : { bucket: options.bucket }),
  });
  const breaker = new Breaker({ host: url.host, failures: 10, openMs: 2000, ...options.breaker, clock, log: options.log });
  let requests = 0;
  let retries = 0;
  let opened = 0;
  let queuedMs = 0;
  const latencies = new Latencies();
  const endpointOf = rememberEndpoints();
  let simulated = false;
  let pool = openPool();
  const leaveBudget = budget?.join(member);

  const hearLimits = (headers: Readonly<Record<string, string>>): void => {
    const remaining = Number(headers["x-ratelimit-remaining"] ?? Number.NaN);
    if (Number.isInteger(remaining)) gate.cap(remaining);
    if (headers["x-quantdesk-simulated"] !== "true" || simulated) return;
    simulated = true;
    if (Number.isNaN(remaining) && options.isDefaultRate === true) gate.lift();
  };

  /**
   * One attempt. Throws a TradingError that says whether the request may have left. Of what may be tried again an attempt has
   * half of the call's time from when it is sent: an answer that is lost is asked for anew while there is still time. The
   * last attempt, and one for an order, has all that is left.
   */
  const attempt = async (request: HttpRequest, signal: AbortSignal, isLast: boolean, progress: Progress): Promise<HttpAnswer> => {
    const release = await turn(request, signal, progress);
    requests += 1;
    try {
      const limitMs = isLast || attemptMs >= options.timeoutMs ? null : attemptMs;
      const { status, headers, text } = await send(pool, sendingOf(request), {
        signal,
        limitMs,
        late: () => late(progress),
        host: url.host,
        maxBytes,
        onBegin: () => {
          progress.sent = true;
        },
      });
      hearLimits(headers);
      if (headers["x-ratelimit-remaining"] === "0" || status === 429) {
        const wait = askedWaitMs(headers, clock.now());
        if (wait !== undefined) gate.pauseUntil(clock.now() + Math.min(wait, LONGEST_PAUSE_MS));
      }
      const quoted = [...(options.secrets ?? []), ...(status < 400 ? [] : Object.values({ ...options.headers, ...request.headers }))];
      const clean = withoutSecrets(text, quoted);
      const as = request.as ?? "json";
      const answer = {
        status,
        headers,
        body: readBody(clean, status, headers, { host: url.host, method: request.method, path: request.path, as }),
        size: clean.length,
      };
      const wrong = options.judge?.(answer);
      if (wrong !== undefined) throw wrong;
      return answer;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw TradingError.from(error, "connection-lost");
    } finally {
      release();
      budget?.look();
    }
  };

  const turn = async (request: HttpRequest, signal: AbortSignal, progress: Progress): Promise<() => void> => {
    const urgency = request.intent === "read" ? "read" : "order";
    const free = gate.tryEnter(urgency);
    if (free !== null) return free;
    const asked = performance.now();
    const release = await gate.enter(urgency, signal);
    const waitedMs = performance.now() - asked;
    progress.queueMs += waitedMs;
    queuedMs += waitedMs;
    return release;
  };

  const attemptMs = Math.max(SHORTEST_ATTEMPT_MS, options.timeoutMs / 2);
  const late = ({ sent }: Progress) =>
    new TradingError("no-answer", `${url.host} has not answered for ${attemptMs / 1000} s.`, { data: { sent, retry: true } });
  const { basePath = "", maxBytes = MAX_BYTES } = options;
  const readHeaders = { accept: "application/json", ...options.headers };
  const sendingOf = (request: HttpRequest): Sending => {
    const { body: content } = request;
    const isForm = content instanceof URLSearchParams;
    const body = content === undefined ? null : isForm ? content.toString() : JSON.stringify(content);
    const type = isForm ? "application/x-www-form-urlencoded" : "application/json";
    const own =
      body === null && request.headers === undefined
        ? readHeaders
        : { accept: "application/json", ...(body === null ? {} : { "content-type": type }), ...options.headers, ...request.headers };
    // For orders every resend is ours to decide.
    return { method: request.method, path: basePath + request.path, headers: own, body, idempotent: request.intent !== "order" };
  };

  const guarded = (request: HttpRequest, call: AbortSignal, isLast: boolean, progress: Progress): Promise<HttpAnswer> =>
    request.intent === "cancel" ? attempt(request, call, isLast, progress) : breaker.run(() => attempt(request, call, isLast, progress));

  const withRetries = async (request: HttpRequest, call: AbortSignal, endsAt: number, progress: Progress): Promise<HttpAnswer> => {
    const most = request.intent === "order" ? 0 : options.retries;
    for (let retry = 0; ; retry++) {
      call.throwIfAborted();
      let pauseMs = backoffMs(retry, options.backoffMs, random);
      let reason: string;
      try {
        const answer = await guarded(request, call, retry >= most, progress);
        if (retry >= most || !isRetryStatus(answer.status)) return answer;
        const asked = answer.status === 429 || answer.status === 503 ? askedWaitMs(answer.headers, clock.now()) : undefined;
        if (asked !== undefined) pauseMs = asked;
        if (performance.now() + pauseMs >= endsAt) return answer; // it would never be back in time
        reason = `status ${answer.status}`;
      } catch (error) {
        if (call.aborted || retry >= most || !(error instanceof TradingError) || error.data["retry"] !== true) throw error;
        if (performance.now() + pauseMs >= endsAt) throw error;
        reason = error.message;
      }
      retries += 1;
      options.log.debug(
        `${request.method} ${withoutQuery(request.path)} at ${url.host}: ${reason}; again in ${Math.round(pauseMs)} ms (${retry + 1} of ${most})`,
      );
      await clock.sleep(pauseMs, call);
    }
  };

  return {
    request: async (request, signal) => {
      signal.throwIfAborted();
      const what = () => `${request.method} ${withoutQuery(request.path)} at ${url.host}`;
      const startedAt = clock.now();
      const started = performance.now();
      const progress = { sent: false, queueMs: 0 };
      const call = followSignal(signal);
      const timer = setTimeout(() => call.abort(timeoutError(what(), options.timeoutMs, progress, gate.isPaused)), options.timeoutMs);
      let failed: string | null = null;
      try {
        const answer = await withRetries(request, call.signal, started + options.timeoutMs, progress);
        if (answer.status >= 400) failed = `status ${answer.status}`;
        return answer;
      } catch (error) {
        const failure = signal.aborted ? interruptedError(signal.reason, what(), progress.sent) : TradingError.from(error, "connection-lost");
        failed = failure.code;
        throw failure;
      } finally {
        clearTimeout(timer);
        call.detach();
        const endpoint = endpointOf(request);
        const runMs = performance.now() - started - progress.queueMs;
        latencies.record(endpoint, runMs, failed === null);
        options.onRequest?.({ operation: `http ${endpoint}`, startedAt, queueMs: progress.queueMs, runMs, ok: failed === null, error: failed });
      }
    },
    get simulated() {
      return simulated;
    },
    stats: () => ({
      open: pool.stats.connected,
      busy: gate.running,
      queued: gate.waiting,
      requests,
      retries,
      opened,
      reused: Math.max(0, requests - opened),
      queuedMs,
      limitWaits: gate.limitWaits,
      breaker: breaker.state,
      openUntil: breaker.openUntil,
      latency: latencies.snapshot(),
    }),
    close: async () => {
      const closed = new TradingError("closed", `The connections to ${url.host} were closed.`, { kind: "interrupted" });
      gate.close(closed);
      leaveBudget?.();
      await pool.destroy(closed);
    },
  };
}

/** Connects when the budget has room, and gives it back when the connection ends or fails. */
function withinBudget(connect: buildConnector.connector, budget: ConnectionBudget, member: BudgetMember): buildConnector.connector {
  return (options, callback) =>
    budget.take(member, () =>
      connect(options, (...result) => {
        const [failure, socket] = result;
        // A failure comes alone, whatever the type says of the second argument.
        if (failure === null) socket.once("close", () => budget.release());
        else budget.release();
        callback(...result);
      }),
    );
}

function parseOrigin(origin: string): URL {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TradingError("bad-address", `"${origin}" is not an address.`, { kind: "usage", hint: "Write it like https://paper-api.alpaca.markets." });
  }
  return url;
}

function timeoutError(what: string, ms: number, progress: { readonly sent: boolean }, isPaused: boolean): TradingError {
  const plain = deadlineError(what, ms);
  if (isPaused && !progress.sent) {
    return new TradingError(plain.code, `${plain.message}: it was not sent, since the service asked to wait.`, {
      hint: "Its limit of requests is used up; try again in a minute.",
      data: { ...plain.data, sent: false },
    });
  }
  return new TradingError(plain.code, plain.message, {
    hint: "The service may be slow or down; try again, or raise broker.timeoutSeconds.",
    data: { ...plain.data, sent: progress.sent },
  });
}

/** The caller gave up; `data.sent` says whether the request may have left before. */
function interruptedError(reason: unknown, what: string, sent: boolean): TradingError {
  const cause = TradingError.from(reason, "interrupted");
  return new TradingError(cause.code, cause.message, {
    kind: cause.kind,
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause: reason,
    data: { ...cause.data, doing: what, sent },
  });
}

/** A server or proxy that quotes our headers in its complaint must not carry them into an error, and so into a log. */
function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, value) => (value.length < 8 ? clean : clean.replaceAll(value, "[secret]")), text);
}

function withoutQuery(path: string): string {
  const at = path.indexOf("?");
  return at < 0 ? path : path.slice(0, at);
}

/** Names of endpoints by path, since the same few are asked again and again. */
function rememberEndpoints(): (request: HttpRequest) => string {
  const known = new Map<string, string>();
  return ({ method, path }) => {
    const key = `${method} ${path}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= MOST_PATHS) known.clear();
    const endpoint = `${method} ${route(path)}`;
    known.set(key, endpoint);
    return endpoint;
  };
}

/** The path with ids and symbols as ":id" and ":symbol", so that metrics have few names. */
function route(path: string): string {
  return withoutQuery(path)
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, ":id")
    .replace(/^(\/v2\/(?:positions|assets|stocks))\/(?!quotes|bars|trades|snapshots|auctions|meta)[^/:]+/, "$1/:symbol");
}
