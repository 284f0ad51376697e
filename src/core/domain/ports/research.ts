/** Scans, analysts and backtests. */
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult } from "../backtest.ts";
import type { Dataset } from "../bars.ts";
import type { Analysis, CircuitState, ScanResult, ScanVerification } from "../research.ts";
import type { Sweep, SweepOptions, SweepRequest } from "../sweep.ts";
import type { WalkForward, WalkForwardRequest } from "../walkForward.ts";
import type { MarketData } from "./data.ts";

export interface ScanOptions {
  /** Names; all enabled ones when absent. */
  readonly scanners?: readonly string[];
  readonly pipeline?: string;
  /** Scanner files of the user; each runs in a process of its own. */
  readonly files?: readonly string[];
  /** Files that were found rather than named: one that is no scanner fails alone instead of refusing the scan. */
  readonly foundFiles?: readonly string[];
  /** Scanners out of cells; the same isolation. */
  readonly sources?: readonly ScannerSource[];
  readonly sequential?: boolean;
  readonly maxWorkers?: number;
  readonly timeoutMs?: number;
  readonly onLine?: (line: string) => void;
  /** Look at these prices instead of the market's; such a scan is not kept, and no circuit counts it. */
  readonly past?: PricesOfThePast;
}

/** A scanner as text. */
export interface ScannerSource {
  readonly name: string;
  readonly pipeline: string;
  readonly needs: readonly string[];
  readonly thresholds?: Readonly<Record<string, number>>;
  /** An expression that evaluates to its `scan` and uses nothing from around it. */
  readonly scan: string;
}

/** What was known of prices at an instant in the past. */
export interface PricesOfThePast {
  readonly asOf: number;
  /** Those that were traded then. */
  readonly symbols: readonly string[];
  /** Shows nothing that was not known at `asOf`. */
  readonly data: MarketData;
}

export interface ScanRunner {
  readonly names: readonly string[];
  /** Circuits of scanners that have failed, by the scanner's name; never waits. */
  circuits(): Readonly<Record<string, CircuitState>>;
  scan(options: ScanOptions, signal: AbortSignal): Promise<ScanResult>;
  /** Scans concurrently and one after another and compares; runs a hanging, a failing and a flooding scanner beside sound ones. Under 20 s. */
  verify(options: Pick<ScanOptions, "maxWorkers" | "timeoutMs" | "onLine">, signal: AbortSignal): Promise<ScanVerification>;
}

export interface AnalystRunner {
  analyze(symbol: string, options: { readonly analysts?: readonly string[]; readonly onLine?: (line: string) => void }, signal: AbortSignal): Promise<Analysis>;
}

/** How busy a backtester is. */
export interface BacktesterLoad {
  /** Backtests that may run at once now: a batch or sweep may have asked for more than is usual. */
  readonly workers: number;
  readonly running: number;
  readonly waiting: number;
  /** Since the start, single ones and those of batches. */
  readonly ended: { readonly ok: number; readonly error: number; readonly timeout: number };
}

export interface Backtester {
  /** Never waits. */
  load(): BacktesterLoad;
  /** Makes a data set known under `key`; its bars cross to the workers once, in shared memory. */
  register(key: string, dataset: Dataset): void;
  run(request: BacktestRequest, signal: AbortSignal): Promise<BacktestResult>;
  /** One entry per request, in request order; `onItem` is called as each finishes. An abort keeps what is done. */
  batch(
    requests: readonly BacktestRequest[],
    options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void },
    signal: AbortSignal,
  ): Promise<BatchResult>;
  /** One strategy over many combinations of its parameters. An abort keeps what is done. Throws bad input for a grid that cannot be read. */
  sweep(request: SweepRequest, options: SweepOptions, signal: AbortSignal): Promise<Sweep>;
  /** Chooses parameters on past bars and tries them on those after, window after window. An abort keeps the windows that are done. */
  walkForward(request: WalkForwardRequest, options: SweepOptions, signal: AbortSignal): Promise<WalkForward>;
  close(): Promise<void>;
}
