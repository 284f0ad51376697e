/** The performance API as a fastify server: who may ask, the routes, and errors as one sentence. */
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { badInput, TradingError } from "../base/errors.ts";
import type { BenchmarkKind, HealthReport, PerformanceSnapshot } from "../domain/performance.ts";
import type { LagStats } from "../domain/ports.ts";
import { refusal, wrongPlace, type Access } from "./access.ts";
import type { AskOwner } from "./apiCalls.ts";
import { errorAnswer, rawAnswer } from "./apiError.ts";
import { STREAM_PATH } from "./apiNames.ts";
import { attachStream } from "./apiStream.ts";
import { dashboardPage } from "./dashboardPage.ts";
import { openApiDocument } from "./openApi.ts";

export const MAX_OPERATIONS = 5_000;
const DEFAULT_OPERATIONS = 100;
const ANSWER_MS = 10_000;
/** An owner that has not answered in this time is stuck in its loop: `health` says so instead of waiting. */
const HEALTH_MS = 2_000;
const BENCHMARK_MS = 300_000;
const MAX_CONNECTIONS = 500;
/** A client that has not sent its request by then is cut off; looked at every two seconds. */
const SLOW = { headersTimeout: 5000, requestTimeout: 10_000, connectionsCheckingInterval: 2000 } as const;
/** Served to whoever opens it on this machine: it has no data, and asks for the token itself. */
const PAGE_PATH = "/";

export interface ApiServerOptions extends Access {
  readonly ask: AskOwner;
  /** Of the product, as the OpenAPI document states it. */
  readonly version: string;
  /** Of the thread that serves. */
  readonly lag: () => LagStats;
}

export function createApiServer(options: ApiServerOptions): FastifyInstance {
  const { ask } = options;
  const server = Fastify({
    logger: false,
    bodyLimit: 16_384,
    requestTimeout: SLOW.requestTimeout,
    // Other offers to upgrade (clients that could speak HTTP/2) are answered as the requests that they are.
    http: { ...SLOW, shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === "websocket" },
    connectionTimeout: BENCHMARK_MS,
    forceCloseConnections: true,
    clientErrorHandler: (error, socket) => {
      if (socket.writable && error.code !== "ECONNRESET") socket.end(rawAnswer(noRequest(error.code)));
      else socket.destroy();
    },
    // A path that cannot be decoded never reaches the hooks.
    frameworkErrors: (error, request, reply) => {
      answerError(reply, refusal(request.headers, options) ?? error);
    },
  });
  server.server.maxConnections = MAX_CONNECTIONS;
  // Clients post with a JSON content type and no body; what a body says is of no interest here.
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, _body, done) => done(null, undefined));
  server.addHook("onRequest", (request, _reply, done) => {
    const refused = pathOf(request) === PAGE_PATH ? wrongPlace(request.headers, options) : refusal(request.headers, options);
    done(refused as FastifyError | undefined);
  });
  server.setErrorHandler((error: FastifyError, _request, reply) => answerError(reply, error));
  server.setNotFoundHandler((request, reply) =>
    answerError(
      reply,
      new TradingError("unknown-route", `There is no ${request.method} ${pathOf(request)} here.`, {
        hint: "GET /api/performance/openapi.json lists what there is.",
      }),
    ),
  );

  let last: PerformanceSnapshot | undefined;
  const snapshot = async (): Promise<PerformanceSnapshot> => {
    const askedAt = new Date();
    try {
      last = await ask("snapshot", null, HEALTH_MS);
      return last;
    } catch (error) {
      if (!(error instanceof TradingError) || error.code !== "timeout") throw error;
      return blocked(last, askedAt);
    }
  };
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
  server.get("/api/performance/health", async () => (await snapshot()).health);
  server.get("/api/performance/openapi.json", () => openApiDocument(options.version));
  server.get("/metrics", async (_request, reply) => {
    const { contentType, text } = await ask("prometheus", { "performance-api": options.lag() }, ANSWER_MS);
    return reply.header("content-type", contentType).send(text);
  });
  server.get(STREAM_PATH, () => {
    throw new TradingError("websocket-only", `${STREAM_PATH} is a WebSocket.`, {
      hint: "Open it with a WebSocket client; a plain request gets health or metrics/summary.",
    });
  });
  const page = dashboardPage();
  server.get(PAGE_PATH, (_request, reply) => reply.headers(page.headers).send(page.html));
  const stream = attachStream(server.server, options, snapshot);
  server.addHook("preClose", (done) => {
    stream.close();
    done();
  });
  return server;
}

/** What a client sent that Node's parser could not read as a request. */
function noRequest(code: string): TradingError {
  if (code === "HPE_HEADER_OVERFLOW") return new TradingError("headers-too-long", "The request's headers are longer than 16 kB.");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new TradingError("request-timeout", "The request was not sent in time.");
  return badInput("bad-request", "What was sent is no HTTP request.");
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

function blocked(last: PerformanceSnapshot | undefined, askedAt: Date): PerformanceSnapshot {
  const reason = `The session's event loop has not turned for ${HEALTH_MS / 1000} s: something computes in it.`;
  const health: HealthReport = {
    schema: "quantdesk.health/1",
    status: "failing",
    reason,
    alerts: [{ code: "loop-blocked", value: HEALTH_MS, limit: HEALTH_MS, since: askedAt.toISOString(), reason }],
    workers: last?.health.workers ?? 0,
    queue: last?.health.queue ?? { depth: 0, capacity: 0 },
  };
  return { schema: "quantdesk.performance/1", at: new Date().toISOString(), health, summary: last?.summary ?? null };
}

function answerError(reply: FastifyReply, error: Error & { readonly statusCode?: number }): FastifyReply {
  const { status, headers, body } = errorAnswer(error);
  return reply.code(status).headers(headers).send(body);
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split("?", 1)[0] as string).slice(0, 100);
}
