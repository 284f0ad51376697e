/** Many connections at once, and clients that mean no good: the others notice nothing. */
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { WebSocket } from "ws";
import { type GivenExchange, givenExchange, type Json } from "./givenExchange.ts";

const REQUESTS = 1600;
const STREAMS = 300;
const HALF_SENT = 100;

describe("the paper exchange in a crowd", () => {
  let exchange: GivenExchange;
  before(async () => {
    exchange = await givenExchange("--accounts", "3");
  });
  after(() => exchange.end());

  const head = (method: string, path: string, more = "") => {
    const { keyId, secretKey } = exchange.ready;
    return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAPCA-API-KEY-ID: ${keyId}\r\nAPCA-API-SECRET-KEY: ${secretKey}\r\n${more}`;
  };
  const open = () =>
    new Promise<Socket>((resolve, reject) => {
      const { hostname, port } = new URL(exchange.ready.url);
      const socket = connect(Number(port), hostname, () => resolve(socket)).on("error", reject);
    });
  /** What the connection says up to the end of one answer with a body. */
  const answerOn = (socket: Socket, text: string) =>
    new Promise<{ readonly status: number; readonly body: Json }>((resolve, reject) => {
      let seen = "";
      const look = (part: Buffer) => {
        seen += part.toString();
        const [headers, body] = seen.split("\r\n\r\n");
        const length = Number(/content-length: (\d+)/i.exec(headers ?? "")?.[1] ?? Number.NaN);
        if (body === undefined || !(Buffer.byteLength(body) >= length)) return;
        socket.off("data", look);
        resolve({ status: Number(seen.slice(9, 12)), body: JSON.parse(body) });
      };
      socket.on("data", look).once("close", () => reject(new Error(`closed after: ${seen}`)));
      socket.write(text);
    });

  it("holds 2,000 connections, streams among them, and answers on each, twice", async () => {
    const half = await Promise.all(Array.from({ length: HALF_SENT }, open));
    for (const socket of half) socket.on("error", () => undefined).write("GET /v2/account HTTP/1.1\r\nHost: 127.0.0.1\r\nAPCA-API");
    const sockets = await Promise.all(Array.from({ length: REQUESTS }, open));
    const streams = Array.from({ length: STREAMS }, () => new WebSocket(exchange.ready.streamUrl));
    await Promise.all(streams.map((stream) => new Promise((resolve, reject) => stream.once("open", resolve).once("error", reject))));
    for (let round = 0; round < 2; round++) {
      const answers = await Promise.all(sockets.map((socket) => answerOn(socket, head("GET", "/v2/clock", "\r\n"))));
      assert.ok(answers.every(({ status, body }) => status === 200 && body.is_open === true));
    }
    const { keyId, secretKey } = exchange.ready;
    const authorized = await Promise.all(
      streams.map(
        (stream) =>
          new Promise<string>((resolve) => {
            stream.once("message", (data) => resolve(JSON.parse((data as Buffer).toString()).data.status));
            stream.send(JSON.stringify({ action: "auth", key: keyId, secret: secretKey }));
          }),
      ),
    );
    assert.ok(authorized.every((status) => status === "authorized"));
    for (const socket of [...half, ...sockets]) socket.destroy();
    for (const stream of streams) stream.terminate();
  });

  it("answers hostile bodies with a status, a code and a message, and goes on", async () => {
    const post = async (body: string) => {
      const socket = await open();
      const answer = await answerOn(
        socket,
        head("POST", "/v2/orders", `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
      );
      socket.destroy();
      assert.equal(typeof answer.body.message, "string");
      assert.ok(String(answer.body.code).startsWith(String(answer.status)) || answer.body.code === 40010001, JSON.stringify(answer.body));
      return answer.status;
    };
    for (const [body, status] of [
      ["{", 400],
      ["NaN", 400],
      ["{'symbol':'AAPL'}", 400],
      ["\u0000", 400],
      ["null", 422],
      ["[]", 422],
      ["[[[[]]]]", 422],
      ['"AAPL"', 422],
      ["7", 422],
      ['{"symbol":"AAPL","qty":1e400,"side":"buy","type":"market","time_in_force":"day"}', 422],
      ['{"symbol":"AAPL","qty":-1e-400,"side":"buy","type":"market","time_in_force":"day"}', 422],
      ['{"symbol":"ÄÄPL\u202e","qty":1,"side":"buy","type":"market","time_in_force":"day"}', 422],
      ['{"constructor":{"prototype":{"symbol":"AAPL"}},"qty":1}', 422],
      [`{"symbol":"AAPL","qty":1,"side":"buy","type":"market","time_in_force":"day","client_order_id":"${"x".repeat(129)}"}`, 422],
      [`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`, 422],
    ] as const)
      assert.equal(await post(body), status, body.slice(0, 80));
    assert.equal((await exchange.get("/v2/orders?status=all")).length, 0);
    const odd = await exchange.call("POST", "/v2/orders", {
      symbol: "aapl",
      qty: "007",
      side: "buy",
      type: "market",
      time_in_force: "day",
      client_order_id: "ünïcödé 🙂",
    });
    assert.deepEqual([odd.status, odd.body.symbol, odd.body.qty, odd.body.client_order_id], [200, "AAPL", "7", "ünïcödé 🙂"]);
    const found = await exchange.get(`/v2/orders:by_client_order_id?client_order_id=${encodeURIComponent("ünïcödé 🙂")}`);
    assert.equal(found.id, odd.body.id);
  });

  it("answers nonsense paths, parameters and protocols without a 500", async () => {
    for (const [method, path] of [
      ["GET", "/v2/orders?limit=0"],
      ["GET", "/v2/orders?limit=501"],
      ["GET", "/v2/orders?limit=NaN"],
      ["GET", "/v2/orders?after=yesterday"],
      ["GET", "/v2/orders?direction=up"],
      ["GET", "/v2/orders?before_order_id=none"],
      ["GET", "/v2/orders/%00"],
      ["GET", "/v2/orders/%E0%A4%A"],
      ["GET", "/v2/positions/%25E0%25A4%25A"],
      ["GET", "/v2/assets/%25E0"],
      ["GET", "/v2/account/activities?page_size=1000"],
      ["GET", "/v2/account/activities?page_token=none"],
      ["GET", "/v2/account/portfolio/history?period=1X"],
      ["GET", "/v2/account/portfolio/history?period=999A&timeframe=1D&end=1970-01-01"],
      ["GET", "/v2/calendar?start=x"],
      ["PATCH", "/v2/orders/none"],
      ["DELETE", "/v2/orders/none"],
      ["DELETE", "/v2/positions/AAPL?qty=-1"],
      ["DELETE", "/v2/positions/AAPL?percentage=101"],
      ["DELETE", "/v2/positions/AAPL?qty=1&percentage=1"],
      ["DELETE", "/v2/positions/TSLA"],
      ["PUT", "/v2/orders"],
      ["GET", `/v2/${"x".repeat(5000)}`],
      ["GET", "/nowhere"],
    ] as const) {
      const { status } = await exchange.call(method, path);
      assert.ok(status < 500 && (status >= 400 || path.includes("portfolio")), `${method} ${path}: ${status}`);
    }
    const socket = await open();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    let said = "";
    socket.on("error", () => undefined).on("data", (part) => (said += String(part)));
    socket.write("\x16\x03\x01 this is no HTTP\r\n\r\n");
    await closed;
    assert.match(said, /^HTTP\/1\.1 400 Bad Request\r\nX-Quantdesk-Simulated: true\r\n[^]*\{"code":40010000,"message":/);
    assert.equal((await exchange.get("/v2/clock")).is_open, true);
  });

  it("counts requests a minute in its headers, and says 429 beyond, by key", async () => {
    await using limited = await givenExchange("--rate-limit", "5", "--accounts", "2");
    const left: Array<readonly [number, string | null]> = [];
    for (let i = 0; i < 7; i++) {
      const { status, headers } = await limited.call("GET", "/v2/clock");
      left.push([status, headers.get("x-ratelimit-remaining")]);
      assert.equal(headers.get("x-ratelimit-limit"), "5");
      assert.ok(Number(headers.get("x-ratelimit-reset")) * 1000 > Date.now() - 1000);
      assert.match(headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
    }
    assert.deepEqual(left, [
      [200, "4"],
      [200, "3"],
      [200, "2"],
      [200, "1"],
      [200, "0"],
      [429, "0"],
      [429, "0"],
    ]);
    assert.equal((await limited.call("GET", "/v2/clock", undefined, 1)).status, 200);
  });
});
