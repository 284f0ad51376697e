/** One scan with given scanners: the symbols, the tools, the run, the merged list. Keeps nothing. */
import type { Clock } from "../base/clock.ts";
import { TradingError } from "../base/errors.ts";
import { FlightCache } from "../base/flightCache.ts";
import type { Log } from "../base/log.ts";
import { withDeadline } from "../base/scope.ts";
import type { MarketData, PricesOfThePast, PublicData } from "../domain/ports.ts";
import type { MergedCandidate, ScanResult, ToolCall } from "../domain/research.ts";
import type { Breaker } from "./breaker.ts";
import { mergeCandidates } from "./candidates.ts";
import { runScanners, type RunnableScanner } from "./executor.ts";
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
  /** Where circuits are kept from one process to the next; only in memory when absent. */
  readonly circuitsFile?: string;
  /** Circuits of the sources, by name; never waits. */
  readonly sourceCircuits?: () => ScanResult["sources"];
}

/** Kept answers of one scan's tools. */
const CACHE_ENTRIES = 1000;
/** The list of symbols to look at; the scanners wait for it. */
const UNIVERSE_MS = 10_000;

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
  /** The day in the past that is looked at. */
  readonly past?: PricesOfThePast | undefined;
  /** Take every symbol for one. */
  readonly anySymbol?: boolean;
}

/** Runs these scanners and merges what they found; keeps nothing. */
export async function scanWith(
  scanners: readonly RunnableScanner[],
  options: ScanRunnerOptions,
  mode: ScanMode,
  signal: AbortSignal,
): Promise<{ readonly at: number; readonly result: ScanResult }> {
  const startedAt = performance.now();
  const at = options.clock.now();
  const data = mode.past?.data ?? options.data;
  const toolLog: ToolCall[] = [];
  const tools = (name: string, own: AbortSignal, log: (call: ToolCall) => void) =>
    createScanTools({ data, publicData: options.publicData, cache: mode.cache, startedAt }, name, own, log);
  const [known, universe] = await Promise.all([
    mode.past === undefined ? lastSymbols(options, signal) : new Set<string>(),
    findUniverse(
      mode.past?.symbols ?? options.universe,
      (own) => tools("universe", own, (call) => toolLog.push(call)),
      Math.min(mode.timeoutMs, UNIVERSE_MS),
      signal,
    ),
  ]);
  if (universe.missing !== undefined) mode.onLine(`There are no symbols to look at: ${universe.missing}`);
  const asOf = mode.past?.asOf ?? (data.simulated ? await simulatedTime(data, universe.symbols, mode, signal) : undefined) ?? at;
  const findings = await runScanners(
    scanners,
    {
      ...mode,
      state: { universe: universe.symbols, asOf },
      thresholds: options.settings.thresholds,
      tools,
      unmet: (needs) =>
        unmetNeed(needs, { keys: options.keys, noUniverse: universe.missing, publicData: options.publicData, pricesOnly: mode.past !== undefined }),
      unknownSymbols: (symbols, own) => (mode.anySymbol === true ? Promise.resolve(new Set()) : unknownSymbols(symbols, data, mode.cache, own)),
      startedAt,
    },
    signal,
  );
  for (const found of findings) toolLog.push(...found.toolLog);
  const candidates = mergeCandidates(
    findings.map((found) => ({ scanner: found.run.name, candidates: found.candidates })),
    known,
  );
  const foundSymbols = new Set(candidates.map(({ symbol }) => symbol));
  return {
    at,
    result: {
      mode: mode.concurrent ? "concurrent" : "sequential",
      durationMs: Math.round((performance.now() - startedAt) * 1000) / 1000,
      scanners: findings.map(({ run }) => run),
      candidates,
      toolLog,
      simulated: data.simulated || (mode.past === undefined && options.publicData?.simulated === true),
      asOf: new Date(asOf).toISOString(),
      sources: mode.past === undefined ? { ...options.sourceCircuits?.(), ...options.publicData?.circuits() } : {},
      gone: [...known].filter((symbol) => !foundSymbols.has(symbol)).sort(),
    },
  };
}

/** Symbols that the market does not list; none when it cannot be asked. Pairs of currencies are not listed as assets. */
async function unknownSymbols(symbols: readonly string[], data: MarketData, cache: FlightCache, signal: AbortSignal): Promise<ReadonlySet<string>> {
  try {
    const { value: known } = await cache.get("assets", signal, async (own) => new Set((await data.assets(own)).map(({ symbol }) => symbol)));
    return known.size === 0 ? new Set() : new Set(symbols.filter((symbol) => !symbol.includes("/") && !known.has(symbol)));
  } catch {
    signal.throwIfAborted();
    return new Set();
  }
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
