/**
 * GET /api/performance/stream as a WebSocket: a snapshot at once and then every second, the same for all who listen.
 * A listener that does not read gets no more than one unread snapshot, and is cut off when it stays so.
 */
import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import { TradingError } from "../base/errors.ts";
import type { PerformanceSnapshot } from "../domain/performance.ts";
import { bearerTokens, protocolTokens, refusal, type Access } from "./access.ts";
import { rawAnswer } from "./apiError.ts";
import { STREAM_PATH, STREAM_PROTOCOL } from "./apiNames.ts";

const MAX_STREAMS = 20;
const EVERY_MS = 1_000;
/** Snapshots that a listener may leave unread before it is cut off. */
const MAX_UNREAD = 10;
/** Snapshots between two pings; who has not answered one by the next is gone. */
const PING_EVERY = 15;
/** Nothing is expected from a listener. */
const MAX_MESSAGE_BYTES = 1_024;

interface Listener {
  readonly socket: WebSocket;
  unread: number;
  answeredPing: boolean;
}

export interface PerformanceStream {
  close(): void;
}

/** Serves it on `server`. `snapshot` is asked for once a second while somebody listens. */
export function attachStream(server: Server, access: Access, snapshot: () => Promise<PerformanceSnapshot>): PerformanceStream {
  const sockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(STREAM_PROTOCOL) ? STREAM_PROTOCOL : ([...offered][0] ?? false)),
  });
  const listeners = new Set<Listener>();
  let timer: NodeJS.Timeout | undefined;
  let asking = false;
  let turn = 0;

  const push = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      const text = JSON.stringify(await snapshot());
      turn++;
      for (const listener of listeners) send(listener, text, turn);
    } catch {
      // The owner is closing, and this server with it.
    } finally {
      asking = false;
    }
  };
  const listen = (socket: WebSocket): void => {
    const listener: Listener = { socket, unread: 0, answeredPing: true };
    listeners.add(listener);
    socket.on("error", () => socket.terminate());
    socket.on("pong", () => {
      listener.answeredPing = true;
    });
    socket.on("close", () => {
      listeners.delete(listener);
      if (listeners.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    });
    timer ??= setInterval(() => void push(), EVERY_MS);
    void push();
  };
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const refused = refusalOf(request, access, listeners.size);
    if (refused !== undefined) socket.end(rawAnswer(refused));
    else sockets.handleUpgrade(request, socket, head, listen);
  });
  return {
    close: () => {
      clearInterval(timer);
      for (const { socket } of listeners) socket.close(1001, "The performance API ends.");
      for (const { socket } of listeners) if (socket.bufferedAmount > 0) socket.terminate();
    },
  };
}

function send(listener: Listener, text: string, turn: number): void {
  const { socket } = listener;
  if (socket.readyState !== WebSocket.OPEN) return;
  if (turn % PING_EVERY === 0) {
    if (!listener.answeredPing) {
      socket.terminate();
      return;
    }
    listener.answeredPing = false;
    socket.ping();
  }
  if (socket.bufferedAmount === 0) {
    listener.unread = 0;
    socket.send(text);
  } else if (++listener.unread > MAX_UNREAD) socket.terminate();
}

function refusalOf(request: IncomingMessage, access: Access, open: number): TradingError | undefined {
  const refused = refusal(request.headers, access, [...bearerTokens(request.headers), ...protocolTokens(request.headers)]);
  if (refused !== undefined) return refused;
  if ((request.url ?? "").split("?", 1)[0] !== STREAM_PATH)
    return new TradingError("unknown-route", "There is no such WebSocket here.", { hint: `There is one: ${STREAM_PATH}.` });
  if (open >= MAX_STREAMS)
    return new TradingError("too-many-streams", `${MAX_STREAMS} WebSockets are open already, which is the most.`, { hint: "Close one of them." });
  return undefined;
}
