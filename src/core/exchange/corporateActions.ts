/**
 * What companies do to their shares, as Alpaca lists it: dividends and splits, announced 30 days before their ex-date, and
 * stocks that are traded no more. An action's id says whose it is and when, so that one can be found by it.
 */
import { FORMER_STOCKS, type FormerStock } from "../domain/formerStocks.ts";
import { addDays } from "../domain/nyse.ts";
import type { CorporateEvent } from "../domain/simulatedEvents.ts";
import { idOf } from "./assetId.ts";
import type { Market } from "./market.ts";

/** Names as in the parameter `types`. */
export type ActionType = "forward_split" | "reverse_split" | "cash_dividend" | "name_change" | "cash_merger" | "worthless_removal";

export interface Action {
  readonly id: string;
  readonly type: ActionType;
  /** By which actions are sorted and chosen. */
  readonly processDate: string;
  /** Known from then on. */
  readonly declaredDate: string;
  readonly symbols: readonly string[];
  readonly event: CorporateEvent | FormerStock;
}

export interface ActionRange {
  /** Empty: all. */
  readonly symbols: readonly string[];
  /** Process dates, both included. */
  readonly from: string;
  readonly to: string;
  /** Nothing that is declared later. */
  readonly today: string;
}

const DAY_MS = 86_400_000;

/** By process date, then by symbol. */
export function actionsOf(market: Market, { symbols, from, to, today }: ActionRange): Action[] {
  const wanted = new Set(symbols);
  const actions: Action[] = [];
  for (const { symbol } of market.stocks) {
    if (wanted.size > 0 && !wanted.has(symbol)) continue;
    for (const event of market.events(symbol, addDays(from, -40), addDays(today, 31))) actions.push(ofEvent(market, event));
  }
  for (const former of formerStocks(market)) {
    const action = ofFormer(former);
    if (wanted.size === 0 || action.symbols.some((symbol) => wanted.has(symbol))) actions.push(action);
  }
  return actions
    .filter((action) => action.processDate >= from && action.processDate <= to && action.declaredDate <= today)
    .sort((a, b) => compare(a.processDate, b.processDate) || compare(a.symbols[0] ?? "", b.symbols[0] ?? "") || compare(a.type, b.type));
}

/** The action with an id that is declared by then. */
export function actionOf(market: Market, id: string, today: string): Action | undefined {
  const former = formerStocks(market)
    .map(ofFormer)
    .find((action) => action.id === id);
  if (former !== undefined) return former;
  const stock = market.stocks[Number.parseInt(id.slice(0, 4), 16)];
  const day = Number.parseInt(id.slice(4, 8), 16);
  if (stock === undefined || Number.isNaN(day)) return undefined;
  const date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  return market
    .eventsOn(stock.symbol, date)
    .map((event) => ofEvent(market, event))
    .find((action) => action.id === id && action.declaredDate <= today);
}

/** Nothing is made up about recorded prices. */
function formerStocks(market: Market): readonly FormerStock[] {
  return market.source.kind === "replay" ? [] : FORMER_STOCKS;
}

function ofEvent(market: Market, event: CorporateEvent): Action {
  const index = market.stocks.findIndex((stock) => stock.symbol === event.symbol);
  const hex = (value: number) => value.toString(16).padStart(4, "0");
  const id = `${hex(index)}${hex(Math.round(Date.parse(event.exDate) / DAY_MS))}${idOf(`quantdesk action ${market.seed} ${event.kind} ${event.symbol} ${event.exDate}`).slice(8)}`;
  const { declaredDate, symbol } = event;
  if (event.kind === "dividend") return { id, type: "cash_dividend", processDate: event.payableDate, declaredDate, symbols: [symbol], event };
  return { id, type: event.newRate > event.oldRate ? "forward_split" : "reverse_split", processDate: event.exDate, declaredDate, symbols: [symbol], event };
}

function ofFormer(event: FormerStock): Action {
  const { symbol, date, ending } = event;
  const symbols = ending.kind === "name_change" ? [symbol, ending.newSymbol] : [symbol];
  return { id: idOf(`quantdesk action ${symbol}`), type: ending.kind, processDate: date, declaredDate: addDays(date, -30), symbols, event };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Nine letters and digits made of the symbol. Not the real one. */
export function cusipOf(symbol: string): string {
  return idOf(`quantdesk cusip ${symbol}`).replaceAll("-", "").slice(0, 9).toUpperCase();
}

/** A row of /v1/corporate-actions. */
export function actionJson({ id, type, processDate, event }: Action): Record<string, unknown> {
  const cusip = cusipOf(event.symbol);
  const common = { id, process_date: processDate };
  if ("ending" in event) {
    const { symbol, ending } = event;
    if (ending.kind === "name_change")
      return { ...common, old_symbol: symbol, old_cusip: cusip, new_symbol: ending.newSymbol, new_cusip: cusipOf(ending.newSymbol) };
    if (ending.kind === "cash_merger")
      return { ...common, acquiree_symbol: symbol, acquiree_cusip: cusip, rate: ending.rate, effective_date: processDate, payable_date: processDate };
    return { ...common, symbol, cusip };
  }
  const { symbol, exDate } = event;
  if (event.kind === "dividend")
    return {
      ...common,
      symbol,
      cusip,
      rate: event.rate,
      special: false,
      foreign: false,
      ex_date: exDate,
      record_date: event.recordDate,
      payable_date: event.payableDate,
      currency: "USD",
    };
  const rates = { new_rate: event.newRate, old_rate: event.oldRate, ex_date: exDate, record_date: exDate, payable_date: exDate };
  return type === "forward_split"
    ? { ...common, symbol, cusip, ...rates }
    : { ...common, symbol, old_cusip: cusip, new_cusip: cusipOf(`${symbol} ${exDate}`), ...rates };
}

/** A row of the older /v2/corporate_actions/announcements. */
export function announcementJson({ id, type, processDate, declaredDate, event }: Action) {
  const target = "ending" in event && event.ending.kind === "name_change" ? event.ending.newSymbol : event.symbol;
  const isDividend = "kind" in event && event.kind === "dividend";
  const split = "kind" in event && event.kind === "split" ? event : undefined;
  return {
    id,
    corporate_action_id: `SIM_${event.symbol}_${processDate}`,
    ca_type: isDividend ? "dividend" : split === undefined ? "merger" : "split",
    ca_sub_type: {
      cash_dividend: "cash",
      forward_split: "stock_split",
      reverse_split: "reverse_split",
      name_change: "merger_update",
      cash_merger: "merger_completion",
      worthless_removal: "liquidation",
    }[type],
    initiating_symbol: event.symbol,
    initiating_original_cusip: cusipOf(event.symbol),
    target_symbol: target,
    target_original_cusip: cusipOf(target),
    declaration_date: declaredDate,
    ex_date: "exDate" in event ? event.exDate : processDate,
    record_date: isDividend ? event.recordDate : "exDate" in event ? event.exDate : processDate,
    payable_date: processDate,
    cash: isDividend ? String(event.rate) : "ending" in event && event.ending.kind === "cash_merger" ? String(event.ending.rate) : "0",
    old_rate: String(split?.oldRate ?? 1),
    new_rate: String(split?.newRate ?? 1),
  };
}
