/** Leaving positions: what binds them is canceled first, then what is really available is sold or bought back at the market. */
import { Big } from "../base/decimal.ts";
import { badInput, TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import {
  isFinalStatus,
  type CheckedOrder,
  type ClosedPosition,
  type Order,
  type OrderIntent,
  type Placed,
  type Reason,
  type Verdict,
} from "../domain/orders.ts";
import type { TradingApi } from "./tradingApi.ts";
import type { HeldPosition } from "./wire.ts";

export interface ClosingDeps {
  readonly api: TradingApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly check: (intent: OrderIntent, signal: AbortSignal) => Promise<Verdict>;
  readonly submit: (order: CheckedOrder, signal: AbortSignal) => Promise<Order>;
  readonly cancel: (id: string, signal: AbortSignal) => Promise<Order>;
}

export interface Part {
  readonly qty?: Big;
  readonly percent?: Big;
}

const HUNDRED = new Big(100);
/** A release of shares may show a moment after the order's end. */
const RELEASE_LOOKS = 5;
const RELEASE_MS = 200;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

export async function closePosition(symbol: string, part: Part, reason: Reason, deps: ClosingDeps, signal: AbortSignal): Promise<Placed> {
  checkPart(part);
  const name = symbol.trim().toUpperCase();
  let position = await deps.api.position(name, signal);
  if (position === null || position.qty.eq(0)) {
    return { placed: false, code: "insufficient-position", message: `No ${name} is held.`, hint: "Look at the positions." };
  }
  const wanted = wantedQty(position, part);
  if (wanted.eq(0)) {
    const message = `${part.percent?.toFixed() ?? "0"} % of ${position.qty.abs().toFixed()} ${name} is less than a share.`;
    return { placed: false, code: "insufficient-position", message, hint: "Close all of it, or give a quantity." };
  }
  if (position.availableQty.abs().lt(wanted)) {
    await freeShares(position, deps, signal);
    for (let look = 0; look < RELEASE_LOOKS && position !== null && position.availableQty.abs().lt(wanted); look++) {
      if (look > 0) await deps.clock.sleep(RELEASE_MS, signal);
      position = await deps.api.position(name, signal);
    }
  }
  if (position === null)
    return { placed: false, code: "insufficient-position", message: `No ${name} is held any more.`, hint: "Look at the orders: one of them has closed it." };
  const available = position.availableQty.abs();
  const qty = available.lt(wanted) ? available : wanted;
  if (qty.eq(0))
    return { placed: false, code: "insufficient-position", message: `All ${name} is bound by open orders.`, hint: "Cancel them, then close again." };
  const intent: OrderIntent = {
    symbol: name,
    side: position.side === "long" ? "sell" : "buy",
    qty,
    type: "market",
    timeInForce: "day",
    again: true,
    ...reason,
  };
  const verdict = await deps.check(intent, signal);
  if (!verdict.allowed) return { placed: false, code: verdict.code, message: verdict.message, hint: verdict.hint };
  return { placed: true, order: await deps.submit(verdict.order, signal), warnings: verdict.warnings };
}

/** One failure does not stop the others; what failed is tried again until the signal aborts when it is to `keepTrying`. */
export async function closeAll(
  reason: Reason,
  { keepTrying }: { readonly keepTrying: boolean },
  deps: ClosingDeps,
  signal: AbortSignal,
): Promise<readonly ClosedPosition[]> {
  const closed = new Map<string, ClosedPosition>();
  for (let turn = 0; ; turn++) {
    let failed = false;
    try {
      if (turn === 0) await cancelOpen(deps, signal);
      const held = (await deps.api.positions(signal)).filter(({ symbol }) => mayTryAgain(closed.get(symbol)));
      for (const one of await Promise.all(held.map(({ symbol }) => tryToClose(symbol, reason, deps, signal)))) {
        closed.set(one.symbol, one);
        failed ||= mayTryAgain(one);
      }
    } catch (error) {
      if (!keepTrying || signal.aborted) throw error;
      deps.log.warn(`Closing what is held: ${TradingError.from(error, "failed").message} Trying again.`);
      failed = true;
    }
    if (!failed || !keepTrying || signal.aborted) return [...closed.values()];
    await deps.clock.sleep(pauseMs(turn), signal).catch(() => undefined);
  }
}

async function cancelOpen(deps: ClosingDeps, signal: AbortSignal): Promise<void> {
  const open = await deps.api.orders({ status: "open" }, signal);
  if (open.length === 0) return;
  await deps.api.cancelAll(signal);
  await Promise.all(
    open.map((order) =>
      deps.cancel(order.id, signal).catch((error: unknown) => deps.log.warn(`Order ${order.id}: ${TradingError.from(error, "failed").message}`)),
    ),
  );
}

async function tryToClose(symbol: string, reason: Reason, deps: ClosingDeps, signal: AbortSignal): Promise<ClosedPosition> {
  try {
    return { symbol, result: await closePosition(symbol, {}, reason, deps, signal) };
  } catch (error) {
    const failure = TradingError.from(error, "failed");
    // An order that may have arrived is not followed by a second one: both could fill.
    const code = failure.code === "order-unknown" ? "order-unknown" : "failed";
    return { symbol, result: { placed: false, code, message: failure.message, hint: failure.hint ?? "Look at the position and close it again." } };
  }
}

function mayTryAgain(closed: ClosedPosition | undefined): boolean {
  return closed === undefined || (!closed.result.placed && closed.result.code === "failed");
}

/** Before trying once more what the network did not let through. */
export function pauseMs(turn: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** turn);
}

function checkPart({ qty, percent }: Part): void {
  if (qty !== undefined && percent !== undefined)
    throw badInput("bad-part", "A position is closed by quantity or by percentage.", "Give one of them, or none for all of it.");
  if (qty !== undefined && qty.lte(0)) throw badInput("bad-part", `The quantity is ${qty.toFixed()}.`, "It must be above zero.");
  if (percent !== undefined && (percent.lte(0) || percent.gt(100)))
    throw badInput("bad-part", `The percentage is ${percent.toFixed()}.`, "Give a number above 0, at most 100.");
}

/** At most what is held. Of a percentage whole shares where whole shares are held, as Alpaca has it, else to the ninth decimal. */
function wantedQty(position: HeldPosition, { qty, percent }: Part): Big {
  const held = position.qty.abs();
  if (qty !== undefined) return qty.gt(held) ? held : qty;
  if (percent === undefined) return held;
  return held
    .times(percent)
    .div(HUNDRED)
    .round(held.eq(held.round(0)) ? 0 : 9, Big.roundDown);
}

/** Open orders on the closing side hold the shares: exits of brackets, mostly. */
async function freeShares(position: HeldPosition, deps: ClosingDeps, signal: AbortSignal): Promise<void> {
  const side = position.side === "long" ? "sell" : "buy";
  const open = (await deps.api.orders({ status: "open" }, signal)).flatMap((order) => [order, ...order.legs]);
  const binding = open.filter((order) => order.symbol === position.symbol && order.side === side && order.status !== "held" && !isFinalStatus(order.status));
  await Promise.all(binding.map((order) => deps.cancel(order.id, signal)));
}
