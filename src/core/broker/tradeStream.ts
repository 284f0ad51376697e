/**
 * The trade-update stream: one WebSocket, opened again whenever it ends, until the scope closes. Waits between attempts grow
 * with full jitter and are reset only by a message of the stream, since a server that accepts and drops would be hammered else.
 */
import { WebSocket, type RawData } from "ws";
import { TradingError } from "../base/errors.ts";
import { abortable, type Scope } from "../base/scope.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { TradeUpdate } from "../domain/orders.ts";
import type { Endpoint } from "../domain/ports.ts";
import { parseTradeUpdate } from "./wire.ts";

export interface TradeStreamOptions {
  readonly endpoint: Pick<Endpoint, "streamUrl" | "keyId" | "secretKey">;
  readonly log: Log;
  readonly clock: Clock;
  /** Its end is the stream's end. */
  readonly scope: Scope;
  readonly onUpdate: (update: TradeUpdate) => void;
  /** The subscription stands; what happened before it has to be read now. The signal ends with this very connection. */
  readonly onListening: (signal: AbortSignal) => Promise<void>;
  readonly onDown: () => void;
  /** The key was refused: nothing is tried again. */
  readonly onRefused: (error: TradingError) => void;
  readonly random?: () => number;
}

const HANDSHAKE_MS = 10_000;
/** A connection on which nothing at all, not even an answer to a ping, has come for this long is dead. */
const SILENCE_MS = 30_000;
const PING_MS = 10_000;
/** A connection that stood this long was a good one, though a quiet market sent nothing over it. */
const STEADY_MS = 60_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const MAX_FRAME_BYTES = 4 * 2 ** 20;

export interface TradeStream {
  /** Ends the connection of the moment, which is mute though it looks alive; another one is opened. */
  cut(why: TradingError): void;
}

interface Current {
  fail: (error: TradingError) => void;
}

/** Resolves once the stream listens for the first time; rejects when the first attempt fails. */
export async function openTradeStream(options: TradeStreamOptions, signal: AbortSignal): Promise<TradeStream> {
  const { scope } = options;
  const current: Current = { fail: () => {} };
  let up: () => void = () => {};
  let down: (error: TradingError) => void = () => {};
  const first = new Promise<void>((resolve, reject) => {
    up = resolve;
    down = reject;
  });
  first.catch(() => undefined); // the caller may have given up before
  const ended = keepOpen(options, current, { up, down });
  scope.onClose(() => ended);
  await abortable(first, signal);
  return { cut: (why) => current.fail(why) };
}

async function keepOpen(
  options: TradeStreamOptions,
  current: Current,
  first: { readonly up: () => void; readonly down: (error: TradingError) => void },
): Promise<void> {
  const { scope, clock, log } = options;
  const random = options.random ?? Math.random;
  let wasUp = false;
  for (let attempt = 0; !scope.signal.aborted; attempt++) {
    const openedAt = clock.now();
    try {
      await listen(options, current, {
        onListening: async (own) => {
          await options.onListening(own);
          wasUp = true;
          first.up();
        },
        onMessage: () => {
          attempt = 0;
        },
      });
      if (scope.signal.aborted) break;
      log.warn("The order stream was closed by the server.");
    } catch (error) {
      if (scope.signal.aborted) break;
      const failure = TradingError.from(error, "stream-failed");
      if (!wasUp) return first.down(failure);
      if (failure.code === "bad-key") {
        log.error(`The order stream ended: ${failure.message}`);
        return options.onRefused(failure);
      }
      log.warn(`The order stream failed: ${failure.message}`);
    }
    if (!wasUp)
      return first.down(
        new TradingError("stream-failed", `The order stream at ${hostOf(options)} closed before it was ready.`, { hint: "Try again in a moment." }),
      );
    options.onDown();
    if (clock.now() - openedAt > STEADY_MS) attempt = 0;
    try {
      await clock.sleep(random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt), scope.signal);
    } catch {
      break;
    }
  }
  first.down(new TradingError("closed", "The connection was closed.", { kind: "interrupted" }));
}

