/** What `desk` computes on the runner's own side: bars that are in the cell already, and the user's own functions, which no session should run. */
import type { AsyncLocalStorage } from "node:async_hooks";
import { isAbsolute, resolve } from "node:path";
import { runInThisContext } from "node:vm";
import { badInput } from "../core/base/errors.ts";
import { silentLog } from "../core/base/log.ts";
import { computeFeaturesSync } from "../core/features/computeFeatures.ts";
import type { AsyncFeatureComputer } from "../core/features/featureComputer.ts";
import type { RunningCell } from "./cellRun.ts";
import type { Bars, BlockingOptions, Desk, ModuleCall } from "./deskTypes.d.ts";
import { tagged } from "./drawValue.ts";

/** Functions that wait for a process; more are refused. */
const QUEUE = 100;
/** What transform.ts writes into the functions of a cell, as it is in a process without cells. */
const PRELUDE = "const $await = (value) => value, $iterate = (source) => source, $import = (specifier, attributes) => import(specifier, attributes);";
const PRELUDE_NAMES = ["$await", "$iterate", "$import"] as const;

type Work = ((...args: never[]) => unknown) | ModuleCall;

export function createLocalDesk(current: AsyncLocalStorage<RunningCell>): Pick<Desk, "computeFeaturesSync" | "executeBlocking"> {
  let computer: Promise<AsyncFeatureComputer> | undefined;
  const open = async (): Promise<AsyncFeatureComputer> => {
    const { createFeatureComputer } = await import("../core/features/featureComputer.ts");
    const metrics = { record: () => undefined };
    return createFeatureComputer({ workers: 1, workersGiven: false, queueSize: QUEUE, useProcessPool: false, metrics, log: silentLog });
  };
  const executeBlocking = async (work: Work, args: readonly unknown[] = [], options: BlockingOptions = {}): Promise<unknown> => {
    const sent = typeof work === "function" ? await sendable(work) : fromFolder(work);
    const stop = new AbortController();
    const signals = [current.getStore()?.controller.signal, options.signal].filter((signal) => signal !== undefined);
    const onAbort = (): void => stop.abort(signals.find((signal) => signal.aborted)?.reason);
    for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
    if (signals.some((signal) => signal.aborted)) onAbort();
    try {
      const { timeoutMs } = options;
      const blocking = { signal: stop.signal, ...(timeoutMs === undefined ? {} : { timeoutMs }) };
      computer ??= open();
      return await (await computer).executeBlocking(sent, args, blocking);
    } finally {
      for (const signal of signals) signal.removeEventListener("abort", onAbort);
    }
  };
  return {
    computeFeaturesSync: (bars: Bars) => tagged("features", computeFeaturesSync(seriesOf(bars))) as ReturnType<Desk["computeFeaturesSync"]>,
    executeBlocking: executeBlocking as Desk["executeBlocking"],
  };
}

function seriesOf(bars: Bars): Bars {
  const columns = [bars?.time, bars?.open, bars?.high, bars?.low, bars?.close];
  if (columns.every((column) => column instanceof Float64Array)) return bars;
  throw badInput("bad-argument", "desk.computeFeaturesSync takes bars as columns.", 'Give it what desk.bars("AAPL") answers.');
}

/** The function as it was before the cell was made a script; a variable that it captures is refused by name. */
async function sendable(work: (...args: never[]) => unknown): Promise<(...args: readonly unknown[]) => unknown> {
  const { commonGlobals, selfContainedSource } = await import("../core/features/selfContained.ts");
  const source = selfContainedSource(work, new Set([...commonGlobals(), ...PRELUDE_NAMES]));
  const text = PRELUDE_NAMES.some((name) => source.includes(name)) ? `(...args) => { ${PRELUDE} return (${source})(...args); }` : source;
  return runInThisContext(`"use strict"; (${text})`) as (...args: readonly unknown[]) => unknown;
}

/** A module named by relative path is the notebook folder's. */
function fromFolder(call: ModuleCall): ModuleCall {
  if (typeof call?.module !== "string" || typeof call.export !== "string")
    throw badInput("bad-argument", "desk.executeBlocking takes a function, or a module and the name of its export.", 'For example {module: "./work.ts", export: "run"}.');
  return call.module.startsWith(".") && !isAbsolute(call.module) ? { ...call, module: resolve(process.cwd(), call.module) } : call;
}
