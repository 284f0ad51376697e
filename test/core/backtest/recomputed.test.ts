/** The statistics once more, out of nothing but a result's own trades and equity, by the formulas of docs/backtests.md. */
import assert from "node:assert/strict";
import type { BacktestRequest, BacktestResult } from "../../../src/core/domain/backtest.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { request, sp500 } from "./givenBars.ts";

const DAY = 86_400_000;
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const deviation = (values: readonly number[]) => Math.sqrt(sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1));

function recomputed({ equity = [], trades, stats }: BacktestResult, { cash, riskFree, costs }: BacktestRequest, prices: readonly number[]) {
  const slip = costs.slippageBps / 10_000;
  const values = equity.map(([, value]) => value);
  const times = equity.map(([time]) => Date.parse(time));
  const last = values.at(-1) as number;
  const periods = stats.periodsPerYear;
  const excess = values.slice(1).map((value, i) => value / (values[i] as number) - 1 - riskFree / periods);
  const market = prices.slice(1).map((price, i) => price / (prices[i] as number) - 1 - riskFree / periods);
  const beta =
    mean(excess.map((r, i) => (r - mean(excess)) * ((market[i] as number) - mean(market)))) / ((deviation(market) ** 2 * (market.length - 1)) / market.length);
  const peaks = values.map((_value, i) => Math.max(...values.slice(0, i + 1)));
  const falls = values.map((value, i) => 1 - value / (peaks[i] as number));
  // Of each bar: days since the last bar at its peak.
  const under = values.map((_value, i) => ((times[i] as number) - (times[values.lastIndexOf(peaks[i] as number, i)] as number)) / DAY);
  // A time under water ends with the bar that reaches the peak again.
  const healed = values.map((value, i) =>
    i > 0 && (values[i - 1] as number) < (peaks[i - 1] as number) && value >= (peaks[i - 1] as number)
      ? ((times[i] as number) - (times[values.lastIndexOf(peaks[i - 1] as number, i - 1)] as number)) / DAY
      : 0,
  );
  const years = ((times.at(-1) as number) - (times[0] as number)) / (365.25 * DAY);
  const cagrPct = ((last / cash) ** (1 / years) - 1) * 100;
  const pnl = trades.map((trade) => trade.pnl);
  const pct = trades.map((trade) => (trade.pnl / (trade.size * trade.entryPrice)) * 100);
  const gains = pnl.filter((p) => p > 0);
  const losses = pnl.filter((p) => p < 0);
  const held = new Set(
    trades.flatMap((trade) => Array.from({ length: trade.exitIndex - trade.entryIndex + (trade.finalized ? 1 : 0) }, (_, i) => trade.entryIndex + i)),
  );
  return {
    finalEquity: cash + sum(pnl),
    totalReturnPct: (last / cash - 1) * 100,
    cagrPct,
    volatilityPct: deviation(excess) * Math.sqrt(periods) * 100,
    sharpe: (mean(excess) / deviation(excess)) * Math.sqrt(periods),
    sortino: (mean(excess) / Math.sqrt(mean(excess.map((r) => Math.min(r, 0) ** 2)))) * Math.sqrt(periods),
    calmar: cagrPct / (Math.max(...falls) * 100),
    maxDrawdownPct: Math.max(...falls) * 100,
    maxDrawdownDays: Math.max(...under, ...healed),
    exposurePct: (held.size / values.length) * 100,
    periodsPerYear: 252,
    trades: trades.length,
    winRatePct: (gains.length / pnl.length) * 100,
    profitFactor: sum(gains) / -sum(losses),
    expectancyPct: mean(pct),
    sqn: (Math.sqrt(pnl.length) * mean(pnl)) / deviation(pnl),
    totalFees: sum(trades.map((trade) => trade.fees)),
    bestTradePct: Math.max(...pct),
    worstTradePct: Math.min(...pct),
    avgTradeBars: mean(trades.map((trade) => trade.exitIndex - trade.entryIndex)),
    alphaPct: (mean(excess) - beta * mean(market)) * periods * 100,
    beta,
    benchmarkReturnPct: ((prices.at(-1) as number) / (prices[0] as number) - 1) * 100,
    turnover: sum(trades.map((trade) => (trade.size * (trade.entryPrice + trade.exitPrice)) / 2)) / mean(values) / years,
    totalSlippage: sum(trades.map((trade) => trade.size * ((trade.entryPrice * slip) / (1 + slip) + (trade.exitPrice * slip) / (1 - slip)))),
    financing: 0,
  };
}

describe("statistics, recomputed from trades and equity", () => {
  const data = sp500();
  const cases: ReadonlyArray<readonly [name: string, change: Partial<BacktestRequest>]> = [
    ["sma_cross", {}],
    ["sma_cross", { costs: { feeRate: 0.001, slippageBps: 5 }, riskFree: 0.02 }],
    ["breakout", { sizing: { kind: "percent", percent: 60 }, costs: { feeRate: 0.002, slippageBps: 0 } }],
    ["rsi_reversion", { sizing: { kind: "whole-shares" }, costs: { feeRate: 0.001, slippageBps: 10 } }],
    ["macd", { fill: "close", cash: 2500 }],
  ];
  for (const [name, change] of cases) {
    it(`${name} ${JSON.stringify(change)}`, () => {
      const asked: BacktestRequest = { ...request({ name }), withEquity: true, ...change };
      const result = runBacktest(asked, { definition: findStrategy(name), hash: "" }, data);
      const expected = recomputed(result, asked, [...data.series.close]);
      assert.deepEqual(Object.keys(result.stats).sort(), Object.keys(expected).sort());
      for (const [key, value] of Object.entries(expected)) {
        const actual = result.stats[key as keyof typeof expected] as number;
        assert.ok(Math.abs(actual - value) <= 1e-9 * Math.max(1, Math.abs(value)), `${key}: ${actual}, recomputed ${value}`);
      }
      for (const trade of result.trades) {
        assert.ok(trade.bars === trade.exitIndex - trade.entryIndex && trade.pnlPct !== 0);
        assert.ok(Math.abs(trade.pnl - (trade.size * (trade.exitPrice - trade.entryPrice) - trade.fees)) < 1e-6);
      }
    });
  }

  it("are the same with the equity curve and without it, and so is the hash", () => {
    const run = (withEquity: boolean) =>
      runBacktest({ ...request({ name: "sma_cross" }), withEquity }, { definition: findStrategy("sma_cross"), hash: "" }, data);
    const { equity, durationMs: _one, ...curve } = run(true);
    const { durationMs: _other, ...plain } = run(false);
    assert.equal(equity?.length, 5105);
    assert.deepEqual(curve, plain);
  });
});
