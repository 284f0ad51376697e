/** Alpaca's trading JSON into our words: money as decimals, times as UTC milliseconds. Unknown fields are ignored. */
import * as v from "valibot";
import { Big, decimalFrom } from "../base/decimal.ts";
import { TradingError } from "../base/errors.ts";
import { newYorkOffset } from "../domain/nyse.ts";
import {
  ORDER_STATUSES,
  type Account,
  type Activity,
  type ClientOrderId,
  type Fill,
  type MarketClock,
  type MarketDay,
  type Order,
  type OrderClass,
  type OrderId,
  type OrderStatus,
  type PortfolioHistory,
  type Position,
  type Quote,
  type TradeUpdate,
  type TradingMode,
} from "../domain/orders.ts";

const decimal = v.pipe(
  v.union([v.string(), v.number()]),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return decimalFrom(dataset.value, "value");
    } catch {
      addIssue({ message: `"${dataset.value}" is not a decimal number` });
      return NEVER;
    }
  }),
);
/** JSON has numbers that are none here: 1e400 is read as infinite. */
const finite = v.pipe(v.number(), v.finite("is not a number that can be"));
const maybeDecimal = v.optional(v.nullable(decimal), null);

const instant = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.check((ms) => !Number.isNaN(ms), "is not a time"),
);
const maybeInstant = v.optional(v.nullable(instant), null);

/** A status that Alpaca has added since counts as that of an order that has not ended: it is shown, asked for and canceled. */
const status = v.pipe(
  v.string(),
  v.transform((text): OrderStatus => ((ORDER_STATUSES as readonly string[]).includes(text) ? (text as OrderStatus) : "accepted")),
);

/** Alpaca's "class" of a single order is "simple" or empty. */
const orderClass = v.pipe(
  v.optional(v.nullable(v.picklist(["", "simple", "bracket", "oco", "oto"])), null),
  v.transform((name): OrderClass => (name === null || name === "" ? "simple" : name)),
);

const orderFields = {
  id: v.pipe(v.string(), v.nonEmpty()),
  client_order_id: v.string(),
  symbol: v.string(),
  side: v.picklist(["buy", "sell"]),
  type: v.picklist(["market", "limit", "stop", "stop_limit", "trailing_stop"]),
  order_class: orderClass,
  time_in_force: v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"]),
  status,
  qty: maybeDecimal,
  notional: maybeDecimal,
  filled_qty: v.optional(v.nullable(decimal), "0"),
  filled_avg_price: maybeDecimal,
  limit_price: maybeDecimal,
  stop_price: maybeDecimal,
  created_at: maybeInstant,
  submitted_at: maybeInstant,
  filled_at: maybeInstant,
  replaces: v.optional(v.nullable(v.string()), null),
  replaced_by: v.optional(v.nullable(v.string()), null),
  asset_id: v.optional(v.nullable(v.string()), null),
};
const legSchema = v.object(orderFields);
const orderSchema = v.object({ ...orderFields, legs: v.optional(v.nullable(v.array(legSchema)), null) });

function orderOf(wire: v.InferOutput<typeof legSchema> & { readonly legs?: ReadonlyArray<v.InferOutput<typeof legSchema>> | null }): Order {
  return {
    id: wire.id as OrderId,
    clientOrderId: wire.client_order_id as ClientOrderId,
    symbol: wire.symbol,
    side: wire.side,
    type: wire.type,
    orderClass: wire.order_class,
    timeInForce: wire.time_in_force,
    status: wire.status,
    qty: wire.qty,
    notional: wire.notional,
    filledQty: wire.filled_qty ?? new Big(0),
    filledAvgPrice: wire.filled_avg_price,
    limitPrice: wire.limit_price,
    stopPrice: wire.stop_price,
    submittedAt: wire.submitted_at ?? wire.created_at ?? 0,
    filledAt: wire.filled_at,
    legs: (wire.legs ?? []).map((leg) => orderOf(leg)),
    ...(wire.asset_id === null ? {} : { assetId: wire.asset_id }),
    ...(wire.replaces === null ? {} : { replaces: wire.replaces as OrderId }),
    ...(wire.replaced_by === null ? {} : { replacedBy: wire.replaced_by as OrderId }),
  };
}

