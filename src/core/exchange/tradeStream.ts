/** `/stream`: trade_updates of one account. Auth, then listen; JSON in text or binary frames in, binary out as Alpaca's paper host does. */
import type { WebSocket } from "ws";
import * as v from "valibot";
import { authorize } from "./access.ts";
import type { Engine } from "./engine.ts";
import type { OrderEvent } from "./outbox.ts";
import type { AccountState } from "./ledger.ts";
import { packPlain, readFrame, type FrameFormat } from "./frames.ts";
import { instant, orderJson } from "./wire.ts";

const AUTH = v.union([
  v.object({ action: v.literal("authenticate"), data: v.object({ key_id: v.string(), secret_key: v.string() }) }),
  v.object({ action: v.picklist(["auth", "authenticate"]), key: v.string(), secret: v.string() }),
]);
const LISTEN = v.object({ action: v.picklist(["listen", "unlisten"]), data: v.object({ streams: v.array(v.string()) }) });

/** A client that lets this many bytes pile up is cut off: it reads orders by REST after it reconnects. */
const MAX_BACKLOG = 8 * 2 ** 20;
const AUTH_MS = 10_000;

export function serveTradeStream(socket: WebSocket, engine: Engine, format: FrameFormat): void {
  let account: AccountState | undefined;
  let listening = false;
  const send = (message: object) => {
    if (socket.bufferedAmount > MAX_BACKLOG) socket.close(1008, "too slow");
    else socket.send(format === "msgpack" ? packPlain(message) : Buffer.from(JSON.stringify(message)), { binary: true });
  };
  const unsubscribe = engine.events.on((event) => {
    if (listening && account?.record.accountNumber === event.accountNumber) send({ stream: "trade_updates", data: updateJson(event, account) });
  });
  const timer = setTimeout(() => {
    if (account === undefined) socket.close(1008, "auth timeout");
  }, AUTH_MS);
  socket.on("close", () => {
    unsubscribe();
    clearTimeout(timer);
  });
  socket.on("message", (data) => {
    const message = readFrame(data, format);
    const auth = v.safeParse(AUTH, message);
    if (auth.success) {
      const [keyId, secret] = "data" in auth.output ? [auth.output.data.key_id, auth.output.data.secret_key] : [auth.output.key, auth.output.secret];
      account = authorize(engine.accounts, keyId, secret);
      send({ stream: "authorization", data: { status: account === undefined ? "unauthorized" : "authorized", action: "authenticate" } });
      if (account === undefined) socket.close(1008, "unauthorized");
      return;
    }
    const listen = v.safeParse(LISTEN, message);
    if (listen.success && account === undefined) send({ stream: "authorization", data: { status: "unauthorized", action: "listen" } });
    else if (listen.success) {
      const streams = listen.output.data.streams.filter((name) => name === "trade_updates");
      if (listen.output.action === "listen") listening = streams.length > 0;
      else if (streams.length > 0) listening = false;
      send({ stream: "listening", data: { streams: listening ? ["trade_updates"] : [] } });
    } else send({ stream: "error", data: { message: "unknown message" } });
  });
}

function updateJson({ event, order, at, executionId, fill, positionQty }: OrderEvent, account: AccountState) {
  return {
    event,
    execution_id: executionId,
    timestamp: instant(at),
    at: instant(at),
    order: orderJson(order, account.orders, { legs: true }),
    ...(fill === null ? {} : { price: fill.price.toFixed(), qty: fill.qty.toFixed(), position_qty: (positionQty ?? fill.qty).toFixed() }),
  };
}
