/**
 * A backtest's trades and an account's fills in the same terms, for gap attribution: shares and prices as they were traded,
 * before any later split. A split overnight changes what is held, a dividend is part of the move of its ex-date.
 */
import { Big } from "../base/decimal.ts";
import type { BacktestResult } from "../domain/backtest.ts";
import type { BarSeries, CorporateAction, Dataset } from "../domain/bars.ts";
import type { GapBook, GapFill, GapMark } from "../domain/gap.ts";
import { newYorkDate } from "../domain/nyse.ts";
import type { Side } from "../domain/orders.ts";
import type { JournalledOrder } from "../domain/ports.ts";
import type { Group } from "./gapGroups.ts";

const ZERO = new Big(0);
export const ONE = new Big(1);
const DAY_MS = 86_400_000;

/** How the prices of a backtest's data are turned into those that were traded. */
export interface DataPrices {
  /** New shares for one of the data's at a time. */
  readonly asTraded: (time: number) => Big;
  /** The same for a price of a trade that is told in terms of its exit. */
  readonly ofTrade: (time: number, exit: number) => Big;
  /** Actions that its closes show once they are as traded. */
  readonly applied: readonly CorporateAction[];
}

export function pricesOf({ info }: Dataset, series: BarSeries, actions: readonly CorporateAction[]): DataPrices {
  const isAdjusted = info.adjustment === "split" || info.adjustment === "all";
  const since = (time: number, basis: number) => ratioBetween(actions, time, basis);
  if (isAdjusted) {
    const whole = (time: number) => since(time, Number.POSITIVE_INFINITY);
    const dividends = (series.actions ?? []).filter(({ kind }) => kind === "dividend");
    return { asTraded: whole, ofTrade: whole, applied: [...actions.filter(({ kind }) => kind === "split"), ...dividends] };
  }
  const isApplied = series.actions !== undefined;
  return { asTraded: () => ONE, ofTrade: (time, exit) => (isApplied ? since(time, exit) : ONE), applied: series.actions ?? [] };
}

/** New shares for one old by the splits of the dates after that of one time, up to that of another. */
function ratioBetween(actions: readonly CorporateAction[], after: number, upTo: number): Big {
  return between(actions, after, upTo).reduce((ratio, one) => (one.kind === "split" ? ratio.times(one.ratio) : ratio), ONE);
}

/** By dates: the daily bar of a file may begin hours before New York's midnight. */
function between(actions: readonly CorporateAction[], after: number, upTo: number): readonly CorporateAction[] {
  const [first, last] = [dateAt(after), upTo === Number.POSITIVE_INFINITY ? "9" : dateAt(upTo)];
  return actions.filter(({ time }) => dateAt(time) > first && dateAt(time) <= last);
}

/** The last close of each New York date, with the one before in the terms of the day: a split divides it, a dividend is taken off. */
export function marksOf(series: BarSeries, actions: readonly CorporateAction[], asTraded: (time: number) => Big): ReadonlyMap<string, GapMark> {
  const closes = new Map<string, { readonly close: Big; readonly first: number }>();
  for (let t = 0; t < series.time.length; t++) {
    const time = series.time[t] as number;
    const date = dateAt(time);
    closes.set(date, { close: new Big(series.close[t] as number).times(asTraded(time)), first: closes.get(date)?.first ?? time });
  }
  const marks = new Map<string, GapMark>();
  let last: { readonly close: Big; readonly first: number } | undefined;
  for (const [date, { close, first }] of closes) {
    const { close: before, first: since } = last ?? { close, first };
    marks.set(date, { before: inTermsOf(before, actions, since, first), close });
    last = { close, first };
  }
  return marks;
}

function inTermsOf(close: Big, actions: readonly CorporateAction[], after: number, upTo: number): Big {
  return between(actions, after, upTo).reduce((price, one) => (one.kind === "split" ? price.div(one.ratio) : price.minus(one.amount)), close);
}

/** Daily bars of files are stamped with UTC midnight, those of the market with New York's. */
export function dateAt(time: number): string {
  return time % DAY_MS === 0 ? new Date(time).toISOString().slice(0, 10) : newYorkDate(time);
}

