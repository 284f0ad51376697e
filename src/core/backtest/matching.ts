/**
 * How the working orders of one symbol meet its next bar (prices by domain/fills.ts). In this order: market orders at the
 * open, what reduces positions before what opens them; then, while a position is held, its exits, else the entries.
 * Inside one bar the worse case is taken: the stop before the limit, unless the bar opens beyond the limit; a limit entry's
 * take-profit waits for the next bar, since the bar's best price may have come first; a trailing stop follows the bars before.
 * Slippage moves market and stop fills; a limit fills at its price or better.
 */
import { limitFillInBar, stopFillInBar } from "../domain/fills.ts";
import type { Side } from "../domain/orders.ts";
import type { Leg, Portfolio } from "./portfolio.ts";
import { bracketOf, isMarket, isTrailing, place, remove, removeAt, stopLevel, type WorkingOrder } from "./workingOrders.ts";

const DAY = 86_400_000;

type Met = (account: Portfolio, leg: Leg, order: WorkingOrder, price: number, now: number) => void;

/** Each of the orders as they are now, while fills change the list. Most often there is one. */
function meetEach(account: Portfolio, leg: Leg, price: number, now: number, meet: Met): void {
  const { orders } = leg;
  if (orders.length === 1) meet(account, leg, orders[0]!, price, now);
  else for (const order of orders.slice()) meet(account, leg, order, price, now);
}

/** Orders whose day is over go. */
export function expire(leg: Leg): void {
  for (let i = leg.orders.length - 1; i >= 0; i--) {
    const order = leg.orders[i]!;
    if (order.tif !== "day") continue;
    const today = Math.floor(leg.bars.time[leg.bar]! / DAY);
    if (Number.isNaN(order.day)) order.day = today;
    else if (order.day !== today) removeAt(leg.orders, i);
  }
}

/** First pass over market orders: what closes or reduces. */
export function reduceAtMarket(account: Portfolio, leg: Leg, price: number, now: number): void {
  meetEach(account, leg, price, now, reduceBy);
}

function reduceBy(account: Portfolio, leg: Leg, order: WorkingOrder, price: number, now: number): void {
  if (!isMarket(order) || order.tif === "cls" || leg.units === 0) return;
  const side = leg.units > 0 ? -1 : 1;
  if (order.role === "exit") {
    if (order.side === side) exitAt(account, leg, order, price, true, now);
  } else if (order.role === "enter") {
    if (order.side === side) closeFor(account, leg, order, Math.abs(leg.units), price, now);
  } else {
    const less = leg.units > 0 ? leg.units - Math.max(0, order.units) : Math.min(0, order.units) - leg.units;
    if (less > 0) closeFor(account, leg, order, less, price, now);
  }
}

/** Second pass: what opens or adds. `canEnter` is false where a position could only be closed again at once. */
export function openAtMarket(account: Portfolio, leg: Leg, price: number, now: number, canEnter: boolean): void {
  meetEach(account, leg, price, now, canEnter ? openBy : endAt);
}

function openBy(account: Portfolio, leg: Leg, order: WorkingOrder, price: number, now: number): void {
  if (!isMarket(order) || order.tif === "cls" || !leg.orders.includes(order)) return;
  if (order.role === "enter") enterAt(account, leg, order, price, true, now);
  else if (order.role === "target") openTarget(account, leg, order, price, now);
  else if (leg.units === 0) remove(leg.orders, order);
}

function endAt(_account: Portfolio, leg: Leg, order: WorkingOrder): void {
  if (!isMarket(order) || order.tif === "cls") return;
  if (order.role !== "exit" || leg.units === 0) remove(leg.orders, order);
}

/** Stops and limits against the whole bar, after the market orders. */
export function meetBar(account: Portfolio, leg: Leg, now: number): void {
  const { bars, bar, orders } = leg;
  if (orders.length === 0) return;
  const open = bars.open[bar]!;
  if (leg.units === 0) meetEntries(account, leg, now);
  else {
    meetExits(account, leg, open, true, now);
    if (leg.units !== 0 && orders.some((order) => order.role === "enter")) meetEntries(account, leg, now);
  }
  for (const order of orders.slice()) {
    order.waits = false;
    if (order.tif === "cls") atClose(account, leg, order, now);
    else if (order.tif === "opg" || order.tif === "ioc" || order.tif === "fok") remove(orders, order);
    else if (isTrailing(order)) order.best = order.side === -1 ? Math.max(order.best, bars.high[bar]!) : Math.min(order.best, bars.low[bar]!);
  }
}

