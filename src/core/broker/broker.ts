/**
 * broker: an Alpaca account behind one lock: connect, guards, orders placed exactly once, trade updates by stream.
 * Imports base and domain. Is given: HttpClient for trading and data, OrderJournal, limits, Clock, Scope.
 * Knows nothing of where the keys come from, of VS Code, or of who asks.
 */
import { randomUUID } from "node:crypto";
import { sha256 } from "../base/canonical.ts";
import { Emitter } from "../base/emitter.ts";
import { FlightCache } from "../base/flightCache.ts";
import { Lock } from "../base/lock.ts";
import { Scope, abortable, withDeadline } from "../base/scope.ts";
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isFinalStatus, type Account, type CheckedOrder, type Order, type OrderChange, type Placed, type Reason, type TradeUpdate } from "../domain/orders.ts";
import type { Broker, ConnectionState, Endpoint, HttpClient, OrderJournal } from "../domain/ports.ts";
import { allAssets, beginEntry, checkOrder, examineOrder, previewOrder, symbolHint, type CheckOptions } from "./checkOrder.ts";
import { cancelUntilNone, closeAll, closePosition, type ClosingDeps } from "./closing.ts";
import { refuse, type Refusal } from "./guards/verdicts.ts";
import type { RiskLimits } from "./guards/limits.ts";
import { JournalNotes, noteOf } from "./journalNotes.ts";
import { OrderBook } from "./orderBook.ts";
import { orderBody } from "./orderBody.ts";
import { placeOrder, type Placing } from "./placeOrder.ts";
import { reconcileJournal } from "./reconcile.ts";
import { changedIntent, checkChange, replacementOf } from "./replaceOrder.ts";
import { StreamWatch } from "./streamWatch.ts";
import { openTradeStream, type TradeStream } from "./tradeStream.ts";
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
  /** How often open orders are asked for beside the stream, milliseconds; 10,000 unless a test says otherwise. */
  readonly askEveryMs?: number;
}

