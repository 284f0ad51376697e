/** The HTTP and WebSocket server: who may come in, what answers, and what is closed at the end. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { WebSocketServer, type WebSocket } from "ws";
import { TradingError } from "../base/errors.ts";
import { seededRandom } from "../base/random.ts";
import { isLoopbackHost, KeyRing, isOwnPage, RateLimit, StreamLimit } from "./access.ts";
import { ApiError } from "./apiError.ts";
import type { Certificate } from "./certificate.ts";
import { addDataRoutes } from "./dataRoutes.ts";
import { serveDataStream, type DataStreamParts, type StreamKind } from "./dataStream.ts";
import type { Engine } from "./engine.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { addHttpFaults, addStreamFaults, type Fault } from "./faults.ts";
import { frameFormat } from "./frames.ts";
import type { IdleWatch } from "./idleWatch.ts";
import { greetingOf } from "./lease.ts";
import type { AccountState } from "./ledger.ts";
import type { Market } from "./market.ts";
import { knownMethods, plainUrl, streamPath } from "./paths.ts";
import { serveTradeStream } from "./tradeStream.ts";
import { addTradingRoutes } from "./tradingRoutes.ts";
import { addVendorRoutes } from "./vendorRoutes.ts";

export interface ServerOptions {
  readonly engine: Engine;
  readonly market: Market;
  readonly clock: ExchangeClock;
  readonly host: string;
  readonly port: number;
  readonly rateLimit: number | null;
  readonly streamLimit: number | null;
  readonly faults: readonly Fault[];
  readonly idle: IdleWatch;
  /** Serves https and wss with it. */
  readonly certificate?: Certificate;
}

export interface ExchangeServer {
  /** Where it listens: http://127.0.0.1:8123. */
  readonly origin: string;
  close(): Promise<void>;
}

