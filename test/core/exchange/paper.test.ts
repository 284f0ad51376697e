import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, existsSync } from "node:fs";
import { X509Certificate } from "node:crypto";
import { get } from "node:https";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import type { TradingError } from "../../../src/core/base/errors.ts";
import { entryPath } from "../../../src/core/base/entry.ts";
import { parsePaperArgs } from "../../../src/core/exchange/paperOptions.ts";
import { givenExchange, type Json } from "./givenExchange.ts";

function paper(...flags: string[]) {
  const run = spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", entryPath("exchange"), ...flags], {
    env: childEnv(),
    encoding: "utf8",
    timeout: 15_000,
  });
  return { code: run.status, out: run.stdout, err: run.stderr.trim() };
}

describe("the exchange in the foreground", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "qd-exchange-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it("refuses bad flags in one sentence with code 2, before it starts anything", () => {
    const { code, out, err } = paper("--home", home, "--prot", "1");
    assert.deepEqual([code, out, err], [2, "", "paper has no flag --prot. Did you mean --port?"]);
    assert.equal(existsSync(join(home, "exchange.sqlite")), false);
    for (const [flags, said] of [
      [["--port", "99999"], /--port is "99999"/],
      [["--port"], /--port has no value/],
      [["--speed", "0"], /--speed is "0"/],
      [["--cash", "-5"], /--cash is "-5"/],
      [["--accounts", "0"], /--accounts is "0"/],
      [["--market-hours", "sometimes"], /--market-hours is "sometimes"\. Use always or nyse/],
      [["--host", "0.0.0.0"], /this machine only/],
      [["--rate-limit", "none"], /requests a minute/],
      [["--stream-limit", "0"], /streams a key and address, like 1, or off/],
      [["--fault", "status=503"], /--fault has "status=503"/],
      [["--fault", "drop-answr:0.5"], /Did you mean drop-answer/],
      [["--start", "yesterday"], /2026-11-20T15:00:00Z/],
      [["extra"], /takes no argument "extra"/],
    ] as const) {
      assert.throws(
        () => parsePaperArgs(flags),
        (error: TradingError) => error.kind === "usage" && said.test(`${error.message} ${error.hint}`),
        flags.join(" "),
      );
    }
  });

  it("says so when the port is in use, with code 1", async () => {
    await using exchange = await givenExchange();
    const port = new URL(exchange.ready.url).port;
    const { code, out, err } = paper("--port", port, "--home", home);
    assert.deepEqual([code, out, err], [1, "", `Port ${port} is already in use. Give another one with --port, or leave it out for any free one.`]);
    assert.equal(existsSync(join(home, "exchange.json")), false);
  });

  it("writes its ready line for this user only, and removes it when it is terminated", async () => {
    const file = join(home, "ready.json");
    const exchange = await givenExchange("--home", home, "--ready-file", file);
    assert.deepEqual(JSON.parse(readFileSync(file, "utf8")), exchange.ready);
    assert.deepEqual(JSON.parse(readFileSync(join(home, "exchange.json"), "utf8")), exchange.ready);
    for (const path of [file, join(home, "exchange.json"), join(home, "exchange.sqlite")]) assert.equal(statSync(path).mode & 0o777, 0o600, path);
    assert.equal(await exchange.end("SIGTERM"), 143);
    assert.equal(existsSync(file), false);
    assert.equal(existsSync(join(home, "exchange.json")), false);
  });

  it("serves https with a certificate for this machine's names, and takes its file with it", async () => {
    const exchange = await givenExchange("--tls", "--home", home);
    const { certificate, url, streamUrl, dataStreamUrl } = exchange.ready;
    const parsed = new X509Certificate(readFileSync(certificate));
    assert.equal(parsed.checkIP("127.0.0.1") ?? parsed.checkHost("localhost"), "127.0.0.1");
    assert.equal(parsed.checkHost("localhost"), "localhost");
    for (const [address, scheme] of [
      [url, "https:"],
      [streamUrl, "wss:"],
      [dataStreamUrl, "wss:"],
    ])
      assert.equal(new URL(address).protocol, scheme);
    const said = await new Promise<string>((resolve, reject) => {
      get(`${url}/v2/clock`, { ca: readFileSync(certificate) }, (answer) => answer.on("data", (part) => resolve(String(part)))).on("error", reject);
    });
    assert.match(said, /not authorized/);
    await exchange.end();
    assert.equal(existsSync(certificate), false);
  });

  it("ends with 130 on an interrupt, open streams or not", async () => {
    const exchange = await givenExchange();
    const stream = await exchange.stream();
    assert.equal(await exchange.end("SIGINT"), 130);
    stream.close();
  });

  it("says in Alpaca's shape that the disk is full, and ends with the reason; what it acknowledged is there", async () => {
    const order = { symbol: "KO", qty: "1", side: "buy", type: "market", time_in_force: "day" };
    {
      await using exchange = await givenExchange("--home", home);
      assert.equal((await exchange.call("POST", "/v2/orders", { ...order, client_order_id: "kept" })).status, 200);
      assert.equal(await exchange.end("SIGTERM"), 143);
    }
    // SQLite itself rolls back when the disk is full, as this trigger does.
    const book = new DatabaseSync(join(home, "exchange.sqlite"));
    book.exec("CREATE TRIGGER full BEFORE INSERT ON orders WHEN new.client_order_id = 'lost' BEGIN SELECT RAISE(ROLLBACK, 'database or disk is full'); END");
    book.close();
    {
      await using exchange = await givenExchange("--home", home);
      const { status, body } = await exchange.call("POST", "/v2/orders", { ...order, client_order_id: "lost" });
      assert.deepEqual([status, body], [500, { code: 50010000, message: "The exchange's book cannot be written: database or disk is full." }]);
      const { child } = exchange;
      assert.equal(child.exitCode ?? (await once(child, "exit"))[0], 1, "it ends by itself");
    }
    await using exchange = await givenExchange("--home", home);
    assert.equal((await exchange.get("/v2/orders:by_client_order_id?client_order_id=kept")).status, "filled");
    assert.equal((await exchange.call("GET", "/v2/orders:by_client_order_id?client_order_id=lost")).status, 404);
  });

  it("has a folder to itself", async () => {
    await using exchange = await givenExchange("--home", home);
    assert.ok(exchange.ready.pid > 0);
    const { code, err } = paper("--home", home);
    assert.equal(code, 1);
    assert.match(err, /Another exchange already serves this state folder\. End it with/);
  });

  it("brings back everything it acknowledged after a kill", async () => {
    const first = await givenExchange("--home", home, "--accounts", "2", "--cash", "75000");
    const stream = await first.stream();
    const bracket = (
      await first.call("POST", "/v2/orders", {
        symbol: "MSFT",
        qty: "2",
        side: "buy",
        type: "market",
        time_in_force: "gtc",
        order_class: "bracket",
        take_profit: { limit_price: "5000" },
        stop_loss: { stop_price: "5" },
      })
    ).body;
    await stream.update((data) => data.event === "fill" && data.order.id === bracket.id);
    stream.close();
    const acknowledged: string[] = [];
    for (let i = 0; i < 20; i++)
      acknowledged.push(
        (
          await first.call("POST", "/v2/orders", {
            symbol: "KO",
            qty: "1",
            side: "buy",
            type: "limit",
            limit_price: "1.5",
            time_in_force: "gtc",
            client_order_id: `order-${i}`,
          })
        ).body.id,
      );
    await first.call("DELETE", `/v2/orders/${acknowledged[0]}`);
    const account = await first.get("/v2/account");
    const orders = await first.get("/v2/orders?status=all&limit=500&nested=true");
    const fills = await first.get("/v2/account/activities");
    const clock = await first.get("/v2/clock");
    assert.equal(await first.end("SIGKILL"), null);

    const second = await givenExchange("--home", home);
    assert.deepEqual(second.ready.accounts, first.ready.accounts);
    assert.deepEqual(await second.get("/v2/orders?status=all&limit=500&nested=true"), orders);
    assert.deepEqual(await second.get("/v2/account/activities"), fills);
    const again = await second.get("/v2/account");
    assert.deepEqual([again.cash, again.id], [account.cash, account.id]);
    assert.equal((await second.get("/v2/positions/MSFT")).qty, "2");
    assert.equal((await second.get("/v2/account", 1)).cash, "75000");
    assert.ok(Date.parse((await second.get("/v2/clock")).timestamp) >= Date.parse(clock.timestamp) - 10_000);
    const repeated = await second.call("POST", "/v2/orders", {
      symbol: "KO",
      qty: "1",
      side: "buy",
      type: "limit",
      limit_price: "1.5",
      time_in_force: "gtc",
      client_order_id: "order-7",
    });
    assert.equal(repeated.body.message, "client_order_id must be unique");
    // The bracket goes on: its exits are live, and one ends the other.
    const [profit, loss] = bracket.legs;
    const watching = await second.stream();
    await second.call("PATCH", `/v2/orders/${profit.id}`, { limit_price: "10" });
    await watching.update((data) => data.event === "canceled" && data.order.id === loss.id);
    watching.close();
    await second.end();
  });

  it("has on disk what it said, when it is killed under many orders at once", async () => {
    const first = await givenExchange("--home", home, "--accounts", "4");
    const said = new Set<string>();
    let sent = 0;
    const senders = Array.from({ length: 40 }, async (_, i) => {
      for (let n = 0; ; n++) {
        sent++;
        const order = { symbol: "KO", qty: "1", side: "buy", type: n % 3 === 0 ? "market" : "limit", time_in_force: "day", client_order_id: `${i}-${n}` };
        const { body } = await first.call("POST", "/v2/orders", { ...order, ...(n % 3 === 0 ? {} : { limit_price: "1.5" }) }, i % 4);
        said.add(body.id);
        if (said.size === 300) first.child.kill("SIGKILL");
      }
    });
    await Promise.allSettled(senders);
    await using second = await givenExchange("--home", home, "--accounts", "4");
    const kept = new Set<string>();
    for (let account = 0; account < 4; account++) {
      for (let page = await second.get("/v2/orders?status=all&limit=500", account), last; page.length > 0; ) {
        for (const order of page) kept.add(order.id);
        last = page.at(-1).id;
        page = await second.get(`/v2/orders?status=all&limit=500&before_order_id=${last}`, account);
      }
      const fills = await second.get("/v2/account/activities/FILL", account);
      assert.equal(new Set(fills.map((fill: Json) => fill.order_id)).size, fills.length);
    }
    for (const id of said) assert.ok(kept.has(id), `${id} was acknowledged and is gone`);
    assert.ok(kept.size <= sent);
  });

  it("goes on with its clock where it stopped", async () => {
    const first = await givenExchange("--home", home, "--speed", "10000");
    const stream = await first.stream();
    const order = { symbol: "KO", qty: "1", side: "buy", type: "limit", limit_price: "1.5", time_in_force: "day" };
    const { id } = (await first.call("POST", "/v2/orders", order)).body;
    await stream.update((data) => data.event === "expired" && data.order.id === id); // the session has passed
    stream.close();
    const { timestamp } = await first.get("/v2/clock");
    await first.end();
    const second = await givenExchange("--home", home);
    assert.ok(Date.parse((await second.get("/v2/clock")).timestamp) >= Date.parse(timestamp));
    await second.end();
  });

  it("catches up after a stop: what the market reached meanwhile is filled", async () => {
    const first = await givenExchange("--home", home);
    const { l } = (await first.get("/v2/stocks/SPY/bars?timeframe=1Day&start=2026-11-18&end=2026-11-18")).bars[0];
    const order = (
      await first.call("POST", "/v2/orders", { symbol: "SPY", qty: "1", side: "buy", type: "limit", limit_price: (l * 0.99).toFixed(2), time_in_force: "gtc" })
    ).body;
    await first.end("SIGKILL");
    const second = await givenExchange("--home", home, "--start", "2027-01-20T15:00:00Z");
    const later = await second.get(`/v2/orders/${order.id}`);
    const lows = (await second.get("/v2/stocks/SPY/bars?timeframe=1Day&start=2026-11-20")).bars.map((bar: Json) => bar.l);
    assert.equal(later.status, Math.min(...lows) <= Number(order.limit_price) ? "filled" : "new");
    const history = await second.get("/v2/account/portfolio/history?period=1A");
    assert.ok(history.timestamp.length > 35, String(history.timestamp.length));
    await second.end();
  });

  it("does with answers what --fault says", async () => {
    await using refusing = await givenExchange("--fault", "status=503:1@POST/orders");
    const order = { symbol: "KO", qty: "1", side: "buy", type: "market", time_in_force: "day", client_order_id: "lost" };
    assert.equal((await refusing.call("POST", "/v2/orders", order)).status, 503);
    assert.equal((await refusing.call("GET", "/v2/orders?status=all")).body.length, 0);
    await using resetting = await givenExchange("--fault=reset-after:1@POST/orders");
    await assert.rejects(resetting.call("POST", "/v2/orders", order));
    assert.equal((await resetting.get("/v2/orders:by_client_order_id?client_order_id=lost")).client_order_id, "lost");
    await using trickling = await givenExchange("--fault", "trickle=20:1@GET/account");
    assert.equal((await trickling.get("/v2/account")).cash, "100000");
    await using dropping = await givenExchange("--fault", "drop-answer:1@POST");
    const { url, keyId, secretKey } = dropping.ready;
    const stream = await dropping.stream();
    const giveUp = new AbortController();
    const asked = fetch(`${url}/v2/orders`, {
      method: "POST",
      body: JSON.stringify(order),
      signal: giveUp.signal,
      headers: { "APCA-API-KEY-ID": keyId, "APCA-API-SECRET-KEY": secretKey },
    });
    await stream.update((data) => data.event === "fill" && data.order.client_order_id === "lost");
    giveUp.abort();
    await assert.rejects(asked);
    stream.close();
  });

  it("ends with its starter's standard input when told to", async () => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entryPath("exchange"), "--ends-with-stdin", "--home", home], {
      env: childEnv(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const code = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.end();
    assert.equal(await code, 0);
  });
});
