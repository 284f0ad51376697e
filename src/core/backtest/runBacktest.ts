/**
 * One backtest from request to result: picks the engine, runs it, counts, hashes. Pure: no process, no file, no clock
 * but the one that measures `durationMs`.
 */
import type { BacktestRequest, BacktestResult, BacktestTrade, EngineName, Params, Sizing } from "../domain/backtest.ts";
import type { BarContext, SignalArray, Signals, StrategyDefinition } from "../domain/strategy.ts";
import { sliceBars, type BarSeries, type Dataset } from "../domain/bars.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import type { LedgerTrade } from "./ledger.ts";
import { runEvent } from "./eventEngine.ts";
import { runSimple, type SimpleOutcome } from "./simpleEngine.ts";
import { runVector, type SignalBytes } from "./vectorEngine.ts";
import { parseParams } from "./params.ts";
import { inferPeriodsPerYear } from "./periods.ts";
import { statistics, tradeReturnPct } from "./statistics.ts";
import { vectorContext } from "./vectorContext.ts";

/** Raised with every change that can change a figure: it is part of the run hash. */
export const ENGINE_VERSION = "1";

/** A strategy and where its code came from; `hash` is of its source text, empty for a built-in. */
export interface LoadedStrategy {
  readonly definition: StrategyDefinition;
  readonly hash: string;
  /** Gives it columns of its own and names this file in its errors. */
  readonly file?: string;
}

export function runBacktest(request: BacktestRequest, strategy: LoadedStrategy, dataset: Dataset): BacktestResult {
  const started = performance.now();
  const definition = strategy.definition;
  const params = parseParams(definition, request.params);
  const bars = between(dataset, request.from, request.to);
  const chosen = chooseEngine(definition, request.engine);
  const { outcome, engine, reason } = runChosen(chosen, { request, strategy, params, bars });
  const periodsPerYear = request.periodsPerYear ?? inferPeriodsPerYear(bars.time);
  const stats = statistics({ ...outcome, time: bars.time, cash: request.cash, periodsPerYear, riskFree: request.riskFree });
  if (!Number.isFinite(stats.finalEquity)) throw new TradingError("not-finite", `${definition.name} on ${dataset.info.name}: the equity is no longer a finite number; the prices differ by too many orders of magnitude.`);
  const iso = (index: number) => new Date(bars.time[index]!).toISOString();
  return {
    schema: "quantdesk.backtest/1",
    strategy: definition.name,
    params,
    engine,
    engineReason: reason,
    dataset: { ...dataset.info, bars: bars.time.length, from: iso(0), to: iso(bars.time.length - 1) },
    costs: { ...request.costs, fill: request.fill, sizing: sizingText(request.sizing) },
    ...(request.fill === "close" ? { sameBarFill: true as const } : {}),
    warnings: warningsOf(request, outcome, bars),
    trades: outcome.trades.map((trade) => publicTrade(trade, iso)),
    stats,
    ...(request.withEquity ? { equity: Array.from(outcome.equity, (value, t) => [iso(t), value] as const) } : {}),
    simulated: dataset.series.simulated,
    runHash: runHash(request, strategy, params, dataset),
    durationMs: performance.now() - started,
  };
}

interface Run {
  readonly request: BacktestRequest;
  readonly strategy: LoadedStrategy;
  readonly params: Params;
  readonly bars: BarSeries;
}

interface Choice {
  readonly engine: EngineName;
  readonly reason: string;
  /** Tried in this order when the engine before it fails for a reason of its own. */
  readonly next: readonly EngineName[];
}

/** `auto` takes the vector engine for strategies with signals(), since it is the fastest, and the event engine for the rest. */
function chooseEngine(definition: StrategyDefinition, asked: EngineName | "auto"): Choice {
  const hasSignals = definition.signals !== undefined;
  if (asked === "auto") {
    return hasSignals
      ? { engine: "vector", reason: "auto: the strategy has signals(), and the vector engine is the fastest that runs them", next: ["event", "simple"] }
      : { engine: "event", reason: "auto: the strategy has only onBar(), which needs the event engine", next: [] };
  }
  if (asked === "event") return { engine: asked, reason: definition.onBar === undefined ? "asked for; the strategy has no onBar(), so its signals() are played bar by bar" : "asked for", next: [] };
  if (!hasSignals) throw badInput("engine-not-possible", `The ${asked} engine needs signals(), which ${definition.name} does not have.`, "Use --engine event or auto.");
  return { engine: asked, reason: "asked for", next: [] };
}

function runChosen(choice: Choice, run: Run): { readonly outcome: SimpleOutcome; readonly engine: EngineName; readonly reason: string } {
  let reason = choice.reason;
  let failure: unknown;
  for (const engine of [choice.engine, ...choice.next]) {
    try {
      return { outcome: runEngine(engine, run), engine, reason };
    } catch (error) {
      // The strategy's own mistake, or bad input, is never hidden by another engine.
      if (error instanceof TradingError) throw error;
      failure = error;
      reason = `auto: the ${engine} engine failed (${error instanceof Error ? error.message : String(error)})`;
    }
  }
  throw failure;
}

function runEngine(engine: EngineName, run: Run): SimpleOutcome {
  const { request, strategy, params, bars } = run;
  switch (engine) {
    case "vector":
      return runVector(bars, signalsOf(run), request);
    case "simple":
      return runSimple(bars, signalsOf(run), request);
    case "event":
      return runEvent(bars, onBarOf(strategy, params) ?? playSignals(signalsOf(run)), params, request);
  }
}

