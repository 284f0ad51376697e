/**
 * Orders of cells. The same order of the same cell has the same client order id, so that running a finished notebook
 * again places nothing twice: neither the journal nor the exchange takes an id a second time.
 */
import type { Big } from "../core/base/decimal.ts";
import { canonicalJson, sha256 } from "../core/base/canonical.ts";
import { TradingError } from "../core/base/errors.ts";
import { withDeadline } from "../core/base/scope.ts";
import { isFinalStatus, type ClientOrderId, type Order, type OrderChange, type OrderIntent, type Placed, type Side } from "../core/domain/orders.ts";
import { intentOf } from "../core/domain/orderTerms.ts";
import type { BookPreview } from "../core/domain/preview.ts";
import type { Session } from "../core/session.ts";
import { decimalArgument, type DeskArguments, type OrderArguments } from "./deskArguments.ts";

export interface CellOrder {
  readonly order: Order;
  readonly warnings: readonly string[];
  readonly repeated: boolean;
}

export interface OrderCaller {
  /** Path or name of the notebook. */
  readonly notebook: string;
  readonly cellId: string;
}

const DECIMALS = ["qty", "notional", "limit", "stop", "takeProfit", "stopLoss", "stopLossLimit", "trailPercent", "trailPrice"] as const;
const MARKET_WAIT_SECONDS = 30;
const SEARCHED_ORDERS = 500;
const MOST_REPLACED = 50;

export async function placeCellOrder(
  session: Session,
  side: Side,
  symbol: string,
  args: OrderArguments,
  caller: OrderCaller,
  signal: AbortSignal,
): Promise<CellOrder> {
  const intent = cellIntent(side, symbol, args, caller);
  const before = args.again === true ? undefined : await sentBefore(session, intent.clientOrderId, signal);
  if (before !== undefined) return { order: await ended(session, before, args, signal), warnings: [], repeated: true };
  const { order, warnings } = orRefusal(await session.placeOrder(intent, signal));
  return { order: await ended(session, order, args, signal), warnings, repeated: false };
}

/** What `desk.buy` or `desk.sell` would do now. */
export async function previewCellOrder(
  session: Session,
  side: Side,
  symbol: string,
  args: OrderArguments,
  caller: OrderCaller,
  signal: AbortSignal,
): Promise<BookPreview> {
  const previewed = await session.previewOrder(cellIntent(side, symbol, args, caller), signal);
  if (!previewed.allowed) throw new TradingError(previewed.code, previewed.message, { kind: "refused", hint: previewed.hint });
  return previewed.preview;
}

/** Run again, the order has been replaced by one of the same terms: that one is answered, and nothing is sent. */
export async function replaceCellOrder(
  session: Session,
  id: string,
  args: DeskArguments["replace"][1],
  caller: OrderCaller,
  signal: AbortSignal,
): Promise<CellOrder> {
  const decimal = (name: "qty" | "limit" | "stop" | "trail") => (args[name] === undefined ? undefined : decimalArgument(args[name], name));
  const [qty, limitPrice, stopPrice, trail] = [decimal("qty"), decimal("limit"), decimal("stop"), decimal("trail")];
  const change: OrderChange = {
    ...(qty === undefined ? {} : { qty }),
    ...(limitPrice === undefined ? {} : { limitPrice }),
    ...(stopPrice === undefined ? {} : { stopPrice }),
    ...(trail === undefined ? {} : { trail }),
    ...(args.tif === undefined ? {} : { timeInForce: args.tif }),
  };
  let order = await session.broker.getOrder(id, signal);
  for (let step = 0; step < MOST_REPLACED && order.replacedBy !== undefined; step++) {
    order = await session.broker.getOrder(order.replacedBy, signal);
    if (isAsWanted(order, change)) return { order, warnings: [], repeated: true };
  }
  const reason = { origin: originOf(caller), ...(args.why === undefined ? {} : { why: args.why }) };
  const placed = orRefusal(await session.replaceOrder(id, change, reason, signal));
  return { order: placed.order, warnings: placed.warnings, repeated: false };
}

function isAsWanted(order: Order, { qty, limitPrice, stopPrice, timeInForce }: OrderChange): boolean {
  const equal = (wanted: Big | undefined, is: Big | null) => wanted === undefined || (is !== null && wanted.eq(is));
  return (
    equal(qty, order.qty) &&
    equal(limitPrice, order.limitPrice) &&
    equal(stopPrice, order.stopPrice) &&
    (timeInForce ?? order.timeInForce) === order.timeInForce
  );
}

