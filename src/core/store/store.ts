/**
 * store: orders and results in two SQLite files, each in a worker thread, since SQLite is synchronous and a session lives
 * in the extension host: the journal of orders never waits for results. Several processes may have the same files open.
 * Imports base and domain. Knows nothing of the exchange, of VS Code or of what the rows mean.
 */
import { Worker } from "node:worker_threads";
import { Channel } from "../base/channel.ts";
import { childEnv } from "../base/childEnv.ts";
import { Emitter } from "../base/emitter.ts";
import { entryPath } from "../base/entry.ts";
import { TradingError, type PlainError } from "../base/errors.ts";
import { abortable } from "../base/scope.ts";
import { Big, decimalText } from "../base/decimal.ts";
import type { Alarm, Fill, Reason } from "../domain/orders.ts";
import type {
  AlarmChange,
  AuditRow,
  DashboardData,
  Granted,
  HeldQuantity,
  JournalBegun,
  JournalEntry,
  JournalledOrder,
  JournalNews,
  RequestRate,
  Store,
  StoredChange,
  StoredFill,
  StoredLimits,
  UnsettledEntry,
} from "../domain/ports.ts";
import { closeWorker } from "./closeWorker.ts";
import { openResults } from "./results.ts";
import type { PlainBook, PlainHeld, PlainSplit } from "./books.ts";
import type { LimitValues, PlainNews } from "./journal.ts";
import type { MergedCandidate } from "../domain/research.ts";

/** What the worker answers. */
export interface StoreCalls {
  readonly addEquity: { readonly argument: { readonly account: string; readonly at: number; readonly equity: number }; readonly answer: void };
  readonly addScan: { readonly argument: { readonly at: number; readonly candidates: readonly MergedCandidate[] }; readonly answer: void };
  readonly lastScan: { readonly argument: null; readonly answer: readonly MergedCandidate[] };
  readonly equity: { readonly argument: string; readonly answer: DashboardData["equity"] };
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
  readonly killPending: {
    readonly argument: { readonly account: string; readonly add: readonly string[]; readonly ended: readonly string[] };
    readonly answer: readonly string[];
  };
  readonly journalOwn: {
    readonly argument: { readonly account: string; readonly orders: ReadonlyArray<{ readonly id: string; readonly clientOrderId: string }> };
    readonly answer: readonly string[];
  };
  readonly journalOpenLegs: { readonly argument: string; readonly answer: readonly string[] };
  readonly journalBooks: { readonly argument: string; readonly answer: readonly PlainBook[] | null };
  readonly alarms: { readonly argument: string; readonly answer: readonly Alarm[] };
  readonly changeAlarms: { readonly argument: { readonly account: string; readonly change: AlarmChange }; readonly answer: readonly Alarm[] };
  readonly bookSplits: {
    readonly argument: { readonly account: string; readonly splits: readonly PlainSplit[] };
    readonly answer: { readonly booked: readonly string[]; readonly raised: readonly Alarm[] };
  };
  readonly acknowledge: {
    readonly argument: { readonly account: string; readonly positions: readonly PlainHeld[]; readonly reason: Reason };
    readonly answer: readonly Alarm[];
  };
  readonly takeRequests: { readonly argument: RequestRate & { readonly name: string }; readonly answer: Granted };
  readonly tellRequests: {
    readonly argument: { readonly name: string; readonly perMinute: number; readonly remaining: number | null; readonly pausedUntil: number | null };
    readonly answer: void;
  };
  readonly limits: { readonly argument: string; readonly answer: StoredLimits | null };
  readonly setLimits: { readonly argument: { readonly account: string; readonly limits: LimitValues | null; readonly reason: Reason }; readonly answer: void };
  readonly audit: {
    readonly argument: { readonly account: string | null; readonly limit: number; readonly before: number | null };
    readonly answer: readonly AuditRow[];
  };
}

/**
 * Opens (and makes, where absent) the database of orders at `path`; one that a newer Quantdesk has changed, or that cannot be written, is only read.
 * Throws `store-unopened`, `home-in-use` (an older Quantdesk has it open) or `store-not-migrated`. The results are in a file
 * beside it, which is opened when it is first needed: `warn` is told in one sentence when something is wrong with it.
 */
