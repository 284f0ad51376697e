/** From a checked order to one at the exchange: what stands in the journal is sent once, and how it ended is written there. */
import { TradingError } from "../base/errors.ts";
import { Scope } from "../base/scope.ts";
import type { Order, CheckedOrder, OrderChange, OrderIntent, Placed, Reason, Verdict } from "../domain/orders.ts";
import { beginEntry, checkOrder, examineOrder, type CheckDeps, type CheckOptions } from "./checkOrder.ts";
import type { Connection } from "./connection.ts";
import { refuse, type Refusal } from "./guards/verdicts.ts";
import { orderBody } from "./orderBody.ts";
import type { OrderFeed } from "./orderFeed.ts";
import { placeOrder, type Placing } from "./placeOrder.ts";
import { changedIntent, checkChange, replacementOf } from "./replaceOrder.ts";

export interface OrderSenderOptions {
  readonly checkDeps: CheckDeps;
  readonly connection: Connection;
  readonly feed: OrderFeed;
  /** An entry was left whose order may still turn up. */
  readonly onLeft: () => void;
}

type Outcome = Parameters<CheckDeps["journal"]["settle"]>[1];

/** Journal entries are settled even when the caller has given up, but not for longer than this. */
const SETTLE_MS = 2000;
/** A checked order is sent soon or not at all: what the guards saw grows old. */
const CHECK_VALID_MS = 60_000;
/** An order that was checked longer ago than this asks for the kill switch again before it goes. */
const JUST_CHECKED_MS = 1000;

interface Pending {
  readonly since: number;
  readonly account: string;
  /** It only closes: the kill switch lets it pass. */
  readonly closes: boolean;
}

export class OrderSender {
  readonly #options: OrderSenderOptions;
  /** Checked and not yet settled, by client order id. */
  readonly #pending = new Map<string, Pending>();

  constructor(options: OrderSenderOptions) {
    this.#options = options;
  }

  isPending(clientOrderId: string): boolean {
    const pending = this.#pending.get(clientOrderId);
    return pending !== undefined && this.#now() - pending.since < CHECK_VALID_MS * 4;
  }

  async check(intent: OrderIntent, signal: AbortSignal, options: CheckOptions = {}): Promise<Verdict> {
    const { connection, checkDeps } = this.#options;
    const refusal = connection.refusal();
    if (refusal !== null) return refusal;
    const verdict = await checkOrder(intent, checkDeps, signal, options);
    if (verdict.allowed) this.#begin(verdict.order.clientOrderId, options.closes === true);
    return verdict;
  }

  submit(order: CheckedOrder, signal: AbortSignal): Promise<Order> {
    const body = orderBody(order);
    const isSame = (found: Order) => found.symbol === order.symbol && found.side === order.side;
    return this.#send({ clientOrderId: order.clientOrderId, send: (own) => this.#options.checkDeps.api.postOrder(body, own), isSame }, signal);
  }

  /** `order` as it was just read. */
  async replace(order: Order, change: OrderChange, reason: Reason, signal: AbortSignal): Promise<Placed> {
    const { checkDeps } = this.#options;
    const senseless = checkChange(order, change);
    if (senseless !== null) return notPlaced(senseless);
    const examined = await examineOrder(changedIntent(order, change, reason), checkDeps, signal, { instead: order });
    if (!examined.allowed) return notPlaced(examined);
    const { clientOrderId, body, fingerprint } = replacementOf(order, change, examined.picture.account.accountNumber);
    const entry = { fingerprint, body: JSON.stringify({ replaces: order.id, ...body }), again: false, idGiven: false };
    const refusal = await beginEntry({ ...examined.intent, clientOrderId }, entry, examined, checkDeps, signal);
    if (refusal === "limits-changed" || refusal === "crowded")
      return notPlaced(refuse("over-limit", "The limits are being changed at this moment.", "Try again."));
    if (refusal !== null) return notPlaced(refusal);
    this.#begin(clientOrderId, false);
    const isSame = (found: Order) => found.replaces === order.id || (found.symbol === order.symbol && found.side === order.side);
    const send = (own: AbortSignal) => checkDeps.api.patchOrder(order.id, body, own);
    const placed = await this.#send({ clientOrderId, send, isSame, doubtsRefusals: true }, signal);
    const partly = order.filledQty.gt(0) ? [`${order.filledQty.toFixed()} of the old order were filled before; look at what is left of the new one.`] : [];
    return { placed: true, order: placed, warnings: [...examined.warnings, ...partly] };
  }

  #begin(clientOrderId: string, closes: boolean): void {
    const account = this.#options.connection.account?.accountNumber ?? "";
    this.#pending.set(clientOrderId, { since: this.#now(), account, closes });
  }

  /** Where the journal cannot be asked, the order is not sent again. */
  async #maySendAgain(clientOrderId: string, signal: AbortSignal): Promise<boolean> {
    const pending = this.#pending.get(clientOrderId);
    if (pending === undefined || pending.closes) return true;
    const { journal } = this.#options.checkDeps;
    return !(await journal.killSwitch(pending.account, null, { origin: "broker" }, signal).catch(() => true));
  }

  async #send(placing: Omit<Placing, "maySendAgain">, signal: AbortSignal): Promise<Order> {
    const { connection, feed, checkDeps } = this.#options;
    const { clientOrderId } = placing;
    try {
      const checkedAt = this.#pending.get(clientOrderId)?.since;
      const reason =
        connection.state === "disconnected"
          ? "the broker was disconnected"
          : checkedAt === undefined || this.#now() - checkedAt > CHECK_VALID_MS
            ? "it was checked too long ago, or by another connection"
            : this.#now() - checkedAt > JUST_CHECKED_MS && !(await this.#maySendAgain(clientOrderId, signal))
              ? "the kill switch is on"
              : undefined;
      if (reason !== undefined) {
        throw new TradingError("order-not-placed", `The order was not placed: ${reason}.`, { hint: "Connect and order again.", data: { clientOrderId } });
      }
      const { api, clock, log } = checkDeps;
      const placed = await placeOrder(
        { ...placing, maySendAgain: (own) => this.#maySendAgain(clientOrderId, own) },
        { api, clock, log, heard: (id, own) => feed.heard(id, own) },
        signal,
      );
      const best = feed.book.see(placed);
      await this.#settle(clientOrderId, { state: placed.status === "rejected" ? "rejected" : "sent", orderId: placed.id });
      feed.notes.order(best);
      return best;
    } catch (error) {
      const failure = TradingError.from(error, "order-unknown");
      const state = settledAs(failure.code);
      await this.#settle(clientOrderId, { state, reason: failure.message });
      if (state === "unknown") this.#options.onLeft();
      throw failure;
    } finally {
      this.#pending.delete(clientOrderId);
    }
  }

  async #settle(clientOrderId: string, outcome: Outcome): Promise<void> {
    const { journal, log } = this.#options.checkDeps;
    const settling = new Scope({ name: "Writing the order journal", deadlineMs: SETTLE_MS });
    try {
      await journal.settle(clientOrderId, outcome, settling.signal);
    } catch (error) {
      log.error(`The journal could not note that order ${clientOrderId} is ${outcome.state}: ${TradingError.from(error, "failed").message}`);
    } finally {
      await settling.close();
    }
  }

  #now(): number {
    return this.#options.checkDeps.clock.now();
  }
}

function notPlaced(refusal: Refusal): Placed {
  return { placed: false, code: refusal.code, message: refusal.message, hint: refusal.hint };
}

function settledAs(code: string): Outcome["state"] {
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