const updateSchema = v.object({
  event: v.string(),
  timestamp: maybeInstant,
  execution_id: v.optional(v.nullable(v.string()), null),
  order: orderSchema,
  price: maybeDecimal,
  qty: maybeDecimal,
  position_qty: maybeDecimal,
});

const accountSchema = v.object({
  account_number: v.string(),
  status: v.string(),
  currency: v.optional(v.nullable(v.string()), "USD"),
  cash: decimal,
  equity: decimal,
  last_equity: maybeDecimal,
  buying_power: decimal,
  portfolio_value: maybeDecimal,
  trading_blocked: v.optional(v.nullable(v.boolean()), false),
  account_blocked: v.optional(v.nullable(v.boolean()), false),
});

const positionSchema = v.object({
  symbol: v.string(),
  qty: decimal,
  qty_available: maybeDecimal,
  side: v.picklist(["long", "short"]),
  avg_entry_price: decimal,
  current_price: maybeDecimal,
  market_value: maybeDecimal,
  cost_basis: decimal,
  unrealized_pl: maybeDecimal,
  asset_class: v.optional(v.nullable(v.string()), null),
});

const clockSchema = v.object({ timestamp: instant, is_open: v.boolean(), next_open: instant, next_close: instant });

const assetSchema = v.object({
  symbol: v.string(),
  name: v.optional(v.nullable(v.string()), ""),
  status: v.optional(v.string(), "active"),
  tradable: v.boolean(),
  fractionable: v.optional(v.boolean(), false),
  shortable: v.optional(v.boolean(), false),
  easy_to_borrow: v.optional(v.boolean(), true),
});

const quoteSchema = v.object({ bp: finite, ap: finite, bs: v.optional(finite, 0), as: v.optional(finite, 0), t: instant });
const quotesSchema = v.object({ quotes: v.record(v.string(), quoteSchema) });
const activitySchema = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  activity_type: v.string(),
  /** Of fills; other entries have a date. */
  transaction_time: maybeInstant,
  date: maybeInstant,
  symbol: v.optional(v.nullable(v.string()), null),
  side: v.fallback(v.optional(v.nullable(v.picklist(["buy", "sell", "sell_short"])), null), null),
  qty: maybeDecimal,
  price: maybeDecimal,
  cum_qty: maybeDecimal,
  order_id: v.optional(v.nullable(v.string()), null),
  net_amount: maybeDecimal,
  /** Of fills by brokers that charge one. */
  commission: maybeDecimal,
  activity_sub_type: v.optional(v.nullable(v.string()), null),
  description: v.optional(v.nullable(v.string()), null),
  /** "canceled" for entries that were taken back. */
  status: v.optional(v.nullable(v.string()), null),
});

const splitSchema = v.object({ symbol: v.string(), ex_date: v.string(), old_rate: finite, new_rate: finite });
const mergerSchema = v.object({ acquiree_symbol: v.string(), effective_date: v.string() });
const actionsSchema = v.object({
  corporate_actions: v.object({
    forward_splits: v.optional(v.array(splitSchema), []),
    reverse_splits: v.optional(v.array(splitSchema), []),
    name_changes: v.optional(v.array(v.object({ old_symbol: v.string(), new_symbol: v.string(), process_date: v.string() })), []),
    cash_mergers: v.optional(v.array(mergerSchema), []),
    stock_mergers: v.optional(v.array(mergerSchema), []),
    stock_and_cash_mergers: v.optional(v.array(mergerSchema), []),
    worthless_removals: v.optional(v.array(v.object({ symbol: v.string(), process_date: v.string() })), []),
  }),
});

const clockTime = v.pipe(v.string(), v.regex(/^\d{2}:?\d{2}$/));
const calendarSchema = v.array(v.object({ date: v.pipe(v.string(), v.isoDate()), open: clockTime, close: clockTime }));

const historySchema = v.object({
  timestamp: v.array(finite),
  equity: v.array(v.nullable(finite)),
  profit_loss: v.optional(v.nullable(v.array(v.nullable(finite))), null),
  base_value: maybeDecimal,
  timeframe: v.string(),
});

const cancelsSchema = v.array(v.object({ id: v.string(), status: finite }));

/** A position with what is not bound by open sells; all of it where the broker does not say. */
export interface HeldPosition extends Position {
  readonly availableQty: Big;
  readonly isStock: boolean;
}

