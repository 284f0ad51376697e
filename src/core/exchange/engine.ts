/**
 * The matching engine: takes orders, fills them as time passes, keeps the accounts. Single-threaded and synchronous:
 * every public call first brings the market up to now, writes what changed into the book, then tells listeners.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import type { Side } from "../domain/orders.ts";
import { ApiError, forbidden, notFound, unprocessable } from "./apiError.ts";
import type { Book } from "./book.ts";
import { availableToClose, bookFill, cost, figures, type AccountState, type Figures, type Prices } from "./ledger.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import type { Market } from "./market.ts";
import { matchOrder, matchSecond, trail } from "./matching.ts";
import { checkTick, type OrderRequest } from "./orderRequest.ts";
import { isEnded, isWorking, type AccountRecord, type FillRecord, type OrderRecord, type PositionRecord } from "./records.ts";
import { stepsBetween } from "./steps.ts";

export type OrderEventName = "new" | "fill" | "partial_fill" | "canceled" | "expired" | "replaced" | "rejected";

export interface OrderEvent {
  readonly event: OrderEventName;
  readonly accountNumber: string;
  readonly order: OrderRecord;
  readonly at: number;
  readonly executionId: string;
  readonly fill: FillRecord | null;
  readonly positionQty: Big | null;
}

export interface ReplaceRequest {
  readonly qty: Big | null;
  readonly limitPrice: Big | null;
  readonly stopPrice: Big | null;
  readonly trail: Big | null;
  readonly clientOrderId: string | null;
}

export interface EngineOptions {
  readonly market: Market;
  readonly clock: ExchangeClock;
  readonly book: Book;
  /** Told when something waits for the market, so that it is looked at as time passes. */
  readonly onWaiting: () => void;
}

const ZERO = new Big(0);
const GTC_MS = 90 * 86_400_000;
/** Bound on what one account keeps open. */
const MAX_OPEN = 2000;

export class Engine {
  readonly events = new Emitter<OrderEvent>();
  readonly #market: Market;
  readonly #clock: ExchangeClock;
  readonly #book: Book;
  readonly #onWaiting: () => void;
  readonly #accounts = new Map<string, AccountState>();
  readonly #fills: FillRecord[] = [];
  readonly #equity: Array<{ readonly accountNumber: string; readonly at: number; readonly equity: Big }> = [];
  /** Orders that are not ended, by sequence. */
  readonly #open = new Map<string, OrderRecord>();
  #sequence = 0;
  #lookedAt: number;
  #dirty = emptyChanges();
  #queued: OrderEvent[] = [];

  constructor(options: EngineOptions) {
    this.#market = options.market;
    this.#clock = options.clock;
    this.#book = options.book;
    this.#onWaiting = options.onWaiting;
    const kept = options.book.load();
    this.#lookedAt = kept.now ?? options.clock.now();
    for (const record of kept.accounts) this.#accounts.set(record.accountNumber, { record, positions: new Map(), orders: new Map(), byClientOrderId: new Map() });
    for (const { accountNumber, symbol, position } of kept.positions) this.account(accountNumber).positions.set(symbol, position);
    for (const order of kept.orders) this.#remember(this.account(order.accountNumber), order);
    this.#fills.push(...kept.fills);
    this.#equity.push(...kept.equity);
    this.#sequence = Math.max(0, ...kept.orders.map((order) => order.sequence), ...kept.fills.map((fill) => fill.sequence));
  }

