/**
 * Statistics of one run. Returns are of every bar, flat ones too; deviations are sample deviations (n - 1); yearly figures
 * multiply by `periodsPerYear`. Undefined is null, never NaN or infinity.
 */
import type { BacktestStats } from "../domain/backtest.ts";
import type { LedgerTrade } from "./ledger.ts";
import { maxDrawdownDays, maxDrawdownPct } from "./drawdown.ts";

export interface StatisticsInput {
  readonly equity: Float64Array;
  readonly time: Float64Array;
  readonly trades: readonly LedgerTrade[];
  readonly barsHeld: number;
  readonly cash: number;
  readonly periodsPerYear: number;
  /** Per year, 0.02 is 2 %. */
  readonly riskFree: number;
}

const YEAR = 365.25 * 86_400_000;

export function statistics(run: StatisticsInput): BacktestStats {
  const { equity, time, trades, cash, periodsPerYear } = run;
  const finalEquity = equity.length === 0 ? cash : equity[equity.length - 1]!;
  const excess = excessReturns(equity, run.riskFree / periodsPerYear);
  const mean = average(excess);
  const deviation = sampleDeviation(excess);
  const downside = downsideDeviation(excess);
  const yearly = Math.sqrt(periodsPerYear);
  const cagrPct = growthPct(finalEquity / cash, equity.length < 2 ? 0 : time[time.length - 1]! - time[0]!);
  const drawdownPct = maxDrawdownPct(equity);
  return {
    finalEquity,
    totalReturnPct: (finalEquity / cash - 1) * 100,
    cagrPct,
    volatilityPct: deviation === null ? null : finite(deviation * yearly * 100),
    // Sharpe, "The Sharpe Ratio", Journal of Portfolio Management, 1994.
    sharpe: deviation === null || deviation === 0 ? null : finite((mean / deviation) * yearly),
    // Sortino and Price, 1994: root mean square of the returns below the risk-free rate, over all bars.
    sortino: downside === 0 ? null : finite((mean / downside) * yearly),
    // Young, 1991: yearly growth over the deepest fall.
    calmar: cagrPct === null || drawdownPct === 0 ? null : finite(cagrPct / drawdownPct),
    maxDrawdownPct: drawdownPct,
    maxDrawdownDays: maxDrawdownDays(equity, time),
    exposurePct: equity.length === 0 ? 0 : (run.barsHeld / equity.length) * 100,
    periodsPerYear,
    ...tradeStatistics(trades),
  };
}

function tradeStatistics(trades: readonly LedgerTrade[]) {
  const pnl = Float64Array.from(trades, (trade) => trade.pnl);
  const pct = Float64Array.from(trades, tradeReturnPct);
  const won = pnl.filter((p) => p > 0);
  const lost = pnl.reduce((sum, p) => sum - Math.min(p, 0), 0);
  const spread = sampleDeviation(pnl);
  return {
    trades: trades.length,
    winRatePct: trades.length === 0 ? null : (won.length / trades.length) * 100,
    profitFactor: lost === 0 ? null : finite(won.reduce((sum, p) => sum + p, 0) / lost),
    expectancyPct: trades.length === 0 ? null : finite(average(pct)),
    // Tharp's system quality number: root of the number of trades, times mean over deviation of their profits.
    sqn: spread === null || spread === 0 ? null : finite((Math.sqrt(trades.length) * average(pnl)) / spread),
    totalFees: trades.reduce((sum, trade) => sum + trade.entryFee + trade.exitFee, 0),
    bestTradePct: trades.length === 0 ? null : finite(extreme(pct, Math.max)),
    worstTradePct: trades.length === 0 ? null : finite(extreme(pct, Math.min)),
  };
}

/** Profit after fees as a share of the entry's value, in percent. */
export function tradeReturnPct(trade: LedgerTrade): number {
  return (trade.pnl / (trade.size * trade.entryPrice)) * 100;
}

function excessReturns(equity: Float64Array, riskFreePerBar: number): Float64Array {
  const returns = new Float64Array(Math.max(0, equity.length - 1));
  for (let t = 1; t < equity.length; t++) returns[t - 1] = equity[t]! / equity[t - 1]! - 1 - riskFreePerBar;
  return returns;
}

/** Compound growth per calendar year; null within one day or when everything is lost. */
export function growthPct(growth: number, spanMs: number): number | null {
  return spanMs < 86_400_000 || growth <= 0 ? null : finite((growth ** (YEAR / spanMs) - 1) * 100);
}

// Plain loops below: reduce() and every() call a function a bar, which takes longer than the backtest.

function downsideDeviation(returns: Float64Array): number {
  let sum = 0;
  for (let t = 0; t < returns.length; t++) {
    const r = returns[t]!;
    if (r < 0) sum += r * r;
  }
  return returns.length === 0 ? 0 : Math.sqrt(sum / returns.length);
}

function average(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length === 0 ? 0 : sum / values.length;
}

/** Null with fewer than two values. Equal values give exactly 0, whatever the rounding of their mean. */
function sampleDeviation(values: Float64Array): number | null {
  if (values.length < 2) return null;
  const mean = average(values);
  let squares = 0;
  let areEqual = true;
  for (let i = 0; i < values.length; i++) {
    const d = values[i]! - mean;
    squares += d * d;
    if (values[i] !== values[0]) areEqual = false;
  }
  return areEqual ? 0 : Math.sqrt(squares / (values.length - 1));
}

function extreme(values: Float64Array, pick: (a: number, b: number) => number): number {
  return values.reduce((a, b) => pick(a, b));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
