/**
 * Places one order exactly once. Its client order id is the proof: after an answer that leaves it open whether the order
 * arrived, the exchange is asked for the id, and only if it certainly has none the same body goes again with the same id.
 */
import { TradingError } from "../base/errors.ts";
import { Scope } from "../base/scope.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { answerError, brokerMessage } from "../domain/alpacaAnswers.ts";
import type { HttpAnswer } from "../domain/ports.ts";
import type { Order } from "../domain/orders.ts";
import type { TradingApi } from "./tradingApi.ts";
import { parseOrder } from "./wire.ts";

export interface PlaceDeps {
  readonly api: TradingApi;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when the stream names an order of that client order id. */
  readonly heard: (clientOrderId: string, signal: AbortSignal) => Promise<Order>;
}

/** One order to be placed, however often it takes. */
export interface Placing {
  readonly clientOrderId: string;
  /** Sends it once; the same bytes every time. */
  readonly send: (signal: AbortSignal) => Promise<HttpAnswer>;
  /** Whether an order that has the id is this one. */
  readonly isSame: (found: Order) => boolean;
  /** It is looked for once even where it was refused: Alpaca has refused changes of orders that it had made ("order isn't sent to exchange yet"). */
  readonly doubtsRefusals?: boolean;
  /** Asked before it is sent again: not, when the kill switch was turned on meanwhile. */
  readonly maySendAgain: (signal: AbortSignal) => Promise<boolean>;
}

const MOST_SENDS = 4;
/** An order may appear a moment after its answer was lost: absent means absent three times. */
const LOOK_UPS_MS = [0, 200, 600] as const;
const LAST_LOOK_MS = 1500;
/** How long the answer may lag behind the stream before the stream's word is taken for it. */
const HEARD_GRACE_MS = 150;
/** How long to wait for an answer before asking beside it. */
const ASK_AFTER_MS = 1500;

type Sent =
  | { readonly kind: "placed"; readonly order: Order }
  | { readonly kind: "exists" }
  | { readonly kind: "refused"; readonly why: TradingError }
  | { readonly kind: "not-taken"; readonly why: TradingError; readonly waitMs: number }
  | { readonly kind: "unclear"; readonly why: TradingError };

/** The order as the exchange has it. Throws `order-rejected`, `bad-key`, `order-not-placed` (it is certainly not there) or `order-unknown`. */
export async function placeOrder(order: Placing, deps: PlaceDeps, signal: AbortSignal): Promise<Order> {
  const id = order.clientOrderId;
  let why: TradingError | undefined;
  let wasUnclear = false;
  let mayStillCome = false;
  for (let send = 0; send < MOST_SENDS; send++) {
    if (signal.aborted) throw notPlaced(id, TradingError.from(signal.reason, "interrupted"));
    if (send > 0 && !(await order.maySendAgain(signal))) break;
    const sent = await sendOnce(order, deps, signal);
    switch (sent.kind) {
      case "placed":
        return sent.order;
      case "exists":
        return await existing(order, deps, signal);
      case "refused": {
        // The one before may have come late, and be what stands in this one's way.
        const found = wasUnclear ? await lookUp(id, sent.why, deps, signal) : order.doubtsRefusals === true ? await lookOnce(order, deps, signal) : null;
        if (found !== null) return found;
        throw sent.why;
      }
      case "not-taken":
        why = sent.why;
        deps.log.warn(`Order ${id} was not taken (${sent.why.message}); sending it again.`);
        await pause(sent.waitMs, id, sent.why, deps, signal);
        break;
      case "unclear": {
        why = sent.why;
        wasUnclear = true;
        mayStillCome ||= sent.why.data["status"] === undefined; // nobody has answered it: it may lie somewhere on its way
        deps.log.warn(`Order ${id}: ${sent.why.message} Asking the exchange whether it is there.`);
        const found = await lookUp(id, sent.why, deps, signal);
        if (found !== null) return found;
        break;
      }
    }
  }
  throw mayStillCome ? unknown(id, why as TradingError) : notPlaced(id, why as TradingError);
}

/** The answer, or whatever else proves the order first: the stream names it, or the exchange shows it when asked meanwhile. */
async function sendOnce(order: Placing, deps: PlaceDeps, signal: AbortSignal): Promise<Sent> {
  const scope = new Scope({ name: `Placing order ${order.clientOrderId}`, signal });
  try {
    const answered = answerOf(order, deps, scope.signal);
    const heard = deps.heard(order.clientOrderId, scope.signal).then(async (found): Promise<Sent> => {
      if (!order.isSame(found)) return await new Promise<never>(() => undefined);
      await deps.clock.sleep(HEARD_GRACE_MS, scope.signal);
      return { kind: "placed", order: found };
    });
    const asked = askBeside(order, deps, scope.signal);
    for (const promise of [answered, heard, asked]) promise.catch(() => undefined); // those that lose are not waited for
    return await Promise.race([answered, never(heard), never(asked)]);
  } finally {
    await scope.close();
  }
}

/** Asks for the id again and again while the answer is late. */
async function askBeside(order: Placing, deps: PlaceDeps, signal: AbortSignal): Promise<Sent> {
  for (;;) {
    await deps.clock.sleep(ASK_AFTER_MS, signal);
    const found = await lookOnce(order, deps, signal);
    if (found !== null) return { kind: "placed", order: found };
  }
}