export async function openStore(path: string, signal: AbortSignal, warn: (sentence: string) => void = () => undefined): Promise<Store> {
  const worker = new Worker(entryPath("storeWorker"), { workerData: { path }, env: childEnv(), stdout: false, stderr: false });
  const channel = new Channel({ post: (message) => worker.postMessage(message), onMessage: (listener) => worker.on("message", listener) });
  const changes = new Emitter<StoredChange>();
  const gone = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  worker.on("error", (error) => channel.close(TradingError.from(error, "store-failed")));
  void gone.then(() => channel.close(new TradingError("store-closed", "The store is closed.")));
  const ready = new Promise<{ readonly readOnly: PlainError | null }>((resolve, reject) => {
    channel.on("ready", (opened) => resolve(opened as { readonly readOnly: PlainError | null }));
    channel.on("failed", (error) => reject(unopened(path, error as PlainError)));
    worker.once("error", (error) => reject(unopened(path, TradingError.from(error, "store-unopened").toPlain())));
  });
  channel.on("changed", () => changes.emit("equity"));
  let readOnly: PlainError | null;
  try {
    ({ readOnly } = await abortable(ready, signal));
  } catch (error) {
    await worker.terminate();
    throw error;
  }

  const ask = <K extends keyof StoreCalls>(name: K, argument: StoreCalls[K]["argument"], caller: AbortSignal) =>
    channel.ask(name, argument, caller) as Promise<StoreCalls[K]["answer"]>;
  const results = openResults({ path: path.replace(/(\.sqlite)?$/, "-results.sqlite"), before: path, warn, onChange: () => changes.emit("runs") });
  let closing: Promise<void> | undefined;
  const open = new AbortController();

  return {
    readOnly: readOnly === null ? null : TradingError.fromPlain(readOnly),
    requestBucket: (name, perMinute) => ({
      take: (rate) => ask("takeRequests", { ...rate, name }, open.signal),
      tell: (news) => void ask("tellRequests", { ...news, name, perMinute }, open.signal).catch(() => undefined), // the next answer says it again
    }),
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
      killPending: (account, { add = [], ended = [] }, caller) => ask("killPending", { account, add, ended }, caller),
      own: async (account, orders, caller) => {
        const asked = orders.map(({ id, clientOrderId }) => ({ id, clientOrderId }));
        return new Set(asked.length === 0 ? [] : await ask("journalOwn", { account, orders: asked }, caller));
      },
      openLegs: (account, caller) => ask("journalOpenLegs", account, caller),
      books: async (account, caller) => {
        const books = await ask("journalBooks", account, caller);
        return books === null ? null : books.map(({ symbol, qty, ownQty }) => ({ symbol, qty: new Big(qty), ownQty: new Big(ownQty) }));
      },
      alarms: (account, caller) => ask("alarms", account, caller),
      changeAlarms: (account, change, caller) => ask("changeAlarms", { account, change }, caller),
      bookSplits: (account, splits, caller) => {
        const plain = splits.map((split) => ({ ...split, expected: decimalText(split.expected), found: decimalText(split.found) }));
        return ask("bookSplits", { account, splits: plain }, caller);
      },
      acknowledge: (account, positions, reason, caller) => ask("acknowledge", { account, positions: positions.map(plainHeld), reason }, caller),
    },
    cache: {
      result: async (hash, withEquity, caller) => (await results.ask("results", { hashes: [hash], withEquity }, caller))[0] ?? null,
      results: (hashes, withEquity, caller) => results.ask("results", { hashes, withEquity }, caller),
      keepResults: async (kept, caller) => {
        if (readOnly === null) await results.ask("keepResults", { at: Date.now(), results: kept }, caller);
      },
      combinations: (key, caller) => results.ask("combinations", key, caller),
      keepCombinations: async (kept, caller) => {
        if (readOnly === null) await results.ask("keepCombinations", kept, caller);
      },
      neighbourhood: (strategy, datasetHash, caller) => results.ask("neighbourhood", { strategy, datasetHash }, caller),
    },
    addRuns: async (rows, caller) => {
      if (readOnly !== null) return;
      await results.ask("addRuns", rows, caller);
      changes.emit("runs");
    },
    addSources: async (items, caller) => {
      if (readOnly === null && (await results.ask("addSources", items, caller)) > 0) changes.emit("sources");
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
    dashboard: async (account, caller) => {
      const [figures, equity, candidates] = await Promise.all([
        results.ask("dashboard", null, caller),
        account === null ? [] : ask("equity", account, caller),
        ask("lastScan", null, caller),
      ]);
      return { ...figures, equity, candidates };
    },
    runs: (query, caller) => results.ask("runs", query, caller),
    runsByHash: (hash, caller) => results.ask("runsByHash", hash, caller),
    strategyText: (codeHash, caller) => results.ask("strategyText", codeHash, caller),
    trialsOn: (datasetHash, caller) => results.ask("trialsOn", datasetHash, caller),
    killSwitch: (account, change, caller) => ask("killSwitch", { account, change, reason: null }, caller),
    setLimits: (account, limits, reason, caller) => ask("setLimits", { account, limits, reason }, caller),
    audit: (account, page, caller) => ask("audit", { account, limit: page.limit, before: page.before ?? null }, caller),
    journalledOrders: (account, limit, caller) => ask("journalOrders", { account, limit }, caller),
    journalledOrder: (clientOrderId, caller) => ask("journalOrder", clientOrderId, caller),
    fills: (account, page, caller) => ask("fills", { account, limit: page.limit, offset: page.offset ?? 0 }, caller),
    onChange: (listener) => {
      results.watch();
      return changes.on(listener);
    },
    close: () => {
      open.abort();
      closing ??= Promise.all([closeWorker(worker, channel, gone), results.close()]).then(() => undefined);
      return closing;
    },
  };
}

function plainHeld({ symbol, qty }: HeldQuantity): PlainHeld {
  return { symbol, qty: decimalText(qty) };
}

function plainNews({ orders, fills, readTo, baseline }: JournalNews): PlainNews {
  return {
    orders: orders.map((note) => ({
      ...note,
      filledQty: decimalText(note.filledQty),
      filledAvgPrice: note.filledAvgPrice === null ? null : decimalText(note.filledAvgPrice),
    })),
    fills: fills.map((fill) => ({ ...fill, qty: decimalText(fill.qty), price: decimalText(fill.price), cumQty: decimalText(fill.cumQty) })),
    readTo: readTo ?? null,
    baseline: baseline === undefined ? null : { since: baseline.since, positions: baseline.positions.map(plainHeld) },
  };
}

function unopened(path: string, error: PlainError): TradingError {
  if (error.code === "store-damaged")
    return new TradingError("store-unopened", `The store ${path} cannot be opened: it is damaged (${error.message}).`, {
      hint: "It keeps the journal of orders, so no new one is begun by itself: put a copy of it back, or move it away and look at your orders and positions.",
    });
  if (error.code !== "store-unopened") return TradingError.fromPlain(error);
  return new TradingError("store-unopened", `The store ${path} cannot be opened: ${error.message}.`, {
    hint: "Check that the folder is writable and the disk is not full, or give another one with --home DIR.",
  });
}