  get accounts(): readonly AccountState[] {
    return [...this.#accounts.values()];
  }

  account(number: string): AccountState {
    const account = this.#accounts.get(number);
    if (account === undefined) throw new Error(`no account ${number}`);
    return account;
  }

  /** Opens accounts until there are `count`. */
  openAccounts(count: number, cash: Big): void {
    while (this.#accounts.size < count) {
      const accountNumber = `PA${String(1 + this.#accounts.size).padStart(3, "0")}${randomBytes(4).toString("hex").toUpperCase()}`;
      const record: AccountRecord = {
        id: randomUUID(),
        accountNumber,
        keyId: `PK${randomBytes(9).toString("hex").toUpperCase()}`,
        secretKey: randomBytes(30).toString("base64url"),
        startCash: cash,
        createdAt: this.#clock.now(),
        cash,
        lastEquity: cash,
      };
      this.#accounts.set(accountNumber, { record, positions: new Map(), orders: new Map(), byClientOrderId: new Map() });
      this.#dirty.accounts.add(record);
      this.#pointEquity(accountNumber, record.createdAt, cash);
    }
    this.#commit();
  }

  get hasOpenOrders(): boolean {
    return this.#open.size > 0;
  }

  figures(account: AccountState): Figures {
    return figures(account, this.prices());
  }

  prices(at = this.#clock.now()): Prices {
    return { last: (symbol) => new Big(this.#market.last(symbol, at)), ask: (symbol) => new Big(this.#market.quote(symbol, at).ask) };
  }

  fills(accountNumber: string): readonly FillRecord[] {
    return this.#fills.filter((fill) => fill.accountNumber === accountNumber);
  }

  equityPoints(accountNumber: string): ReadonlyArray<{ readonly at: number; readonly equity: Big }> {
    return this.#equity.filter((point) => point.accountNumber === accountNumber);
  }

  availableToClose(account: AccountState, symbol: string): Big {
    return availableToClose(account, symbol);
  }

  /** Brings accounts and orders up to now. Cheap when nothing is open. */
  advance(): number {
    const now = this.#clock.now();
    // Orders that came since are there from the moment they came, however long nobody looked.
    if (this.#clock.isOpen(this.#lookedAt)) this.#activateWaiting(this.#lookedAt);
    if (now > this.#lookedAt) {
      // The orders of one piece: stops before take-profits, so that a bar which holds both does not flatter.
      for (const step of stepsBetween(this.#lookedAt, now, () => (this.#open.size > 0 ? "all" : "sessions"))) {
        if (step.kind === "open") this.#activateWaiting(step.at);
        else if (step.kind === "close") this.#closeSession(step.at);
        else for (const order of this.#workingOrders()) if (isWorking(order)) this.#tryFill(order, matchOrder(order, step, this.#market), step.kind === "second" ? step.at : step.end);
      }
      this.#lookedAt = now;
    }
    this.#commit();
    return now;
  }

  submit(account: AccountState, request: OrderRequest): OrderRecord {
    const now = this.advance();
    const clientOrderId = request.clientOrderId ?? randomUUID();
    if (account.byClientOrderId.has(clientOrderId)) throw new ApiError(422, "client_order_id must be unique", 40_010_001);
    this.#check(account, request, now);
    const order = this.#record(account, request, { clientOrderId, now, role: "entry", parentId: null });
    const legs = legRequests(request).map((leg) => this.#record(account, leg.request, { clientOrderId: randomUUID(), now, role: leg.role, parentId: order.id }));
    order.legIds = legs.map((leg) => leg.id);
    for (const leg of legs) leg.status = "held";
    for (const one of [order, ...legs]) this.#remember(account, one);
    this.#touch(order, ...legs);
    this.#commit();
    this.#onWaiting();
    return order;
  }

  order(account: AccountState, id: string): OrderRecord {
    const order = account.orders.get(id);
    if (order === undefined) throw notFound(`order not found for ${id}`);
    return order;
  }

  cancel(account: AccountState, id: string): void {
    const now = this.advance();
    const order = this.order(account, id);
    if (isEnded(order)) throw unprocessable(`order is already in "${order.status}" state`);
    this.#end(order, "canceled", now);
    this.#commit();
  }

  cancelAll(account: AccountState): readonly OrderRecord[] {
    const now = this.advance();
    const parents = [...account.orders.values()].filter((order) => !isEnded(order) && order.status !== "held");
    for (const order of parents) if (!isEnded(order)) this.#end(order, "canceled", now);
    this.#commit();
    return parents;
  }

  /** A new order in the place of the old one, which ends as "replaced". */
  replace(account: AccountState, id: string, change: ReplaceRequest): OrderRecord {
    const now = this.advance();
    const old = this.order(account, id);
    if (isEnded(old)) throw unprocessable(`order is already in "${old.status}" state`);
    if (!isWorking(old) && old.status !== "held") throw unprocessable(`order cannot be replaced in "${old.status}" state`);
    if (old.notional !== null) throw unprocessable("notional orders cannot be replaced");
    if (change.clientOrderId !== null && account.byClientOrderId.has(change.clientOrderId)) throw new ApiError(422, "client_order_id must be unique", 40_010_001);
    if (change.qty !== null && (change.qty.lte(old.filledQty) || !change.qty.eq(change.qty.round(0)))) throw unprocessable("qty must be a whole number greater than the filled quantity");
    if (change.limitPrice !== null && old.limitPrice === null) throw unprocessable(`${old.type} orders have no limit price`);
    if (change.stopPrice !== null && old.type !== "stop" && old.type !== "stop_limit") throw unprocessable(`${old.type} orders have no stop price`);
    if (change.trail !== null && old.type !== "trailing_stop") throw unprocessable("only trailing stop orders have a trail");
    checkTick(change.limitPrice);
    checkTick(change.stopPrice);
    const next: OrderRecord = {
      ...old,
      id: randomUUID(),
      clientOrderId: change.clientOrderId ?? randomUUID(),
      sequence: ++this.#sequence,
      qty: change.qty ?? old.qty,
      limitPrice: change.limitPrice ?? old.limitPrice,
      stopPrice: change.trail === null ? (change.stopPrice ?? old.stopPrice) : null,
      trailPrice: old.trailPrice === null ? null : (change.trail ?? old.trailPrice),
      trailPercent: old.trailPercent === null ? null : (change.trail ?? old.trailPercent),
      createdAt: now,
      submittedAt: now,
      updatedAt: now,
      replaces: old.id,
    };
    if (same(next.qty, old.qty) && same(next.limitPrice, old.limitPrice) && same(next.stopPrice, old.stopPrice) && same(next.trailPrice, old.trailPrice) && same(next.trailPercent, old.trailPercent)) {
      throw unprocessable("order parameters are not changed");
    }
    this.#checkReplacement(account, old, next, now);
    if (next.type === "trailing_stop" && next.stopPrice === null) {
      const best = (old.highWaterMark ?? new Big(this.#market.last(next.symbol, now))).toNumber();
      trail(next, best, best);
    }
    old.status = "replaced";
    old.replacedAt = now;
    old.replacedBy = next.id;
    old.updatedAt = now;
    this.#open.delete(old.id);
    for (const legId of old.legIds) {
      const leg = this.order(account, legId);
      leg.parentId = next.id;
      if (!isEnded(leg) && next.qty !== null) leg.qty = next.qty;
      this.#touch(leg);
    }
    const parent = next.parentId === null ? undefined : account.orders.get(next.parentId);
    if (parent !== undefined) {
      parent.legIds = parent.legIds.map((legId) => (legId === old.id ? next.id : legId));
      this.#touch(parent);
    }
    this.#remember(account, next);
    this.#touch(old, next);
    this.#emit("replaced", old, now);
    if (next.status !== "held") this.#emit("new", next, now);
    this.#commit();
    this.#onWaiting();
    return next;
  }

  // ---- checks ------------------------------------------------------------------------------------------------------

  #check(account: AccountState, request: OrderRequest, now: number): void {
    const { symbol, side } = request;
    if (!this.#market.has(symbol)) throw unprocessable(`asset "${symbol}" not found`);
    if ([...account.orders.values()].reduce((count, order) => count + (isEnded(order) ? 0 : 1), 0) >= MAX_OPEN) throw forbidden(`too many open orders (${MAX_OPEN})`);
    checkStopDistance(request, this.#market.quote(symbol, now));
    const held = account.positions.get(symbol)?.qty ?? ZERO;
    const closes = side === "sell" ? held.gt(0) : held.lt(0);
    if (request.orderClass === "oco" && !closes) throw unprocessable("oco orders must be exit orders");
    if (closes) {
      if (request.orderClass === "bracket" || request.orderClass === "oto") throw unprocessable(`${request.orderClass} orders must be entry orders`);
      const wanted = request.qty ?? (request.notional as Big).div(new Big(this.#market.last(symbol, now)));
      const available = availableToClose(account, symbol);
      if (wanted.gt(available)) {
        throw forbidden(`insufficient qty available for order (requested: ${wanted.round(9).toFixed()}, available: ${available.toFixed()})`);
      }
    } else {
      const fake = { symbol, side, qty: request.qty, notional: request.notional, limitPrice: request.limitPrice, stopPrice: request.stopPrice, filledQty: ZERO, filledValue: ZERO };
      const { equity, buyingPower } = this.figures(account);
      if (side === "sell") {
        if (request.notional !== null || !(request.qty as Big).eq((request.qty as Big).round(0))) throw unprocessable("fractional orders cannot be sold short");
        if (equity.lt(2000)) throw forbidden("account is not allowed to short");
      }
      if (cost(fake, this.prices(now)).gt(buyingPower)) throw forbidden("insufficient buying power");
    }
    this.#checkWash(account, request, now);
  }

  /** Opposite simple orders of one account that could meet each other. */
  #checkWash(account: AccountState, request: OrderRequest, now: number): void {
    if (request.orderClass !== "simple") return;
    for (const other of account.orders.values()) {
      if (isEnded(other) || other.symbol !== request.symbol || other.side === request.side || other.orderClass !== "simple" || other.expiresAt <= now) continue;
      const [buy, sell] = request.side === "buy" ? [request.limitPrice, other.limitPrice] : [other.limitPrice, request.limitPrice];
      if (buy === null || sell === null || buy.gte(sell)) throw forbidden("potential wash trade detected. use complex orders");
    }
  }

  #checkReplacement(account: AccountState, old: OrderRecord, next: OrderRecord, now: number): void {
    if (old.role !== "entry") return;
    const held = account.positions.get(old.symbol)?.qty ?? ZERO;
    const closes = old.side === "sell" ? held.gt(0) : held.lt(0);
    if (closes) {
      const available = availableToClose(account, old.symbol, old.id);
      const wanted = (next.qty ?? ZERO).minus(next.filledQty);
      if (wanted.gt(available)) throw forbidden(`insufficient qty available for order (requested: ${wanted.toFixed()}, available: ${available.toFixed()})`);
      return;
    }
    const more = cost(next, this.prices(now)).minus(cost(old, this.prices(now)));
    if (more.gt(this.figures(account).buyingPower)) throw forbidden("insufficient buying power");
  }

  // ---- life of an order --------------------------------------------------------------------------------------------

  #record(account: AccountState, request: OrderRequest, made: { readonly clientOrderId: string; readonly now: number; readonly role: OrderRecord["role"]; readonly parentId: string | null }): OrderRecord {
    const session = this.#clock.sessionFor(made.now);
    return {
      id: randomUUID(),
      clientOrderId: made.clientOrderId,
      accountNumber: account.record.accountNumber,
      sequence: ++this.#sequence,
      symbol: request.symbol,
      side: request.side,
      type: request.type,
      orderClass: request.orderClass,
      timeInForce: request.timeInForce,
      extendedHours: request.extendedHours,
      qty: request.qty,
      notional: request.notional,
      limitPrice: request.limitPrice,
      stopPrice: request.stopPrice,
      trailPrice: request.trailPrice,
      trailPercent: request.trailPercent,
      highWaterMark: null,
      status: this.#clock.isOpen(made.now) ? "pending_new" : "accepted",
      filledQty: ZERO,
      filledValue: ZERO,
      createdAt: made.now,
      updatedAt: made.now,
      submittedAt: made.now,
      filledAt: null,
      expiredAt: null,
      canceledAt: null,
      failedAt: null,
      replacedAt: null,
      replacedBy: null,
      replaces: null,
      expiresAt: request.timeInForce === "gtc" ? this.#clock.sessionFor(made.now + GTC_MS).close : session.close,
      parentId: made.parentId,
      role: made.role,
      triggered: false,
      legIds: [],
    };
  }

  #remember(account: AccountState, order: OrderRecord): void {
    account.orders.set(order.id, order);
    account.byClientOrderId.set(order.clientOrderId, order.id);
    if (!isEnded(order)) this.#open.set(order.id, order);
  }

  #workingOrders(): readonly OrderRecord[] {
    const rank = (order: OrderRecord) => (order.role === "take_profit" || (order.orderClass === "oco" && order.parentId === null) ? 1 : 0);
    return [...this.#open.values()].filter(isWorking).sort((a, b) => rank(a) - rank(b) || a.sequence - b.sequence);
  }

  /** Orders that wait for the market to look at them for the first time. */
  #activateWaiting(at: number): void {
    for (const order of [...this.#open.values()]) {
      if (order.status === "pending_new" || order.status === "accepted") this.#activate(order, at);
    }
  }

  #activate(order: OrderRecord, at: number): void {
    order.status = "new";
    order.updatedAt = at;
    const last = this.#market.last(order.symbol, at);
    trail(order, last, last);
    this.#emit("new", order, at);
    const account = this.account(order.accountNumber);
    // Both exits of an OCO work at once; a bracket's legs wait for the entry.
    if (order.orderClass === "oco") for (const leg of order.legIds) this.#activate(this.order(account, leg), at);
    if (!isWorking(order)) return;
    this.#tryFill(order, matchSecond(order, at, this.#market), at);
    if (isWorking(order) && (order.timeInForce === "ioc" || order.timeInForce === "fok")) this.#end(order, "canceled", at);
  }

  #tryFill(order: OrderRecord, rawPrice: number, at: number): void {
    if (Number.isNaN(rawPrice)) {
      if (order.type === "trailing_stop" || order.triggered) this.#touch(order);
      return;
    }
    const price = new Big(rawPrice).round(4);
    const qty = order.notional === null ? (order.qty as Big).minus(order.filledQty) : order.notional.minus(order.filledValue).div(price).round(9, Big.roundDown);
    this.#fill(order, price, qty, at);
  }

  #fill(order: OrderRecord, price: Big, qty: Big, at: number): void {
    const account = this.account(order.accountNumber);
    const positionQty = bookFill(account, order.symbol, order.side, price, qty);
    order.filledQty = order.filledQty.plus(qty);
    order.filledValue = order.filledValue.plus(price.times(qty));
    order.status = "filled";
    order.filledAt = at;
    order.updatedAt = at;
    this.#open.delete(order.id);
    const fill: FillRecord = {
      id: randomUUID(),
      sequence: ++this.#sequence,
      accountNumber: order.accountNumber,
      orderId: order.id,
      symbol: order.symbol,
      side: order.side,
      price,
      qty,
      cumQty: order.filledQty,
      leavesQty: ZERO,
      status: order.status,
      at,
    };
    this.#fills.push(fill);
    this.#dirty.fills.push(fill);
    this.#dirty.accounts.add(account.record);
    const position = account.positions.get(order.symbol) ?? { qty: ZERO, cost: ZERO };
    this.#dirty.positions.set(`${order.accountNumber} ${order.symbol}`, { accountNumber: order.accountNumber, symbol: order.symbol, position });
    this.#touch(order);
    this.#queue("fill", order, at, fill, positionQty);
    this.#afterFill(account, order, at);
  }

  /** A filled entry starts its legs; a filled leg ends its sister. */
  #afterFill(account: AccountState, order: OrderRecord, at: number): void {
    const sisters = this.#sisters(account, order);
    if (order.role === "entry" && order.orderClass !== "oco") {
      for (const legId of order.legIds) {
        const leg = this.order(account, legId);
        if (leg.status !== "held") continue;
        leg.status = "new";
        leg.updatedAt = at;
        this.#touch(leg);
        this.#emit("new", leg, at);
      }
      return;
    }
    for (const sister of sisters) if (!isEnded(sister)) this.#end(sister, "canceled", at, { alone: true });
  }

  /** Orders that end with this one: legs of the same parent; for an OCO the parent is a leg as well. */
  #sisters(account: AccountState, order: OrderRecord): readonly OrderRecord[] {
    const parent = order.parentId === null ? order : this.order(account, order.parentId);
    const family = parent.orderClass === "oco" ? [parent.id, ...parent.legIds] : order.parentId === null ? [] : parent.legIds;
    return family.filter((id) => id !== order.id).map((id) => this.order(account, id));
  }

  #end(order: OrderRecord, status: "canceled" | "expired", at: number, options: { readonly alone?: boolean } = {}): void {
    const account = this.account(order.accountNumber);
    order.status = status;
    order.updatedAt = at;
    if (status === "canceled") order.canceledAt = at;
    else order.expiredAt = at;
    this.#open.delete(order.id);
    this.#touch(order);
    this.#emit(status, order, at);
    if (options.alone === true) return;
    const others = order.parentId === null && order.orderClass !== "oco" ? order.legIds.map((id) => this.order(account, id)) : this.#sisters(account, order);
    for (const other of others) if (!isEnded(other)) this.#end(other, status, at, { alone: true });
  }

  #closeSession(at: number): void {
    for (const order of [...this.#open.values()]) if (!isEnded(order) && order.expiresAt <= at) this.#end(order, "expired", at);
    for (const account of this.#accounts.values()) {
      const { equity } = figures(account, this.prices(at));
      account.record.lastEquity = equity;
      this.#dirty.accounts.add(account.record);
      this.#pointEquity(account.record.accountNumber, at, equity);
    }
  }

  #pointEquity(accountNumber: string, at: number, equity: Big): void {
    this.#equity.push({ accountNumber, at, equity });
    this.#dirty.equity.push({ accountNumber, at, equity });
  }

  // ---- writing and telling -----------------------------------------------------------------------------------------

  #touch(...orders: readonly OrderRecord[]): void {
    for (const order of orders) this.#dirty.orders.add(order);
  }

  #emit(event: OrderEventName, order: OrderRecord, at: number): void {
    this.#touch(order);
    this.#queue(event, order, at, null, null);
  }

