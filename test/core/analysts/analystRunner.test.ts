import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { childEnv } from "../../../src/core/base/childEnv.ts";
import { ManualClock } from "../../../src/core/base/clock.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { silentLog } from "../../../src/core/base/log.ts";
import { createAnalysts } from "../../../src/core/analysts/analystRunner.ts";
import { traceJson } from "../../../src/core/domain/trace.ts";
import type { MarketData } from "../../../src/core/domain/ports.ts";
import type { Analysis } from "../../../src/core/domain/research.ts";
import { SIMULATED_UNIVERSE } from "../../../src/core/domain/simulatedUniverse.ts";
import { AS_OF, simulatedMarketData } from "../simulatedMarketData.ts";

const signal = new AbortController().signal;

function givenAnalysts(data: MarketData = simulatedMarketData(), clock = new ManualClock(AS_OF)) {
  return createAnalysts({ data, provider: "rules", selected: ["market", "technical", "news"], log: silentLog, clock });
}

/** What must not depend on timing. */
function judged({ opinions, durationMs: _durationMs, cache: _cache, ...decision }: Analysis) {
  return {
    ...decision,
    opinions: opinions.map(({ analyst, stance, confidence, text, tools }) => ({
      analyst,
      stance,
      confidence,
      text,
      tools: tools.map(({ name }) => name).sort(),
    })),
  };
}

