import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { Breaker, OPEN_MS } from "../../../src/core/scanner/breaker.ts";
import { createScanRunner } from "../../../src/core/scanner/scanRunner.ts";
import type { MergedCandidate } from "../../../src/core/domain/research.ts";
import { givenPublicData } from "./publicData.ts";
import { AS_OF, simulatedMarketData } from "../simulatedMarketData.ts";

const signal = new AbortController().signal;

function givenRunner(data = simulatedMarketData(), disabled: readonly string[] = [], more: Partial<Parameters<typeof createScanRunner>[0]> = {}) {
  const saved: Array<readonly MergedCandidate[]> = [];
  const runner = createScanRunner({
    data,
    publicData: givenPublicData(),
    settings: { concurrent: true, maxWorkers: 8, timeoutMs: 10_000, enabled: (name) => !disabled.includes(name), thresholds: () => ({}) },
    lastScanSymbols: () => Promise.resolve(new Set(saved.at(-1)?.map(({ symbol }) => symbol))),
    saveScan: async (_at, candidates) => {
      saved.push(candidates);
    },
    keys: new Set(),
    log: silentLog,
    clock: new ManualClock(AS_OF),
    ...more,
  });
  return { runner, data, saved };
}

describe("createScanRunner", () => {
  it("runs the built-in scanners on live data and ranks what they found", async () => {
    const { runner } = givenRunner();
    const result = await runner.scan({}, signal);
    assert.deepEqual(
      result.scanners.map(({ name, status }) => [name, status]),
      runner.names.map((name) => [name, "ok"]),
    );
    assert.ok(result.candidates.length >= 10);
    assert.deepEqual(
      result.candidates.map(({ score }) => score),
      result.candidates.map(({ score }) => score).toSorted((a, b) => b - a),
    );
    assert.equal(new Set(result.candidates.map(({ symbol }) => symbol)).size, result.candidates.length);
    assert.equal(result.simulated, true);
    assert.ok(result.toolLog.every(({ startMs, endMs, error }) => endMs >= startMs && error === null));
  });

  it("finds the same one after another, to the byte", async () => {
    const found = async (sequential: boolean) => JSON.stringify((await givenRunner().runner.scan({ sequential }, signal)).candidates);
    assert.equal(await found(false), await found(true));
  });

  it("asks the source once for what several scanners want", async () => {
    const { runner, data } = givenRunner();
    await runner.scan({ scanners: ["volume_accumulation", "gap_up"] }, signal);
    assert.equal(data.calls.get("bars"), 1);
  });

  it("says what is new since the last scan", async () => {
    const { runner } = givenRunner();
    const first = await runner.scan({}, signal);
    const second = await runner.scan({}, signal);
    assert.ok(first.candidates.every((candidate) => candidate.new));
    assert.ok(second.candidates.every((candidate) => !candidate.new));
  });

  it("names the nearest scanner for one that it does not know", async () => {
    const { runner } = givenRunner();
    await assert.rejects(runner.scan({ scanners: ["market_mover"] }, signal), { kind: "usage", hint: "Did you mean market_movers?" });
    await assert.rejects(runner.scan({ pipeline: "momentun" }, signal), { kind: "usage", hint: "Did you mean momentum?" });
    await assert.rejects(runner.scan({ maxWorkers: 0 }, signal), { kind: "usage" });
    await assert.rejects(givenRunner(undefined, runner.names).runner.scan({}, signal), { kind: "usage", code: "no-scanners" });
  });

  it("leaves out what a setting turns off unless it is asked for outright", async () => {
    const { runner } = givenRunner(undefined, ["gap_up"]);
    assert.ok(!(await runner.scan({}, signal)).scanners.some(({ name }) => name === "gap_up"));
    assert.equal((await runner.scan({ scanners: ["gap_up"] }, signal)).scanners[0]?.status, "ok");
  });

  it("goes on with the others when one source fails", async () => {
    const { runner } = givenRunner(simulatedMarketData((tool) => (tool === "news" ? Promise.reject(new Error("HTTP 500 error")) : Promise.resolve())));
    const result = await runner.scan({}, signal);
    assert.deepEqual(
      result.scanners.filter(({ status }) => status !== "ok").map(({ name, error }) => [name, error]),
      [["news_momentum", "HTTP 500 error"]],
    );
    assert.ok(result.toolLog.some(({ tool, error }) => tool === "news" && error === "HTTP 500 error"));
  });

  it("skips what needs symbols when the market lists none, with the reason", async () => {
    const { runner } = givenRunner(simulatedMarketData(() => Promise.reject(new Error("no network"))));
    const lines: string[] = [];
    const result = await runner.scan({ onLine: (line) => lines.push(line) }, signal);
    assert.ok(lines.includes("There are no symbols to look at: no network"), lines.join("\n"));
    assert.deepEqual(
      result.scanners.map(({ name, status }) => `${name} ${status}`),
      [
        "market_movers error",
        "most_active error",
        "insider_buying ok",
        "volume_accumulation skipped",
        "reddit_trending ok",
        "news_momentum skipped",
        "gap_up skipped",
        "breakout_52w skipped",
        "earnings_soon skipped",
        "oversold_rsi skipped",
      ],
    );
    assert.match(result.scanners[3]?.error ?? "", /no symbols to look at: no network/);
  });

  it("keeps circuits from one process to the next, and shows them with each scanner", async () => {
    const folder = await mkdtemp(join(tmpdir(), "quantdesk-circuits-"));
    try {
      const clock = new ManualClock(AS_OF);
      const more = { circuitsFile: join(folder, "circuits.json"), clock };
      const source = { isDown: true };
      const run = async () => {
        const fails = simulatedMarketData((tool) => (tool === "news" && source.isDown ? Promise.reject(new Error("HTTP 500 error")) : Promise.resolve()));
        const { runner, data } = givenRunner(fails, [], more); // as a new process has it
        const { scanners, sources } = await runner.scan({ scanners: ["news_momentum", "gap_up"] }, signal);
        return { news: scanners[0], gap: scanners[1], sources, asked: data.calls.get("news") ?? 0 };
      };
      for (let failures = 1; failures <= 2; failures++) assert.deepEqual((await run()).news?.circuit, { state: "closed", failures, openUntil: null });
      const openUntil = new Date(AS_OF + OPEN_MS).toISOString();
      assert.deepEqual((await run()).news?.circuit, { state: "open", failures: 3, openUntil });
      const off = await run();
      assert.deepEqual([off.news?.status, off.news?.error, off.asked], ["open-circuit", `circuit open until ${openUntil}`, 0]);
      assert.equal(off.gap?.status, "ok");
      assert.deepEqual(off.sources, { finnhub: "closed" });
      clock.advance(OPEN_MS);
      source.isDown = false;
      assert.deepEqual((await run()).news?.circuit, { state: "closed", failures: 0, openUntil: null });
      await writeFile(more.circuitsFile, '{"news_momentum": {"failures": "many"}');
      assert.equal((await run()).news?.status, "ok", "a file that cannot be read closes all");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("lets one trial through when several scans come at once after a while", async () => {
    const clock = new ManualClock(AS_OF);
    const breaker = new Breaker(clock);
    for (let i = 0; i < 3; i++) breaker.failed("x");
    clock.advance(OPEN_MS);
    assert.equal(breaker.admit("x"), null);
    assert.equal(breaker.state("x").state, "half-open");
    assert.ok((breaker.admit("x") as number) > clock.now());
    breaker.cancelled("x");
    assert.equal(breaker.admit("x"), null);
  });

  it("takes thresholds from the settings", async () => {
    const settings = { concurrent: true, maxWorkers: 8, timeoutMs: 10_000, enabled: () => true };
    const found = async (maxSymbols: number) =>
      (await givenRunner(undefined, [], { settings: { ...settings, thresholds: () => ({ maxSymbols }) } }).runner.scan({ scanners: ["most_active"] }, signal))
        .candidates.length;
    assert.deepEqual([await found(3), await found(7)], [3, 7]);
  });

  it("leaves out a symbol that the market does not know, and says which symbols are gone", async () => {
    const insider = (symbol: string) => ({ symbol, name: "DOE", code: "P", change: 1e6, price: 10, tradedAt: AS_OF, filedAt: AS_OF - 1, url: "" });
    const insiders = [insider("AAPL"), insider("NOSUCH")];
    const { runner } = givenRunner(undefined, [], { publicData: givenPublicData({ insiders }) });
    const all = await runner.scan({}, signal);
    assert.deepEqual(all.scanners.find(({ name }) => name === "insider_buying")?.unknownSymbols, ["NOSUCH"]);
    const few = await runner.scan({ scanners: ["insider_buying"] }, signal);
    assert.deepEqual(
      few.candidates.map(({ symbol }) => symbol),
      ["AAPL"],
    );
    assert.deepEqual(
      few.gone,
      all.candidates
        .map(({ symbol }) => symbol)
        .filter((symbol) => symbol !== "AAPL")
        .sort(),
    );
    const rubbish = givenRunner(undefined, [], { publicData: givenPublicData({ insiders: [insider("NOSUCH")] }) });
    assert.match((await rubbish.runner.scan({ scanners: ["insider_buying"] }, signal)).scanners[0]?.error ?? "", /NOSUCH is no symbol that this market knows/);
  });

  it("verifies itself: both modes alike, and a bad scanner harms only itself", async () => {
    const lines: string[] = [];
    const verification = await givenRunner().runner.verify({ onLine: (line) => lines.push(line) }, signal);
    assert.ok(verification.ok, lines.join("\n"));
    assert.ok(lines.includes("⚠️ broken_scanner: HTTP 500 error"));
    assert.ok(lines.includes("⏱️ slow_scanner: timeout after 0.4s"));
  });
});
