/** The stream of trade updates, as different clients speak it. */
import assert from "node:assert/strict";
import { decode, encode } from "@msgpack/msgpack";
import { WebSocket } from "ws";
import { type GivenExchange, givenExchange, type Json } from "./givenExchange.ts";

const order = { symbol: "KO", qty: "1", side: "buy", type: "market", time_in_force: "day" };

describe("the stream of trade updates", () => {
  let exchange: GivenExchange;
  before(async () => {
    exchange = await givenExchange("--accounts", "2");
  });
  after(() => exchange.end());

  /** Frames as they come, and the answer to each message. */
  async function speak(options: { readonly msgpack?: boolean; readonly text?: boolean } = {}) {
    const socket = new WebSocket(exchange.ready.streamUrl, options.msgpack === true ? { headers: { "content-type": "application/msgpack" } } : {});
    const frames: Array<{ readonly isBinary: boolean; readonly message: Json }> = [];
    const waiting = new Set<() => void>();
    socket.on("message", (data: Buffer, isBinary) => {
      frames.push({ isBinary, message: options.msgpack === true ? decode(data) : JSON.parse(data.toString()) });
      for (const look of [...waiting]) look();
    });
    const closed = new Promise<number>((resolve) => socket.once("close", resolve));
    await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
    let read = 0;
    const next = () =>
      new Promise<Json>((resolve) => {
        const look = () => {
          const frame = frames[read];
          if (frame === undefined) return;
          read++;
          waiting.delete(look);
          resolve(frame.message);
        };
        waiting.add(look);
        look();
      });
    const say = (message: object) => {
      const bytes = options.msgpack === true ? encode(message) : Buffer.from(JSON.stringify(message));
      socket.send(bytes, { binary: options.text !== true });
      return next();
    };
    const auth = (account = 0) => {
      const { keyId, secretKey } = exchange.ready.accounts[account];
      return say({ action: "authenticate", data: { key_id: keyId, secret_key: secretKey } });
    };
    const listen = (...streams: string[]) => say({ action: "listen", data: { streams } });
    return { socket, frames, next, say, auth, listen, closed };
  }

  for (const [name, options] of [
    ["JSON in binary frames", {}],
    ["JSON in text frames", { text: true }],
    ["MessagePack", { msgpack: true }],
  ] as const)
    it(`speaks ${name}, from the key to the fill`, async () => {
      const client = await speak(options);
      assert.deepEqual(await client.auth(), { stream: "authorization", data: { status: "authorized", action: "authenticate" } });
      assert.deepEqual(await client.listen("trade_updates", "account_updates"), { stream: "listening", data: { streams: ["trade_updates"] } });
      const { body } = await exchange.call("POST", "/v2/orders", order);
      const [placed, filled] = [await client.next(), await client.next()];
      assert.deepEqual([placed.stream, placed.data.event, placed.data.order.id], ["trade_updates", "new", body.id]);
      assert.deepEqual([filled.data.event, filled.data.qty, filled.data.order.status, filled.data.order.filled_qty], ["fill", "1", "filled", "1"]);
      for (const field of ["price", "position_qty", "execution_id", "timestamp"]) assert.equal(typeof filled.data[field], "string", field);
      const shown = await exchange.get(`/v2/orders/${body.id}`);
      assert.deepEqual(filled.data.order, shown);
      assert.ok(client.frames.every(({ isBinary }) => isBinary));
      client.socket.terminate();
    });

  it("lets in nobody without the key, and says so", async () => {
    const early = await speak();
    assert.deepEqual(await early.listen("trade_updates"), { stream: "authorization", data: { status: "unauthorized", action: "listen" } });
    assert.equal((await early.auth()).data.status, "authorized"); // it may still come
    early.socket.terminate();
    const wrong = await speak();
    assert.deepEqual(await wrong.say({ action: "auth", key: exchange.ready.keyId, secret: "wrong" }), {
      stream: "authorization",
      data: { status: "unauthorized", action: "authenticate" },
    });
    assert.equal(await wrong.closed, 1008);
  });

  it("stops with an empty list or unlisten, and hears of its own account alone", async () => {
    const [mine, other, stopped] = [await speak(), await speak(), await speak()];
    await mine.auth(0);
    await mine.listen("trade_updates");
    await other.auth(1);
    await other.listen("trade_updates");
    await stopped.auth(0);
    await stopped.listen("trade_updates");
    assert.deepEqual(await stopped.listen(), { stream: "listening", data: { streams: [] } });
    const { id } = (await exchange.call("POST", "/v2/orders", order)).body;
    for (let update = await mine.next(); update.data.event !== "fill"; update = await mine.next()) assert.equal(update.data.order.id, id);
    assert.deepEqual(await mine.say({ action: "unlisten", data: { streams: ["trade_updates"] } }), { stream: "listening", data: { streams: [] } });
    // Each answers the next question first thing: nothing has come between.
    for (const client of [mine, other, stopped]) assert.equal((await client.listen("trade_updates")).stream, "listening");
    for (const client of [mine, other, stopped]) client.socket.terminate();
  });

  it("tells of cancels, replacements and expiry with the order as it then is", async () => {
    const client = await speak();
    await client.auth();
    await client.listen("trade_updates");
    const { id } = (await exchange.call("POST", "/v2/orders", { ...order, type: "limit", limit_price: "1.50" })).body;
    assert.deepEqual([(await client.next()).data.event], ["new"]);
    const next = (await exchange.call("PATCH", `/v2/orders/${id}`, { limit_price: "1.60" })).body;
    const replaced = await client.next();
    assert.deepEqual(
      [replaced.data.event, replaced.data.order.id, replaced.data.order.status, replaced.data.order.replaced_by],
      ["replaced", id, "replaced", next.id],
    );
    const fresh = await client.next();
    assert.deepEqual([fresh.data.event, fresh.data.order.id, fresh.data.order.limit_price], ["new", next.id, "1.6"]);
    await exchange.call("DELETE", `/v2/orders/${next.id}`);
    const canceled = await client.next();
    assert.deepEqual([canceled.data.event, canceled.data.order.status, typeof canceled.data.order.canceled_at], ["canceled", "canceled", "string"]);
    client.socket.terminate();
  });

  it("answers nonsense, and closes on what is too large", async () => {
    const client = await speak();
    for (const nonsense of [[], 7, null, { action: "dance" }, { action: "listen" }, { action: "auth", key: 1, secret: {} }])
      assert.equal((await client.say(nonsense as object)).stream, "error");
    client.socket.send(Buffer.from([0xc1, 0xff, 0x00]));
    assert.equal((await client.next()).stream, "error");
    assert.equal((await client.auth()).data.status, "authorized");
    client.socket.send("x".repeat(300 * 1024));
    assert.equal(await client.closed, 1009);
  });
});