export interface TradableAsset {
  readonly symbol: string;
  readonly name: string;
  readonly tradable: boolean;
  readonly fractionable: boolean;
  readonly shortable: boolean;
}

export function parseOrder(json: unknown): Order {
  return orderOf(parse(orderSchema, json, "an order"));
}

/** Without orders of several options at once (class "mleg"), which have neither side nor symbol. */
export function parseOrders(json: unknown): readonly Order[] {
  const isSpread = (row: unknown) => row !== null && typeof row === "object" && (row as { order_class?: unknown }).order_class === "mleg";
  const own = Array.isArray(json) ? json.filter((row) => !isSpread(row)) : json;
  return parse(v.array(orderSchema), own, "a list of orders").map(orderOf);
}

export function parseTradeUpdate(json: unknown): TradeUpdate {
  const wire = parse(updateSchema, json, "a trade update");
  // A correction names what was traded, too, and is no trade.
  const isFill = wire.event === "fill" || wire.event === "partial_fill";
  return {
    event: wire.event,
    at: wire.timestamp ?? wire.order.submitted_at ?? 0,
    executionId: wire.execution_id,
    order: orderOf(wire.order),
    price: isFill ? wire.price : null,
    qty: isFill ? wire.qty : null,
    positionQty: wire.position_qty,
  };
}

export function parseAccount(json: unknown, mode: TradingMode, simulated: boolean): Account {
  const wire = parse(accountSchema, json, "an account");
  return {
    accountNumber: wire.account_number,
    status: wire.trading_blocked === true || wire.account_blocked === true ? `${wire.status} (trading blocked)` : wire.status,
    currency: wire.currency ?? "USD",
    cash: wire.cash,
    equity: wire.equity,
    lastEquity: wire.last_equity ?? wire.equity,
    buyingPower: wire.buying_power,
    portfolioValue: wire.portfolio_value ?? wire.equity,
    mode,
    simulated,
  };
}

export function parsePosition(json: unknown): HeldPosition {
  return positionOf(parse(positionSchema, json, "a position"));
}

export function parsePositions(json: unknown): readonly HeldPosition[] {
  return parse(v.array(positionSchema), json, "a list of positions").map(positionOf);
}

function positionOf(wire: v.InferOutput<typeof positionSchema>): HeldPosition {
  return {
    symbol: wire.symbol,
    qty: wire.qty,
    side: wire.side,
    avgEntryPrice: wire.avg_entry_price,
    currentPrice: wire.current_price,
    marketValue: wire.market_value,
    costBasis: wire.cost_basis,
    unrealizedPl: wire.unrealized_pl,
    availableQty: wire.qty_available ?? wire.qty,
    isStock: wire.asset_class === null || wire.asset_class === "us_equity",
  };
}

export function parseClock(json: unknown): MarketClock {
  const wire = parse(clockSchema, json, "a market clock");
  return { at: wire.timestamp, isOpen: wire.is_open, nextOpen: wire.next_open, nextClose: wire.next_close };
}

export function parseAsset(json: unknown): TradableAsset {
  const wire = parse(assetSchema, json, "an asset");
  return {
    symbol: wire.symbol,
    name: wire.name ?? "",
    tradable: wire.tradable && wire.status === "active",
    fractionable: wire.fractionable,
    shortable: wire.shortable && wire.easy_to_borrow,
  };
}

/** The latest quote of `symbol`, null if there is none. */
export function parseLatestQuote(json: unknown, symbol: string): Quote | null {
  const wire = parse(quotesSchema, json, "latest quotes").quotes[symbol];
  return wire === undefined ? null : { symbol, bid: wire.bp, ask: wire.ap, bidSize: wire.bs, askSize: wire.as, at: wire.t };
}

export function parseActivities(json: unknown): readonly Activity[] {
  return parse(v.array(activitySchema), json, "a list of activities").map((wire) => ({
    id: wire.id,
    type: wire.activity_type,
    at: wire.transaction_time ?? wire.date ?? 0,
    symbol: wire.symbol,
    fill: wire.activity_type === "FILL" ? fillOf(wire) : null,
    qty: wire.qty,
    netAmount: wire.net_amount,
    ...(wire.commission === null ? {} : { commission: wire.commission }),
    ...(wire.order_id === null ? {} : { orderId: wire.order_id as OrderId }),
    ...(wire.activity_sub_type === null ? {} : { subType: wire.activity_sub_type }),
    ...(wire.description === null ? {} : { description: wire.description }),
    ...(wire.status === "canceled" ? { canceled: true } : {}),
  }));
}

