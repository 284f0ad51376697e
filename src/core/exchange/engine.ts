/**
 * The matching engine: takes orders, fills them as time passes, keeps the accounts. Single-threaded and synchronous:
 * every public call first brings the market up to now, writes what changed into the book, then tells listeners.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { Big } from "../base/decimal.ts";
import { Emitter } from "../base/emitter.ts";
import { checkOrder } from "./admission.ts";
import { badParameter, forbidden, unprocessable } from "./apiError.ts";
import { NO_CHARGES, type Rates } from "./charges.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { newAccount, type AccountState } from "./ledger.ts";
import { figures, type Figures } from "./margin.ts";
import type { Market } from "./market.ts";
import { activateWaiting, endOrder, expireOrders, meetBars, meetSecond } from "./orderLife.ts";
import { orderRecords } from "./orderRecord.ts";
import type { OrderRequest } from "./orderRequest.ts";
import { Outbox, type OrderEvent, type OutboxOptions } from "./outbox.ts";
import { isEnded, type AccountRecord, type OrderRecord } from "./records.ts";
import { replaceOrder, type ReplaceRequest } from "./replacement.ts";
import { beginDay, closeSession, openSession } from "./sessionEvents.ts";
import { ExchangeState } from "./state.ts";
import { applySplits } from "./splits.ts";
import { stepsBetween, type Step, type StepOptions } from "./steps.ts";

export interface EngineOptions extends OutboxOptions {
  readonly market: Market;
  readonly clock: ExchangeClock;
  /** What being short or in debt costs; nothing when absent. */
  readonly rates?: Rates;
  /** Told when something waits for the market, so that it is looked at as time passes. */
  readonly onWaiting: () => void;
}

export class Engine {
  readonly events = new Emitter<OrderEvent>();
  readonly #state: ExchangeState;
  readonly #onWaiting: () => void;
  #lookedAt: number;
  #accounts: readonly AccountState[];
  readonly #detail: StepOptions;

  constructor(options: EngineOptions) {
    const { market, clock, book } = options;
    this.#onWaiting = options.onWaiting;
    const { kept } = book;
    this.#lookedAt = kept.now ?? clock.now();
    this.#state = new ExchangeState({ market, clock, outbox: new Outbox(options, this.events), rates: options.rates ?? NO_CHARGES }, kept);
    this.#accounts = [...this.#state.accounts.values()];
    this.#detail = { detail: () => (this.hasOpenOrders ? "all" : "sessions"), hasExtended: market.hasExtendedHours };
  }

  get accounts(): readonly AccountState[] {
    return this.#accounts;
  }

  /** Opens accounts until there are `count`. */
  openAccounts(count: number, cash: Big): void {
    const state = this.#state;
    while (state.accounts.size < count) {
      const accountNumber = `PA${String(1 + state.accounts.size).padStart(3, "0")}${randomBytes(4).toString("hex").toUpperCase()}`;
      const record: AccountRecord = {
        id: randomUUID(),
        accountNumber,
        keyId: `PK${randomBytes(9).toString("hex").toUpperCase()}`,
        secretKey: randomBytes(30).toString("base64url"),
        startCash: cash,
        createdAt: state.clock.now(),
        cash,
        lastEquity: cash,
      };
      const account = newAccount(record);
      state.accounts.set(accountNumber, account);
      state.touchAccount(record);
      state.pointEquity(account, record.createdAt, cash);
    }
    this.#accounts = [...state.accounts.values()];
    this.#commit();
  }

  get hasOpenOrders(): boolean {
    return this.#state.open.size > 0;
  }

  /** The account's money at the prices of now. */
  figures(account: AccountState): Figures {
    return figures(account, this.#state.prices(this.#state.clock.now()));
  }

  /** Brings accounts and orders up to now. Cheap when nothing is open. */
  advance(): number {
    const { clock } = this.#state;
    const now = clock.now();
    // Orders that came since are there from the moment they came, however long nobody looked.
    if (clock.isOpen(this.#lookedAt)) activateWaiting(this.#state, this.#lookedAt);
    // Everything that happens, happens at whole seconds.
    if (Math.floor(now / 1000) > Math.floor(this.#lookedAt / 1000)) {
      for (const step of stepsBetween(this.#lookedAt, now, this.#detail)) this.#take(step);
      this.#lookedAt = now;
      expireOrders(this.#state, now);
    }
    this.#lookedAt = Math.max(this.#lookedAt, now);
    if (clock.isExtended(now)) activateWaiting(this.#state, now, { isExtended: true });
    this.#commit();
    return now;
  }

  #take(step: Step): void {
    const state = this.#state;
    const { market } = state;
    switch (step.kind) {
      case "open":
        return openSession(state, step.day, step);
      case "close":
        return closeSession(state, step.day);
      case "begin":
        beginDay(state);
        return applySplits(state, step.day);
      case "second":
        return meetSecond(state, step.at, step);
      case "minute":
        return meetBars(state, (symbol) => market.minuteBars(symbol, step.day, step.at, step.end)[0], step);
      case "day":
        return meetBars(state, (symbol) => market.dailyBar(symbol, step.day), step);
    }
  }

  #commit(): void {
    this.#state.outbox.commit(this.#lookedAt);
  }

  /** Notes the time, so that a later start goes on from here. */
  close(): Promise<void> {
    return this.#state.outbox.close(this.advance());
  }

  /** Resolves when everything that has changed so far is on disk; undefined when it is. Nobody is told of a change before. */
  written(): Promise<void> | undefined {
    return this.#state.outbox.written();
  }

  submit(account: AccountState, request: OrderRequest): OrderRecord {
    const state = this.#state;
    const { clock, market } = state;
    const now = this.advance();
    const clientOrderId = request.clientOrderId ?? randomUUID();
    if (account.byClientOrderId.has(clientOrderId)) throw badParameter("client_order_id must be unique");
    if (clock.isOver) throw forbidden("the replayed data has ended: the market stays closed");
    const intent = checkOrder(account, request, { market, now, prices: state.prices(now), hours: clock.hours });
    const made = { accountNumber: account.record.accountNumber, clock, now, intent, nextSequence: () => state.nextSequence() };
    const { order, legs } = orderRecords(request, clientOrderId, made);
    for (const one of [order, ...legs]) state.remember(one);
    state.touch(order, ...legs);
    this.#commit();
    this.#onWaiting();
    return order;
  }

  /** Changes what an account keeps beside its money. */
  amend(account: AccountState, change: Pick<AccountRecord, "watchlists" | "configuration">): void {
    Object.assign(account.record, change);
    this.#state.touchAccount(account.record);
    this.#commit();
  }

  order(account: AccountState, id: string): OrderRecord {
    return this.#state.order(account, id);
  }

  cancel(account: AccountState, id: string): void {
    const now = this.advance();
    const order = this.order(account, id);
    if (isEnded(order)) throw unprocessable(`order is already in "${order.status}" state`);
    endOrder(this.#state, order, "canceled", now);
    this.#commit();
  }

  cancelAll(account: AccountState): readonly OrderRecord[] {
    const now = this.advance();
    const parents = [...account.open.values()].filter((order) => order.status !== "held");
    for (const order of parents) if (!isEnded(order)) endOrder(this.#state, order, "canceled", now);
    this.#commit();
    return parents;
  }

  /** A new order in the place of the old one, which ends as "replaced". */
  replace(account: AccountState, id: string, change: ReplaceRequest): OrderRecord {
    const now = this.advance();
    const next = replaceOrder(this.#state, account, { id, change, now });
    this.#commit();
    this.#onWaiting();
    return next;
  }
}
