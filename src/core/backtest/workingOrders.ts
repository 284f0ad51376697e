/** The orders of one symbol that wait for a bar. */
import type { EntryOptions, ExitOptions, TimeInForce } from "../domain/strategy.ts";
import { badInput, TradingError } from "../base/errors.ts";

/** "enter" opens or adds, "exit" reduces or closes, "target" brings the position to a number of units. */
export type OrderRole = "enter" | "exit" | "target";

export interface WorkingOrder {
  /** 1 buys, -1 sells; of a target it is not known before it fills. */
  readonly side: 1 | -1;
  readonly role: OrderRole;
  /** NaN: by the run's sizing (enter), all that is held (exit). Of a target: the units to hold, below zero when short. */
  units: number;
  /** NaN where it has none. */
  limit: number;
  stop: number;
  /** Distance of a trailing stop from the best price since it works: a price, or percent of that best price. */
  trail: number;
  trailPercent: number;
  best: number;
  readonly tif: TimeInForce;
  /** UTC date of the first bar that it met. */
  day: number;
  /** A stop-limit order that was touched in this bar beyond its limit: a limit order from the next bar on. */
  waits: boolean;
  readonly tag: string;
  /** What starts to work when it fills; null when there is nothing. */
  readonly bracket: Bracket | null;
}

/** Prices, NaN where there is none. */
interface Bracket {
  readonly stopLoss: number;
  readonly takeProfit: number;
  readonly trail: number;
  readonly trailPercent: number;
}

/** Bound on what a strategy can leave working in one symbol. */
const MAX_ORDERS = 1000;
const NONE = Number.NaN;

const TIFS: ReadonlySet<string> = new Set<TimeInForce>(["gtc", "day", "opg", "cls", "ioc", "fok"]);

export function entryOrder(side: 1 | -1, options: EntryOptions): WorkingOrder {
  return {
    side,
    role: "enter",
    units: amount(options.size, "size"),
    limit: amount(options.limit, "limit"),
    stop: amount(options.stop, "stop"),
    trail: NONE,
    trailPercent: NONE,
    best: NONE,
    tif: timeInForce(options.tif),
    day: NONE,
    waits: false,
    tag: options.tag ?? "",
    bracket: bracketIn(options),
  };
}

function bracketIn({ stopLoss, takeProfit, trail, trailPercent }: EntryOptions): Bracket | null {
  if (stopLoss === undefined && takeProfit === undefined && trail === undefined && trailPercent === undefined) return null;
  return {
    stopLoss: amount(stopLoss, "stopLoss"),
    takeProfit: amount(takeProfit, "takeProfit"),
    trail: amount(trail, "trail"),
    trailPercent: percent(trailPercent),
  };
}

export function exitOrder(side: 1 | -1, options: ExitOptions): WorkingOrder {
  return {
    side,
    role: "exit",
    units: amount(options.size, "size"),
    limit: amount(options.limit, "limit"),
    stop: amount(options.stop, "stop"),
    trail: amount(options.trail, "trail"),
    trailPercent: percent(options.trailPercent),
    best: NONE,
    tif: timeInForce(options.tif),
    day: NONE,
    waits: false,
    tag: options.tag ?? "",
    bracket: null,
  };
}

export function targetOrder(units: number): WorkingOrder {
  return { ...exitOrder(1, {}), role: "target", units };
}

/** What the entry's bracket sets to work. */
export function bracketOf({ side: entered, tag, bracket }: WorkingOrder): WorkingOrder[] {
  if (bracket === null) return [];
  const side = entered === 1 ? -1 : 1;
  const { stopLoss, takeProfit, trail, trailPercent } = bracket;
  const children: WorkingOrder[] = [];
  if (!Number.isNaN(stopLoss)) children.push(exitOrder(side, { stop: stopLoss, tag }));
  if (!Number.isNaN(takeProfit)) children.push(exitOrder(side, { limit: takeProfit, tag }));
  if (!Number.isNaN(trail)) children.push(exitOrder(side, { trail, tag }));
  if (!Number.isNaN(trailPercent)) children.push(exitOrder(side, { trailPercent, tag }));
  return children;
}

/** Adds an order; one of the same role, side, type and tag is replaced. */
export function place(orders: WorkingOrder[], order: WorkingOrder): void {
  for (let i = 0; i < orders.length; i++) {
    const other = orders[i]!;
    if (other.role !== order.role || other.side !== order.side || other.tag !== order.tag || typeOf(other) !== typeOf(order)) continue;
    orders[i] = order;
    return;
  }
  if (orders.length < MAX_ORDERS) orders.push(order);
  else throw new TradingError("too-many-orders", `A strategy may have ${MAX_ORDERS} orders working in one symbol.`);
}

export function remove(orders: WorkingOrder[], order: WorkingOrder): void {
  const at = orders.indexOf(order);
  if (at >= 0) removeAt(orders, at);
}

/** As splice() does, without the array that it answers. */
export function removeAt<T>(list: T[], at: number): void {
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i]!;
  list.pop();
}

export function isTrailing(order: WorkingOrder): boolean {
  return order.trail === order.trail || order.trailPercent === order.trailPercent;
}

/** Waits for no price: market orders, stops that have been touched, and targets. */
export function isMarket(order: WorkingOrder): boolean {
  return order.limit !== order.limit && order.stop !== order.stop && !isTrailing(order);
}

/**
 * Prices between which a bar may move without a fill or any other change to one of these orders; nowhere where one of them
 * may change whatever the prices. A trailing stop changes with every better price.
 */
export function calmBetween(orders: readonly WorkingOrder[]): readonly [floor: number, ceiling: number] {
  let floor = Number.NEGATIVE_INFINITY;
  let ceiling = Number.POSITIVE_INFINITY;
  for (const order of orders) {
    if (order.tif !== "gtc" || order.waits || isMarket(order)) return [floor, Number.NEGATIVE_INFINITY];
    const sells = order.side === -1;
    const stop = stopLevel(order);
    const [below, above] = sells ? [stop, order.limit] : [order.limit, stop];
    if (below > floor) floor = below;
    if (above < ceiling) ceiling = above;
    if (!isTrailing(order)) continue;
    if (sells) ceiling = Math.min(ceiling, order.best);
    else floor = Math.max(floor, order.best);
  }
  return [floor, ceiling];
}

/** Of a trailing stop where it is now; NaN of an order without a stop. */
export function stopLevel(order: WorkingOrder): number {
  if (order.trail === order.trail) return order.best - order.trail * -order.side;
  if (order.trailPercent === order.trailPercent) return order.best * (1 + (order.side * order.trailPercent) / 100);
  return order.stop;
}

function typeOf(order: WorkingOrder): number {
  return (Number.isNaN(order.limit) ? 0 : 1) + (Number.isNaN(order.stop) ? 0 : 2) + (isTrailing(order) ? 4 : 0);
}

function amount(value: number | undefined, what: string): number {
  if (value === undefined) return NONE;
  if (!(Number.isFinite(value) && value > 0)) throw badInput("bad-price", `${what} is ${value}, which is not ${what === "size" ? "a size" : "a price"}.`);
  return value;
}

function percent(value: number | undefined): number {
  if (value === undefined) return NONE;
  if (!(value > 0 && value < 100)) throw badInput("bad-price", `trailPercent is ${value}, but must be above 0 and below 100.`);
  return value;
}

function timeInForce(value: TimeInForce | undefined): TimeInForce {
  if (value === undefined) return "gtc";
  if (!TIFS.has(value)) throw badInput("bad-tif", `tif is "${String(value)}", but must be one of ${[...TIFS].join(", ")}.`);
  return value;
}
