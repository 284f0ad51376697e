/**
 * The kill switch: new orders are refused by the journal from the moment it is on; what is open is canceled until nothing is,
 * however bad the network, and what could not be confirmed is kept in the journal, so that the next process goes on with it.
 */
import { TradingError } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import { isFinalStatus, type Order, type Reason } from "../domain/orders.ts";
import type { KillSwitchResult, OrderJournal } from "../domain/ports.ts";
import { closeAll, pauseMs, type ClosingDeps } from "./closing.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface KillSwitchDeps {
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly clock: Clock;
  readonly log: Log;
  readonly closing: ClosingDeps;
}

/** How long an order that passed the journal may be on its way. */
const PLACING_MS = 5000;

/** Orders are canceled even when the journal cannot be written; that is thrown afterwards. */
export async function turnOn(
  account: string,
  { flatten, ...reason }: Reason & { readonly flatten?: boolean },
  deps: KillSwitchDeps,
  signal: AbortSignal,
): Promise<KillSwitchResult> {
  let unwritten: TradingError | undefined;
  try {
    await deps.journal.killSwitch(account, "on", reason, signal);
    deps.log.warn(`The kill switch of account ${account} is on (${reason.origin}).`);
  } catch (error) {
    if (signal.aborted) throw error;
    unwritten = TradingError.from(error, "journal-unwritable");
    deps.log.error(`The kill switch of account ${account} could not be written: ${unwritten.message} Open orders are canceled all the same.`);
  }
  const ended = await cancelUntilNone(account, deps, signal);
  const closed = flatten === true && !signal.aborted ? await closeAll(reason, { keepTrying: true }, deps.closing, signal) : null;
  if (unwritten === undefined) return { on: true, ...ended, closed };
  throw new TradingError(
    "kill-switch-not-kept",
    `${ended.canceled} orders were canceled, ${ended.unconfirmed.length} are not confirmed, but the kill switch could not be written and does NOT hold: ${unwritten.message}`,
    { hint: "Stop whatever places orders yourself, free disk space or update Quantdesk, and turn it on again.", cause: unwritten },
  );
}

/** Goes on with what a process before could not confirm; until nothing is left or the signal aborts. */
export async function resume(account: string, deps: KillSwitchDeps, signal: AbortSignal): Promise<void> {
  for (let turn = 0; !signal.aborted; turn++) {
    let left = 0;
    for (const id of await deps.journal.killPending(account, {}, signal)) {
      try {
        const taken = await deps.api.cancel(id, signal);
        if (taken && !isFinalStatus((await deps.api.order(id, signal)).status)) left += 1;
        else await deps.journal.killPending(account, { ended: [id] }, signal);
      } catch (error) {
        if (signal.aborted) return;
        left += 1;
        deps.log.warn(`Canceling order ${id}, as the kill switch wants: ${TradingError.from(error, "failed").message} Trying again.`);
      }
    }
    if (left === 0) return;
    await deps.clock.sleep(pauseMs(turn), signal).catch(() => undefined);
  }
}

/** Ends with the signal, and says what is not confirmed then. */
async function cancelUntilNone(account: string, deps: KillSwitchDeps, signal: AbortSignal): Promise<Pick<KillSwitchResult, "canceled" | "unconfirmed">> {
  const { api, clock, log } = deps;
  const seen = new Map<string, Order>();
  for (let turn = 0; !signal.aborted; turn++) {
    try {
      const open = await api.orders({ status: "open" }, signal);
      const fresh = open.filter((order) => !seen.has(order.id));
      for (const order of open) seen.set(order.id, order);
      await keepPending(account, fresh, deps, signal);
      if (open.length === 0 && !(await isPlacing(account, deps, signal))) {
        await deps.journal.killPending(account, { ended: [...seen.keys()] }, signal).catch(() => undefined);
        return { canceled: seen.size, unconfirmed: [] };
      }
      if (open.length > 0) await api.cancelAll(signal);
    } catch (error) {
      if (signal.aborted) break;
      log.warn(`Canceling what is open: ${TradingError.from(error, "failed").message} Trying again.`);
    }
    await clock.sleep(pauseMs(turn), signal).catch(() => undefined);
  }
  const unconfirmed = [...seen.values()].filter((order) => !isFinalStatus(order.status));
  return { canceled: seen.size - unconfirmed.length, unconfirmed };
}

async function keepPending(account: string, orders: readonly Order[], { journal, log }: KillSwitchDeps, signal: AbortSignal): Promise<void> {
  if (orders.length === 0) return;
  try {
    await journal.killPending(account, { add: orders.map((order) => order.id) }, signal);
  } catch (error) {
    log.warn(`What is to be canceled could not be written down: ${TradingError.from(error, "failed").message}`); // it is canceled all the same
  }
}

/** An order that passed the journal before may still be on its way, in whichever process. */
async function isPlacing(account: string, { journal, clock }: KillSwitchDeps, signal: AbortSignal): Promise<boolean> {
  const entries = await journal.unsettled(account, signal).catch(() => []); // a journal that cannot be asked lets no order pass either
  return entries.some((entry) => entry.state === "begun" && !entry.ownerIsGone && clock.now() - entry.at < PLACING_MS);
}
