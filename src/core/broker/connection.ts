/** One account, one lock: ten callers that connect at once cause one handshake, whoever fails lets the next one try. */
import { sha256 } from "../base/canonical.ts";
import { Emitter } from "../base/emitter.ts";
import { TradingError } from "../base/errors.ts";
import { Lock } from "../base/lock.ts";
import { abortable, withDeadline, type Scope } from "../base/scope.ts";
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Account, TradeUpdate } from "../domain/orders.ts";
import type { ConnectionState, Endpoint, LockStats, OrderJournal } from "../domain/ports.ts";
import { refuse, type Refusal } from "./guards/verdicts.ts";
import { openTradeStream, type TradeStream } from "./tradeStream.ts";
import type { TradingApi } from "./tradingApi.ts";

export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly api: TradingApi;
  readonly journal: OrderJournal;
  readonly log: Log;
  readonly clock: Clock;
  /** Each turn of the lock is a line of the debug log. */
  readonly logLocks: boolean;
  /** The connection ends when it closes. */
  readonly scope: Scope;
  readonly onUpdate: (update: TradeUpdate) => void;
  /** Whose orders will be heard of from now on. */
  readonly onAccount: (accountNumber: string) => void;
  /** Reads what happened before the stream listened; the state is "connected" only after that. `own` lives as long as the connection. */
  readonly catchUp: (own: Scope, signal: AbortSignal) => Promise<Account>;
  /** Runs beside the connection until the signal aborts. */
  readonly watch: (signal: AbortSignal) => Promise<void>;
  /** Waits for what is being written; the last thing of a disconnect. */
  readonly flush: () => Promise<void>;
}

