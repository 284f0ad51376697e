import assert from "node:assert/strict";
import { renderReport } from "../../../src/core/backtest/report.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { monthlyReturns } from "../../../src/core/backtest/report/monthly.ts";
import { reportData } from "../../../src/core/backtest/report/chartData.ts";
import { change, dollars, plain } from "../../../src/core/backtest/report/format.ts";
import type { BacktestRequest, BacktestResult } from "../../../src/core/domain/backtest.ts";
import { request, sp500 } from "./givenBars.ts";

describe("The report", () => {
  const data = sp500();
  const run = (name: string, change: Partial<BacktestRequest> = {}): BacktestResult =>
    runBacktest(request({ name, withEquity: true, ...change }), { definition: findStrategy(name), hash: "" }, data);

  it("is one page that loads nothing", () => {
    const html = renderReport(run("sma_cross"), data.series);
    assert.ok(html.startsWith("<!doctype html>"));
    assert.match(html, /default-src 'none'/);
    assert.doesNotMatch(html, /<(?:script|img|link|iframe)[^>]+(?:src|href)=/);
    assert.match(html, /TradingView Lightweight Charts/);
  });

  it("says what became of the money, what it cost, and that slippage is missing, in words", () => {
    const html = renderReport(run("sma_cross", { costs: { feeRate: 0.001, slippageBps: 0 } }), data.series);
    assert.match(html, /\$10,000 became <b>\$[\d,]+<\/b>/);
    assert.match(html, /10\u00a0bps fee, <b class="none">slippage: none<\/b>/);
    assert.match(html, /Simulated results, not investment advice/);
  });

  it("is marked SIMULATED when the prices are", () => {
    assert.match(renderReport({ ...run("sma_cross"), simulated: true }, data.series), /<span class="chip">SIMULATED<\/span>/);
  });

  it("is the same for the same result, whatever the time and the duration", () => {
    const result = run("breakout");
    assert.equal(renderReport({ ...result, durationMs: 1 }, data.series), renderReport({ ...result, durationMs: 2 }, data.series));
  });

  it("escapes names that come from files", () => {
    const result = run("sma_cross");
    const html = renderReport({ ...result, strategy: "<img src=x>", dataset: { ...result.dataset, name: "</script><b>" } }, data.series);
    assert.doesNotMatch(html, /<img src=x>|<\/script><b>/);
  });

  it("counts the same equity from the trades when the result has none", () => {
    for (const sizing of [{ kind: "all-in" }, { kind: "percent", percent: 30 }] as const) {
      const { equity, ...without } = run("sma_cross", { costs: { feeRate: 0.001, slippageBps: 5 }, sizing });
      const counted = reportData(without, data.series).equity;
      equity?.forEach(([, value], t) => assert.ok(Math.abs((counted[t] as number) / value - 1) < 1e-9, `bar ${t}: ${counted[t]} and ${value}`));
    }
  });

  it("draws the bars that the run used, when it used a part", () => {
    const from = Date.UTC(2010, 0, 1);
    const part = reportData(run("sma_cross", { from }), data.series);
    assert.ok((part.bars.time[0] as number) >= from);
    assert.equal(part.bars.time.length, part.equity.length);
  });

  it("ranks other runs by Sharpe ratio", () => {
    const html = renderReport(run("sma_cross"), data.series, { leaderboard: [run("rsi_reversion"), run("buy_and_hold"), run("sma_cross")] });
    const board = /Leaderboard by Sharpe ratio[\s\S]*?<\/table>/.exec(html)?.[0] ?? "";
    const sharpes = [...board.matchAll(/(\u2212?\d+\.\d\d) <small>/g)].map(([, text]) => Number((text as string).replace("\u2212", "-")));
    assert.equal(sharpes.length, 3);
    assert.deepEqual(
      sharpes,
      [...sharpes].sort((a, b) => b - a),
    );
  });

  it("stands without any trade", () => {
    assert.match(renderReport(run("sma_cross", { params: { fast: 4000, slow: 5000 } }), data.series), /There were none/);
  });
});

describe("Monthly returns", () => {
  it("multiply to the return of the year", () => {
    const time = Float64Array.of(Date.UTC(2020, 0, 15), Date.UTC(2020, 0, 31), Date.UTC(2020, 1, 28), Date.UTC(2021, 0, 29));
    const { years } = monthlyReturns(Float64Array.of(100, 110, 121, 60.5), time, 100);
    assert.deepEqual(
      years.map((row) => [row.year, row.months.filter((value) => value !== null).map((value) => Math.round(value)), Math.round(row.total)]),
      [
        [2020, [10, 10], 21],
        [2021, [-50], -50],
      ],
    );
  });
});

describe("Numbers in reports", () => {
  it("have a true minus, a plus on changes, and no sign at zero", () => {
    assert.deepEqual(
      [plain(-1.234, 2), plain(-0.001, 2), change(12.34), change(-0.01), change(0), dollars(-1234.5, 2), plain(null, 2)],
      ["\u22121.23", "0.00", "+12.3\u00a0%", "0.0\u00a0%", "0.0\u00a0%", "\u2212$1,234.50", "\u2013"],
    );
  });
});
