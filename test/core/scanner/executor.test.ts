import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { canonicalJson } from "../../../src/core/base/canonical.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { Breaker, OPEN_MS } from "../../../src/core/scanner/breaker.ts";
import { mergeCandidates, parseCandidates } from "../../../src/core/scanner/candidates.ts";
import { runScanners, type ExecutorOptions } from "../../../src/core/scanner/executor.ts";
import { unmetNeed } from "../../../src/core/scanner/needs.ts";
import { scanCache } from "../../../src/core/scanner/scanOnce.ts";
import { createScanTools } from "../../../src/core/scanner/tools.ts";
import { defineScanner, type ScannerDefinition } from "../../../src/core/domain/scanner.ts";
import { AS_OF, simulatedMarketData } from "../simulatedMarketData.ts";

const signal = new AbortController().signal;
const candidate = (symbol: string, score = 0.5) => ({ symbol, score, reason: "because" });

function scanner(name: string, scan: ScannerDefinition["scan"], needs: readonly string[] = []): ScannerDefinition {
  return defineScanner({ name, pipeline: "test", needs, scan });
}

function givenOptions(change: Partial<ExecutorOptions> = {}, data = simulatedMarketData()) {
  const lines: string[] = [];
  const startedAt = performance.now();
  const cache = scanCache(5000);
  const options: ExecutorOptions = {
    concurrent: true,
    maxWorkers: 8,
    timeoutMs: 30_000,
    state: { universe: ["AAPL", "MSFT"], asOf: AS_OF },
    thresholds: () => ({}),
    tools: (name, own, log) => createScanTools({ data, cache, startedAt }, name, own, log),
    unmet: (needs) => unmetNeed(needs, { keys: new Set(), noUniverse: undefined, publicData: undefined }),
    unknownSymbols: () => Promise.resolve(new Set()),
    breaker: new Breaker(new ManualClock(AS_OF)),
    onLine: (line) => lines.push(line),
    startedAt,
    ...change,
  };
  return { options, lines };
}