function meetEntries(account: Portfolio, leg: Leg, now: number): void {
  const { bars, bar } = leg;
  const [open, high, low] = [bars.open[bar]!, bars.high[bar]!, bars.low[bar]!];
  for (const order of leg.orders.slice()) {
    if (order.role !== "enter" || Number.isNaN(order.stop) || !leg.orders.includes(order)) continue;
    const touched = stopFillInBar(sideOf(order), order.stop, open, high, low);
    if (Number.isNaN(touched)) continue;
    if (Number.isNaN(order.limit)) {
      enterAt(account, leg, order, touched, true, now);
      if (leg.units !== 0) meetExits(account, leg, touched, true, now);
    } else if (triggerStopLimit(order, touched)) {
      enterAt(account, leg, order, touched, false, now);
      if (leg.units !== 0) meetExits(account, leg, touched, true, now);
    }
  }
  for (const order of leg.orders.slice()) {
    if (order.role !== "enter" || Number.isNaN(order.limit) || !Number.isNaN(order.stop) || order.waits || !leg.orders.includes(order)) continue;
    const price = limitPrice(order, open, high, low);
    if (Number.isNaN(price)) continue;
    enterAt(account, leg, order, price, false, now);
    if (leg.units !== 0) meetExits(account, leg, price, price === open, now);
  }
}

/** `from`: first price of the bar at which the position was held; `bestIsLater`: the bar's best price came after it. */
function meetExits(account: Portfolio, leg: Leg, from: number, bestIsLater: boolean, now: number): void {
  const { bars, bar } = leg;
  const [high, low] = [bars.high[bar]!, bars.low[bar]!];
  if (bestIsLater) fillNearest(account, leg, now, false, (order) => atOnce(order, from));
  fillNearest(account, leg, now, true, (order) => stopFillInBar(sideOf(order), stopLevel(order), from, high, low));
  if (bestIsLater) fillNearest(account, leg, now, false, (order) => (Number.isNaN(order.stop) ? limitPrice(order, from, high, low) : Number.NaN));
}

/** A limit that is at or beyond the market already fills there. */
function atOnce(order: WorkingOrder, price: number): number {
  return Number.isNaN(order.stop) && (order.side === -1 ? price >= order.limit : price <= order.limit) ? price : Number.NaN;
}

/** Fills exits in the order in which the price reaches them, as long as something is held and the volume lasts. */
function fillNearest(account: Portfolio, leg: Leg, now: number, areStops: boolean, priceOf: (order: WorkingOrder) => number): void {
  while (leg.units !== 0) {
    const side = leg.units > 0 ? -1 : 1;
    let nearest: WorkingOrder | undefined;
    let at = Number.NaN;
    for (const order of leg.orders) {
      if (order.role !== "exit" || order.side !== side || isMarket(order) || order.tif === "cls" || order.waits) continue;
      const price = priceOf(order);
      // The price falls to the highest of the stops that sell, and rises to the lowest of the limits.
      if (price === price && !(nearest !== undefined && (areStops === (side === -1) ? price <= at : price >= at))) [nearest, at] = [order, price];
    }
    if (nearest === undefined) return;
    if (areStops && !Number.isNaN(nearest.limit)) {
      if (triggerStopLimit(nearest, at) && !exitAt(account, leg, nearest, at, false, now)) return;
    } else if (!exitAt(account, leg, nearest, at, areStops, now)) return;
  }
}

/** True when it fills where it was touched; else it waits as a limit order, in this bar no more. */
function triggerStopLimit(order: WorkingOrder, touched: number): boolean {
  order.stop = Number.NaN;
  if (order.side === 1 ? touched <= order.limit : touched >= order.limit) return true;
  order.waits = true;
  return false;
}

function limitPrice(order: WorkingOrder, open: number, high: number, low: number): number {
  const isAtOpen = order.tif === "opg" || order.tif === "ioc" || order.tif === "fok";
  return limitFillInBar(sideOf(order), order.limit, open, isAtOpen ? open : high, isAtOpen ? open : low);
}

function atClose(account: Portfolio, leg: Leg, order: WorkingOrder, now: number): void {
  const close = leg.bars.close[leg.bar]!;
  const isReached = Number.isNaN(order.limit) || (order.side === 1 ? close <= order.limit : close >= order.limit);
  const isMarketOrder = Number.isNaN(order.limit);
  if (isReached && order.role === "exit" && leg.units * order.side < 0) exitAt(account, leg, order, close, isMarketOrder, now);
  else if (isReached && order.role === "enter") {
    if (leg.units * order.side < 0) closeFor(account, leg, order, Math.abs(leg.units), close, now);
    enterAt(account, leg, order, close, isMarketOrder, now);
  }
  remove(leg.orders, order);
}

/** Fills an exit as far as the volume goes; the rest stays, as a market order where it was one or has been touched. False when nothing was filled. */
function exitAt(account: Portfolio, leg: Leg, order: WorkingOrder, quoted: number, slips: boolean, now: number): boolean {
  const held = Math.abs(leg.units);
  const wanted = order.units === order.units ? Math.min(order.units, held) : held;
  const units = Math.min(wanted, room(account, leg));
  if (!(units > 0) || (order.tif === "fok" && units < wanted)) return false;
  take(account, leg, units);
  account.reduce(leg, units, priceOf(account, leg, order.side, quoted, units, slips), quoted, now, false);
  if (leg.units === 0) clearAfterExit(leg, undefined);
  else if (units < wanted) {
    order.units = wanted - units;
    if (slips) toMarket(order);
  } else remove(leg.orders, order);
  return true;
}

