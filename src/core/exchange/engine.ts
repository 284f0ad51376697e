/**
 * The matching engine: takes orders, fills them as time passes, keeps the accounts. Single-threaded and synchronous:
 * every public call first brings the market up to now, writes what changed into the book, then tells listeners.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { Emitter } from "../base/emitter.ts";
import { hash32 } from "../base/random.ts";
import { fillAgainstQuote } from "../domain/fills.ts";
import { addDays, tradingDayFrom } from "../domain/nyse.ts";
import { checkOrder, checkReplacement } from "./admission.ts";
import { ApiError, forbidden, notFound, unprocessable } from "./apiError.ts";
import { availableToClose, bookFill, figures, newAccount, type AccountState, type Figures, type Prices } from "./ledger.ts";
import { dividendsOf } from "./dividends.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import type { Market } from "./market.ts";
import { matchOrder, matchSecond, trail } from "./matching.ts";
import { orderRecords } from "./orderRecord.ts";
import type { OrderRequest } from "./orderRequest.ts";
import { isAuction, isEnded, isWorking, type AccountRecord, type FillRecord, type OrderRecord, type PaymentRecord } from "./records.ts";
import { Outbox, type OrderEvent, type OrderEventName, type OutboxOptions } from "./outbox.ts";
import { checkReplace, refuseUnchanged, type ReplaceRequest } from "./replacement.ts";
import { stepsBetween } from "./steps.ts";

export interface EngineOptions extends OutboxOptions {
  readonly market: Market;
  readonly clock: ExchangeClock;
  /** Told when something waits for the market, so that it is looked at as time passes. */
  readonly onWaiting: () => void;
}

const ZERO = new Big(0);
/** Smaller orders always trade whole. */
const PARTIAL_FROM = 100;

export class Engine {
  readonly events = new Emitter<OrderEvent>();
  readonly #market: Market;
  readonly #clock: ExchangeClock;
  readonly #onWaiting: () => void;
  readonly #accounts = new Map<string, AccountState>();
  readonly #fills: FillRecord[] = [];
  readonly #payments: PaymentRecord[] = [];
  readonly #equity: Array<{ readonly accountNumber: string; readonly at: number; readonly equity: Big }> = [];
  /** Orders that are not ended, by sequence. */
  readonly #open = new Map<string, OrderRecord>();
  #sequence = 0;
  #lookedAt: number;
  readonly #outbox: Outbox;

  constructor(options: EngineOptions) {
    this.#market = options.market;
    this.#clock = options.clock;
    this.#onWaiting = options.onWaiting;
    this.#outbox = new Outbox(options, this.events);
    const kept = options.book.load();
    this.#lookedAt = kept.now ?? options.clock.now();
    for (const record of kept.accounts) this.#accounts.set(record.accountNumber, newAccount(record));
    for (const { accountNumber, symbol, position } of kept.positions) this.account(accountNumber).positions.set(symbol, position);
    for (const order of kept.orders) this.#remember(this.account(order.accountNumber), order);
    for (const fill of kept.fills) this.#fills.push(fill);
    for (const payment of kept.payments) this.#payments.push(payment);
    for (const point of kept.equity) this.#equity.push(point);
    for (const { sequence } of [...kept.orders, ...kept.fills, ...kept.payments]) this.#sequence = Math.max(this.#sequence, sequence);
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
      this.#accounts.set(accountNumber, newAccount(record));
      this.#outbox.changes.accounts.add(record);
      this.#pointEquity(accountNumber, record.createdAt, cash);
    }
    this.#outbox.commit(this.#lookedAt);
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