  #queue(event: OrderEventName, order: OrderRecord, at: number, fill: FillRecord | null, positionQty: Big | null): void {
    // As it is now: the record goes on changing.
    this.#queued.push({ event, accountNumber: order.accountNumber, order: { ...order }, at, executionId: fill?.id ?? randomUUID(), fill, positionQty });
  }

  #commit(): void {
    const changes = this.#dirty;
    if (changes.accounts.size > 0 || changes.orders.size > 0 || changes.fills.length > 0 || changes.equity.length > 0) {
      this.#dirty = emptyChanges();
      try {
        this.#book.write({ ...changes, positions: changes.positions.values(), now: this.#lookedAt });
      } catch (error) {
        throw new TradingError("book-unwritable", `The exchange's book cannot be written: ${(error as Error).message}.`, { hint: "Free space on the disk and start it again.", cause: error });
      }
    }
    const events = this.#queued;
    this.#queued = [];
    for (const event of events) this.events.emit(event);
  }
}

function emptyChanges() {
  return {
    accounts: new Set<AccountRecord>(),
    orders: new Set<OrderRecord>(),
    positions: new Map<string, { readonly accountNumber: string; readonly symbol: string; readonly position: PositionRecord }>(),
    fills: [] as FillRecord[],
    equity: [] as Array<{ readonly accountNumber: string; readonly at: number; readonly equity: Big }>,
  };
}

