/**
 * A broker that is made on first use: a session that only backtests never looks for an exchange.
 * State and mode are readable before that.
 */
import type { Broker, ConnectionState } from "../domain/ports.ts";
import type { Alarm, TradeUpdate, TradingMode } from "../domain/orders.ts";
import { Emitter } from "../base/emitter.ts";
import { abortable } from "../base/scope.ts";

export interface LazyBroker extends Broker {
  /** The broker behind it goes: the next call makes a new one. */
  forget(): Promise<void>;
}

export function createLazyBroker(mode: TradingMode, make: (signal: AbortSignal) => Promise<Broker>): LazyBroker {
  let made: Promise<Broker> | undefined;
  let broker: Broker | undefined;
  const updates = new Emitter<TradeUpdate>();
  const states = new Emitter<ConnectionState>();
  const alarms = new Emitter<Alarm>();
  const get = (signal: AbortSignal): Promise<Broker> => {
    made ??= make(signal).then(
      (fresh) => {
        broker = fresh;
        fresh.onTradeUpdate((update) => updates.emit(update));
        fresh.onState((state) => states.emit(state));
        fresh.onAlarm((alarm) => alarms.emit(alarm));
        return fresh;
      },
      (error: unknown) => {
        made = undefined; // the next caller may try again
        throw error;
      },
    );
    return abortable(made, signal); // who gives up leaves the making to the others
  };
  return {
    get state() {
      return broker?.state ?? "disconnected";
    },
    mode,
    metrics: () => broker?.metrics() ?? null,
    connect: async (signal) => (await get(signal)).connect(signal),
    disconnect: async () => {
      const current = await made?.catch(() => undefined);
      await current?.disconnect();
    },
    forget: async () => {
      const current = await made?.catch(() => undefined);
      made = undefined;
      broker = undefined;
      await current?.disconnect();
      states.emit("disconnected");
    },
    getAccount: async (signal) => (await get(signal)).getAccount(signal),
    getPositions: async (signal) => (await get(signal)).getPositions(signal),
    getPosition: async (symbol, signal) => (await get(signal)).getPosition(symbol, signal),
    preview: async (intent, signal) => (await get(signal)).preview(intent, signal),
    check: async (intent, signal) => (await get(signal)).check(intent, signal),
    submitOrder: async (order, signal) => (await get(signal)).submitOrder(order, signal),
    cancelOrder: async (id, signal) => (await get(signal)).cancelOrder(id, signal),
    cancelAll: async (signal) => (await get(signal)).cancelAll(signal),
    replaceOrder: async (id, change, reason, signal) => (await get(signal)).replaceOrder(id, change, reason, signal),
    closePosition: async (symbol, part, reason, signal) => (await get(signal)).closePosition(symbol, part, reason, signal),
    closeAll: async (reason, signal) => (await get(signal)).closeAll(reason, signal),
    setKillSwitch: async (change, options, signal) => (await get(signal)).setKillSwitch(change, options, signal),
    getKillSwitch: async (signal) => (await get(signal)).getKillSwitch(signal),
    getAlarms: async (signal) => (await get(signal)).getAlarms(signal),
    acknowledge: async (reason, signal) => (await get(signal)).acknowledge(reason, signal),
    getCalendar: async (range, signal) => (await get(signal)).getCalendar(range, signal),
    getAssets: async (signal) => (await get(signal)).getAssets(signal),
    getActivities: async (filter, signal) => (await get(signal)).getActivities(filter, signal),
    getPortfolioHistory: async (range, signal) => (await get(signal)).getPortfolioHistory(range, signal),
    getOrder: async (id, signal) => (await get(signal)).getOrder(id, signal),
    getOrders: async (filter, signal) => (await get(signal)).getOrders(filter, signal),
    getCurrentPrice: async (symbol, signal) => (await get(signal)).getCurrentPrice(symbol, signal),
    getClock: async (signal) => (await get(signal)).getClock(signal),
    waitForEnd: async (id, signal) => (await get(signal)).waitForEnd(id, signal),
    onTradeUpdate: (listener) => updates.on(listener),
    onAlarm: (listener) => alarms.on(listener),
    onState: (listener) => states.on(listener),
  };
}
