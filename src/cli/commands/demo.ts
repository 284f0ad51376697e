/** quantdesk demo: the main job, from a scan to a filled order, on the embedded exchange. `npm start` runs it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { Big } from "../../core/base/decimal.ts";
import { isClone } from "../../core/base/entry.ts";
import { writeWhole } from "../../core/base/files.ts";
import { TradingError } from "../../core/base/errors.ts";
import { withDeadline } from "../../core/base/scope.ts";
import type { BacktestResult } from "../../core/domain/backtest.ts";
import type { Order, Quote } from "../../core/domain/orders.ts";
import type { Analysis } from "../../core/domain/research.ts";
import type { BacktestSpec, Session } from "../../core/session.ts";
import { withSession, type CommonFlags, type Context } from "../context.ts";
import { duration, fixed, money, paramsText, percent } from "../format.ts";
import { table } from "../io.ts";
import { plainAccount } from "../../core/domain/plain.ts";
import { outputFolder, someSymbols, wholeNumber } from "../parse.ts";
import { neverLive } from "../flags.ts";
import { progressBar } from "../progress.ts";

interface DemoFlags extends CommonFlags {
  readonly symbols?: readonly string[];
  readonly data?: string;
  readonly seed: number;
  readonly out?: string;
}

const JUDGED = 3;
const FILL_WITHIN_MS = 20_000;

export function addDemoCommand(program: Command, context: Context): void {
  neverLive(program.command("demo").description("Scan, analyze, backtest in parallel, place a bracket order, report: all on the SIMULATED exchange."))
    .option("--symbols <a,b>", "judge these instead of the best candidates", someSymbols("--symbols", "Write it like AAPL,MSFT, or leave the flag out."))
    .option("--data <ref>", "prices for the backtests: FILE.csv, sample:sp500 or sample:simulated")
    .option("--seed <n>", "seed of the simulated market", wholeNumber("--seed", 0), 7)
    .option("--out <dir>", "where the report goes", outputFolder("--out"))
    .action(async (flags: DemoFlags) => {
      const home = await mkdtemp(join(tmpdir(), "quantdesk-demo-"));
      try {
        await withSession(context, { ...flags, home }, (session) => demo(context, session, flags), {
          front: "demo",
          seed: flags.seed,
          ownExchange: true,
          overrides: [
            { key: "broker.mode", value: "embedded", source: "flag" },
            { key: "analysts.provider", value: "rules", source: "flag" },
          ],
        });
      } finally {
        await rm(home, { recursive: true, force: true, maxRetries: 3 });
      }
    });
}

async function demo(context: Context, session: Session, flags: DemoFlags): Promise<void> {
  const { io, signal } = context;
  const started = performance.now();
  const out = outputFolder("--out")(flags.out ?? "quantdesk-report");
  const head = (title: string) => io.say(`\n${io.style("bold", title)}`);

  const data = flags.data ?? (isClone() ? "sample:sp500" : "sample:simulated");
  await session.dataset(data, {}, signal); // a wrong --data is said before anything is done

  head("1. Connect");
  const account = await session.connect(signal);
  io.say(`${io.style("bold", "SIMULATED")} paper exchange, account ${account.accountNumber}, equity ${money(account.equity)}`);

  head("2. Scan");
  const scan = await session.scan({ onLine: (line) => io.say(line) }, signal);
  if (scan.candidates.length > 0)
    io.say(
      table(
        ["Symbol", "Score", "Why"],
        scan.candidates.slice(0, 5).map((c) => [c.symbol, fixed(c.score), c.reasons.map((r) => r.text).join("; ")]),
      ),
    );

  head("3. Analyze");
  const symbols = flags.symbols ?? scan.candidates.slice(0, JUDGED).map((candidate) => candidate.symbol);
  const decisions = await Promise.all(symbols.map((name) => session.analyze(name, {}, signal)));
  for (const d of decisions)
    io.say(
      `${d.symbol}: ${io.style("bold", d.action)}, confidence ${Math.round(d.confidence * 100)} % (${d.opinions.map((o) => `${o.analyst} ${o.stance}`).join(", ")}) in ${duration(d.durationMs)}`,
    );

  head("4. Backtest");
  const specs = variants(data);
  const bar = progressBar(io, "Backtests", specs.length);
  const batch = await session.backtests(specs, { onItem: () => bar.step() }, signal).finally(() => bar.stop());
  signal.throwIfAborted();
  const results = batch.results.flatMap((item) => (item.result === undefined ? [] : [item.result])).sort(bySharpe);
  const [best] = results;
  if (best === undefined) throw new TradingError("no-backtest", `No backtest on ${data} succeeded: ${batch.results[0]?.error?.message ?? "none was run"}`);
  io.say(
    `${batch.succeeded} of ${batch.run} backtests on ${best.dataset.name} (${best.dataset.bars} bars) in ${duration(batch.durationMs)} with ${batch.workers} workers; fee ${best.costs.feeRate * 100} %, slippage ${best.costs.slippageBps} bps`,
  );
  io.say(
    table(
      ["#", "Strategy", "Parameters", "Sharpe", "Return", "Worst fall", "Trades"],
      results
        .slice(0, 10)
        .map((r, i) => [
          String(i + 1),
          r.strategy,
          paramsText(r.params),
          fixed(r.stats.sharpe),
          percent(r.stats.totalReturnPct),
          percent(-r.stats.maxDrawdownPct),
          String(r.stats.trades),
        ]),
    ),
  );

  head("5. Trade");
  const { order, note } = await bracketOrder(
    session,
    pick(
      decisions,
      scan.candidates.map((c) => c.symbol),
    ),
    signal,
  );
  io.say(note);

  head("6. Report");
  const report = resolve(out, "report.html");
  await writeWhole(report, await session.report(data, best, { leaderboard: results.slice(0, 10), order, spec: { data, strategy: best.strategy } }, signal));
  io.say(`Report: ${report}`);
  const after = await session.broker.getAccount(signal);
  const lag = session.status().lag;
  const durationMs = Math.round(performance.now() - started);
  io.say(`\nDone in ${duration(durationMs)}; loop lag P99 ${fixed(lag.p99)} ms. Simulated results, not investment advice.`);
  if (flags.json === true) {
    io.json({
      schema: "quantdesk.demo/1",
      exchange: { mode: "embedded", simulated: true, account: account.accountNumber, seed: flags.seed },
      candidates: scan.candidates,
      decisions,
      backtests: { run: batch.run, succeeded: batch.succeeded, failed: batch.failed, timedOut: batch.timedOut },
      best: { strategy: best.strategy, params: best.params, dataset: best.dataset, stats: best.stats, runHash: best.runHash },
      order: {
        id: order.id,
        clientOrderId: order.clientOrderId,
        symbol: order.symbol,
        status: order.status,
        filledAvgPrice: order.filledAvgPrice?.toFixed() ?? null,
      },
      account: plainAccount(after),
      loopLagMs: { p50: lag.p50, p95: lag.p95, p99: lag.p99, max: lag.max },
      report,
      durationMs,
    });
  }
}

/** About sixty variants of the built-in strategies, with the honest default costs. */
function variants(data: string): readonly BacktestSpec[] {
  const specs: BacktestSpec[] = [{ data, strategy: "buy_and_hold", equity: true }];
  for (const fast of [5, 10, 20, 35, 50])
    for (const slow of [20, 50, 100, 150, 200]) if (fast < slow) specs.push({ data, strategy: "sma_cross", params: { fast, slow }, equity: true });
  for (const period of [7, 14, 21])
    for (const low of [20, 25, 30, 35]) specs.push({ data, strategy: "rsi_reversion", params: { period, low, high: 100 - low }, equity: true });
  for (const entry of [10, 20, 40, 55, 100])
    for (const exit of [5, 10, 20, 40]) if (exit < entry) specs.push({ data, strategy: "breakout", params: { entry, exit }, equity: true });
  return specs;
}

