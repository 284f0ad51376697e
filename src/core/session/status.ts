/**
 * session: parts of a session that need no room, only the ports. Put together by core/session.ts.
 *
 * This file keeps what the session view shows.
 */
import { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Scope } from "../base/scope.ts";
import type { SessionStatus } from "../domain/desk.ts";
import type { Account, TradingMode } from "../domain/orders.ts";
import type { Broker, LagStats, Store } from "../domain/ports.ts";

interface StatusParts {
  readonly broker: Broker;
  readonly simulated: boolean;
  readonly mode: TradingMode;
  readonly lag: () => LagStats;
  readonly scope: Scope;
  readonly store: Store;
  readonly log: Log;
}

const ACCOUNT_EVERY_MS = 5000;
const STATUS_EVERY_MS = 1000;

/** What the session view shows; asks for the account every few seconds while connected, and after each fill. */
export function createStatus({ broker, simulated, mode, lag, scope, store, log }: StatusParts) {
  const changes = new Emitter<SessionStatus>();
  let account: Account | null = null;
  let askedAt = 0;
  let asking = false;
  const current = (): SessionStatus => ({
    connection: broker.state,
    mode,
    simulated: simulated || account?.simulated === true,
    account,
    lag: lag(),
    at: Date.now(),
  });
  const take = (fresh: Account) => {
    account = fresh;
    askedAt = Date.now();
    store.addEquity(fresh.accountNumber, askedAt, fresh.equity.toNumber(), scope.signal).catch((error: unknown) => {
      if (!scope.signal.aborted) log.warn(`The equity was not stored: ${TradingError.from(error, "store-failed").message}`);
    });
    changes.emit(current());
  };
  const refresh = async () => {
    if (asking || broker.state !== "connected") return;
    asking = true;
    try {
      take(await broker.getAccount(scope.signal));
    } catch (error) {
      if (!scope.signal.aborted) log.debug(`The account was not refreshed: ${TradingError.from(error, "failed").message}`);
      askedAt = Date.now();
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => {
    if (broker.state !== "connected") return;
    if (changes.size > 0 && Date.now() - askedAt >= ACCOUNT_EVERY_MS) void refresh();
    changes.emit(current());
  }, STATUS_EVERY_MS);
  timer.unref();
  scope.onClose(() => clearInterval(timer));
  scope.onClose(
    broker.onTradeUpdate((update) => {
      if (update.event === "fill" || update.event === "partial_fill") void refresh();
    }),
  );
  scope.onClose(broker.onState(() => changes.emit(current())));
  return { current, account: take, on: (listener: (status: SessionStatus) => void) => changes.on(listener) };
}
