/** What the exchange keeps: accounts, orders, fills. Money and quantities exact; times UTC milliseconds of exchange time. */
import type { Big } from "../base/decimal.ts";
import type { OrderClass, OrderStatus, OrderType, Side, TimeInForce } from "../domain/orders.ts";

export type PositionIntent = "buy_to_open" | "buy_to_close" | "sell_to_open" | "sell_to_close";

export interface OrderRecord {
  readonly id: string;
  readonly clientOrderId: string;
  readonly accountNumber: string;
  /** Order of arrival over all accounts. */
  readonly sequence: number;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly orderClass: OrderClass;
  readonly timeInForce: TimeInForce;
  readonly extendedHours: boolean;
  /** Both absent in books of version 0.1. */
  readonly positionIntent?: PositionIntent;
  readonly assetId?: string;
  qty: Big | null;
  readonly notional: Big | null;
  limitPrice: Big | null;
  stopPrice: Big | null;
  trailPrice: Big | null;
  readonly trailPercent: Big | null;
  /** Best price since a trailing stop was sent. */
  highWaterMark: Big | null;
  status: OrderStatus;
  filledQty: Big;
  /** Sum of price times quantity over its fills. */
  filledValue: Big;
  readonly createdAt: number;
  updatedAt: number;
  readonly submittedAt: number;
  filledAt: number | null;
  expiredAt: number | null;
  canceledAt: number | null;
  failedAt: number | null;
  replacedAt: number | null;
  replacedBy: string | null;
  readonly replaces: string | null;
  /** When it ends by itself: the session's close for day orders. */
  expiresAt: number;
  parentId: string | null;
  readonly role: "entry" | "take_profit" | "stop_loss";
  /** A stop order whose stop was touched. */
  triggered: boolean;
  legIds: readonly string[];
}

export interface PositionRecord {
  /** Negative when short. */
  qty: Big;
  /** What the quantity cost, negative when short. */
  cost: Big;
  /** The part of it that was opened today, and what that cost; absent when all of it was held before. */
  today?: { readonly qty: Big; readonly cost: Big };
}

export interface FillRecord {
  readonly id: string;
  readonly sequence: number;
  readonly accountNumber: string;
  readonly orderId: string;
  readonly symbol: string;
  readonly side: Side;
  readonly price: Big;
  readonly qty: Big;
  readonly cumQty: Big;
  readonly leavesQty: Big;
  readonly status: OrderStatus;
  readonly at: number;
}

/** A dividend that is owed to an account, or by it when it is short. */
export interface Entitlement {
  readonly id: string;
  readonly symbol: string;
  readonly qty: Big;
  /** USD a share. */
  readonly rate: Big;
  /** New York. */
  readonly payableDate: string;
}

/** A dividend that was paid, or a split that changed a position. */
export interface PaymentRecord {
  /** Absent for dividends. Fees for what is borrowed and interest on debt have their share of the yearly rate as `rate`. `qty` of a split is what came to the position, `rate` new shares for an old one, `amount` 0. */
  readonly kind?: "split" | "fee" | "interest";
  readonly id: string;
  readonly sequence: number;
  readonly accountNumber: string;
  readonly symbol: string;
  readonly qty: Big;
  readonly rate: Big;
  readonly amount: Big;
  readonly at: number;
}

export interface Watchlist {
  readonly id: string;
  readonly name: string;
  readonly symbols: readonly string[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Alpaca's names. The fields of the day-trading rule are gone since July 2026. */
export interface Configuration {
  readonly no_shorting: boolean;
  readonly suspend_trade: boolean;
  readonly fractional_trading: boolean;
  readonly max_margin_multiplier: string;
  readonly trade_confirm_email: string;
  readonly disable_overnight_trading: boolean;
  readonly ptp_no_exception_entry: boolean;
}

export interface AccountRecord {
  readonly id: string;
  readonly accountNumber: string;
  readonly keyId: string;
  readonly secretKey: string;
  readonly startCash: Big;
  readonly createdAt: number;
  cash: Big;
  /** Equity at the last session's close. */
  lastEquity: Big;
  /** Of the same close; absent before the first. */
  lastMaintenanceMargin?: Big;
  lastCloseAt?: number;
  /** Absent in books of version 0.1. */
  entitlements?: readonly Entitlement[];
  watchlists?: readonly Watchlist[];
  /** What was changed of the account's configuration. */
  configuration?: Configuration;
}

/** Orders that are neither ended nor waiting for their parent, and can trade. */
export function isWorking(order: OrderRecord): boolean {
  return order.status === "new" || order.status === "partially_filled";
}

/** Trades in the opening or the closing auction only. */
export function isAuction(order: Pick<OrderRecord, "timeInForce">): boolean {
  return order.timeInForce === "opg" || order.timeInForce === "cls";
}

export function isEnded(order: OrderRecord): boolean {
  return order.status === "filled" || order.status === "canceled" || order.status === "expired" || order.status === "replaced" || order.status === "rejected";
}