function signalsOf({ strategy, params, bars }: Run): SignalBytes {
  const { definition, file } = strategy;
  const context = vectorContext(bars, { copy: file !== undefined });
  let answer: Signals | undefined;
  try {
    answer = definition.signals?.(context, params);
  } catch (error) {
    throw ownError(error, strategy, "signals()");
  }
  return { entries: bytes(definition.name, "entries", answer?.entries, bars.close.length), exits: bytes(definition.name, "exits", answer?.exits, bars.close.length) };
}

/** Anything but 0, NaN, false and null is a signal. */
function bytes(name: string, what: string, values: SignalArray | undefined, length: number): Uint8Array {
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
  if (!isList) throw new TradingError("strategy-error", `${name}: signals() must answer { entries, exits }, each with one value per bar; ${what} is ${values === undefined ? "missing" : "no array"}.`);
  if (values.length !== length) throw new TradingError("strategy-error", `${name}: ${what} has ${values.length} values for ${length} bars.`, { hint: "Answer arrays of the bars' own length." });
  const out = new Uint8Array(length);
  for (let t = 0; t < length; t++) if (values[t]) out[t] = 1;
  return out;
}

function onBarOf(strategy: LoadedStrategy, params: Params): ((bar: BarContext) => void) | undefined {
  const { definition, file } = strategy;
  if (definition.onBar === undefined) return undefined;
  if (file === undefined) return (bar) => definition.onBar?.(bar, params);
  return (bar) => {
    try {
      definition.onBar?.(bar, params);
    } catch (error) {
      throw ownError(error, strategy, `onBar() at bar ${bar.index}`);
    }
  };
}

function playSignals({ entries, exits }: SignalBytes): (bar: BarContext) => void {
  return (bar) => {
    if (entries[bar.index] === 1) bar.buy();
    if (exits[bar.index] === 1) bar.sell();
  };
}

/** What a strategy throws is its own error: with its file and line, where it has one. */
function ownError(error: unknown, { definition, file }: LoadedStrategy, where: string): TradingError {
  if (error instanceof TradingError) return error;
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const line = file === undefined || !(error instanceof Error) ? undefined : lineOf(error, file);
  const place = file === undefined ? definition.name : `${file}${line === undefined ? "" : `:${line}`}`;
  return new TradingError("strategy-error", `${place}: ${where} failed: ${message}`, { cause: error, data: line === undefined ? {} : { line } });
}

/** Line of `file` nearest to the throw, from the error's stack. */
export function lineOf(error: Error, file: string): number | undefined {
  const name = file.split(/[\\/]/).pop() ?? file;
  for (const line of (error.stack ?? "").split("\n")) {
    const at = line.indexOf(encodeURI(name)) >= 0 ? line.indexOf(encodeURI(name)) + encodeURI(name).length : -1;
    const found = at < 0 ? null : /^(?:\?[^:\s)]*)?:(\d+)/.exec(line.slice(at));
    if (found !== null) return Number(found[1]);
  }
  return undefined;
}

function between(dataset: Dataset, from: number | undefined, to: number | undefined): BarSeries {
  const { series, info } = dataset;
  let first = 0;
  let end = series.time.length;
  if (from !== undefined) while (first < end && series.time[first]! < from) first++;
  if (to !== undefined) while (end > first && series.time[end - 1]! > to) end--;
  if (end - first < 1) throw badInput("no-bars", `${info.name} has no bars in the range that was asked for.`, info.from === null ? "The data set is empty." : `It holds ${info.from.slice(0, 10)} to ${info.to?.slice(0, 10)}.`);
  return first === 0 && end === series.time.length ? series : sliceBars(series, first, end);
}

function publicTrade(trade: LedgerTrade, iso: (index: number) => string): BacktestTrade {
  return {
    side: "long",
    entryIndex: trade.entryIndex,
    exitIndex: trade.exitIndex,
    entryTime: iso(trade.entryIndex),
    exitTime: iso(trade.exitIndex),
    entryPrice: trade.entryPrice,
    exitPrice: trade.exitPrice,
    size: trade.size,
    fees: trade.entryFee + trade.exitFee,
    pnl: trade.pnl,
    pnlPct: tradeReturnPct(trade),
    bars: trade.exitIndex - trade.entryIndex,
    finalized: trade.finalized,
  };
}

function sizingText(sizing: Sizing): string {
  switch (sizing.kind) {
    case "all-in":
    case "whole-shares":
      return sizing.kind;
    case "fixed":
      return `fixed:${sizing.units}`;
    case "percent":
      return `percent:${sizing.percent}`;
  }
}

function warningsOf(request: BacktestRequest, outcome: SimpleOutcome, bars: BarSeries): string[] {
  const warnings: string[] = [];
  if (request.fill === "close") warnings.push("Filled at the close of the signal's own bar (--fill close): that price is known only when it is too late to trade at it.");
  if (outcome.skipped > 0) warnings.push(`${outcome.skipped} ${outcome.skipped === 1 ? "entry was" : "entries were"} not filled: the cash did not reach for the size asked for.`);
  if (outcome.trades.length === 0) warnings.push(`No trade in ${bars.time.length} bars.`);
  return warnings;
}

/** Same request, code, bars and engine version: same hash, and same result but for `durationMs`. */
function runHash(request: BacktestRequest, strategy: LoadedStrategy, params: Params, dataset: Dataset): string {
  const { data: _label, strategy: _where, ...rest } = request;
  return sha256(canonicalJson({ ...rest, params, strategy: { name: strategy.definition.name, hash: strategy.hash }, data: dataset.info.sha256, engineVersion: ENGINE_VERSION }));
}
