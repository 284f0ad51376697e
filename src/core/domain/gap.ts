/**
 * Gap attribution: why a day of trading earned something else than the backtest of that day. The backtest is turned into what
 * happened one step at a time, and each part is what its step changes, so that the six add up to the difference exactly:
 *
 *   code      the strategy as it is now  -> as it was when it traded
 *   data      the backtest's prices      -> the market's, for the same fills and closes
 *   missed    all the backtest's fills   -> those that happened, and those that only happened (with what is carried of either)
 *   timing    the time of the signal     -> the time of the fill, at the market's price then
 *   slippage  the market's price then, with the backtest's slippage -> the price paid
 *   fees      the backtest's             -> those charged
 *
 * Exact decimals throughout; only the answer is rounded to cents, so that it still adds up.
 */
import { Big } from "../base/decimal.ts";
import type { Side } from "./orders.ts";

export interface GapFill {
  readonly symbol: string;
  readonly side: Side;
  readonly qty: Big;
  readonly price: Big;
  /** In all. */
  readonly fee: Big;
  readonly at: number;
  /** The market's price at `at`: for a fill of the backtest, at the bar that it fills in. */
  readonly market: Big;
  /** Of a fill of the backtest: what its slippage model added to the price, below zero for a sale; 0 when absent. */
  readonly slippage?: Big;
}

/** Closes of one symbol, by whose prices. */
export interface GapMark {
  readonly before: Big;
  readonly close: Big;
}

export interface GapBook {
  readonly fills: readonly GapFill[];
  /** Units held at the close before, below zero when short. */
  readonly held: ReadonlyMap<string, Big>;
  /** Charged on the day for no fill, as for borrowed shares; 0 when absent. */
  readonly charges?: Big;
}

export interface GapDay {
  /** YYYY-MM-DD. */
  readonly date: string;
  /** The backtest with the strategy as it is now. */
  readonly now: GapBook;
  /** With the strategy as it was; the same as `now` where it did not change. */
  readonly traded: GapBook;
  readonly actual: GapBook;
  /** Of the backtest's data. */
  readonly dataMarks: ReadonlyMap<string, GapMark>;
  readonly marketMarks: ReadonlyMap<string, GapMark>;
}

export const GAP_PARTS = ["code", "data", "missed", "timing", "slippage", "fees"] as const;
export type GapPart = (typeof GAP_PARTS)[number];

export interface GapResult {
  readonly date: string;
  /** US dollars of the day, to the cent. */
  readonly backtest: Big;
  readonly actual: Big;
  /** Actual less backtest; the sum of `parts`. */
  readonly difference: Big;
  readonly parts: Readonly<Record<GapPart, Big>>;
}

const ZERO = new Big(0);
const CENTS = 2;

export function attributeGap(day: GapDay): GapResult {
  const { dataMarks, marketMarks, actual } = day;
  const charges = day.traded.charges ?? ZERO;
  const atMarket = day.traded.fills.map((fill) => ({ ...fill, price: fill.market.plus(fill.slippage ?? ZERO) }));
  const { matched, extra } = match(atMarket, actual.fills);
  const done = (priceOf: (fill: Matched) => Big) =>
    profit({ fills: [...matched.map((fill) => ({ ...fill.planned, price: priceOf(fill) })), ...extra], held: actual.held, charges }, marketMarks);
  const steps: Readonly<Record<GapPart | "start", Big>> = {
    start: profit(day.now, dataMarks),
    code: profit(day.traded, dataMarks),
    data: profit({ fills: atMarket, held: day.traded.held, charges }, marketMarks),
    missed: done(({ planned }) => planned.price),
    timing: done(({ planned, done: { market } }) => market.plus(planned.slippage ?? ZERO)),
    slippage: done(({ done: { price } }) => price),
    fees: profit(actual, marketMarks),
  };
  let before = steps.start;
  const exact = GAP_PARTS.map((part) => {
    const change = steps[part].minus(before);
    before = steps[part];
    return change;
  });
  const [backtest, end] = [steps.start.round(CENTS), steps.fees.round(CENTS)];
  const difference = end.minus(backtest);
  const parts = roundedTo(difference, exact);
  return {
    date: day.date,
    backtest,
    actual: end,
    difference,
    parts: Object.fromEntries(GAP_PARTS.map((part, at) => [part, parts[at] as Big])) as Record<GapPart, Big>,
  };
}

