/**
 * Finds a stream that is mute though its connection answers pings: what is learned by asking must also be heard shortly
 * after. While orders are open they are asked for from time to time, so that silence is noticed without anybody waiting.
 */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Order, TradeUpdate } from "../domain/orders.ts";

export interface StreamWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Asks for the open orders and hands what it learns to the book. */
  readonly ask: (signal: AbortSignal) => Promise<void>;
  readonly hasOpenOrders: () => boolean;
  readonly cut: (why: TradingError) => void;
  /** Between two questions, milliseconds. */
  readonly everyMs: number;
}

/** How long the stream may lag behind an answer. */
const LAG_MS = 3000;
const LOOK_MS = 1000;

export class StreamWatch {
  readonly #options: StreamWatchOptions;
  /** By order id: moved when asked, not yet heard of. */
  readonly #unheard = new Map<string, { readonly filled: Order["filledQty"]; readonly since: number }>();

  constructor(options: StreamWatchOptions) {
    this.#options = options;
  }

  /** An answer showed that the order traded or ended, before the stream said so. */
  learned(order: Order): void {
    if (!this.#unheard.has(order.id)) this.#unheard.set(order.id, { filled: order.filledQty, since: this.#options.clock.now() });
  }

  heard(update: TradeUpdate): void {
    const expected = this.#unheard.get(update.order.id);
    if (expected !== undefined && update.order.filledQty.gte(expected.filled)) this.#unheard.delete(update.order.id);
  }

  /** A new connection starts with a clean slate: what it missed was read. */
  reset(): void {
    this.#unheard.clear();
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, everyMs, log } = this.#options;
    let askedAt = clock.now();
    while (!signal.aborted) {
      try {
        await clock.sleep(LOOK_MS, signal);
        if (this.#options.hasOpenOrders() && clock.now() - askedAt >= everyMs) {
          askedAt = clock.now();
          await this.#options.ask(signal);
        }
      } catch (error) {
        if (signal.aborted) return;
        log.debug(`The open orders could not be read: ${TradingError.from(error, "failed").message}`);
      }
      const now = clock.now();
      const overdue = [...this.#unheard].find(([, { since }]) => now - since >= LAG_MS);
      if (overdue === undefined) continue;
      this.reset();
      this.#options.cut(new TradingError("stream-mute", `the order stream is silent: order ${overdue[0]} moved, and nothing was said.`));
    }
  }
}
