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
  /** Changes wait for their turn to be written. */
  #isScheduled = false;
  /** Under way to the disk. */
  #writing: Promise<void> | undefined;
  #failure: TradingError | undefined;
  /** Those who wait for the changes that are not written yet. */
  #next: Settling | undefined;

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
    // While others are being written, these wait for them, and for each other.
    if (this.#writing === undefined) this.#later(() => this.#flush());
  }

  /** Resolves when everything that has changed so far is on disk; undefined when it is. */
  written(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#isScheduled) return this.#writing;
    this.#next ??= settling();
    return this.#next.promise;
  }

  /** Writes what is left, and the time. */
  async close(at: number): Promise<void> {
    this.#at = at;
    while (this.#failure === undefined && (this.#isScheduled || this.#writing !== undefined)) {
      if (this.#writing === undefined) this.#flush();
      await this.#writing;
    }
    if (this.#failure !== undefined) throw this.#failure;
    await this.#book.write({ ...emptyChanges(), positions: [], now: at });
  }

  #hasChanges(): boolean {
    const { accounts, orders, fills, payments, equity } = this.changes;
    return accounts.size > 0 || orders.size > 0 || fills.length > 0 || payments.length > 0 || equity.length > 0;
  }

  #flush(): void {
    if (!this.#isScheduled || this.#writing !== undefined) return; // closing was quicker
    this.#isScheduled = false;
    const { changes } = this;
    const batch = { told: this.#told, waiting: this.#next };
    const isChange = this.#hasChanges();
    this.changes = emptyChanges();
    this.#told = [];
    this.#next = undefined;
    const writing = isChange && this.#failure === undefined ? this.#write(changes) : undefined;
    if (writing === undefined) this.#settle(batch);
    else
      this.#writing = writing.then(() => {
        this.#writing = undefined;
        this.#settle(batch);
        if (this.#isScheduled) this.#flush();
        return this.#failure === undefined ? undefined : Promise.reject(this.#failure);
      });
    this.#writing?.catch(() => undefined); // who waits hears of it; so does onUnwritable
  }

  /** Never rejects: a failure is remembered. */
  #write(changes: ReturnType<typeof emptyChanges>): Promise<void> | undefined {
    const fail = (error: unknown) => {
      this.#failure = new TradingError("book-unwritable", `The exchange's book cannot be written: ${(error as Error).message}.`, {
        hint: "Free space on the disk and start it again.",
        cause: error,
      });
      this.#onUnwritable(this.#failure);
    };
    return this.#book.write({ ...changes, positions: changes.positions.values(), now: this.#at })?.catch(fail);
  }

  /** Those who wait are told, then the listeners. */
  #settle({ told, waiting }: { readonly told: readonly OrderEvent[]; readonly waiting: Settling | undefined }): void {
    if (this.#failure !== undefined) {
      waiting?.reject(this.#failure);
      return;
    }
    waiting?.resolve();
    for (const event of told) this.#events.emit(event);
  }
}

interface Settling {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: TradingError) => void;
}

function settling(): Settling {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => undefined); // whoever waits hears of it
  return { promise, resolve, reject };
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