function same(a: Big | null, b: Big | null): boolean {
  return a === null || b === null ? a === b : a.eq(b);
}

/** Exits must lie at least a cent beyond the price that the entry starts from. */
function checkStopDistance(request: OrderRequest, quote: { readonly bid: number; readonly ask: number }): void {
  if (request.orderClass === "simple" || request.orderClass === "oco") return;
  const isBuy = request.side === "buy";
  const base = request.limitPrice ?? request.stopPrice ?? new Big(isBuy ? quote.ask : quote.bid);
  const { stopLoss, takeProfit } = request;
  if (stopLoss !== null && (isBuy ? stopLoss.stop.gt(base.minus("0.01")) : stopLoss.stop.lt(base.plus("0.01")))) {
    throw unprocessable(`stop_loss.stop_price must be ${isBuy ? "<= base_price - 0.01" : ">= base_price + 0.01"} (base_price ${base.toFixed()})`);
  }
  if (takeProfit !== null && (isBuy ? takeProfit.lt(base.plus("0.01")) : takeProfit.gt(base.minus("0.01")))) {
    throw unprocessable(`take_profit.limit_price must be ${isBuy ? ">= base_price + 0.01" : "<= base_price - 0.01"} (base_price ${base.toFixed()})`);
  }
}

/** The orders that a complex order brings along. */
function legRequests(request: OrderRequest): ReadonlyArray<{ readonly role: "take_profit" | "stop_loss"; readonly request: OrderRequest }> {
  if (request.orderClass === "simple") return [];
  const exitSide: Side = request.orderClass === "oco" ? request.side : request.side === "buy" ? "sell" : "buy";
  const base = { ...request, side: exitSide, limitPrice: null, stopPrice: null, takeProfit: null, stopLoss: null, clientOrderId: null };
  const legs: Array<{ role: "take_profit" | "stop_loss"; request: OrderRequest }> = [];
  if (request.takeProfit !== null && request.orderClass !== "oco") legs.push({ role: "take_profit", request: { ...base, type: "limit", limitPrice: request.takeProfit } });
  if (request.stopLoss !== null) {
    const { stop, limit } = request.stopLoss;
    legs.push({ role: "stop_loss", request: { ...base, type: limit === null ? "stop" : "stop_limit", stopPrice: stop, limitPrice: limit } });
  }
  return legs;
}
