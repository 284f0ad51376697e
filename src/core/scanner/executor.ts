/**
 * scanner: runs scanners side by side, each on its own frozen copy of the state, with its own tool log, deadline and circuit.
 * Imports base and domain. Is given: MarketData, Clock, the last scan's symbols and where to keep this one.
 * Knows nothing of HTTP, VS Code, settings files or orders.
 */
import { TradingError } from "../base/errors.ts";
import { abortable, Scope } from "../base/scope.ts";
import type { Candidate, ScannerRun, ToolCall } from "../domain/research.ts";
import type { ScanState, ScannerDefinition, ScanTools, Thresholds } from "../domain/scanner.ts";
import type { Breaker } from "./breaker.ts";
import { parseCandidates } from "./candidates.ts";
import { brief, finishLine, startLine } from "./lines.ts";

export interface RunnableScanner extends ScannerDefinition {
  /** Under which its failures are counted; its name when absent. */
  readonly circuit?: string;
}

export interface ExecutorOptions {
  readonly concurrent: boolean;
  readonly maxWorkers: number;
  /** Per scanner, from its own start. */
  readonly timeoutMs: number;
  readonly state: Omit<ScanState, "settings">;
  /** Thresholds of a scanner by its name, as the settings have them; its own stand where they say nothing. */
  readonly thresholds: (scanner: string) => Thresholds;
  /** Tools that end with `signal` and tell `log` of each call. */
  readonly tools: (scanner: string, signal: AbortSignal, log: (call: ToolCall) => void) => ScanTools;
  /** Why a scanner with these needs cannot run; undefined when it can. */
  readonly unmet: (needs: readonly string[]) => { readonly reason: string; readonly remedy: string } | undefined;
  readonly breaker: Breaker;
  /** Those of the symbols that nothing is traded as. */
  readonly unknownSymbols: (symbols: readonly string[], signal: AbortSignal) => Promise<ReadonlySet<string>>;
  readonly onLine: (line: string) => void;
  /** `performance.now()` of the scan's start: times in the result count from it. */
  readonly startedAt: number;
}

export interface ScannerFindings {
  readonly run: ScannerRun;
  readonly candidates: readonly Candidate[];
  readonly toolLog: readonly ToolCall[];
}

/** One entry per scanner in the order given, whichever finished first. Rejects only when `signal` aborts. */
export async function runScanners(scanners: readonly RunnableScanner[], options: ExecutorOptions, signal: AbortSignal): Promise<readonly ScannerFindings[]> {
  options.onLine(startLine(scanners.length, options));
  const findings: ScannerFindings[] = new Array(scanners.length);
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < scanners.length; index = next++) {
      signal.throwIfAborted();
      const found = await runOne(scanners[index] as RunnableScanner, options, signal);
      signal.throwIfAborted();
      findings[index] = found;
      options.onLine(finishLine(found.run, options.timeoutMs));
    }
  };
  const workers = options.concurrent ? Math.min(options.maxWorkers, scanners.length) : 1;
  await Promise.all(Array.from({ length: workers }, worker));
  return findings;
}

async function runOne(scanner: RunnableScanner, options: ExecutorOptions, signal: AbortSignal): Promise<ScannerFindings> {
  const { name, pipeline, circuit = name } = scanner;
  const { breaker, startedAt } = options;
  const begun = performance.now();
  const toolLog: ToolCall[] = [];
  const end = (
    status: ScannerRun["status"],
    error: string | null,
    candidates: readonly Candidate[] = [],
    unknown: readonly string[] = [],
  ): ScannerFindings => ({
    run: {
      name,
      pipeline,
      status,
      candidates: candidates.length,
      durationMs: round(performance.now() - begun),
      startedMs: round(begun - startedAt),
      error,
      circuit: breaker.state(circuit),
      ...(unknown.length === 0 ? {} : { unknownSymbols: unknown }),
    },
    candidates,
    toolLog: [...toolLog], // what a stopped scanner's tools still say comes too late
  });
  const unmet = options.unmet(scanner.needs);
  if (unmet !== undefined) return end("skipped", `${unmet.reason}: ${unmet.remedy}`);
  const openUntil = breaker.admit(circuit);
  if (openUntil !== null) return end("open-circuit", `circuit open until ${new Date(openUntil).toISOString()}`);

  const scope = new Scope({ name, deadlineMs: options.timeoutMs, signal });
  try {
    const tools = options.tools(name, scope.signal, (call) => toolLog.push(call));
    const answer: unknown = await abortable(Promise.resolve(scanner.scan(stateOf(scanner, options), tools)), scope.signal);
    const { candidates, unknown } = await withKnownSymbols(parseCandidates(answer), options, scope.signal);
    breaker.succeeded(circuit);
    return end("ok", null, candidates, unknown);
  } catch (error) {
    if (signal.aborted) {
      breaker.cancelled(circuit);
      return end("error", "cancelled");
    }
    breaker.failed(circuit);
    if (scope.signal.aborted) return end("timeout", `timeout after ${options.timeoutMs / 1000}s`);
    return end("error", brief(TradingError.from(error, "scanner-failed")));
  } finally {
    await scope.close();
  }
}

/** A symbol that vanished leaves only itself out; a scanner that knows no symbol at all answers rubbish. */
async function withKnownSymbols(
  found: readonly Candidate[],
  { state, unknownSymbols }: ExecutorOptions,
  signal: AbortSignal,
): Promise<{ readonly candidates: readonly Candidate[]; readonly unknown: readonly string[] }> {
  const looked = new Set(state.universe);
  const others = found.map(({ symbol }) => symbol).filter((symbol) => !looked.has(symbol));
  const unknown = others.length === 0 ? new Set<string>() : await unknownSymbols(others, signal);
  const candidates = found.filter(({ symbol }) => !unknown.has(symbol));
  if (found.length > 0 && candidates.length === 0) {
    throw new TradingError("scanner-garbage", `candidate 1: ${found[0]?.symbol} is no symbol that this market knows`);
  }
  return { candidates, unknown: [...unknown] };
}

/** A scanner may not change the state, nor see another's. */
function stateOf(scanner: ScannerDefinition, { state, thresholds }: ExecutorOptions): ScanState {
  const universe = Object.freeze([...state.universe]);
  return Object.freeze({ universe, asOf: state.asOf, settings: Object.freeze({ ...scanner.thresholds, ...thresholds(scanner.name) }) });
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
