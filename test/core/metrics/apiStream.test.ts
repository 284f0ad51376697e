import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { WebSocket } from "ws";
import type { PerformanceSnapshot } from "../../../src/core/domain/performance.ts";
import { STREAM_PATH, STREAM_PROTOCOL } from "../../../src/core/metrics/apiNames.ts";
import { givenApi, TOKEN, type GivenApi } from "./givenApi.ts";

const AUTHORIZED = { authorization: `Bearer ${TOKEN}` };

describe("the performance stream", () => {
  let given: GivenApi;
  let open: WebSocket[] = [];

  beforeEach(async () => {
    given = await givenApi();
  });
  afterEach(async () => {
    for (const socket of open) socket.terminate();
    open = [];
    await given.end();
  });

  function listen(headers: Record<string, string> = AUTHORIZED, protocols: string[] = [], path = STREAM_PATH): WebSocket {
    const socket = new WebSocket(`${given.api.url.replace("http", "ws")}${path}`, protocols, { headers });
    open.push(socket);
    return socket;
  }

  async function next(socket: WebSocket): Promise<PerformanceSnapshot> {
    const [data] = (await once(socket, "message")) as [Buffer];
    return JSON.parse(data.toString()) as PerformanceSnapshot;
  }

  /** The status with which an opening is refused. */
  async function refused(socket: WebSocket): Promise<number> {
    socket.on("error", () => undefined);
    const [, answer] = (await once(socket, "unexpected-response")) as [unknown, { statusCode: number }];
    return answer.statusCode;
  }

  it("pushes a snapshot at once and goes on, with what has been recorded since", async () => {
    const socket = listen();
    const first = await next(socket);
    assert.deepEqual([first.schema, first.health.schema, first.summary?.operations], ["quantdesk.performance/1", "quantdesk.health/1", 0]);
    given.record(7);
    assert.equal((await next(socket)).summary?.operations, 7);
  });

  it("takes the token as a subprotocol, plain or in base64url, and answers its own", async () => {
    for (const token of [TOKEN, Buffer.from(TOKEN).toString("base64url")]) {
      const socket = listen({}, [STREAM_PROTOCOL, `bearer.${token}`]);
      await next(socket);
      assert.equal(socket.protocol, STREAM_PROTOCOL);
    }
  });

  it("is for nobody without the token, under another name, from another page, or at another path", async () => {
    const port = new URL(given.api.url).port;
    for (const [status, headers, protocols, path] of [
      [401, {}, [], STREAM_PATH],
      [401, { authorization: "Bearer wrong" }, [], STREAM_PATH],
      [401, {}, [STREAM_PROTOCOL, "bearer.wrong"], STREAM_PATH],
      [401, {}, [], `${STREAM_PATH}?token=${TOKEN}`],
      [403, { ...AUTHORIZED, host: `evil.example:${port}` }, [], STREAM_PATH],
      [403, { ...AUTHORIZED, origin: "http://evil.example" }, [], STREAM_PATH],
      [403, { origin: "null" }, [STREAM_PROTOCOL, `bearer.${TOKEN}`], STREAM_PATH],
      [404, AUTHORIZED, [], "/"],
    ] as const) {
      assert.equal(await refused(listen({ ...headers }, [...protocols], path)), status, JSON.stringify([headers, protocols, path]));
    }
    await next(listen({ ...AUTHORIZED, origin: given.api.url }));
  });

  it("says to a plain request that it is a WebSocket, and serves clients that offer another protocol", async () => {
    const { status, json } = await given.call("GET", STREAM_PATH);
    assert.deepEqual([status, json["code"]], [426, "websocket-only"]);
    assert.equal((await given.call("GET", "/api/performance/health", { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c" })).status, 200);
  });

  it("serves twenty listeners, refuses the next, and has room again when one leaves", async () => {
    const sockets = Array.from({ length: 20 }, () => listen());
    await Promise.all(sockets.map(next));
    assert.equal(await refused(listen()), 503);
    const [first] = sockets as [WebSocket];
    first.close();
    await once(first, "close");
    await next(listen());
  });

  it("ends a listener that sends more than it may, and no other", async () => {
    const [loud, quiet] = [listen(), listen()];
    await Promise.all([next(loud), next(quiet)]);
    loud.on("error", () => undefined);
    loud.send("x".repeat(100_000));
    const [code] = (await once(loud, "close")) as [number];
    assert.equal(code, 1009);
    await next(quiet);
  });

  it("is not held up by a listener that reads nothing", async () => {
    const { port } = new URL(given.api.url);
    const deaf = connect(Number(port), "127.0.0.1");
    await once(deaf, "connect");
    const lines = [`GET ${STREAM_PATH} HTTP/1.1`, `Host: 127.0.0.1:${port}`, `Authorization: Bearer ${TOKEN}`, "Connection: Upgrade", "Upgrade: websocket"];
    deaf.write(`${[...lines, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="].join("\r\n")}\r\n\r\n`);
    deaf.pause();
    const socket = listen();
    await next(socket);
    given.record(1);
    assert.equal((await next(socket)).summary?.operations, 1);
    deaf.destroy();
  });

  it("tells its listeners when it ends", async () => {
    const socket = listen();
    await next(socket);
    const closed = once(socket, "close") as Promise<[number]>;
    await given.api.close();
    assert.equal((await closed)[0], 1001);
  });
});
