/**
 * What the engine has changed and not yet said: first on disk, then to the listeners. Changes of one turn of the loop
 * share one transaction and one wait for the disk.
 */
import type { Big } from "../base/decimal.ts";
import type { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import type { Book } from "./book.ts";
import type { AccountRecord, FillRecord, OrderRecord, PaymentRecord, PositionRecord } from "./records.ts";

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

export interface OutboxOptions {
  readonly book: Book;
  /**
   * Runs the writing that changes ask for. What changes until it runs is written together: one transaction, one wait
   * for the disk. Tests run it at once.
   */
  readonly later?: (write: () => void) => void;
  /** Told when the book cannot be written: what is in memory is no longer what is kept. */
  readonly onUnwritable?: (error: TradingError) => void;
}

export class Outbox {
  /** Filled in by the engine as it goes. */
  changes = emptyChanges();
  readonly #book: Book;
  readonly #events: Emitter<OrderEvent>;
  readonly #later: (write: () => void) => void;
  readonly #onUnwritable: (error: TradingError) => void;
  #told: OrderEvent[] = [];
  /** Exchange time of the latest change. */
  #at = 0;
  #isScheduled = false;
  #failure: TradingError | undefined;
  #waiting: Array<{ readonly resolve: () => void; readonly reject: (error: TradingError) => void }> = [];

  constructor(options: OutboxOptions, events: Emitter<OrderEvent>) {
    this.#book = options.book;
    this.#events = events;
    this.#later = options.later ?? setImmediate;
    this.#onUnwritable = options.onUnwritable ?? (() => undefined);
  }

  /** Listeners hear of it when it is on disk. */
  tell(event: OrderEvent): void {
    this.#told.push(event);
  }

  /** Has the changes written soon. */
  commit(at: number): void {
    this.#at = at;
    if (this.#isScheduled || (!this.#hasChanges() && this.#told.length === 0)) return;
    this.#isScheduled = true;
    this.#later(() => this.#flush());
  }

  /** Resolves when everything that has changed so far is on disk; undefined when it is. */
  written(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#isScheduled) return undefined;
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Writes what is left, and the time. */
  close(at: number): void {
    this.#at = at;
    this.#flush();
    if (this.#failure !== undefined) throw this.#failure;
    this.#book.write({ ...emptyChanges(), positions: [], now: at });
  }

  #hasChanges(): boolean {
    const { accounts, orders, fills, equity } = this.changes;
    return accounts.size > 0 || orders.size > 0 || fills.length > 0 || equity.length > 0;
  }

  #flush(): void {
    this.#isScheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (this.#hasChanges() && this.#failure === undefined) {
      const changes = this.changes;
      this.changes = emptyChanges();
      try {
        this.#book.write({ ...changes, positions: changes.positions.values(), now: this.#at });
      } catch (error) {
        this.#failure = new TradingError("book-unwritable", `The exchange's book cannot be written: ${(error as Error).message}.`, {
          hint: "Free space on the disk and start it again.",
          cause: error,
        });
        this.#onUnwritable(this.#failure);
      }
    }
    const failure = this.#failure;
    if (failure !== undefined) {
      for (const { reject } of waiting) reject(failure);
      return;
    }
    for (const { resolve } of waiting) resolve();
    const told = this.#told;
    this.#told = [];
    for (const event of told) this.#events.emit(event);
  }
}

function emptyChanges() {
  return {
    accounts: new Set<AccountRecord>(),
    orders: new Set<OrderRecord>(),
    positions: new Map<string, { readonly accountNumber: string; readonly symbol: string; readonly position: PositionRecord }>(),
    fills: [] as FillRecord[],
    payments: [] as PaymentRecord[],
    equity: [] as Array<{ readonly accountNumber: string; readonly at: number; readonly equity: Big }>,
  };
}
