import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { givenExchange, type GivenExchange } from "../core/exchange/givenExchange.ts";
import { givenDesk, quantdesk, type Desk } from "./quantdesk.ts";

describe("live trading", function () {
  this.timeout(60_000);
  let desk: Desk;
  let exchange: GivenExchange;
  /** Keys of an exchange on loopback: with --live they are as good as Alpaca's live ones. */
  let keys: Record<string, string>;
  before(async () => {
    desk = await givenDesk();
    exchange = await givenExchange("--accounts", "1");
    keys = { APCA_API_BASE_URL: exchange.ready.url, APCA_API_KEY_ID: exchange.ready.keyId, APCA_API_SECRET_KEY: exchange.ready.secretKey };
  });
  after(async () => {
    await exchange.end();
    await desk.end();
  });
  const orders = async () => (await exchange.get("/v2/orders?status=all")) as unknown[];
  const refuses = async (args: readonly string[], env: Readonly<Record<string, string>>, code = 3) => {
    const before = (await orders()).length;
    const ran = await desk.run([...args, "--json"], env);
    assert.equal(ran.code, code, `${args.join(" ")}: ${ran.stdout}${ran.stderr}`);
    assert.equal(ran.json<{ schema: string }>().schema, "quantdesk.error/1");
    assert.equal((await orders()).length, before);
    return ran;
  };

  for (const [what, env] of [
    ["live keys", { APCA_API_KEY_ID: "AKLIVE", APCA_API_SECRET_KEY: "very-secret-text" }],
    [
      "live keys at the paper address",
      { APCA_API_BASE_URL: "https://paper-api.alpaca.markets", APCA_API_KEY_ID: "AKLIVE", APCA_API_SECRET_KEY: "very-secret-text" },
    ],
    ["live keys of the other names", { ALPACA_API_KEY: "AKLIVE", ALPACA_SECRET_KEY: "very-secret-text" }],
    ["the live address", { APCA_API_BASE_URL: "https://API.alpaca.markets:443/v2", APCA_API_KEY_ID: "PKTEST", APCA_API_SECRET_KEY: "very-secret-text" }],
  ] as const) {
    for (const args of [["buy", "AAPL", "1"], ["account"], ["scan"], ["demo"]]) {
      it(`is refused to \`${args.join(" ")}\` with ${what} and no --live`, async () => {
        const ran = await refuses(args, env);
        assert.match(ran.stderr, /--live/);
        assert.doesNotMatch(ran.stdout + ran.stderr, /very-secret-text/);
      });
    }
  }

  it("is refused at a live address with a dot at its end", () => refuses(["account"], { ...keys, APCA_API_BASE_URL: "https://api.alpaca.markets." }, 2));

  it("is never reached from the folder's quantdesk.json", async () => {
    const folder = join(desk.home, "..", `quantdesk-live-${process.pid}`);
    await mkdir(folder, { recursive: true });
    try {
      for (const setting of [
        '{ "broker.mode": "live" }',
        '{ "broker": { "baseUrl": "https://api.alpaca.markets" } }',
        '{ "data.baseUrl": "https://example.com" }',
      ]) {
        await writeFile(join(folder, "quantdesk.json"), setting);
        const ran = await quantdesk(["account", "--json", "--home", desk.home], { env: keys, cwd: folder });
        assert.equal(ran.code, 2, ran.stdout + ran.stderr);
        assert.match(ran.stderr, /never read from a workspace/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("asks for the account number before an order: none, a wrong one, and the right one", async () => {
    const account = exchange.ready.accounts[0].accountNumber as string;
    await refuses(["buy", "AAPL", "1", "--live"], keys);
    await refuses(["buy", "AAPL", "1", "--live", "--yes-live", `${account}0`], keys);
    await refuses(["buy", "AAPL", "1", "--yes-live", account], keys, 2);
    const bought = await desk.run(["buy", "AAPL", "1", "--limit", "1", "--live", "--yes-live", account, "--json"], keys);
    // A limit far away may be refused by the price collar; what counts is that the person was not asked again.
    assert.notEqual(bought.json<{ code?: string }>().code, "live-not-confirmed");
    const placed = await desk.run(["buy", "AAPL", "1", "--live", "--yes-live", account, "--json", "--again"], keys);
    assert.equal(placed.code, 0, placed.stderr);
    assert.match(placed.stderr, /LIVE SIMULATED account/);
  });

  it("stops and cancels without a typed confirmation, and allows again only with one", async () => {
    const account = exchange.ready.accounts[0].accountNumber as string;
    const on = await desk.run(["kill-switch", "on", "--live", "--json"], keys);
    assert.deepEqual([on.code, on.json<{ on: boolean }>().on], [0, true], on.stderr);
    await refuses(["buy", "AAPL", "1", "--live", "--yes-live", account], keys);
    assert.equal((await desk.run(["cancel", "--all", "--live", "--json"], keys)).code, 0);
    await refuses(["kill-switch", "off", "--live"], keys);
    assert.equal((await desk.run(["kill-switch", "status", "--live", "--json"], keys)).json<{ on: boolean }>().on, true);
    const off = await desk.run(["kill-switch", "off", "--live", "--yes-live", account, "--json"], keys);
    assert.deepEqual([off.code, off.json<{ on: boolean }>().on], [0, false], off.stderr);
  });

  it("asks for the account number before a replacement, too, and is not placed from a sentence in a pipe", async () => {
    const account = exchange.ready.accounts[0].accountNumber as string;
    const { bid } = (await desk.run(["price", "MSFT", "--live", "--json"], keys)).json<{ bid: number }>();
    const resting = ["buy", "MSFT", "1", "--limit", (bid * 0.95).toFixed(2), "--client-order-id", "resting", "--live", "--yes-live", account, "--json"];
    assert.equal((await desk.run(resting, keys)).code, 0);
    await refuses(["replace", "resting", "--qty", "2", "--live"], keys);
    const before = (await orders()).length;
    const chat = await desk.run(["chat", "--live", "--json"], keys, "buy 1 AAPL\nyes\n");
    assert.match(chat.stdout, /"code":"live-not-confirmed"/);
    assert.equal((await orders()).length, before);
    assert.equal((await desk.run(["cancel", "resting", "--live", "--json"], keys)).code, 0);
  });

  for (const args of [
    ["demo", "--live"],
    ["demo", "--yes-live", "X"],
    ["run", "notebook.ipynb", "--live"],
    ["run", "notebook.ipynb", "--live", "--yes-live", "X"],
  ]) {
    it(`is not for \`${args.join(" ")}\``, async () => {
      const ran = await quantdesk([...args, "--json"], { env: keys });
      assert.equal(ran.code, 3, ran.stdout + ran.stderr);
      assert.match(ran.stderr, /never trades live/);
    });
  }

  it("is nothing that `scan` and `analyze` could do: they read with live keys and place no order", async () => {
    const before = (await orders()).length;
    for (const args of [["scan"], ["analyze", "AAPL"]]) {
      const ran = await desk.run([...args, "--live", "--json"], keys);
      assert.equal(ran.code, 0, ran.stderr);
      assert.equal(ran.json<{ simulated: boolean }>().simulated, true, "whatever the address, the exchange says that it is simulated");
    }
    assert.equal((await orders()).length, before);
  });

  it("`demo` stays on the built-in exchange whatever keys there are", async () => {
    const before = (await orders()).length;
    const ran = await quantdesk(["demo", "--json", "--symbols", "AAPL", "--data", "sample:simulated", "--out", join(desk.home, "report")], { env: keys });
    assert.equal(ran.code, 0, ran.stderr);
    const { exchange: where, account } = ran.json<{ exchange: { account: string }; account: { accountNumber: string } }>();
    assert.notEqual(where.account, exchange.ready.accounts[0].accountNumber);
    assert.equal(account.accountNumber, where.account);
    assert.equal((await orders()).length, before);
  });
});