/** How long another `connect` waits for a stream that is being opened again. */
const STALE_WAIT_MS = 15_000;
const CONNECT_HINT = 'Connect first: `quantdesk connect`, desk.connect(), or "Quantdesk: Connect Broker".';

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #lock: Lock;
  readonly #states: Emitter<ConnectionState>;
  #lockStats: LockStats = { taken: 0, waitedMs: 0, longestWaitMs: 0, heldMs: 0, longestHoldMs: 0 };
  #state: ConnectionState = "disconnected";
  #account: Account | undefined;
  #current: Scope | undefined;
  #stream: TradeStream | undefined;

  constructor(options: ConnectionOptions) {
    const { log } = options;
    this.#options = options;
    this.#lock = new Lock(({ waitMs, holdMs }) => {
      this.#lockStats = withTurn(this.#lockStats, waitMs, holdMs);
      if (options.logLocks) log.debug(`Broker lock: waited ${waitMs.toFixed(1)} ms, held ${holdMs.toFixed(1)} ms`);
    });
    this.#states = new Emitter((error) => log.error(`A listener for the connection failed: ${TradingError.from(error, "failed").message}`));
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get lockStats(): LockStats {
    return this.#lockStats;
  }

  /** As it was last seen; undefined before the first connection. */
  get account(): Account | undefined {
    return this.#account;
  }

  /** The lifetime of the connection of the moment. */
  get current(): Scope | undefined {
    return this.#current;
  }

  onState(listener: (state: ConnectionState) => void): () => void {
    return this.#states.on(listener);
  }

  seen(account: Account): Account {
    this.#account = account;
    return account;
  }

  connect(signal: AbortSignal): Promise<Account> {
    return this.#lock.run(signal, async () => {
      if (this.#state === "connected" && this.#account !== undefined) return this.#account;
      if (this.#state === "stale" && this.#account !== undefined) {
        await withDeadline("Waiting for the order stream", STALE_WAIT_MS, signal, (own) => this.#until(own, (now) => now !== "stale"));
        if ((this.#state as ConnectionState) === "connected") return this.#account;
      }
      return await this.#handshake(signal);
    });
  }

  async disconnect(): Promise<void> {
    const own = this.#current;
    this.#current = undefined;
    this.#stream = undefined;
    await own?.close();
    await this.#options.flush();
    this.#set("disconnected");
  }

  /** Ends the stream of the moment, which is mute though it looks alive; another one is opened. */
  cut(why: TradingError): void {
    this.#stream?.cut(why);
  }

  assertConnected(): void {
    if (this.#state === "disconnected") throw new TradingError("not-connected", "Not connected to the broker.", { hint: CONNECT_HINT });
  }

  /** Why no order is let through at the moment; null when one is. */
  refusal(): Refusal | null {
    if (this.#state === "connected") return null;
    if (this.#state === "stale")
      return refuse("not-connected", "The order stream is down: orders wait until positions have been read again.", "Try again in a moment; cancels still go.");
    return refuse("not-connected", "Not connected to the broker.", CONNECT_HINT);
  }

  async #handshake(signal: AbortSignal): Promise<Account> {
    const { api, endpoint, log, clock, scope } = this.#options;
    this.#set("connecting");
    await this.#current?.close(); // one whose key was refused meanwhile
    const own = scope.child({ name: "The broker connection" });
    const attempt = own.child({ name: "Connecting", signal }); // ends with the caller, or with disconnect
    const ifCurrent = (state: ConnectionState) => () => {
      if (this.#current === own) this.#set(state);
    };
    this.#current = own;
    try {
      const account = this.seen(await api.account(attempt.signal));
      await this.#claimKey(account.accountNumber, attempt.signal);
      this.#options.onAccount(account.accountNumber);
      this.#stream = await openTradeStream(
        {
          endpoint,
          log,
          clock,
          scope: own,
          onUpdate: this.#options.onUpdate,
          onListening: async (life) => {
            const fresh = await this.#options.catchUp(own, life);
            if (life.aborted) return; // this stream has ended meanwhile: the next one reads again
            this.seen(fresh);
            ifCurrent("connected")();
          },
          onDown: ifCurrent("stale"),
          onRefused: ifCurrent("disconnected"),
        },
        attempt.signal,
      );
      const watching = this.#options.watch(own.signal);
      own.onClose(() => watching);
      log.info(`Connected to account ${account.accountNumber}${account.simulated ? " (SIMULATED)" : ""}.`);
      return this.#account as Account;
    } catch (error) {
      if (this.#current === own) this.#current = undefined;
      await own.close();
      this.#set("disconnected");
      throw error;
    } finally {
      await attempt.close();
    }
  }

  /** A reset paper account keeps its key and gets another number: what the journal has open can never be settled there. */
  async #claimKey(number: string, signal: AbortSignal): Promise<void> {
    if (await this.#options.journal.claim(sha256(this.#options.endpoint.keyId), number, signal)) return;
    throw new TradingError(
      "account-changed",
      `The key now belongs to account ${number}, but orders of the account it had before are still open in the journal.`,
      {
        kind: "refused",
        hint: "If that account was reset or is gone, use another state folder (--home).",
      },
    );
  }

  #set(next: ConnectionState): void {
    if (next === this.#state) return;
    this.#state = next;
    this.#states.emit(next);
  }

  async #until(signal: AbortSignal, wanted: (state: ConnectionState) => boolean): Promise<void> {
    if (wanted(this.#state)) return;
    let off: () => void = () => {};
    try {
      await abortable(
        new Promise<void>((resolve) => {
          off = this.#states.on((now) => {
            if (wanted(now)) resolve();
          });
        }),
        signal,
      );
    } finally {
      off();
    }
  }
}

function withTurn(stats: LockStats, waitMs: number, holdMs: number): LockStats {
  return {
    taken: stats.taken + 1,
    waitedMs: stats.waitedMs + waitMs,
    longestWaitMs: Math.max(stats.longestWaitMs, waitMs),
    heldMs: stats.heldMs + holdMs,
    longestHoldMs: Math.max(stats.longestHoldMs, holdMs),
  };
}
