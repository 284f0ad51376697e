/** Watches the stops of positions: one that was rejected, canceled or expired while its position stands is an alarm. */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isFinalStatus, type Order, type OrderType } from "../domain/orders.ts";
import type { Alarms } from "./alarms.ts";
import { heldQty } from "./guards/verdicts.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface ProtectionDeps {
  readonly api: TradingApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly alarms: Alarms;
}

/** The other exit, or the order that takes its place, may follow within a moment. */
const SETTLES_MS = 1000;
const MOST_WAITING = 100;

export class Protection {
  readonly #deps: ProtectionDeps;
  readonly #looking = new Set<string>();

  constructor(deps: ProtectionDeps) {
    this.#deps = deps;
  }

  /** An exit as it was heard of or read. */
  seen(order: Order, account: string, signal: AbortSignal): void {
    if (!isStop(order.type) || !isLost(order) || this.#looking.has(order.id) || this.#looking.size >= MOST_WAITING) return;
    this.#looking.add(order.id);
    this.#look(order, account, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#deps.log.warn(`Whether ${order.symbol} is still protected could not be read: ${TradingError.from(error, "failed").message}`);
      })
      .finally(() => this.#looking.delete(order.id));
  }

  /** Ends the alarms of positions that are gone or protected again. */
  async review(account: string, symbols: readonly string[], signal: AbortSignal): Promise<void> {
    const over: string[] = [];
    for (const symbol of symbols) if (!(await this.#isUnprotected(symbol, signal))) over.push(symbol);
    if (over.length > 0) await this.#deps.alarms.change(account, { raise: [], end: [{ code: "unprotected-position", symbols: over }] }, signal);
  }

  async #look(stop: Order, account: string, signal: AbortSignal): Promise<void> {
    await this.#deps.clock.sleep(SETTLES_MS, signal);
    if (!(await this.#isUnprotected(stop.symbol, signal))) return;
    const message = `The stop of the position in ${stop.symbol} was ${stop.status}, and no other stands: it is not protected.`;
    await this.#deps.alarms.change(
      account,
      { raise: [{ code: "unprotected-position", symbol: stop.symbol, orderId: stop.id, message, blocksEntries: false }], end: [] },
      signal,
    );
  }

  async #isUnprotected(symbol: string, signal: AbortSignal): Promise<boolean> {
    const [position, open] = await Promise.all([this.#deps.api.position(symbol, signal), this.#deps.api.orders({ status: "open" }, signal)]);
    if (position === null || position.qty.eq(0)) return false;
    const side = heldQty(position).gt(0) ? "sell" : "buy";
    // A market order on the closing side is the way out itself.
    const closes = (order: Order) =>
      order.symbol === symbol && order.side === side && (isStop(order.type) || order.type === "market") && !isFinalStatus(order.status);
    return !open.flatMap((order) => [order, ...order.legs]).some(closes);
  }
}

function isStop(type: OrderType): boolean {
  return type === "stop" || type === "stop_limit" || type === "trailing_stop";
}

function isLost({ status }: Order): boolean {
  return status === "rejected" || status === "canceled" || status === "expired" || status === "suspended";
}