/** Only its success counts. */
function never<T>(promise: Promise<T>): Promise<T> {
  return promise.catch(() => new Promise<never>(() => undefined));
}

async function answerOf(order: Placing, deps: PlaceDeps, signal: AbortSignal): Promise<Sent> {
  try {
    return judge(await order.send(signal), order.clientOrderId, deps);
  } catch (error) {
    const failure = TradingError.from(error, "connection-lost");
    if (failure.code === "bad-key") throw failure;
    if (failure.data["sent"] !== false) return { kind: "unclear", why: failure };
    if (signal.aborted || failure.data["retry"] !== true) throw notPlaced(order.clientOrderId, failure);
    return { kind: "not-taken", why: failure, waitMs: 250 };
  }
}

function judge(answer: HttpAnswer, id: string, deps: PlaceDeps): Sent {
  const { status } = answer;
  if (status >= 200 && status < 300) {
    const order = parseOrder(answer.body);
    if (order.clientOrderId === id) return { kind: "placed", order };
    return { kind: "unclear", why: new TradingError("bad-answer", `the answer shows another order (${order.clientOrderId}).`, { data: { status } }) };
  }
  const failure = answerError(answer, "place the order");
  if (status === 422 && /client_order_id must be unique/i.test(brokerMessage(answer.body).message ?? "")) return { kind: "exists" };
  // The client's own bucket holds the next request back until the time that the server named.
  if (status === 429) return { kind: "not-taken", why: failure, waitMs: 100 };
  if (status >= 500 || status === 408) return { kind: "unclear", why: failure };
  if (failure.code === "bad-key") throw failure;
  const { message } = brokerMessage(answer.body);
  deps.log.warn(`The broker refused an order with status ${status}: ${message ?? "no reason given"}`);
  const why = new TradingError("order-rejected", `The broker refused the order: ${(message ?? `status ${status}`).replace(/\.$/, "")}.`, {
    kind: "refused",
    data: failure.data,
  });
  return { kind: "refused", why };
}

/** The id was used before: by a send of ours whose answer was lost, or by an earlier run. Either way that order is the answer. */
async function existing(order: Placing, deps: PlaceDeps, signal: AbortSignal): Promise<Order> {
  const found = await lookUp(order.clientOrderId, new TradingError("duplicate-id", "the broker has that id already."), deps, signal);
  if (found === null) throw unknown(order.clientOrderId, new TradingError("duplicate-id", "the broker has that id, but does not show the order."));
  if (order.isSame(found)) return found;
  throw new TradingError("order-rejected", `The client order id ${order.clientOrderId} is taken by another order (${found.side} ${found.symbol}).`, {
    kind: "refused",
    hint: "Choose another id, or leave it out.",
    data: { orderId: found.id },
  });
}

/** Null when it is not there, or cannot be seen. */
async function lookOnce(order: Placing, deps: PlaceDeps, signal: AbortSignal): Promise<Order | null> {
  const found = await deps.api.orderByClientId(order.clientOrderId, signal).catch(() => null);
  return found !== null && order.isSame(found) ? found : null;
}

/** Null when it is certainly not there. Throws `order-unknown` when the exchange cannot be asked. */
async function lookUp(id: string, why: TradingError, deps: PlaceDeps, signal: AbortSignal): Promise<Order | null> {
  if (signal.aborted) return await lastLook(id, why, deps);
  try {
    for (const waitMs of LOOK_UPS_MS) {
      if (waitMs > 0) await deps.clock.sleep(waitMs, signal);
      const found = await deps.api.orderByClientId(id, signal);
      if (found !== null) return found;
    }
    return null;
  } catch (error) {
    if (signal.aborted) return await lastLook(id, why, deps);
    throw unknown(id, TradingError.from(error, "connection-lost"));
  }
}

/** Whoever placed it gave up while it was under way: one short look, so that the journal knows. Absence proves nothing here. */
async function lastLook(id: string, why: TradingError, deps: PlaceDeps): Promise<Order> {
  const scope = new Scope({ name: `Looking for order ${id}`, deadlineMs: LAST_LOOK_MS });
  try {
    const found = await deps.api.orderByClientId(id, scope.signal);
    if (found !== null) return found;
  } catch (error) {
    deps.log.warn(`Order ${id} could not be looked up: ${TradingError.from(error, "failed").message}`);
  } finally {
    await scope.close();
  }
  throw unknown(id, why);
}

async function pause(ms: number, id: string, why: TradingError, deps: PlaceDeps, signal: AbortSignal): Promise<void> {
  try {
    await deps.clock.sleep(ms, signal);
  } catch {
    throw notPlaced(id, why);
  }
}

function notPlaced(id: string, why: TradingError): TradingError {
  return new TradingError("order-not-placed", `The order was not placed: ${decapitalised(why.message)}`, {
    hint: why.hint ?? "Nothing was bought or sold; try again.",
    cause: why,
    kind: why.kind,
    data: { clientOrderId: id },
  });
}

function unknown(id: string, why: TradingError): TradingError {
  return new TradingError("order-unknown", `It is not known whether order ${id} was placed: ${decapitalised(why.message)}`, {
    hint: `Do not order again before you have looked: its client order id is ${id}.`,
    cause: why,
    data: { clientOrderId: id },
  });
}

function decapitalised(text: string): string {
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
