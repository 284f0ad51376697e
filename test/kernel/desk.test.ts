import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSession, type Session } from "../../src/core/session.ts";
import { createDeskHandlers } from "../../src/kernel/deskHandlers.ts";
import { runNotebook } from "../../src/kernel/runNotebook.ts";
import type { Output } from "../../src/kernel/host.ts";
import { formOf, TestNotebook } from "./notebook.ts";

describe("desk in a cell, on the embedded exchange", () => {
  let home: string;
  let session: Session;
  let notebook: TestNotebook;
  const signal = new AbortController().signal;

  before(async function () {
    this.timeout(60_000);
    home = await mkdtemp(join(tmpdir(), "quantdesk-desk-"));
    session = await openSession({ home, front: "test", ownExchange: true, seed: 7 });
    notebook = await TestNotebook.open({ desk: createDeskHandlers(session, { notebook: "book.ipynb" }) });
    assert.equal((await notebook.run("await desk.connect()")).outcome.status, "ok");
  });
  after(async () => {
    await notebook?.close();
    await session?.close();
    await rm(home, { recursive: true, force: true });
  });

  it("buys shares, waits for its fill and draws it", async () => {
    const ran = await notebook.run('const bought = await desk.buy("AAPL", { qty: 2 });\nbought', { cellId: "buy" });
    assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
    assert.match(ran.shown ?? "", /^Bought 2 AAPL at [\d.]+ SIMULATED/);
    assert.equal((await notebook.run("[bought.status, bought.repeated, typeof bought.filledAvgPrice]")).shown, "[ 'filled', false, 'string' ]");
  });

  it("places no second order when the cell is run again, unless asked to", async () => {
    const count = async () => (await session.broker.getOrders({ status: "all", limit: 500 }, signal)).length;
    const before = await count();
    const again = await notebook.run('const repeated = await desk.buy("AAPL", { qty: "2" });\nrepeated', { cellId: "buy" });
    assert.equal(again.outcome.status, "ok", JSON.stringify(again.outcome));
    assert.match(again.shown ?? "", /no second one was sent/);
    assert.equal(await count(), before);
    const wanted = await notebook.run('await desk.buy("AAPL", { qty: 2, again: true })', { cellId: "buy" });
    assert.equal(wanted.outcome.status, "ok", JSON.stringify(wanted.outcome));
    assert.equal(await count(), before + 1);
  });

  it("tells orders of one cell apart by their key", async () => {
    const count = async () => (await session.broker.getOrders({ status: "all", limit: 500 }, signal)).length;
    const before = await count();
    for (const key of ["first", "second", "first"]) await notebook.run(`await desk.buy("MSFT", { qty: 1, key: "${key}" })`, { cellId: "keys" });
    assert.equal(await count(), before + 2);
  });

  it("previews an order and sends nothing", async () => {
    const count = async () => (await session.broker.getOrders({ status: "all", limit: 500 }, signal)).length;
    const before = await count();
    const ran = await notebook.run('await desk.preview("buy", "AAPL", { qty: 3, why: "run:3f9c a look" })');
    assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
    assert.match(ran.shown ?? "", /^Buy 3 AAPL at about \$[\d.]+ SIMULATED\nNothing was sent[\s\S]*One order[\s\S]*no run 3f9c/);
    assert.equal(await count(), before);
  });

  it("replaces an order and closes half a position, once, however often the cells are run", async () => {
    const count = async () => (await session.broker.getOrders({ status: "all", limit: 500 }, signal)).length;
    const held = async () => (await session.broker.getPosition("MSFT", signal))?.qty.toFixed();
    const cells = [
      'const low = (await desk.price("GOOG")).bid * 0.95;\nconst resting = await desk.buy("GOOG", { qty: 1, limit: low.toFixed(2), tif: "gtc", key: "resting" });',
      "const changed = await desk.replace(resting.id, { qty: 2 });\n[changed.qty, changed.repeated]",
      'const half = await desk.closePosition("MSFT", { percent: 50 });\n[half.side, half.status, half.repeated]',
    ];
    const runAll = async () => {
      const shown = [];
      for (const [i, code] of cells.entries()) {
        const ran = await notebook.run(code, { cellId: `all-${i}` });
        assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
        shown.push(ran.shown);
      }
      return shown;
    };
    const first = await runAll();
    assert.deepEqual(first.slice(1), ["[ '2', false ]", "[ 'sell', 'filled', false ]"]);
    const [orders, left] = [await count(), await held()];
    const second = await runAll();
    assert.deepEqual(second.slice(1), ["[ '2', true ]", "[ 'sell', 'filled', true ]"]);
    assert.deepEqual([await count(), await held()], [orders, left]);
    await session.broker.cancelAll(signal);
  });

  it("tightens limits and stops trading; loosening limits is the person's", async () => {
    const ran = async (code: string) => (await notebook.run(code)).outcome;
    assert.equal((await ran('await desk.limits({ maxOrderValue: 900, why: "a test" })')).status, "ok");
    const loosened = await ran("await desk.limits({ maxOrderValue: 5000 })");
    assert.match(loosened.status === "error" ? loosened.error.message : "", /tighten a limit, not loosen maxOrderValue/);
    const large = await ran('await desk.buy("MSFT", { qty: 100 })');
    assert.equal(large.status === "error" ? large.error.code : "", "over-limit");
    await session.setLimits(null, { origin: "test" }, signal);
    assert.equal((await notebook.run('(await desk.killSwitch("on")).on')).shown, "true");
    const stopped = await ran('await desk.buy("MSFT", { qty: 1, again: true })');
    assert.equal(stopped.status === "error" ? stopped.error.code : "", "kill-switch");
    const allowed = await ran('await (desk as any).killSwitch("off")');
    assert.match(allowed.status === "error" ? allowed.error.message : "", /not allow it again/);
    await session.setKillSwitch("off", { origin: "test" }, signal);
    const audit = await session.store.audit(null, { limit: 50 }, signal);
    assert.ok(audit.some((row) => row.what === "limits" && row.origin.startsWith("cell:book.ipynb#") && row.why === "a test"));
    for (const [cell, said] of [
      ["desk.limits()", /^Limits of PA\w+\. SIMULATED\nLimit +Holds[\s\S]*One order +\$/],
      ['desk.killSwitch("status")', /^Trading is allowed for PA\w+\. SIMULATED$/],
      ["desk.alarms()", /^No alarms\.$/],
      ["desk.audit({ limit: 5 })", /^\d entries of the audit log, newest first\.\nWhen +Who +What +Order +Why\n/],
    ] as const)
      assert.match((await notebook.run(`await ${cell}`)).shown ?? "", said);
    const told = await notebook.run('(await desk.audit({ limit: 50 })).find(({ why }) => why === "a test")?.what');
    assert.equal(told.shown, "'limits'");
  });

  it("refuses to sell more than is held, at the cell's line", async () => {
    const { outcome } = await notebook.run('\nawait desk.sell("AAPL", { qty: 5000 })');
    assert.equal(outcome.status, "error");
    assert.match(outcome.status === "error" ? outcome.error.stack : "", /Cell \d+:2:12/);
    assert.ok(outcome.status === "error" && outcome.error.code !== undefined);
  });

  const check = (what: string, code: string, expected: RegExp): void => {
    it(what, async () => {
      const ran = await notebook.run(code);
      assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
      assert.match(ran.shown ?? "", expected);
    });
  };
  check("shows the account", "await desk.account()", /^Account \S+ SIMULATED\nEquity/);
  check("shows positions", "await desk.positions()", /AAPL/);
  check("shows the portfolio", "await desk.portfolio()", /^\d positions? worth/);
  check("tells and sets the provider", 'await desk.setProvider("rules")', /provider: 'rules'/);
  check("shows orders", 'await desk.orders({ status: "all" })', /buy 2 AAPL market/);
  check("shows a price", 'await desk.price("aapl")', /^AAPL: [\d.]+ bid, [\d.]+ ask/);
  check("loads bars", '(await desk.bars("AAPL", { timeframe: "1Day", limit: 30 })).length', /^30$/);
  check(
    "runs a backtest with honest costs",
    'const tested = await desk.backtest({ data: "sample:simulated", strategy: "sma_cross", params: { fast: 5, slow: 20 } }); [tested.costs.feeRate, tested.costs.slippageBps, tested.equity.length > 100, tested.simulated]',
    /^\[ 0\.001, 5, true, true \]$/,
  );
  check(
    "knows every cost, and the look-ahead guard",
    'const dear = await desk.backtest({ data: "sample:simulated", strategy: "sma_cross", from: "2023-01-01", leverage: 2, feePerShare: 0.01, checkLookAhead: true }); [dear.engine, dear.trades[0].maePct >= 0, dear.stats.beta !== null]',
    /^\[ 'event', true, true \]$/,
  );
  check(
    "runs a batch of backtests",
    'await desk.backtests([{ data: "sample:simulated", strategy: "buy_and_hold" }, { data: "sample:simulated", strategy: "no_such" }])',
    /1 of 2 backtests succeeded/,
  );
  const sweep = '{ data: "sample:simulated", strategy: "sma_cross", grid: "fast=5:20:5,slow=30:60:10" }';
  check(
    "sweeps, and says what the best is worth",
    `await desk.sweep(${sweep})`,
    /^sma_cross on sample:simulated: 16 of 16 combinations succeeded[\s\S]*what chance gives[\s\S]*Parameters +Sharpe/,
  );
  check(
    "gives the columns of a sweep and its honest costs",
    `const swept = await desk.sweep(${sweep}); [swept.columns.sharpe.length, swept.columns.names, swept.costs.feeRate]`,
    /^\[ 16, \[ 'fast', 'slow' \], 0\.001 \]$/,
  );
  check(
    "shows how far a sweep is",
    `const seen: number[] = [];\nlet best: unknown;\nfor await (const { done, combinations, result } of desk.sweep(${sweep})) {\n  seen.push(done / combinations);\n  best = result?.best[0]?.params;\n}\n[seen.at(-1), seen.every((share, i) => i === 0 || share >= seen[i - 1]!), best !== undefined]`,
    /^\[ 1, true, true \]$/,
  );
  check(
    "keeps what a sweep has done when its loop is left",
    `const long = desk.sweep({ ...${sweep}, grid: "fast=2:200,slow=201:800", engine: "event" });\nfor await (const _ of long) break;\nconst kept = await long;\n[kept.run > 0, kept.cancelled > 0, kept.run + kept.cancelled === kept.combinations]`,
    /^\[ true, true, true \]$/,
  );
  check(
    "walks forward",
    `await desk.walkForward({ ...${sweep}, train: "250", test: "125" })`,
    /^sma_cross on sample:simulated, walk forward\. \d+ test windows after \d+ backtests in training/,
  );
  check("reads features", 'await desk.getTickerFeatures("AAPL")', /^AAPL: features of the last of \d+ bars SIMULATED/);
  check(
    "reads indicators beside the standard features",
    '[typeof (await desk.getTickerFeatures("AAPL", { indicators: ["rsi(21)"] }))["rsi(21)"], (await desk.computeFeatures("AAPL", { indicators: ["adx"] })).columns["adx(14).adx"]?.length !== 0]',
    /^\[ 'number', true \]$/,
  );
  check("reads a signal", 'await desk.generateTickerSignal("AAPL")', /^AAPL: (buy|sell|hold), strength \d+ % SIMULATED/);
  check("reads the signals of a list", 'await desk.generateSignalsForWatchlist(["AAPL", "MSFT"])', /^2 symbols: \d buy, \d sell, \d hold SIMULATED/);
  check("scans", "await desk.scan()", /candidates?, \d+ new; \d+ of \d+ scanners? finished/);
  check(
    "runs a scanner of the cell in a process of its own, beside those asked for",
    `import { defineScanner } from "quantdesk";
const mine = defineScanner({
  name: "mine", pipeline: "cell", needs: ["bars"], thresholds: { count: 2 },
  async scan(state, tools) {
    const { sma } = await import("quantdesk");
    const bars = await tools.bars(state.universe.slice(0, state.settings.count), { timeframe: "1Day", limit: 30 });
    return [...bars].map(([symbol, { close }]) => ({ symbol, score: 1, reason: "above zero", value: sma(close, 5).at(-1)! }));
  },
});
const scanned = await desk.scan({ scanners: ["most_active"], own: mine, timeoutSeconds: 20 });
scanned.scanners.map(({ name, status, candidates, error }) => [name, status, candidates, error].join(" "))`,
    /^\[ 'most_active ok \d+ ', 'mine ok 2 ' \]$/,
  );
  check("analyzes", 'await desk.analyze("AAPL")', /^(BUY|HOLD|SELL) AAPL, confidence/);

  /** Untyped code gets past the checker and is refused at the session's door. */
  const refuses = (what: string, code: string, expected: RegExp): void => {
    it(what, async () => {
      const { outcome } = await notebook.run(`const loose: any = desk; ${code}`);
      assert.equal(outcome.status, "error");
      assert.match(outcome.status === "error" ? `${outcome.error.message} ${outcome.error.hint}` : "", expected);
    });
  };
  refuses("names an option that is not there", 'await loose.buy("AAPL", { quantity: 1 })', /desk\.buy knows no option "quantity"/);
  refuses(
    "names what a scanner of the cell captures",
    'const least = 3; await loose.scan({ own: { name: "mine", pipeline: "p", needs: [], scan: async () => [{ symbol: "AAPL", score: least, reason: "" }] } })',
    /The function uses least/,
  );
  refuses("names the nearest option", 'await loose.buy("AAPL", { qty: 1, limti: 3 })', /Did you mean limit\?/);
  refuses("names an argument of the wrong kind", "await loose.price(5)", /desk\.price: argument 1 is 5, not string/);
  refuses("refuses money that is no number", 'await loose.buy("AAPL", { qty: "$5" })', /not a plain decimal/);
  refuses("wants a quantity", 'await loose.buy("AAPL", {})', /exactly one of qty and notional/);
  refuses("names the nearest strategy", 'await loose.backtest({ data: "sample:simulated", strategy: "sma_cros" })', /sma_cross/);

  it("shows how far a sweep is that is only awaited, and how far it came when it is stopped", async () => {
    const told = (output: Output): string => (output.kind === "display" || output.kind === "update" ? formOf(output.data, "text/plain") : "");
    const isMoving = notebook.until((output) => /^Sweep: .*\d of 119,400/.test(told(output)));
    const running = notebook.run(`await desk.sweep({ ...${sweep}, grid: "fast=2:200,slow=201:800", engine: "event" })`);
    await isMoving;
    await notebook.kernel.interrupt();
    const { outputs } = await running;
    const last = outputs.map(told).findLast((text) => text.startsWith("Sweep")) ?? "";
    assert.match(last, /interrupted at [\d,]+ of 119,400 after/);
    assert.doesNotMatch(last, /after 0/); // the second before the bar came counts
  });

  it("runs a strategy that the cell defines, in backtests, sweeps and walk-forward", async () => {
    await notebook.run(`import { defineStrategy } from "quantdesk";
const calm = defineStrategy({
  name: "calm_trend",
  params: { period: { default: 50, min: 2, max: 300, integer: true } },
  signals({ close, sma, crossOver, crossUnder }, { period }) {
    const trend = sma(close, period);
    return { entries: crossOver(close, trend), exits: crossUnder(close, trend) };
  },
});`);
    const ran = await notebook.run(`
const data = "sample:simulated";
const one = await desk.backtest({ data, strategy: calm, params: { period: 100 }, checkLookAhead: true });
const two = await desk.backtests([{ data, strategy: calm, params: { period: 100 } }, { data, strategy: "buy_and_hold" }]);
const swept = await desk.sweep({ data, strategy: calm, grid: "period=50|100" });
const walked = await desk.walkForward({ data, strategy: calm, grid: "period=50|100", train: "8y", test: "4y" });
[one.strategy, one.params.period, one.trades.length > 0, two.results[0]?.result?.stats.totalReturnPct === one.stats.totalReturnPct, swept.succeeded, walked.windows.length].join(" ")`);
    assert.equal(ran.outcome.status, "ok", JSON.stringify(ran.outcome));
    assert.equal(ran.shown, "'calm_trend 100 true true 2 3'");
  });

  it("names a strategy of the cell, and no file, where it fails", async () => {
    await notebook.run(`const data2 = "sample:simulated";
const bad = defineStrategy({ name: "falls_over", params: {}, signals() { throw new Error("no such luck"); } });`);
    const alone = await notebook.run("await desk.backtest({ data: data2, strategy: bad })");
    assert.match(alone.outcome.status === "error" ? alone.outcome.error.message : "", /^The strategy falls_over.*no such luck/);
    const batch = await notebook.run("const failed = await desk.backtests([{ data: data2, strategy: bad }]); failed.results[0]?.error?.message");
    assert.match(batch.shown ?? "", /^'The strategy falls_over.*no such luck/);
  });

  for (const [what, code] of [
    ["a backtest", 'await desk.backtest({ data: "sample:simulated", strategy: "nope" })'],
    ["a list of backtests", "await desk.backtests([])"],
    ["a sweep", 'await desk.sweep({ data: "sample:simulated", strategy: "nope", grid: "fast=1:2:1" })'],
    ["a scan", 'await desk.scan({ scanners: ["nope"] })'],
    ["a scanner that cannot be sent", 'await desk.scan({ own: { name: "mine", pipeline: "p", needs: [], scan: async () => outside } })'],
  ] as const)
    it(`says at the cell's own line why ${what} is refused`, async () => {
      const { outcome } = await notebook.run(`const outside = 1;\n\n${code}`);
      assert.match(outcome.status === "error" ? outcome.error.stack : "", /\n {4}at Cell \d+:3:\d+/, JSON.stringify(outcome));
    });

  it("refuses a strategy of the cell that captures a variable, by name", async () => {
    const ran = await notebook.run(`const days = 10;
await desk.backtest({ data: "sample:simulated", strategy: defineStrategy({ name: "captures", params: {}, signals: ({ close, sma, crossOver }) => ({ entries: crossOver(close, sma(close, days)), exits: [] }) }) })`);
    assert.match(
      ran.outcome.status === "error" ? ran.outcome.error.message : "",
      /^The strategy captures: The function uses days, which it does not define itself/,
    );
  });

  it("tells what goes on changing now and then, and its end", async function () {
    this.timeout(60_000);
    const file = join(home, "bar.ipynb");
    const source = "for (const n of display.progress(Array.from({ length: 30 }))) await new Promise((done) => setTimeout(done, 20));";
    await writeFile(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ cell_type: "code", metadata: {}, outputs: [], source }] }));
    const told: string[] = [];
    await runNotebook(file, { session, log: session.log, timeoutMs: 50_000, onText: (text) => told.push(text) }, signal);
    assert.ok(told.length <= 3, told.join(""));
    assert.match(told.at(-1) ?? "", /^30 of 30 in /);
  });

  it("stops a notebook at the first cell that fails", async function () {
    this.timeout(60_000);
    const file = join(home, "fails.ipynb");
    const code = (source: string) => ({ cell_type: "code", execution_count: null, metadata: {}, outputs: [], source });
    await writeFile(file, JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [code("1"), code("const n: number = 'x'"), code("2")] }));
    const result = await runNotebook(file, { session, log: session.log, timeoutMs: 50_000 }, signal);
    assert.deepEqual(
      result.cells.map((cell) => cell.status),
      ["ok", "type-error", "not-run"],
    );
    assert.equal(result.ok, false);
    assert.match(result.cells[1]?.error?.message ?? "", /^1:7 Type 'string' is not assignable/);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")).cells[0].outputs, []);
  });

  it("ends a notebook that runs out of time, and says so", async function () {
    this.timeout(60_000);
    const file = join(home, "slow.ipynb");
    await writeFile(
      file,
      JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ cell_type: "code", metadata: {}, outputs: [], source: "while (true) {}" }] }),
    );
    const result = await runNotebook(file, { session, log: session.log, timeoutMs: 4000 }, signal);
    assert.deepEqual(
      result.cells.map((cell) => [cell.status, cell.error?.message]),
      [["timeout", "timeout after 4s"]],
    );
  });

  it("says what is wrong with a file that is no notebook", async () => {
    const file = join(home, "bad.ipynb");
    await writeFile(file, '{"nbformat": 3}');
    await assert.rejects(runNotebook(file, { session, log: session.log, timeoutMs: 5000 }, signal), /is no notebook of format 4: nbformat is 3/);
    await assert.rejects(runNotebook(join(home, "none.ipynb"), { session, log: session.log, timeoutMs: 5000 }, signal), /it is not there/);
  });
});
