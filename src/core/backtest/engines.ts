/** Which engine runs a strategy, and how each is given it; what a strategy throws becomes an error that names its place. */
import { hasPlainCosts, type BacktestRequest, type EngineName, type Params } from "../domain/backtest.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { BarContext, SignalArray, Signals, StrategyDefinition, VectorContext } from "../domain/strategy.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { runEvent } from "./eventEngine.ts";
import type { Outcome } from "./ledger.ts";
import type { RunMemory } from "./runMemory.ts";
import { runSimple } from "./simpleEngine.ts";
import { vectorContext } from "./vectorContext.ts";
import { runVector, type SignalBytes } from "./vectorEngine.ts";

/** A strategy and where its code came from; `hash` is of its source text, empty for a built-in. */
export interface LoadedStrategy {
  readonly definition: StrategyDefinition;
  readonly hash: string;
  /** Gives it columns of its own and names this file in its errors. */
  readonly file?: string;
  /** The same file loaded anew, each never run before: for the look-ahead guard. */
  readonly unused?: readonly StrategyDefinition[];
  /** Takes away what runs have kept outside of their own files, before each of those is run. */
  readonly forget?: () => void;
}

export interface Run {
  readonly request: BacktestRequest;
  readonly strategy: LoadedStrategy;
  readonly params: Params;
  /** One for each symbol, and the times at which they have bars. */
  readonly series: readonly BarSeries[];
  readonly clock: Float64Array;
  /** What signals() sees, when many runs on the same bars share their indicators; made anew otherwise. */
  readonly context?: VectorContext;
  readonly memory: RunMemory;
}

export interface Choice {
  readonly engine: EngineName;
  readonly reason: string;
  /** Tried in this order when the engine before it fails for a reason of its own. */
  readonly next: readonly EngineName[];
}

/**
 * `auto` takes the vector engine for strategies with signals(), since it is the fastest, and the event engine for the rest
 * and for costs that only that one knows. Throws when the strategy does not take so many symbols, or the engine not this run.
 */
export function chooseEngine(
  definition: StrategyDefinition,
  { engine: asked, costs }: Pick<BacktestRequest, "engine" | "costs">,
  { symbols, hasActions }: { readonly symbols: number; readonly hasActions: boolean },
): Choice {
  const hasSignals = definition.signals !== undefined;
  checkSymbols(definition, symbols);
  const eventOnly =
    symbols > 1
      ? "several symbols need the event engine"
      : hasActions
        ? "splits and dividends need the event engine"
        : hasPlainCosts(costs)
          ? undefined
          : "these costs need the event engine";
  if (asked === "auto") {
    if (!hasSignals) return { engine: "event", reason: "auto: the strategy has only onBar(), which needs the event engine", next: [] };
    if (eventOnly !== undefined) return { engine: "event", reason: `auto: ${eventOnly}`, next: [] };
    return { engine: "vector", reason: "auto: the strategy has signals(), and the vector engine is the fastest that runs them", next: ["event", "simple"] };
  }
  if (asked === "event")
    return {
      engine: asked,
      reason: definition.onBar === undefined ? "asked for; the strategy has no onBar(), so its signals() are played bar by bar" : "asked for",
      next: [],
    };
  if (!hasSignals)
    throw badInput("engine-not-possible", `The ${asked} engine needs signals(), which ${definition.name} does not have.`, "Use --engine event or auto.");
  if (eventOnly !== undefined) throw badInput("engine-not-possible", `The ${asked} engine cannot run this: ${eventOnly}.`, "Use --engine event or auto.");
  return { engine: asked, reason: "asked for", next: [] };
}

function checkSymbols({ name, signals, symbols }: StrategyDefinition, given: number): void {
  const { min, max = Number.POSITIVE_INFINITY } = symbols ?? (signals === undefined ? { min: 1 } : { min: 1, max: 1 });
  const words = (count: number) => (count === 1 ? "one symbol" : `${count} symbols`);
  if (given < min)
    throw badInput(
      "too-few-symbols",
      `${name} holds at least ${words(min)}, but the data has ${words(given)}.`,
      "Give several with commas, like --data AAPL,MSFT.",
    );
  if (given > max) throw badInput("too-many-symbols", `${name} holds ${words(max)}, but the data has ${words(given)}.`, "Give it fewer.");
}

/** An engine's way to say that this run is not for it. */
class NotForThisEngine extends Error {}

export function runChosen(choice: Choice, run: Run): { readonly outcome: Outcome; readonly engine: EngineName; readonly reason: string } {
  let reason = choice.reason;
  let failure: unknown;
  for (const engine of [choice.engine, ...choice.next]) {
    try {
      return { outcome: runEngine(engine, run), engine, reason };
    } catch (error) {
      // The strategy's own mistake, or bad input, is never hidden by another engine.
      if (error instanceof TradingError) throw error;
      failure = error;
      reason =
        error instanceof NotForThisEngine
          ? `auto: ${error.message}`
          : `auto: the ${engine} engine failed (${error instanceof Error ? error.message : String(error)})`;
    }
  }
  if (failure instanceof NotForThisEngine)
    throw badInput("engine-not-possible", `The ${choice.engine} engine cannot run this: ${failure.message}.`, "Use --engine event or auto.");
  throw failure;
}

