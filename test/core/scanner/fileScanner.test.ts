import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { logTo } from "../../../src/core/base/log.ts";
import type { ScannerSource, ScanOptions } from "../../../src/core/domain/ports.ts";
import { createScanRunner } from "../../../src/core/scanner/scanRunner.ts";
import { AS_OF, simulatedMarketData } from "../simulatedMarketData.ts";

const signal = new AbortController().signal;

describe("A scanner file", () => {
  let folder: string;
  const logged: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-scanner-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function scan(files: Readonly<Record<string, string>>, timeoutMs = 10_000, sources: readonly ScannerSource[] = [], more: ScanOptions = {}) {
    const paths: string[] = [];
    for (const [name, text] of Object.entries(files)) {
      paths.push(join(folder, name));
      await writeFile(paths.at(-1) as string, text);
    }
    const runner = createScanRunner({
      data: simulatedMarketData(),
      settings: { concurrent: true, maxWorkers: 8, timeoutMs, enabled: () => true, thresholds: () => ({}) },
      lastScanSymbols: () => Promise.resolve(new Set()),
      saveScan: () => Promise.resolve(),
      keys: new Set(),
      log: logTo((_level, line) => logged.push(line)),
      clock: new ManualClock(AS_OF),
    });
    return runner.scan({ scanners: ["most_active"], files: paths, sources, ...more }, signal);
  }
  const file = (name: string, body: string) => `import { defineScanner, sma } from "quantdesk";
export default defineScanner({ name: "${name}", pipeline: "mine", needs: ["bars"], async scan(state, tools) { ${body} } });`;

  it("runs with types, the library and our tools, in an environment without keys", async () => {
    process.env["FINNHUB_API_KEY"] = "fh-very-secret";
    try {
      const result = await scan({
        "sound.ts": file(
          "sound",
          `
        const bars = await tools.bars(state.universe.slice(0, 3), { timeframe: "1Day", limit: 30 });
        console.log("seen", bars.size);
        const found: { symbol: string; score: number; reason: string; value: number }[] = [];
        for (const [symbol, series] of bars) found.push({ symbol, score: 0.9, reason: Object.keys(process.env).join(), value: sma(series.close, 20).at(-1) as number });
        return found;`,
        ),
      });
      assert.deepEqual(
        result.scanners.map(({ name, pipeline, status, candidates }) => [name, pipeline, status, candidates]),
        [
          ["most_active", "momentum", "ok", 10],
          ["sound", "mine", "ok", 3],
        ],
      );
      const mine = result.candidates.flatMap(({ reasons }) => reasons).filter(({ scanner }) => scanner === "sound");
      assert.ok(mine.every(({ text, value }) => !text.includes("FINNHUB") && (value as number) > 0));
      assert.ok(result.toolLog.some(({ scanner, tool, error }) => scanner === "sound" && tool === "bars" && error === null));
      assert.ok(logged.includes("sound: seen 3"));
    } finally {
      delete process.env["FINNHUB_API_KEY"];
    }
  });

  it("is run as text, too: with its thresholds, the library and no name from around it", async () => {
    const mine = { name: "mine", pipeline: "cell", needs: ["bars"], thresholds: { length: 3 } };
    const scanText = `async ({ universe, settings }, tools) => {
      const { sma } = await import("quantdesk");
      const bars = await tools.bars(universe.slice(0, 1), { timeframe: "1Day", limit: 10 });
      return [...bars].map(([symbol, { close }]) => ({ symbol, score: 1, reason: typeof process.env.HOME, value: sma(close, settings.length).at(-1) }));
    }`;
    const result = await scan({}, 10_000, [{ ...mine, scan: scanText }]);
    assert.deepEqual(result.scanners.map(({ name, pipeline, status, candidates }) => [name, pipeline, status, candidates]).at(-1), ["mine", "cell", "ok", 1]);
    const found = result.candidates.flatMap(({ reasons }) => reasons).find(({ scanner }) => scanner === "mine");
    assert.ok((found?.value ?? 0) > 0);
    await assert.rejects(scan({}, 10_000, [{ ...mine, name: "Not A Name", scan: scanText }]), { kind: "usage", code: "not-a-scanner" });
    await assert.rejects(scan({}, 10_000, [{ ...mine, scan: "async (" }]), { kind: "usage", code: "scanner-does-not-load" });
    await assert.rejects(scan({}, 10_000, [{ ...mine, name: "gap_up", scan: scanText }]), { kind: "usage", code: "duplicate-scanner" });
    const stuck = await scan({}, 1500, [{ ...mine, scan: "async () => { while (true) {} }" }]);
    assert.equal(stuck.scanners.at(-1)?.status, "timeout");
  });

  it("belongs to its pipeline", async () => {
    const text = { name: "mine", pipeline: "cell", needs: [], scan: "async () => []" };
    const names = async (pipeline: string) => (await scan({}, 10_000, [text], { pipeline })).scanners.map(({ name }) => name);
    assert.deepEqual(await names("cell"), ["mine"]);
    assert.deepEqual(await names("momentum"), ["most_active"]);
    await assert.rejects(names("cel"), { kind: "usage", code: "unknown-pipeline", hint: "Did you mean cell?" });
  });

  it("fails alone when it was found in a folder rather than named", async () => {
    const write = async (name: string, text: string) => {
      await writeFile(join(folder, name), text);
      return join(folder, name);
    };
    const foundFiles = [
      await write("half.ts", "export default {"),
      await write("whole.ts", file("whole", "return [];")),
      await write("again.ts", file("gap_up", "return [];")),
    ];
    const { scanners } = await scan({}, 10_000, [], { foundFiles });
    assert.deepEqual(
      scanners.map(({ name, status }) => `${name} ${status}`),
      ["most_active ok", "half error", "whole ok", "again error"],
    );
    assert.match(scanners[1]?.error ?? "", /half\.ts does not load: SyntaxError/);
    assert.match(scanners[3]?.error ?? "", /is named gap_up/);
  });

  it("ends only itself when it hangs, loops, throws, floods, answers rubbish, exits, kills itself or eats memory, and the next run works", async () => {
    const pids = join(folder, "pids");
    const hello = `const { appendFileSync } = await import("node:fs"); appendFileSync(${JSON.stringify(pids)}, process.pid + "\\n");`;
    const hostile = {
      "hangs.ts": file("hangs", `${hello} await new Promise(() => {}); return [];`),
      "loops.ts": file("loops", `${hello} while (true) {}`),
      "throws.ts": file("throws", `${hello} throw new Error("HTTP 500 error");`),
      "floods.ts": file("floods", `${hello} return Array.from({ length: 1e6 }, () => ({ symbol: "A", score: 1, reason: "" }));`),
      "rubbish.ts": file("rubbish", `${hello} return { symbol: "AAPL", score: Number.NaN, reason: () => 1 } as never;`),
      "exits.ts": file("exits", `${hello} process.exit(7);`),
      "kills.ts": file("kills", `${hello} process.kill(process.pid, "SIGKILL"); return [];`),
      "leaks.ts": file("leaks", `${hello} const kept = []; for (;;) { kept.push(Buffer.alloc(2 ** 25, 1)); await new Promise((done) => setImmediate(done)); }`),
      "fine.ts": file("fine", `${hello} return [{ symbol: "AAPL", score: 1, reason: "fine" }];`),
    };
    const timeoutMs = 5000;
    const result = await scan(hostile, timeoutMs);
    const of = (name: string) => result.scanners.find((run) => run.name === name);
    assert.equal(of("most_active")?.status, "ok");
    assert.deepEqual([of("hangs")?.status, of("loops")?.status], ["timeout", "timeout"]);
    assert.equal(of("throws")?.error, "HTTP 500 error");
    assert.match(of("floods")?.error ?? "", /1000000 candidates, at most 500/);
    assert.match(of("rubbish")?.error ?? "", /answered an object instead of a list/);
    assert.match(of("exits")?.error ?? "", /exit code 7/);
    assert.match(of("kills")?.error ?? "", /SIGKILL/);
    assert.match(of("leaks")?.error ?? "", /more than 1024 MB of memory/);
    assert.deepEqual([of("fine")?.status, of("fine")?.candidates], ["ok", 1]);
    assert.ok(result.candidates.some(({ symbol, reasons }) => symbol === "AAPL" && reasons.some(({ scanner }) => scanner === "fine")));
    for (const line of ["⏱️ hangs: timeout after 5s", "⏱️ loops: timeout after 5s", "⚠️ throws: HTTP 500 error", "✓ fine: 1 candidate"])
      assert.ok(logged.includes(line), line);
    const ended = (await readFile(pids, "utf8")).trim().split("\n").map(Number);
    assert.equal(ended.length, 9);
    for (const pid of ended) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" }, "every process is gone");
    const next = await scan({ "fine.ts": hostile["fine.ts"] }, timeoutMs);
    assert.equal(next.scanners.find(({ name }) => name === "fine")?.status, "ok");
  });

  it("is stopped when it dies in between, prints without end, misuses its tools, changes its state or never finishes loading", async () => {
    const result = await scan(
      {
        "late.ts": file("late", 'setTimeout(() => { throw new Error("later"); }, 5); await new Promise(() => {}); return [];'),
        "chatty.ts": file("chatty", 'for (let i = 0; i < 5000; i++) console.log("line", i); process.stdout.write("x".repeat(1e6)); return [];'),
        "bad_args.ts": file("bad_args", 'await tools.bars("AAPL" as never, { timeframe: "1Day", limit: 5 }); return [];'),
        "vandal.ts": file("vandal", '(state.universe as string[]).push("X"); return [];'),
        "top.ts": "while (true) {}",
      },
      2500,
    );
    const of = (name: string) => result.scanners.find((run) => run.name === name);
    assert.match(of("late")?.error ?? "", /exit code 1/);
    assert.equal(of("chatty")?.status, "ok");
    assert.ok(logged.filter((line) => line.startsWith("chatty: ")).length <= 200);
    assert.match(of("bad_args")?.error ?? "", /tools\.bars: argument 0/);
    assert.match(of("vandal")?.error ?? "", /object is not extensible/);
    assert.deepEqual([of("top")?.status, of("top")?.pipeline], ["timeout", "user"]);
  });

  it("is refused with one sentence when it is not there, does not compile or is no scanner", async () => {
    await assert.rejects(scan({ "broken.ts": "export default {" }), { kind: "usage", code: "scanner-does-not-load" });
    await assert.rejects(scan({ "none.ts": "export const x = 1;" }), { kind: "usage", code: "not-a-scanner" });
    await assert.rejects(scan({ "name.ts": file("Not A Name", "return [];") }), { kind: "usage", code: "not-a-scanner" });
    await assert.rejects(scan({ "twin.ts": file("gap_up", "return [];") }), { kind: "usage", code: "duplicate-scanner" });
    await assert.rejects(scan({ "text.txt": "" }), { kind: "usage", code: "not-a-scanner-file" });
  });
});