  /** Dividends that were paid, oldest first. */
  payments(accountNumber: string): readonly PaymentRecord[] {
    return this.#payments.filter((payment) => payment.accountNumber === accountNumber);
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
    // Everything that happens, happens at whole seconds.
    if (Math.floor(now / 1000) > Math.floor(this.#lookedAt / 1000)) {
      // The orders of one piece: stops before take-profits, so that a bar which holds both does not flatter.
      for (const step of stepsBetween(this.#lookedAt, now, () => (this.#open.size > 0 ? "all" : "sessions"))) {
        if (step.kind === "open") {
          this.#expire(step.at - 1);
          this.#payDividends(step.day.date, step.at);
          this.#auction("opg", step.at);
          this.#activateWaiting(step.at);
        } else if (step.kind === "close") {
          this.#auction("cls", step.at);
          this.#closeSession(step.at);
          this.#noteDividends(step.day.date);
        } else
          for (const order of this.#workingOrders())
            if (isWorking(order)) this.#tryFill(order, matchOrder(order, step, this.#market), step.kind === "second" ? step.at : step.end);
      }
      this.#lookedAt = now;
      this.#expire(now);
    }
    this.#lookedAt = Math.max(this.#lookedAt, now);
    if (this.#clock.isExtended(now)) this.#activateWaiting(now, { extended: true });
    this.#outbox.commit(this.#lookedAt);
    return now;
  }

  /** Notes the time, so that a later start goes on from here. */
  close(): void {
    const now = this.advance();
    this.#outbox.close(now);
  }

  /** Resolves when everything that has changed so far is on disk; undefined when it is. Nobody is told of a change before. */
  written(): Promise<void> | undefined {
    return this.#outbox.written();
  }

  submit(account: AccountState, request: OrderRequest): OrderRecord {
    const now = this.advance();
    const clientOrderId = request.clientOrderId ?? randomUUID();
    if (account.byClientOrderId.has(clientOrderId)) throw new ApiError(422, "client_order_id must be unique", 40_010_001);
    if (this.#clock.isOver) throw forbidden("the replayed data has ended: the market stays closed");
    checkOrder(account, request, { market: this.#market, now, prices: this.prices(now), hours: this.#clock.hours });
    const made = { accountNumber: account.record.accountNumber, clock: this.#clock, now, nextSequence: () => ++this.#sequence };
    const { order, legs } = orderRecords(request, clientOrderId, made);
    for (const one of [order, ...legs]) this.#remember(account, one);
    this.#touch(order, ...legs);
    this.#outbox.commit(this.#lookedAt);
    this.#onWaiting();
    return order;
  }

  /** Changes what an account keeps beside its money. */
  amend(account: AccountState, change: Pick<AccountRecord, "watchlists" | "configuration">): void {
    Object.assign(account.record, change);
    this.#outbox.changes.accounts.add(account.record);
    this.#outbox.commit(this.#lookedAt);
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
    this.#outbox.commit(this.#lookedAt);
  }

  cancelAll(account: AccountState): readonly OrderRecord[] {
    const now = this.advance();
    const parents = [...account.open.values()].filter((order) => order.status !== "held");
    for (const order of parents) if (!isEnded(order)) this.#end(order, "canceled", now);
    this.#outbox.commit(this.#lookedAt);
    return parents;
  }

  /** A new order in the place of the old one, which ends as "replaced". */
  replace(account: AccountState, id: string, change: ReplaceRequest): OrderRecord {
    const now = this.advance();
    const old = this.order(account, id);
    checkReplace(account, old, change);
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
    refuseUnchanged(old, next);
    checkReplacement(account, old, next, this.prices(now));
    if (next.type === "trailing_stop" && next.stopPrice === null) {
      const best = (old.highWaterMark ?? new Big(this.#market.last(next.symbol, now))).toNumber();
      trail(next, best, best);
    }
    old.status = "replaced";
    old.replacedAt = now;
    old.replacedBy = next.id;
    old.updatedAt = now;
    this.#forget(account, old);
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
    this.#outbox.commit(this.#lookedAt);
    this.#onWaiting();
    return next;
  }

  // ---- life of an order --------------------------------------------------------------------------------------------

  #remember(account: AccountState, order: OrderRecord): void {
    account.orders.set(order.id, order);
    account.byClientOrderId.set(order.clientOrderId, order.id);
    account.orderList.push(order);
    if (isEnded(order)) return;
    account.open.set(order.id, order);
    this.#open.set(order.id, order);
  }

  /** It has ended. */
  #forget(account: AccountState, order: OrderRecord): void {
    account.open.delete(order.id);
    this.#open.delete(order.id);
  }

  #workingOrders(): readonly OrderRecord[] {
    const rank = (order: OrderRecord) => (order.role === "take_profit" || (order.orderClass === "oco" && order.parentId === null) ? 1 : 0);
    return [...this.#open.values()].filter((order) => isWorking(order) && !isAuction(order)).sort((a, b) => rank(a) - rank(b) || a.sequence - b.sequence);
  }

  /** Orders that wait for the market to look at them for the first time. */
  #activateWaiting(at: number, hours: { readonly extended?: boolean } = {}): void {
    for (const order of [...this.#open.values()]) {
      if (isAuction(order) || (hours.extended === true && !order.extendedHours)) continue;
      if (order.status === "pending_new" || order.status === "accepted") this.#activate(order, at);
    }
  }

  /** The price of an auction is the session's first or last; what it does not reach is canceled. */
  #auction(timeInForce: "opg" | "cls", at: number): void {
    for (const order of [...this.#open.values()]) {
      if (order.timeInForce !== timeInForce || order.submittedAt >= at || isEnded(order)) continue;
      order.status = "new";
      this.#emit("new", order, at);
      const price = this.#market.last(order.symbol, at);
      const limit = order.limitPrice?.toNumber() ?? Number.NaN;
      this.#tryFill(order, fillAgainstQuote(order.side, limit, { bid: price, ask: price }), at);
      if (!isEnded(order)) this.#end(order, "canceled", at);
    }
  }

  #expire(at: number): void {
    for (const order of [...this.#open.values()]) if (!isEnded(order) && !isAuction(order) && order.expiresAt <= at) this.#end(order, "expired", at);
  }

  #activate(order: OrderRecord, at: number): void {
    order.status = "new";
    order.updatedAt = at;
    const last = this.#market.last(order.symbol, at);
    trail(order, last, last);
    if (order.orderClass !== "oco" || order.role === "entry") this.#emit("new", order, at);
    else this.#touch(order);
    const account = this.account(order.accountNumber);
    // Both exits of an OCO work at once; a bracket's legs wait for the entry.
    if (order.orderClass === "oco") for (const leg of order.legIds) this.#activate(this.order(account, leg), at); // its stop is shown as held
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
    const rest =
      order.notional === null ? (order.qty as Big).minus(order.filledQty) : order.notional.minus(order.filledValue).div(price).round(9, Big.roundDown);
    this.#fill(order, price, this.#partOf(order, rest), at);
  }

  /** About one time in ten a larger order trades in part first, as on Alpaca's paper host; drawn from seed and order. */
  #partOf(order: OrderRecord, rest: Big): Big {
    if (order.notional !== null || order.filledQty.gt(0) || order.timeInForce === "fok" || isAuction(order)) return rest;
    if (rest.lt(PARTIAL_FROM) || !rest.eq(rest.round(0))) return rest;
    const draw = hash32(`${this.#market.seed}/partial/${order.sequence}`) >>> 0;
    return draw % 10 === 0
      ? rest
          .times(10 + ((draw >>> 8) % 81))
          .div(100)
          .round(0, Big.roundDown)
      : rest;
  }

  #fill(order: OrderRecord, price: Big, qty: Big, at: number): void {
    const account = this.account(order.accountNumber);
    const positionQty = bookFill(account, order.symbol, order.side, price, qty);
    order.filledQty = order.filledQty.plus(qty);
    order.filledValue = order.filledValue.plus(price.times(qty));
    const isWhole = order.notional !== null || order.filledQty.gte(order.qty as Big);
    order.status = isWhole ? "filled" : "partially_filled";
    order.filledAt = isWhole ? at : null;
    order.updatedAt = at;
    if (isWhole) this.#forget(account, order);
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
      leavesQty: isWhole ? ZERO : (order.qty as Big).minus(order.filledQty),
      status: order.status,
      at,
    };
    this.#fills.push(fill);
    this.#outbox.changes.fills.push(fill);
    this.#outbox.changes.accounts.add(account.record);
    const position = account.positions.get(order.symbol) ?? { qty: ZERO, cost: ZERO };
    this.#outbox.changes.positions.set(`${order.accountNumber} ${order.symbol}`, { accountNumber: order.accountNumber, symbol: order.symbol, position });
    this.#touch(order);
    this.#queue(isWhole ? "fill" : "partial_fill", order, at, fill, positionQty);
    if (isWhole) this.#afterFill(account, order, at);
    else this.#shrinkSisters(account, order, at);
  }

  /** What one exit has sold the other need not sell any more. */
  #shrinkSisters(account: AccountState, order: OrderRecord, at: number): void {
    if (order.role === "entry" && order.orderClass !== "oco") return;
    for (const sister of this.#sisters(account, order)) {
      if (isEnded(sister) || sister.qty === null) continue;
      sister.qty = (order.qty as Big).minus(order.filledQty).plus(sister.filledQty);
      sister.updatedAt = at;
      this.#touch(sister);
    }
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
        if (order.legIds.length === 1 || leg.role === "take_profit") this.#emit("new", leg, at);
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
    this.#forget(account, order);
    this.#touch(order);
    this.#emit(status, order, at);
    if (options.alone === true) return;
    const others = order.parentId === null && order.orderClass !== "oco" ? order.legIds.map((id) => this.order(account, id)) : this.#sisters(account, order);
    for (const other of others) if (!isEnded(other)) this.#end(other, status, at, { alone: true });
  }

  #closeSession(at: number): void {
    this.#expire(at);
    for (const account of this.#accounts.values()) {
      const { equity } = figures(account, this.prices(at));
      account.record.lastEquity = equity;
      this.#outbox.changes.accounts.add(account.record);
      this.#pointEquity(account.record.accountNumber, at, equity);
    }
  }

  /** Who holds at the last close before an ex-date is paid later; who is short then pays. */
  #noteDividends(date: string): void {
    const exDate = tradingDayFrom(addDays(date, 1)).date;
    for (const { record, positions } of this.#accounts.values()) {
      for (const [symbol, { qty }] of positions) {
        for (const { id, rate, payableDate } of dividendsOf(this.#market, symbol, exDate, exDate)) {
          record.entitlements = [...(record.entitlements ?? []), { id, symbol, qty, rate, payableDate }];
          this.#outbox.changes.accounts.add(record);
        }
      }
    }
  }

  #payDividends(date: string, at: number): void {
    for (const { record } of this.#accounts.values()) {
      const due = record.entitlements?.filter((one) => one.payableDate <= date) ?? [];
      if (due.length === 0) continue;
      record.entitlements = record.entitlements?.filter((one) => one.payableDate > date) ?? [];
      for (const { symbol, qty, rate } of due) {
        const amount = qty.times(rate).round(2, Big.roundHalfUp);
        const payment = { id: randomUUID(), sequence: ++this.#sequence, accountNumber: record.accountNumber, symbol, qty, rate, amount, at };
        record.cash = record.cash.plus(amount);
        this.#payments.push(payment);
        this.#outbox.changes.payments.push(payment);
      }
      this.#outbox.changes.accounts.add(record);
    }
  }

  #pointEquity(accountNumber: string, at: number, equity: Big): void {
    this.#equity.push({ accountNumber, at, equity });
    this.#outbox.changes.equity.push({ accountNumber, at, equity });
  }

  // ---- writing and telling -----------------------------------------------------------------------------------------

  #touch(...orders: readonly OrderRecord[]): void {
    for (const order of orders) this.#outbox.changes.orders.add(order);
  }

  #emit(event: OrderEventName, order: OrderRecord, at: number): void {
    this.#touch(order);
    this.#queue(event, order, at, null, null);
  }

  #queue(event: OrderEventName, order: OrderRecord, at: number, fill: FillRecord | null, positionQty: Big | null): void {
    // As it is now: the record goes on changing.
    this.#outbox.tell({ event, accountNumber: order.accountNumber, order: { ...order }, at, executionId: fill?.id ?? randomUUID(), fill, positionQty });
  }
}
