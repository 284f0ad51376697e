/**
 * The one session of this window: opened by whoever needs it first, opened anew when settings, keys or trust change.
 * Everything that the extension shows is fed from here.
 */
import * as vscode from "vscode";
import type { Account } from "../core/domain/orders.ts";
import type { LiveQuestion, Session, SessionStatus } from "../core/session.ts";
import { Emitter } from "../core/base/emitter.ts";
import { TradingError } from "../core/base/errors.ts";
import type { Log } from "../core/base/log.ts";
import type { StoredChange } from "../core/domain/ports.ts";
import { type KeyRing, tradingOrigin } from "./keys.ts";
import { userSettings } from "./settings.ts";
import { dollars } from "./words.ts";

/** What `activate` returns: the core of this window's session. */
export interface QuantdeskApi {
  /** Opens the session when it is not open yet. */
  session(): Promise<Session>;
  /** The session if it is open. */
  readonly openSession: Session | undefined;
}

const CLOSE_WITHIN_MS = 5000;
const CONNECT_WITHIN_MS = 30_000;
const STOP_EVERY_MS = 3000;

export class Desk implements QuantdeskApi, vscode.Disposable {
  readonly log: Log;
  readonly #keys: KeyRing;
  readonly #status = new Emitter<SessionStatus | undefined>();
  readonly #stored = new Emitter<StoredChange>();
  #opening: Promise<Session> | undefined;
  #open: Session | undefined;
  /** Counts the sessions that were asked for: one that a reset overtook while it opened is not shown. */
  #generation = 0;
  #closed = false;
  #isStopped = false;
  #stopReadAt = 0;

  constructor(keys: KeyRing, log: Log) {
    this.#keys = keys;
    this.log = log;
  }

  get openSession(): Session | undefined {
    return this.#open;
  }

  /** A session is open or opening. */
  get isStarted(): boolean {
    return this.#opening !== undefined;
  }

  get status(): SessionStatus | undefined {
    return this.#open?.status();
  }

  /** The kill switch of the connected account is on, as last seen. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** What a command has just done to it; other windows and commands are noticed within seconds. */
  tradingStopped(isStopped: boolean): void {
    if (isStopped === this.#isStopped) return;
    this.#isStopped = isStopped;
    vscode.commands.executeCommand("setContext", "quantdesk.stopped", isStopped).then(undefined, (error: unknown) => this.log.debug(String(error)));
    this.#status.emit(this.status);
  }

  /** Each change of the session's status; undefined when there is no session. */
  onStatus(listener: (status: SessionStatus | undefined) => void): () => void {
    return this.#status.on(listener);
  }

  /** What was stored: runs, equity, a scan. */
  onStored(listener: (what: StoredChange) => void): () => void {
    return this.#stored.on(listener);
  }

  session(): Promise<Session> {
    if (this.#closed) return Promise.reject(new TradingError("closed", "This window is closing."));
    this.#opening ??= this.#start();
    return this.#opening;
  }

  /** The session, connected to its exchange. */
  async connected(): Promise<{ readonly session: Session; readonly account: Account }> {
    const session = await this.session();
    return { session, account: await session.connect(AbortSignal.timeout(CONNECT_WITHIN_MS)) };
  }

  /** The folder whose files cells, strategies and quantdesk.json live in. */
  get folder(): string | undefined {
    return vscode.workspace.workspaceFolders?.find((folder) => folder.uri.scheme === "file")?.uri.fsPath;
  }

  /** Ends the session; the next use opens a new one with what settings and keys say then. */
  async reset(): Promise<void> {
    const opening = this.#opening;
    this.#generation++;
    this.#opening = undefined;
    this.#open = undefined;
    this.#stopReadAt = 0;
    this.tradingStopped(false);
    this.#status.emit(undefined);
    const session = await opening?.catch(() => undefined);
    if (session === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WITHIN_MS);
    });
    try {
      await Promise.race([session.close(), late]);
    } catch (error) {
      this.log.warn(`The session did not close cleanly: ${TradingError.from(error, "failed").message}`);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.reset();
  }

  dispose(): void {
    this.close().catch((error: unknown) => this.log.warn(String(error)));
  }

  async #start(): Promise<Session> {
    const started = performance.now();
    const generation = this.#generation;
    try {
      const session = await this.#openSession();
      if (generation !== this.#generation) return session; // the reset closes it
      this.#open = session;
      session.onStatus((status) => {
        if (this.#open !== session) return;
        this.#status.emit(status);
        this.#lookForStop(session, status);
      });
      session.store.onChange((what) => {
        if (this.#open === session) this.#stored.emit(what);
      });
      this.log.info(`Session started in ${(performance.now() - started).toFixed(0)} ms, state in ${session.home}`);
      this.#status.emit(session.status());
      return session;
    } catch (error) {
      if (generation === this.#generation) this.#opening = undefined; // the next caller may try again
      throw error;
    }
  }

  /** The kill switch may be turned by another window, cell or command of the same state folder. */
  #lookForStop(session: Session, { account, at }: SessionStatus): void {
    if (account === null || at - this.#stopReadAt < STOP_EVERY_MS) return;
    this.#stopReadAt = at;
    session.store.killSwitch(account.accountNumber, null, AbortSignal.timeout(STOP_EVERY_MS)).then(
      (isStopped) => {
        if (this.#open === session) this.tradingStopped(isStopped);
      },
      (error: unknown) => this.log.debug(`The kill switch was not read: ${TradingError.from(error, "failed").message}`),
    );
  }

  async #openSession(): Promise<Session> {
    const { openSession } = await import("../core/session.ts");
    const folder = this.folder;
    const trusted = vscode.workspace.isTrusted;
    const settings = userSettings(folder === undefined ? undefined : vscode.Uri.file(folder));
    const keys = await this.#keys.keysFor(tradingOrigin(settings));
    const sourceKeys = await this.#keys.sourceKeys();
    const wantsLive = settings.some((setting) => setting.key === "broker.mode" && setting.value === "live");
    if (wantsLive) await confirmLiveWindow();
    return openSession({
      front: "extension",
      log: this.log,
      overrides: settings,
      ...(folder === undefined || !trusted ? {} : { workspace: folder }),
      ...(keys === undefined ? {} : { keys }),
      sourceKeys,
      ...(wantsLive ? { live: { confirm: confirmLiveOrder } } : {}),
    });
  }
}

/** Live is never a setting alone: the person says so once in each window, and again for each order. */
async function confirmLiveWindow(): Promise<void> {
  const yes = "Trade Live in This Window";
  const answer = await vscode.window.showWarningMessage(
    "LIVE, real money: connect this window to your live account?",
    { modal: true, detail: "The setting quantdesk.broker.mode is live. Each order will ask again." },
    yes,
  );
  if (answer !== yes)
    throw new TradingError("live-not-confirmed", "Live trading was not confirmed for this window.", {
      kind: "refused",
      hint: "Set quantdesk.broker.mode to paper or embedded to trade without real money.",
    });
}

async function confirmLiveOrder({ account, words, value }: LiveQuestion): Promise<boolean> {
  const share = value === null || account.equity.lte(0) ? "" : `, about ${value.div(account.equity).times(100).toFixed(1)} % of equity`;
  const [what = words] = words.split(",");
  const answer = await vscode.window.showWarningMessage(
    `LIVE, real money: ${words} in account ${account.accountNumber}?`,
    { modal: true, detail: `${value === null ? "" : `Value ${dollars(value)}${share}. `}This acts on real money.` },
    what,
  );
  return answer === what;
}