describe("the stream of market data", () => {
  it("takes the key with the request, and with --stream-limit one connection a key and address", async () => {
    await using exchange = await givenExchange("--stream-limit", "1", "--accounts", "2");
    const open = async (path: string, account: number, secret?: string) => {
      const { keyId, secretKey } = exchange.ready.accounts[account];
      const socket = new WebSocket(`${exchange.ready.dataStreamUrl}${path}`, {
        headers: { "APCA-API-KEY-ID": keyId, "APCA-API-SECRET-KEY": secret ?? secretKey },
      });
      const said: Json[] = [];
      const closed = new Promise<number>((resolve) => socket.once("close", resolve));
      await new Promise<void>((resolve) => {
        socket.on("message", (data: Buffer) => {
          said.push(...JSON.parse(data.toString()));
          if (said.length === 2) resolve();
        });
      });
      assert.deepEqual(said[0], { T: "success", msg: "connected" });
      return { socket, answer: said[1], closed };
    };
    const authenticated = { T: "success", msg: "authenticated" };
    const first = await open("/v2/iex", 0);
    assert.deepEqual(first.answer, authenticated);
    const second = await open("/v2/iex", 0);
    assert.deepEqual(second.answer, { T: "error", code: 406, msg: "connection limit exceeded" });
    assert.equal(await second.closed, 1008);
    // Another key, another address, and the same one when the first has gone.
    for (const [path, account] of [
      ["/v2/iex/", 1],
      ["/v2/sip", 0],
      ["/v1beta1/news", 0],
    ] as const)
      assert.deepEqual((await open(path, account)).answer, authenticated, path);
    assert.deepEqual((await open("/v2/test", 1, "wrong")).answer, { T: "error", code: 402, msg: "auth failed" });
    first.socket.close();
    await first.closed;
    let again = await open("/v2/iex", 0);
    while (again.answer.code === 406) again = await open("/v2/iex", 0); // the server hears of the end a moment later
    assert.deepEqual(again.answer, authenticated);
  });
});
