/**
 * The composition root: the only file that knows all the rooms. Two sessions in one process share nothing.
 */
import type { Config, ConfigSource, SettingKey, SettingValue } from "./config/schema.ts";
import type { AnalystRunner, Backtester, Broker, ConnectionState, LagStats, MarketData, ScanOptions, ScanRunner, Store } from "./domain/ports.ts";
import type { Account, Order, OrderIntent, RefusalCode, TradingMode } from "./domain/orders.ts";
import type { Analysis, ScanResult } from "./domain/research.ts";
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult, EngineName, Params, Sizing } from "./domain/backtest.ts";
import type { Dataset, Timeframe } from "./domain/bars.ts";
import type { Log } from "./base/log.ts";

export interface SessionOptions {
  /** State folder; the platform's data directory when absent. */
  readonly home?: string;
  /** Folder whose quantdesk.json is read; none when absent. */
  readonly workspace?: string;
  /** Values with their source, on top of defaults, quantdesk.json and environment. */
  readonly overrides?: ReadonlyArray<{ readonly key: SettingKey; readonly value: SettingValue; readonly source: Extract<ConfigSource, "vscode" | "flag"> }>;
  /** Keys from SecretStorage; the environment's when absent. */
  readonly keys?: { readonly keyId: string; readonly secretKey: string };
  /** Which front opened it: shown in the trial ledger and the audit log. */
  readonly front: "cli" | "extension" | "kernel" | "demo" | "test";
  readonly log?: Log;
  /** Seed of the embedded exchange when this session starts one. */
  readonly seed?: number;
  /** Ends the embedded exchange with the session (demo). */
  readonly ownExchange?: boolean;
  /** The one who asks was told that this is live and said yes. */
  readonly live?: { readonly confirmed: boolean };
}

export interface SessionStatus {
  readonly connection: ConnectionState;
  readonly mode: TradingMode;
  readonly simulated: boolean;
  readonly account: Account | null;
  /** Of the process that the session lives in. */
  readonly lag: LagStats;
  readonly at: number;
}

/** A backtest as people ask for it: names and references that the session resolves. */
export interface BacktestSpec {
  /** Path of a CSV file, "sample:sp500", "sample:simulated", or a symbol. */
  readonly data: string;
  /** Built-in name or path of a .ts file. */
  readonly strategy: string;
  readonly params?: Params;
  readonly engine?: EngineName | "auto";
  readonly cash?: number;
  readonly feeRate?: number;
  readonly slippageBps?: number;
  readonly sizing?: Sizing;
  readonly fill?: "next-open" | "close";
  readonly from?: string;
  readonly to?: string;
  readonly periodsPerYear?: number;
  readonly riskFree?: number;
  readonly equity?: boolean;
}

export type Placed =
  | { readonly placed: true; readonly order: Order; readonly warnings: readonly string[] }
  | { readonly placed: false; readonly code: RefusalCode; readonly message: string; readonly hint: string };

/** Everything that Quantdesk can do, for one person in one window or command. */
export interface Session {
  readonly config: Config;
  readonly broker: Broker;
  readonly data: MarketData;
  readonly scanner: ScanRunner;
  readonly analysts: AnalystRunner;
  readonly backtester: Backtester;
  readonly store: Store;
  readonly log: Log;
  /** Never waits. */
  status(): SessionStatus;
  /** At each change and about once a second while connected. */
  onStatus(listener: (status: SessionStatus) => void): () => void;
  connect(signal: AbortSignal): Promise<Account>;
  disconnect(): Promise<void>;
  /** Guards, journal, submit: the one way to an order for every front. */
  placeOrder(intent: OrderIntent, signal: AbortSignal): Promise<Placed>;
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  analyze(symbol: string, options: { readonly analysts?: readonly string[]; readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
  /** A file, a sample or a symbol's bars. */
  dataset(reference: string, options: { readonly timeframe?: Timeframe; readonly from?: string; readonly to?: string }, signal: AbortSignal): Promise<Dataset>;
  /** Runs it and writes it into the trial ledger. */
  backtest(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestResult>;
  backtests(specs: readonly BacktestSpec[], options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void }, signal: AbortSignal): Promise<BatchResult>;
  /** The request that `spec` means, its data set registered. */
  resolve(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestRequest>;
  close(): Promise<void>;
}

export async function openSession(_options: SessionOptions): Promise<Session> {
  throw new Error("not yet");
}
