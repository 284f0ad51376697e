/** Alpaca's JSON: money and quantities as strings in trading answers, as numbers in market data; times RFC 3339. */
import { Big } from "../base/decimal.ts";
import { hash32 } from "../base/random.ts";
import type { FormerStock } from "../domain/formerStocks.ts";
import { newYorkOffset } from "../domain/nyse.ts";
import type { OrderStatus, Quote } from "../domain/orders.ts";
import type { SimulatedStock } from "../domain/simulatedUniverse.ts";
import { assetId } from "./assetId.ts";
import type { Feed } from "./dataQuery.ts";
import { mix } from "./dayPath.ts";
import { configurationOf, type AccountState } from "./ledger.ts";
import type { Figures } from "./margin.ts";
import type { MarketTrade } from "./market.ts";
import type { MarketBar } from "./marketBar.ts";
import { isEnded, type FillRecord, type OrderRecord, type PaymentRecord, type PositionRecord } from "./records.ts";
import { primaryVenue, tapeOf, venueOf } from "./venues.ts";

export function instant(at: number): string {
  return new Date(at).toISOString();
}

/** The instant as New York writes it: 2026-11-20T10:00:00-05:00. */
export function newYorkInstant(at: number): string {
  const offset = newYorkOffset(at);
  return `${new Date(at + offset).toISOString().slice(0, 19)}-0${-offset / 3_600_000}:00`;
}

export function assetJson(stock: SimulatedStock) {
  return {
    id: assetId(stock.symbol),
    class: "us_equity",
    exchange: stock.listing,
    symbol: stock.symbol,
    name: `${stock.name} (SIMULATED)`,
    status: "active",
    tradable: true,
    marginable: true,
    maintenance_margin_requirement: 30,
    margin_requirement_long: "30",
    margin_requirement_short: "30",
    shortable: true,
    easy_to_borrow: true,
    borrow_status: "easy_to_borrow",
    fractionable: true,
    attributes: [] as string[],
  };
}

/** A stock that is traded no more. */
export function formerAssetJson({ symbol, name, listing }: FormerStock) {
  return {
    id: assetId(symbol),
    class: "us_equity",
    exchange: listing,
    symbol,
    name: `${name} (SIMULATED)`,
    status: "inactive",
    tradable: false,
    marginable: false,
    maintenance_margin_requirement: 100,
    margin_requirement_long: "100",
    margin_requirement_short: "100",
    shortable: false,
    easy_to_borrow: false,
    fractionable: false,
    attributes: [] as string[],
  };
}

/**
 * What is shown as an order's status: of two exits the stop is "held" as long as the take-profit works in the market, as
 * Alpaca shows it; it is watched all the same.
 */
export function shownStatus(order: OrderRecord, orders: ReadonlyMap<string, OrderRecord>): OrderStatus {
  if (order.role !== "stop_loss" || order.status !== "new" || order.parentId === null) return order.status;
  const parent = orders.get(order.parentId);
  const family = parent === undefined ? [] : parent.orderClass === "oco" ? [parent, ...legsOf(parent, orders)] : legsOf(parent, orders);
  return family.some((sister) => sister.id !== order.id && !isEnded(sister)) ? "held" : order.status;
}

function legsOf(parent: OrderRecord, orders: ReadonlyMap<string, OrderRecord>): readonly OrderRecord[] {
  return parent.legIds.flatMap((id) => orders.get(id) ?? []);
}

/** What follows the milliseconds of an order's time, from its place in the queue: no two orders have one time, so that paging by time leaves none out. */
export function submittedNanos({ sequence }: Pick<OrderRecord, "sequence">): number {
  return sequence % 1_000_000;
}

