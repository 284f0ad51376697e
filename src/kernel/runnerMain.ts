/**
 * runner: the process in which a notebook's cells run. Its environment is an allow-list, it holds no key,
 * and its only way to an order is `desk`, which asks the session through the front. Frames go out on fd 4, interrupts
 * come in on fd 3 (guard.ts), runs and answers over IPC.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { Channel } from "../core/base/channel.ts";
import { entryPath } from "../core/base/entry.ts";
import { TradingError } from "../core/base/errors.ts";
import { silentLog } from "../core/base/log.ts";
import { computeFeaturesSync } from "../core/features/computeFeatures.ts";
import { plainCellError } from "./cellErrors.ts";
import { cellModules } from "./cellModules.ts";
import { CellRunner, compileScript, KeyboardInterrupt, tieTimers, type CompiledScript, type RunningCell } from "./cellRun.ts";
import { createDesk } from "./desk.ts";
import type { Blocking } from "./deskLocal.ts";
import { createDisplay } from "./display.ts";
import { drawValue, holdNothing } from "./drawValue.ts";
import { sendFrame } from "./frames.ts";
import { createInput } from "./input.ts";
import { TURN } from "./interruptWords.ts";
import type { Look } from "../core/domain/shown.ts";
import type { RunOrder, ScriptOrder } from "./protocol.ts";
import { HeldValues, type Hold } from "./shown/held.ts";
import { own } from "./ownGlobals.ts";
import { Streams } from "./streams.ts";
import { createTslab, TSLAB } from "./tslab.ts";
import { variablesAt } from "./variables.ts";

/** Functions that wait for a process; more are refused. */
const BLOCKING_QUEUE = 100;
/** Of one cell; a timer that fails again and again tells no more. */
const MAX_LATE_ERRORS = 100;

/** Once in a process: it takes over its streams, its timers and its end. */
export function startRunner(): void {
  const current = new AsyncLocalStorage<RunningCell>();
  const shared = new SharedArrayBuffer(8);
  const words = new Int32Array(shared);
  const guard = new Worker(entryPath("kernelGuard"), { workerData: shared, execArgv: [], env: {} });
  guard.unref();

  const streams = new Streams(sendFrame, current);
  streams.takeOver();
  const flush = (): void => {
    streams.flush();
    flushUpdates();
  };
  const held = new HeldValues(randomUUID());
  const holdFor = (display: string): Hold => {
    const cell = current.getStore();
    held.release((one) => one.run === cell?.run && one.display === display);
    return cell?.keeps === true ? held.holdFor(cell.run, display) : holdNothing;
  };
  const runner = new CellRunner({ send: sendFrame, current, flush, words, draw: (value) => drawValue(value, holdFor("result")) });
  guard.on("message", () => runner.stop());
  tieTimers(current);

  /** Of everything that cells declared. */
  const names = new Set<string>();
  const modules = cellModules(process.argv[2] ?? ".");
  const channel = new Channel({
    post: (message) => void process.send?.(message),
    onMessage: (listener) =>
      void process.on("message", (message) => {
        own.add(words, TURN, 1);
        listener(message);
      }),
  });
  let script: CompiledScript | undefined;
  // Both come from our own front over IPC, which only the parent process can write.
  channel.on("script", (order) => {
    script = compileScript(order as ScriptOrder);
  });
  channel.on("run", (order) => {
    if (script === undefined) return;
    const { replaces } = order as RunOrder;
    for (const name of script.order.globals) names.add(name);
    if (replaces !== null) held.release(({ run }) => run === replaces);
    runner.run(order as RunOrder, script);
  });
  channel.handle("variables", (path) => Promise.resolve(variablesAt(globalThis, names, path as readonly string[])));

  channel.handle("look", (look, signal) => held.look(look as Look, signal));

  const releaseAll = (): void => held.release(({ run }) => run === current.getStore()?.run);
  const displayParts = { send: sendFrame, current, flush: () => streams.flush(), holdFor, releaseAll };
  const { display, plot, clearOutput, flushUpdates } = createDisplay(displayParts);
  Object.defineProperty(globalThis, TSLAB, { get: () => createTslab(displayParts) });
  const given = {
    $await: (value: unknown) => runner.guarded(value),
    $iterate: (source: AsyncIterable<unknown>) => runner.iterated(source),
    $import: modules.import,
    $meta: modules.meta,
    require: modules.require,
    __dirname: modules.meta.dirname,
    __filename: modules.meta.filename,
    $show: (value: unknown) => runner.show(value),
    $fn: (global: string, name: string, fn: (...args: unknown[]) => unknown) => {
      own.defineProperty(fn, "name", { value: name, configurable: true });
      (globalThis as Record<string, unknown>)[global] = fn;
    },
    desk: createDesk(channel, current, { computeFeaturesSync, openBlocking, progressBar: display.progress }),
    display,
    plot,
    input: createInput(channel, current),
    clearOutput,
  };
  for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });

  process.on("SIGINT", () => undefined);
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error: unknown) => {
      if (error instanceof KeyboardInterrupt || (error instanceof TradingError && error.kind === "interrupted")) return;
      const cell = current.getStore();
      if (cell !== undefined && ++cell.lateErrors > MAX_LATE_ERRORS) return;
      try {
        flush();
        sendFrame({ t: "late", run: cell?.run ?? 0, error: plainCellError(error) });
      } catch {
        // A cell has broken what this needs; thrown on from here it would end the process.
      }
    });
  }
  // A process with an inspector session open waits for it at exit for ever: tell the code, then end hard.
  (process as unknown as { reallyExit: (code: number) => void }).reallyExit = (code) => {
    flush();
    sendFrame({ t: "exit", code: Number(code ?? 0) });
    process.kill(process.pid, "SIGKILL");
  };
  sendFrame({ t: "ready" });
}

/** Loaded when a cell first asks for it: most never do. */
async function openBlocking(): Promise<Blocking> {
  const [{ createFeatureComputer }, { commonGlobals, selfContainedSource }] = await Promise.all([
    import("../core/features/featureComputer.ts"),
    import("../core/features/selfContained.ts"),
  ]);
  const metrics = { record: () => undefined };
  const computer = createFeatureComputer({ workers: 1, workersGiven: false, queueSize: BLOCKING_QUEUE, useProcessPool: false, metrics, log: silentLog });
  return { commonGlobals, selfContainedSource, execute: (work, args, options) => computer.executeBlocking(work, args, options) };
}
