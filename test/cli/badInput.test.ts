import assert from "node:assert/strict";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { givenDesk, quantdesk, type Desk } from "./quantdesk.ts";

const HEADER = "timestamp,open,high,low,close,volume";

describe("bad input", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-bad-"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });

  /** One sentence, an error document, the exit code. */
  const refuses = (what: string, args: readonly string[], code: number, message: RegExp) => {
    it(`${what}: exit code ${code}`, async () => {
      const ran = await desk.run([...args, "--json"]);
      assert.equal(ran.code, code, ran.stderr);
      const error = ran.json<{ schema: string; code: string; message: string; hint?: string }>();
      assert.equal(error.schema, "quantdesk.error/1");
      assert.match(`${error.message} ${error.hint ?? ""}`, message);
      assert.ok(ran.stderr.includes(error.message.slice(0, 900)), ran.stderr);
      assert.doesNotMatch(ran.stderr, /\n\s+at /, "no stack");
    });
  };

  refuses("an unknown command", ["bactest"], 2, /unknown command 'bactest'.*backtest/s);
  refuses("an unknown flag", ["backtest", "--dta", "x"], 2, /unknown option '--dta'.*--data/s);
  refuses("an unknown strategy", ["backtest", "--data", "sample:simulated", "--strategy", "sma_corss"], 2, /sma_corss.*sma_cross/);
  refuses("an unknown parameter", ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--params", "fats=3"], 2, /fats.*fast/);
  for (const name of ["__proto__", "constructor", "toString"])
    refuses(
      `a parameter called ${name}`,
      ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--params", `${name}=3`],
      2,
      new RegExp(`(no parameter called|has) "${name}"`),
    );
  refuses(
    "a parameter that is given twice",
    ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--params", "fast=3,fast=4"],
    2,
    /fast twice/,
  );
  refuses("a sizing with too much in it", ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--sizing", "fixed:1:2"], 2, /fixed:1:2/);
  refuses(
    "a sizing of nothing",
    ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--sizing", "percent:0"],
    2,
    /above zero and at most 100/,
  );
  refuses("a day that no calendar has", ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--from", "2020-02-31"], 2, /2020-02-31/);
  refuses(
    "an end before the start",
    ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--from", "2010-01-01", "--to", "2009-01-01"],
    2,
    /is after.*Swap them/,
  );
  refuses(
    "a report in place of a folder",
    ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--report", tmpdir()],
    2,
    /a folder, not a file/,
  );
  refuses("a flag that a batch would ignore", ["backtest", "--batch", "b.json", "--fee-rate", "0.001"], 2, /--fee-rate does not go with --batch/);
  refuses("a folder as a batch", ["backtest", "--batch", tmpdir()], 2, /cannot be read: it is a folder/);
  refuses("a strategy file that is not there", ["backtest", "--data", "sample:simulated", "--strategy", "./nowhere.ts"], 2, /nowhere\.ts cannot be read/);
  refuses(
    "a time zone that is none",
    ["backtest", "--data", "nowhere.csv", "--strategy", "sma_cross", "--tz", "Europe/Berlinn"],
    2,
    /Europe\/Berlinn.*Europe\/Berlin\?/,
  );
  refuses("a time zone for what has one", ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--tz", "Europe/Berlin"], 2, /is for files/);
  refuses("an adjustment of what is as it is", ["backtest", "--data", "sample:sp500", "--strategy", "sma_cross", "--adjustment", "raw"], 2, /is for symbols/);
  refuses("an unknown sample", ["backtest", "--data", "sample:nasdaq", "--strategy", "sma_cross"], 2, /sample:nasdaq.*sample:s/);
  refuses("an unknown engine", ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--engine", "quantum"], 2, /quantum/);
  refuses("an unknown scanner", ["scan", "--scanners", "market_moovers"], 2, /market_moovers.*market_movers/);
  refuses("an unknown analyst", ["analyze", "AAPL", "--analysts", "markte"], 2, /markte.*market/);
  refuses("an unknown symbol", ["buy", "ZZZZQ", "1"], 3, /ZZZZQ/);
  refuses("an unknown symbol's bars", ["backtest", "--data", "ZZZZQ", "--strategy", "sma_cross"], 2, /ZZZZQ/);
  refuses("no such file", ["backtest", "--data", "nowhere.csv", "--strategy", "sma_cross"], 2, /nowhere\.csv/);
  refuses("a quantity with a currency", ["buy", "AAPL", "$5"], 2, /\$5/);
  for (const quantity of [
    "010",
    "1e3",
    "-5",
    " 10",
    "10,5",
    "NaN",
    "Infinity",
    "0x10",
    "１０",
    "٣",
    "+5",
    "5.",
    ".5",
    "",
    "0",
    "1_000",
    "9".repeat(40),
    "10 shares",
  ])
    refuses(`the quantity ${JSON.stringify(quantity.slice(0, 12))}`, ["buy", "AAPL", quantity], 2, /quantity/i);
  refuses("a limit with an exponent", ["buy", "AAPL", "1", "--limit", "1e2"], 2, /--limit/);
  refuses("an amount with a currency", ["buy", "AAPL", "--notional", "$5"], 2, /--notional/);
  refuses("two trails", ["buy", "AAPL", "1", "--trail-percent", "1", "--trail-price", "1"], 2, /not by both/);
  refuses("a trail with a limit", ["buy", "AAPL", "1", "--trail-percent", "1", "--limit", "1"], 2, /neither --limit nor --stop/);
  refuses("a stop-loss limit without its stop", ["buy", "AAPL", "1", "--stop-loss-limit", "1"], 2, /--stop-loss-limit needs --stop-loss/);
  refuses("a wait for what is not sent", ["buy", "AAPL", "1", "--dry-run", "--wait"], 2, /nothing to --wait for/);
  refuses("an unknown time in force", ["buy", "AAPL", "1", "--tif", "forever"], 2, /one of day, gtc/);
  refuses("a reason in two lines", ["buy", "AAPL", "1", "--why", "a\nb"], 2, /one line/);
  refuses("a proposer that is none", ["buy", "AAPL", "1", "--proposed-by", "me"], 2, /run:3f9c/);
  refuses("an order id and --all", ["cancel", "x", "--all"], 2, /an order id or --all/);
  refuses("a flag that is given twice", ["buy", "AAPL", "1", "--limit", "5", "--limit", "6"], 2, /--limit is given twice/);
  refuses("a letter that becomes two", ["buy", "ß", "1"], 2, /not a symbol/);
  for (const command of [["order"], ["cancel"], ["replace", "--qty", "1"]])
    refuses(`an empty id for ${command[0]}`, [command[0] as string, "", ...command.slice(1)], 2, /not the id of an order/);
  refuses("a symbol with a space", ["price", "A B"], 2, /not a symbol/);
  refuses("no quantity", ["buy", "AAPL"], 2, /exactly one/);
  refuses("a quantity and a value", ["buy", "AAPL", "1", "--notional", "100"], 2, /exactly one/);
  refuses("selling what is not held", ["sell", "AAPL", "1"], 3, /AAPL/);
  refuses("a model from a terminal", ["analyze", "AAPL", "--provider", "vscode"], 2, /inside VS Code/);
  refuses("a leverage below one", ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--leverage", "0.5"], 2, /--leverage is "0.5"/);
  refuses("a pattern that is too large", ["logs", "--grep", "x".repeat(100_000)], 2, /^--grep is not a regular expression/);
  refuses("a word that is none of a few", ["orders", "--status", "all,"], 2, /^--status is "all,", but must be one of open, closed, all\. $/);
  refuses("a number that is too large for one", ["backtest", "--cash", "1e309"], 2, /^--cash is "1e309", but must be a number/);
  refuses("an empty folder for the kernel's description", ["kernel", "install", "--prefix", ""], 2, /--prefix is empty/);
  refuses("no symbols for the demo", ["demo", "--symbols", ","], 2, /--symbols names none/);
  refuses("a file as the demo's folder", ["demo", "--out", import.meta.filename], 2, /badInput\.test\.ts is no folder/);
  refuses(
    "a report below a file",
    ["backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--report", join(import.meta.filename, "r.html")],
    2,
    /badInput\.test\.ts is no folder/,
  );
  refuses("a command of a later version", ["mcp"], 2, /not there yet/);

  const badCsv = (what: string, text: string, message: RegExp) => {
    it(`a CSV file with ${what}`, async () => {
      const file = join(folder, "prices.csv");
      await writeFile(file, text);
      const ran = await desk.run(["backtest", "--data", file, "--strategy", "sma_cross", "--json"]);
      assert.equal(ran.code, 2, ran.stderr);
      const { message: said, hint } = ran.json<{ message: string; hint?: string }>();
      assert.match(`${said} ${hint ?? ""}`, message);
    });
  };
  badCsv("a missing column", "timestamp,open,high,low,volume\n2020-01-01,1,1,1,1\n", /close/);
  badCsv("text in a price", `${HEADER}\n2020-01-01,1,1,1,1,1\n2020-01-02,1,one,1,1,1\n`, /line 3/i);
  badCsv("times out of order", `${HEADER}\n2020-01-02,1,1,1,1,1\n2020-01-01,1,1,1,1,1\n`, /line 3/i);
  badCsv("a time twice", `${HEADER}\n2020-01-02,1,1,1,1,1\n2020-01-02,2,2,2,2,1\n`, /line 3/i);
  badCsv("a negative price", `${HEADER}\n2020-01-01,1,1,-1,1,1\n`, /line 2/i);
  badCsv("nothing in it", "", /empty/i);
  badCsv("a header only", `${HEADER}\n`, /no (bars|rows|data)|empty/i);

  const badBatch = (what: string, content: string, message: RegExp) => {
    it(`a batch with ${what}`, async () => {
      const file = join(folder, "batch.json");
      await writeFile(file, content);
      const ran = await desk.run(["backtest", "--batch", file, "--json"]);
      assert.equal(ran.code, 2, ran.stderr);
      const { message: said, hint } = ran.json<{ message: string; hint?: string }>();
      assert.match(`${said} ${hint ?? ""}`, message);
    });
  };
  const sound = '"data": "sample:simulated", "strategy": "sma_cross"';
  badBatch("no list", `{${sound}}`, /must hold a list/);
  badBatch("nothing in it", "[]", /at least one request/);
  badBatch("broken JSON", "[{", /is not JSON/);
  badBatch("a request that is none", `[{${sound}}, null]`, /request 1 is no object/);
  badBatch("an unknown field", `[{${sound}, "feerate": 1}]`, /request 0: "feerate" is no field.*feeRate/);
  badBatch("a field that is missing", '[{"data": "sample:simulated"}]', /request 0: strategy is missing/);
  badBatch("a number out of range", `[{${sound}, "cash": -1}]`, /request 0: cash must be at least 0\.01/);
  badBatch("text for a parameter", `[{${sound}, "params": {"fast": "5"}}]`, /request 0: params must be an object of names with numbers/);
  badBatch("a sizing that is none", `\uFEFF[{${sound}, "sizing": "percent:0"}]`, /request 0: sizing percent is "0", but must be above zero/);

  it("a link to nowhere is told as one", async function () {
    if (process.platform === "win32") this.skip();
    const link = join(folder, "gone.csv");
    await symlink(join(folder, "nowhere.csv"), link);
    const ran = await desk.run(["backtest", "--data", link, "--strategy", "sma_cross", "--json"]);
    assert.deepEqual([ran.code, ran.json<{ hint: string }>().hint], [2, "It is a link to what is not there."]);
  });

  it("a sentence on the terminal quotes a screen at most, the document all of it", async () => {
    const long = "x".repeat(100_000);
    const ran = await desk.run(["price", long, "--json"]);
    assert.equal(ran.code, 2);
    assert.ok(ran.json<{ message: string }>().message.includes(long));
    assert.ok(ran.stderr.length < 2100 && ran.stderr.endsWith("Write it like AAPL.\n"), `${ran.stderr.length} characters`);
  });

  it("a pipe or a device instead of a CSV file is refused, not waited for", async function () {
    if (process.platform === "win32") this.skip();
    const ran = await desk.run(["backtest", "--data", "/dev/zero", "--strategy", "sma_cross", "--json"]);
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.json<{ message: string }>().message, /no regular file/);
  });

  it("an empty --home is refused: it would mean the current folder", async () => {
    const ran = await quantdesk(["runs", "--json", "--home", ""]);
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.json<{ message: string }>().message, /--home is empty/);
  });

  it("what a strategy throws cannot steer the terminal: one line, without control characters", async () => {
    const file = join(folder, "escape.ts");
    await writeFile(file, 'export default { name: "escape", params: {}, onBar() { throw new Error("\\u001b[2Jcleared\\nsecond line"); } };');
    const ran = await desk.run(["backtest", "--data", "sample:simulated", "--strategy", file, "--json"]);
    assert.equal(ran.code, 1);
    assert.match(ran.json<{ message: string }>().message, /cleared\nsecond line/);
    assert.match(ran.stderr, /^Error: .*cleared second line\n$/);
    assert.ok(!ran.stderr.includes("\u001b"));
  });

  it("flags of the paper exchange: its own words, and the document with --json", async () => {
    for (const [flags, message] of [
      [["--port"], /^--port has no value\.$/],
      [["--data", "--tls"], /^--data has no value\.$/],
      [["--bogus"], /^paper has no flag --bogus\.$/],
    ] as const) {
      const ran = await quantdesk(["paper", "--json", ...flags]);
      assert.equal(ran.code, 2, ran.stderr);
      const { schema, message: said } = ran.json<{ schema: string; message: string }>();
      assert.equal(schema, "quantdesk.error/1");
      assert.match(said, message);
      assert.ok(ran.stderr.startsWith(said), ran.stderr);
    }
  });

  it("a port in use: one sentence with the remedy", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    const ran = await quantdesk(["paper", "--port", String(port)]);
    server.close();
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, new RegExp(`${port}.*in use`));
    assert.equal(ran.stdout, "");
  });

  it("no network: one sentence, exit code 1", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((done) => server.once("listening", done));
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    const ran = await desk.run(["account", "--json"], {
      APCA_API_BASE_URL: `http://127.0.0.1:${port}`,
      APCA_API_KEY_ID: "PKTEST",
      APCA_API_SECRET_KEY: "very-secret-text",
    });
    assert.equal(ran.code, 1, ran.stderr);
    assert.match(ran.json<{ message: string }>().message, /127\.0\.0\.1/);
    assert.doesNotMatch(ran.stdout + ran.stderr, /very-secret-text/);
  });

  it("live keys without --live: exit code 3", async () => {
    const ran = await desk.run(["account", "--json"], { APCA_API_KEY_ID: "AKLIVE", APCA_API_SECRET_KEY: "very-secret-text" });
    assert.equal(ran.code, 3, ran.stderr);
    assert.match(ran.stderr, /--live/);
  });
});
