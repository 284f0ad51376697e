/** Killed again and again under load, the exchange loses nothing that it acknowledged and makes nothing up. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Big } from "../../../src/core/base/decimal.ts";
import { seededRandom } from "../../../src/core/base/random.ts";
import { type GivenExchange, givenExchange, type Json } from "./givenExchange.ts";

const ACCOUNTS = 3;
const SENDERS = 24;
const KILLS = 4;
const CASH = 100_000;

describe("an exchange that is killed at random moments", () => {
  let home: string;
  before(() => {
    home = mkdtempSync(join(tmpdir(), "qd-durable-"));
  });
  after(() => rmSync(home, { recursive: true, force: true }));

  it("has every order, cancel and fill that it acknowledged, no other, and money to the cent", async () => {
    const seed = 1 + Math.floor(Math.random() * 1e6);
    const random = seededRandom(`durability/${seed}`);
    /** client_order_id of what was sent; of what was answered, and of what was canceled with an answer. */
    const [sent, placed, canceled] = [new Set<string>(), new Map<string, string>(), new Set<string>()];
    for (let kill = 0; kill <= KILLS; kill++) {
      const exchange = await givenExchange("--home", home, "--accounts", String(ACCOUNTS));
      for (let account = 0; account < ACCOUNTS; account++) await compare(exchange, account, { sent, placed, canceled, seed });
      if (kill === KILLS) {
        await exchange.end();
        break;
      }
      let left = 1 + random.int(200);
      const answered = () => {
        if (--left === 0) exchange.child.kill("SIGKILL");
      };
      await Promise.allSettled(
        Array.from({ length: SENDERS }, async (_, sender) => {
          const account = sender % ACCOUNTS;
          for (let n = 0; ; n++) {
            const id = `${account}:${kill}-${sender}-${n}`;
            const isMarket = n % 3 === 0;
            sent.add(id);
            const price = isMarket ? {} : { limit_price: "1.50" };
            const order = { symbol: n % 2 === 0 ? "KO" : "F", qty: "1", side: "buy", type: isMarket ? "market" : "limit", time_in_force: "gtc", ...price };
            const answer = await exchange.call("POST", "/v2/orders", { ...order, client_order_id: id }, account);
            assert.equal(answer.status, 200, JSON.stringify(answer.body));
            placed.set(id, answer.body.id);
            answered();
            if (n % 3 !== 1) continue;
            if ((await exchange.call("DELETE", `/v2/orders/${answer.body.id}`, undefined, account)).status === 204) canceled.add(id);
            answered();
          }
        }),
      );
    }
    assert.ok(placed.size > 10 && canceled.size > 0);
  }).timeout(120_000); // six starts, and hundreds of orders on disk one after the other
});

async function all(exchange: GivenExchange, account: number, path: string, cursor: (row: Json) => string, size: number): Promise<Json[]> {
  const rows: Json[] = [];
  for (let page = await exchange.get(path, account); ; page = await exchange.get(`${path}&${cursor(rows.at(-1))}`, account)) {
    rows.push(...page);
    if (page.length < size) return rows;
  }
}

async function compare(
  exchange: GivenExchange,
  account: number,
  known: { readonly sent: ReadonlySet<string>; readonly placed: ReadonlyMap<string, string>; readonly canceled: ReadonlySet<string>; readonly seed: number },
): Promise<void> {
  const of = `seed ${known.seed}`;
  // Market orders that the kill left waiting trade now.
  while ((await exchange.get("/v2/orders?status=open&limit=500", account)).some((order: Json) => order.type === "market"));
  const orders = await all(exchange, account, "/v2/orders?status=all&limit=500", (row) => `before_order_id=${row.id}`, 500);
  const byClientId = new Map(orders.map((order) => [order.client_order_id, order]));
  assert.equal(byClientId.size, orders.length, of);
  for (const id of byClientId.keys()) assert.ok(known.sent.has(id) && id.startsWith(`${account}:`), `${id} was never sent; ${of}`);
  for (const [id, orderId] of known.placed) if (id.startsWith(`${account}:`)) assert.equal(byClientId.get(id)?.id, orderId, `${id} was acknowledged; ${of}`);
  for (const id of known.canceled) if (id.startsWith(`${account}:`)) assert.equal(byClientId.get(id)?.status, "canceled", of);
  const fills = await all(exchange, account, "/v2/account/activities/FILL?page_size=100", (row) => `page_token=${encodeURIComponent(row.id)}`, 100);
  assert.deepEqual(new Set(fills.map((fill) => fill.order_id)), new Set(orders.filter((order) => order.filled_qty !== "0").map((order) => order.id)), of);
  assert.equal(new Set(fills.map((fill) => fill.id)).size, fills.length, of);
  const cash = fills.reduce((sum: Big, fill) => sum.minus(new Big(fill.price).times(fill.qty)), new Big(CASH));
  assert.equal((await exchange.get("/v2/account", account)).cash, cash.toFixed(), of);
  const held = new Map<string, Big>();
  for (const fill of fills) held.set(fill.symbol, (held.get(fill.symbol) ?? new Big(0)).plus(fill.qty));
  for (const position of await exchange.get("/v2/positions", account)) assert.equal(position.qty, held.get(position.symbol)?.toFixed(), of);
}
