import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { givenDesk, ROOT, type Desk } from "./quantdesk.ts";

interface BacktestDocument {
  readonly schema: string;
  readonly engine: string;
  readonly dataset: { readonly name: string; readonly bars: number };
  readonly trades: readonly unknown[];
  readonly stats: { readonly finalEquity: number; readonly sharpe: number; readonly periodsPerYear: number };
  readonly runHash: string;
  readonly durationMs: number;
}

describe("research from the terminal", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-research-"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });

  it("backtests the real S&P 500 as other engines do, and repeats itself", async () => {
    const args = ["backtest", "--data", "sample:sp500", "--strategy", "breakout", "--params", "entry=20,exit=10", "--json"];
    const [one, two] = [await desk.run(args), await desk.run(args)];
    assert.equal(one.code, 0, one.stderr);
    const result = one.json<BacktestDocument>();
    assert.equal(result.schema, "quantdesk.backtest/1");
    assert.deepEqual([result.dataset.bars, result.trades.length, result.stats.periodsPerYear], [5105, 88, 252]);
    assert.ok(Math.abs(result.stats.finalEquity / 14629.20873344671 - 1) < 1e-9);
    assert.ok(Math.abs(result.stats.sharpe / 0.2557186168874795 - 1) < 1e-9);
    const { durationMs: a, ...first } = result;
    const { durationMs: b, ...second } = two.json<BacktestDocument>();
    assert.deepEqual(first, second);
    assert.ok(a >= 0 && b >= 0);
    const { runs } = (await desk.run(["runs", "--json"])).json<{ runs: Array<{ runHash: string }> }>();
    assert.deepEqual(
      runs.map((run) => run.runHash),
      [result.runHash, result.runHash],
    );
  });

  it("runs a strategy file and writes a report that needs no network", async () => {
    const file = join(folder, "mine.ts");
    const report = join(folder, "report.html");
    await writeFile(
      file,
      `import { defineStrategy } from "quantdesk";
       export default defineStrategy({
         name: "mine",
         params: { fast: { default: 10, min: 2, max: 200, integer: true } },
         signals({ close, sma, crossOver, crossUnder }, { fast }: { fast: number }) {
           const average = sma(close, fast);
           return { entries: crossOver(close, average), exits: crossUnder(close, average) };
         },
       });`,
    );
    const ran = await desk.run(["backtest", "--data", "sample:simulated", "--strategy", file, "--params", "fast=50", "--report", report, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.ok(ran.json<BacktestDocument>().trades.length > 0);
    const html = await readFile(report, "utf8");
    assert.match(html, /SIMULATED/);
    assert.doesNotMatch(html, /(src|href)="https?:[^"]*\.(js|css)/);
  });

  it("says where a strategy file is wrong", async () => {
    const file = join(folder, "broken.ts");
    await writeFile(file, "export default {\n  name: 'broken',\n  params: {\n");
    const ran = await desk.run(["backtest", "--data", "sample:simulated", "--strategy", file, "--json"]);
    assert.notEqual(ran.code, 0);
    assert.match(ran.json<{ message: string }>().message, /broken\.ts/);
  });

  it("names the first bar at which a strategy looks ahead, and says when none does", async () => {
    const file = join(folder, "peek.ts");
    await writeFile(
      file,
      `import { defineStrategy } from "quantdesk";
export default defineStrategy({ name: "peek", params: {}, signals: ({ close, length }) => ({
  entries: Array.from(close, (value, t) => t >= 40 && close[t + 1] > value), exits: new Int8Array(length) }) });
`,
    );
    const args = ["backtest", "--data", "sample:simulated", "--from", "2024-01-01", "--check-lookahead", "--json", "--strategy"];
    const peek = await desk.run([...args, file]);
    assert.equal(peek.code, 1);
    assert.match(peek.json<{ readonly code: string; readonly message: string }>().message, /peek\.ts looks ahead: its entries at bar 4\d \(20/);
    const sound = await desk.run([...args, "rsi_reversion"]);
    assert.equal(sound.code, 0, sound.stderr);
    assert.equal(sound.json<{ readonly lookAhead: { readonly ok: boolean; readonly exhaustive: boolean } }>().lookAhead.exhaustive, true);
  });

  it("refuses a strategy with a type error before it runs, with its line and column", async () => {
    const file = join(folder, "typo.ts");
    await writeFile(
      file,
      `import { defineStrategy } from "quantdesk";
export default defineStrategy({ name: "typo", params: {}, onBar(bar) {
  if (bar.clsoe > 1) bar.buy();
} });
`,
    );
    const typo = await desk.run(["backtest", "--data", "sample:simulated", "--strategy", file, "--json"]);
    assert.equal(typo.code, 2);
    assert.match(typo.json<{ readonly code: string; readonly message: string }>().message, /typo\.ts:3:11: Property 'clsoe' does not exist/);
  });

  it("trades several symbols on one account, with the costs that it is given", async () => {
    const rows = (first: number) => Array.from({ length: 90 }, (_value, i) => [first + 3 * Math.sin(i / 3), i] as const);
    for (const [name, first] of [
      ["aaa", 100],
      ["bbb", 50],
    ] as const)
      await writeFile(
        join(folder, `${name}.csv`),
        `date,open,high,low,close,volume\n${rows(first)
          .map(
            ([price, i]) =>
              `${new Date(Date.UTC(2024, 0, 1 + i)).toISOString().slice(0, 10)},${[price, price + 1, price - 1, price].map((value) => value.toFixed(2)).join()},1000`,
          )
          .join("\n")}\n`,
      );
    const ran = await desk.run([
      ...["backtest", "--data", `${join(folder, "aaa.csv")},${join(folder, "bbb.csv")}`, "--strategy", "pairs", "--params", "period=20,entry=1"],
      ...["--borrow-rate", "0.05", "--fee-per-share", "0.01", "--json"],
    ]);
    assert.equal(ran.code, 0, ran.stderr);
    const result = ran.json<{
      readonly engine: string;
      readonly trades: ReadonlyArray<{ readonly symbol: string; readonly side: string; readonly carry?: number }>;
    }>();
    assert.equal(result.engine, "event");
    assert.deepEqual(
      [...new Set(result.trades.map(({ symbol }) => symbol))].sort((a, b) => a.localeCompare(b)),
      ["AAA", "BBB"],
    );
    assert.ok(result.trades.some(({ side, carry }) => side === "short" && (carry ?? 0) > 0));
    const alone = await desk.run(["backtest", "--data", join(folder, "aaa.csv"), "--strategy", "pairs", "--json"]);
    assert.equal(alone.code, 2);
    assert.match(alone.stderr, /pairs holds at least 2 symbols/);
  });

  it("answers a batch in request order, failures in their places", async () => {
    const hang = join(folder, "hang.ts");
    await writeFile(
      hang,
      'import { defineStrategy } from "quantdesk";\nexport default defineStrategy({ name: "hang", params: {}, signals() { while (true) {} } });',
    );
    const batch = join(folder, "batch.json");
    await writeFile(
      batch,
      JSON.stringify([
        { data: "sample:simulated", strategy: "sma_cross" },
        { data: "sample:simulated", strategy: "no_such" },
        { data: "sample:simulated", strategy: hang },
        { data: "sample:simulated", strategy: "buy_and_hold" },
      ]),
    );
    const ran = await desk.run(["backtest", "--batch", batch, "--timeout", "2", "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const result = ran.json<{
      schema: string;
      run: number;
      succeeded: number;
      failed: number;
      timedOut: number;
      results: Array<{ index: number; status: string }>;
    }>();
    assert.deepEqual(
      result.results.map((item) => [item.index, item.status]),
      [
        [0, "ok"],
        [1, "error"],
        [2, "timeout"],
        [3, "ok"],
      ],
    );
    assert.deepEqual([result.schema, result.run, result.succeeded, result.failed, result.timedOut], ["quantdesk.batch/1", 4, 2, 1, 1]);
    assert.equal((await desk.run(["backtest", "--batch", batch, "--timeout", "2", "--strict"])).code, 1);
  });

  it("scans concurrently and one after another with the same candidates", async () => {
    type Scan = { schema: string; mode: string; scanners: Array<{ name: string; status: string }>; candidates: Array<{ symbol: string; new: boolean }> };
    const concurrent = await desk.run(["scan", "--json"]);
    assert.equal(concurrent.code, 0, concurrent.stderr);
    assert.match(concurrent.stderr, /^Running \d+ scanners concurrently \(max 8 workers\)\.\.\.$/m);
    assert.match(concurrent.stderr, /^✓ market_movers: \d+ candidates$/m);
    const scan = concurrent.json<Scan>();
    assert.equal(scan.schema, "quantdesk.scan/1");
    assert.ok(scan.candidates.length > 0);
    assert.ok(scan.scanners.length >= 10 && scan.scanners.every(({ status }) => status === "ok"), "every source is there without a key");
    const sequential = await desk.run(["scan", "--sequential", "--json"]);
    assert.match(sequential.stderr, /^Running \d+ scanners sequentially\.\.\.$/m);
    assert.ok(sequential.json<Scan>().scanners.every((scanner) => scanner.status === "ok" || scanner.status === "skipped"));
  });

  it("scans again and again, one document a line, until it is interrupted", async () => {
    const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), "scan", "--every", "1", "--json", "--scanners", "most_active", "--home", desk.home], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const lines: string[] = [];
    const ended = once(child, "close");
    for await (const line of createInterface({ input: child.stdout })) {
      lines.push(line);
      if (lines.length === 2) child.kill("SIGINT");
    }
    assert.deepEqual((await ended)[0], 130);
    const [first, second] = lines.map((line) => JSON.parse(line) as { schema: string; candidates: Array<{ new: boolean }>; sources: Record<string, string> });
    assert.equal(first?.schema, "quantdesk.scan/1");
    assert.ok(second !== undefined && second.candidates.some((candidate) => !candidate.new), "what the scan before had is not new");
    assert.equal(second.sources["market-data"], "closed");
  });

  it("scans as of a day in the past, on a folder of prices", async () => {
    const prices = await mkdtemp(join(folder, "prices"));
    const rows = Array.from({ length: 30 }, (_, day) => `2019-04-${String(day + 1).padStart(2, "0")},100,101,99,100,1000`);
    const file = (...last: readonly string[]) => ["Date,Open,High,Low,Close,Volume", ...rows, ...last].join("\n");
    await writeFile(join(prices, "UP.csv"), file("2019-05-01,108,112,107,111,9000", "2019-05-02,50,50,50,50,1"));
    await writeFile(join(prices, "FLAT.csv"), file("2019-05-01,100,101,99,100,1000"));
    const ran = await desk.run(["scan", "--as-of", "2019-05-01", "--data", prices, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const { candidates, asOf, simulated } = ran.json<{
      asOf: string;
      simulated: boolean;
      candidates: Array<{ symbol: string; reasons: Array<{ scanner: string }> }>;
    }>();
    assert.deepEqual([asOf, simulated], ["2019-05-01T23:59:59.999Z", false]);
    assert.deepEqual(
      candidates.find(({ symbol }) => symbol === "UP")?.reasons.map(({ scanner }) => scanner),
      ["market_movers", "most_active", "volume_accumulation", "gap_up"],
    );
    assert.match(ran.stderr, /^⏭️ news_momentum: skipped \(no news of the past\)$/m);
    for (const args of [
      ["--as-of", "2019-05-01"],
      ["--data", prices],
      ["--as-of", "1999-01-01", "--data", prices],
      ["--as-of", "2019-05-01", "--data", prices, "--every", "5"],
    ])
      assert.equal((await desk.run(["scan", ...args, "--json"])).code, 2);
  });

  it("analyzes a symbol with times for each analyst", async () => {
    const ran = await desk.run(["analyze", "AAPL", "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const analysis = ran.json<{ schema: string; action: string; opinions: Array<{ analyst: string; startMs: number; endMs: number }> }>();
    assert.equal(analysis.schema, "quantdesk.analysis/1");
    assert.ok(["BUY", "HOLD", "SELL"].includes(analysis.action));
    assert.ok(analysis.opinions.length >= 2);
    for (const name of ["market", "technical"]) assert.match(ran.stderr, new RegExp(`⏱️ ${name} START`));
    assert.match(ran.stderr, /Total execution time/);
  });

  it("shows the configuration with its sources", async () => {
    const ran = await desk.run(["config", "--json"], { ASYNC_FEATURES_WORKERS: "3" });
    const { settings } = ran.json<{ settings: Array<{ key: string; value: unknown; source: string }> }>();
    assert.deepEqual(
      settings.find((s) => s.key === "features.workers"),
      { key: "features.workers", value: 3, source: "environment" },
    );
    const mode = async (env: Readonly<Record<string, string>>) => {
      const document = (await desk.run(["config", "--json"], env)).json<{ settings: Array<{ key: string; value: unknown; source: string }> }>();
      const { value, source } = document.settings.find((s) => s.key === "broker.mode") ?? {};
      return `${value} ${source}`;
    };
    assert.equal(await mode({}), "embedded default");
    assert.equal(await mode({ APCA_API_KEY_ID: "PKTEST", APCA_API_SECRET_KEY: "secret" }), "paper environment");
    assert.equal(await mode({ APCA_API_KEY_ID: "AKLIVE", APCA_API_SECRET_KEY: "secret" }), "embedded default", "they are refused without --live");
  });

  it("measures feature computation", async () => {
    const ran = await desk.run(["features", "bench", "--operations", "50", "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const report = ran.json<{ schema: string; before: { lagMs: object }; after: { successRate: number }; workers: number }>();
    assert.equal(report.schema, "quantdesk.latency/1");
    assert.equal(report.after.successRate, 1);
  });

  it("measures feature computation with the workers of the settings, and refuses settings that are none", async () => {
    const args = ["features", "bench", "--operations", "5", "--json"];
    const workers = async (env: Readonly<Record<string, string>>, ...flags: string[]) => {
      const ran = await desk.run([...args, ...flags], env);
      assert.equal(ran.code, 0, ran.stderr);
      return ran.json<{ workers: number; after: { successRate: number } }>();
    };
    assert.equal((await workers({ ASYNC_FEATURES_WORKERS: "3" })).workers, 3);
    assert.equal((await workers({ ASYNC_FEATURES_WORKERS: "3" }, "--workers", "1")).workers, 1);
    assert.deepEqual((await workers({ ASYNC_FEATURES_WORKERS: "1", ASYNC_FEATURES_USE_PROCESS_POOL: "true" })).after.successRate, 1);
    assert.equal((await desk.run(args, { ASYNC_FEATURES_WORKERS: "many" })).code, 2);
  });
});
