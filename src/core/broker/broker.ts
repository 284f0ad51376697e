/**
 * broker: an Alpaca account behind one lock: connect, guards, orders placed exactly once, trade updates by stream.
 * Imports base and domain. Is given: HttpClient for trading and data, OrderJournal, limits, Clock, Scope.
 * Knows nothing of where the keys come from, of VS Code, or of who asks.
 */
import { randomUUID } from "node:crypto";
import { FlightCache } from "../base/flightCache.ts";
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Scope } from "../base/scope.ts";
import type { Account, Order } from "../domain/orders.ts";
import type { Broker, Endpoint, HttpClient, OrderJournal } from "../domain/ports.ts";
import { Alarms } from "./alarms.ts";
import { heldQuantities, markPositions } from "./books.ts";
import { catchUp, settleLeft, type CatchUpDeps } from "./catchUp.ts";
import { allAssets, symbolHint, type CheckDeps } from "./checkOrder.ts";
import { closeAll, closePosition, type ClosingDeps } from "./closing.ts";
import { Connection } from "./connection.ts";
import type { RiskLimits } from "./guards/limits.ts";
import { resume, turnOn, type KillSwitchDeps } from "./killSwitch.ts";
import { cancelOrder, readOrder, waitForEnd, type OrderEndDeps } from "./orderEnd.ts";
import { OrderFeed } from "./orderFeed.ts";
import { lookAround } from "./lookAround.ts";
import { markOrders } from "./ownership.ts";
import { Protection } from "./protection.ts";
import { OrderSender } from "./orderSender.ts";
import { previewOrder } from "./preview.ts";
import { TradingApi } from "./tradingApi.ts";

export interface BrokerOptions {
  readonly endpoint: Endpoint;
  /** Client of endpoint.tradingUrl, with its credentials. */
  readonly trading: HttpClient;
  readonly data: HttpClient;
  readonly journal: OrderJournal;
  readonly limits: RiskLimits;
  readonly log: Log;
  readonly clock: Clock;
  /** The broker disconnects when it closes. */
  readonly scope: Scope;
  /** Our own exchange: every account says SIMULATED. */
  readonly simulated: boolean;
  /** Writes each turn of the lock into the debug log. */
  readonly logLocks?: boolean;
  /** How often open orders are asked for beside the stream, milliseconds; 10,000 unless a test says otherwise. */
  readonly askEveryMs?: number;
}

const ASSETS_KEPT_MS = 300_000;
const ASSETS_MS = 20_000;
const ASK_EVERY_MS = 10_000;