/** `legs`: nested below their parent. */
export function orderJson(order: OrderRecord, orders: ReadonlyMap<string, OrderRecord>, options: { readonly legs: boolean }): Record<string, unknown> {
  const time = (at: number | null) => (at === null ? null : instant(at));
  const money = (value: Big | null) => (value === null ? null : value.toFixed());
  const legs = legsOf(order, orders);
  return {
    id: order.id,
    client_order_id: order.clientOrderId,
    created_at: instant(order.createdAt),
    updated_at: instant(order.updatedAt),
    submitted_at: `${instant(order.submittedAt).slice(0, -1)}${String(submittedNanos(order)).padStart(6, "0")}Z`,
    filled_at: time(order.filledAt),
    expired_at: time(order.expiredAt),
    expires_at: instant(order.expiresAt),
    canceled_at: time(order.canceledAt),
    failed_at: time(order.failedAt),
    replaced_at: time(order.replacedAt),
    replaced_by: order.replacedBy,
    replaces: order.replaces,
    asset_id: order.assetId ?? assetId(order.symbol),
    symbol: order.symbol,
    asset_class: "us_equity",
    notional: money(order.notional),
    qty: money(order.qty),
    filled_qty: order.filledQty.toFixed(),
    filled_avg_price: order.filledQty.eq(0) ? null : order.filledValue.div(order.filledQty).round(6).toFixed(),
    order_class: order.orderClass,
    order_type: order.type,
    type: order.type,
    side: order.side,
    time_in_force: order.timeInForce,
    limit_price: money(order.limitPrice),
    stop_price: money(order.stopPrice),
    status: shownStatus(order, orders),
    extended_hours: order.extendedHours,
    ...(order.positionIntent === undefined ? {} : { position_intent: order.positionIntent }),
    legs: options.legs && legs.length > 0 ? legs.map((leg) => orderJson(leg, orders, { legs: false })) : null,
    trail_percent: money(order.trailPercent),
    trail_price: money(order.trailPrice),
    hwm: money(order.highWaterMark),
    subtag: null,
    source: null,
  };
}

export function accountJson(account: AccountState, worth: Figures) {
  const { record, open } = account;
  const text = (value: Big) => value.toFixed(); // not rounded: cash plus positions is equity to the last place
  const excess = worth.equity.minus(worth.initialMargin);
  return {
    id: record.id,
    account_number: record.accountNumber,
    status: "ACTIVE",
    crypto_status: "INACTIVE",
    currency: "USD",
    cash: text(record.cash),
    portfolio_value: text(worth.equity),
    equity: text(worth.equity),
    last_equity: text(record.lastEquity),
    buying_power: text(worth.buyingPower),
    effective_buying_power: text(worth.buyingPower),
    regt_buying_power: text(worth.regtBuyingPower),
    non_marginable_buying_power: text(worth.cashPower),
    options_buying_power: "0",
    long_market_value: text(worth.longValue),
    short_market_value: text(worth.shortValue),
    position_market_value: text(worth.longValue.plus(worth.shortValue)),
    initial_margin: text(worth.initialMargin),
    maintenance_margin: text(worth.maintenanceMargin),
    last_maintenance_margin: text(record.lastMaintenanceMargin ?? new Big(0)),
    sma: text(excess.gt(0) ? excess : new Big(0)),
    multiplier: String(worth.multiplier),
    accrued_fees: "0",
    pending_transfer_in: "0",
    pending_transfer_out: "0",
    intraday_adjustments: "0",
    pending_reg_taf_fees: "0",
    balance_asof: newYorkInstant(record.lastCloseAt ?? record.createdAt).slice(0, 10),
    created_at: instant(record.createdAt),
    trading_blocked: false,
    transfers_blocked: false,
    account_blocked: false,
    trade_suspended_by_user: configurationOf(account).suspend_trade,
    shorting_enabled: worth.multiplier !== 1,
    options_approved_level: 0,
    options_trading_level: 0,
    open_orders: open.size,
    margin_call: worth.isMarginCall,
    simulated: true,
  };
}

export interface PositionPrices {
  readonly current: Big;
  readonly lastDay: Big;
  readonly available: Big;
  readonly stock: SimulatedStock;
}

export function positionJson(position: PositionRecord, { current, lastDay, available, stock }: PositionPrices) {
  const isLong = position.qty.gt(0);
  const value = position.qty.times(current);
  const gain = value.minus(position.cost);
  const { today } = position;
  const before = position.qty
    .minus(today?.qty ?? 0)
    .times(lastDay)
    .plus(today?.cost ?? 0); // its worth at the day's beginning, or its price since
  const dayGain = value.minus(before);
  const share = (part: Big, whole: Big) => (whole.eq(0) ? "0" : part.div(whole.abs()).round(10).toFixed());
  return {
    asset_id: assetId(stock.symbol),
    symbol: stock.symbol,
    exchange: stock.listing,
    asset_class: "us_equity",
    asset_marginable: true,
    qty: position.qty.toFixed(),
    qty_available: (isLong ? available : available.times(-1)).toFixed(),
    side: isLong ? "long" : "short",
    avg_entry_price: position.cost.div(position.qty).round(6).toFixed(),
    market_value: value.toFixed(),
    cost_basis: position.cost.round(8).toFixed(),
    unrealized_pl: gain.round(8).toFixed(),
    unrealized_plpc: share(gain, position.cost),
    unrealized_intraday_pl: dayGain.round(8).toFixed(),
    unrealized_intraday_plpc: share(dayGain, before),
    current_price: current.toFixed(),
    lastday_price: lastDay.toFixed(),
    change_today: share(current.minus(lastDay), lastDay),
  };
}