/** The days added up. */
export function totalGap(days: readonly GapResult[]): Omit<GapResult, "date"> {
  const sum = (take: (day: GapResult) => Big) => days.reduce((total, day) => total.plus(take(day)), ZERO);
  return {
    backtest: sum((day) => day.backtest),
    actual: sum((day) => day.actual),
    difference: sum((day) => day.difference),
    parts: Object.fromEntries(GAP_PARTS.map((part) => [part, sum((day) => day.parts[part])])) as Record<GapPart, Big>,
  };
}

/** What a day made of a book: what was held by the move of the close, what was traded by the close it ends at. */
function profit({ fills, held, charges = ZERO }: GapBook, marks: ReadonlyMap<string, GapMark>): Big {
  let total = charges.neg();
  for (const [symbol, units] of held) {
    const mark = markOf(marks, symbol);
    total = total.plus(units.times(mark.close.minus(mark.before)));
  }
  for (const { symbol, side, qty, price, fee } of fills) {
    const move = markOf(marks, symbol).close.minus(price).times(qty);
    total = (side === "buy" ? total.plus(move) : total.minus(move)).minus(fee);
  }
  return total;
}

function markOf(marks: ReadonlyMap<string, GapMark>, symbol: string): GapMark {
  const mark = marks.get(symbol);
  if (mark === undefined) throw new RangeError(`There is no close of ${symbol}.`);
  return mark;
}

interface Matched {
  /** The backtest's fill, cut to the quantity that was done. */
  readonly planned: GapFill;
  readonly done: GapFill;
}

/** Fills of one symbol and side are paired in their order, quantity by quantity; `extra` has no counterpart in the backtest. */
function match(planned: readonly GapFill[], actual: readonly GapFill[]): { readonly matched: readonly Matched[]; readonly extra: readonly GapFill[] } {
  const waiting = [...planned].sort((a, b) => a.at - b.at);
  const matched: Matched[] = [];
  const extra: GapFill[] = [];
  for (const done of [...actual].sort((a, b) => a.at - b.at)) {
    let left = done.qty;
    for (let at = waiting.findIndex((one) => isAlike(one, done)); at >= 0 && left.gt(0); at = waiting.findIndex((one) => isAlike(one, done))) {
      const plan = waiting[at] as GapFill;
      const qty = left.lt(plan.qty) ? left : plan.qty;
      matched.push({ planned: cut(plan, qty), done: cut(done, qty) });
      if (qty.eq(plan.qty)) waiting.splice(at, 1);
      else waiting[at] = cut(plan, plan.qty.minus(qty));
      left = left.minus(qty);
    }
    if (left.gt(0)) extra.push(cut(done, left));
  }
  return { matched, extra };
}

function isAlike(a: GapFill, b: GapFill): boolean {
  return a.symbol === b.symbol && a.side === b.side;
}

function cut(fill: GapFill, qty: Big): GapFill {
  return qty.eq(fill.qty) ? fill : { ...fill, qty, fee: fill.fee.times(qty).div(fill.qty) };
}

/** Rounded to cents so that they add up to `total`: what is left over goes to those that rounding cut most. */
function roundedTo(total: Big, exact: readonly Big[]): Big[] {
  const rounded = exact.map((part) => part.round(CENTS));
  const cent = new Big("0.01");
  let left = total.minus(rounded.reduce((sum, part) => sum.plus(part), ZERO));
  while (!left.eq(0)) {
    const step = left.gt(0) ? cent : cent.neg();
    const short = exact.map((part, at) => part.minus(rounded[at] as Big).times(step.s));
    const most = short.reduce((best, value, at) => (value.gt(short[best] as Big) ? at : best), 0);
    rounded[most] = (rounded[most] as Big).plus(step);
    left = left.minus(step);
  }
  return rounded;
}
