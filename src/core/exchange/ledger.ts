/**
 * One account's money: cash, positions, what open orders hold back. Pure arithmetic on exact decimals;
 * cash plus positions at market is equity, always.
 */
import { Big } from "../base/decimal.ts";
import type { Side } from "../domain/orders.ts";
import { isEnded, type AccountRecord, type Configuration, type FillRecord, type OrderRecord, type PaymentRecord, type PositionRecord } from "./records.ts";

/** Regulation T: what an account may hold is twice its equity. */
export const MULTIPLIER = 2;

export interface AccountState {
  readonly record: AccountRecord;
  readonly positions: Map<string, PositionRecord>;
  /** In order of arrival. */
  readonly orders: Map<string, OrderRecord>;
  /** The same as a list, for those who read from its end. */
  readonly orderList: OrderRecord[];
  /** Those that have not ended: few, where the others may be very many. */
  readonly open: Map<string, OrderRecord>;
  readonly byClientOrderId: Map<string, string>;
  /** Oldest first, like payments and points. */
  readonly fills: FillRecord[];
  /** Dividends that were paid. */
  readonly payments: PaymentRecord[];
  /** Equity when the account was opened and at every close since. */
  readonly equityPoints: EquityPoint[];
}

export interface EquityPoint {
  readonly at: number;
  readonly equity: Big;
}

const DEFAULTS: Configuration = {
  no_shorting: false,
  suspend_trade: false,
  fractional_trading: true,
  max_margin_multiplier: "2",
  trade_confirm_email: "none",
  disable_overnight_trading: true,
  ptp_no_exception_entry: false,
};

export function configurationOf(account: AccountState): Configuration {
  return account.record.configuration ?? DEFAULTS;
}

export function newAccount(record: AccountRecord): AccountState {
  return {
    record,
    positions: new Map(),
    orders: new Map(),
    orderList: [],
    open: new Map(),
    byClientOrderId: new Map(),
    fills: [],
    payments: [],
    equityPoints: [],
  };
}

export interface Prices {
  last(symbol: string): Big;
  ask(symbol: string): Big;
}

export interface Figures {
  readonly longValue: Big;
  readonly shortValue: Big;
  readonly equity: Big;
  readonly buyingPower: Big;
  readonly initialMargin: Big;
  readonly maintenanceMargin: Big;
}

const ZERO = new Big(0);

export function figures(account: AccountState, prices: Prices): Figures {
  let longValue = ZERO;
  let shortValue = ZERO;
  for (const [symbol, position] of account.positions) {
    const value = position.qty.times(prices.last(symbol));
    if (value.gte(0)) longValue = longValue.plus(value);
    else shortValue = shortValue.plus(value);
  }
  const equity = account.record.cash.plus(longValue).plus(shortValue);
  const held = longValue.minus(shortValue);
  const power = equity.times(MULTIPLIER).minus(held).minus(reserved(account, prices));
  return {
    longValue,
    shortValue,
    equity,
    buyingPower: power.gt(0) ? power : ZERO,
    initialMargin: held.div(MULTIPLIER),
    maintenanceMargin: held.times("0.3"),
  };
}

/** What open orders that open a position hold back. */
function reserved(account: AccountState, prices: Prices): Big {
  let sum = ZERO;
  for (const order of account.open.values()) {
    if (isEnded(order) || order.status === "held" || order.role !== "entry") continue;
    const position = account.positions.get(order.symbol)?.qty ?? ZERO;
    const opens = order.side === "buy" ? position.gte(0) : position.lte(0);
    if (opens && order.orderClass !== "oco") sum = sum.plus(cost(order, prices));
  }
  return sum;
}

/** What the rest of an order may cost: its limit, for shorts at least 3 % above the ask. */
export function cost(
  order: Pick<OrderRecord, "symbol" | "side" | "qty" | "notional" | "limitPrice" | "stopPrice" | "filledQty" | "filledValue">,
  prices: Prices,
): Big {
  if (order.notional !== null) return order.notional.minus(order.filledValue);
  const rest = (order.qty ?? ZERO).minus(order.filledQty);
  const ask = prices.ask(order.symbol);
  if (order.side === "buy") return rest.times(order.limitPrice ?? order.stopPrice ?? ask);
  const padded = ask.times("1.03");
  return rest.times(order.limitPrice?.gt(padded) === true ? order.limitPrice : padded);
}

/** Shares held that no open exit order has claimed. The two legs of one bracket claim the same shares once. */
export function availableToClose(account: AccountState, symbol: string, prices: Pick<Prices, "last">, except?: string): Big {
  const held = account.positions.get(symbol)?.qty ?? ZERO;
  if (held.eq(0)) return ZERO;
  const exitSide: Side = held.gt(0) ? "sell" : "buy";
  const claims = new Map<string, Big>();
  for (const order of account.open.values()) {
    if (isEnded(order) || order.symbol !== symbol || order.side !== exitSide || order.id === except) continue;
    const parent = order.parentId === null ? undefined : account.orders.get(order.parentId);
    if (parent !== undefined && parent.orderClass !== "oco" && parent.status !== "filled") continue; // waits for its entry
    const group = order.parentId ?? order.id;
    const rest = order.qty === null ? (order.notional ?? ZERO).minus(order.filledValue).div(prices.last(symbol)) : order.qty.minus(order.filledQty);
    const known = claims.get(group);
    if (known === undefined || rest.gt(known)) claims.set(group, rest);
  }
  let available = held.abs();
  for (const claim of claims.values()) available = available.minus(claim);
  return available.gt(0) ? available : ZERO;
}

/** Books a fill: cash moves by price times quantity, the position by the quantity. Answers the position's new quantity. */
export function bookFill(account: AccountState, symbol: string, side: Side, price: Big, qty: Big): Big {
  const signed = side === "buy" ? qty : qty.times(-1);
  account.record.cash = account.record.cash.minus(signed.times(price));
  const position = account.positions.get(symbol) ?? { qty: ZERO, cost: ZERO };
  const grows = position.qty.times(signed).gte(0);
  const after = position.qty.plus(signed);
  const flips = !grows && after.times(position.qty).lt(0);
  if (grows) position.cost = position.cost.plus(signed.times(price));
  else if (flips) position.cost = after.times(price);
  else position.cost = after.eq(0) ? ZERO : position.cost.times(after).div(position.qty);
  position.qty = after;
  if (after.eq(0)) account.positions.delete(symbol);
  else account.positions.set(symbol, position);
  return after;
}
