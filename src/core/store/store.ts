/**
 * store: results, orders and runs in one SQLite file, in a worker thread, since SQLite is synchronous and a
 * session lives in the extension host. Several processes may have the same file open.
 * Imports base and domain. Knows nothing of the exchange, of VS Code or of what the rows mean.
 */
import { Worker } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { Emitter } from "../base/emitter.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError, type PlainError } from "../base/errors.ts";
import { abortable } from "../base/scope.ts";
import { decimalText } from "../base/decimal.ts";
import type { Fill, Reason } from "../domain/orders.ts";
import type {
  AuditRow,
  DashboardData,
  JournalBegun,
  JournalEntry,
  JournalledOrder,
  JournalNews,
  RunRow,
  Store,
  StoredFill,
  StoredLimits,
  UnsettledEntry,
} from "../domain/ports.ts";
import type { LimitValues, PlainNews } from "./journal.ts";
import type { MergedCandidate } from "../domain/research.ts";

/** What the worker answers. */
export interface StoreCalls {
  readonly addRuns: { readonly argument: readonly RunRow[]; readonly answer: void };
  readonly addEquity: { readonly argument: { readonly account: string; readonly at: number; readonly equity: number }; readonly answer: void };
  readonly addScan: { readonly argument: { readonly at: number; readonly candidates: readonly MergedCandidate[] }; readonly answer: void };
  readonly lastScan: { readonly argument: null; readonly answer: readonly MergedCandidate[] };
  readonly runs: { readonly argument: number; readonly answer: readonly RunRow[] };
  readonly trialsOn: { readonly argument: string; readonly answer: number };
  readonly dashboard: { readonly argument: string | null; readonly answer: DashboardData };
  readonly killSwitch: {
    readonly argument: { readonly account: string; readonly change: "on" | "off" | null; readonly reason: Reason | null };
    readonly answer: boolean;
  };
  readonly journalBegin: {
    readonly argument: { readonly entry: JournalEntry; readonly windowMs: number; readonly again: boolean };
    readonly answer: JournalBegun;
  };
  readonly journalSettle: {
    readonly argument: { readonly clientOrderId: string; readonly state: string; readonly orderId: string | null; readonly reason: string | null };
    readonly answer: void;
  };
  readonly journalUnsettled: { readonly argument: string; readonly answer: readonly UnsettledEntry[] };
  readonly journalNote: { readonly argument: { readonly account: string; readonly news: PlainNews }; readonly answer: readonly number[] };
  readonly journalClaim: { readonly argument: { readonly keyHash: string; readonly account: string }; readonly answer: boolean };
  readonly journalReadTo: { readonly argument: string; readonly answer: number | null };
  readonly journalOrders: { readonly argument: { readonly account: string | null; readonly limit: number }; readonly answer: readonly JournalledOrder[] };
  readonly journalOrder: { readonly argument: string; readonly answer: JournalledOrder | null };
  readonly fills: { readonly argument: { readonly account: string; readonly limit: number; readonly offset: number }; readonly answer: readonly StoredFill[] };
  readonly limits: { readonly argument: string; readonly answer: StoredLimits | null };
  readonly setLimits: { readonly argument: { readonly account: string; readonly limits: LimitValues | null; readonly reason: Reason }; readonly answer: void };
  readonly audit: {
    readonly argument: { readonly account: string | null; readonly limit: number; readonly before: number | null };
    readonly answer: readonly AuditRow[];
  };
}

/**
 * Opens (and makes, where absent) the database at `path`; one that a newer Quantdesk has changed is only read. Throws
 * `store-unopened`, `home-in-use` (an older Quantdesk has it open) or `store-not-migrated`.
 */
