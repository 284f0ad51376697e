/** The order preview: what an order costs, what is left of each limit after it, and what the book could lose then. Pure. */
import { Big } from "../base/decimal.ts";
import type { OrderIntent, OrderPreview, Position, Quote, RiskCeilings, TradingMode } from "./orders.ts";
import type { BookLine, WorstDays } from "./worstDays.ts";

/** What a limit allows and what this order leaves of it; decimals are US dollars, or orders for the count. */
export interface LimitLine {
  readonly limit: keyof Omit<RiskCeilings, "symbols">;
  readonly unit: "usd" | "orders";
  readonly now: Big;
  /** Null when no price is known. */
  readonly after: Big | null;
  readonly ceiling: Big | null;
  /** Ceiling less `after`, at least 0; null without a ceiling or a price. */
  readonly left: Big | null;
}

/** Estimates in US dollars. */
export interface ExpectedCost {
  /** Half of the spread on every share, for an order that takes what is quoted. */
  readonly halfSpread: Big;
  /** Beyond the quote: 5 bps of the value, as in our backtests. */
  readonly slippage: Big;
  readonly fees: Big;
  readonly total: Big;
  /** Of the order's value, 1 bps is 0.01 %. */
  readonly totalBps: number;
}

/** Who or what proposed the order. */
export interface Proposal {
  readonly kind: "person" | "cell" | "run" | "analysis" | "agent" | "program";
  /** As in the audit log: "cli", "palette", "cell:research.ipynb#7". */
  readonly origin: string;
  readonly notebook?: string;
  readonly cell?: string;
  /** Hash of a run of the trial ledger, or name of an analysis or agent. */
  readonly id?: string;
  /** That run, when the trial ledger has it. */
  readonly run?: { readonly runHash: string; readonly strategy: string; readonly params: string; readonly dataset: string; readonly sharpe: number | null };
  readonly why?: string;
}

/** Everything that is shown before an order is sent. */
export interface BookPreview {
  readonly intent: OrderIntent;
  readonly guards: Extract<OrderPreview, { readonly allowed: true }>;
  readonly mode: TradingMode;
  readonly cost: ExpectedCost | null;
  readonly limits: readonly LimitLine[];
  /** Profit or loss in US dollars where the order has exits; null where it has none. */
  readonly exits: { readonly ifStopped: Big | null; readonly ifTarget: Big | null };
  /** Shares of the symbol, negative when short, and their value; percent of equity. */
  readonly position: { readonly before: Holding; readonly after: Holding | null };
  /** Null when it could not be worked out; a warning says why. */
  readonly worstDays: WorstDays | null;
  readonly proposedBy: Proposal;
  readonly warnings: readonly string[];
}

export interface Holding {
  readonly qty: Big;
  /** Null when no price is known. */
  readonly value: Big | null;
  readonly ofEquityPct: number | null;
}

type Guards = BookPreview["guards"];

/** Origins of orders that a person typed. */
const PEOPLE: ReadonlySet<string> = new Set(["cli", "palette", "chat"]);
const SLIPPAGE = new Big("0.0005");
const CENT = 2;

/** Whether it trades with what is quoted now: market and stop orders, and limits that reach the other side. */
export function takesQuote(intent: OrderIntent, quote: Quote | null): boolean {
  if (intent.limitPrice === undefined) return true;
  if (quote === null || intent.stopPrice !== undefined) return false;
  return intent.side === "buy" ? quote.ask > 0 && intent.limitPrice.gte(quote.ask) : quote.bid > 0 && intent.limitPrice.lte(quote.bid);
}

export function expectedCost(intent: OrderIntent, { units, value, quote }: Guards, mode: TradingMode): ExpectedCost | null {
  if (units === null || value === null) return null;
  const takes = takesQuote(intent, quote);
  const spread = quote === null || quote.ask <= 0 || quote.bid <= 0 || quote.ask < quote.bid ? new Big(0) : new Big(quote.ask).minus(quote.bid);
  const halfSpread = takes ? spread.div(2).times(units) : new Big(0);
  const slippage = takes ? value.times(SLIPPAGE) : new Big(0);
  const fees = mode === "live" ? regulatoryFees(intent, units) : new Big(0);
  const total = halfSpread.plus(slippage).plus(fees);
  return { halfSpread, slippage, fees, total, totalBps: value.eq(0) ? 0 : total.div(value).times(10_000).toNumber() };
}

/**
 * Alpaca passes on FINRA's trading activity fee (sells: $0.000166 a share, at most $8.30) and the consolidated audit trail's
 * ($0.000046 a share); the SEC's was $0 when this was written. Rates change: https://docs.alpaca.markets/docs/regulatory-fees.
 * Paper accounts and our own exchange charge none.
 */
function regulatoryFees(intent: OrderIntent, units: Big): Big {
  const activity = intent.side === "sell" ? units.times("0.000166") : new Big(0);
  const capped = activity.gt("8.3") ? new Big("8.3") : activity;
  return capped.plus(units.times("0.000046")).round(CENT, Big.roundUp);
}