export function createBroker(options: BrokerOptions): Broker {
  const { endpoint, journal, limits, log, clock, scope, simulated } = options;
  const api = new TradingApi({ trading: options.trading, data: options.data, mode: endpoint.mode, simulated });
  const assets = new FlightCache({ capacity: 2000, ttlMs: ASSETS_KEPT_MS, deadlineMs: ASSETS_MS, now: () => performance.now() });
  const checkDeps: CheckDeps = { api, journal, limits, clock, log, assets, openOrders: () => feed.book.open(), owner: `${process.pid}/${randomUUID()}` };
  const alarms = new Alarms(journal, log);
  const protection = new Protection({ api, clock, log, alarms });
  const exitSeen = (exit: Order) => {
    const { account, current } = connection;
    if (account !== undefined && current !== undefined) protection.seen(exit, account.accountNumber, current.signal);
  };
  const feed = new OrderFeed({
    api,
    journal,
    clock,
    log,
    isConnected: () => connection.state === "connected",
    cut: (why) => connection.cut(why),
    onSeen: (order) => {
      if (feed.book.isWorkingExit(order.id)) exitSeen(order);
    },
    askEveryMs: options.askEveryMs ?? ASK_EVERY_MS,
  });
  const catchUpDeps: CatchUpDeps = { api, journal, clock, log, feed, alarms, isPending: (id) => sender.isPending(id) };
  const settling = new WeakSet<Scope>();
  const settle = (own: Scope, account: string) => {
    if (settling.has(own)) return;
    settling.add(own);
    void settleLeft(account, catchUpDeps, own.signal).finally(() => settling.delete(own));
  };
  const connection = new Connection({
    endpoint,
    api,
    journal,
    log,
    clock,
    logLocks: options.logLocks === true,
    scope,
    onUpdate: (update) => feed.take(update),
    onAccount: (number) => {
      feed.notes.account = number;
    },
    catchUp: async (own, signal) => {
      const { account, exits, left } = await catchUp(catchUpDeps, signal);
      for (const exit of exits) exitSeen(exit);
      if (left > 0) settle(own, account.accountNumber);
      return account;
    },
    watch: async (signal) => {
      const { accountNumber } = connection.account as Account;
      const resuming = resume(accountNumber, killDeps, signal).catch((error: unknown) => {
        if (!signal.aborted) log.warn(`What the kill switch left could not be read: ${TradingError.from(error, "failed").message}`);
      });
      await Promise.all([resuming, feed.watch.run(signal), lookAround(accountNumber, { api, journal, clock, log, alarms, protection, feed }, signal)]);
    },
    flush: () => feed.notes.flush(),
  });
  const sender = new OrderSender({
    checkDeps,
    connection,
    feed,
    onLeft: () => {
      if (connection.current !== undefined && connection.account !== undefined) settle(connection.current, connection.account.accountNumber);
    },
  });
  const ends: OrderEndDeps = { api, connection, feed, clock, log };
  const closing: ClosingDeps = {
    api,
    clock,
    log,
    check: (intent, signal) => sender.check(intent, signal, { closes: true }),
    submit: (order, signal) => sender.submit(order, signal),
    cancel: (id, signal) => cancelOrder(id, ends, signal),
  };
  const killDeps: KillSwitchDeps = { api, journal, clock, log, closing };
  /** What is asked of a broker that is connected, or was and will be again. */
  const connected =
    <A extends unknown[], T>(ask: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      connection.assertConnected();
      return await ask(...args);
    };

  const number = async (signal: AbortSignal): Promise<string> => (connection.account ?? connection.seen(await api.account(signal))).accountNumber;
  const marked = async (order: Order, signal: AbortSignal): Promise<Order> => (await markOrders(await number(signal), [order], journal, signal))[0] as Order;
  const getPositions = async (signal: AbortSignal) => markPositions(await number(signal), await api.positions(signal), journal, signal);

  scope.onClose(() => connection.disconnect());

  return {
    get state() {
      return connection.state;
    },
    mode: endpoint.mode,
    metrics: () => ({ trading: options.trading.stats(), data: options.data.stats(), lock: connection.lockStats }),
    connect: (signal) => connection.connect(signal),
    disconnect: () => connection.disconnect(),
    getAccount: connected(async (signal) => connection.seen(await api.account(signal))),
    getPositions: connected(getPositions),
    getPosition: connected(async (symbol, signal) => {
      const position = await api.position(symbol.trim().toUpperCase(), signal);
      return position === null ? null : ((await markPositions(await number(signal), [position], journal, signal))[0] ?? null);
    }),
    preview: async (intent, signal) => connection.refusal() ?? (await previewOrder(intent, checkDeps, signal)),
    check: (intent, signal) => sender.check(intent, signal),
    submitOrder: (order, signal) => sender.submit(order, signal),
    cancelOrder: connected((id, signal) => cancelOrder(id, ends, signal)),
    replaceOrder: connected(async (id, change, reason, signal) => {
      const down = connection.refusal();
      if (down !== null) return { placed: false, code: down.code, message: down.message, hint: down.hint };
      return await sender.replace(await readOrder(id, ends, signal), change, reason, signal);
    }),
    closePosition: connected((symbol, part, reason, signal) => closePosition(symbol, part, reason, closing, signal)),
    closeAll: connected((reason, signal) => closeAll(reason, { keepTrying: false }, closing, signal)),
    setKillSwitch: async (change, options, signal) => {
      const account = await number(signal);
      if (change === "on") return await turnOn(account, options, killDeps, signal);
      const on = await journal.killSwitch(account, "off", options, signal);
      log.warn(`The kill switch of account ${account} is ${on ? "on" : "off"} (${options.origin}).`);
      return { on, canceled: 0, unconfirmed: [], closed: null };
    },
    getKillSwitch: async (signal) => {
      const account = await number(signal);
      const [on, unconfirmed] = await Promise.all([journal.killSwitch(account, null, { origin: "broker" }, signal), journal.killPending(account, {}, signal)]);
      return { on, unconfirmed };
    },
    cancelAll: connected((signal) => api.cancelAll(signal)),
    getAlarms: async (signal) => await journal.alarms(await number(signal), signal),
    acknowledge: connected(async (reason, signal) => {
      return await journal.acknowledge(await number(signal), heldQuantities(await api.positions(signal)), reason, signal);
    }),
    getOrder: connected(async (id, signal) => await marked(await readOrder(id, ends, signal), signal)),
    getOrders: connected(async (filter, signal) => await markOrders(await number(signal), await api.orders(filter, signal), journal, signal)),
    getCurrentPrice: connected(async (symbol, signal) => {
      const name = symbol.trim().toUpperCase();
      const quote = await api.quote(name, signal);
      if (quote !== null) return quote;
      throw new TradingError("unknown-symbol", `There is no quote for ${name}.`, { kind: "usage", hint: await symbolHint(name, checkDeps, signal) });
    }),
    getClock: connected((signal) => api.clock(signal)),
    getCalendar: connected((range, signal) => api.calendar(range, signal)),
    getAssets: connected((signal) => allAssets(checkDeps, signal)),
    getActivities: connected((filter, signal) => api.activities({ limit: 100, ...filter, direction: "desc" }, signal)),
    getPortfolioHistory: connected((range, signal) => api.portfolioHistory(range, signal)),
    waitForEnd: (id, signal) => waitForEnd(id, ends, signal),
    onTradeUpdate: (listener) => feed.updates.on(listener),
    onAlarm: (listener) => alarms.raised.on(listener),
    onState: (listener) => connection.onState(listener),
  };
}
