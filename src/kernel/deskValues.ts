/** Results as cells get them: decimals as text, times as ISO 8601, columns as they are. */
import { decimalText, type Big } from "../core/base/decimal.ts";
import type { BarSeries } from "../core/domain/bars.ts";
import type { Account, Order, Position, Quote } from "../core/domain/orders.ts";
import type { BarColumns } from "./barFrame.ts";
import type * as desk from "./deskTypes.d.ts";

const text = (value: Big | null): string | null => (value === null ? null : decimalText(value));
const time = (at: number): string => new Date(at).toISOString();

export function accountValue(account: Account): desk.Account {
  const { cash, equity, lastEquity, buyingPower, portfolioValue, ...rest } = account;
  return {
    ...rest,
    cash: decimalText(cash),
    equity: decimalText(equity),
    lastEquity: decimalText(lastEquity),
    buyingPower: decimalText(buyingPower),
    portfolioValue: decimalText(portfolioValue),
  };
}

export function positionValue(position: Position): desk.Position {
  return {
    symbol: position.symbol,
    qty: decimalText(position.qty),
    side: position.side,
    avgEntryPrice: decimalText(position.avgEntryPrice),
    currentPrice: text(position.currentPrice),
    marketValue: text(position.marketValue),
    costBasis: decimalText(position.costBasis),
    unrealizedPl: text(position.unrealizedPl),
  };
}

export function orderValue(order: Order): desk.Order {
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
    legs: order.legs.map(orderValue),
  };
}

export function quoteValue(quote: Quote): desk.Quote {
  return { ...quote, at: time(quote.at) };
}

/** The newest `limit` bars, in memory of their own: a view would carry the whole buffer across. */
export function barColumns(series: BarSeries, source: string, limit: number | undefined): BarColumns {
  const from = limit === undefined ? 0 : Math.max(0, series.time.length - limit);
  return {
    symbol: series.symbol,
    timeframe: series.timeframe,
    source,
    simulated: series.simulated,
    time: series.time.slice(from),
    open: series.open.slice(from),
    high: series.high.slice(from),
    low: series.low.slice(from),
    close: series.close.slice(from),
    volume: series.volume.slice(from),
  };
}