const MAX_STREAMS = 2000;
const MAX_CONNECTIONS = 4000;
/** On every answer and every upgrade: whoever is led here by an address alone can tell, and say SIMULATED. */
const SIMULATED = { name: "X-Quantdesk-Simulated", value: "true" } as const;
/** A client that has not sent its headers, or its whole request, by then is cut off; looked at every five seconds. */
const SLOW = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 } as const;
const HTTP = {
  ...SLOW,
  // Other offers to upgrade (Java's client offers HTTP/2 with its first request) are answered as the requests that they are.
  shouldUpgradeCallback: (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() === "websocket",
};

export async function startServer(options: ServerOptions): Promise<ExchangeServer> {
  const { engine, idle, certificate } = options;
  const app = Fastify<Server>({
    logger: false,
    bodyLimit: 64 * 1024,
    forceCloseConnections: true,
    requestTimeout: SLOW.requestTimeout,
    http: HTTP,
    rewriteUrl: (request) => plainUrl(request.url ?? "/"),
    genReqId: () => randomUUID(),
    clientErrorHandler: refuseGarbage,
    // A path that cannot be decoded never reaches the hooks.
    frameworkErrors: (error, request, reply) => {
      try {
        admit(request, reply);
        answerError(reply, error);
      } catch (refused) {
        answerError(reply, refused);
      }
    },
    routerOptions: { maxParamLength: 200 },
    ...(certificate === undefined ? {} : { serverFactory: (handler: RequestListener) => tlsServer(certificate, handler) }),
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  const callers = new WeakMap<FastifyRequest, AccountState>();
  const accountOf = (request: FastifyRequest) => callers.get(request) as AccountState;
  const keys = new KeyRing(engine.accounts);
  const limits = { trading: new RateLimit(options.rateLimit), data: new RateLimit(options.rateLimit) };

  // Clients send JSON with and without its content type, and DELETE with the type and no body.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (request, body, done) => {
    if (request.url.startsWith("/vendor/")) return done(null, body); // a form
    try {
      done(null, body === "" ? undefined : JSON.parse(body as string));
    } catch {
      done(new ApiError(400, "request body format is invalid", 40_010_000));
    }
  });
  // Hooks that answer at once, without a promise each.
  app.addHook("onRequest", (request, reply, done) => {
    admit(request, reply);
    done();
  });
  const admit = (request: FastifyRequest, reply: FastifyReply) => {
    // The official client 3.1 sends an empty content type with DELETE: it means none.
    if (request.headers["content-type"] === "") delete request.headers["content-type"];
    reply.header("X-Request-ID", request.id).header(SIMULATED.name, SIMULATED.value);
    if (!isLoopbackHost(request.headers.host)) throw new ApiError(403, "forbidden: this exchange answers to the names of this machine only", 40_310_000);
    if (!isOwnPage(request.headers)) throw new ApiError(403, "forbidden: web pages are not served", 40_310_000);
    const account = keys.authorize(request.headers);
    if (account === undefined) throw new ApiError(401, "request is not authorized: wrong or missing key", 40_110_000);
    callers.set(request, account);
    idle.touch();
    options.clock.begin();
    if (request.url.startsWith("/quantdesk/")) return;
    const isData = /^\/(?:v2\/stocks|v1beta1|v1|vendor)\//.test(request.url);
    limits[isData ? "data" : "trading"].take(account.record.keyId, (name, value) => void reply.header(name, value));
  };
  // Whatever an answer says is on disk before it is said; orders of one turn share the wait.
  app.addHook("onSend", (_request, reply, payload, done) => {
    const written = engine.written();
    if (written === undefined) return done(null, payload);
    return void settle(written, (failure) => {
      if (failure === null) return done(null, payload);
      reply.code(500).type("application/json; charset=utf-8").removeHeader("content-length");
      return done(null, JSON.stringify({ code: 50_010_000, message: failure.message }));
    });
  });
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  const methodsOf = knownMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const methods = methodsOf(request.url);
    if (methods.length === 0) return reply.code(404).send({ code: 40_410_000, message: "endpoint not found." });
    return reply
      .code(405)
      .header("Allow", methods.join(", "))
      .send({ code: 40_510_000, message: `method ${request.method} is not allowed.` });
  });
  addHttpFaults(app, options.faults, seededRandom(`${options.market.seed}/faults`));
  addTradingRoutes(app, { ...options, accountOf });
  addDataRoutes(app, options);
  addVendorRoutes(app, options);
  app.get("/quantdesk/health", () => {
    const { user, system } = process.cpuUsage();
    return { schema: "quantdesk.paper-health/1", pid: process.pid, cpuMs: Math.round((user + system) / 1000), simulated: true };
  });

  const streams = addStreams(app, options, keys);
  try {
    await app.listen({ host: options.host === "[::1]" ? "::1" : options.host, port: options.port });
  } catch (error) {
    await app.close();
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") {
      throw new TradingError("port-in-use", `Port ${options.port} is already in use.`, {
        hint: "Give another one with --port, or leave it out for any free one.",
        cause: error,
      });
    }
    throw new TradingError("cannot-listen", `The exchange cannot listen on ${options.host}:${options.port}: ${(error as Error).message}.`, {
      hint: "Give another --host or --port.",
      cause: error,
    });
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  return {
    origin: `${certificate === undefined ? "http" : "https"}://${family === "IPv6" ? `[${address}]` : address}:${port}`,
    close: async () => {
      for (const socket of streams.clients) socket.close(1001, "the exchange ends");
      streams.close();
      const cut = setTimeout(() => {
        for (const socket of streams.clients) socket.terminate();
      }, 250);
      await app.close();
      clearTimeout(cut);
      for (const socket of streams.clients) socket.terminate();
    },
  };
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  if (error instanceof ApiError) return reply.code(error.status).send(error.body);
  const status = error instanceof URIError ? 400 : (error as { statusCode?: number }).statusCode;
  if (status === undefined || status < 400 || status >= 500) return reply.code(500).send({ code: 50_010_000, message: "internal server error" });
  return reply.code(status).send({ code: codeOf(status), message: (error as Error).message });
}