/** The id is the time, "::" and the execution's id. Null when it lacks what a fill has. */
function fillOf(wire: v.InferOutput<typeof activitySchema>): Fill | null {
  const { id, symbol, side, qty, price, cum_qty: cumQty, order_id: orderId, transaction_time: at } = wire;
  if (symbol === null || side === null || qty === null || price === null || orderId === null || at === null) return null;
  const executionId = id.slice(id.indexOf("::") < 0 ? 0 : id.indexOf("::") + 2);
  return { executionId, orderId: orderId as OrderId, symbol, side: side === "buy" ? "buy" : "sell", qty: qty.abs(), price, cumQty: cumQty ?? qty.abs(), at };
}

export function parseCalendar(json: unknown): readonly MarketDay[] {
  return parse(calendarSchema, json, "a market calendar").map(({ date, open, close }) => ({
    date,
    open: newYorkTime(date, open),
    close: newYorkTime(date, close),
  }));
}

/** What happens to a stock, in words; `date` is New York's. */
export interface CorporateAction {
  readonly kind: "split" | "merger" | "symbol-changed" | "not-tradable";
  readonly symbol: string;
  readonly date: string;
  readonly text: string;
}

export function parseCorporateActions(json: unknown): readonly CorporateAction[] {
  const { corporate_actions: found } = parse(actionsSchema, json, "a list of corporate actions");
  return [
    ...[...found.forward_splits, ...found.reverse_splits].map(
      (one): CorporateAction => ({ kind: "split", symbol: one.symbol, date: one.ex_date, text: `a split of ${one.new_rate} for ${one.old_rate}` }),
    ),
    ...[...found.cash_mergers, ...found.stock_mergers, ...found.stock_and_cash_mergers].map(
      (one): CorporateAction => ({ kind: "merger", symbol: one.acquiree_symbol, date: one.effective_date, text: "a merger" }),
    ),
    ...found.name_changes.map(
      (one): CorporateAction => ({ kind: "symbol-changed", symbol: one.old_symbol, date: one.process_date, text: `the symbol becomes ${one.new_symbol}` }),
    ),
    ...found.worthless_removals.map(
      (one): CorporateAction => ({ kind: "not-tradable", symbol: one.symbol, date: one.process_date, text: "it is removed as worthless" }),
    ),
  ];
}

/** The calendar has New York's wall time, without a zone. */
function newYorkTime(date: string, time: string): number {
  const wall = Date.parse(`${date}T${time.slice(0, 2)}:${time.slice(-2)}:00Z`);
  return wall - newYorkOffset(wall - newYorkOffset(wall));
}

export function parsePortfolioHistory(json: unknown): PortfolioHistory {
  const wire = parse(historySchema, json, "a portfolio history");
  const baseValue = wire.base_value ?? new Big(0);
  return {
    timeframe: wire.timeframe,
    baseValue,
    points: wire.timestamp.flatMap((seconds, i) => {
      const equity = wire.equity[i];
      if (equity === null || equity === undefined) return []; // before the account was funded
      return [{ at: seconds * 1000, equity: new Big(equity), profitLoss: new Big(wire.profit_loss?.[i] ?? new Big(equity).minus(baseValue)) }];
    }),
  };
}

export function parseAssets(json: unknown): readonly TradableAsset[] {
  return parse(v.array(v.unknown()), json, "a list of assets").map(parseAsset);
}

export function parseCancels(json: unknown): ReadonlyArray<{ readonly id: string; readonly status: number }> {
  return parse(cancelsSchema, json, "a list of cancellations");
}

function parse<const S extends v.GenericSchema>(schema: S, json: unknown, what: string): v.InferOutput<S> {
  const result = v.safeParse(schema, json);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue) ?? "";
  throw new TradingError("bad-answer", `The broker's answer is not ${what}: ${where === "" ? "" : `${where}: `}${issue.message}.`, { data: { sent: true } });
}
