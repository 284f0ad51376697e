/**
 * broker: an Alpaca account behind one lock: connect, guards, orders placed exactly once, trade updates by stream.
 * Imports base and domain. Is given: HttpClient for trading and data, OrderJournal, limits, Clock, Scope.
 * Knows nothing of where the keys come from, of VS Code, or of who asks.
 */
import { Emitter } from "../base/emitter.ts";
import { Lock } from "../base/lock.ts";
import { Scope, abortable, withDeadline } from "../base/scope.ts";
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isFinalStatus, type Account, type Order, type TradeUpdate } from "../domain/orders.ts";
import type { Broker, ConnectionState, Endpoint, HttpClient, OrderJournal } from "../domain/ports.ts";
import { checkOrder, previewOrder, symbolHint } from "./checkOrder.ts";
import { refuse, type Refusal } from "./guards/verdicts.ts";
import type { RiskLimits } from "./guards/limits.ts";
import { OrderBook } from "./orderBook.ts";
import { placeOrder } from "./placeOrder.ts";
import { openTradeStream } from "./tradeStream.ts";
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
}

/** Journal entries are settled even when the caller has given up, but not for longer than this. */
const SETTLE_MS = 2000;
/** How long a cancel waits to see how the order ended; at night exchanges may keep it pending until the open. */
const CANCEL_WAIT_MS = 3000;
/** How long another `connect` waits for a stream that is being opened again. */
const STALE_WAIT_MS = 15_000;
const POLL_MS = [500, 1000, 2000, 4000] as const;

/** Failures of a read that asking again will not mend. */
const HOPELESS: ReadonlySet<string> = new Set(["not-found", "bad-key", "closed"]);
const CONNECT_HINT = 'Connect first: `quantdesk connect`, desk.connect(), or "Quantdesk: Connect Broker".';

