/** The built-in strategies that hold several symbols, or size a position over time. */
import assert from "node:assert/strict";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import type { Params } from "../../../src/core/domain/backtest.ts";
import type { Dataset } from "../../../src/core/domain/bars.ts";
import { request, sp500 } from "./givenBars.ts";
import { days, together, type Row } from "./played.ts";

function run(name: string, data: Dataset, params: Params = {}) {
  return runBacktest(request({ name, params, withEquity: true }), { definition: findStrategy(name), hash: "" }, data);
}
const at = (close: number): Row => [close, close, close, close];

describe("dual_momentum", () => {
  it("moves to the stronger symbol at a month's first bar, and to cash when none is strong", () => {
    const climbs = (from: number, by: number) => Array.from({ length: 31 }, (_value, i) => from + i * by);
    // January: A climbs faster. February: B does. March: both have fallen.
    const a = [...climbs(100, 2), ...climbs(160, 0.1).slice(0, 28), ...climbs(150, -1)];
    const b = [...climbs(100, 1), ...climbs(130, 3).slice(0, 28), ...climbs(120, -2)];
    const result = run("dual_momentum", together({ A: a.map(at), B: b.map(at) }), { lookback: 20 });
    assert.deepEqual(
      result.trades.map(({ symbol, entryIndex, exitIndex }) => [symbol, entryIndex, exitIndex]),
      [["A", 32, 60]],
    );
    const fallen = run("dual_momentum", together({ A: climbs(100, -1).concat(climbs(70, -1)).map(at), B: climbs(200, -2).concat(climbs(140, -2)).map(at) }), {
      lookback: 20,
    });
    assert.equal(fallen.trades.length, 0);
  });

  it("is absolute momentum on a single symbol", () => {
    const { trades, engine } = run("dual_momentum", sp500());
    assert.equal(engine, "event");
    assert.ok(trades.length > 5 && trades.every(({ side }) => side === "long"));
  });
});

describe("pairs", () => {
  const apart = (gap: readonly number[]) => together({ A: gap.map((g) => at(100 * Math.exp(g))), B: gap.map(() => at(50)) });
  const noise = [0, 0.01, -0.01, 0.01, -0.01, 0.01, -0.01, 0.01, -0.01, 0.01];

  it("buys the cheap one and sells the dear one, half of the equity each, until they are back", () => {
    const result = run("pairs", apart([...noise, -0.1, -0.1, -0.05, 0, 0.01, 0]), { period: 10, entry: 2, exit: 0.5 });
    const [first, second] = [result.trades.find(({ symbol }) => symbol === "A"), result.trades.find(({ symbol }) => symbol === "B")];
    assert.deepEqual([first?.side, second?.side, first?.entryIndex, second?.entryIndex], ["long", "short", 11, 11]);
    assert.ok(Math.abs((first?.size ?? 0) * (first?.entryPrice ?? 0) - 5000) < 1e-6);
    assert.ok(Math.abs((second?.size ?? 0) * 50 - 5000) < 1e-6);
    assert.equal(first?.exitIndex, second?.exitIndex);
    assert.ok((first?.pnl ?? 0) > 0);
  });

  it("goes the other way round above the mean", () => {
    const result = run("pairs", apart([...noise, 0.1, 0.1, 0.05, 0, -0.01, 0]), { period: 10, entry: 2, exit: 0.5 });
    assert.deepEqual(
      result.trades.map(({ symbol, side }) => `${symbol} ${side}`).sort((a = "", b = "") => a.localeCompare(b)),
      ["A short", "B long"],
    );
  });

  it("pairs bars by time: a day that one symbol lacks is left out of the other", () => {
    const gaps = [...noise, -0.1, -0.1, -0.05, 0, 0.01, 0];
    const second = gaps.map((_gap, i) => 50 + 10 * (i % 3));
    const first = gaps.map((gap, i) => second[i]! * Math.exp(gap));
    const without = (prices: readonly number[], day: number) => prices.map((price, i) => (i === day ? null : at(price)));
    const times = (data: Dataset) => {
      const { trades } = run("pairs", data, { period: 9, entry: 2, exit: 0.5 });
      return trades.map(({ symbol, side, entryTime, exitTime }) => [symbol, side, entryTime, exitTime]);
    };
    const both = times(together({ A: without(first, 5), B: without(second, 5) }));
    assert.equal(both.length, 2);
    assert.deepEqual(times(together({ A: first.map(at), B: without(second, 5) })), both);
  });

  it("needs two symbols, and says how to give them", () => {
    assert.throws(() => run("pairs", sp500()), { code: "too-few-symbols", kind: "usage", hint: /--data AAPL,MSFT/ });
  });
});

describe("turn_of_month", () => {
  it("knows a month by its year, too", () => {
    const yearly = days([at(100), at(101), at(102), at(103)]);
    const time = Float64Array.from([0, 1, 2, 3], (i) => Date.UTC(2020 + i, 0, i === 0 ? 29 : 5));
    const { trades } = run("turn_of_month", { ...yearly, series: { ...yearly.series, time } }, { before: 4, after: 2 });
    assert.deepEqual(
      trades.map(({ entryIndex, exitIndex, finalized }) => [entryIndex, exitIndex, finalized]),
      [[1, 3, true]],
      "each is the first bar of its own month",
    );
  });
});

describe("vol_target", () => {
  it("holds less when prices move more", () => {
    const calm = Array.from({ length: 40 }, (_value, i) => 100 + (i % 2) * 0.5);
    const wild = Array.from({ length: 40 }, (_value, i) => 100 + (i % 2) * 5);
    const held = (prices: readonly number[]) => {
      const { trades } = run("vol_target", days(prices.map(at)));
      return (trades[0]?.size ?? 0) * (trades[0]?.entryPrice ?? 0);
    };
    assert.ok(held(calm) > 9900, "all of it: the volatility is below the target");
    // Returns of +5 % and -4.76 %: a deviation of 4.98 % a bar, 79.5 % a year with the sample correction.
    const spread = Math.sqrt(((0.05 + 0.05 / 1.05) ** 2 / 4) * (20 / 19)) * Math.sqrt(252);
    assert.ok(Math.abs(held(wild) / (10_000 * (0.15 / spread)) - 1) < 0.06, `${held(wild)}`);
  });

  it("keeps the volatility of a real series near its target", () => {
    const { stats } = run("vol_target", sp500(), { target: 10 });
    assert.ok((stats.volatilityPct ?? 0) > 7 && (stats.volatilityPct ?? 0) < 13, `${stats.volatilityPct} %`);
  });
});
