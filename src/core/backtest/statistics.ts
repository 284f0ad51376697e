/**
 * Statistics of one run. Returns are of every bar, flat ones too; deviations are sample deviations (n - 1); yearly figures
 * multiply by `periodsPerYear`. Undefined is null, never NaN or infinity.
 */
import type { BacktestStats } from "../domain/backtest.ts";
import type { LedgerTrade } from "./ledger.ts";
import { worstFalls } from "./drawdown.ts";

export interface StatisticsInput {
  readonly equity: Float64Array;
  readonly time: Float64Array;
  readonly trades: readonly LedgerTrade[];
  readonly barsHeld: number;
  /** Prices at the same times: what alpha and beta are measured against. */
  readonly benchmark?: Float64Array;
  /** Money that slippage has cost, and interest received. */
  readonly slippage?: number;
  readonly interest?: number;
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
  const { deviation, downside } = deviations(excess, mean);
  const yearly = Math.sqrt(periodsPerYear);
  const cagrPct = growthPct(finalEquity / cash, equity.length < 2 ? 0 : time[time.length - 1]! - time[0]!);
  const { pct: drawdownPct, days: drawdownDays } = worstFalls(equity, time);
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
    maxDrawdownDays: drawdownDays,
    exposurePct: equity.length === 0 ? 0 : (run.barsHeld / equity.length) * 100,
    periodsPerYear,
    ...tradeStatistics(trades),
    ...againstBenchmark(excess, run.benchmark, run.riskFree / periodsPerYear, periodsPerYear),
    turnover: turnover(trades, equity, equity.length < 2 ? 0 : time[time.length - 1]! - time[0]!),
    totalSlippage: run.slippage ?? 0,
    financing: trades.reduce((sum, trade) => sum - trade.carry, run.interest ?? 0),
  };
}

function tradeStatistics(trades: readonly LedgerTrade[]) {
  const pnl = Float64Array.from(trades, (trade) => trade.pnl);
  const pct = Float64Array.from(trades, tradeReturnPct);
  const won = pnl.filter((p) => p > 0);
  const lost = pnl.reduce((sum, p) => sum - Math.min(p, 0), 0);
  const spread = deviations(pnl, average(pnl)).deviation;
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
    avgTradeBars: trades.length === 0 ? null : trades.reduce((sum, trade) => sum + trade.exitIndex - trade.entryIndex, 0) / trades.length,
  };
}

/**
 * Jensen, "The Performance of Mutual Funds", Journal of Finance, 1968: the slope of the excess returns over those of the
 * benchmark, and what is left of their mean, times the periods in a year.
 */
function againstBenchmark(excess: Float64Array, prices: Float64Array | undefined, riskFreePerBar: number, periodsPerYear: number) {
  const none = { alphaPct: null, beta: null, benchmarkReturnPct: null };
  const n = excess.length;
  if (prices === undefined || prices.length !== n + 1 || n < 2) return none;
  let sum = 0;
  let squares = 0;
  let products = 0;
  let own = 0;
  // Moments about the first return: near enough to the mean that nothing is lost to cancellation.
  const anchor = prices[1]! / prices[0]! - 1 - riskFreePerBar;
  for (let t = 0; t < n; t++) {
    const b = prices[t + 1]! / prices[t]! - 1 - riskFreePerBar - anchor;
    const r = excess[t]!;
    sum += b;
    squares += b * b;
    products += b * r;
    own += r;
  }
  const variance = squares - (sum * sum) / n;
  const benchmarkReturnPct = finite((prices[n]! / prices[0]! - 1) * 100);
  if (!(variance > 1e-12 * squares)) return { ...none, benchmarkReturnPct };
  const beta = (products - (sum * own) / n) / variance;
  const mean = sum / n + anchor;
  return { alphaPct: finite((own / n - beta * mean) * periodsPerYear * 100), beta: finite(beta), benchmarkReturnPct };
}

/** Value traded one way (half of entries and exits) a year, in multiples of the mean equity; null within one day. */
function turnover(trades: readonly LedgerTrade[], equity: Float64Array, spanMs: number): number | null {
  if (spanMs < 86_400_000) return null;
  const traded = trades.reduce((sum, trade) => sum + trade.size * (trade.entryPrice + trade.exitPrice), 0) / 2;
  const mean = average(equity);
  return mean > 0 ? finite(traded / mean / (spanMs / YEAR)) : null;
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

function average(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length === 0 ? 0 : sum / values.length;
}

/**
 * `deviation`: of the sample, null with fewer than two values; equal values give exactly 0, whatever the rounding of their
 * mean. `downside`: root mean square of what is below zero.
 */
function deviations(values: Float64Array, mean: number): { readonly deviation: number | null; readonly downside: number } {
  let squares = 0;
  let lossSquares = 0;
  let areEqual = true;
  const first = values[0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const d = value - mean;
    squares += d * d;
    if (value < 0) lossSquares += value * value;
    if (value !== first) areEqual = false;
  }
  const n = values.length;
  return { deviation: n < 2 ? null : areEqual ? 0 : Math.sqrt(squares / (n - 1)), downside: n === 0 ? 0 : Math.sqrt(lossSquares / n) };
}

function extreme(values: Float64Array, pick: (a: number, b: number) => number): number {
  return values.reduce((a, b) => pick(a, b));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