describe("createAnalysts", () => {
  it("makes one decision of three opinions, the same each time", async () => {
    const first = await givenAnalysts().analyze("AAPL", {}, signal);
    const again = await givenAnalysts().analyze("aapl", {}, signal);
    assert.deepEqual(judged(again), judged(first));
    assert.deepEqual(
      first.opinions.map(({ analyst }) => analyst),
      ["market", "technical", "news"],
    );
    assert.equal(first.simulated, true);
    assert.deepEqual(first.missing, []);
    assert.ok(["BUY", "HOLD", "SELL"].includes(first.action));
    assert.ok(first.reasons.length >= 4);
  });

  it("sets stop and target around the price so that the stop costs at most 1 % of equity", async () => {
    const analysts = givenAnalysts();
    const all = [];
    for (const symbol of SIMULATED_UNIVERSE.slice(0, 24).map((stock) => stock.symbol)) all.push(await analysts.analyze(symbol, {}, signal));
    const sided = all.filter(({ action }) => action !== "HOLD");
    assert.ok(sided.length > 0 && new Set(all.map(({ action }) => action)).size > 1, "the rules take different sides");
    for (const { action, size, stop, target } of all) {
      if (action === "HOLD") assert.deepEqual([size, stop, target], [0, null, null]);
      else {
        assert.ok(size > 0 && size <= 0.1);
        assert.ok(action === "BUY" ? (stop as number) < (target as number) : (stop as number) > (target as number));
        const [low, high] = [Math.min(stop as number, target as number), Math.max(stop as number, target as number)];
        const price = action === "BUY" ? low + ((high - low) * 2) / 5 : high - ((high - low) * 2) / 5;
        assert.ok((size * Math.abs(price - (stop as number))) / price <= 0.0101);
      }
    }
  });

  it("starts all analysts before any of them has its data", async () => {
    const waiting: Array<() => void> = [];
    const data = simulatedMarketData(async (tool) => {
      if (tool === "bars" || tool === "quotes") return; // read before the analysts start: is the symbol known, and what time is it there
      await new Promise<void>((done) => waiting.push(done));
    });
    const lines: string[] = [];
    const analysis = givenAnalysts(data).analyze(
      "AAPL",
      {
        onLine: (line) => {
          lines.push(line);
          if (lines.length === 3)
            setImmediate(() => {
              for (const go of waiting) go();
            });
        },
      },
      signal,
    );
    const { opinions } = await analysis;
    assert.deepEqual(
      lines.slice(0, 3).map((line) => line.replace(/: .*/, "")),
      ["⏱️ market START", "⏱️ technical START", "⏱️ news START"],
    );
    assert.match(lines[3] ?? "", /^⏱️ \w+ END: \d{4}-\d\d-\d\dT[\d:.]+Z \(duration: \d+\.\d{3}s\)$/);
    assert.match(lines.at(-1) ?? "", /^Total execution time: \d+\.\d{3}s$/);
    const tools = opinions.find(({ analyst }) => analyst === "market")?.tools ?? [];
    assert.equal(tools.length, 4);
    assert.ok(
      Math.max(...tools.map(({ startMs }) => startMs)) <= Math.min(...tools.filter(({ cached }) => !cached).map(({ endMs }) => endMs)),
      "tool calls of one analyst overlap",
    );
  });

  it("shares tool answers between analysts and analyses until they are old", async () => {
    const clock = new ManualClock(AS_OF);
    const data = simulatedMarketData();
    const analysts = givenAnalysts(data, clock);
    const first = await analysts.analyze("AAPL", {}, signal);
    const second = await analysts.analyze("AAPL", {}, signal);
    assert.equal(data.calls.get("bars"), 1);
    assert.deepEqual([first.cache.misses, second.cache], [5, { hits: 9, misses: 0 }]);
    clock.advance(61_000);
    await analysts.analyze("AAPL", {}, signal);
    assert.equal(data.calls.get("bars"), 2);
  });

  it("goes on without a tool that fails and names it", async () => {
    const data = simulatedMarketData((tool) => (tool === "news" ? Promise.reject(new TradingError("http", "HTTP 500 error")) : Promise.resolve()));
    const analysis = await givenAnalysts(data).analyze("AAPL", {}, signal);
    assert.deepEqual(analysis.missing, ["news"]);
    const news = analysis.opinions.find(({ analyst }) => analyst === "news");
    assert.deepEqual([news?.stance, news?.confidence, news?.tools[0]?.error], ["neutral", 0, "HTTP 500 error"]);
    assert.ok((analysis.opinions.find(({ analyst }) => analyst === "market")?.confidence ?? 0) > 0);
  });

  it("holds when every tool fails", async () => {
    const analysis = await givenAnalysts(simulatedMarketData(() => Promise.reject(new Error("no network")))).analyze("AAPL", {}, signal);
    assert.deepEqual([analysis.action, analysis.confidence, analysis.size, analysis.stop], ["HOLD", 0, 0, null]);
    assert.deepEqual(analysis.missing, ["bars", "mostActive", "movers", "news", "quote"]);
  });

  it("names the nearest analyst and symbol for unknown ones", async () => {
    const analysts = givenAnalysts();
    await assert.rejects(analysts.analyze("AAPL", { analysts: ["tecnical"] }, signal), { kind: "usage", hint: "Did you mean technical?" });
    await assert.rejects(analysts.analyze("APPL", {}, signal), { kind: "usage", code: "unknown-symbol", hint: "Did you mean AAPL?" });
    await assert.rejects(analysts.analyze("not a symbol", {}, signal), { kind: "usage", code: "bad-symbol" });
    await assert.rejects(analysts.analyze("AAPL", { analysts: ["social"] }, signal), { kind: "usage", code: "not-yet" });
  });

  it("stops when it is cancelled, and its requests with it", async () => {
    const cancel = new AbortController();
    let sourceSignal: AbortSignal | undefined;
    const data = simulatedMarketData(async (tool, own) => {
      if (tool !== "movers") return;
      sourceSignal = own;
      setImmediate(() => cancel.abort(new TradingError("interrupted", "Ctrl-C", { kind: "interrupted" })));
      await new Promise(() => {});
    });
    await assert.rejects(givenAnalysts(data).analyze("AAPL", {}, cancel.signal), /Ctrl-C/);
    assert.equal(sourceSignal?.aborted, true);
  });

  it("sends nothing to LangSmith because of environment variables alone", async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests++;
      response.end("{}");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const names = ["LANGSMITH", "LANGCHAIN"].flatMap((prefix) => [
        [`${prefix}_TRACING`, "true"],
        [`${prefix}_TRACING_V2`, "true"],
        [`${prefix}_API_KEY`, "lsv2_test"],
        [`${prefix}_ENDPOINT`, address],
        [`${prefix}_PROJECT`, "desk"],
        [`${prefix}_TRACING_BACKGROUND`, "false"],
      ]);
      const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("analyzeOnce.ts", import.meta.url))], {
        env: childEnv({ ...Object.fromEntries(names), LANGCHAIN_VERBOSE: "true" }),
      });
      assert.match(stdout, /^(BUY|HOLD|SELL)\n$/, "nor prints anything where the answer goes");
      assert.equal(requests, 0);
    } finally {
      server.close();
    }
  });
});

describe("traceJson", () => {
  it("is one tree of spans, tools below analysts below the analysis", async () => {
    const analysis = await givenAnalysts().analyze("AAPL", {}, signal);
    const spans = traceJson(analysis, AS_OF).resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
    assert.equal(spans.length, 1 + 3 + analysis.opinions.reduce((sum, { tools }) => sum + tools.length, 0));
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    assert.equal(byId.size, spans.length);
    assert.deepEqual(
      spans.filter(({ parentSpanId }) => parentSpanId === "").map(({ name }) => name),
      ["analyze AAPL"],
    );
    for (const span of spans) {
      assert.match(span.traceId, /^[0-9a-f]{32}$/);
      assert.match(span.spanId, /^[0-9a-f]{16}$/);
      assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
      const parent = byId.get(span.parentSpanId);
      if (parent !== undefined)
        assert.ok(BigInt(span.startTimeUnixNano) >= BigInt(parent.startTimeUnixNano) && BigInt(span.endTimeUnixNano) <= BigInt(parent.endTimeUnixNano) + 1000n);
    }
  });
});