/** Where the request itself is wrong, Alpaca's code says so; others are the status. */
function codeOf(status: number): number {
  return status === 400 ? 40_010_000 : status * 100_000;
}

/** What is no HTTP is answered in the shape of every other error, and cut off. */
function refuseGarbage(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, words] =
    error.code === "HPE_HEADER_OVERFLOW"
      ? [431, "Request Header Fields Too Large"]
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "Request Timeout"]
        : [400, "Bad Request"];
  const body = JSON.stringify({ code: codeOf(Number(status)), message: `${words}: the request is not understood` });
  const headers = [
    `HTTP/1.1 ${status} ${words}`,
    `${SIMULATED.name}: ${SIMULATED.value}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${body.length}`,
  ];
  if (socket.writable) socket.write(`${headers.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
  socket.destroy(error);
}

async function settle(written: Promise<void>, done: (failure: Error | null) => void): Promise<void> {
  let failure: Error | null = null;
  try {
    await written;
  } catch (error) {
    failure = error as Error;
  }
  done(failure);
}

/** An https server is an http server in all that is used here; fastify types them apart. */
function tlsServer({ certificate, key }: Certificate, handler: RequestListener): Server {
  return createTlsServer({ ...HTTP, cert: certificate, key }, handler) as unknown as Server;
}

function addStreams(app: FastifyInstance, options: ServerOptions, keys: KeyRing): WebSocketServer {
  const { idle } = options;
  const server = new WebSocketServer({ noServer: true, maxPayload: 256 * 1024, perMessageDeflate: false });
  server.on("headers", (headers) => headers.push(`${SIMULATED.name}: ${SIMULATED.value}`));
  let opened = 0;
  const connections = new StreamLimit(options.streamLimit);
  app.server.on("upgrade", (request: IncomingMessage, raw: Duplex, head: Buffer) => {
    const refuse = (line: string) => raw.end(`HTTP/1.1 ${line}\r\n${SIMULATED.name}: ${SIMULATED.value}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    const path = streamPath(request.url ?? "");
    const serve = streamAt(path, { ...options, connections, authorize: (headers) => keys.authorize(headers) });
    raw.on("error", () => raw.destroy());
    if (!isLoopbackHost(request.headers.host) || !isOwnPage(request.headers)) return refuse("403 Forbidden");
    if (serve === undefined) return refuse("404 Not Found");
    if (path === "/quantdesk/lease" && keys.authorize(request.headers) === undefined) return refuse("401 Unauthorized");
    if (idle.isOver || server.clients.size >= MAX_STREAMS) return refuse("503 Service Unavailable");
    server.handleUpgrade(request, raw, head, (socket) => {
      const done = idle.enter();
      options.clock.begin();
      socket.on("close", done);
      socket.on("error", () => socket.terminate());
      addStreamFaults(socket, path, options.faults, seededRandom(`${options.market.seed}/stream-faults/${opened++}`));
      serve(socket, request);
    });
  });
  return server;
}

function streamAt(path: string, options: DataStreamParts): ((socket: WebSocket, request: IncomingMessage) => void) | undefined {
  if (path === "/stream") return (socket, request) => serveTradeStream(socket, options.engine, frameFormat(request));
  const feed = /^\/(?:v2\/(iex|sip|test|delayed_sip|boats|overnight)|v1beta1\/(news))$/.exec(path);
  const name = feed?.[1] ?? feed?.[2];
  if (name !== undefined) return (socket, request) => serveDataStream(socket, options, { request, feed: name as StreamKind["feed"] });
  if (path === "/quantdesk/lease") return (socket) => socket.send(greetingOf(process.pid));
  return undefined;
}