/** Every limit, with a ceiling or without. `sentInLastMinute` counts orders of every process on the state folder. */
export function limitLines(intent: OrderIntent, guards: Guards, sentInLastMinute: number): readonly LimitLine[] {
  const { limits, account, held, working, price, value, units } = guards;
  // As the guard counts it: what open orders of this side may still trade is in it.
  const worth = (qty: Big) => (price === null ? null : qty.abs().plus(working).times(price));
  const line = (limit: LimitLine["limit"], unit: LimitLine["unit"], now: Big, after: Big | null): LimitLine => {
    const ceiling = limits[limit] === null ? null : new Big(limits[limit]);
    const rest = ceiling === null || after === null ? null : ceiling.minus(after);
    return { limit, unit, now, after, ceiling, left: rest === null ? null : rest.lt(0) ? new Big(0) : rest };
  };
  const lost = account.lastEquity.minus(account.equity);
  const lossNow = lost.gt(0) ? lost : new Big(0);
  const stopped = exitsOf(intent, guards).ifStopped;
  return [
    line("maxOrderValue", "usd", new Big(0), value),
    line("maxPositionValue", "usd", worth(held) ?? new Big(0), units === null ? null : worth(heldAfter(intent, held, units))),
    line("maxOrdersPerMinute", "orders", new Big(sentInLastMinute), new Big(sentInLastMinute + 1)),
    line("maxDailyLoss", "usd", lossNow, stopped !== null && stopped.lt(0) ? lossNow.minus(stopped) : lossNow),
  ];
}

/** What the entry earns or loses when an exit is reached, before costs. */
export function exitsOf(intent: OrderIntent, { price, units }: Pick<Guards, "price" | "units">): BookPreview["exits"] {
  const at = (exit: Big | undefined) => {
    if (exit === undefined || price === null || units === null) return null;
    return (intent.side === "buy" ? exit.minus(price) : price.minus(exit)).times(units);
  };
  return { ifStopped: at(intent.stopLoss?.stopPrice), ifTarget: at(intent.takeProfit?.limitPrice) };
}

/** What a share is worth now: the middle of the quote, else the price that the order is judged by. */
function markOf({ quote, price }: Pick<Guards, "quote" | "price">): Big | null {
  return quote !== null && quote.bid > 0 && quote.ask > 0 ? new Big(quote.bid).plus(quote.ask).div(2) : price;
}

export function holdings(intent: OrderIntent, guards: Guards): BookPreview["position"] {
  const { held, units, account } = guards;
  const price = markOf(guards);
  const holding = (qty: Big): Holding => {
    const value = price === null ? null : qty.times(price);
    return { qty, value, ofEquityPct: value === null || account.equity.lte(0) ? null : value.abs().div(account.equity).times(100).toNumber() };
  };
  return { before: holding(held), after: units === null ? null : holding(heldAfter(intent, held, units)) };
}

/** Every holding with its value before and after the order; the order's symbol is among them. */
export function bookLines(intent: OrderIntent, positions: readonly Position[], guards: Guards): readonly BookLine[] {
  const { held, units } = guards;
  const price = markOf(guards);
  const others = positions
    .filter((position) => position.symbol !== intent.symbol)
    .map((position) => {
      const size = (position.marketValue ?? position.costBasis).abs().toNumber();
      const value = position.side === "short" ? -size : size;
      return { symbol: position.symbol, before: value, after: value };
    });
  if (units === null || price === null) return others;
  const value = (qty: Big) => qty.times(price).toNumber();
  return [...others, { symbol: intent.symbol, before: value(held), after: value(heldAfter(intent, held, units)) }];
}

function heldAfter(intent: OrderIntent, held: Big, units: Big): Big {
  return intent.side === "buy" ? held.plus(units) : held.minus(units);
}

/** Read out of who ordered and why: a cell carries its place, a reason may begin with what proposed it ("run:3f9c… text", "analysis:AAPL"). */
export function proposalOf({ origin, why }: Pick<OrderIntent, "origin" | "why">): Proposal {
  const source = /^(run|analysis|agent|cell):(\S+)\s*([\s\S]*)$/.exec(why ?? "");
  const words = source === null ? why : source[3];
  const reason = words === undefined || words === "" ? {} : { why: words };
  if (source !== null && source[1] !== "cell") return { kind: source[1] as "run" | "analysis" | "agent", origin, id: source[2] as string, ...reason };
  const cell = /^cell:(.*)#([^#]*)$/.exec(source === null ? origin : `cell:${source[2]}`);
  if (cell !== null) return { kind: "cell", origin, notebook: cell[1] as string, cell: cell[2] as string, ...reason };
  const kind = PEOPLE.has(origin) ? "person" : origin.startsWith("agent") ? "agent" : "program";
  return { kind, origin, ...reason };
}