export function createBroker(options: BrokerOptions): Broker {
  const { endpoint, log, clock, scope } = options;
  const api = new TradingApi({ trading: options.trading, data: options.data, mode: endpoint.mode, simulated: options.simulated });
  const lock = new Lock(({ waitMs, holdMs }) => log.debug(`Broker lock: waited ${waitMs.toFixed(1)} ms, held ${holdMs.toFixed(1)} ms`));
  const book = new OrderBook();
  const updates = new Emitter<TradeUpdate>((error) => log.error(`A listener for trade updates failed: ${TradingError.from(error, "failed").message}`));
  const states = new Emitter<ConnectionState>((error) => log.error(`A listener for the connection failed: ${TradingError.from(error, "failed").message}`));
  const checkDeps = { api, journal: options.journal, limits: options.limits, simulated: options.simulated, clock, log };
  let state: ConnectionState = "disconnected";
  let account: Account | undefined;
  let connection: Scope | undefined;

  const setState = (next: ConnectionState): void => {
    if (next === state) return;
    state = next;
    states.emit(next);
  };

  const take = (update: TradeUpdate): void => {
    if (book.apply(update)) updates.emit(update);
  };

  /** Reads what may have happened while nothing was heard; only then are orders let through again. */
  const catchUp = async (own: Scope): Promise<void> => {
    const known = book.open();
    const [fresh, current] = await Promise.all([api.account(own.signal), api.orders({ status: "open" }, own.signal), api.positions(own.signal)]);
    const shown = new Set(current.flatMap((order) => [order.id, ...order.legs.map((leg) => leg.id)]));
    const gone = known.filter((order) => !shown.has(order.id));
    const ended = await Promise.all(gone.map((order) => api.order(order.id, own.signal)));
    for (const update of book.reconcile([...current, ...ended], clock.now())) updates.emit(update);
    account = fresh;
    if (connection === own) setState("connected");
  };

  const handshake = async (signal: AbortSignal): Promise<Account> => {
    setState("connecting");
    await connection?.close(); // one whose key was refused meanwhile
    const own = scope.child({ name: "The broker connection" });
    const attempt = own.child({ name: "Connecting", signal }); // ends with the caller, or with disconnect
    connection = own;
    try {
      account = await api.account(attempt.signal);
      await openTradeStream(
        {
          endpoint,
          log,
          clock,
          scope: own,
          onUpdate: take,
          onListening: () => catchUp(own),
          onDown: () => {
            if (connection === own) setState("stale");
          },
          onRefused: () => {
            if (connection === own) setState("disconnected");
          },
        },
        attempt.signal,
      );
      log.info(`Connected to account ${account.accountNumber}${options.simulated ? " (SIMULATED)" : ""}.`);
      return account;
    } catch (error) {
      if (connection === own) connection = undefined;
      await own.close();
      setState("disconnected");
      throw error;
    } finally {
      await attempt.close();
    }
  };

  const connect = (signal: AbortSignal): Promise<Account> =>
    lock.run(signal, async () => {
      if (state === "connected" && account !== undefined) return account;
      if (state === "stale" && account !== undefined) {
        await withDeadline("Waiting for the order stream", STALE_WAIT_MS, signal, (own) => untilState(own, (now) => now !== "stale"));
        if ((state as ConnectionState) === "connected") return account;
      }
      return await handshake(signal);
    });

  const disconnect = async (): Promise<void> => {
    const own = connection;
    connection = undefined;
    await own?.close();
    setState("disconnected");
  };

  const untilState = async (signal: AbortSignal, wanted: (state: ConnectionState) => boolean): Promise<void> => {
    if (wanted(state)) return;
    let off: () => void = () => {};
    try {
      await abortable(
        new Promise<void>((resolve) => {
          off = states.on((now) => {
            if (wanted(now)) resolve();
          });
        }),
        signal,
      );
    } finally {
      off();
    }
  };

  const assertConnected = (): void => {
    if (state === "disconnected") throw new TradingError("not-connected", "Not connected to the broker.", { hint: CONNECT_HINT });
  };

  const notConnected = (): Refusal | null => {
    if (state === "connected") return null;
    if (state === "stale")
      return refuse("not-connected", "The order stream is down: orders wait until positions have been read again.", "Try again in a moment; cancels still go.");
    return refuse("not-connected", "Not connected to the broker.", CONNECT_HINT);
  };

  const readOrder = async (id: string, signal: AbortSignal): Promise<Order> => {
    const order = await api.order(id, signal);
    book.see(order);
    return book.get(order.id)?.filledQty.gt(order.filledQty) === true ? (book.get(order.id) as Order) : order;
  };

  const waitForEnd = async (id: string, signal: AbortSignal): Promise<Order> => {
    assertConnected();
    const waiting = new Scope({ name: `Waiting for order ${id}`, signal });
    let off: () => void = () => {};
    try {
      const byStream = new Promise<Order>((resolve) => {
        off = updates.on((update) => {
          if (update.order.id === id && isFinalStatus(update.order.status)) resolve(update.order);
        });
      });
      return await abortable(Promise.race([byStream, pollToEnd(id, waiting.signal)]), signal);
    } finally {
      off();
      await waiting.close();
    }
  };

  /** The stream is the fast way; this is what remains when it is down or an event was lost. */
  const pollToEnd = async (id: string, signal: AbortSignal): Promise<Order> => {
    for (let turn = 0; ; turn++) {
      assertConnected(); // whoever disconnects ends the waiting
      try {
        const order = await readOrder(id, signal);
        if (isFinalStatus(order.status)) return order;
      } catch (error) {
        if (signal.aborted || HOPELESS.has(TradingError.from(error, "failed").code)) throw error;
        log.debug(`Order ${id} could not be read: ${TradingError.from(error, "failed").message}`);
      }
      await clock.sleep(POLL_MS[Math.min(turn, POLL_MS.length - 1)] as number, signal);
    }
  };

  const settle = async (clientOrderId: string, outcome: Parameters<OrderJournal["settle"]>[1]): Promise<void> => {
    const settling = new Scope({ name: "Writing the order journal", deadlineMs: SETTLE_MS });
    try {
      await options.journal.settle(clientOrderId, outcome, settling.signal);
    } catch (error) {
      log.error(`The journal could not note that order ${clientOrderId} is ${outcome.state}: ${TradingError.from(error, "failed").message}`);
    } finally {
      await settling.close();
    }
  };

  scope.onClose(disconnect);

  return {
    get state() {
      return state;
    },
    mode: endpoint.mode,
    connect,
    disconnect,
    getAccount: async (signal) => {
      assertConnected();
      return (account = await api.account(signal));
    },
    getPositions: async (signal) => {
      assertConnected();
      return await api.positions(signal);
    },
    getPosition: async (symbol, signal) => {
      assertConnected();
      return await api.position(symbol.trim().toUpperCase(), signal);
    },
    preview: async (intent, signal) => notConnected() ?? (await previewOrder(intent, checkDeps, signal)),
    check: async (intent, signal) => notConnected() ?? (await checkOrder(intent, checkDeps, signal)),
    submitOrder: async (order, signal) => {
      try {
        if (state === "disconnected")
          throw new TradingError("order-not-placed", "The order was not placed: the broker was disconnected.", {
            hint: "Connect and order again.",
            data: { clientOrderId: order.clientOrderId },
          });
        const placed = await placeOrder(order, { api, clock, log }, signal);
        book.see(placed);
        await settle(order.clientOrderId, { state: placed.status === "rejected" ? "rejected" : "sent", orderId: placed.id });
        return placed;
      } catch (error) {
        const failure = TradingError.from(error, "order-unknown");
        await settle(order.clientOrderId, { state: settledAs(failure.code), reason: failure.message });
        throw failure;
      }
    },
    cancelOrder: async (id, signal) => {
      assertConnected();
      const taken = await api.cancel(id, signal);
      if (!taken) return await readOrder(id, signal);
      const waiting = new Scope({ name: `Waiting for the cancel of ${id}`, deadlineMs: CANCEL_WAIT_MS, signal });
      try {
        return await waitForEnd(id, waiting.signal);
      } catch (error) {
        if (signal.aborted || TradingError.from(error, "failed").code !== "timeout") throw error;
        return await readOrder(id, signal);
      } finally {
        await waiting.close();
      }
    },
    cancelAll: async (signal) => {
      assertConnected();
      return await api.cancelAll(signal);
    },
    getOrder: async (id, signal) => {
      assertConnected();
      return await readOrder(id, signal);
    },
    getOrders: async (filter, signal) => {
      assertConnected();
      return await api.orders(filter, signal);
    },
    getCurrentPrice: async (symbol, signal) => {
      assertConnected();
      const name = symbol.trim().toUpperCase();
      const quote = await api.quote(name, signal);
      if (quote === null)
        throw new TradingError("unknown-symbol", `There is no quote for ${name}.`, { kind: "usage", hint: await symbolHint(name, checkDeps, signal) });
      return quote;
    },
    getClock: async (signal) => {
      assertConnected();
      return await api.clock(signal);
    },
    waitForEnd,
    onTradeUpdate: (listener) => updates.on(listener),
    onState: (listener) => states.on(listener),
  };
}

function settledAs(code: string): "rejected" | "unknown" | "not-sent" {
  switch (code) {
    case "order-rejected":
    case "bad-key":
      return "rejected";
    case "order-not-placed":
      return "not-sent";
    default:
      return "unknown";
  }
}
