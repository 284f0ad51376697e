/** Against the real compute process, with strategy files that misbehave. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createBacktester } from "../../../src/core/backtest/backtester.ts";
import { logTo } from "../../../src/core/base/log.ts";
import type { BacktestRequest, BatchItem } from "../../../src/core/domain/backtest.ts";
import { sliceBars } from "../../../src/core/domain/bars.ts";
import type { Backtester } from "../../../src/core/domain/ports.ts";
import { request, sp500 } from "./givenBars.ts";

const FILES = {
  "good.ts": `import { defineStrategy } from "quantdesk";
export default defineStrategy({ name: "good", params: { fast: { default: 10 }, slow: { default: 20 } },
  onBar(ctx: { crossedAbove(a: string, b: string): boolean; crossedBelow(a: string, b: string): boolean; buy(): void; sell(): void }) {
    if (ctx.crossedAbove("fast", "slow")) ctx.buy();
    if (ctx.crossedBelow("fast", "slow")) ctx.sell();
  } });`,
  "plain.js": `import { defineStrategy, sma } from "quantdesk";
export default defineStrategy({ name: "plain", params: {}, signals: ({ close, crossOver, crossUnder }) => ({ entries: crossOver(sma(close, 10), sma(close, 20)), exits: crossUnder(sma(close, 10), sma(close, 20)) }) });`,
  "endless.ts": `export default { name: "endless", params: {}, signals() { while (true) {} } };`,
  "endlessImport.ts": `while (true) {}\nexport default {};`,
  "exit.ts": `export default { name: "exit", params: {}, signals() { process.exit(3); } };`,
  "kill.ts": `export default { name: "kill", params: {}, signals() { process.kill(process.pid, "SIGKILL"); while (true) {} } };`,
  "interrupt.ts": `export default { name: "interrupt", params: {}, onBar(bar: { index: number }) { if (bar.index === 0) process.kill(process.pid, "SIGINT"); } };`,
  "talks.ts": `export default { name: "talks", params: {}, onBar(bar: { index: number }) { console.log("bar " + bar.index); } };`,
  "throws.ts": `export default { name: "throws", params: {},\n  onBar(bar: { index: number }) {\n    if (bar.index === 7) throw new RangeError("at seven");\n  } };`,
  "syntax.ts": `const a = 1;\n\nexport default { name: ; };`,
  "syntax.js": `const a = 1;\n\nexport default { name: ; };`,
  "moods.ts": `export default { name: "moods", params: { mood: { default: 0 } }, onBar(_bar: object, { mood }: { mood: number }) { if (mood === 1) while (true) {} if (mood === 2) process.exit(3); if (mood === 3) throw new Error("a bad mood"); } };`,
  "noDefault.ts": `export const strategy = {};`,
  "noName.ts": `export default { params: {}, onBar() {} };`,
  "asyncBar.ts": `export default { name: "asyncBar", params: {}, async onBar() { throw new Error("too late to be seen"); } };`,
  "asyncSignals.ts": `export default { name: "asyncSignals", params: {}, async signals() { return {}; } };`,
  "control.ts": `export default { name: "\\u001b[31mred", params: {}, onBar() {} };`,
  "bareParameter.ts": `export default { name: "bareParameter", params: { fast: 5 }, onBar() {} };`,
  "oddNames.ts": `export default { name: "oddNames", params: { toString: { default: 2 }, constructor: { default: 3 } }, onBar() {} };`,
  "writes.ts": `export default { name: "writes", params: {}, signals({ close, length }: { close: Float64Array; length: number }) { close.fill(1); return { entries: new Int8Array(length), exits: new Int8Array(length) }; } };`,
  "pollutes.js": `export default { name: "pollutes", params: {}, onBar() { Object.prototype.polluted = "x"; } };`,
  "hijacks.js": `export default { name: "hijacks", params: {}, onBar() { Array.prototype.map = () => { throw new Error("hijacked"); }; } };`,
  "replaces.js": `export default { name: "replaces", params: {}, onBar() { Float64Array.prototype.fill = () => {}; Object.getPrototypeOf(Float64Array).prototype.fill = () => {}; globalThis.Int8Array = class {}; Math.max = () => 7; } };`,
  "sees.js": `export default { name: "sees", params: {}, onBar() { if ("polluted" in {} || Math.max(1, 2) !== 2 || [1].map((v) => v)[0] !== 1 || new Float64Array(1).fill(2)[0] !== 2) throw new Error("changed"); } };`,
  "keeps.js": `let seen; export default { name: "keeps", params: {}, signals({ close, length }) { seen ??= Float64Array.from(close); return { entries: Array.from(close, (value, t) => seen[t + 1] > value), exits: Array.from(close, (value, t) => !(seen[t + 1] > value)) }; } };`,
  "keepsGlobal.js": `export default { name: "keepsGlobal", params: {}, signals({ close }) { const seen = (globalThis.seen ??= Float64Array.from(close)); return { entries: Array.from(close, (value, t) => seen[t + 1] > value), exits: Array.from(close, (value, t) => !(seen[t + 1] > value)) }; } };`,
  "setsUp.js": `globalThis.above = (close, t) => close[t] > (close[t - 1] ?? Infinity);\nexport default { name: "setsUp", params: {}, signals({ close }) { return { entries: Array.from(close, (_v, t) => globalThis.above(close, t)), exits: Array.from(close, (_v, t) => !globalThis.above(close, t)) }; } };`,
  "environment.ts": `export default { name: "environment", params: {}, signals() { throw new Error(Object.keys(process.env).filter((name) => /KEY|SECRET|TOKEN/.test(name)).join() || "nothing secret"); } };`,
  "buffers.ts": `export default { name: "buffers", params: {}, signals() { const kept: object[] = []; for (;;) { kept.push(new Float64Array(1_000_000).fill(1)); const until = performance.now() + 5; while (performance.now() < until); } } };`,
  "memory.ts": `export default { name: "memory", params: {}, signals() { const kept: object[] = []; for (;;) kept.push(new Array(1_000_000).fill(0.5)); } };`,
} as const;

describe("The backtester", () => {
  const signal = new AbortController().signal;
  let folder: string;
  let backtester: Backtester;
  const lines: string[] = [];

  const builtin = (name: string, change: Partial<BacktestRequest> = {}) => request({ name, ...change });
  const file = (name: keyof typeof FILES, change: Partial<BacktestRequest> = {}) =>
    request({ strategy: { kind: "file", path: join(folder, name) }, ...change });
  const failure = async (name: keyof typeof FILES) => (await backtester.batch([file(name)], {}, signal)).results[0]?.error ?? { code: "none", message: "" };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantdesk-backtester-"));
    for (const [name, text] of Object.entries(FILES)) await writeFile(join(folder, name), text);
    backtester = createBacktester({ workers: 2, timeoutMs: 10_000, log: logTo((level, line) => lines.push(`${level} ${line}`)) });
    backtester.register("bars", sp500());
  });

  after(async () => {
    await backtester.close();
    await rm(folder, { recursive: true });
  });

  it("runs a built-in strategy", async () => {
    const result = await backtester.run(builtin("sma_cross"), signal);
    assert.equal(result.schema, "quantdesk.backtest/1");
    assert.equal(result.engine, "vector");
    assert.equal(result.dataset.bars, 5105);
  });

  it("runs a strategy file in TypeScript or JavaScript that imports from quantdesk, with the built-in's result", async () => {
    const expected = await backtester.run(builtin("sma_cross"), signal);
    for (const name of ["good.ts", "plain.js"] as const) {
      const { trades, stats, engine } = await backtester.run(file(name), signal);
      assert.deepEqual(trades, expected.trades);
      assert.deepEqual(stats, expected.stats);
      assert.equal(engine, name === "good.ts" ? "event" : "vector");
    }
  });

  it("sees a change of a strategy file at the next run, and in its hash", async () => {
    const path = join(folder, "changing.ts");
    const text = (bar: number) =>
      `export default { name: "changing", params: {}, onBar(b: { index: number; buy(): void }) { if (b.index === ${bar}) b.buy(); } };`;
    const run = () => backtester.run(request({ strategy: { kind: "file", path } }), signal);
    await writeFile(path, text(3));
    const first = await run();
    await writeFile(path, text(8));
    const second = await run();
    assert.deepEqual([first.trades[0]?.entryIndex, second.trades[0]?.entryIndex], [4, 9]);
    assert.notEqual(first.runHash, second.runHash);
  });

  it("sees a change of what a strategy file imports, and in its hash", async () => {
    for (const ending of ["ts", "js", "mjs"]) {
      const path = join(folder, `asks-${ending}.ts`);
      const helper = join(folder, `helper-${ending}.${ending}`);
      await writeFile(
        path,
        `import { at } from "./helper-${ending}.${ending}";\nexport default { name: "asks", params: {}, onBar(b: { index: number; buy(): void }) { if (b.index === at) b.buy(); } };`,
      );
      const run = () => backtester.run(request({ strategy: { kind: "file", path } }), signal);
      await writeFile(helper, "export const at = 3;");
      const first = await run();
      await writeFile(helper, "export const at = 8;");
      const second = await run();
      assert.deepEqual([first.trades[0]?.entryIndex, second.trades[0]?.entryIndex], [4, 9], ending);
      assert.notEqual(first.runHash, second.runHash);
    }
  });

  it("carries what is odd about the bars into the result, and how they were adjusted into its hash", async () => {
    const { info, series } = sp500();
    const warnings = ["1 gap: 3 bars are missing."];
    const hashes = [];
    for (const change of [{}, { adjustment: "split" }, { asOf: "2024-01-02" }, { timeZone: "America/New_York" }]) {
      backtester.register("odd", { info: { ...info, ...change }, series: { ...series, symbol: JSON.stringify(change) }, warnings });
      const result = await backtester.run(builtin("buy_and_hold", { data: "odd" }), signal);
      assert.deepEqual(result.warnings, warnings);
      hashes.push(result.runHash);
    }
    assert.equal(new Set(hashes).size, 4);
  });

  it("answers a batch of different requests in their order, whatever becomes of each", async () => {
    const seen: BatchItem[] = [];
    const requests = [
      builtin("sma_cross"),
      builtin("no_such"),
      builtin("sma_cross", { params: { fasst: 3 } }),
      file("throws.ts"),
      builtin("breakout"),
      builtin("sma_cross", { data: "nothing" }),
    ];
    const batch = await backtester.batch(requests, { onItem: (item) => seen.push(item) }, signal);
    assert.deepEqual(
      batch.results.map((item) => item.index),
      [0, 1, 2, 3, 4, 5],
    );
    assert.deepEqual(
      batch.results.map((item) => item.error?.code ?? item.status),
      ["ok", "unknown-strategy", "unknown-parameter", "strategy-error", "ok", "unknown-data"],
    );
    assert.equal(seen.length, 6);
    assert.deepEqual([batch.run, batch.succeeded, batch.failed, batch.timedOut, batch.cancelled, batch.workers], [6, 2, 4, 0, 0, 2]);
    assert.ok(batch.successRate > 0.33 && batch.successRate < 0.34);
    assert.ok(batch.avgMs !== null && batch.medianMs !== null && batch.p95Ms !== null && batch.medianMs <= batch.p95Ms);
  });

  it("answers hundreds of short runs each for itself, a wrong request or a crash among them", async () => {
    const short = (i: number) => builtin("sma_cross", { data: "few", params: { fast: 2 + (i % 5), slow: 10 } });
    backtester.register("few", { ...sp500(), series: sliceBars(sp500().series, 0, 60) });
    const odd: Record<number, BacktestRequest> = { 120: builtin("no_such"), 150: file("kill.ts"), 200: builtin("sma_cross", { params: { fast: -1 } }) };
    const requests = Array.from({ length: 300 }, (_value, i) => odd[i] ?? short(i));
    const seen: number[] = [];
    const { results, succeeded } = await backtester.batch(requests, { onItem: ({ index }) => seen.push(index) }, signal);
    assert.deepEqual(
      results.map(({ index }) => index),
      requests.map((_request, i) => i),
    );
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      results.map(({ index }) => index),
      "each is told once",
    );
    assert.equal(succeeded, 297);
    assert.deepEqual(
      [120, 150, 200].map((i) => results[i]?.error?.code),
      ["unknown-strategy", "strategy-crashed", "bad-parameter"],
    );
    const alone = await backtester.run(short(3), signal);
    for (const i of [3, 123, 298]) assert.deepEqual({ ...results[i]?.result, durationMs: 0 }, { ...alone, durationMs: 0 });
  });

  it("answers hundreds of short runs of a user's strategy each for itself, though one hangs, one ends its worker, and one throws", async () => {
    backtester.register("few", { ...sp500(), series: sliceBars(sp500().series, 0, 60) });
    const moods: Record<number, number> = { 100: 1, 140: 2, 180: 3 };
    const requests = Array.from({ length: 250 }, (_value, i) => file("moods.ts", { data: "few", params: { mood: moods[i] ?? 0 } }));
    const before = backtester.load().ended;
    const seen: number[] = [];
    const { results, succeeded } = await backtester.batch(requests, { timeoutMs: 2000, onItem: ({ index }) => seen.push(index) }, signal);
    assert.equal(succeeded, 247);
    assert.deepEqual(
      [...seen].sort((a, b) => a - b),
      requests.map((_request, i) => i),
      "each is told once",
    );
    assert.deepEqual(
      [100, 140, 180].map((i) => [results[i]?.status, results[i]?.error?.code]),
      [
        ["timeout", "timeout"],
        ["error", "strategy-exited"],
        ["error", "strategy-error"],
      ],
    );
    assert.match(results[180]?.error?.message ?? "", /moods\.ts:1: onBar\(\) at bar 0 failed: Error: a bad mood/);
    const { ok, error, timeout } = backtester.load().ended;
    assert.deepEqual([ok - before.ok, error - before.error, timeout - before.timeout], [247, 2, 1]);
  });

  it("ends a strategy that never returns at its deadline, and the others are done", async () => {
    const batch = await backtester.batch([file("endless.ts"), builtin("sma_cross"), file("endlessImport.ts"), builtin("breakout")], { timeoutMs: 400 }, signal);
    assert.deepEqual(
      batch.results.map((item) => item.status),
      ["timeout", "ok", "timeout", "ok"],
    );
    assert.match(batch.results[0]?.error?.message ?? "", /endless\.ts: timeout after 0\.4s/);
    assert.equal(batch.timedOut, 2);
  });

  it("loses only the item that ends its worker or its process, and names it", async () => {
    const batch = await backtester.batch(
      [builtin("sma_cross"), file("kill.ts"), file("good.ts"), file("exit.ts"), builtin("breakout"), builtin("rsi_reversion")],
      { workers: 4 },
      signal,
    );
    assert.deepEqual(
      batch.results.map((item) => item.error?.code ?? item.status),
      ["ok", "strategy-crashed", "ok", "strategy-exited", "ok", "ok"],
    );
    assert.match(batch.results[1]?.error?.message ?? "", /kill\.ts took the compute process down \(SIGKILL\)/);
    assert.equal((await backtester.run(builtin("sma_cross"), signal)).trades.length > 0, true);
  });

  it("goes on when Ctrl-C reaches the compute process, since the session decides what that means", async () => {
    const batch = await backtester.batch([file("interrupt.ts"), builtin("sma_cross")], {}, signal);
    assert.deepEqual(
      batch.results.map((item) => item.status),
      ["ok", "ok"],
    );
  });

  it("names the strategy that crashed it when it ran alone", async () => {
    await assert.rejects(backtester.run(file("kill.ts"), signal), { code: "strategy-crashed" });
  });

  it("names file and line of what is wrong in a strategy file", async () => {
    assert.deepEqual((await failure("syntax.ts")).code, "bad-strategy-file");
    assert.match((await failure("syntax.ts")).message, /syntax\.ts:3 could not be loaded: SyntaxError/);
    assert.match((await failure("syntax.js")).message, /syntax\.js:3 could not be loaded: SyntaxError/);
    assert.match((await failure("noDefault.ts")).message, /noDefault\.ts:1 has no default export/);
    assert.match((await failure("noName.ts")).message, /its default export is no strategy: name/);
    assert.match((await failure("throws.ts")).message, /throws\.ts:3: onBar\(\) at bar 7 failed: RangeError: at seven/);
    const missing = await backtester.batch([request({ strategy: { kind: "file", path: join(folder, "nowhere.ts") } })], {}, signal);
    assert.match(missing.results[0]?.error?.message ?? "", /nowhere\.ts cannot be read \(ENOENT\)/);
  });

  it("refuses a strategy file that is a device or a folder, instead of waiting for its end", async () => {
    const device = process.platform === "win32" ? folder : "/dev/zero";
    const batch = await backtester.batch([request({ strategy: { kind: "file", path: device } })], { workers: 8 }, signal);
    assert.match(batch.results[0]?.error?.message ?? "", /cannot be read \(no file, but a folder or a device\)/);
    assert.equal(batch.workers, 1, "as many as ran");
  });

  it("refuses a strategy whose methods answer promises, instead of losing its orders and errors", async () => {
    assert.match((await failure("asyncBar.ts")).message, /asyncBar\.ts: onBar\(\) answers a promise.*Take the word async away/);
    assert.match((await failure("asyncSignals.ts")).message, /asyncSignals\.ts: signals\(\) answers a promise/);
  });

  it("says what a name and a parameter must be like", async () => {
    assert.match((await failure("control.ts")).message, /name must not hold control characters/);
    assert.match((await failure("bareParameter.ts")).message, /params\.fast must be like \{ default: 10 \}/);
  });

  it("takes parameters with any name at their word", async () => {
    const result = await backtester.run(file("oddNames.ts", { params: { constructor: 7 } as never }), signal);
    assert.deepEqual(Object.entries(result.params), [
      ["toString", 2],
      ["constructor", 7],
    ]);
  });

  it("keeps the shared bars safe from a strategy that writes into its own", async () => {
    const expected = await backtester.run(builtin("buy_and_hold"), signal);
    await backtester.run(file("writes.ts"), signal);
    assert.deepEqual((await backtester.run(builtin("buy_and_hold"), signal)).stats, expected.stats);
  });

  it("finds a strategy that keeps the whole series from its first run and looks ahead in it", async () => {
    backtester.register("brief", { ...sp500(), series: sliceBars(sp500().series, 0, 200) });
    const checked = { data: "brief", checkLookAhead: true };
    const { results } = await backtester.batch(
      [file("keeps.js", checked), file("good.ts", checked), file("keepsGlobal.js", checked), file("setsUp.js", checked), file("setsUp.js")],
      {},
      signal,
    );
    assert.equal(results[0]?.error?.code, "look-ahead");
    assert.match(results[0]?.error?.message ?? "", /keeps\.js looks ahead: its (?:entries|exits) at bar \d+ /);
    assert.equal(results[1]?.status, "ok");
    assert.match(results[2]?.error?.message ?? "", /keepsGlobal\.js looks ahead: its (?:entries|exits) at bar \d+ /);
    // What a file has set up on the global object is there again for the next run.
    assert.deepEqual([results[3]?.status, results[4]?.status], ["ok", "ok"], JSON.stringify([results[3]?.error, results[4]?.error]));
  });

  it("lets no strategy change the language for those that come after it", async () => {
    const changed = (["pollutes.js", "hijacks.js", "replaces.js"] as const).map((name) => file(name));
    const requests = changed.flatMap((one) => [one, file("sees.js"), builtin("sma_cross", { engine: "event" }), builtin("bollinger")]);
    const { results } = await backtester.batch(requests, { workers: 1 }, signal);
    assert.deepEqual(
      results.filter(({ index, status }) => index % 4 !== 0 && status !== "ok").map(({ index, error }) => [index, error?.message]),
      [],
    );
  });

  it("puts what a strategy prints into the log, and not without end", async () => {
    await backtester.run(file("talks.ts"), signal);
    assert.ok(lines.includes("debug compute: bar 0"));
    const printed = lines.filter((line) => line.startsWith("debug compute: bar "));
    assert.ok(printed.length > 0 && printed.length <= 2000, `${printed.length} lines`);
  });

  it("gives a strategy no secret in its environment", async () => {
    process.env["APCA_API_SECRET_KEY"] = "not for strategies";
    const own = createBacktester({ workers: 1, timeoutMs: 10_000, log: logTo(() => {}) });
    try {
      own.register("bars", sp500());
      await assert.rejects(own.run(file("environment.ts"), signal), /nothing secret/);
    } finally {
      delete process.env["APCA_API_SECRET_KEY"];
      await own.close();
    }
  });

  it("keeps what is done when a batch is cancelled", async () => {
    const stop = new AbortController();
    const requests = [builtin("sma_cross"), file("endless.ts"), file("endless.ts"), builtin("breakout"), builtin("breakout")];
    const batch = await backtester.batch(requests, { onItem: () => stop.abort() }, stop.signal);
    assert.equal(batch.results[0]?.status, "ok");
    assert.equal(batch.results[1]?.status, "cancelled");
    assert.equal(batch.succeeded + batch.cancelled, 5);
    assert.equal(batch.run, batch.succeeded);
  });

  it("rejects a single run at once when it is cancelled", async () => {
    const stop = new AbortController();
    const running = backtester.run(file("endless.ts"), stop.signal);
    setImmediate(() => stop.abort());
    await assert.rejects(running);
  });

  it("gives the same result, byte for byte but for the duration, in every process", async () => {
    const other = createBacktester({ workers: 1, timeoutMs: 10_000, log: logTo(() => {}) });
    try {
      other.register("bars", sp500());
      const [a, b] = await Promise.all([
        backtester.run(builtin("breakout", { withEquity: true }), signal),
        other.run(builtin("breakout", { withEquity: true }), signal),
      ]);
      assert.equal(JSON.stringify({ ...a, durationMs: 0 }), JSON.stringify({ ...b, durationMs: 0 }));
      assert.match(a.runHash, /^[0-9a-f]{64}$/);
      assert.deepEqual(other.load(), { workers: 1, running: 0, waiting: 0, ended: { ok: 1, error: 0, timeout: 0 } });
    } finally {
      await other.close();
    }
  });

  it("does one short run of a built-in without a compute process where it may, with the same result", async () => {
    const children = () => process.getActiveResourcesInfo().filter((resource) => resource === "ProcessWrap").length;
    const own = createBacktester({ workers: 1, timeoutMs: 10_000, smallRunsHere: true, log: logTo(() => {}) });
    try {
      own.register("bars", sp500());
      const before = children();
      const here = await own.run(builtin("breakout"), signal);
      assert.equal(children(), before);
      await assert.rejects(own.run(builtin("breakout", { cash: -1 }), signal), { code: "bad-request" });
      assert.equal((await own.run(file("good.ts"), signal)).strategy, "good", "a user's file never runs here");
      assert.equal(children(), before + 1);
      assert.deepEqual({ ...here, durationMs: 0 }, { ...(await backtester.run(builtin("breakout"), signal)), durationMs: 0 });
    } finally {
      await own.close();
    }
  });

  it("refuses a number of workers or a time that makes no sense", async () => {
    await assert.rejects(backtester.batch([], { workers: 65 }, signal), { code: "bad-workers", kind: "usage" });
    await assert.rejects(backtester.batch([], { timeoutMs: 0 }, signal), { code: "bad-timeout", kind: "usage" });
  });

  it("stops only the worker whose strategy eats its memory", async function () {
    this.timeout(60_000);
    const batch = await backtester.batch([file("memory.ts"), builtin("sma_cross")], { timeoutMs: 40_000, workers: 1 }, signal);
    assert.deepEqual(
      batch.results.map((item) => item.error?.code ?? item.status),
      ["strategy-out-of-memory", "ok"],
    );
  });

  it("ends a strategy whose buffers outgrow the process, and runs the others", async () => {
    const own = createBacktester({ workers: 2, timeoutMs: 15_000, memoryMb: 500, log: logTo(() => {}) });
    try {
      own.register("bars", sp500());
      const batch = await own.batch([file("buffers.ts"), builtin("sma_cross"), builtin("breakout")], {}, signal);
      assert.deepEqual(
        batch.results.map((item) => item.error?.code ?? item.status),
        ["strategy-out-of-memory", "ok", "ok"],
      );
    } finally {
      await own.close();
    }
  });

  it("leaves no process behind, and takes no work after its end", async () => {
    const own = createBacktester({ workers: 1, timeoutMs: 10_000, log: logTo(() => {}) });
    own.register("bars", sp500());
    const endless = own.run(file("endless.ts"), signal);
    const ended = assert.rejects(endless, { kind: "interrupted" });
    await new Promise((resolve) => setImmediate(resolve));
    await own.close();
    await ended;
    await assert.rejects(own.run(builtin("sma_cross"), signal));
    await own.close();
  });
});
