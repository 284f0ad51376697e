/** What `desk` computes on the runner's own side: bars that are in the cell already, and the user's own functions, which no session should run. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { isAbsolute, resolve } from "node:path";
import { runInThisContext } from "node:vm";
import { badInput } from "../core/base/errors.ts";
import type { RunningCell } from "./cellRun.ts";
import type { Bars, BlockingOptions, CellScanner, Desk, FeatureRequest, ModuleCall, ScanOptions } from "./deskTypes.d.ts";
import { tagged } from "./drawValue.ts";

/** What transform.ts writes into the functions of a cell, as it is in a process without cells. */
const PRELUDE = "const $await = (value) => value, $iterate = (source) => source, $import = (specifier, attributes) => import(specifier, attributes);";
const PRELUDE_NAMES = ["$await", "$iterate", "$import"] as const;

/** What the features room offers, handed in by runnerMain.ts. */
export interface LocalTools {
  readonly computeFeaturesSync: (bars: Bars, options?: FeatureRequest) => unknown;
  /** Opened with its first call. */
  readonly openBlocking: () => Promise<Blocking>;
}

export interface Blocking {
  readonly commonGlobals: () => ReadonlySet<string>;
  /** Throws where the function uses a name that neither it nor `globals` has. */
  readonly selfContainedSource: (work: (...args: never[]) => unknown, globals: ReadonlySet<string>) => string;
  readonly execute: (
    work: ((...args: readonly unknown[]) => unknown) | ModuleCall,
    args: readonly unknown[],
    options: { readonly signal: AbortSignal; readonly timeoutMs?: number },
  ) => Promise<unknown>;
}

type Work = ((...args: never[]) => unknown) | ModuleCall;

export function createLocalDesk(current: AsyncLocalStorage<RunningCell>, tools: LocalTools): Pick<Desk, "computeFeaturesSync" | "executeBlocking"> {
  let blocking: Promise<Blocking> | undefined;
  const executeBlocking = async (work: Work, args: readonly unknown[] = [], options: BlockingOptions = {}): Promise<unknown> => {
    blocking ??= tools.openBlocking();
    const away = await blocking;
    const sent = typeof work === "function" ? sendable(work, away) : fromFolder(work);
    const stop = new AbortController();
    const signals = [current.getStore()?.controller.signal, options.signal].filter((signal) => signal !== undefined);
    const onAbort = (): void => stop.abort(signals.find((signal) => signal.aborted)?.reason);
    for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
    if (signals.some((signal) => signal.aborted)) onAbort();
    try {
      const { timeoutMs } = options;
      return await away.execute(sent, args, { signal: stop.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    } finally {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    }
  };
  return {
    computeFeaturesSync: (bars: Bars, options?: FeatureRequest) =>
      tagged("features", tools.computeFeaturesSync(seriesOf(bars), options)) as ReturnType<Desk["computeFeaturesSync"]>,
    executeBlocking: executeBlocking as Desk["executeBlocking"],
  };
}

function seriesOf(bars: Bars): Bars {
  const columns = [bars?.time, bars?.open, bars?.high, bars?.low, bars?.close, bars?.volume];
  if (columns.every((column) => column instanceof Float64Array)) return bars;
  throw badInput("bad-argument", "desk.computeFeaturesSync takes bars as columns.", 'Give it what desk.bars("AAPL") answers.');
}

/** Scanners of the cell become text, to run in processes of their own; everything else stays as it was asked for. */
export async function withScannersAsText(options: ScanOptions | undefined, openBlocking: () => Promise<Blocking>): Promise<unknown> {
  if (options?.own === undefined) return options;
  const { own, ...rest } = options;
  const away = await openBlocking();
  const sources = [own].flat().map((scanner: CellScanner | readonly CellScanner[]) => {
    const { name, pipeline, needs, thresholds, scan } = scanner as CellScanner;
    if (typeof scan !== "function") throw badInput("bad-argument", "desk.scan's own takes scanners.", "Give it what defineScanner() answers.");
    return { name, pipeline, needs: needs ?? [], ...(thresholds === undefined ? {} : { thresholds }), scan: sourceText(scan, away) };
  });
  return { ...rest, sources };
}

/** An expression that evaluates to the function as it was before the cell was made a script; a variable that it captures is refused by name. */
export function sourceText(work: (...args: never[]) => unknown, { commonGlobals, selfContainedSource }: Blocking): string {
  return withPrelude(selfContainedSource(work, new Set([...commonGlobals(), ...PRELUDE_NAMES])));
}

function sendable(work: (...args: never[]) => unknown, away: Blocking): (...args: readonly unknown[]) => unknown {
  return runInThisContext(`"use strict"; (${sourceText(work, away)})`) as (...args: readonly unknown[]) => unknown;
}

function withPrelude(source: string): string {
  return PRELUDE_NAMES.some((name) => source.includes(name)) ? `(...args) => { ${PRELUDE} return (${source})(...args); }` : source;
}

/** A module named by relative path is the notebook folder's. */
function fromFolder(call: ModuleCall): ModuleCall {
  if (typeof call?.module !== "string" || typeof call.export !== "string")
    throw badInput(
      "bad-argument",
      "desk.executeBlocking takes a function, or a module and the name of its export.",
      'For example {module: "./work.ts", export: "run"}.',
    );
  return call.module.startsWith(".") && !isAbsolute(call.module) ? { ...call, module: resolve(process.cwd(), call.module) } : call;
}
