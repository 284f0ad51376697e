import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { givenDesk, type Desk } from "./quantdesk.ts";

interface Exported {
  readonly schema: string;
  readonly rows: ReadonlyArray<Readonly<Record<string, unknown>>>;
}

describe("taking data out, and beginning anew", function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await givenDesk();
    const bought = await desk.run(["buy", "AAPL", "2", "--why", "=cmd()", "--wait", "--json"]);
    assert.equal(bought.code, 0, bought.stderr);
  });
  after(() => desk.end());

  it("writes orders and fills as a table, in which no text is a formula", async () => {
    const csv = await desk.run(["export", "orders"]);
    const [head, first] = csv.stdout.split("\r\n");
    assert.match(head ?? "", /^at,account,symbol,side/);
    assert.match(first ?? "", /,AAPL,buy,market,2,.*,'=cmd\(\),/);
    const fills = (await desk.run(["export", "fills", "--json"])).json<Exported>();
    assert.deepEqual([fills.schema, fills.rows[0]?.["symbol"], fills.rows[0]?.["cumQty"]], ["quantdesk.export/1", "AAPL", "2"]);
    assert.deepEqual([head?.endsWith(",simulated"), first?.endsWith(",true"), fills.rows[0]?.["simulated"]], [true, true, true]);
    const file = join(desk.home, "audit.csv");
    assert.equal((await desk.run(["export", "audit", "--out", file])).code, 0);
    assert.match(await readFile(file, "utf8"), /begun[\s\S]*sent/);
    assert.equal((await desk.run(["export", "everything", "--json"])).code, 2);
  });

  it("begins anew with another account only after a yes", async () => {
    const account = async () => (await desk.run(["account", "--json"])).json<{ accountNumber: string; cash: string }>();
    const before = await account();
    assert.equal((await desk.run(["paper", "reset", "--json"])).code, 3);
    assert.equal((await account()).accountNumber, before.accountNumber);
    assert.equal((await desk.run(["paper", "reset", "--yes", "--json"])).json<{ reset: boolean }>().reset, true);
    const after = await account();
    assert.notEqual(after.accountNumber, before.accountNumber);
    assert.equal(Number(after.cash), 100_000);
    assert.ok((await desk.run(["export", "audit", "--json"])).json<Exported>().rows.length >= 2, "the audit log stays");
  });
});
