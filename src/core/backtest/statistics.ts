/**
 * Statistics of one run. Returns are of every bar, flat ones too; deviations are sample deviations (n - 1); yearly figures
 * multiply by `periodsPerYear`. Undefined is null, never NaN or infinity.
 */
import { inStretches } from "../base/stretches.ts";
import type { BacktestStats } from "../domain/backtest.ts";
import { worstFalls } from "./drawdown.ts";
import type { LedgerTrade } from "./ledger.ts";

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
  const moments = returnMoments(equity, run.benchmark, run.riskFree / periodsPerYear);
  const { mean, deviation, downside } = moments;
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
    alphaPct: moments.beta === null ? null : finite((mean - moments.beta * moments.benchmarkMean) * periodsPerYear * 100),
    beta: moments.beta,
    benchmarkReturnPct: moments.benchmarkReturnPct,
    turnover: turnover(trades, moments.meanEquity, equity.length < 2 ? 0 : time[time.length - 1]! - time[0]!),
    totalSlippage: run.slippage ?? 0,
    financing: trades.reduce((sum, trade) => sum - trade.carry, run.interest ?? 0),
  };
}

function tradeStatistics(trades: readonly LedgerTrade[]) {
  const n = trades.length;
  const pnl = new Float64Array(n);
  let [won, gained, lost, fees, pctSum, bars] = [0, 0, 0, 0, 0, 0];
  let best = Number.NEGATIVE_INFINITY;
  let worst = Number.POSITIVE_INFINITY;
  for (let i = 0; i < n; i++) {
    const trade = trades[i]!;
    pnl[i] = trade.pnl;
    if (trade.pnl > 0) {
      won++;
      gained += trade.pnl;
    } else lost -= trade.pnl;
    const pct = tradeReturnPct(trade);
    pctSum += pct;
    if (pct > best) best = pct;
    if (pct < worst) worst = pct;
    fees += trade.entryFee + trade.exitFee;
    bars += trade.exitIndex - trade.entryIndex;
  }
  const spread = sampleDeviation(pnl);
  return {
    trades: n,
    winRatePct: n === 0 ? null : (won / n) * 100,
    profitFactor: lost === 0 ? null : finite(gained / lost),
    expectancyPct: n === 0 ? null : finite(pctSum / n),
    // Tharp's system quality number: root of the number of trades, times mean over deviation of their profits.
    sqn: spread === null || spread === 0 ? null : finite((Math.sqrt(n) * average(pnl)) / spread),
    totalFees: fees,
    bestTradePct: n === 0 ? null : finite(best),
    worstTradePct: n === 0 ? null : finite(worst),
    avgTradeBars: n === 0 ? null : bars / n,
  };
}

interface Moments {
  /** Of the excess returns, a bar. */
  readonly mean: number;
  /** Of the sample: null with fewer than two returns; equal returns give exactly 0, whatever the rounding. */
  readonly deviation: number | null;
  /** Root mean square of the returns below zero. */
  readonly downside: number;
  readonly benchmarkMean: number;
  readonly beta: number | null;
  readonly benchmarkReturnPct: number | null;
  readonly meanEquity: number;
}

/**
 * Everything about the returns in one pass: it takes as long as the backtest itself. Second moments are taken about the
 * first return, so that nothing is lost to cancellation. Beta is the slope of the excess returns over those of the
 * benchmark (Jensen, "The Performance of Mutual Funds", Journal of Finance, 1968).
 */
