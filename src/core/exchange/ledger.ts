/**
 * One account's money: cash, positions, what open orders hold back. Pure arithmetic on exact decimals;
 * cash plus positions at market is equity, always.
 */
import { Big } from "../base/decimal.ts";
import type { Side } from "../domain/orders.ts";
import { isEnded, type AccountRecord, type Configuration, type FillRecord, type OrderRecord, type PaymentRecord, type PositionRecord } from "./records.ts";

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

/** Of a new account. */
export const DEFAULTS: Configuration = {
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

const ZERO = new Big(0);

export interface Prices {
  last(symbol: string): Big;
  ask(symbol: string): Big;
}

/** Shares held that no open exit order has claimed. The two legs of one bracket claim the same shares once. */
export function availableToClose(account: AccountState, symbol: string, prices: Pick<Prices, "last">, except?: string): Big {
  return claimsOn(account, symbol, prices, except).available;
}

/** What open exit orders have claimed of a position. */
export function claimsOn(
  account: AccountState,
  symbol: string,
  prices: Pick<Prices, "last">,
  except?: string,
): { readonly available: Big; readonly held: Big; readonly claimed: Big; readonly orderIds: readonly string[] } {
  const qty = account.positions.get(symbol)?.qty ?? ZERO;
  const claims = new Map<string, Big>();
  if (!qty.eq(0)) {
    const exitSide: Side = qty.gt(0) ? "sell" : "buy";
    for (const order of account.open.values()) {
      if (isEnded(order) || order.symbol !== symbol || order.side !== exitSide || order.id === except) continue;
      const parent = order.parentId === null ? undefined : account.orders.get(order.parentId);
      if (parent !== undefined && parent.orderClass !== "oco" && parent.status !== "filled") continue; // waits for its entry
      const group = order.parentId ?? order.id;
      if (group === except) continue;
      const rest = order.qty === null ? (order.notional ?? ZERO).minus(order.filledValue).div(prices.last(symbol)) : order.qty.minus(order.filledQty);
      const known = claims.get(group);
      if (known === undefined || rest.gt(known)) claims.set(group, rest);
    }
  }
  let claimed = ZERO;
  for (const claim of claims.values()) claimed = claimed.plus(claim);
  const held = qty.abs();
  return { available: held.gt(claimed) ? held.minus(claimed) : ZERO, held, claimed, orderIds: [...claims.keys()] };
}

/** Books a fill: cash moves by price times quantity, the position by the quantity. Answers the position's new quantity. */
export function bookFill(account: AccountState, symbol: string, side: Side, price: Big, qty: Big): Big {
  const signed = side === "buy" ? qty : qty.times(-1);
  account.record.cash = account.record.cash.minus(signed.times(price));
  const position = account.positions.get(symbol) ?? { qty: ZERO, cost: ZERO };
  const after = position.qty.plus(signed);
  position.today = todayAfter(position, signed, price);
  if (position.qty.times(signed).gte(0)) position.cost = position.cost.plus(signed.times(price));
  else if (after.times(position.qty).lt(0)) position.cost = after.times(price);
  else position.cost = after.eq(0) ? ZERO : position.cost.times(after).div(position.qty);
  position.qty = after;
  if (after.eq(0)) account.positions.delete(symbol);
  else account.positions.set(symbol, position);
  return after;
}

/** What was opened today: more with each opening fill; closing fills take what was held before first. */
function todayAfter(position: PositionRecord, signed: Big, price: Big): NonNullable<PositionRecord["today"]> {
  const { qty, cost } = position.today ?? { qty: ZERO, cost: ZERO };
  const after = position.qty.plus(signed);
  if (position.qty.times(signed).gte(0)) return { qty: qty.plus(signed), cost: cost.plus(signed.times(price)) };
  if (after.times(position.qty).lte(0)) return { qty: after, cost: after.times(price) };
  // What is left of today's part: no more than is left at all.
  const left = qty.abs().lt(after.abs()) ? qty : after;
  return { qty: left, cost: qty.eq(0) ? ZERO : cost.times(left).div(qty) };
}
