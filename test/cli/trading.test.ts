import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { givenDesk, ROOT, type Desk } from "./quantdesk.ts";

interface OrderDocument {
  readonly schema: string;
  readonly order: {
    readonly id: string;
    readonly clientOrderId: string;
    readonly status: string;
    readonly filledQty: string;
    readonly filledAvgPrice: string | null;
  };
  readonly simulated: boolean;
}

interface Preview {
  readonly schema: string;
  readonly sent: boolean;
  readonly symbol: string;
  readonly estimatedValue: string;
  readonly buyingPower: string;
  readonly buyingPowerAfter: string;
  readonly quote: { readonly bid: number };
  readonly cost: { readonly total: string };
  readonly limits: ReadonlyArray<{
    readonly limit: string;
    readonly now: string;
    readonly after: string;
    readonly ceiling: string | null;
    readonly left: string | null;
  }>;
  readonly worstDays: { readonly days: number; readonly worst: ReadonlyArray<{ readonly afterPct: number }> };
  readonly proposedBy: { readonly kind: string; readonly why?: string };
  readonly warnings: readonly string[];
  readonly simulated: boolean;
}

describe("trading from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await givenDesk();
  });
  after(() => desk.end());

  it("buys a share on the embedded exchange, and a later command sees the position", async () => {
    const bought = await desk.run(["buy", "AAPL", "2", "--wait", "--json"]);
    assert.equal(bought.code, 0, bought.stderr);
    const { schema, order, simulated } = bought.json<OrderDocument>();
    assert.deepEqual([schema, order.status, order.filledQty, simulated], ["quantdesk.order/1", "filled", "2", true]);
    assert.match(bought.stderr, /SIMULATED/);
    const { positions, connection } = (await desk.run(["positions", "--json"])).json<{
      positions: Array<{ symbol: string; qty: string }>;
      connection: string;
    }>();
    assert.equal(connection, "connected");
    assert.equal((await desk.run(["orders", "--json"])).json()["connection"], "connected");
    const second = await desk.run(["paper", "--port", "0"]);
    assert.equal(second.code, 1, "a folder is served once");
    assert.match(second.stderr, /already serves this state folder/);
    assert.deepEqual(
      positions.map((p) => [p.symbol, p.qty]),
      [["AAPL", "2"]],
    );
    const account = (await desk.run(["account", "--json"])).json<{ schema: string; cash: string; equity: string; simulated: boolean }>();
    assert.equal(account.schema, "quantdesk.account/1");
    assert.ok(Number(account.cash) < 100_000 && account.simulated);
  });

  it("refuses an equal order within seconds, unless asked again", async () => {
    const first = await desk.run(["buy", "MSFT", "1", "--json"]);
    assert.equal(first.code, 0, first.stderr);
    const second = await desk.run(["buy", "MSFT", "1", "--json"]);
    assert.equal(second.code, 3, second.stderr);
    assert.equal(second.json<{ code: string }>().code, "duplicate-intent");
    const third = await desk.run(["buy", "MSFT", "1", "--again", "--wait", "--json"]);
    assert.equal(third.code, 0, third.stderr);
  });

  it("never places a second order with one client order id", async () => {
    const args = ["buy", "NVDA", "1", "--client-order-id", "mine-1", "--again", "--json"];
    assert.equal((await desk.run(args)).code, 0);
    await desk.run(args);
    const { orders } = (await desk.run(["orders", "--status", "all", "--json"])).json<{ orders: Array<{ clientOrderId: string }> }>();
    assert.equal(orders.filter((order) => order.clientOrderId === "mine-1").length, 1);
    const shown = (await desk.run(["order", "mine-1", "--json"])).json<{ order: { symbol: string; origin: string } }>().order;
    assert.deepEqual([shown.symbol, shown.origin], ["NVDA", "cli"]);
  });

  it("shows a preview and sends nothing with --dry-run", async () => {
    const before = (await desk.run(["orders", "--status", "all", "--json"])).json<{ orders: unknown[] }>().orders.length;
    const ran = await desk.run(["buy", "AAPL", "--notional", "500", "--dry-run", "--why", "run:nowhere a test", "--json"]);
    const shown = ran.json<Preview>();
    assert.deepEqual(
      [shown.schema, shown.sent, shown.symbol, shown.estimatedValue, shown.simulated],
      ["quantdesk.order-preview/1", false, "AAPL", "500.00", true],
    );
    const [order, position, perMinute, loss] = shown.limits;
    assert.deepEqual([order?.limit, order?.after, order?.ceiling, order?.left], ["maxOrderValue", "500.00", "10000.00", "9500.00"]);
    assert.equal(position?.limit, "maxPositionValue");
    assert.ok(Number(perMinute?.now) >= 1, "earlier orders of this minute are counted");
    assert.deepEqual([loss?.ceiling, loss?.left], [null, null]);
    assert.equal(Number(shown.buyingPower) - 500, Number(shown.buyingPowerAfter));
    assert.ok(Number(shown.cost.total) > 0 && shown.quote.bid > 0);
    assert.equal(shown.worstDays.worst.length, 5);
    assert.ok((shown.worstDays.worst[0]?.afterPct ?? 0) < 0 && shown.worstDays.days > 400);
    assert.deepEqual([shown.proposedBy.kind, shown.proposedBy.why], ["run", "a test"]);
    assert.match(shown.warnings.join(" "), /no run nowhere/);
    assert.equal((await desk.run(["orders", "--status", "all", "--json"])).json<{ orders: unknown[] }>().orders.length, before);
    const forPeople = await desk.run(["buy", "AAPL", "1", "--dry-run"]);
    assert.match(forPeople.stdout, /^SIMULATED: Buy 1 AAPL[\s\S]*Nothing was sent[\s\S]*Left[\s\S]*worst/);
  });

  it("places a limit order far away and cancels it", async () => {
    const quote = (await desk.run(["price", "AAPL", "--json"])).json<{ bid: number }>();
    const limit = (quote.bid * 0.95).toFixed(2);
    const placed = await desk.run(["buy", "AAPL", "1", "--limit", limit, "--tif", "gtc", "--json"]);
    assert.equal(placed.code, 0, placed.stderr);
    const { order } = placed.json<OrderDocument>();
    assert.ok(["new", "accepted", "pending_new"].includes(order.status), order.status);
    const cancelled = await desk.run(["cancel", order.id, "--json"]);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    assert.equal((await desk.run(["order", order.id, "--json"])).json<OrderDocument>().order.status, "canceled");
  });

  it("replaces a working order, and closes half a position and then all of them", async () => {
    const quote = (await desk.run(["price", "AAPL", "--json"])).json<{ bid: number }>();
    const placed = await desk.run(["buy", "AAPL", "1", "--limit", (quote.bid * 0.95).toFixed(2), "--tif", "gtc", "--again", "--json"]);
    const { order } = placed.json<OrderDocument>();
    const replaced = await desk.run(["replace", order.id, "--limit", (quote.bid * 0.94).toFixed(2), "--json"]);
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.notEqual(replaced.json<OrderDocument>().order.id, order.id);
    assert.equal((await desk.run(["order", order.id, "--json"])).json<OrderDocument>().order.status, "replaced");
    assert.equal((await desk.run(["cancel", "--all", "--json"])).code, 0);
    const half = await desk.run(["close", "AAPL", "--percent", "50", "--json"]);
    assert.equal(half.code, 0, half.stderr);
    const all = await desk.run(["close", "--all", "--json"]);
    assert.equal(all.code, 0, all.stderr);
    const { positions } = (await desk.run(["positions", "--json"])).json<{ positions: unknown[] }>();
    assert.deepEqual(positions, []);
    assert.equal((await desk.run(["close", "AAPL", "--json"])).code, 3);
  });

  it("shows the account above its positions, and says SIMULATED to programs too", async () => {
    assert.match((await desk.run(["portfolio"])).stdout, /^Account [\s\S]*Buying power[\s\S]*\n\n(Symbol|No positions)/);
    const { account, simulated } = (await desk.run(["portfolio", "--json"])).json<{ account: { simulated: boolean }; simulated: boolean }>();
    assert.deepEqual([account.simulated, simulated], [true, true]);
  });

  it("stops trading with the kill switch, in every later command", async () => {
    const answers = [];
    for (const change of ["status", "on"]) answers.push((await desk.run(["kill-switch", change, "--json"])).json());
    const common = ["schema", "account", "on", "cancelled", "unconfirmedIds", "simulated"];
    for (const answer of answers)
      assert.deepEqual(
        common.filter((name) => !Object.hasOwn(answer, name)),
        [],
        JSON.stringify(answer),
      );
    assert.deepEqual(
      answers.map((answer) => answer["on"]),
      [false, true],
    );
    const refused = await desk.run(["buy", "AAPL", "1", "--json"]);
    assert.equal(refused.code, 3);
    assert.equal(refused.json<{ code: string }>().code, "kill-switch");
    assert.equal((await desk.run(["kill-switch", "off", "--json"])).json<{ on: boolean }>().on, false);
  });

  it("tells the order that it placed, however the wait for it ends", async () => {
    const { bid } = (await desk.run(["price", "MSFT", "--json"])).json<{ bid: number }>();
    const args = ["buy", "MSFT", "1", "--limit", (bid * 0.95).toFixed(2), "--client-order-id", "waited-for", "--wait", "--json"];
    const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), ...args, "--home", desk.home], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    const closed = once(child, "close") as Promise<[number | null]>;
    const isThere = async () =>
      (await desk.run(["orders", "--json"])).json<{ orders: Array<{ clientOrderId: string }> }>().orders.some((order) => order.clientOrderId === "waited-for");
    while (!(await isThere())) assert.equal(child.exitCode, null, "it waits");
    child.kill("SIGINT");
    assert.equal((await closed)[0], 130);
    assert.equal((JSON.parse(stdout) as OrderDocument).order.clientOrderId, "waited-for");
    assert.equal((await desk.run(["cancel", "waited-for", "--json"])).code, 0);
  });

  it("keeps keys out of the log", async () => {
    const logs = await desk.run(["logs"]);
    assert.equal(logs.code, 0);
    const { readFile } = await import("node:fs/promises");
    const { secretKey } = JSON.parse(await readFile(`${desk.home}/exchange.json`, "utf8")) as { secretKey: string };
    assert.ok(secretKey.length > 10);
    assert.ok(!logs.stdout.includes(secretKey));
  });
});
