/**
 * What is heard and read of orders, on its way to whoever waits for it: stream, answers and reconciliation end here, and go on
 * to the book, the journal, the watch over the stream, and the listeners.
 */
import { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import { abortable } from "../base/scope.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Order, TradeUpdate } from "../domain/orders.ts";
import type { OrderJournal } from "../domain/ports.ts";
import { JournalNotes } from "./journalNotes.ts";
import { OrderBook } from "./orderBook.ts";
import { StreamWatch } from "./streamWatch.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface OrderFeedOptions {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly isConnected: () => boolean;
  readonly cut: (why: TradingError) => void;
  /** Every order as it is heard of or read, after it was taken into the book. */
  readonly onSeen: (order: Order) => void;
  /** How often open orders are asked for beside the stream, milliseconds. */
  readonly askEveryMs: number;
}

export class OrderFeed {
  readonly book = new OrderBook();
  readonly updates: Emitter<TradeUpdate>;
  readonly notes: JournalNotes;
  readonly watch: StreamWatch;
  readonly #options: OrderFeedOptions;
  /** Who waits for the stream to name a client order id. */
  readonly #ears = new Map<string, Set<(order: Order) => void>>();

  constructor(options: OrderFeedOptions) {
    const { journal, clock, log } = options;
    this.#options = options;
    this.updates = new Emitter((error) => log.error(`A listener for trade updates failed: ${TradingError.from(error, "failed").message}`));
    this.notes = new JournalNotes(journal, log);
    this.watch = new StreamWatch({
      clock,
      log,
      ask: (signal) => this.#askOpen(signal),
      hasOpenOrders: () => options.isConnected() && this.book.open().length > 0,
      cut: options.cut,
      everyMs: options.askEveryMs,
    });
  }

  /** From the stream. */
  take(update: TradeUpdate): void {
    if (update.event === "trade_bust" || update.event === "trade_correct") return this.#takeBack(update);
    this.notes.take(update);
    this.watch.heard(update);
    const news = this.book.apply(update);
    for (const hear of this.#ears.get(update.order.clientOrderId) ?? []) hear(update.order);
    this.#seen(update.order);
    if (news !== null) this.updates.emit(news);
  }

  /** Resolves when the stream names an order of that client order id. */
  async heard(clientOrderId: string, signal: AbortSignal): Promise<Order> {
    const ears = this.#ears.get(clientOrderId) ?? new Set();
    this.#ears.set(clientOrderId, ears);
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
      if (ears.size === 0) this.#ears.delete(clientOrderId);
    }
  }

  /** An order as an answer shows it: what the stream has not said of it is told now, and the stream is watched for it. */
  learn(order: Order): Order {
    if (this.book.hasMoved(order)) {
      this.watch.learned(order);
      this.notes.order(order);
      for (const update of this.book.reconcile([order], this.#options.clock.now())) this.updates.emit(update);
    }
    const best = this.book.see(order);
    this.#seen(order);
    return best;
  }

  /** What was told of the order's trades no longer holds: all is read again, and positions that differ from the books raise an alarm. */
  #takeBack(update: TradeUpdate): void {
    const { order, event } = update;
    const what = `The broker ${event === "trade_bust" ? "took back" : "corrected"} a trade of order ${order.id} (${order.side} ${order.symbol})`;
    this.#options.log.warn(`${what}: ${order.filledQty.toFixed()} are filled now. Positions are read again.`);
    this.book.correct(order);
    this.notes.order(order);
    this.updates.emit(update);
    this.#options.cut(new TradingError("trade-corrected", `${what}.`));
  }

  #seen(order: Order): void {
    for (const leg of order.legs) this.#options.onSeen(leg);
    this.#options.onSeen(order);
  }

  async #askOpen(signal: AbortSignal): Promise<void> {
    const { api } = this.#options;
    const known = this.book.open();
    const open = await api.orders({ status: "open" }, signal);
    const shown = new Set(open.flatMap((order) => [order.id, ...order.legs.map((leg) => leg.id)]));
    for (const order of open) this.learn(order);
    for (const order of known) if (!shown.has(order.id)) this.learn(await api.order(order.id, signal));
  }
}