function runEngine(engine: EngineName, run: Run): Outcome {
  const { request, strategy, params, series, clock, memory } = run;
  const [bars] = series as readonly [BarSeries];
  switch (engine) {
    case "vector":
      return runVector(bars, longOnly(signalsOf(run)), request, memory.column(clock.length));
    case "simple":
      return runSimple(bars, longOnly(signalsOf(run)), request);
    case "event":
      return runEvent(series, clock, onBarOf(strategy, params) ?? playSignals(signalsOf(run)), params, request, undefined, memory);
  }
}

function longOnly(signals: SignalBytes & ShortSide): SignalBytes {
  if (signals.shortEntries !== undefined) throw new NotForThisEngine("the strategy's signals() go short, which needs the event engine");
  return signals;
}

interface ShortSide {
  readonly shortEntries?: Uint8Array;
  readonly shortExits?: Uint8Array;
}

function signalsOf(run: Run): SignalBytes & ShortSide {
  const { entries, exits, shortEntries, shortExits } = signalArrays(run);
  const short = shortEntries === undefined || shortExits === undefined ? {} : { shortEntries: bytes(shortEntries), shortExits: bytes(shortExits) };
  return { entries: bytes(entries), exits: bytes(exits), ...short };
}

/** As the strategy answered them, one value per bar; the short side only when it has one. */
export function signalArrays(run: Pick<Run, "strategy" | "params" | "series" | "context"> & Partial<Pick<Run, "memory">>): Signals {
  const { strategy, params, series, memory } = run;
  const { definition, file } = strategy;
  const [bars] = series as readonly [BarSeries];
  const context = run.context ?? vectorContext(bars, { copy: file !== undefined, isBuiltin: file === undefined, ...(memory === undefined ? {} : { memory }) });
  let answer: Signals | undefined;
  try {
    answer = definition.signals?.(context, params);
    refusePromise(answer, strategy, "signals()");
  } catch (error) {
    throw ownError(error, strategy, "signals()");
  }
  const column = (what: keyof Signals) => checked(definition.name, what, answer?.[what], bars.close.length);
  const hasShort = answer?.shortEntries !== undefined || answer?.shortExits !== undefined;
  return {
    entries: column("entries"),
    exits: column("exits"),
    ...(hasShort ? { shortEntries: column("shortEntries"), shortExits: column("shortExits") } : {}),
  };
}

function checked(name: string, what: string, values: SignalArray | undefined, length: number): SignalArray {
  const isList = Array.isArray(values) || (ArrayBuffer.isView(values) && !(values instanceof DataView));
  if (!isList)
    throw new TradingError(
      "strategy-error",
      `${name}: signals() must answer { entries, exits }, each with one value per bar; ${what} is ${values === undefined ? "missing" : "no array"}.`,
    );
  if (values.length !== length)
    throw new TradingError("strategy-error", `${name}: ${what} has ${values.length} values for ${length} bars.`, {
      hint: "Answer arrays of the bars' own length.",
    });
  return values;
}

/** Anything but 0, NaN, false and null is a signal. Answers of one byte a bar are read where they are. */
function bytes(values: SignalArray): Uint8Array {
  if (values instanceof Int8Array || values instanceof Uint8Array) return new Uint8Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint8Array(values.length);
  for (let t = 0; t < out.length; t++) if (values[t]) out[t] = 1;
  return out;
}

export function onBarOf(strategy: LoadedStrategy, params: Params): ((bar: BarContext) => void) | undefined {
  const { definition, file } = strategy;
  if (definition.onBar === undefined) return undefined;
  if (file === undefined) return (bar) => definition.onBar?.(bar, params);
  return (bar) => {
    try {
      refusePromise(definition.onBar?.(bar, params), strategy, "onBar()");
    } catch (error) {
      throw ownError(error, strategy, `onBar() at bar ${bar.index}`);
    }
  };
}

/** An async method would be over before its orders and its errors come. */
function refusePromise(answer: unknown, { definition, file }: LoadedStrategy, where: string): void {
  if (!(answer instanceof Promise)) return;
  answer.catch(() => undefined);
  throw new TradingError("strategy-error", `${file ?? definition.name}: ${where} answers a promise, but must answer at once.`, {
    hint: "Take the word async away; load what it needs at the top of the file.",
  });
}

/** Exits come before entries of the other side, so that one bar can turn a position around. */
function playSignals({ entries, exits, shortEntries, shortExits }: SignalBytes & ShortSide): (bar: BarContext) => void {
  if (shortEntries === undefined)
    return (bar) => {
      if (entries[bar.index] !== 0) bar.buy();
      if (exits[bar.index] !== 0) bar.sell();
    };
  return (bar) => {
    const t = bar.index;
    if (exits[t] !== 0) bar.sell();
    if (shortExits?.[t]) bar.cover();
    if (entries[t] !== 0 && bar.position <= 0) bar.buy();
    else if (shortEntries[t] !== 0 && bar.position >= 0) bar.short();
  };
}

/** What a strategy throws is its own error: with its file and line, where it has one. What we refuse it keeps its code. */
function ownError(error: unknown, { definition, file }: LoadedStrategy, where: string): TradingError {
  const line = file === undefined || !(error instanceof Error) ? undefined : lineOf(error, file);
  const place = file === undefined ? definition.name : `${file}${line === undefined ? "" : `:${line}`}`;
  if (error instanceof TradingError) {
    const { code, kind, hint, data } = error;
    if (line === undefined || error.message.startsWith(`${file}:`)) return error;
    return new TradingError(code, `${place}: ${error.message}`, { kind, data: { ...data, line }, cause: error, ...(hint === undefined ? {} : { hint }) });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
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
