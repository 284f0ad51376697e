import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import fc from "fast-check";
import { bindPublisher, bindRouter } from "../../../src/kernel/jupyter/sockets.ts";
import { Connection, type Frames } from "../../../src/kernel/jupyter/zmtp.ts";

const MiB = 2 ** 20;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function socketTo(port: number): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

async function peer(
  port: number,
  type: "DEALER" | "SUB",
  onMessage: (frames: Frames) => void,
): Promise<{ readonly socket: Socket; readonly connection: Connection }> {
  const socket = await socketTo(port);
  return await new Promise((resolve) => {
    const connection: Connection = new Connection(
      socket,
      { type },
      { onReady: () => resolve({ socket, connection }), onMessage, onSubscription: () => undefined, onClose: () => undefined },
    );
  });
}

describe("kernel: sockets that meet strangers", () => {
  it("drops what is not ZMTP and goes on with the others", async () => {
    const port = await freePort();
    const router = await bindRouter({ host: "127.0.0.1", port }, (identity, frames) => router.send(identity, frames));
    try {
      const greeting = Buffer.alloc(64);
      greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3]);
      greeting.write("NULL", 12, "latin1");
      const ready = Buffer.concat([Buffer.from([4, 28, 5]), Buffer.from("READY\x0bSocket-Type\0\0\0\x06DEALER", "latin1")]);
      const huge = Buffer.from([2, 0x7f, 255, 255, 255, 255, 255, 255, 255]);
      const strangers: readonly Buffer[] = [
        Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".padEnd(100)),
        Buffer.alloc(64),
        Buffer.concat([greeting, Buffer.from([0, 1, 65])]),
        Buffer.concat([greeting, ready, huge]),
        Buffer.concat([greeting, Buffer.from([4, 6, 5]), Buffer.from("ERROR")]),
      ];
      for (const bytes of strangers) {
        const socket = await socketTo(port);
        const closed = once(socket, "close");
        socket.write(bytes);
        socket.resume();
        await closed;
      }
      const answered = Promise.withResolvers<Frames>();
      const { connection } = await peer(port, "DEALER", answered.resolve);
      connection.send([Buffer.from("still"), Buffer.from("here")]);
      assert.deepEqual((await answered.promise).map(String), ["still", "here"]);
      connection.close();
    } finally {
      await router.close();
    }
  });

  it("reads messages whole, however the network cuts them", async () => {
    const port = await freePort();
    const taken: Frames[] = [];
    let wake = (): void => undefined;
    const router = await bindRouter({ host: "127.0.0.1", port }, (_identity, frames) => {
      taken.push(frames);
      wake();
    });
    try {
      const frames = fc.array(
        fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
        { minLength: 1, maxLength: 5 },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.array(frames, { minLength: 1, maxLength: 4 }),
          fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
          async (messages, cuts) => {
            taken.length = 0;
            const { socket } = await peer(port, "DEALER", () => undefined);
            const bytes = Buffer.concat(messages.flatMap((message) => message.map((body, i) => wireFrame(body, i < message.length - 1))));
            for (let at = 0, cut = 0; at < bytes.length; cut++) {
              const length = cuts[cut % cuts.length] as number;
              socket.write(bytes.subarray(at, at + length));
              at += length;
            }
            while (taken.length < messages.length) await new Promise<void>((resolve) => (wake = resolve));
            assert.deepEqual(
              taken.map((message) => message.map((frame) => frame.toString("hex"))),
              messages.map((message) => message.map((frame) => frame.toString("hex"))),
            );
            socket.destroy();
          },
        ),
        { numRuns: 30 },
      );
    } finally {
      await router.close();
    }
  });

  it("drops messages for a subscriber that does not read, and none for the others", async () => {
    const port = await freePort();
    const subscribed = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let subscriptions = 0;
    const publisher = await bindPublisher({ host: "127.0.0.1", port }, () => subscribed[subscriptions++]?.resolve());
    try {
      let heard = 0;
      let heardAll = (): void => undefined;
      const slow: string[] = [];
      const slowHeard = Promise.withResolvers<void>();
      const quick = await peer(port, "SUB", () => {
        heard++;
        heardAll();
      });
      const lazy = await peer(port, "SUB", ([topic]) => {
        slow.push(String(topic));
        if (String(topic) === "kernel.last") slowHeard.resolve();
      });
      for (const { connection } of [quick, lazy]) connection.send([Buffer.of(1)]);
      await Promise.all(subscribed.map(({ promise }) => promise));
      lazy.socket.pause();
      const COUNT = 80;
      for (let i = 0; i < COUNT; i++) {
        publisher.publish([Buffer.from("kernel.stream"), Buffer.alloc(MiB, i)]);
        while (heard < i + 1) await new Promise<void>((resolve) => (heardAll = resolve));
      }
      lazy.socket.resume();
      // Once it reads again, it hears what comes from then on.
      const again = setInterval(() => publisher.publish([Buffer.from("kernel.last")]), 20);
      await slowHeard.promise.finally(() => clearInterval(again));
      const kept = slow.filter((topic) => topic === "kernel.stream").length;
      assert.ok(kept > 0 && kept < COUNT, `${kept} of ${COUNT}`);
      for (const { connection } of [quick, lazy]) connection.close();
    } finally {
      await publisher.close();
    }
  });
});

function wireFrame(body: Buffer, isMore: boolean): Buffer {
  if (body.length <= 255) return Buffer.concat([Buffer.from([isMore ? 1 : 0, body.length]), body]);
  const head = Buffer.alloc(9);
  head[0] = isMore ? 3 : 2;
  head.writeBigUInt64BE(BigInt(body.length), 1);
  return Buffer.concat([head, body]);
}
