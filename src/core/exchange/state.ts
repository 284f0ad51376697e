/** What the exchange holds in memory: accounts with their orders and money, and what of it is still to be written and told. */
import { randomUUID } from "node:crypto";
import { Big } from "../base/decimal.ts";
import { notFound } from "./apiError.ts";
import { plainId } from "./assetId.ts";
import type { Kept } from "./bookRows.ts";
import type { Rates } from "./charges.ts";
import type { ExchangeClock } from "./exchangeClock.ts";
import { newAccount, type AccountState, type Prices } from "./ledger.ts";
import type { Market } from "./market.ts";
import type { OrderEventName, Outbox } from "./outbox.ts";
import { isEnded, type AccountRecord, type FillRecord, type OrderRecord, type PaymentRecord, type PositionRecord } from "./records.ts";

export interface StateParts {
  readonly market: Market;
  readonly clock: ExchangeClock;
  readonly outbox: Outbox;
  readonly rates: Rates;
}

export class ExchangeState {
  readonly market: Market;
  readonly clock: ExchangeClock;
  readonly outbox: Outbox;
  readonly rates: Rates;
  readonly accounts = new Map<string, AccountState>();
  /** Orders that are not ended, over all accounts. */
  readonly open = new Map<string, OrderRecord>();
  #sequence = 0;

  constructor({ market, clock, outbox, rates }: StateParts, kept: Kept) {
    this.market = market;
    this.clock = clock;
    this.outbox = outbox;
    this.rates = rates;
    for (const record of kept.accounts) this.accounts.set(record.accountNumber, newAccount(record));
    for (const { accountNumber, symbol, position } of kept.positions) this.account(accountNumber).positions.set(symbol, position);
    for (const order of kept.orders) this.remember(order);
    for (const fill of kept.fills) this.account(fill.accountNumber).fills.push(fill);
    for (const payment of kept.payments) this.account(payment.accountNumber).payments.push(payment);
    for (const { accountNumber, at, equity } of kept.equity) this.account(accountNumber).equityPoints.push({ at, equity });
    for (const { sequence } of [...kept.orders, ...kept.fills, ...kept.payments]) this.#sequence = Math.max(this.#sequence, sequence);
  }

  account(number: string): AccountState {
    const account = this.accounts.get(number);
    if (account === undefined) throw new Error(`no account ${number}`);
    return account;
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  prices(at: number): Prices {
    return { last: (symbol) => new Big(this.market.last(symbol, at)), ask: (symbol) => new Big(this.market.quote(symbol, at).ask) };
  }

  /** Throws 404 for an id that this account does not have. */
  order(account: AccountState, id: string): OrderRecord {
    const order = account.orders.get(id) ?? account.orders.get(plainId(id));
    if (order === undefined) throw notFound(`order not found for ${id}`);
    return order;
  }

  remember(order: OrderRecord): void {
    const account = this.account(order.accountNumber);
    account.orders.set(order.id, order);
    account.byClientOrderId.set(order.clientOrderId, order.id);
    account.orderList.push(order);
    if (isEnded(order)) return;
    account.open.set(order.id, order);
    this.open.set(order.id, order);
  }

  /** It has ended. */
  forget(order: OrderRecord): void {
    this.account(order.accountNumber).open.delete(order.id);
    this.open.delete(order.id);
  }

  touch(...orders: readonly OrderRecord[]): void {
    for (const order of orders) this.outbox.changes.orders.add(order);
  }

  touchAccount(record: AccountRecord): void {
    this.outbox.changes.accounts.add(record);
  }

  touchPosition(account: AccountState, symbol: string): void {
    const { accountNumber } = account.record;
    const position: PositionRecord = account.positions.get(symbol) ?? { qty: new Big(0), cost: new Big(0) };
    this.outbox.changes.positions.set(`${accountNumber} ${symbol}`, { accountNumber, symbol, position });
  }

  addFill(fill: FillRecord): void {
    this.account(fill.accountNumber).fills.push(fill);
    this.outbox.changes.fills.push(fill);
  }

  addPayment(payment: PaymentRecord): void {
    this.account(payment.accountNumber).payments.push(payment);
    this.outbox.changes.payments.push(payment);
  }

  pointEquity(account: AccountState, at: number, equity: Big): void {
    account.equityPoints.push({ at, equity });
    this.outbox.changes.equity.push({ accountNumber: account.record.accountNumber, at, equity });
  }

  /** Writes the order and tells listeners of it. */
  emit(event: OrderEventName, order: OrderRecord, at: number): void {
    this.touch(order);
    this.tell(event, order, at);
  }

  tell(event: OrderEventName, order: OrderRecord, at: number, fill: FillRecord | null = null, positionQty: Big | null = null): void {
    // As it is now: the record goes on changing.
    this.outbox.tell({ event, accountNumber: order.accountNumber, order: { ...order }, at, executionId: fill?.id ?? randomUUID(), fill, positionQty });
  }
}
