/**
 * Orders of cells. The same order of the same cell has the same client order id, so that running a finished notebook
 * again places nothing twice: neither the journal nor the exchange takes an id a second time.
 */
import { canonicalJson, sha256 } from "../core/base/canonical.ts";
import { TradingError } from "../core/base/errors.ts";
import { withDeadline } from "../core/base/scope.ts";
import { isFinalStatus, type ClientOrderId, type Order, type OrderIntent, type Side } from "../core/domain/orders.ts";
import { intentOf } from "../core/domain/orderTerms.ts";
import type { Session } from "../core/session.ts";
import { decimalArgument, type OrderArguments } from "./deskArguments.ts";

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

export async function placeCellOrder(
  session: Session,
  side: Side,
  symbol: string,
  args: OrderArguments,
  caller: OrderCaller,
  signal: AbortSignal,
): Promise<CellOrder> {
  const intent = cellIntent(side, symbol, args, caller);
  const before = args.again === true ? undefined : await sentBefore(session, intent, signal);
  if (before !== undefined) return { order: await ended(session, before, args, signal), warnings: [], repeated: true };
  const placed = await session.placeOrder(intent, signal);
  if (!placed.placed) {
    const hint = placed.code === "duplicate-intent" ? "Say { again: true } to send it once more." : placed.hint;
    throw new TradingError(placed.code, placed.message, { kind: "refused", hint });
  }
  return { order: await ended(session, placed.order, args, signal), warnings: placed.warnings, repeated: false };
}

function cellIntent(side: Side, symbol: string, args: OrderArguments, caller: OrderCaller): OrderIntent {
  const decimal = (name: (typeof DECIMALS)[number]) => (args[name] === undefined ? undefined : decimalArgument(args[name], name));
  const decimals = Object.fromEntries(DECIMALS.map((name) => [name, decimal(name)]));
  const { tif, extendedHours, short, why } = args;
  // A key says outright which order this is: an equal one under another key is meant.
  const again = args.again === true || args.key !== undefined;
  const intent = intentOf(side, symbol, { ...decimals, tif, extendedHours, short, why, again }, `cell:${caller.notebook}#${caller.cellId}`, (term) => term);
  return args.again === true ? intent : { ...intent, clientOrderId: cellOrderId(intent, args, caller) };
}

/** With a key, the key is the order's identity in this notebook; else what the order is and which cell sends it. */
function cellOrderId(intent: OrderIntent, args: OrderArguments, caller: OrderCaller): ClientOrderId {
  const { again: _again, wait: _wait, why: _why, key, ...rest } = args;
  const identity =
    key === undefined
      ? { notebook: caller.notebook, cell: caller.cellId, side: intent.side, symbol: intent.symbol, ...texts(rest) }
      : { notebook: caller.notebook, key };
  return `qd-cell-${sha256(canonicalJson(identity)).slice(0, 32)}` as ClientOrderId;
}

/** 1 and "1" are the same quantity. */
function texts(args: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
}

async function sentBefore(session: Session, intent: OrderIntent, signal: AbortSignal): Promise<Order | undefined> {
  const orders = await session.broker.getOrders({ status: "all", limit: SEARCHED_ORDERS }, signal);
  return orders.find((order) => order.clientOrderId === intent.clientOrderId);
}

/** Waits for the order's end as long as was said; an order that is still open then is answered as it is. */
async function ended(session: Session, order: Order, args: OrderArguments, signal: AbortSignal): Promise<Order> {
  const seconds = args.wait ?? (order.type === "market" ? MARKET_WAIT_SECONDS : 0);
  if (seconds === 0 || isFinalStatus(order.status)) return order;
  try {
    return await withDeadline(`Order ${order.id}`, seconds * 1000, signal, (inner) => session.broker.waitForEnd(order.id, inner));
  } catch (error) {
    if (signal.aborted || !(error instanceof TradingError) || error.code !== "timeout") throw error;
    return await session.broker.getOrder(order.id, signal);
  }
}