function opensOf(series: BarSeries): ReadonlyMap<string, number> {
  const opens = new Map<string, number>();
  for (let t = series.time.length - 1; t >= 0; t--) opens.set(dateAt(series.time[t] as number), series.open[t] as number);
  return opens;
}

/** The orders say how many, the strategy only when: sizes of the backtest are brought to those of the orders. */
export function scaleOf({ fills, orders }: Group, trades: BacktestResult["trades"], prices: DataPrices): Big {
  for (const fill of fills) {
    if (fill.side !== "buy") continue;
    const trade = trades.findLast(({ entryTime }) => dateAt(Date.parse(entryTime)) <= newYorkDate(fill.at));
    const asked = qtyIn(orders.get(fill.orderId)) ?? new Big(fill.qty);
    if (trade === undefined || !(trade.size > 0)) continue;
    const [entry, exit] = [Date.parse(trade.entryTime), Date.parse(trade.exitTime)];
    return asked.div(new Big(trade.size).div(prices.ofTrade(entry, exit)));
  }
  return ONE;
}

function qtyIn(order: JournalledOrder | undefined): Big | undefined {
  try {
    const { qty } = JSON.parse(order?.body ?? "{}") as { qty?: string | number };
    return qty === undefined ? undefined : new Big(qty);
  } catch {
    return undefined;
  }
}

interface PlanOf {
  readonly symbol: string;
  readonly scale: Big;
  /** Share of the price that the backtest's own slippage adds to a market order. */
  readonly slipped: Big;
  readonly dataset: BarSeries;
  readonly market: BarSeries;
  readonly prices: DataPrices;
}

export function plannedFills(trades: BacktestResult["trades"], { symbol, scale, slipped, dataset, market, prices }: PlanOf): readonly GapFill[] {
  const [ours, theirs] = [opensOf(dataset), opensOf(market)];
  const one = (side: Side, at: number, told: { readonly price: number; readonly size: Big; readonly fee: Big; readonly ratio: Big }): GapFill => {
    const paid = new Big(told.price).times(told.ratio);
    const slippage = paid.minus(paid.div(side === "buy" ? slipped.plus(1) : ONE.minus(slipped)));
    const [own, other] = [ours.get(dateAt(at)), theirs.get(dateAt(at))];
    const moved = own === undefined || other === undefined ? ZERO : new Big(other).minus(new Big(own).times(prices.asTraded(at)));
    return { symbol, side, qty: told.size.div(told.ratio), price: paid, fee: told.fee, at, market: paid.minus(slippage).plus(moved), slippage };
  };
  return trades.flatMap(({ side, entryTime, exitTime, entryPrice, exitPrice, size, fees, finalized }) => {
    const [entry, exit] = [Date.parse(entryTime), Date.parse(exitTime)];
    const qty = new Big(size).times(scale);
    const [fee, inValue, outValue] = [new Big(fees).times(scale), new Big(entryPrice), new Big(exitPrice)];
    const entryFee = fee.times(inValue).div(inValue.plus(outValue));
    const [opens, closes]: [Side, Side] = side === "long" ? ["buy", "sell"] : ["sell", "buy"];
    const opened = one(opens, entry, { price: entryPrice, size: qty, fee: entryFee, ratio: prices.ofTrade(entry, exit) });
    if (finalized) return [opened];
    return [opened, one(closes, exit, { price: exitPrice, size: qty, fee: fee.minus(entryFee), ratio: prices.ofTrade(exit, exit) })];
  });
}

export function bookOn(date: string, fills: readonly GapFill[], symbol: string, actions: readonly CorporateAction[]): GapBook {
  const before = fills.filter(({ at }) => dateAt(at) < date);
  const held = before.reduce((sum, { side, qty, at }) => {
    const units = qty.times(ratioBetween(actions, at, Date.parse(date))); // a split of this day has taken effect
    return side === "buy" ? sum.plus(units) : sum.minus(units);
  }, ZERO);
  return { fills: fills.filter(({ at }) => dateAt(at) === date), held: new Map([[symbol, held]]) };
}