const ACTIVITY_TYPES = { split: "SPLIT", fee: "FEE", interest: "INT" } as const;

export function activityTypeOf({ kind }: PaymentRecord): string {
  return kind === undefined ? "DIV" : ACTIVITY_TYPES[kind];
}

/** A dividend, a split or a charge among the activities; Alpaca gives them a date and no time. */
export function paymentJson(payment: PaymentRecord) {
  return {
    id: `${instant(payment.at).replace(/[-:TZ.]/g, "")}::${payment.id}`,
    activity_type: activityTypeOf(payment),
    ...(payment.kind === undefined ? { activity_sub_type: "CDIV" } : {}),
    date: newYorkInstant(payment.at).slice(0, 10),
    created_at: instant(payment.at),
    net_amount: payment.amount.toFixed(),
    ...(payment.kind === undefined ? { per_share_amount: payment.rate.toFixed() } : {}),
    ...(payment.kind === "interest" ? {} : { qty: payment.qty.toFixed(), symbol: payment.symbol }),
    currency: "USD",
    status: "executed",
  };
}

/** Rows of /v2/account/activities; the id sorts by time. */
export function activityJson(fill: FillRecord) {
  return {
    id: `${instant(fill.at).replace(/[-:TZ.]/g, "")}::${fill.id}`,
    activity_type: "FILL",
    transaction_time: instant(fill.at),
    type: fill.leavesQty.eq(0) ? "fill" : "partial_fill",
    price: fill.price.toFixed(),
    qty: fill.qty.toFixed(),
    side: fill.side,
    symbol: fill.symbol,
    leaves_qty: fill.leavesQty.toFixed(),
    order_id: fill.orderId,
    cum_qty: fill.cumQty.toFixed(),
    order_status: fill.status,
  };
}

export function barJson(bar: MarketBar) {
  return { t: instant(bar.t).replace(".000Z", "Z"), o: bar.o, h: bar.h, l: bar.l, c: bar.c, v: bar.v, n: bar.n, vw: bar.vw };
}

export function quoteJson(quote: Quote, stock: SimulatedStock, feed: Feed) {
  const noise = mix(hash32(quote.symbol), Math.floor(quote.at / 1000));
  return {
    t: instant(quote.at),
    ax: venueOf(feed, noise >>> 4),
    ap: quote.ask,
    as: quote.askSize,
    bx: venueOf(feed, noise >>> 12),
    bp: quote.bid,
    bs: quote.bidSize,
    c: ["R"],
    z: tapeOf(stock),
  };
}

export function tradeJson(trade: MarketTrade, stock: SimulatedStock, feed: Feed) {
  const second = Math.floor(trade.at / 1000);
  const noise = mix(hash32(stock.symbol), second) >>> 0;
  const isAuction = trade.kind === "open" || trade.kind === "close";
  return {
    t: instant(trade.at),
    x: isAuction && feed !== "iex" ? primaryVenue(stock) : venueOf(feed, noise),
    p: trade.price,
    s: trade.size,
    c: conditionsOf(trade, stock, noise),
    i: second,
    z: tapeOf(stock),
  };
}

function conditionsOf({ kind, size }: MarketTrade, stock: SimulatedStock, noise: number): readonly string[] {
  const conditions = [tapeOf(stock) === "C" ? "@" : " "];
  if (kind === "open") conditions.push("O");
  if (kind === "close") conditions.push("6");
  if (kind === "extended") conditions.push("T");
  if (kind === "regular" && noise % 5 === 0) conditions.push("F");
  if (size < 100) conditions.push("I");
  return conditions;
}