export async function openStore(path: string, signal: AbortSignal): Promise<Store> {
  const worker = new Worker(entryPath("storeWorker"), { workerData: { path }, env: childEnv(), stdout: false, stderr: false });
  const channel = new Channel({ post: (message) => worker.postMessage(message), onMessage: (listener) => worker.on("message", listener) });
  const changes = new Emitter<"runs" | "equity" | "scan">();
  const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.on("error", (error) => channel.close(TradingError.from(error, "store-failed")));
  void gone.then(() => channel.close(new TradingError("store-closed", "The store is closed.")));
  const ready = new Promise<{ readonly isReadOnly: boolean }>((resolve, reject) => {
    channel.on("ready", (opened) => resolve(opened as { readonly isReadOnly: boolean }));
    channel.on("failed", (error) => reject(unopened(path, error as PlainError)));
    worker.once("error", (error) => reject(unopened(path, TradingError.from(error, "store-unopened").toPlain())));
  });
  channel.on("changed", () => changes.emit("runs"));
  let isReadOnly: boolean;
  try {
    ({ isReadOnly } = await abortable(ready, signal));
  } catch (error) {
    await worker.terminate();
    throw error;
  }

  const ask = <K extends keyof StoreCalls>(name: K, argument: StoreCalls[K]["argument"], caller: AbortSignal) =>
    channel.ask(name, argument, caller) as Promise<StoreCalls[K]["answer"]>;
  let closing: Promise<void> | undefined;

  return {
    isReadOnly,
    journal: {
      begin: (entry, windowMs, again, caller) => ask("journalBegin", { entry, windowMs, again }, caller),
      settle: (clientOrderId, outcome, caller) =>
        ask("journalSettle", { clientOrderId, state: outcome.state, orderId: outcome.orderId ?? null, reason: outcome.reason ?? null }, caller),
      unsettled: (account, caller) => ask("journalUnsettled", account, caller),
      note: async (account, news, caller) => {
        const fresh = await ask("journalNote", { account, news: plainNews(news) }, caller);
        return fresh.map((i) => news.fills[i] as Fill);
      },
      claim: (keyHash, account, caller) => ask("journalClaim", { keyHash, account }, caller),
      fillsReadTo: (account, caller) => ask("journalReadTo", account, caller),
      killSwitch: (account, change, reason, caller) => ask("killSwitch", { account, change, reason }, caller),
      limits: (account, caller) => ask("limits", account, caller),
    },
    addRuns: async (rows, caller) => {
      await ask("addRuns", rows, caller);
      changes.emit("runs");
    },
    addEquity: async (account, at, equity, caller) => {
      await ask("addEquity", { account, at, equity }, caller);
      changes.emit("equity");
    },
    addScan: async (at, candidates, caller) => {
      await ask("addScan", { at, candidates }, caller);
      changes.emit("scan");
    },
    lastScanSymbols: async (caller) => new Set((await ask("lastScan", null, caller)).map((candidate) => candidate.symbol)),
    dashboard: (account, caller) => ask("dashboard", account, caller),
    runs: (limit, caller) => ask("runs", limit, caller),
    trialsOn: (datasetHash, caller) => ask("trialsOn", datasetHash, caller),
    killSwitch: (account, change, caller) => ask("killSwitch", { account, change, reason: null }, caller),
    setLimits: (account, limits, reason, caller) => ask("setLimits", { account, limits, reason }, caller),
    audit: (account, page, caller) => ask("audit", { account, limit: page.limit, before: page.before ?? null }, caller),
    journalledOrders: (account, limit, caller) => ask("journalOrders", { account, limit }, caller),
    journalledOrder: (clientOrderId, caller) => ask("journalOrder", clientOrderId, caller),
    fills: (account, page, caller) => ask("fills", { account, limit: page.limit, offset: page.offset ?? 0 }, caller),
    onChange: (listener) => changes.on(listener),
    close: () => {
      closing ??= closeWorker(worker, channel, gone);
      return closing;
    },
  };
}

function plainNews({ orders, fills, readTo }: JournalNews): PlainNews {
  return {
    orders: orders.map((note) => ({
      ...note,
      filledQty: decimalText(note.filledQty),
      filledAvgPrice: note.filledAvgPrice === null ? null : decimalText(note.filledAvgPrice),
    })),
    fills: fills.map((fill) => ({ ...fill, qty: decimalText(fill.qty), price: decimalText(fill.price), cumQty: decimalText(fill.cumQty) })),
    readTo: readTo ?? null,
  };
}

async function closeWorker(worker: Worker, channel: Channel, gone: Promise<void>): Promise<void> {
  try {
    await channel.ask("close", null, AbortSignal.timeout(1500));
    await abortable(gone, AbortSignal.timeout(500));
  } catch {
    await worker.terminate();
  }
}

function unopened(path: string, error: PlainError): TradingError {
  if (error.code !== "store-unopened") return TradingError.fromPlain(error);
  return new TradingError("store-unopened", `The store ${path} cannot be opened: ${error.message}.`, {
    hint: "Check that the folder is writable and the disk is not full, or give another one with --home DIR.",
  });
}