/** Run again, the position is not closed again: the order of the same cell and part is answered. */
export async function closeCellPosition(
  session: Session,
  symbol: string,
  args: DeskArguments["closePosition"][1],
  caller: OrderCaller,
  signal: AbortSignal,
): Promise<CellOrder> {
  const part = {
    ...(args.qty === undefined ? {} : { qty: decimalArgument(args.qty, "qty") }),
    ...(args.percent === undefined ? {} : { percent: decimalArgument(args.percent, "percent") }),
  };
  const { key } = args;
  const what = key === undefined ? { cell: caller.cellId, symbol, qty: part.qty?.toFixed(), percent: part.percent?.toFixed() } : { key };
  const clientOrderId = args.again === true ? undefined : idOf({ notebook: caller.notebook, closes: true, ...what });
  const before = await sentBefore(session, clientOrderId, signal);
  if (before !== undefined) return { order: await ended(session, before, {}, signal), warnings: [], repeated: true };
  const reason = {
    origin: originOf(caller),
    ...(args.why === undefined ? {} : { why: args.why }),
    ...(clientOrderId === undefined ? {} : { clientOrderId }),
  };
  const { order, warnings } = orRefusal(await session.closePosition(symbol, part, reason, signal));
  return { order: await ended(session, order, {}, signal), warnings, repeated: false };
}

export function originOf(caller: OrderCaller): string {
  return `cell:${caller.notebook}#${caller.cellId}`;
}

function orRefusal(placed: Placed): Extract<Placed, { readonly placed: true }> {
  if (placed.placed) return placed;
  const hint = placed.code === "duplicate-intent" ? "Say { again: true } to send it once more." : placed.hint;
  throw new TradingError(placed.code, placed.message, { kind: "refused", hint });
}

function cellIntent(side: Side, symbol: string, args: OrderArguments, caller: OrderCaller): OrderIntent {
  const decimal = (name: (typeof DECIMALS)[number]) => (args[name] === undefined ? undefined : decimalArgument(args[name], name));
  const decimals = Object.fromEntries(DECIMALS.map((name) => [name, decimal(name)]));
  const { tif, extendedHours, short, why } = args;
  // A key says outright which order this is: an equal one under another key is meant.
  const again = args.again === true || args.key !== undefined;
  const intent = intentOf(side, symbol, { ...decimals, tif, extendedHours, short, why, again }, originOf(caller), (term) => term);
  return args.again === true ? intent : { ...intent, clientOrderId: cellOrderId(intent, args, caller) };
}

/** With a key, the key is the order's identity in this notebook; else what the order is and which cell sends it. */
function cellOrderId(intent: OrderIntent, args: OrderArguments, caller: OrderCaller): ClientOrderId {
  const { again: _again, wait: _wait, why: _why, key, ...rest } = args;
  const identity =
    key === undefined
      ? { notebook: caller.notebook, cell: caller.cellId, side: intent.side, symbol: intent.symbol, ...texts(rest) }
      : { notebook: caller.notebook, key };
  return idOf(identity);
}

function idOf(identity: object): ClientOrderId {
  return `qd-cell-${sha256(canonicalJson(identity)).slice(0, 32)}` as ClientOrderId;
}

/** 1 and "1" are the same quantity. */
function texts(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
}

/** The journal knows what this state folder sent; another folder's orders are among the exchange's newest. */
async function sentBefore(session: Session, clientOrderId: ClientOrderId | undefined, signal: AbortSignal): Promise<Order | undefined> {
  if (clientOrderId === undefined) return undefined;
  const journalled = await session.store.journalledOrder(clientOrderId, signal);
  if (journalled !== null && journalled.orderId !== null && journalled.state !== "rejected") return await session.broker.getOrder(journalled.orderId, signal);
  const orders = await session.broker.getOrders({ status: "all", limit: SEARCHED_ORDERS }, signal);
  return orders.find((order) => order.clientOrderId === clientOrderId);
}

/** Waits for the order's end as long as was said; an order that is still open then is answered as it is. */
async function ended(session: Session, order: Order, args: Pick<OrderArguments, "wait">, signal: AbortSignal): Promise<Order> {
  const seconds = args.wait ?? (order.type === "market" ? MARKET_WAIT_SECONDS : 0);
  if (seconds === 0 || isFinalStatus(order.status)) return order;
  try {
    return await withDeadline(`Order ${order.id}`, seconds * 1000, signal, (inner) => session.broker.waitForEnd(order.id, inner));
  } catch (error) {
    if (signal.aborted || !(error instanceof TradingError) || error.code !== "timeout") throw error;
    return await session.broker.getOrder(order.id, signal);
  }
}