function returnMoments(equity: Float64Array, prices: Float64Array | undefined, riskFreePerBar: number): Moments {
  const n = Math.max(0, equity.length - 1);
  const hasMarket = prices !== undefined && prices.length === equity.length && n > 0;
  // Without a benchmark the curve is its own, so that the loop need not ask at every bar.
  const market = hasMarket ? prices : equity;
  const first = n === 0 ? 0 : ratio(equity[1]!, equity[0]!) - 1 - riskFreePerBar;
  const marketFirst = n === 0 ? 0 : ratio(market[1]!, market[0]!) - 1 - riskFreePerBar;
  const about = { riskFreePerBar, first, marketFirst };
  const plain = sumReturns(equity, market, about);
  const sums = Number.isNaN(plain.products) ? sumReturns(withoutZeros(equity), withoutZeros(market), about) : plain;
  const { sum, squares, marketSum, marketSquares } = sums;
  const variance = marketSquares - (marketSum * marketSum) / n;
  const hasBeta = hasMarket && n > 1 && variance > 1e-12 * marketSquares;
  return {
    mean: n === 0 ? 0 : sum / n + first,
    deviation: n < 2 ? null : squares === 0 ? 0 : Math.sqrt(Math.max(0, squares - (sum * sum) / n) / (n - 1)),
    downside: n === 0 ? 0 : Math.sqrt(sums.lossSquares / n),
    benchmarkMean: n === 0 ? 0 : marketSum / n + marketFirst,
    beta: hasBeta ? finite((sums.products - (marketSum * sum) / n) / variance) : null,
    benchmarkReturnPct: hasMarket ? finite((market[n]! / market[0]! - 1) * 100) : null,
    meanEquity: equity.length === 0 ? 0 : (n === 0 ? equity[0]! : sums.total) / equity.length,
  };
}

interface ReturnSums {
  sum: number;
  squares: number;
  lossSquares: number;
  /** Of the equity. */
  total: number;
  marketSum: number;
  marketSquares: number;
  products: number;
}

interface About {
  readonly riskFreePerBar: number;
  readonly first: number;
  readonly marketFirst: number;
}

function sumReturns(equity: Float64Array, market: Float64Array, about: About): ReturnSums {
  const sums: ReturnSums = { sum: 0, squares: 0, lossSquares: 0, total: equity[0] ?? 0, marketSum: 0, marketSquares: 0, products: 0 };
  inStretches(1, equity.length, (from, end) => addReturns(sums, equity, market, about, from, end));
  return sums;
}

/** Of bars `from` to before `end`. */
function addReturns(sums: ReturnSums, equity: Float64Array, market: Float64Array, about: About, from: number, end: number): void {
  const { riskFreePerBar, first, marketFirst } = about;
  let { sum, squares, lossSquares, total, marketSum, marketSquares, products } = sums;
  for (let t = from; t < end; t++) {
    const value = equity[t]!;
    const r = value / equity[t - 1]! - 1 - riskFreePerBar;
    const d = r - first;
    sum += d;
    squares += d * d;
    total += value;
    // The lesser of r and 0, without a branch: which returns are losses cannot be foreseen.
    const loss = 0.5 * (r - Math.abs(r));
    lossSquares += loss * loss;
    const m = market[t]! / market[t - 1]! - 1 - riskFreePerBar - marketFirst;
    marketSum += m;
    marketSquares += m * m;
    products += m * d;
  }
  sums.sum = sum;
  sums.squares = squares;
  sums.lossSquares = lossSquares;
  sums.total = total;
  sums.marketSum = marketSum;
  sums.marketSquares = marketSquares;
  sums.products = products;
}

/** 1 for two values that are equal, zeros too: an account that has lost everything moves no more. */
function ratio(value: number, before: number): number {
  return value === before ? 1 : value / before;
}

/** From zero to zero is no return, as ratio() has it: the least number there is stands for zero, and changes no other one. */
function withoutZeros(values: Float64Array): Float64Array {
  return values.map((value) => (value === 0 ? Number.MIN_VALUE : value));
}

/** Value traded one way (half of entries and exits) a year, in multiples of the mean equity; null within one day. */
function turnover(trades: readonly LedgerTrade[], meanEquity: number, spanMs: number): number | null {
  if (spanMs < 86_400_000) return null;
  const traded = trades.reduce((sum, trade) => sum + trade.size * (trade.entryPrice + trade.exitPrice), 0) / 2;
  return meanEquity > 0 ? finite(traded / meanEquity / (spanMs / YEAR)) : null;
}

/** Profit after fees as a share of the entry's value, in percent. */
export function tradeReturnPct(trade: LedgerTrade): number {
  return (trade.pnl / (trade.size * trade.entryPrice)) * 100;
}

/** Compound growth per calendar year; null within one day or when everything is lost. */
export function growthPct(growth: number, spanMs: number): number | null {
  return spanMs < 86_400_000 || growth <= 0 ? null : finite((growth ** (YEAR / spanMs) - 1) * 100);
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
    squares += (values[i]! - mean) ** 2;
    if (values[i] !== values[0]) areEqual = false;
  }
  return areEqual ? 0 : Math.sqrt(squares / (values.length - 1));
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