describe("runScanners", () => {
  it("finds the same candidates in the same order side by side and one after another", async () => {
    const scanners = Array.from({ length: 12 }, (_, i) =>
      scanner(`s${i}`, async (state, tools) => {
        await tools.bars(state.universe, { timeframe: "1Day", limit: 5 + i });
        // Later scanners finish first.
        for (let turn = i; turn < 12; turn++) await new Promise((done) => setImmediate(done));
        return state.universe.map((symbol) => candidate(symbol, 1 / (i + 2)));
      }),
    );
    const text = async (concurrent: boolean) => {
      const found = await runScanners(scanners, givenOptions({ concurrent }).options, signal);
      const list = found.map(({ run, candidates, toolLog }) => ({
        scanner: run.name,
        candidates,
        tools: toolLog.map(({ scanner: name, tool, error }) => [name, tool, error]),
      }));
      return canonicalJson([list, mergeCandidates(list, new Set(["AAPL"]))]);
    };
    assert.equal(await text(true), await text(false));
  });

  it("keeps at most maxWorkers scanners running", async () => {
    let running = 0;
    let most = 0;
    const scanners = Array.from({ length: 20 }, (_, i) =>
      scanner(`s${i}`, async () => {
        most = Math.max(most, ++running);
        for (let turn = 0; turn < 5; turn++) await new Promise((done) => setImmediate(done));
        running--;
        return [];
      }),
    );
    await runScanners(scanners, givenOptions({ maxWorkers: 3 }).options, signal);
    assert.equal(most, 3);
  });

  it("lets a scanner that throws, hangs, floods or answers garbage harm only itself", async () => {
    const { options, lines } = givenOptions({ timeoutMs: 150 });
    let slowSignal: AbortSignal | undefined;
    const found = await runScanners(
      [
        scanner("sound", () => Promise.resolve([candidate("AAPL")])),
        scanner("slow_scanner", (_state, tools) => {
          slowSignal = tools.signal;
          return new Promise(() => {});
        }),
        scanner("broken_scanner", () => {
          throw new Error("HTTP 500 error");
        }),
        scanner("tired_source", () => Promise.reject(new TradingError("circuit-open", "x has failed 10 times in a row", { data: { failedStatus: 500 } }))),
        scanner("flood", () => Promise.resolve(Array.from({ length: 20_000 }, () => candidate("AAPL")))),
        scanner("not_finite", () => Promise.resolve([candidate("AAPL", Number.NaN)])),
        scanner("not_a_symbol", () => Promise.resolve([candidate("; rm -rf")])),
        scanner("nothing", () => Promise.resolve(undefined as never)),
      ],
      options,
      signal,
    );
    assert.deepEqual(
      found.map(({ run }) => run.status),
      ["ok", "timeout", "error", "error", "error", "error", "error", "error"],
    );
    assert.match(found[4]?.run.error ?? "", /20000 candidates, at most 500/);
    assert.match(found[5]?.run.error ?? "", /candidate 1: score/);
    assert.match(found[6]?.run.error ?? "", /symbol is not a symbol/);
    assert.match(found[7]?.run.error ?? "", /answered nothing/);
    assert.equal(slowSignal?.aborted, true, "the deadline ends the scanner's signal");
    assert.equal(lines[0], "Running 8 scanners concurrently (max 8 workers)...");
    assert.ok(lines.includes("✓ sound: 1 candidate"));
    assert.ok(lines.includes("⏱️ slow_scanner: timeout after 0.15s"));
    assert.ok(lines.includes("⚠️ broken_scanner: HTTP 500 error"));
    assert.ok(lines.includes("⚠️ tired_source: HTTP 500 error"), "the last status of a source that is left alone for a while");
  });

  it("counts each deadline from the scanner's own start", async () => {
    const wait = (name: string) =>
      scanner(name, async () => {
        await new Promise((done) => setTimeout(done, 120));
        return [];
      });
    const found = await runScanners([wait("a"), wait("b"), wait("c")], givenOptions({ concurrent: false, timeoutMs: 300 }).options, signal);
    assert.deepEqual(
      found.map(({ run }) => run.status),
      ["ok", "ok", "ok"],
    ); // 360 ms in all, more than the 300 of each
  });

  it("gives each scanner a frozen state and bars that it may spoil for itself alone", async () => {
    const vandal = scanner("vandal", async (state, tools) => {
      assert.throws(() => (state.universe as string[]).push("X"), TypeError);
      assert.throws(() => {
        (state as { asOf: number }).asOf = 0;
      }, TypeError);
      (await tools.bars(["AAPL"], { timeframe: "1Day", limit: 5 })).get("AAPL")?.close.fill(0);
      return [];
    });
    const honest = scanner("honest", async (_state, tools) => {
      const close = (await tools.bars(["AAPL"], { timeframe: "1Day", limit: 5 })).get("AAPL")?.close;
      assert.ok(close?.every((price) => price > 0));
      return [];
    });
    const data = simulatedMarketData();
    const found = await runScanners([vandal, honest], givenOptions({ concurrent: false }, data).options, signal);
    assert.deepEqual(
      found.map(({ run }) => [run.status, run.error]),
      [
        ["ok", null],
        ["ok", null],
      ],
    );
    assert.equal(data.calls.get("bars"), 1, "equal calls of one scan reach the source once");
  });

  it("ends a stopped scanner's request to its source", async () => {
    const server: Server = createServer(() => {}); // never answers
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
      const data = simulatedMarketData(async (_tool, own) => {
        await fetch(address, { signal: own });
      });
      const closed = once(server, "request").then(([, response]) => once(response as NodeJS.EventEmitter, "close"));
      const [found] = await runScanners(
        [
          scanner("slow", async (_state, tools) => {
            await tools.movers(5);
            return [];
          }),
        ],
        givenOptions({ timeoutMs: 200 }, data).options,
        signal,
      );
      assert.equal(found?.run.status, "timeout");
      await closed;
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("skips a scanner whose needs are not met and says how to meet them", async () => {
    const { options, lines } = givenOptions();
    const [found] = await runScanners([scanner("insider_buying", () => Promise.resolve([]), ["key:FINNHUB_API_KEY"])], options, signal);
    assert.equal(found?.run.status, "skipped");
    assert.match(found?.run.error ?? "", /no FINNHUB_API_KEY: get one at https:\/\/finnhub/);
    assert.equal(lines[1], "⏭️ insider_buying: skipped (no FINNHUB_API_KEY)");
  });

  it("opens the circuit after three failures in a row and lets one trial through later", async () => {
    const clock = new ManualClock(AS_OF);
    const { options, lines } = givenOptions({ breaker: new Breaker(clock) });
    let runs = 0;
    let isWell = false;
    const moody = scanner("x", () => {
      runs++;
      return isWell ? Promise.resolve([]) : Promise.reject(new TradingError("http", "bad", { data: { status: 503 } }));
    });
    const status = async () => (await runScanners([moody], options, signal))[0]?.run.status;
    assert.deepEqual([await status(), await status(), await status(), await status()], ["error", "error", "error", "open-circuit"]);
    assert.equal(runs, 3);
    assert.ok(lines.includes("⚠️ x: HTTP 503 error"));
    assert.match(lines.at(-1) ?? "", /^⛔ x: circuit open until \d\d:\d\d$/);
    clock.advance(OPEN_MS);
    assert.equal(await status(), "error"); // the trial
    assert.equal(await status(), "open-circuit");
    clock.advance(OPEN_MS);
    isWell = true;
    assert.deepEqual([await status(), await status()], ["ok", "ok"]);
  });

  it("stops at once when the scan is cancelled and counts no failure for it", async () => {
    const cancel = new AbortController();
    const clock = new ManualClock(AS_OF);
    const breaker = new Breaker(clock);
    const hang = scanner("hang", () => {
      cancel.abort(new TradingError("interrupted", "Ctrl-C", { kind: "interrupted" }));
      return new Promise(() => {});
    });
    for (let i = 0; i < 4; i++) await assert.rejects(runScanners([hang], givenOptions({ breaker }).options, cancel.signal), /Ctrl-C/);
    assert.deepEqual(breaker.state("hang"), { state: "closed", failures: 0, openUntil: null });
  });
});

describe("mergeCandidates", () => {
  it("raises the score of a symbol that several scanners found and says what is new", () => {
    const merged = mergeCandidates(
      [
        { scanner: "a", candidates: [candidate("AAPL", 0.5), candidate("MSFT", 0.6)] },
        { scanner: "b", candidates: [candidate("AAPL", 50), candidate("TSLA", 100)] },
      ],
      new Set(["MSFT"]),
    );
    assert.deepEqual(
      merged.map(({ symbol, score, new: isNew }) => [symbol, score, isNew]),
      [
        ["TSLA", 1, true],
        ["AAPL", 0.75, true],
        ["MSFT", 0.6, false],
      ],
    );
    assert.deepEqual(
      merged[1]?.reasons.map((reason) => reason.scanner),
      ["a", "b"],
    );
  });

  it("lets no reason and no error steer the terminal", async () => {
    assert.equal(parseCandidates([{ ...candidate("A"), reason: "\u001b[2Jred\u0007" }])[0]?.reason, "�[2Jred�");
    const { options, lines } = givenOptions();
    await runScanners([scanner("rude", () => Promise.reject(new Error("\u001b[2Jgone\nmore")))], options, signal);
    assert.equal(lines[1], "⚠️ rude: �[2Jgone");
  });

  it("keeps the better of two candidates for one symbol", () => {
    assert.deepEqual(parseCandidates([candidate("A", 1), candidate("A", 3), candidate("A", 2)]), [candidate("A", 3)]);
  });
});
