/** What stream and answers tell of orders and fills, on its way into the journal: gathered while a write is under way, written together. */
import { Scope } from "../base/scope.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { isFinalStatus, type Fill, type Order, type TradeUpdate } from "../domain/orders.ts";
import type { OrderJournal, OrderNote } from "../domain/ports.ts";

const WRITE_MS = 5000;
/** Beyond this the oldest are dropped: the next reconciliation reads them again. */
const MOST_WAITING = 20_000;

export class JournalNotes {
  readonly #journal: OrderJournal;
  readonly #log: Log;
  readonly #orders = new Map<string, OrderNote>();
  #fills: Fill[] = [];
  #writing: Promise<void> | undefined;
  /** Whose orders these are; nothing is written before it is known. */
  account: string | undefined;

  constructor(journal: OrderJournal, log: Log) {
    this.#journal = journal;
    this.#log = log;
  }

  /** The update as it came: its order tells how much was filled when it was sent. */
  take(update: TradeUpdate): void {
    this.#orders.set(update.order.clientOrderId, noteOf(update.order));
    const fill = fillOf(update);
    if (fill !== null) this.#fills.push(fill);
    this.#write();
  }

  order(order: Order): void {
    this.#orders.set(order.clientOrderId, noteOf(order));
    this.#write();
  }

  /** Resolves when all that was taken before is written, or could not be. */
  async flush(): Promise<void> {
    this.#write();
    while (this.#writing !== undefined) await this.#writing;
  }

  #write(): void {
    if (this.#writing !== undefined || this.account === undefined) return;
    if (this.#orders.size === 0 && this.#fills.length === 0) return;
    this.#writing = this.#writeAll(this.account).finally(() => {
      this.#writing = undefined;
    });
  }

  async #writeAll(account: string): Promise<void> {
    while (this.#orders.size > 0 || this.#fills.length > 0) {
      const news = { orders: [...this.#orders.values()], fills: this.#fills };
      this.#orders.clear();
      this.#fills = [];
      const scope = new Scope({ name: "Writing fills into the journal", deadlineMs: WRITE_MS });
      try {
        await this.#journal.note(account, news, scope.signal);
      } catch (error) {
        this.#log.error(`The journal could not note ${news.orders.length} orders: ${TradingError.from(error, "failed").message}`);
        for (const note of news.orders) if (!this.#orders.has(note.clientOrderId)) this.#orders.set(note.clientOrderId, note);
        this.#fills = [...news.fills, ...this.#fills].slice(-MOST_WAITING);
        return; // with the next one
      } finally {
        await scope.close();
      }
    }
  }
}

export function noteOf(order: Order): OrderNote {
  const { clientOrderId, id, status, filledQty, filledAvgPrice } = order;
  return { clientOrderId, orderId: id, status, filledQty, filledAvgPrice, ended: isFinalStatus(status), legs: order.legs.map((leg) => leg.id) };
}

/** Null for updates that are no fill, or one that the broker has not named: it is read by name later. */
function fillOf(update: TradeUpdate): Fill | null {
  const { executionId, order, qty, price } = update;
  if (executionId === null || qty === null || price === null || qty.lte(0)) return null;
  return { executionId, orderId: order.id, symbol: order.symbol, side: order.side, qty, price, cumQty: order.filledQty, at: update.at };
}
