import assert from "node:assert/strict";
import { maxDrawdownDays, maxDrawdownPct } from "../../../src/core/backtest/drawdown.ts";
import { inferPeriodsPerYear } from "../../../src/core/backtest/periods.ts";
import { statistics } from "../../../src/core/backtest/statistics.ts";
import type { LedgerTrade } from "../../../src/core/backtest/ledger.ts";

const DAY = 86_400_000;
const days = (n: number) => Float64Array.from({ length: n }, (_v, i) => i * DAY);

function stats(equity: readonly number[], trades: readonly LedgerTrade[] = []) {
  return statistics({ equity: Float64Array.from(equity), time: days(equity.length), trades, barsHeld: 0, cash: 100, periodsPerYear: 252, riskFree: 0 });
}

function trade(pnl: number): LedgerTrade {
  return {
    leg: 0,
    side: "long",
    carry: 0,
    entryIndex: 0,
    exitIndex: 1,
    entryPrice: 100,
    exitPrice: 100 + pnl,
    size: 1,
    entryFee: 0,
    exitFee: 0,
    pnl,
    finalized: false,
  };
}

describe("Statistics", () => {
  it("leave undefined figures null when nothing moves", () => {
    const { sharpe, sortino, calmar, winRatePct, profitFactor, expectancyPct, sqn, volatilityPct, maxDrawdownPct: fall } = stats([100, 100, 100]);
    assert.deepEqual(
      [sharpe, sortino, calmar, winRatePct, profitFactor, expectancyPct, sqn, volatilityPct, fall],
      [null, null, null, null, null, null, null, 0, 0],
    );
  });

  it("survive a single bar and an empty series", () => {
    assert.equal(stats([100]).sharpe, null);
    assert.equal(stats([]).finalEquity, 100);
  });

  it("count Sharpe and Sortino over all returns", () => {
    // Returns +10 %, -10 %, 0: mean 0, so both are 0; deviation 0.1.
    const { sharpe, volatilityPct, sortino } = stats([100, 110, 99, 99]);
    assert.ok(Math.abs(sharpe as number) < 1e-12 && Math.abs(sortino as number) < 1e-12);
    assert.ok(Math.abs((volatilityPct as number) - 10 * Math.sqrt(252)) < 1e-9);
  });

  it("count trades", () => {
    const { winRatePct, profitFactor, expectancyPct, bestTradePct, worstTradePct, sqn } = stats([100, 100], [trade(10), trade(-5), trade(10), trade(-5)]);
    assert.deepEqual([winRatePct, profitFactor, expectancyPct, bestTradePct, worstTradePct], [50, 2, 2.5, 10, -5]);
    assert.ok(Math.abs((sqn as number) - (2 * 2.5) / Math.sqrt(75)) < 1e-12);
  });

  it("grow by the calendar year", () => {
    const { cagrPct } = statistics({
      equity: Float64Array.of(100, 121),
      time: Float64Array.of(0, 2 * 365.25 * DAY),
      trades: [],
      barsHeld: 0,
      cash: 100,
      periodsPerYear: 252,
      riskFree: 0,
    });
    assert.ok(Math.abs((cagrPct as number) - 10) < 1e-9);
  });
});

describe("Drawdown", () => {
  it("is the deepest fall from a peak, and the longest time below one", () => {
    const equity = Float64Array.of(100, 120, 90, 110, 120, 130, 129, 128);
    assert.equal(maxDrawdownPct(equity), 25);
    assert.equal(maxDrawdownDays(equity, days(8)), 3);
  });

  it("lasts to the end when it is not made good", () => {
    assert.equal(maxDrawdownDays(Float64Array.of(100, 90, 80, 95), days(4)), 3);
  });
});

describe("Periods per year", () => {
  const check = (what: string, expected: number, times: readonly number[]) =>
    it(`are ${expected} for ${what}`, () => assert.equal(inferPeriodsPerYear(Float64Array.from(times)), expected));
  const start = Date.UTC(2024, 0, 1); // a Monday
  const weekdays = Array.from({ length: 60 }, (_v, i) => start + i * DAY).filter((t) => ![0, 6].includes(new Date(t).getUTCDay()));

  check("trading days", 252, weekdays);
  check(
    "days with Saturdays",
    365,
    Array.from({ length: 60 }, (_v, i) => start + i * DAY),
  );
  check(
    "weeks",
    52,
    Array.from({ length: 60 }, (_v, i) => start + i * 7 * DAY),
  );
  check(
    "months",
    12,
    Array.from({ length: 30 }, (_v, i) => Date.UTC(2020, i + 1, 0)),
  );
  check(
    "hours of trading days around the clock",
    6048,
    weekdays.flatMap((day) => Array.from({ length: 24 }, (_v, h) => day + h * 3_600_000)),
  );
  check(
    "half-hours of a stock exchange",
    252 * 13,
    weekdays.flatMap((day) => Array.from({ length: 13 }, (_v, k) => day + 14.5 * 3_600_000 + k * 1_800_000)),
  );
  check(
    "minutes of a market that never closes",
    365 * 1440,
    Array.from({ length: 14 * 1440 }, (_v, i) => start + i * 60_000),
  );
  check("a single bar", 252, [start]);
});
