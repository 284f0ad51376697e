/** What is kept: runs, results, sources, the dashboard's rows. */
import type { TradingError } from "../../base/errors.ts";
import type { BacktestRequest, BacktestResult, BacktestStats, Params } from "../backtest.ts";
import type { DatasetInfo } from "../bars.ts";
import type { BacktestSpec } from "../desk.ts";
import type { Reason } from "../orders.ts";
import type { MergedCandidate } from "../research.ts";
import type { KnownCombinations, SweepSpec } from "../sweep.ts";
import type { AuditRow, JournalledOrder, OrderJournal, StoredFill, StoredLimits } from "./broker.ts";
import type { RequestBucket } from "./net.ts";

export interface RunRow {
  readonly runHash: string;
  readonly at: number;
  /** "cli", "cell", "demo", "extension", "sweep", "walk-forward". */
  readonly front: string;
  readonly strategy: string;
  readonly params: string;
  readonly dataset: string;
  readonly datasetHash: string;
  readonly sharpe: number | null;
  readonly totalReturnPct: number;
  readonly maxDrawdownPct: number;
  readonly trades: number;
  readonly durationMs: number;
  readonly simulated: boolean;
  /** Backtests that this row stands for: 1 (also when absent), the combinations of a sweep, whose best the row then shows, or 0 for a stored result that was only looked up. */
  readonly trials?: number;
  /** Which cell, command or agent asked: "cell:<notebook>#<cell>"; absent when it is only known by its front. */
  readonly origin?: string;
  /** SHA-256 of the strategy's file and what it imports; absent for a built-in strategy. */
  readonly codeHash?: string;
}

/** A run with everything needed to run it again. */
export interface RunRecord extends RunRow {
  /** Null for runs of an older version. */
  readonly details: RunDetails | null;
}

export interface RunDetails {
  readonly kind: "backtest" | "sweep";
  /** As it was asked for: references, names and paths. */
  readonly spec: BacktestSpec | SweepSpec;
  /** As it was run, every default filled in; canonical. */
  readonly request: BacktestRequest;
  readonly engine: string;
  /** Of the best, for a sweep; null when nothing succeeded. */
  readonly stats: BacktestStats | null;
  readonly dataset: DatasetInfo;
}

/** A run to be stored. */
export interface NewRun extends RunRow {
  readonly details?: RunDetails;
  /** The text behind `codeHash`, where it is one file; kept once. */
  readonly code?: string;
}

export interface RunQuery {
  /** 50 when absent. */
  readonly limit?: number;
  readonly offset?: number;
  /** By time, newest first (default), or by Sharpe ratio without the undefined ones, highest first. */
  readonly sort?: "recent" | "sharpe";
  readonly strategy?: string;
  /** A data set's name, or its hash. */
  readonly data?: string;
  readonly front?: string;
}

/** Something that a scanner, analyst or agent read. */
export interface SourceItem {
  readonly kind: "news" | "post" | "filing";
  readonly title: string;
  /** http or https; empty when the source has none. */
  readonly url: string;
  /** Who published it. */
  readonly source: string;
  readonly symbols: readonly string[];
  /** When it was published, UTC milliseconds. */
  readonly at: number;
  /** Which scanner, analyst or agent read it. */
  readonly readBy: string;
}

/** Of everything stored. */
export interface StoredStatistics {
  /** Rows of the ledger. */
  readonly results: number;
  /** Every combination of a sweep counted. */
  readonly trials: number;
  readonly withSharpe: number;
  readonly meanSharpe: number | null;
  readonly bestSharpe: number | null;
  /** Results with a return above zero. */
  readonly profitable: number;
  readonly meanDurationMs: number | null;
}

export interface DashboardData {
  /** Every combination of a sweep counted. */
  readonly runs: number;
  readonly statistics: StoredStatistics;
  readonly best: readonly RunRow[];
  readonly recent: readonly RunRow[];
  /** The 20 latest. */
  readonly sources: readonly SourceItem[];
  readonly equity: ReadonlyArray<{ readonly at: number; readonly equity: number }>;
  readonly candidates: readonly MergedCandidate[];
}

/** What `Store.onChange` tells. */
export type StoredChange = "runs" | "equity" | "scan" | "sources";

/**
 * Results of earlier runs, by a hash of everything that shapes them (request, data, strategy code with its imports, engine).
 * Bounded: the oldest go. Nobody needs what is in it: a miss is run.
 */
