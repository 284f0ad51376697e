/** Orders, positions, accounts and quotes for programs (JSON, cells): money and quantities as decimal texts, times ISO 8601 UTC. */
import { decimalText, type Big } from "../base/decimal.ts";
import type { AuditRow } from "./ports.ts";
import type { Account, Alarm, Order, Position, Quote } from "./orders.ts";

type Decimals<T> = T extends Big ? string : T extends Big | null ? string | null : T;
/** The same fields, with each decimal as its text. */
type WithText<T> = { readonly [K in keyof T]: Decimals<T[K]> };

export type PlainAccount = WithText<Account>;
export type PlainPosition = WithText<Position>;
export interface PlainOrder extends WithText<Omit<Order, "submittedAt" | "filledAt" | "legs" | "replaces" | "replacedBy" | "assetId">> {
  readonly submittedAt: string;
  readonly filledAt: string | null;
  readonly legs: readonly PlainOrder[];
  /** Id of the order whose place it took, and of the one that took its place. */
  readonly replaces: string | null;
  readonly replacedBy: string | null;
}
export interface PlainQuote extends Omit<Quote, "at"> {
  readonly at: string;
}

const text = (value: Big | null) => (value === null ? null : decimalText(value));
const time = (at: number) => new Date(at).toISOString();

export function plainOrder(order: Order): PlainOrder {
  return {
    id: order.id,
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    orderClass: order.orderClass,
    timeInForce: order.timeInForce,
    status: order.status,
    qty: text(order.qty),
    notional: text(order.notional),
    filledQty: decimalText(order.filledQty),
    filledAvgPrice: text(order.filledAvgPrice),
    limitPrice: text(order.limitPrice),
    stopPrice: text(order.stopPrice),
    submittedAt: time(order.submittedAt),
    filledAt: order.filledAt === null ? null : time(order.filledAt),
    external: order.external === true,
    legs: order.legs.map(plainOrder),
    replaces: order.replaces ?? null,
    replacedBy: order.replacedBy ?? null,
  };
}

export function plainPosition(position: Position): PlainPosition {
  return {
    symbol: position.symbol,
    side: position.side,
    qty: decimalText(position.qty),
    avgEntryPrice: decimalText(position.avgEntryPrice),
    currentPrice: text(position.currentPrice),
    marketValue: text(position.marketValue),
    costBasis: decimalText(position.costBasis),
    unrealizedPl: text(position.unrealizedPl),
    external: position.external === true,
  };
}

export function plainAccount(account: Account): PlainAccount {
  return {
    accountNumber: account.accountNumber,
    status: account.status,
    currency: account.currency,
    cash: decimalText(account.cash),
    equity: decimalText(account.equity),
    lastEquity: decimalText(account.lastEquity),
    buyingPower: decimalText(account.buyingPower),
    portfolioValue: decimalText(account.portfolioValue),
    mode: account.mode,
    simulated: account.simulated,
  };
}

export function plainQuote(quote: Quote): PlainQuote {
  return { symbol: quote.symbol, bid: quote.bid, ask: quote.ask, bidSize: quote.bidSize, askSize: quote.askSize, at: time(quote.at) };
}

export interface PlainAlarm extends Omit<Alarm, "at"> {
  readonly at: string;
}

export function plainAlarm({ id, at, code, symbol, orderId, message, blocksEntries }: Alarm): PlainAlarm {
  return { id, at: time(at), code, symbol, orderId, message, blocksEntries };
}

export interface PlainAuditEntry extends Omit<AuditRow, "at" | "body"> {
  readonly at: string;
  /** The order as it was sent, or the limits that were set; null where there is none. */
  readonly order: Readonly<Record<string, unknown>> | null;
}

export function plainAuditEntry({ body, at, ...row }: AuditRow): PlainAuditEntry {
  return { ...row, at: time(at), order: body === null ? null : parsedBody(body) };
}

function parsedBody(body: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body) as Readonly<Record<string, unknown>>;
  } catch {
    return { text: body };
  }
}
