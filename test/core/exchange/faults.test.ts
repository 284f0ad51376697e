/** What `--fault` does to requests and streams: by kind, probability, method and path, the same for the same seed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { WebSocket } from "ws";
import type { TradingError } from "../../../src/core/base/errors.ts";
import { parsePaperArgs } from "../../../src/core/exchange/paperOptions.ts";
import { givenExchange, type Json } from "./givenExchange.ts";

const order = { symbol: "KO", qty: "1", side: "buy", type: "market", time_in_force: "day" };

describe("faults on request", () => {
  it("are refused in one sentence when they are not understood", () => {
    for (const [spec, said] of [
      ["status", /has "status"/],
      ["status:0.1", /needs a value/],
      ["status=200:0.1", /status is 200.*400 to 599/],
      ["status=503", /has "status=503"/],
      ["status=503:2", /probability 2.*0 to 1/],
      ["status=503:-1", /has "status=503:-1"/],
      ["status=503:0.1@FETCH/orders", /method FETCH.*GET, POST/],
      ["status=503:0.1@orders", /has "status=503:0.1@orders"/],
      ["status=503:0.1,,reset-after:1", /has ""/],
      ["reset-after=5:0.1", /takes no value/],
      ["stream-cut:0.1@POST/stream", /names a method/],
      ["stream-cutt:0.1", /Did you mean stream-cut/],
      ["delay=fast:0.1", /has "delay=fast:0.1"/],
    ] as const)
      assert.throws(
        () => parsePaperArgs(["--fault", spec]),
        (error: TradingError) => error.kind === "usage" && said.test(`${error.message} ${error.hint}`) && !error.message.includes("\n"),
        spec,
      );
  });

  it("strike as often as they say, where they say, and alike for the same seed", async () => {
    const spec = "status=503:0.3@GET/account,status=429:1@DELETE/orders,delay=1:1@GET/clock";
    const drawn: number[][] = [];
    for (const seed of ["5", "5", "6"]) {
      await using exchange = await givenExchange("--seed", seed, "--fault", spec);
      const statuses: number[] = [];
      for (let i = 0; i < 60; i++) statuses.push((await exchange.call("GET", "/v2/account")).status);
      drawn.push(statuses);
      assert.equal((await exchange.call("POST", "/v2/orders", order)).status, 200);
      assert.equal((await exchange.call("GET", "/v2/clock")).status, 200);
      const limited = await exchange.call("DELETE", "/v2/orders");
      assert.deepEqual([limited.status, limited.body.code], [429, 42900000]);
    }
    assert.deepEqual(drawn[0], drawn[1]);
    assert.notDeepEqual(drawn[0], drawn[2]);
    const struck = drawn.flat().filter((status) => status === 503).length;
    assert.ok(struck > 25 && struck < 90, `${struck} of 180`);
  });

  it("delay what they name, and nothing else", async () => {
    await using exchange = await givenExchange("--fault", "delay=1500:1@GET/clock");
    const delayed = exchange.get("/v2/clock").then(() => "delayed");
    const first = await Promise.race([delayed, exchange.get("/v2/account").then(() => "at once")]);
    assert.deepEqual([first, await delayed], ["at once", "delayed"]);
  });

  it("cut connections before and after the work, over TLS too", async () => {
    await using exchange = await givenExchange("--tls", "--fault", "reset-after:1@POST/orders,reset-before:1@PATCH");
    const { url, keyId, secretKey, certificate } = exchange.ready;
    const ask = (method: string, path: string, body?: object) =>
      new Promise<Json>((resolve, reject) => {
        const headers = { "APCA-API-KEY-ID": keyId, "APCA-API-SECRET-KEY": secretKey };
        const asked = request(url + path, { method, headers, ca: readFileSync(certificate) }, (answer) => {
          let text = "";
          answer.on("data", (part) => (text += String(part))).on("end", () => resolve(JSON.parse(text)));
        });
        asked.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body));
      });
    await assert.rejects(ask("POST", "/v2/orders", { ...order, client_order_id: "cut" }), /socket hang up|ECONNRESET/);
    const { id } = await ask("GET", "/v2/orders:by_client_order_id?client_order_id=cut");
    await assert.rejects(ask("PATCH", `/v2/orders/${id}`, { qty: "2" }), /socket hang up|ECONNRESET/);
    assert.equal((await ask("GET", `/v2/orders/${id}`)).qty, "1");
  });

  it("repeat, mute and cut streams, those of the path alone", async () => {
    await using exchange = await givenExchange("--fault", "stream-repeat:1@/stream,stream-mute:1@/v2/iex");
    const stream = await exchange.stream();
    const { id } = (await exchange.call("POST", "/v2/orders", order)).body;
    await stream.update((data) => data.event === "fill" && data.order.id === id);
    await exchange.call("POST", "/v2/orders", order); // what came before has come twice by now
    await stream.update((data) => data.event === "fill" && data.order.id !== id);
    const fills = stream.messages.filter((m) => m.data?.event === "fill" && m.data.order.id === id);
    assert.deepEqual([fills.length, new Set(fills.map((m) => m.data.execution_id)).size], [2, 1]);
    stream.close();
    const mute = new WebSocket(`${exchange.ready.dataStreamUrl}/v2/iex`);
    const heard: unknown[] = [];
    mute.on("message", (data) => heard.push(data));
    await new Promise((resolve) => mute.once("open", resolve));
    await exchange.get("/v2/clock"); // a round trip later the greeting would be here
    assert.deepEqual(heard, []);
    mute.terminate();
    await using cutting = await givenExchange("--fault", "stream-cut:1");
    const cut = new WebSocket(`${cutting.ready.dataStreamUrl}/v2/iex`);
    cut.on("error", () => undefined);
    await new Promise((resolve) => cut.once("close", resolve));
  });
});
