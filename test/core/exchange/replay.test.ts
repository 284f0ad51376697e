import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { entryPath } from "../../../src/core/base/entry.ts";
import { tradingDay, type TradingDay } from "../../../src/core/domain/nyse.ts";
import { givenExchange, type Json } from "./givenExchange.ts";

/** Minute bars of a session that climb by a cent a minute and reach ten cents to both sides. */
function minutesOf(date: string, base: number): string[] {
  const { open, close } = tradingDay(date) as TradingDay;
  const rows: string[] = [];
  for (let at = open, i = 0; at < close; at += 60_000, i++) {
    const o = base + i / 100;
    rows.push([new Date(at).toISOString(), o, o + 0.1, o - 0.1, o + 0.01, 1000 + i].map((v) => (typeof v === "number" ? Number(v.toFixed(2)) : v)).join(","));
  }
  return rows;
}

describe("the paper exchange on recorded bars", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "qd-replay-"));
    const header = "timestamp,open,high,low,close,volume";
    writeFileSync(
      join(folder, "ACME.csv"),
      [header, ...minutesOf("2024-03-05", 100), ...minutesOf("2024-03-06", 110), ...minutesOf("2024-03-07", 120)].join("\n"),
    );
    writeFileSync(join(folder, "ZED9.csv"), [header, "2024-03-05,50,52,49,51,1000", "2024-03-07,53,55,50,54,2000"].join("\r\n"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("answers with the very bars of the file, and fills orders at its prices", async () => {
    await using exchange = await givenExchange("--data", folder, "--start", "2024-03-06T15:00:00Z", "--speed", "60");
    assert.deepEqual(
      (await exchange.get("/v2/assets")).map((asset: Json) => asset.symbol),
      ["ACME", "ZED9"],
    );
    const { bars } = await exchange.get("/v2/stocks/ACME/bars?timeframe=1Min&start=2024-03-05&end=2024-03-05&limit=10000");
    assert.deepEqual(
      bars.map((bar: Json) => [bar.t.replace("Z", ".000Z"), bar.o, bar.h, bar.l, bar.c, bar.v].join(",")),
      minutesOf("2024-03-05", 100),
    );
    const days = (await exchange.get("/v2/stocks/bars?symbols=ACME,ZED9&timeframe=1Day&start=2024-03-01&end=2024-03-30")).bars;
    assert.deepEqual([days.ACME.length, days.ZED9[0].h, days.ZED9[1].c, days.ZED9[1].v], [2, 52, 51, 0]);
    const stream = await exchange.stream();
    const quote = (await exchange.get("/v2/stocks/ACME/quotes/latest")).quote;
    assert.ok(quote.bp < quote.ap && Math.abs(quote.bp - 110.3) < 0.3, JSON.stringify(quote));
    const { body } = await exchange.call("POST", "/v2/orders", {
      symbol: "ACME",
      qty: "10",
      side: "buy",
      type: "limit",
      limit_price: "111.00",
      time_in_force: "day",
    });
    const fill = await stream.update((data) => data.event === "fill" && data.order.id === body.id);
    assert.ok(Math.abs(Number(fill.price) - 110.4) < 0.6, fill.price);
    assert.deepEqual((await exchange.get("/v1beta1/news?symbols=ACME")).news, []);
    stream.close();
  });

  it("says when the data ends: the clock stands, the market stays closed, orders are refused", async () => {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", entryPath("exchange"), "--data", join(folder, "ACME.csv"), "--speed", "30000", "--rate-limit", "off"],
      { env: childEnv(), stdio: ["ignore", "pipe", "pipe"] },
    );
    let said = "";
    const over = new Promise<void>((resolve) =>
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
        if (/The data ends with the close of 2024-03-07/.test(said)) resolve();
      }),
    );
    const ready: Json = await new Promise((resolve) => child.stdout.once("data", (line) => resolve(JSON.parse(String(line)))));
    await over;
    assert.match(said, /^Replaying ACME, 3 sessions from 2024-03-05 to 2024-03-07; it is 2024-03-0/);
    const headers = { "APCA-API-KEY-ID": ready.keyId, "APCA-API-SECRET-KEY": ready.secretKey };
    const clock: Json = await (await fetch(`${ready.url}/v2/clock`, { headers })).json();
    assert.deepEqual([clock.is_open, clock.timestamp.slice(0, 19)], [false, "2024-03-07T16:00:00"]);
    const order = await fetch(`${ready.url}/v2/orders`, {
      method: "POST",
      headers,
      body: JSON.stringify({ symbol: "ACME", qty: "1", side: "buy", type: "market", time_in_force: "day" }),
    });
    assert.equal(order.status, 403);
    assert.match(((await order.json()) as Json).message, /the replayed data has ended/);
    child.kill();
    await new Promise((resolve) => child.once("exit", resolve));
  });

  it("splits and pays what corporate-actions.csv says, of prices that were not adjusted for it", async () => {
    const split = mkdtempSync(join(folder, "split-"));
    const rows = ["2024-03-04,400,404,396,400,1000", "2024-03-05,401,405,399,402,1000", "2024-03-06,100.5,102,99,101,4000", "2024-03-07,101,103,100,102,4000"];
    writeFileSync(join(split, "ACME.csv"), ["date,open,high,low,close,volume", ...rows].join("\n"));
    writeFileSync(join(split, "corporate-actions.csv"), "symbol,ex_date,type,value\nACME,2024-03-06,split,4:1\nacme,2024-03-07,dividend,0.5\n");
    await using first = await givenExchange("--data", split, "--start", "2024-03-04T15:00:00Z");
    assert.equal((await first.get("/v2/stocks/ACME/snapshot")).prevDailyBar.c, 400, "there is no day before the first");
    // Bought the day before, and looked at the day after, however long that takes.
    const kept = ["--data", split, "--home", mkdtempSync(join(folder, "home-"))];
    const before = await givenExchange(...kept, "--start", "2024-03-05T20:00:00Z");
    const stream = await before.stream();
    const { body } = await before.call("POST", "/v2/orders", { symbol: "ACME", qty: "3", side: "buy", type: "market", time_in_force: "day" });
    await stream.update((data) => data.event === "fill" && data.order.id === body.id);
    await before.end();
    await using exchange = await givenExchange(...kept, "--start", "2024-03-06T15:00:00Z");
    assert.equal((await exchange.get("/v2/account/activities/SPLIT")).length, 1);
    const position = await exchange.get("/v2/positions/ACME");
    assert.equal(position.qty, "12");
    assert.ok(Math.abs(Number(position.lastday_price) - 100.5) < 0.01 && Math.abs(Number(position.avg_entry_price) - 100.5) < 1, JSON.stringify(position));
    const bars = async (adjustment: string) =>
      (await exchange.get(`/v2/stocks/ACME/bars?timeframe=1Day&start=2024-03-04&end=2024-03-06&adjustment=${adjustment}`)).bars;
    assert.deepEqual(
      (await bars("split")).slice(0, 2).map((bar: Json) => [bar.c, bar.v]),
      [
        [100, 4000],
        [100.5, 4000],
      ],
    );
    assert.equal((await bars("raw"))[1].c, 402);
    stream.close();
  });

  it("refuses what cannot be a market in one sentence", async () => {
    writeFileSync(join(folder, "weeks.txt"), "");
    for (const [path, said] of [
      [join(folder, "nothing.csv"), /nothing\.csv/],
      [tmpdir() === folder ? folder : mkdtempSync(join(folder, "empty-")), /no files of prices/],
    ] as const) {
      const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entryPath("exchange"), "--data", path], {
        env: childEnv(),
        stdio: ["ignore", "ignore", "pipe"],
      });
      let text = "";
      child.stderr.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      const code = await new Promise((resolve) => child.once("exit", resolve));
      assert.equal(code, 2, text);
      assert.match(text, said);
    }
  });
});