function bySharpe(a: BacktestResult, b: BacktestResult): number {
  return (b.stats.sharpe ?? Number.NEGATIVE_INFINITY) - (a.stats.sharpe ?? Number.NEGATIVE_INFINITY);
}

/** The symbol that the analysts like best; without one, the first candidate. */
function pick(decisions: readonly Analysis[], candidates: readonly string[]): string {
  const liked = decisions.filter((d) => d.action === "BUY").sort((a, b) => b.confidence - a.confidence);
  const symbol = liked[0]?.symbol ?? decisions[0]?.symbol ?? candidates[0];
  if (symbol === undefined) throw new TradingError("no-candidate", "No scanner found a candidate to trade.", { hint: "Name one with --symbols." });
  return symbol;
}

/** Buys with a take-profit 4 % above and a stop 2 % below, and waits for the fill that the stream tells. */
async function bracketOrder(session: Session, symbol: string, signal: AbortSignal): Promise<{ readonly order: Order; readonly note: string }> {
  const quote: Quote = await session.broker.getCurrentPrice(symbol, signal);
  const qty = Math.max(1, Math.floor(2000 / quote.ask));
  const cents = (price: number) => new Big(price.toFixed(2));
  const placed = await session.placeOrder(
    {
      symbol,
      side: "buy",
      type: "market",
      timeInForce: "gtc",
      qty: new Big(qty),
      orderClass: "bracket",
      takeProfit: { limitPrice: cents(quote.ask * 1.04) },
      stopLoss: { stopPrice: cents(quote.ask * 0.98) },
      origin: "demo",
    },
    signal,
  );
  if (!placed.placed) throw new TradingError(placed.code, placed.message, { kind: "refused", hint: placed.hint });
  const order = await withDeadline("The fill of the bracket order", FILL_WITHIN_MS, signal, (inner) => session.broker.waitForEnd(placed.order.id, inner));
  const note = `Bracket order ${order.clientOrderId}: bought ${order.filledQty.toFixed()} ${symbol} at ${money(order.filledAvgPrice)} (${order.status}), take profit ${money(quote.ask * 1.04)}, stop ${money(quote.ask * 0.98)}`;
  return { order, note };
}