/** Journal entries are settled even when the caller has given up, but not for longer than this. */
const SETTLE_MS = 2000;
/** How long a cancel waits to see how the order ended; at night exchanges may keep it pending until the open. */
const CANCEL_WAIT_MS = 3000;
/** How long another `connect` waits for a stream that is being opened again. */
const STALE_WAIT_MS = 15_000;
/** A checked order is sent soon or not at all: what the guards saw grows old. */
const CHECK_VALID_MS = 60_000;
const ASSETS_KEPT_MS = 300_000;
const ASSETS_MS = 20_000;
const ASK_EVERY_MS = 10_000;
/** Fills are read again from so long before the last, since a broker may book them late. */
const OVERLAP_MS = 60_000;
/** How far back a state folder without history looks. */
const FIRST_LOOK_BACK_MS = 86_400_000;
/** Between two looks at journal entries that may still turn up. */
const LEFT_PAUSE_MS = 5000;
/** Orders of missed fills that are read one by one to tell of them; the journal has the fills of all. */
const MOST_TOLD = 100;
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
  const assets = new FlightCache({ capacity: 2000, ttlMs: ASSETS_KEPT_MS, deadlineMs: ASSETS_MS, now: () => performance.now() });
  const owner = `${process.pid}/${randomUUID()}`;
  const checkDeps = { api, journal: options.journal, limits: options.limits, simulated: options.simulated, clock, log, assets, owner };
  const notes = new JournalNotes(options.journal, log);
  /** Checked and not yet settled, by client order id: since when. */
  const pending = new Map<string, number>();
  /** Who waits for the stream to name a client order id. */
  const listeners = new Map<string, Set<(order: Order) => void>>();
  let state: ConnectionState = "disconnected";
  let account: Account | undefined;
  let connection: Scope | undefined;
  let stream: TradeStream | undefined;

  const setState = (next: ConnectionState): void => {
    if (next === state) return;
    state = next;
    states.emit(next);
  };

  /** From the stream. */
  const take = (update: TradeUpdate): void => {
    notes.take(update);
    watch.heard(update);
    const news = book.apply(update);
    for (const hear of listeners.get(update.order.clientOrderId) ?? []) hear(update.order);
    if (news !== null) updates.emit(news);
  };

  const heard = async (clientOrderId: string, signal: AbortSignal): Promise<Order> => {
    const ears = listeners.get(clientOrderId) ?? new Set();
    listeners.set(clientOrderId, ears);
    let ear: (order: Order) => void = () => {};
    try {
      return await abortable(
        new Promise<Order>((resolve) => {
          ear = resolve;
          ears.add(ear);
        }),
        signal,
      );
    } finally {
      ears.delete(ear);
      if (ears.size === 0) listeners.delete(clientOrderId);
    }
  };

  /** An order as an answer shows it: what the stream has not said of it is told now, and the stream is watched for it. */
  const learn = (order: Order): Order => {
    if (book.hasMoved(order)) {
      watch.learned(order);
      notes.order(order);
      for (const update of book.reconcile([order], clock.now())) updates.emit(update);
    }
    return book.see(order);
  };

  const askOpen = async (signal: AbortSignal): Promise<void> => {
    const known = book.open();
    const open = await api.orders({ status: "open" }, signal);
    const shown = new Set(open.flatMap((order) => [order.id, ...order.legs.map((leg) => leg.id)]));
    for (const order of open) learn(order);
    for (const order of known) if (!shown.has(order.id)) learn(await api.order(order.id, signal));
  };

  const watch = new StreamWatch({
    clock,
    log,
    ask: askOpen,
    hasOpenOrders: () => state === "connected" && book.open().length > 0,
    cut: (why) => stream?.cut(why),
    everyMs: options.askEveryMs ?? ASK_EVERY_MS,
  });

  const isPending = (clientOrderId: string): boolean => {
    const since = pending.get(clientOrderId);
    return since !== undefined && clock.now() - since < CHECK_VALID_MS * 4;
  };

  const reconcile = (number: string, shown: readonly Order[], signal: AbortSignal) =>
    reconcileJournal(number, shown, { api, journal: options.journal, clock, log, isPending }, signal);

  const orderOrNull = async (id: string, signal: AbortSignal): Promise<Order | null> => {
    try {
      return await api.order(id, signal);
    } catch (error) {
      if (TradingError.from(error, "failed").code === "not-found") return null;
      throw error;
    }
  };

  /**
   * Reads what may have happened while nothing was heard, with the stream already listening; only then are orders let
   * through again. Every fill is told once: by what this broker has told before, or, for orders it has not seen yet, by
   * what the journal knew.
   */
  const catchUp = async (own: Scope, signal: AbortSignal): Promise<void> => {
    watch.reset();
    const known = book.open();
    const [fresh, current, , market] = await Promise.all([
      api.account(signal),
      api.orders({ status: "open" }, signal),
      api.positions(signal),
      api.clock(signal),
    ]);
    const number = fresh.accountNumber;
    notes.account = number;
    await notes.flush();
    const journalled = await reconcile(number, current, signal);
    const shown = new Map([...current, ...journalled.orders].flatMap((order) => [order, ...order.legs]).map((order) => [order.id as string, order]));
    for (const order of known) {
      const ended = shown.has(order.id) ? null : await orderOrNull(order.id, signal);
      if (ended !== null) shown.set(ended.id, ended);
    }
    const mark = await options.journal.fillsReadTo(number, signal);
    const fills = await api.fills((mark ?? market.at - FIRST_LOOK_BACK_MS) - OVERLAP_MS, signal);
    const readTo = fills.reduce((latest, fill) => Math.max(latest, fill.at), mark ?? market.at - FIRST_LOOK_BACK_MS);
    const news = new Set(await options.journal.note(number, { orders: [...shown.values()].map(noteOf), fills, readTo }, signal));
    const mine = new Set(journalled.orders.map((order) => order.id));
    let reads = 0;
    const told: TradeUpdate[] = [];
    for (const fill of fills) {
      const before = book.get(fill.orderId);
      if (before === undefined && !(news.has(fill) && (mark !== null || mine.has(fill.orderId)))) continue;
      let order = shown.get(fill.orderId) ?? before;
      if (order === undefined && reads++ < MOST_TOLD) order = (await orderOrNull(fill.orderId, signal).catch(() => null)) ?? undefined;
      if (order === undefined) continue;
      shown.set(order.id, order);
      const update = book.fill(fill, order);
      if (update !== null) told.push(update);
    }
    told.push(...book.reconcile([...shown.values()], clock.now()));
    for (const order of shown.values()) book.adopt(order);
    account = fresh;
    for (const update of told) updates.emit(update);
    if (signal.aborted) return; // this connection has ended meanwhile: the next one reads again
    if (connection === own) setState("connected");
    if (journalled.left > 0) void settleLeft(own, number);
  };

  let settlingLeft = false;
  /** Entries that may still turn up are asked for until they have, or surely will not. */
  const settleLeft = async (own: Scope, number: string): Promise<void> => {
    if (settlingLeft) return;
    settlingLeft = true;
    try {
      for (let left = 1; left > 0 && !own.signal.aborted; ) {
        await clock.sleep(LEFT_PAUSE_MS, own.signal);
        try {
          const settled = await reconcile(number, [], own.signal);
          for (const order of settled.orders) learn(order);
          left = settled.left;
        } catch (error) {
          if (!own.signal.aborted) log.debug(`The journal could not be reconciled: ${TradingError.from(error, "failed").message}`);
        }
      }
    } catch {
      // the connection ended
    } finally {
      settlingLeft = false;
    }
  };

  /** A reset paper account keeps its key and gets another number: what the journal has open can never be settled there. */
  const claimKey = async (number: string, signal: AbortSignal): Promise<void> => {
    if (await options.journal.claim(sha256(endpoint.keyId), number, signal)) return;
    throw new TradingError(
      "account-changed",
      `The key now belongs to account ${number}, but orders of the account it had before are still open in the journal.`,
      {
        kind: "refused",
        hint: "If that account was reset or is gone, use another state folder (--home).",
      },
    );
  };

  const handshake = async (signal: AbortSignal): Promise<Account> => {
    setState("connecting");
    await connection?.close(); // one whose key was refused meanwhile
    const own = scope.child({ name: "The broker connection" });
    const attempt = own.child({ name: "Connecting", signal }); // ends with the caller, or with disconnect
    connection = own;
    try {
      account = await api.account(attempt.signal);
      await claimKey(account.accountNumber, attempt.signal);
      notes.account = account.accountNumber;
      stream = await openTradeStream(
        {
          endpoint,
          log,
          clock,
          scope: own,
          onUpdate: take,
          onListening: (life) => catchUp(own, life),
          onDown: () => {
            if (connection === own) setState("stale");
          },
          onRefused: () => {
            if (connection === own) setState("disconnected");
          },
        },
        attempt.signal,
      );
      const watching = watch.run(own.signal);
      own.onClose(() => watching);
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
    stream = undefined;
    await own?.close();
    await notes.flush();
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

  const readOrder = async (id: string, signal: AbortSignal): Promise<Order> => learn(await api.order(id, signal));

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

  /** Sends what stands in the journal, and writes there how it ended. */
  const sendOnce = async (placing: Placing, signal: AbortSignal): Promise<Order> => {
    const { clientOrderId } = placing;
    try {
      const checkedAt = pending.get(clientOrderId);
      const reason =
        state === "disconnected"
          ? "the broker was disconnected"
          : checkedAt === undefined || clock.now() - checkedAt > CHECK_VALID_MS
            ? "it was checked too long ago, or by another connection"
            : undefined;
      if (reason !== undefined) {
        throw new TradingError("order-not-placed", `The order was not placed: ${reason}.`, { hint: "Connect and order again.", data: { clientOrderId } });
      }
      const placed = await placeOrder(placing, { api, clock, log, heard }, signal);
      const best = book.see(placed);
      await settle(clientOrderId, { state: placed.status === "rejected" ? "rejected" : "sent", orderId: placed.id });
      notes.order(best);
      return best;
    } catch (error) {
      const failure = TradingError.from(error, "order-unknown");
      const outcome = settledAs(failure.code);
      await settle(clientOrderId, { state: outcome, reason: failure.message });
      if (outcome === "unknown" && connection !== undefined && account !== undefined) void settleLeft(connection, account.accountNumber);
      throw failure;
    } finally {
      pending.delete(clientOrderId);
    }
  };

  const check = async (intent: Parameters<Broker["check"]>[0], signal: AbortSignal, checkOptions: CheckOptions = {}) => {
    const refusal = notConnected();
    if (refusal !== null) return refusal;
    const verdict = await checkOrder(intent, checkDeps, signal, checkOptions);
    if (verdict.allowed) pending.set(verdict.order.clientOrderId, clock.now());
    return verdict;
  };

  const submit = (order: CheckedOrder, signal: AbortSignal): Promise<Order> => {
    const body = orderBody(order);
    const isSame = (found: Order) => found.symbol === order.symbol && found.side === order.side;
    return sendOnce({ clientOrderId: order.clientOrderId, send: (own) => api.postOrder(body, own), isSame }, signal);
  };

  const replace = async (id: string, change: OrderChange, reason: Reason, signal: AbortSignal): Promise<Placed> => {
    assertConnected();
    const refused = (refusal: Refusal): Placed => ({ placed: false, code: refusal.code, message: refusal.message, hint: refusal.hint });
    const down = notConnected();
    if (down !== null) return refused(down);
    const order = await readOrder(id, signal);
    const senseless = checkChange(order, change);
    if (senseless !== null) return refused(senseless);
    const examined = await examineOrder(changedIntent(order, change, reason), checkDeps, signal, { instead: order });
    if (!examined.allowed) return refused(examined);
    const { clientOrderId, body, fingerprint } = replacementOf(order, change, examined.picture.account.accountNumber);
    const entry = { fingerprint, body: JSON.stringify({ replaces: order.id, ...body }), again: false, idGiven: false };
    const refusal = await beginEntry({ ...examined.intent, clientOrderId }, entry, examined, checkDeps, signal);
    if (refusal === "limits-changed") return refused(refuse("over-limit", "The limits are being changed at this moment.", "Try again."));
    if (refusal !== null) return refused(refusal);
    pending.set(clientOrderId, clock.now());
    const isSame = (found: Order) => found.replaces === order.id || (found.symbol === order.symbol && found.side === order.side);
    const placed = await sendOnce({ clientOrderId, send: (own) => api.patchOrder(order.id, body, own), isSame }, signal);
    const partly = order.filledQty.gt(0) ? [`${order.filledQty.toFixed()} of the old order were filled before; look at what is left of the new one.`] : [];
    return { placed: true, order: placed, warnings: [...examined.warnings, ...partly] };
  };

  const cancel = async (id: string, signal: AbortSignal): Promise<Order> => {
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
  };

  const closing: ClosingDeps = { api, clock, log, check: (intent, signal) => check(intent, signal, { closes: true }), submit, cancel };

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
    check: (intent, signal) => check(intent, signal),
    submitOrder: submit,
    cancelOrder: async (id, signal) => {
      assertConnected();
      return await cancel(id, signal);
    },
    replaceOrder: replace,
    closePosition: async (symbol, part, reason, signal) => {
      assertConnected();
      return await closePosition(symbol, part, reason, closing, signal);
    },
    closeAll: async (reason, signal) => {
      assertConnected();
      return await closeAll(reason, closing, signal);
    },
    setKillSwitch: async (change, { flatten, ...reason }, signal) => {
      const { accountNumber } = account ?? (await api.account(signal));
      const on = await options.journal.killSwitch(accountNumber, change, reason, signal);
      log.warn(`The kill switch of account ${accountNumber} is ${on ? "on" : "off"} (${reason.origin}).`);
      if (!on) return { on, canceled: 0, unconfirmed: [], closed: null };
      const ended = await cancelUntilNone(closing, signal);
      return { on, ...ended, closed: flatten === true && !signal.aborted ? await closeAll(reason, closing, signal) : null };
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
    getCalendar: async (range, signal) => {
      assertConnected();
      return await api.calendar(range, signal);
    },
    getAssets: async (signal) => {
      assertConnected();
      return await allAssets(checkDeps, signal);
    },
    getActivities: async (filter, signal) => {
      assertConnected();
      return await api.activities({ limit: 100, ...filter, direction: "desc" }, signal);
    },
    getPortfolioHistory: async (range, signal) => {
      assertConnected();
      return await api.portfolioHistory(range, signal);
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
