import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { logTo } from "../../../src/core/base/log.ts";
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

  async function scan(files: Readonly<Record<string, string>>, timeoutMs = 10_000) {
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
    return runner.scan({ scanners: ["most_active"], files: paths }, signal);
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

  it("ends only itself when it loops, exits, kills itself, throws or floods", async () => {
    const pidFile = join(folder, "pid");
    const result = await scan(
      {
        "loop.ts": file("loop", `(await import("node:fs")).writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); while (true) {}`),
        "exit.ts": file("exits", "process.exit(7);"),
        "kill.ts": file("kills", 'process.kill(process.pid, "SIGKILL"); return [];'),
        "throw.ts": file("throws", 'throw new Error("HTTP 500 error");'),
        "late.ts": file("late", 'setTimeout(() => { throw new Error("later"); }, 5); await new Promise(() => {});'),
        "flood.ts": file("floods", 'return Array.from({ length: 600 }, () => ({ symbol: "A", score: 1, reason: "" }));'),
        "nan.ts": file("bad_args", 'await tools.bars("AAPL" as never, { timeframe: "1Day", limit: 5 }); return [];'),
        "top.ts": "while (true) {}",
      },
      3000,
    );
    const of = (name: string) => result.scanners.find((run) => run.name === name);
    assert.equal(of("most_active")?.status, "ok");
    assert.equal(of("loop")?.status, "timeout");
    assert.match(of("exits")?.error ?? "", /exit code 7/);
    assert.match(of("kills")?.error ?? "", /SIGKILL/);
    assert.equal(of("throws")?.error, "HTTP 500 error");
    assert.match(of("late")?.error ?? "", /exit code 1/);
    assert.match(of("floods")?.error ?? "", /600 candidates/);
    assert.match(of("bad_args")?.error ?? "", /tools\.bars: argument 0/);
    assert.match(of("top")?.error ?? "", /did not load within 3s/);
    const pid = Number(await readFile(pidFile, "utf8"));
    assert.throws(() => process.kill(pid, 0), { code: "ESRCH" }, "the looping process is gone");
  });

  it("is refused with one sentence when it is not there, does not compile or is no scanner", async () => {
    await assert.rejects(scan({ "broken.ts": "export default {" }), { kind: "usage", code: "scanner-does-not-load" });
    await assert.rejects(scan({ "none.ts": "export const x = 1;" }), { kind: "usage", code: "not-a-scanner" });
    await assert.rejects(scan({ "name.ts": file("Not A Name", "return [];") }), { kind: "usage", code: "not-a-scanner" });
    await assert.rejects(scan({ "twin.ts": file("gap_up", "return [];") }), { kind: "usage", code: "duplicate-scanner" });
    await assert.rejects(scan({ "text.txt": "" }), { kind: "usage", code: "not-a-scanner-file" });
  });
});