/** Reduces at the market for an order that goes on to open, or for a target. */
function closeFor(account: Portfolio, leg: Leg, order: WorkingOrder, wanted: number, quoted: number, now: number): void {
  const side = leg.units > 0 ? -1 : 1;
  const units = Math.min(wanted, room(account, leg));
  if (!(units > 0)) return;
  take(account, leg, units);
  account.reduce(leg, units, priceOf(account, leg, side, quoted, units, true), quoted, now, false);
  if (leg.units === 0) clearAfterExit(leg, order);
}

/** Opens or adds. An order without a size is over when there is a position already. */
function enterAt(account: Portfolio, leg: Leg, order: WorkingOrder, quoted: number, slips: boolean, now: number): void {
  const { side, role } = order;
  if (leg.units * side < 0) {
    // A working order against the position: it closes first. What the volume leaves waits.
    if (!isMarket(order)) closeFor(account, leg, order, Math.abs(leg.units), quoted, now);
    if (leg.units !== 0) return;
  }
  if (leg.units !== 0 && role === "enter" && Number.isNaN(order.units)) {
    remove(leg.orders, order);
    return;
  }
  const space = room(account, leg);
  const price = priceOf(account, leg, side, quoted, Math.min(space, account.unitsFor(leg, order.units, quoted)), slips);
  const wanted = account.unitsFor(leg, order.units, price);
  if (!(wanted > 0) || !Number.isFinite(wanted)) {
    account.skipped++;
    settleEntry(leg, order, false);
    return;
  }
  const units = Math.min(wanted, space);
  if (!(units > 0) || (order.tif === "fok" && units < wanted)) {
    if (order.tif === "fok" || order.tif === "ioc") remove(leg.orders, order);
    return;
  }
  take(account, leg, units);
  account.open(leg, side, units, price, quoted, now);
  settleEntry(leg, order, true);
  if (units < wanted && order.tif !== "ioc") {
    order.units = wanted - units;
    if (slips) toMarket(order);
    leg.orders.push(order);
  }
}

/** The entry and the other entries of its tag are gone; its bracket starts to work. */
function settleEntry(leg: Leg, order: WorkingOrder, isFilled: boolean): void {
  const isBracketNew = isFilled && leg.orders.includes(order);
  for (let i = leg.orders.length - 1; i >= 0; i--) {
    const other = leg.orders[i]!;
    if (other === order || (other.tag === order.tag && Number.isNaN(order.units) && other.role !== "target")) removeAt(leg.orders, i);
  }
  if (!isBracketNew || order.bracket === null) return;
  for (const child of bracketOf(order)) {
    child.best = leg.entryPrice;
    place(leg.orders, child);
  }
}

function openTarget(account: Portfolio, leg: Leg, order: WorkingOrder, quoted: number, now: number): void {
  const more = order.units - leg.units;
  if (more === 0 || leg.units * more < 0) {
    if (more === 0) remove(leg.orders, order);
    return;
  }
  const side = more > 0 ? 1 : -1;
  const space = room(account, leg);
  const price = priceOf(account, leg, side, quoted, Math.min(space, Math.abs(more)), true);
  const affordable = price > 0 ? account.costs.unitsFor(account.budget(leg, price), price) : 0;
  const wanted = Math.min(Math.abs(more), affordable);
  const units = Math.min(wanted, space);
  if (units > 0) {
    take(account, leg, units);
    account.open(leg, side, units, price, quoted, now);
  }
  if (!(units < wanted)) remove(leg.orders, order);
}

/** Flat: exits and entries without a tag are gone, but for the order that goes on to open. */
function clearAfterExit(leg: Leg, goesOn: WorkingOrder | undefined): void {
  for (let i = leg.orders.length - 1; i >= 0; i--) {
    const order = leg.orders[i]!;
    if (order !== goesOn && order.role !== "target" && (order.role === "exit" || order.tag === "")) removeAt(leg.orders, i);
  }
}

function toMarket(order: WorkingOrder): void {
  order.stop = order.limit = order.trail = order.trailPercent = Number.NaN;
}

function priceOf(account: Portfolio, leg: Leg, side: 1 | -1, quoted: number, units: number, slips: boolean): number {
  return slips ? account.costs.marketPrice(side === 1 ? "buy" : "sell", quoted, units, leg.bars.volume, leg.bar) : quoted;
}

/** Units that this bar's volume still has for us; none in a bar without volume, where volume is limited. */
function room(account: Portfolio, leg: Leg): number {
  const { volumeLimit } = account.costs;
  if (volumeLimit === Number.POSITIVE_INFINITY) return volumeLimit;
  const volume = leg.bars.volume[leg.bar]!;
  return volume > 0 ? volumeLimit * volume - (leg.takenBar === leg.bar ? leg.takenUnits : 0) : 0;
}

function take(account: Portfolio, leg: Leg, units: number): void {
  if (account.costs.volumeLimit === Number.POSITIVE_INFINITY) return;
  leg.takenUnits = units + (leg.takenBar === leg.bar ? leg.takenUnits : 0);
  leg.takenBar = leg.bar;
}

function sideOf(order: WorkingOrder): Side {
  return order.side === 1 ? "buy" : "sell";
}
