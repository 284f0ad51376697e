/** Alpaca's trading JSON into our words: money as decimals, times as UTC milliseconds. Unknown fields are ignored. */
import * as v from "valibot";
import { Big, decimalFrom } from "../base/decimal.ts";
import { TradingError } from "../base/errors.ts";
import {
  ORDER_STATUSES,
  type Account,
  type ClientOrderId,
  type MarketClock,
  type Order,
  type OrderClass,
  type OrderId,
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
const maybeDecimal = v.optional(v.nullable(decimal), null);

const instant = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.check((ms) => !Number.isNaN(ms), "is not a time"),
);
const maybeInstant = v.optional(v.nullable(instant), null);

/** Alpaca's "class" of a single order is "simple" or empty. */
const orderClass = v.pipe(
  v.optional(v.nullable(v.picklist(["", "simple", "bracket", "oco", "oto", "mleg"])), null),
  v.transform((name): OrderClass => (name === null || name === "" || name === "mleg" ? "simple" : name)),
);

const orderFields = {
  id: v.pipe(v.string(), v.nonEmpty()),
  client_order_id: v.string(),
  symbol: v.string(),
  side: v.picklist(["buy", "sell"]),
  type: v.picklist(["market", "limit", "stop", "stop_limit", "trailing_stop"]),
  order_class: orderClass,
  time_in_force: v.picklist(["day", "gtc", "opg", "cls", "ioc", "fok"]),
  status: v.picklist(ORDER_STATUSES),
  qty: maybeDecimal,
  notional: maybeDecimal,
  filled_qty: v.optional(v.nullable(decimal), "0"),
  filled_avg_price: maybeDecimal,
  limit_price: maybeDecimal,
  stop_price: maybeDecimal,
  created_at: maybeInstant,
  submitted_at: maybeInstant,
  filled_at: maybeInstant,
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
});

const clockSchema = v.object({ timestamp: instant, is_open: v.boolean(), next_open: instant, next_close: instant });

const assetSchema = v.object({
  symbol: v.string(),
  status: v.optional(v.string(), "active"),
  tradable: v.boolean(),
  fractionable: v.optional(v.boolean(), false),
  shortable: v.optional(v.boolean(), false),
  easy_to_borrow: v.optional(v.boolean(), true),
});

const quoteSchema = v.object({ bp: v.number(), ap: v.number(), bs: v.optional(v.number(), 0), as: v.optional(v.number(), 0), t: instant });
const quotesSchema = v.object({ quotes: v.record(v.string(), quoteSchema) });
const cancelsSchema = v.array(v.object({ id: v.string(), status: v.number() }));

/** A position with what is not bound by open sells; all of it where the broker does not say. */
export interface HeldPosition extends Position {
  readonly availableQty: Big;
}

export interface TradableAsset {
  readonly symbol: string;
  readonly tradable: boolean;
  readonly fractionable: boolean;
  readonly shortable: boolean;
}

export function parseOrder(json: unknown): Order {
  return orderOf(parse(orderSchema, json, "an order"));
}

export function parseOrders(json: unknown): readonly Order[] {
  return parse(v.array(orderSchema), json, "a list of orders").map(orderOf);
}

export function parseTradeUpdate(json: unknown): TradeUpdate {
  const wire = parse(updateSchema, json, "a trade update");
  return {
    event: wire.event,
    at: wire.timestamp ?? wire.order.submitted_at ?? 0,
    executionId: wire.execution_id,
    order: orderOf(wire.order),
    price: wire.price,
    qty: wire.qty,
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
