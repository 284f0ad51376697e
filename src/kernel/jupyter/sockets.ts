/** The kinds of ZeroMQ sockets that a kernel binds: ROUTER, PUB and REP (https://rfc.zeromq.org/spec/28 and 29). */
import { randomBytes } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { rmSync } from "node:fs";
import { TradingError } from "../../core/base/errors.ts";
import { Connection, type Frames, type SocketType } from "./zmtp.ts";

/** Where one socket listens: a port of this machine, or a path. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface BoundSocket {
  close(): Promise<void>;
}

/** Answers whom it was asked by: the first frame of a message is the identity of its peer. */
export interface Router extends BoundSocket {
  send(identity: Buffer, frames: Frames): void;
}

export interface Publisher extends BoundSocket {
  /** To those who subscribed to a beginning of the first frame. */
  publish(frames: Frames): void;
}

/** A subscriber that does not read loses messages beyond this, as a PUB socket does. */
const SUBSCRIBER_BYTES = 64 * 2 ** 20;
const MAX_SUBSCRIPTIONS = 1000;

export async function bindRouter(address: Address, onMessage: (identity: Buffer, frames: Frames) => void): Promise<Router> {
  const peers = new Map<string, Connection>();
  const bound = await listen(address, (socket) => {
    let identity = Buffer.alloc(0);
    const connection = new Connection(
      socket,
      { type: "ROUTER" },
      {
        onReady: (peer) => {
          identity = peer.identity.length > 0 ? Buffer.from(peer.identity) : Buffer.concat([Buffer.of(0), randomBytes(4)]);
          peers.set(identity.toString("latin1"), connection);
        },
        onMessage: (frames) => onMessage(identity, frames),
        onSubscription: () => undefined,
        onClose: () => {
          if (peers.get(identity.toString("latin1")) === connection) peers.delete(identity.toString("latin1"));
        },
      },
    );
    return connection;
  });
  return { ...bound, send: (identity, frames) => peers.get(identity.toString("latin1"))?.send(frames) };
}

/** `onSubscribe` is told of each new subscription once messages for it arrive. */
export async function bindPublisher(address: Address, onSubscribe: (topic: Buffer, send: (frames: Frames) => void) => void): Promise<Publisher> {
  const subscribers = new Map<Connection, string[]>();
  const bound = await listen(address, (socket) => {
    const topics: string[] = [];
    const change = (topic: Buffer, isOn: boolean): void => {
      const name = topic.toString("latin1");
      if (!isOn) {
        const index = topics.indexOf(name);
        if (index >= 0) topics.splice(index, 1);
      } else if (topics.length < MAX_SUBSCRIPTIONS) {
        topics.push(name);
        onSubscribe(topic, (frames) => connection.send(frames));
      }
    };
    const connection: Connection = new Connection(
      socket,
      { type: "XPUB" },
      {
        onReady: () => subscribers.set(connection, topics),
        onMessage: ([first]) => {
          if (first !== undefined && (first[0] === 0 || first[0] === 1)) change(first.subarray(1), first[0] === 1);
        },
        onSubscription: ({ topic, isOn }) => change(topic, isOn),
        onClose: () => subscribers.delete(connection),
      },
    );
    return connection;
  });
  return {
    ...bound,
    publish: (frames) => {
      const head = frames[0]?.toString("latin1") ?? "";
      for (const [connection, topics] of subscribers) {
        if (connection.waiting <= SUBSCRIBER_BYTES && topics.some((topic) => head.startsWith(topic))) connection.send(frames);
      }
    },
  };
}

/** The heartbeat: whatever comes goes back. */
export async function bindEcho(address: Address): Promise<BoundSocket> {
  return await listen(address, (socket) => {
    const connection: Connection = new Connection(
      socket,
      { type: "REP" satisfies SocketType },
      { onReady: () => undefined, onMessage: (frames) => connection.send(frames), onSubscription: () => undefined, onClose: () => undefined },
    );
    return connection;
  });
}

async function listen(address: Address, onSocket: (socket: Socket) => Connection): Promise<BoundSocket> {
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = onSocket(socket);
    connections.add(connection);
    socket.once("close", () => connections.delete(connection));
  });
  await bind(server, address);
  return {
    close: async () => {
      for (const connection of connections) connection.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function bind(server: Server, address: Address): Promise<void> {
  const where = "path" in address ? address.path : `${address.host}:${address.port}`;
  if ("path" in address) rmSync(address.path, { force: true }); // left by a kernel that was killed
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        new TradingError("port-in-use", `The kernel cannot listen on ${where}: ${error.message}.`, {
          hint: "Start it with a new connection file.",
          cause: error,
        }),
      ),
    );
    server.listen("path" in address ? { path: address.path } : { host: address.host, port: address.port }, resolve);
  });
  server.on("error", () => undefined); // one connection that could not be taken
}