/** One connection from handshake to end. Resolves when the server closes it, rejects when it fails. */
async function listen(
  options: TradeStreamOptions,
  current: Current,
  on: { readonly onListening: (signal: AbortSignal) => Promise<void>; readonly onMessage: () => void },
): Promise<void> {
  const { endpoint, scope } = options;
  const life = scope.child({ name: "The order stream's connection" });
  const socket = new WebSocket(endpoint.streamUrl, { handshakeTimeout: HANDSHAKE_MS, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  let heardAt = options.clock.now();
  let ready = false;
  const deadline = setTimeout(() => {
    if (!ready) fail(new TradingError("timeout", `The order stream at ${hostOf(options)}: timeout after ${HANDSHAKE_MS / 1000}s`));
  }, HANDSHAKE_MS);
  const pings = setInterval(() => {
    if (options.clock.now() - heardAt > SILENCE_MS) return fail(new TradingError("stream-silent", "nothing came for 30 s."));
    if (socket.readyState === WebSocket.OPEN) socket.ping();
  }, PING_MS);
  const stop = () => socket.terminate();
  let fail: (error: unknown) => void = () => {};
  scope.signal.addEventListener("abort", stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      fail = (error) => {
        reject(error as Error);
        socket.terminate();
      };
      current.fail = fail;
      const send = (message: unknown) => socket.send(JSON.stringify(message));
      let isOpen = false;
      socket.on("open", () => {
        isOpen = true;
        send({ action: "authenticate", data: { key_id: endpoint.keyId, secret_key: endpoint.secretKey } });
      });
      socket.on("ping", () => {
        heardAt = options.clock.now();
      });
      socket.on("pong", () => {
        heardAt = options.clock.now();
      });
      socket.on("message", (data) => {
        heardAt = options.clock.now();
        const message = parseFrame(data);
        if (message === undefined) return options.log.warn("The order stream sent something that is not JSON; it was ignored.");
        switch (message.stream) {
          case "authorization":
            if (message.data["status"] !== "authorized") return fail(badKey(options));
            return send({ action: "listen", data: { streams: ["trade_updates"] } });
          case "listening":
            if (!Array.isArray(message.data["streams"]) || !message.data["streams"].includes("trade_updates")) {
              return fail(new TradingError("stream-failed", `The stream at ${hostOf(options)} does not offer trade updates.`));
            }
            ready = true;
            on.onListening(life.signal).catch(fail);
            return;
          case "trade_updates":
            on.onMessage();
            try {
              options.onUpdate(parseTradeUpdate(message.data));
            } catch (error) {
              options.log.warn(`A trade update was ignored: ${TradingError.from(error, "bad-answer").message}`);
            }
        }
      });
      socket.on("unexpected-response", (_request, response) => {
        response.resume();
        const status = response.statusCode ?? 0;
        fail(
          status === 401 || status === 403
            ? badKey(options)
            : new TradingError("stream-failed", `The order stream at ${hostOf(options)} answered with status ${status}.`, { hint: "Try again in a moment." }),
        );
      });
      socket.on("error", (error) =>
        fail(
          new TradingError(
            "stream-failed",
            `${isOpen ? "The order stream broke off" : "Cannot open the order stream"} at ${hostOf(options)}: ${(error as NodeJS.ErrnoException).code ?? error.message}.`,
            {
              hint: "Check the network and the address; then try again.",
              cause: error,
            },
          ),
        ),
      );
      socket.on("close", () => resolve());
    });
  } finally {
    clearTimeout(deadline);
    clearInterval(pings);
    scope.signal.removeEventListener("abort", stop);
    current.fail = () => {};
    socket.terminate();
    await life.close();
  }
}

/** JSON in text or binary frames: the paper host sends the latter. */
function parseFrame(data: RawData): { readonly stream: string; readonly data: Readonly<Record<string, unknown>> } | undefined {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : data;
  try {
    const message: unknown = JSON.parse(bytes instanceof ArrayBuffer ? Buffer.from(bytes).toString("utf8") : bytes.toString("utf8"));
    if (message === null || typeof message !== "object") return undefined;
    const { stream, data: inner } = message as { stream?: unknown; data?: unknown };
    return { stream: typeof stream === "string" ? stream : "", data: inner !== null && typeof inner === "object" ? (inner as Record<string, unknown>) : {} };
  } catch {
    return undefined;
  }
}

function badKey(options: TradeStreamOptions): TradingError {
  return new TradingError("bad-key", `Wrong key: the order stream at ${hostOf(options)} does not accept it.`, {
    hint: "Check key and secret, and that paper keys are used with paper and live keys with live.",
  });
}

function hostOf(options: TradeStreamOptions): string {
  return URL.canParse(options.endpoint.streamUrl) ? new URL(options.endpoint.streamUrl).host : options.endpoint.streamUrl;
}
