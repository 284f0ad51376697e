/** What the charts of a report draw, thinned so that a million bars still make a file that opens. */
import type { BacktestResult } from "../../domain/backtest.ts";
import { sliceBars, type BarSeries } from "../../domain/bars.ts";
import { drawdowns } from "../drawdown.ts";
import { change } from "./format.ts";

const MAX_POINTS = 3000;
/** The last ones; candles of many bars would stack their trades. */
export const MAX_CANDLES = 3000;
const MAX_MARKED_TRADES = 400;
const MAX_TRADE_LINES = 40;
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
  const cash = startCash(result);
  const equity = result.equity === undefined ? equityOfTrades(result, bars, cash) : givenEquity(result.equity, bars.close.length, cash);
  const start = bars.close[0] ?? 1;
  const span = (bars.time[bars.time.length - 1] ?? 0) - (bars.time[0] ?? 0);
  return { bars, equity, cash, hold: bars.close.map((close) => (cash * close) / start), intraday: span / Math.max(1, bars.time.length - 1) < 0.6 * 86_400_000 };
}

/** The money at the start; what is lost whole is counted back from the trades. */
function startCash({ stats, trades }: BacktestResult): number {
  const grown = 1 + stats.totalReturnPct / 100;
  const cash = grown > 1e-6 ? stats.finalEquity / grown : stats.finalEquity - trades.reduce((sum, trade) => sum + trade.pnl, 0);
  return Number(cash.toPrecision(12));
}

/** One value per bar; a run that trades from a later bar on has its money before. */
function givenEquity(equity: NonNullable<BacktestResult["equity"]>, bars: number, cash: number): Float64Array {
  const values = new Float64Array(bars).fill(cash);
  const from = Math.max(0, bars - equity.length);
  for (let i = from; i < bars; i++) values[i] = (equity[i - from] as readonly [string, number])[1];
  return values;
}

function equityOfTrades(result: BacktestResult, bars: BarSeries, start: number): Float64Array {
  const equity = new Float64Array(bars.close.length);
  let cash = start;
  let t = 0;
  for (const trade of result.trades) {
    const units = trade.side === "long" ? trade.size : -trade.size;
    const fee = result.costs.feeRate * trade.size;
    while (t < trade.entryIndex) equity[t++] = cash;
    cash -= units * trade.entryPrice + fee * trade.entryPrice;
    while (t < trade.exitIndex) equity[t] = cash + units * (bars.close[t++] as number);
    cash += units * trade.exitPrice - fee * trade.exitPrice;
    if (trade.finalized) equity[t++] = cash;
  }
  while (t < equity.length) equity[t++] = cash;
  return equity;
}

export function chartData(result: BacktestResult, data: ReportData): unknown {
  const { bars, equity, hold } = data;
  const falls = drawdowns(equity);
  const seconds = (index: number) => Math.floor((bars.time[index] as number) / 1000);
  const at = keptIndexes(equity).filter((index, i, all) => i + 1 === all.length || seconds(index) < seconds(all[i + 1] as number)); // the charts count in seconds
  const round = (value: number, digits: number) => Number(value.toFixed(digits));
  const drawnFrom = Math.max(0, bars.close.length - MAX_CANDLES);
  const drawn = result.trades.filter((trade) => trade.exitIndex >= drawnFrom);
  const last = bars.close[bars.close.length - 1] ?? 0;
  const digits = last < 10 ? 5 : 2;
  const markTime = (index: number) => seconds(Math.max(drawnFrom, index));
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
      bars: candles(bars, drawnFrom, seconds, (value) => round(value, digits)),
      trades: drawn.slice(-MAX_MARKED_TRADES).flatMap((trade) => {
        const side = trade.side === "long" ? 1 : -1;
        const end = trade.finalized ? `${change(trade.pnlPct)}, still open` : change(trade.pnlPct);
        return [[markTime(trade.entryIndex), side, ""] as const, [markTime(trade.exitIndex), -side, end] as const];
      }),
      lines: drawn
        .slice(-MAX_TRADE_LINES)
        .map((trade) => [markTime(trade.entryIndex), markTime(trade.exitIndex), round(trade.entryPrice, digits), round(trade.exitPrice, digits)]),
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

function candles(bars: BarSeries, from: number, seconds: (index: number) => number, round: (value: number) => number): number[][] {
  const out: number[][] = [];
  for (let i = from; i < bars.close.length; i++) {
    if (i + 1 < bars.close.length && seconds(i) === seconds(i + 1)) continue;
    const prices = [bars.open[i] as number, bars.high[i] as number, bars.low[i] as number, bars.close[i] as number];
    out.push([seconds(i), ...prices.map(round)]);
  }
  return out;
}

/** A growth or a fall of more than three times reads better on a logarithmic axis. */
export function isWide(values: Float64Array): boolean {
  let [low, high] = [Number.POSITIVE_INFINITY, 0];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return low > 0 && high / low > 3;
}
