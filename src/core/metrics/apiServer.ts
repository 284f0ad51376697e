/** The performance API as a fastify server: who may ask, the routes, and errors as one sentence. */
import { timingSafeEqual } from "node:crypto";
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { sha256 } from "../base/canonical.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { BenchmarkKind, HealthReport } from "../domain/performance.ts";
import type { AskOwner } from "./apiCalls.ts";

export const MAX_OPERATIONS = 5_000;
const DEFAULT_OPERATIONS = 100;
const ANSWER_MS = 10_000;
/** An owner that has not answered in this time is stuck in its loop: `health` says so instead of waiting. */
const HEALTH_MS = 2_000;
const BENCHMARK_MS = 300_000;
const MAX_CONNECTIONS = 100;
/** A client that has not sent its request by then is cut off; looked at every two seconds. */
const SLOW = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 2000 } as const;
const STATUS: Readonly<Record<string, number>> = {
  unauthorized: 401,
  "wrong-host": 403,
  "wrong-origin": 403,
  "unknown-route": 404,
  "benchmark-running": 409,
  "queue-full": 503,
  timeout: 503,
  closed: 503,
};

export interface ApiServerOptions {
  readonly tokenSha256: string;
  readonly ask: AskOwner;
  /** The addresses under which the server may be called; known once it listens. */
  readonly ownHosts: () => ReadonlySet<string>;
}

export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const { ask } = options;
  const server = Fastify({
    logger: false,
    bodyLimit: 16_384,
    requestTimeout: SLOW.requestTimeout,
    http: SLOW,
    connectionTimeout: BENCHMARK_MS,
    forceCloseConnections: true,
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  // Clients post with a JSON content type and no body; what a body says is of no interest here.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, _body, done) => done(null, undefined));
  server.addHook("onRequest", (request, _reply, done) => done(refusal(request, options) as FastifyError | undefined));
  server.setErrorHandler((error: FastifyError, _request, reply) => answerError(reply, error));
  server.setNotFoundHandler((request, reply) =>
    answerError(
      reply,
      new TradingError("unknown-route", `There is no ${request.method} ${pathOf(request)} here.`, {
        hint: "Known: GET /api/performance/health, metrics, metrics/summary, benchmarks; GET /metrics.",
      }),
    ),
  );

  let lastHealth: HealthReport | undefined;
  server.get("/api/performance/metrics", (request) => ask("metrics", countIn(request, "last_n", null, Number.MAX_SAFE_INTEGER), ANSWER_MS));
  server.get("/api/performance/metrics/summary", () => ask("summary", null, ANSWER_MS));
  server.post("/api/performance/metrics/clear", async () => ({ cleared: await ask("clear", null, ANSWER_MS) }));
  server.get("/api/performance/benchmarks", () => ask("benchmarks", null, ANSWER_MS));
  for (const kind of ["feature-computation", "signal-generation"] satisfies BenchmarkKind[]) {
    server.post(`/api/performance/benchmarks/${kind}`, (request) =>
      ask("runBenchmark", { kind, operations: countIn(request, "num_operations", DEFAULT_OPERATIONS, MAX_OPERATIONS) }, BENCHMARK_MS),
    );
  }
  server.post("/api/performance/benchmarks/clear", async () => ({ cleared: await ask("clearBenchmarks", null, ANSWER_MS) }));
  server.get("/api/performance/health", async () => {
    const askedAt = new Date();
    try {
      lastHealth = await ask("health", null, HEALTH_MS);
      return lastHealth;
    } catch (error) {
      if (!(error instanceof TradingError) || error.code !== "timeout") throw error;
      return blocked(lastHealth, askedAt);
    }
  });
  server.get("/metrics", async (_request, reply) => {
    const { contentType, text } = await ask("prometheus", null, ANSWER_MS);
    return reply.header("content-type", contentType).send(text);
  });
  return server;
}

/** Why the request is not served; undefined when it is. */
function refusal(request: FastifyRequest, options: ApiServerOptions): TradingError | undefined {
  const own = options.ownHosts();
  // A web page can make a browser send requests here under a name of its own (DNS rebinding): only our own addresses count.
  if (!own.has((request.headers.host ?? "").toLowerCase()))
    return new TradingError("wrong-host", "The Host header does not name this server.", { hint: `Call it as ${[...own].join(" or ")}.` });
  const origin = request.headers.origin;
  if (origin !== undefined && !own.has(origin.toLowerCase().replace(/^http:\/\//, "")))
    return new TradingError("wrong-origin", "Requests from other web pages are not served.");
  const presented = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (presented === undefined || !timingSafeEqual(Buffer.from(sha256(presented)), Buffer.from(options.tokenSha256))) {
    return new TradingError("unauthorized", "The token is missing or wrong.", { hint: "Send it as Authorization: Bearer TOKEN; it is in the token file." });
  }
  return undefined;
}

/** A count from the query: absent means `absent`, anything but a whole number from 1 to `max` is refused. */
function countIn<T extends number | null>(request: FastifyRequest, name: string, absent: T, max: number): number | T {
  const text = (request.query as Record<string, unknown>)[name];
  if (text === undefined) return absent;
  const count = typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count >= 1 && count <= max)) {
    const shown = typeof text === "string" ? `"${text.slice(0, 40)}"` : "given more than once";
    throw badInput(
      "bad-count",
      `${name} is ${shown}; it must be ${max === Number.MAX_SAFE_INTEGER ? "a whole number of at least 1" : `a whole number from 1 to ${max}`}.`,
    );
  }
  return count;
}

function blocked(last: HealthReport | undefined, askedAt: Date): HealthReport {
  return {
    schema: "quantdesk.health/1",
    status: "failing",
    alerts: [
      {
        code: "loop-blocked",
        value: HEALTH_MS,
        limit: HEALTH_MS,
        since: askedAt.toISOString(),
        reason: `The session's event loop has not turned for ${HEALTH_MS / 1000} s: something computes in it.`,
      },
    ],
    workers: last?.workers ?? 0,
    queue: last?.queue ?? { depth: 0, capacity: 0 },
  };
}

function answerError(reply: FastifyReply, error: FastifyError | TradingError): FastifyReply {
  const ours = error instanceof TradingError;
  const status = ours ? (STATUS[error.code] ?? (error.kind === "usage" ? 400 : 500)) : (error.statusCode ?? 500);
  if (status === 401) reply.header("www-authenticate", "Bearer");
  const body = {
    schema: "quantdesk.error/1",
    code: ours ? error.code : status < 500 ? "bad-request" : "failed",
    message: ours || status < 500 ? error.message : "The request failed.",
    ...(ours && error.hint !== undefined ? { hint: error.hint } : {}),
  };
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split("?", 1)[0] as string).slice(0, 100);
}
