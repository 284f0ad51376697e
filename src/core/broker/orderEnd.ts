/** Waiting for the end of an order, and bringing it about. */
import { TradingError } from "../base/errors.ts";
import { Scope, abortable } from "../base/scope.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isFinalStatus, type Order } from "../domain/orders.ts";
import type { Connection } from "./connection.ts";
import type { OrderFeed } from "./orderFeed.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface OrderEndDeps {
  readonly api: TradingApi;
  readonly connection: Connection;
  readonly feed: OrderFeed;
  readonly clock: Clock;
  readonly log: Log;
}

/** How long a cancel waits to see how the order ended; at night exchanges may keep it pending until the open. */
const CANCEL_WAIT_MS = 3000;
const POLL_MS = [500, 1000, 2000, 4000] as const;
/** Failures of a read that asking again will not mend. */
const HOPELESS: ReadonlySet<string> = new Set(["not-found", "bad-key", "closed"]);

export async function readOrder(id: string, { api, feed }: OrderEndDeps, signal: AbortSignal): Promise<Order> {
  return feed.learn(await api.order(id, signal));
}

/** Resolves with the order once it can no longer change, by stream, with polling behind it. */
export async function waitForEnd(id: string, deps: OrderEndDeps, signal: AbortSignal): Promise<Order> {
  deps.connection.assertConnected();
  const waiting = new Scope({ name: `Waiting for order ${id}`, signal });
  let off: () => void = () => {};
  try {
    const byStream = new Promise<Order>((resolve) => {
      off = deps.feed.updates.on((update) => {
        if (update.order.id === id && isFinalStatus(update.order.status)) resolve(update.order);
      });
    });
    return await abortable(Promise.race([byStream, pollToEnd(id, deps, waiting.signal)]), signal);
  } finally {
    off();
    await waiting.close();
  }
}

/** The order as it ended; still open when the exchange keeps the cancel pending. */
export async function cancelOrder(id: string, deps: OrderEndDeps, signal: AbortSignal): Promise<Order> {
  const taken = await deps.api.cancel(id, signal);
  if (!taken) return await readOrder(id, deps, signal);
  const waiting = new Scope({ name: `Waiting for the cancel of ${id}`, deadlineMs: CANCEL_WAIT_MS, signal });
  try {
    return await waitForEnd(id, deps, waiting.signal);
  } catch (error) {
    if (signal.aborted || TradingError.from(error, "failed").code !== "timeout") throw error;
    return await readOrder(id, deps, signal);
  } finally {
    await waiting.close();
  }
}

/** The stream is the fast way; this is what remains when it is down or an event was lost. */
async function pollToEnd(id: string, deps: OrderEndDeps, signal: AbortSignal): Promise<Order> {
  for (let turn = 0; ; turn++) {
    deps.connection.assertConnected(); // whoever disconnects ends the waiting
    try {
      const order = await readOrder(id, deps, signal);
      if (isFinalStatus(order.status)) return order;
    } catch (error) {
      if (signal.aborted || HOPELESS.has(TradingError.from(error, "failed").code)) throw error;
      deps.log.debug(`Order ${id} could not be read: ${TradingError.from(error, "failed").message}`);
    }
    await deps.clock.sleep(POLL_MS[Math.min(turn, POLL_MS.length - 1)] as number, signal);
  }
}
