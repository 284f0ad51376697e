/** Which engine runs a strategy, and how each is given it; what a strategy throws becomes an error that names its place. */
import type { BacktestRequest, EngineName, Params } from "../domain/backtest.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { BarContext, SignalArray, Signals, StrategyDefinition, VectorContext } from "../domain/strategy.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { runEvent } from "./eventEngine.ts";
import { runSimple, type SimpleOutcome } from "./simpleEngine.ts";
import { vectorContext } from "./vectorContext.ts";
import { runVector, type SignalBytes } from "./vectorEngine.ts";

/** A strategy and where its code came from; `hash` is of its source text, empty for a built-in. */
export interface LoadedStrategy {
  readonly definition: StrategyDefinition;
  readonly hash: string;
  /** Gives it columns of its own and names this file in its errors. */
  readonly file?: string;
}

export interface Run {
  readonly request: BacktestRequest;
  readonly strategy: LoadedStrategy;
  readonly params: Params;
  readonly bars: BarSeries;
  /** What signals() sees, when many runs on the same bars share their indicators; made anew otherwise. */
  readonly context?: VectorContext;
}

export interface Choice {
  readonly engine: EngineName;
  readonly reason: string;
  /** Tried in this order when the engine before it fails for a reason of its own. */
  readonly next: readonly EngineName[];
}

/** `auto` takes the vector engine for strategies with signals(), since it is the fastest, and the event engine for the rest. */
export function chooseEngine(definition: StrategyDefinition, asked: EngineName | "auto"): Choice {
  const hasSignals = definition.signals !== undefined;
  if (asked === "auto") {
    return hasSignals
      ? { engine: "vector", reason: "auto: the strategy has signals(), and the vector engine is the fastest that runs them", next: ["event", "simple"] }
      : { engine: "event", reason: "auto: the strategy has only onBar(), which needs the event engine", next: [] };
  }
  if (asked === "event")
    return {
      engine: asked,
      reason: definition.onBar === undefined ? "asked for; the strategy has no onBar(), so its signals() are played bar by bar" : "asked for",
      next: [],
    };
  if (!hasSignals)
    throw badInput("engine-not-possible", `The ${asked} engine needs signals(), which ${definition.name} does not have.`, "Use --engine event or auto.");
  return { engine: asked, reason: "asked for", next: [] };
}

export function runChosen(choice: Choice, run: Run): { readonly outcome: SimpleOutcome; readonly engine: EngineName; readonly reason: string } {
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

function signalsOf(run: Run): SignalBytes {
  const { entries, exits } = signalArrays(run);
  return { entries: bytes(entries), exits: bytes(exits) };
}

/** As the strategy answered them, one value per bar. */
export function signalArrays({ strategy, params, bars, context: shared }: Run): Signals {
  const { definition, file } = strategy;
  const context = shared ?? vectorContext(bars, { copy: file !== undefined });
  let answer: Signals | undefined;
  try {
    answer = definition.signals?.(context, params);
    refusePromise(answer, strategy, "signals()");
  } catch (error) {
    throw ownError(error, strategy, "signals()");
  }
  return {
    entries: checked(definition.name, "entries", answer?.entries, bars.close.length),
    exits: checked(definition.name, "exits", answer?.exits, bars.close.length),
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

/** Anything but 0, NaN, false and null is a signal. */
function bytes(values: SignalArray): Uint8Array {
  const out = new Uint8Array(values.length);
  for (let t = 0; t < out.length; t++) if (values[t]) out[t] = 1;
  return out;
}

function onBarOf(strategy: LoadedStrategy, params: Params): ((bar: BarContext) => void) | undefined {
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
