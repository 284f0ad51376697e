import assert from "node:assert/strict";
import type { BacktestStats } from "../../../../src/core/domain/backtest.ts";
import { SWEEP_FIGURES, type SweepFigures } from "../../../../src/core/domain/sweep.ts";
import type { LedgerTrade } from "../../../../src/core/backtest/ledger.ts";
import { agree, roundingOf } from "../../../../src/core/backtest/sweep/agreement.ts";

const trade = (pnl: number) => ({ size: 10, entryPrice: 100, pnl }) as LedgerTrade;

/** What the engine says of these trades, and the tables with `differences`. */
function doAgree(trades: readonly LedgerTrade[], differences: Partial<Record<keyof SweepFigures, number>>): boolean {
  const gained = trades.reduce((sum, { pnl }) => sum + Math.max(0, pnl), 0);
  const lost = trades.reduce((sum, { pnl }) => sum - Math.min(0, pnl), 0);
  const stats = {
    ...Object.fromEntries(SWEEP_FIGURES.map((name) => [name, 7])),
    trades: trades.length,
    winRatePct: (trades.filter(({ pnl }) => pnl > 0).length / trades.length) * 100,
    profitFactor: lost === 0 ? null : gained / lost,
  } as unknown as BacktestStats;
  const columns = Object.fromEntries(
    SWEEP_FIGURES.map((name) => [name, Float64Array.of(Number.NaN, (stats[name] ?? Number.NaN) + (differences[name] ?? 0))]),
  ) as unknown as SweepFigures;
  return agree([{ at: 0, stats, rounding: roundingOf(trades), shape: undefined }], [1], columns);
}

describe("the agreement of a sweep's tables with the engine", () => {
  const plain = [trade(50), trade(-20), trade(30), trade(-5)];

  it("holds to nine digits in every figure, win rate and profit factor too", () => {
    assert.ok(doAgree(plain, {}));
    for (const name of SWEEP_FIGURES) {
      assert.ok(doAgree(plain, { [name]: 1e-12 }), `rounding in ${name}`);
      assert.ok(!doAgree(plain, { [name]: 1e-6 }), `a difference in ${name}`);
    }
    assert.ok(!doAgree(plain, { winRatePct: 25 }), "another winner");
  });

  it("takes undefined for undefined only", () => {
    assert.ok(doAgree([trade(50), trade(30)], {}));
    assert.ok(!doAgree(plain, { sharpe: Number.NaN }));
    assert.ok(!doAgree(plain, { profitFactor: Number.NaN }));
  });

  it("leaves open whether a trade won that made nothing", () => {
    const even = [...plain, trade(1e-13)];
    assert.ok(doAgree(even, { winRatePct: -20 }));
    assert.ok(!doAgree(even, { winRatePct: -40 }));
    assert.ok(doAgree([trade(50), trade(0)], { profitFactor: 1e15 }), "50 to nothing");
    assert.ok(doAgree(even, { profitFactor: 1e-12 }));
    assert.ok(!doAgree(even, { profitFactor: 1e-6 }));
  });
});
