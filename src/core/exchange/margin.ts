/**
 * What an account is worth and what it may still buy: pure arithmetic on exact decimals. Cash plus positions at market is
 * equity, always; buying power is by Alpaca's published formulas for cash, Regulation T and intraday accounts.
 */
import { Big } from "../base/decimal.ts";
import { configurationOf, type AccountState, type Prices } from "./ledger.ts";
import { isEnded, type OrderRecord } from "./records.ts";

/** 1: cash account. 2: Regulation T, twice its equity. 4: twice overnight, four times the excess within the day. */
export type Multiplier = 1 | 2 | 4;

export interface Figures {
  readonly longValue: Big;
  /** Negative, as positions sold short are. */
  readonly shortValue: Big;
  readonly equity: Big;
  readonly multiplier: Multiplier;
  /** Half of what is held and of what open entries reserve. */
  readonly initialMargin: Big;
  readonly maintenanceMargin: Big;
  readonly buyingPower: Big;
  readonly regtBuyingPower: Big;
  /** Cash that nothing is reserved of. */
  readonly cashPower: Big;
  readonly mayShort: boolean;
  /** Equity is below the maintenance margin: nothing more can be opened. */
  readonly isMarginCall: boolean;
}

const ZERO = new Big(0);
/** Equity from which an account has margin and may sell short, USD. */
const MARGIN_EQUITY = 2000;

export function figures(account: AccountState, prices: Prices): Figures {
  let [longValue, shortValue, maintenanceMargin] = [ZERO, ZERO, ZERO];
  for (const [symbol, { qty }] of account.positions) {
    const price = prices.last(symbol);
    const value = qty.times(price);
    if (value.gte(0)) longValue = longValue.plus(value);
    else shortValue = shortValue.plus(value);
    maintenanceMargin = maintenanceMargin.plus(maintenance(qty, price, value));
  }
  const { cash } = account.record;
  const equity = cash.plus(longValue).plus(shortValue);
  const { max_margin_multiplier, no_shorting } = configurationOf(account);
  const multiplier = equity.lt(MARGIN_EQUITY) ? 1 : (Number(max_margin_multiplier) as Multiplier);
  const orders = reserved(account, prices);
  const initialMargin = longValue.minus(shortValue).plus(orders).times("0.5");
  const excess = notBelowZero(equity.minus(initialMargin));
  const cashPower = notBelowZero((cash.lt(equity) ? cash : equity).minus(orders));
  const isMarginCall = equity.lt(maintenanceMargin);
  const regt = multiplier === 1 ? cashPower : excess.times(2);
  return {
    longValue,
    shortValue,
    equity,
    multiplier,
    initialMargin,
    maintenanceMargin,
    buyingPower: isMarginCall ? ZERO : multiplier === 4 ? notBelowZero(equity.minus(maintenanceMargin).times(4).minus(orders)) : regt,
    regtBuyingPower: isMarginCall ? ZERO : regt,
    cashPower,
    mayShort: multiplier !== 1 && no_shorting !== true,
    isMarginCall,
  };
}

function notBelowZero(value: Big): Big {
  return value.gt(0) ? value : ZERO;
}

/** Alpaca's table: 30 % of a long position, all of it below $2.50; for a short the greater of $5 a share and 30 %, below $5 of $2.50 and all. */
function maintenance(qty: Big, price: Big, value: Big): Big {
  if (value.gte(0)) return price.lt("2.5") ? value : value.times("0.3");
  const [least, share] = price.lt(5) ? (["2.5", "1"] as const) : (["5", "0.3"] as const);
  const [byShare, byValue] = [qty.abs().times(least), value.abs().times(share)];
  return byShare.gt(byValue) ? byShare : byValue;
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
  if (order.side === "buy") return rest.times(order.limitPrice ?? order.stopPrice ?? prices.ask(order.symbol));
  const padded = prices.ask(order.symbol).times("1.03");
  return rest.times(order.limitPrice?.gt(padded) === true ? order.limitPrice : padded);
}
