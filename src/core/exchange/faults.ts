/**
 * Faults on request, drawn from the seed: what a network or a busy exchange does to its clients.
 * `kind[=value]:probability[@METHOD/path]`, a comma list.
 */
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { TLSSocket } from "node:tls";
import type { FastifyInstance } from "fastify";
import type { WebSocket } from "ws";
import { badInput } from "../base/errors.ts";
import { knownNames } from "../base/nearest.ts";
import type { Random } from "../base/random.ts";
import { ApiError } from "./apiError.ts";

const KINDS = ["status", "reset-before", "reset-after", "drop-answer", "delay", "trickle", "stream-cut", "stream-mute", "stream-repeat"] as const;
type FaultKind = (typeof KINDS)[number];
const WITH_VALUE: ReadonlySet<FaultKind> = new Set(["status", "delay", "trickle"]);

const METHODS: ReadonlySet<string> = new Set(["GET", "POST", "PUT", "PATCH", "DELETE"]);

export interface Fault {
  readonly kind: FaultKind;
  /** HTTP status, or milliseconds: of a delay, or between the parts of a trickling answer. */
  readonly value: number;
  readonly probability: number;
  readonly method?: string;
  /** Matches where the request's path contains it. */
  readonly path?: string;
}

/** Throws `bad-fault` for whatever is not understood. */
export function parseFaults(spec: string): readonly Fault[] {
  return spec === "" ? [] : spec.split(",").map((part) => parseFault(part.trim()));
}

function parseFault(part: string): Fault {
  const match = /^([a-z-]+)(?:=(\d{1,6}))?:(\d(?:\.\d+)?)(?:@([A-Z]+)?(\/.*)?)?$/.exec(part);
  if (match === null) throw badInput("bad-fault", `--fault has "${part}".`, "Write kind[=value]:probability[@METHOD/path], like status=503:0.1@POST/orders.");
  const [, kind, valueText, probabilityText, method, path] = match as unknown as [
    string,
    string,
    string | undefined,
    string,
    string | undefined,
    string | undefined,
  ];
  if (!(KINDS as readonly string[]).includes(kind)) throw badInput("bad-fault", `--fault knows no "${kind}".`, knownNames(kind, KINDS));
  const probability = Number(probabilityText);
  if (probability > 1) throw badInput("bad-fault", `--fault ${kind} has probability ${probabilityText}.`, "Give a number from 0 to 1.");
  const value = Number(valueText ?? Number.NaN);
  if (WITH_VALUE.has(kind as FaultKind) === (valueText === undefined))
    throw badInput(
      "bad-fault",
      `--fault ${kind} ${valueText === undefined ? "needs a value" : "takes no value"}.`,
      "Like status=503:0.1, delay=2000:0.1 or drop-answer:0.05.",
    );
  if (kind === "status" && !(value >= 400 && value <= 599)) throw badInput("bad-fault", `--fault status is ${value}.`, "Give a status from 400 to 599.");
  if (method !== undefined && !METHODS.has(method))
    throw badInput("bad-fault", `--fault ${kind} names the method ${method}.`, `Give one of ${[...METHODS].join(", ")}, or leave it out.`);
  if (kind.startsWith("stream-") && method !== undefined)
    throw badInput("bad-fault", `--fault ${kind} names a method.`, "Streams have none: give a path alone, like stream-cut:0.01@/stream.");
  return { kind: kind as FaultKind, value, probability, ...(method === undefined ? {} : { method }), ...(path === undefined ? {} : { path }) };
}

/** Puts the faults between clients and routes. */
export function addHttpFaults(app: FastifyInstance, faults: readonly Fault[], random: Random): void {
  const struck = (kind: FaultKind, method: string, url: string) =>
    faults.find(
      (fault) =>
        fault.kind === kind &&
        (fault.method === undefined || fault.method === method) &&
        (fault.path === undefined || (url.split("?")[0] as string).includes(fault.path)) &&
        random.next() < fault.probability,
    );
  if (faults.length === 0) return;
  app.addHook("preHandler", async (request, reply) => {
    if (request.url.startsWith("/quantdesk/")) return;
    const wait = struck("delay", request.method, request.url);
    if (wait !== undefined) await delay(wait.value);
    if (struck("reset-before", request.method, request.url) !== undefined) {
      reply.hijack();
      cut(request.raw.socket);
      return;
    }
    const status = struck("status", request.method, request.url);
    if (status !== undefined) throw new ApiError(status.value, status.value === 429 ? "too many requests." : `simulated fault ${status.value}`);
  });
  app.addHook("onSend", async (request, _reply, payload) => {
    if (request.url.startsWith("/quantdesk/")) return payload;
    const { socket } = request.raw;
    if (struck("reset-after", request.method, request.url) !== undefined) cut(socket);
    else if (struck("drop-answer", request.method, request.url) !== undefined) {
      // The work is done and nobody is told: the client waits until it gives up.
      await new Promise<void>((resolve) => {
        if (socket.destroyed) resolve();
        else socket.once("close", () => resolve());
      });
    }
    const slow = struck("trickle", request.method, request.url);
    return slow !== undefined && typeof payload === "string" && payload !== "" ? Readable.from(trickle(payload, slow.value)) : payload;
  });
}

/** The client sees a reset; over TLS, which knows none, a connection that is gone. */
function cut(socket: Socket): void {
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

/** An answer in eight parts, `pauseMs` between them. */
async function* trickle(payload: string, pauseMs: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(payload);
  const size = Math.ceil(bytes.length / 8);
  for (let at = 0; at < bytes.length; at += size) {
    if (at > 0) await delay(pauseMs);
    yield bytes.subarray(at, at + size);
  }
}

/** Cuts, mutes or repeats what a stream sends. */
export function addStreamFaults(socket: WebSocket, path: string, faults: readonly Fault[], random: Random): void {
  const own = faults.filter((fault) => fault.kind.startsWith("stream-") && (fault.path === undefined || path.includes(fault.path)));
  if (own.length === 0) return;
  const chance = (kind: FaultKind) => own.some((fault) => fault.kind === kind && random.next() < fault.probability);
  const send = socket.send.bind(socket) as (...args: unknown[]) => void;
  let isMute = false;
  socket.send = ((...args: unknown[]) => {
    if (chance("stream-cut")) return socket.terminate();
    isMute ||= chance("stream-mute");
    if (isMute) return;
    send(...args);
    if (chance("stream-repeat")) send(...args);
  }) as WebSocket["send"];
}