export interface ResultCache {
  /** With its equity curve where the request asks for one. */
  result(requestHash: string, withEquity: boolean, signal: AbortSignal): Promise<BacktestResult | null>;
  /** Those of `requestHashes` that are known, in their places. */
  results(requestHashes: readonly string[], withEquity: boolean, signal: AbortSignal): Promise<ReadonlyArray<BacktestResult | null>>;
  keepResults(results: ReadonlyArray<{ readonly requestHash: string; readonly result: BacktestResult }>, signal: AbortSignal): Promise<void>;
  /** Every combination known under `key`, from all sweeps; null when there is none. */
  combinations(key: string, signal: AbortSignal): Promise<KnownCombinations | null>;
  keepCombinations(kept: KeptCombinations, signal: AbortSignal): Promise<void>;
  /** Combinations of a strategy on some bars, newest sweeps first: what its parameters' neighbourhood is drawn from. */
  neighbourhood(strategy: string, datasetHash: string | null, signal: AbortSignal): Promise<readonly KeptCombinations[]>;
}

export interface KeptCombinations {
  readonly key: string;
  readonly at: number;
  readonly strategy: string;
  readonly dataset: string;
  readonly datasetHash: string;
  /** The parameters that stayed as they are. */
  readonly fixed: Params;
  readonly combinations: KnownCombinations;
}

export interface Store {
  /** Looking works, results are not kept, orders are refused for this: a newer Quantdesk has changed it (`store-too-new`), or it cannot be written (`store-unwritable`). */
  readonly readOnly: TradingError | null;
  readonly journal: OrderJournal;
  requestBucket(name: string, perMinute: number): RequestBucket;
  readonly cache: ResultCache;
  /**
   * One transaction, whole or not at all. When the database does not take it, twice, the rows go to a file beside it and
   * into the database later, once. Throws when they are not sound or can be kept nowhere.
   */
  addRuns(rows: readonly NewRun[], signal: AbortSignal): Promise<void>;
  addEquity(account: string, at: number, equity: number, signal: AbortSignal): Promise<void>;
  addScan(at: number, candidates: readonly MergedCandidate[], signal: AbortSignal): Promise<void>;
  /** Symbols of the last scan before now: what is not among them is new. */
  lastScanSymbols(signal: AbortSignal): Promise<ReadonlySet<string>>;
  dashboard(account: string | null, signal: AbortSignal): Promise<DashboardData>;
  runs(query: RunQuery, signal: AbortSignal): Promise<readonly RunRow[]>;
  /** Runs whose hash begins with `hash` (at least 6 digits), newest first, at most 50. */
  runsByHash(hash: string, signal: AbortSignal): Promise<readonly RunRecord[]>;
  /** The text of a strategy file as it was when something was run with it; null when it was not kept. */
  strategyText(codeHash: string, signal: AbortSignal): Promise<string | null>;
  /** What was read; an item that is known by its address (or, without one, title and source) is kept once. */
  addSources(items: readonly SourceItem[], signal: AbortSignal): Promise<void>;
  /** Backtests ever run on these bars, from any front, every combination of a sweep counted. */
  trialsOn(datasetHash: string, signal: AbortSignal): Promise<number>;
  killSwitch(account: string, change: "on" | "off" | null, signal: AbortSignal): Promise<boolean>;
  /** Sets limits for every process on this state folder; null takes them away. */
  setLimits(account: string, limits: Omit<StoredLimits, "version"> | null, reason: Reason, signal: AbortSignal): Promise<void>;
  /** The audit log, newest first; of all accounts when null. `before` is an id, for the next page. */
  audit(account: string | null, page: { readonly limit: number; readonly before?: number }, signal: AbortSignal): Promise<readonly AuditRow[]>;
  /** Journalled orders, newest first. */
  journalledOrders(account: string | null, limit: number, signal: AbortSignal): Promise<readonly JournalledOrder[]>;
  /** Null when the journal has no order of that id. */
  journalledOrder(clientOrderId: string, signal: AbortSignal): Promise<JournalledOrder | null>;
  /** Every fill known of the account, oldest first, in pages. */
  fills(account: string, page: { readonly limit: number; readonly offset?: number }, signal: AbortSignal): Promise<readonly StoredFill[]>;
  onChange(listener: (what: StoredChange) => void): () => void;
  close(): Promise<void>;
}
