/** What the charts of a report draw, thinned so that a million bars still make a file that opens. */
import type { BacktestResult } from "../../domain/backtest.ts";
import { sliceBars, type BarSeries } from "../../domain/bars.ts";
import { drawdowns } from "../drawdown.ts";
import { change } from "./format.ts";

const MAX_POINTS = 3000;
const MAX_CANDLES = 3000;
const MAX_MARKED_TRADES = 400;
/** Candles in view when the report opens; the rest is one drag away. */
export const VISIBLE_CANDLES = 160;

export interface ReportData {
  readonly bars: BarSeries;
  /** At each bar's close. */
  readonly equity: Float64Array;
  /** The same money in the instrument itself from the first close on, without costs. */
  readonly hold: Float64Array;
  readonly cash: number;
  readonly intraday: boolean;
}

/** The bars and the equity that belong to `result`; equity is counted again from the trades where the result has none. */
export function reportData(result: BacktestResult, series: BarSeries): ReportData {
  const from = result.dataset.from === null ? 0 : Date.parse(result.dataset.from);
  const first = series.time.findIndex((time) => time >= from);
  const bars = sliceBars(series, Math.max(0, first), Math.max(0, first) + result.dataset.bars);
  const cash = result.stats.finalEquity - result.trades.reduce((sum, trade) => sum + trade.pnl, 0);
  const equity = result.equity === undefined ? equityOfTrades(result, bars, cash) : Float64Array.from(result.equity, ([, value]) => value);
  const start = bars.close[0] ?? 1;
  const span = (bars.time[bars.time.length - 1] ?? 0) - (bars.time[0] ?? 0);
  return { bars, equity, cash, hold: bars.close.map((close) => (cash * close) / start), intraday: span / Math.max(1, bars.time.length - 1) < 0.6 * 86_400_000 };
}

function equityOfTrades(result: BacktestResult, bars: BarSeries, startCash: number): Float64Array {
  const equity = new Float64Array(bars.close.length);
  let cash = startCash;
  let t = 0;
  for (const trade of result.trades) {
    while (t < trade.entryIndex) equity[t++] = cash;
    cash -= trade.size * trade.entryPrice * (1 + result.costs.feeRate);
    while (t < trade.exitIndex) equity[t] = cash + trade.size * (bars.close[t++] as number);
    cash += trade.size * trade.exitPrice * (1 - result.costs.feeRate);
    if (trade.finalized) equity[t++] = cash;
  }
  while (t < equity.length) equity[t++] = cash;
  return equity;
}

export function chartData(result: BacktestResult, data: ReportData): unknown {
  const { bars, equity, hold } = data;
  const falls = drawdowns(equity);
  const at = keptIndexes(equity);
  const seconds = (index: number) => Math.floor((bars.time[index] as number) / 1000);
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  const group = Math.ceil(bars.close.length / MAX_CANDLES);
  const last = bars.close[bars.close.length - 1] ?? 0;
  const digits = last < 10 ? 5 : 2;
  const candleTime = (index: number) => seconds(index - (index % group));
  return {
    intraday: data.intraday,
    logarithmic: isWide(equity) || isWide(hold),
    equity: {
      time: at.map(seconds),
      value: at.map((i) => round(equity[i] as number, 2)),
      hold: at.map((i) => round(hold[i] as number, 2)),
      drawdown: at.map((i) => round(-(falls[i] as number) * 100, 3)),
    },
    price: {
      digits,
      visible: VISIBLE_CANDLES,
      bars: candles(bars, group, seconds, (value) => round(value, digits)),
      trades: result.trades
        .slice(-MAX_MARKED_TRADES)
        .flatMap((trade) => [[candleTime(trade.entryIndex), 1, ""] as const, [candleTime(trade.exitIndex), -1, change(trade.pnlPct)] as const]),
    },
  };
}

/** All bars when they are few, else the lowest and the highest equity of each of equal stretches, first and last bar included. */
export function keptIndexes(equity: Float64Array): number[] {
  if (equity.length <= MAX_POINTS) return Array.from(equity, (_value, index) => index);
  const kept = new Set<number>([0, equity.length - 1]);
  const stretch = equity.length / (MAX_POINTS / 2);
  for (let from = 0; from < equity.length; from += stretch) {
    const [start, end] = [Math.floor(from), Math.min(equity.length, Math.floor(from + stretch))];
    let [low, high] = [start, start];
    for (let i = start; i < end; i++) {
      if ((equity[i] as number) < (equity[low] as number)) low = i;
      if ((equity[i] as number) > (equity[high] as number)) high = i;
    }
    kept.add(low).add(high);
  }
  return [...kept].sort((a, b) => a - b);
}

function candles(bars: BarSeries, group: number, seconds: (index: number) => number, round: (value: number) => number): number[][] {
  const out: number[][] = [];
  for (let from = 0; from < bars.close.length; from += group) {
    const to = Math.min(bars.close.length, from + group);
    let [high, low] = [bars.high[from] as number, bars.low[from] as number];
    for (let i = from + 1; i < to; i++) {
      high = Math.max(high, bars.high[i] as number);
      low = Math.min(low, bars.low[i] as number);
    }
    out.push([seconds(from), round(bars.open[from] as number), round(high), round(low), round(bars.close[to - 1] as number)]);
  }
  return out;
}

/** A growth or a fall of more than three times reads better on a logarithmic axis. */
export function isWide(values: Float64Array): boolean {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low > 0 && high / low > 3;
}
