/** One scan with given scanners: the symbols, the tools, the run, the merged list. Keeps nothing. */
import type { Clock } from "../base/clock.ts";
import { TradingError } from "../base/errors.ts";
import { FlightCache } from "../base/flightCache.ts";
import type { Log } from "../base/log.ts";
import { withDeadline } from "../base/scope.ts";
import type { MarketData, PublicData } from "../domain/ports.ts";
import type { MergedCandidate, ScanResult, ToolCall } from "../domain/research.ts";
import type { ScannerDefinition } from "../domain/scanner.ts";
import type { Breaker } from "./breaker.ts";
import { mergeCandidates } from "./candidates.ts";
import { runScanners } from "./executor.ts";
import { unmetNeed } from "./needs.ts";
import type { ScanSettings } from "./selection.ts";
import { createScanTools } from "./tools.ts";
import { findUniverse } from "./universe.ts";

export interface ScanRunnerOptions {
  readonly data: MarketData;
  /** Companies' data; without it what needs it is skipped. */
  readonly publicData?: PublicData;
  readonly settings: ScanSettings;
  lastScanSymbols(signal: AbortSignal): Promise<ReadonlySet<string>>;
  saveScan(at: number, candidates: readonly MergedCandidate[], signal: AbortSignal): Promise<void>;
  /** Names of the keys that are set, never their values. */
  readonly keys: ReadonlySet<string>;
  readonly log: Log;
  readonly clock: Clock;
  /** Symbols to look at; without it the day's most active ones and movers. */
  readonly universe?: readonly string[];
}

/** Kept answers of one scan's tools. */
const CACHE_ENTRIES = 1000;

export function scanCache(deadlineMs: number): FlightCache {
  // Longer than any scan: within one scan a question has one answer.
  return new FlightCache({ capacity: CACHE_ENTRIES, ttlMs: 3_600_000, deadlineMs, now: () => performance.now() });
}

export interface ScanMode {
  readonly concurrent: boolean;
  readonly maxWorkers: number;
  readonly timeoutMs: number;
  readonly breaker: Breaker;
  readonly cache: FlightCache;
  readonly onLine: (line: string) => void;
}

/** Runs these scanners and merges what they found; keeps nothing. */
export async function scanWith(
  scanners: readonly ScannerDefinition[],
  options: ScanRunnerOptions,
  mode: ScanMode,
  signal: AbortSignal,
): Promise<{ readonly at: number; readonly result: ScanResult }> {
  const startedAt = performance.now();
  const at = options.clock.now();
  const toolLog: ToolCall[] = [];
  const tools = (name: string, own: AbortSignal, log: (call: ToolCall) => void) =>
    createScanTools({ data: options.data, publicData: options.publicData, cache: mode.cache, startedAt }, name, own, log);
  const [known, universe] = await Promise.all([
    lastSymbols(options, signal),
    findUniverse(options.universe, (own) => tools("universe", own, (call) => toolLog.push(call)), mode.timeoutMs, signal),
  ]);
  const asOf = (options.data.simulated ? await simulatedTime(options.data, universe.symbols, mode, signal) : undefined) ?? at;
  const findings = await runScanners(
    scanners,
    {
      ...mode,
      state: { universe: universe.symbols, asOf },
      thresholds: options.settings.thresholds,
      tools,
      unmet: (needs) => unmetNeed(needs, { keys: options.keys, noUniverse: universe.missing, publicData: options.publicData }),
      startedAt,
    },
    signal,
  );
  for (const found of findings) toolLog.push(...found.toolLog);
  return {
    at,
    result: {
      mode: mode.concurrent ? "concurrent" : "sequential",
      durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
      scanners: findings.map(({ run }) => run),
      candidates: mergeCandidates(
        findings.map(({ run, candidates }) => ({ scanner: run.name, candidates })),
        known,
      ),
      toolLog,
      simulated: options.data.simulated || options.publicData?.simulated === true,
    },
  };
}

/** A simulated market has a clock of its own, which its latest quotes tell. */
async function simulatedTime(data: MarketData, symbols: readonly string[], { cache, timeoutMs }: ScanMode, signal: AbortSignal): Promise<number | undefined> {
  const first = symbols[0];
  if (first === undefined) return undefined;
  try {
    const quotes = await withDeadline("The latest quote", timeoutMs, signal, (own) => cache.get(`quote ${first}`, own, (inner) => data.quotes([first], inner)));
    return quotes.value.get(first)?.at;
  } catch {
    signal.throwIfAborted();
    return undefined; // the scanners will say what is wrong with the source
  }
}

/** Without its history a scan still finds candidates; all of them are new then. */
async function lastSymbols({ lastScanSymbols, log }: ScanRunnerOptions, signal: AbortSignal): Promise<ReadonlySet<string>> {
  try {
    return await lastScanSymbols(signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`The last scan cannot be read: ${TradingError.from(error, "store-failed").message}`);
    return new Set();
  }
}
