/**
 * The client process of the fault run: places the orders of a plan, each under an id made of the plan, until all of them
 * have ended. Killed at any moment and started again on the same state folder, it goes on where the journal says.
 * Reads its task, keys included, as one JSON line from standard input; says on standard output what it does.
 */
import { writeSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Big } from "../../../src/core/base/decimal.ts";
import { systemClock } from "../../../src/core/base/clock.ts";
import { TradingError } from "../../../src/core/base/errors.ts";
import { logTo } from "../../../src/core/base/log.ts";
import { Scope } from "../../../src/core/base/scope.ts";
import { createBroker } from "../../../src/core/broker/broker.ts";
import { isFinalStatus, type ClientOrderId, type Order } from "../../../src/core/domain/orders.ts";
import { createHttpClient } from "../../../src/core/net/httpClient.ts";
import { openStore } from "../../../src/core/store/store.ts";
import { planOf, type FaultTask, type Planned } from "./faultPlan.ts";

const say = (line: string) => writeSync(1, `${line}\n`);
const PAUSE_MS = 25;
/** An order that the exchange refuses so often is refused for good: the plan is wrong. */
const MOST_REJECTIONS = 40;

async function readTask(): Promise<FaultTask> {
  for await (const line of createInterface({ input: process.stdin })) return JSON.parse(line) as FaultTask;
  throw new Error("no task");
}

const task = await readTask();
const { endpoint } = task;
const scope = new Scope({ name: "The client" });
const { signal } = scope;
const log = logTo((level, line) => {
  if (task.verbose === true || level === "error") process.stderr.write(`${level} ${line}\n`);
});
const client = (origin: string) => {
  const http = createHttpClient({
    origin,
    headers: { "APCA-API-KEY-ID": endpoint.keyId, "APCA-API-SECRET-KEY": endpoint.secretKey },
    connections: 16,
    timeoutMs: 800,
    retries: 3,
    backoffMs: 10,
    log,
  });
  scope.onClose(() => http.close());
  return http;
};
const store = await openStore(join(task.home, "quantdesk.sqlite"), signal);
scope.onClose(() => store.close());
const broker = createBroker({
  endpoint,
  trading: client(endpoint.tradingUrl),
  data: client(endpoint.dataUrl),
  journal: store.journal,
  limits: { maxOrderValue: null, maxPositionValue: null, maxOrdersPerMinute: null, maxDailyLoss: null, symbols: [], duplicateWindowSeconds: 5 },
  log,
  clock: systemClock,
  scope,
  simulated: true,
  askEveryMs: 2000,
});

/** What listeners were told was filled, per order. */
const told = new Map<string, Big>();
broker.onTradeUpdate(({ order, qty }) => {
  if (qty !== null) told.set(order.id, (told.get(order.id) ?? new Big(0)).plus(qty));
});
const mine = new Map<string, Order>();

async function connected(): Promise<void> {
  while (broker.state !== "connected") {
    try {
      await broker.connect(signal);
    } catch (error) {
      log.debug(`connect: ${TradingError.from(error, "failed").message}`);
      await systemClock.sleep(PAUSE_MS, signal);
    }
  }
}

/** The end of a planned order, however often it takes. */
async function carryOut(planned: Planned): Promise<Order> {
  let rejections = 0;
  for (;;) {
    try {
      await connected();
      // What the journal has sent is not examined again: the position that it closed may be gone.
      const entry = await store.journalledOrder(planned.id, signal);
      if (entry?.state === "sent" && entry.orderId !== null) return await toEnd(entry.orderId, planned);
      const verdict = await broker.check({ ...intentOf(planned), clientOrderId: planned.id as ClientOrderId, again: true }, signal);
      if (verdict.allowed) {
        say(`begun ${planned.id}`);
        const order = await broker.submitOrder(verdict.order, signal);
        mine.set(order.id, order);
        return await toEnd(order.id, planned);
      }
      if (verdict.code !== "not-connected") log.debug(`${planned.id}: ${verdict.code} ${verdict.message}`);
    } catch (error) {
      const failure = TradingError.from(error, "failed");
      log.debug(`${planned.id}: ${failure.code} ${failure.message}`);
      if (failure.code === "order-rejected" && ++rejections > MOST_REJECTIONS) throw failure;
    }
    await systemClock.sleep(PAUSE_MS, signal);
  }
}

async function toEnd(id: string, planned: Planned): Promise<Order> {
  for (;;) {
    try {
      await connected();
      const order = planned.cancels ? await broker.cancelOrder(id, signal) : await broker.waitForEnd(id, signal);
      if (isFinalStatus(order.status)) return order;
    } catch (error) {
      log.debug(`${planned.id}: ${TradingError.from(error, "failed").message}`);
    }
    await systemClock.sleep(PAUSE_MS, signal);
  }
}

function intentOf({ symbol, side, qty, cancels }: Planned) {
  const base = { symbol, side, qty: new Big(qty), timeInForce: "day", origin: "fault run", why: "to show that nothing is lost" } as const;
  return cancels ? ({ ...base, type: "limit", limitPrice: new Big(1) } as const) : ({ ...base, type: "market" } as const);
}

const done = new Set((await store.journalledOrders(null, 20_000, signal)).filter((entry) => isEnded(entry.status)).map((entry) => entry.clientOrderId));

function isEnded(status: string | null): boolean {
  return status === "filled" || status === "canceled";
}

await Promise.all(
  planOf(task).map(async (lane) => {
    for (const planned of lane) {
      if (done.has(planned.id)) continue;
      const order = await carryOut(planned);
      if (order.status !== (planned.cancels ? "canceled" : "filled")) throw new Error(`${planned.id} ended as ${order.status}`);
      say(`done ${planned.id}`);
    }
  }),
);
// What the stream swallowed at the very end is read by connecting once more.
await broker.disconnect();
await connected();
for (const order of mine.values()) {
  const now = await eventually(() => broker.getOrder(order.id, signal));
  const heard = told.get(order.id) ?? new Big(0);
  if (!heard.eq(now.filledQty)) say(`mistold ${order.clientOrderId}: ${heard.toFixed()} of ${now.filledQty.toFixed()}`);
}
await broker.disconnect();
await scope.close();
say("finished");

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      await connected();
      return await ask();
    } catch (error) {
      log.debug(TradingError.from(error, "failed").message);
      await systemClock.sleep(PAUSE_MS, signal);
    }
  }
}
