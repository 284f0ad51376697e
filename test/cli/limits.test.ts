import assert from "node:assert/strict";
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { givenDesk, type Desk } from "./quantdesk.ts";

interface LimitsDocument {
  readonly schema: string;
  readonly own: Readonly<Record<string, unknown>> | null;
  readonly holds: Readonly<Record<string, unknown>>;
  readonly changed: boolean;
}
interface AuditDocument {
  readonly schema: string;
  readonly entries: ReadonlyArray<{
    readonly at: string;
    readonly origin: string;
    readonly what: string;
    readonly why: string | null;
    readonly clientOrderId: string | null;
    readonly order: Readonly<Record<string, unknown>> | null;
  }>;
}

describe("limits, the audit log and the provider from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  before(async () => {
    desk = await givenDesk();
  });
  after(() => desk.end());
  const limits = async (...args: readonly string[]) => {
    const ran = await desk.run(["limits", ...args, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.json<LimitsDocument>();
  };

  it("sets limits of the account one by one, which hold in every later command until they are cleared", async () => {
    assert.deepEqual([(await limits()).own, (await limits()).changed], [null, false]);
    await limits("--max-order-value", "500");
    const both = await limits("--symbols", "aapl,MSFT", "--why", "small steps");
    assert.deepEqual([both.holds["maxOrderValue"], both.holds["symbols"], both.holds["maxPositionValue"]], [500, ["AAPL", "MSFT"], 50_000]);
    for (const args of [
      ["buy", "AAPL", "100"],
      ["buy", "GOOG", "1"],
    ]) {
      const refused = await desk.run([...args, "--json"]);
      assert.deepEqual([refused.code, refused.json<{ code: string }>().code], [3, "over-limit"], refused.stdout);
    }
    assert.deepEqual((await limits("--symbols", "all", "--max-order-value", "none")).own, null);
    await limits("--max-orders-per-minute", "3");
    assert.equal((await limits("--clear")).own, null);
    assert.equal((await desk.run(["buy", "GOOG", "1", "--json"])).code, 0);
  });

  it("never loosens what the settings say", async () => {
    const loose = await limits("--max-order-value", "900000");
    assert.equal(loose.holds["maxOrderValue"], 10_000);
    await limits("--clear");
  });

  it("refuses limits that are none, and changes nothing", async () => {
    for (const args of [
      ["--max-order-value", "$5"],
      ["--max-order-value", "0"],
      ["--max-orders-per-minute", "1.5"],
      ["--max-daily-loss", "-1"],
      ["--symbols", ","],
      ["--symbols", "A B"],
      ["--clear", "--max-order-value", "5"],
    ]) {
      const ran = await desk.run(["limits", ...args, "--json"]);
      assert.equal(ran.code, 2, `${args.join(" ")}: ${ran.stderr}`);
    }
    assert.equal((await limits()).own, null);
  });

  it("tells of every order who sent it, when and why, and what became of it", async () => {
    const bought = await desk.run(["buy", "MSFT", "1", "--client-order-id", "told", "--why", "a test", "--proposed-by", "run:3f9c", "--json"]);
    assert.equal(bought.code, 0, bought.stderr);
    const { schema, entries } = (await desk.run(["audit", "--order", "told", "--json"])).json<AuditDocument>();
    assert.equal(schema, "quantdesk.audit/1");
    assert.deepEqual(
      entries.map((entry) => [entry.what, entry.origin]),
      [
        ["sent", "cli"],
        ["begun", "cli"],
      ],
    );
    assert.deepEqual([entries[1]?.why, entries[1]?.order?.["symbol"], entries[1]?.order?.["qty"]], ["run:3f9c a test", "MSFT", "1"]);
    const all = (await desk.run(["audit", "--json"])).json<AuditDocument>().entries;
    assert.ok(all.some((entry) => entry.what === "limits" && entry.why === "small steps"));
    const page = (await desk.run(["audit", "--limit", "2", "--json"])).json<AuditDocument>().entries;
    assert.equal(page.length, 2);
    assert.match((await desk.run(["audit"])).stdout, /buy 1 MSFT/);
  });

  it("shows alarms, and acknowledges what there is", async () => {
    for (const args of [[], ["--acknowledge", "--why", "looked at"]]) {
      const ran = await desk.run(["alarms", ...args, "--json"]);
      assert.equal(ran.code, 0, ran.stderr);
      assert.deepEqual([ran.json<{ schema: string }>().schema, ran.json<{ alarms: unknown[] }>().alarms], ["quantdesk.alarms/1", []]);
    }
    assert.equal((await desk.run(["alarms", "--why", "looked at", "--json"])).code, 2);
  });

  it("shows and keeps the analysts' provider for the state folder, for this user only", async () => {
    const before = (await desk.run(["provider", "--json"])).json<{ provider: string; source: string }>();
    assert.deepEqual([before.provider, before.source], ["rules", "default"]);
    assert.equal((await desk.run(["provider", "rules", "--json"])).json<{ source: string }>().source, "home");
    const file = join(desk.home, "settings.json");
    if (process.platform !== "win32") assert.equal((await stat(file)).mode & 0o077, 0);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), { "analysts.provider": "rules" });
    for (const name of ["openai", "ruls"]) assert.equal((await desk.run(["provider", name, "--json"])).code, 2);
    const { settings } = (await desk.run(["config", "--json"])).json<{ settings: Array<{ key: string; source: string }> }>();
    assert.equal(settings.find((setting) => setting.key === "analysts.provider")?.source, "home");
  });

  it("a provider of a later version stops its analyses, not the account's commands", async () => {
    await writeFile(join(desk.home, "settings.json"), '{ "analysts.provider": "openai" }');
    try {
      const refused = await desk.run(["analyze", "AAPL", "--json"]);
      assert.deepEqual([refused.code, refused.json<{ code: string }>().code], [2, "not-yet"], refused.stderr);
      assert.equal((await desk.run(["cancel", "--all", "--json"])).code, 0);
      assert.equal((await desk.run(["analyze", "AAPL", "--provider", "rules", "--json"])).code, 0);
    } finally {
      await writeFile(join(desk.home, "settings.json"), "{}");
    }
  });

  it("reads neither an address nor a limit from the state folder's settings", async () => {
    for (const key of ["broker.baseUrl", "broker.mode", "risk.maxOrderValue"]) {
      await writeFile(join(desk.home, "settings.json"), JSON.stringify({ [key]: key.startsWith("risk") ? 1e6 : "live" }));
      const ran = await desk.run(["account", "--json"]);
      assert.deepEqual([ran.code, ran.json<{ code: string }>().code], [2, "home-setting"], ran.stdout);
    }
    await writeFile(join(desk.home, "settings.json"), "{}");
  });
});
