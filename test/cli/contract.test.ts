/** What scripts rely on: one whole document, the exit code, nothing left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { givenDesk, quantdesk, ROOT, type Desk } from "./quantdesk.ts";

interface Batch {
  readonly schema: string;
  readonly run: number;
  readonly succeeded: number;
  readonly timedOut: number;
  readonly cancelled: number;
  readonly results: ReadonlyArray<{ readonly index: number; readonly status: string }>;
}

describe("what scripts rely on", function () {
  this.timeout(60_000);
  let desk: Desk;
  let folder: string;
  let endless: string;
  let csv: string;
  before(async () => {
    desk = await givenDesk();
    folder = await mkdtemp(join(tmpdir(), "quantdesk-contract-"));
    endless = join(folder, "endless.ts");
    csv = join(folder, "hourly.csv");
    // The first output on standard error tells that the strategy runs: --verbose passes on what it prints.
    await writeFile(endless, 'console.log("running now"); export default { name: "endless", params: {}, signals() { while (true) {} } };');
    const hours = Array.from({ length: 96 }, (_, i) => new Date(Date.UTC(2024, 0, 1 + Math.floor(i / 24), i % 24)).toISOString());
    await writeFile(csv, ["timestamp,open,high,low,close,volume", ...hours.map((time, i) => `${time},${10 + (i % 5)},16,9,${10 + (i % 7)},1`)].join("\n"));
  });
  after(async () => {
    await desk.end();
    await rm(folder, { recursive: true });
  });

  /** Starts it, interrupts it once `isReady` says so, and waits for its end. */
  const interrupted = async (args: readonly string[], by: NodeJS.Signals, isReady: (stderr: string) => boolean) => {
    const child = spawn(process.execPath, [join(ROOT, "dist", "cli.js"), ...args, "--home", desk.home], { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let isSent = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      if (isSent || !isReady(stderr)) return;
      isSent = true; // twice would mean: at once
      child.kill(by);
    });
    const [code] = (await once(child, "close")) as [number | null];
    return { code, stdout, stderr };
  };

  it("an endless strategy ends with the command, by either signal, without a document", async () => {
    for (const [by, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const ran = await interrupted(["backtest", "--data", csv, "--strategy", endless, "--json", "--verbose"], by, (text) => text.includes("running now"));
      assert.deepEqual([ran.code, ran.stdout], [code, ""], ran.stderr);
    }
  });

  it("an interrupted batch is a whole document with what is done", async () => {
    const file = join(folder, "batch.json");
    await writeFile(
      file,
      JSON.stringify([
        { data: csv, strategy: "buy_and_hold" },
        { data: csv, strategy: endless },
        { data: csv, strategy: "sma_cross" },
      ]),
    );
    const ran = await interrupted(["backtest", "--batch", file, "--workers", "1", "--json", "--verbose"], "SIGINT", (text) => text.includes("running now"));
    assert.equal(ran.code, 130, ran.stderr);
    const batch = JSON.parse(ran.stdout) as Batch;
    assert.deepEqual([batch.schema, batch.run, batch.succeeded, batch.cancelled], ["quantdesk.batch/1", 1, 1, 2]);
    assert.deepEqual(
      batch.results.map((item) => [item.index, item.status]),
      [
        [0, "ok"],
        [1, "cancelled"],
        [2, "cancelled"],
      ],
    );
  });

  it("a batch with a request that cannot be run keeps the others, in their places, and the hint", async () => {
    const file = join(folder, "mixed.json");
    await writeFile(
      file,
      JSON.stringify([
        { data: "nowhere.csv", strategy: "sma_cross" },
        { data: csv, strategy: "sma_cross" },
        { data: csv, strategy: "sma_corss" },
      ]),
    );
    const ran = await desk.run(["backtest", "--batch", file, "--json"]);
    assert.equal(ran.code, 0, ran.stderr);
    const batch = ran.json<Batch & { readonly results: ReadonlyArray<{ readonly error?: { readonly message: string } }> }>();
    assert.deepEqual(
      batch.results.map((item) => item.status),
      ["error", "ok", "error"],
    );
    assert.match(batch.results[2]?.error?.message ?? "", /sma_corss.*Did you mean sma_cross\?/);
    assert.equal((await desk.run(["backtest", "--batch", file, "--json", "--strict"])).code, 1);
  });

  it("every run leaves a line in the log", async () => {
    const { runHash } = (await desk.run(["backtest", "--data", csv, "--strategy", "buy_and_hold", "--json"])).json<{ runHash: string }>();
    const shown = await desk.run(["logs", "--grep", `Backtest of buy_and_hold.*${runHash.slice(0, 12)}`]);
    assert.deepEqual([shown.code, shown.stdout.trimEnd().split("\n").length], [0, 1], shown.stdout);
  });

  it("a reader that goes away is no failure", async () => {
    const child = spawn(
      process.execPath,
      [join(ROOT, "dist", "cli.js"), "backtest", "--data", "sample:simulated", "--strategy", "sma_cross", "--equity", "--json", "--home", desk.home],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.stdout.once("data", () => child.stdout.destroy());
    const [code] = (await once(child, "close")) as [number | null];
    assert.deepEqual([code, stderr], [0, ""]);
  });

  it("a date as --to includes its day, within the day too", async () => {
    const ran = await desk.run(["backtest", "--data", csv, "--strategy", "buy_and_hold", "--from", "2024-01-02", "--to", "2024-01-03", "--json"]);
    const { dataset } = ran.json<{ dataset: { bars: number; from: string; to: string } }>();
    assert.deepEqual([dataset.bars, dataset.from, dataset.to], [48, "2024-01-02T00:00:00.000Z", "2024-01-03T23:00:00.000Z"]);
  });

  it("a command that is missing shows the commands and exits with 2", async () => {
    for (const [args, shown] of [
      [[], "backtest"],
      [["features"], "bench"],
    ] as const) {
      const ran = await quantdesk(args);
      assert.deepEqual([ran.code, ran.stdout], [2, ""]);
      assert.match(ran.stderr, new RegExp(`^Usage: [\\s\\S]*${shown}[\\s\\S]*Error: A command is missing\\.\\n$`));
    }
  });

  it("the demo says a wrong --data before it does anything", async () => {
    const ran = await quantdesk(["demo", "--data", join(folder, "nowhere.csv"), "--json"]);
    assert.equal(ran.code, 2, ran.stderr);
    assert.doesNotMatch(ran.stderr, /Connect/);
  });

  it("every built-in strategy says its rule and its parameters", async () => {
    const { strategies } = (await quantdesk(["strategies", "--json"])).json<{
      strategies: Array<{ name: string; rule: string; params: Record<string, number>; paramSpecs: Record<string, { default: number }> }>;
    }>();
    assert.ok(strategies.length >= 10);
    for (const { name, rule, params, paramSpecs } of strategies) {
      assert.match(rule, /\.$/, name);
      assert.deepEqual(
        Object.entries(params),
        Object.entries(paramSpecs).map(([param, spec]) => [param, spec.default]),
      );
    }
  });

  it("a full disk under standard output is one sentence", async function () {
    if (process.platform !== "linux") this.skip();
    const child = spawn("sh", ["-c", '"$0" "$@" > /dev/full', process.execPath, join(ROOT, "dist", "cli.js"), "strategies", "--json"], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 1);
    assert.match(stderr, /^Error: Standard output cannot be written: [^\n]*\n$/);
  });

  it("an equity curve is there only when asked for, and a report does not change the document", async () => {
    const args = ["backtest", "--data", csv, "--strategy", "sma_cross", "--params", "fast=2,slow=4", "--json"];
    const report = join(folder, "report.html");
    const strip = (document: Record<string, unknown>) => ({ ...document, durationMs: 0 });
    const plain = strip((await desk.run(args)).json());
    assert.deepEqual(strip((await desk.run([...args, "--report", report])).json()), plain);
    assert.match(await readFile(report, "utf8"), /^<!doctype html>/i);
    const { equity, ...rest } = strip((await desk.run([...args, "--equity"])).json()) as Record<string, unknown>;
    assert.equal((equity as unknown[]).length, 96);
    assert.deepEqual(rest, plain);
  });
});
