/** One cell at a time on the runner's main thread: runs its script, knows what it left waiting, ends it once. */
import { AsyncLocalStorage } from "node:async_hooks";
import { promisify } from "node:util";
import { Script } from "node:vm";
import { sendBroken, type SendFrame } from "./frames.ts";
import { own } from "./ownGlobals.ts";
import { WANTED } from "./interruptWords.ts";
import type { MimeBundle, RunOrder, ScriptOrder } from "./protocol.ts";
import { plainCellError } from "./cellErrors.ts";

const MAX_GROUPS = 20;

/** What a stopped cell's awaits throw. */
export class KeyboardInterrupt extends Error {
  constructor() {
    super("The cell was interrupted.");
    this.name = "KeyboardInterrupt";
  }
}

export type Timer = NodeJS.Timeout | NodeJS.Immediate;

export class RunningCell {
  readonly run: number;
  /** What it shows is kept, so that the rest of it can be looked at. */
  readonly keeps: boolean;
  readonly started = own.now();
  readonly controller = new AbortController();
  /** Awaits that an interrupt refuses. */
  readonly waiting = new Set<(reason: Error) => void>();
  /** That have not gone off yet, or go on. */
  readonly timers = new Set<Timer>();
  /** Pictures under way: the cell ends after them. */
  readonly drawing = new Set<Promise<unknown>>();
  /** Progress bars that have not ended. */
  readonly bars = new Set<() => void>();
  shown: { readonly value: unknown } | undefined;
  isStopped = false;
  isDone = false;
  /** Characters written so far. */
  written = 0;
  /** Displays so far, and characters in them; once there are too many, the rest is left out. */
  displayed = 0;
  displayedCharacters = 0;
  leftOut = false;
  /** Errors outside its own course: timers' and unhandled rejections. */
  lateErrors = 0;

  constructor(run: number, keeps: boolean) {
    this.run = run;
    this.keeps = keeps;
  }
}

/** A script that can run. */
export interface CompiledScript {
  readonly order: ScriptOrder;
  /** Undefined where it does not compile: the run tells why. */
  readonly compiled: Script | undefined;
}

export function compileScript(order: ScriptOrder): CompiledScript {
  try {
    return { order, compiled: new Script(order.code, { filename: `cell:${order.script}` }) };
  } catch {
    return { order, compiled: undefined };
  }
}

export interface CellRunnerParts {
  readonly send: SendFrame;
  readonly current: AsyncLocalStorage<RunningCell>;
  readonly flush: () => void;
  /** Shared with the guard. */
  readonly words: Int32Array;
  readonly draw: (value: unknown) => readonly MimeBundle[] | Promise<readonly MimeBundle[]>;
}

export class CellRunner {
  readonly #parts: CellRunnerParts;
  #cell: RunningCell | undefined;
  /** Cells that have ended and left something going: timers, or awaits that nobody waited for. */
  readonly #left = new Set<RunningCell>();

  constructor(parts: CellRunnerParts) {
    this.#parts = parts;
  }

  run({ run, keeps }: RunOrder, { order, compiled }: CompiledScript): void {
    const cell = new RunningCell(run, keeps);
    this.#cell = cell;
    for (const left of this.#left) if (left.timers.size === 0 && left.waiting.size === 0) this.#left.delete(left);
    const { current } = this.#parts;
    let answer: unknown;
    try {
      // What a cell that failed inside console.group left open indents nothing here.
      for (let open = 0; open < MAX_GROUPS; open++) own.closeGroup();
      for (const name of order.globals) {
        if (!own.hasOwn(globalThis, name)) own.defineProperty(globalThis, name, { value: undefined, writable: true, configurable: true, enumerable: true });
      }
      answer = current.run(cell, () => {
        const script = compiled ?? new Script(order.code, { filename: `cell:${order.script}` });
        return script.runInThisContext({ displayErrors: false });
      });
    } catch (error) {
      this.#finish(cell, cell.isStopped ? "interrupted" : "error", error);
      return;
    }
    if (!order.isAsync && !isThenable(cell.shown?.value) && cell.drawing.size === 0) {
      current.run(cell, () => this.#show(cell));
      return;
    }
    void current.run(cell, async () => {
      try {
        if (order.isAsync) await answer;
        const shown = cell.shown;
        if (shown !== undefined && isThenable(shown.value)) cell.shown = { value: await this.guarded(shown.value) };
        await this.guarded(own.Promise.all(cell.drawing));
        this.#show(cell);
      } catch (error) {
        this.#finish(cell, cell.isStopped ? "interrupted" : "error", error);
      }
    });
  }

  /** Runs on the main thread once it turns again after an interrupt: ends the cell, or where none runs what cells left. */
  stop(): void {
    const cell = this.#cell;
    if (cell === undefined) {
      own.store(this.#parts.words, WANTED, 0);
      for (const left of this.#left) endOf(left);
      this.#left.clear();
      return;
    }
    // Still wanted until the cell has ended: one that catches what its awaits throw now, in a loop, is the guard's to stop.
    endOf(cell);
    own.setImmediate(() => this.#finish(cell, "interrupted"));
  }

  /** An await of a cell: refused by an interrupt. */
  guarded(value: unknown): unknown {
    const cell = this.#parts.current.getStore();
    if (cell?.isStopped) throw new KeyboardInterrupt();
    if (cell === undefined || !isThenable(value)) return value;
    return new own.Promise((resolve, reject) => {
      cell.waiting.add(reject);
      const settle = (act: () => void): void => {
        cell.waiting.delete(reject);
        if (cell.isStopped) reject(new KeyboardInterrupt());
        else act();
      };
      value.then(
        (inner) => settle(() => resolve(inner)),
        (error: unknown) => settle(() => reject(error as Error)),
      );
    });
  }

  /** `for await` of a cell: each step is refused by an interrupt. */
  iterated(source: AsyncIterable<unknown> | Iterable<unknown>): AsyncIterable<unknown> {
    const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    const step = async (): Promise<IteratorResult<unknown>> => {
      const result = (await this.guarded(iterator.next())) as IteratorResult<unknown>;
      // Of a plain iterable the values may be promises.
      return result.done === true || !isThenable(result.value) ? result : { done: false, value: await this.guarded(result.value) };
    };
    return { [Symbol.asyncIterator]: () => ({ next: step, return: async (value?: unknown) => (await iterator.return?.(value)) ?? { done: true, value } }) };
  }

  show(value: unknown): void {
    const cell = this.#parts.current.getStore();
    if (cell !== undefined) cell.shown = { value };
  }

  #show(cell: RunningCell): void {
    if (cell.shown === undefined || cell.shown.value === undefined) {
      this.#finish(cell, "ok");
      return;
    }
    let drawn: ReturnType<CellRunnerParts["draw"]>;
    try {
      drawn = this.#parts.draw(cell.shown.value);
    } catch (error) {
      // A getter or a proxy of the user's, met while drawing.
      this.#finish(cell, cell.isStopped ? "interrupted" : "error", error);
      return;
    }
    if (Array.isArray(drawn)) this.#finish(cell, "ok", undefined, drawn);
    else {
      this.#parts.current
        .run(cell, () => own.Promise.resolve(this.guarded(drawn)) as Promise<readonly MimeBundle[]>)
        .then(
          (result) => this.#finish(cell, "ok", undefined, result),
          (error: unknown) => this.#finish(cell, cell.isStopped ? "interrupted" : "error", error),
        );
    }
  }

  #finish(cell: RunningCell, status: "ok" | "error" | "interrupted", error?: unknown, result: readonly MimeBundle[] = []): void {
    if (cell.isDone) return;
    cell.isDone = true;
    if (this.#cell === cell) this.#cell = undefined;
    if (!cell.isStopped) this.#left.add(cell);
    own.store(this.#parts.words, WANTED, 0);
    cell.shown = undefined;
    // Those of a cell that ended well may go on, by its timers.
    if (status !== "ok") for (const end of cell.bars) end();
    const end = { t: "done", run: cell.run, ms: own.now() - cell.started, memoryBytes: own.residentBytes() } as const;
    try {
      this.#parts.flush();
      this.#parts.send({ ...end, status, ...(status === "error" ? { error: plainCellError(error) } : {}), result: [...result] });
    } catch (refusal) {
      this.#refused(end, refusal);
    }
  }

  /** What the cell shows cannot leave this process, since it is cyclic say, or the cell has broken what everything leaves by. */
  #refused(end: { readonly t: "done"; readonly run: number; readonly ms: number; readonly memoryBytes: number }, refusal: unknown): void {
    try {
      this.#parts.send({ ...end, status: "error", error: plainCellError(refusal), result: [] });
    } catch {
      sendBroken(end.run);
    }
  }
}

/** What it waits for is refused, what it would do later is dropped. */
function endOf(cell: RunningCell): void {
  cell.isStopped = true;
  for (const timer of cell.timers) (timer as Partial<Disposable>)[own.dispose]?.();
  cell.timers.clear();
  cell.controller.abort(new KeyboardInterrupt());
  for (const refuse of cell.waiting) refuse(new KeyboardInterrupt());
  cell.waiting.clear();
}

type TimerFunction = (callback: (...args: unknown[]) => unknown, ...args: unknown[]) => Timer;

/** Timers belong to the cell that made them: an interrupt clears them. */
export function tieTimers(current: AsyncLocalStorage<RunningCell>): void {
  for (const name of ["setTimeout", "setInterval", "setImmediate"] as const) {
    const original = globalThis[name] as unknown as TimerFunction & Record<symbol, unknown>;
    const tied: TimerFunction = (callback, ...args) => {
      const timers = current.getStore()?.timers;
      if (timers === undefined || name === "setInterval" || typeof callback !== "function") {
        const timer = original(callback, ...args);
        timers?.add(timer);
        return timer;
      }
      const timer = original(
        function (this: unknown, ...given) {
          timers.delete(timer);
          return callback.apply(this, given);
        },
        ...args,
      );
      timers.add(timer);
      return timer;
    };
    Object.defineProperty(tied, "name", { value: name });
    Object.defineProperty(tied, promisify.custom, { value: original[promisify.custom] });
    Object.defineProperty(globalThis, name, { value: tied, writable: true, configurable: true });
  }
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"] as const) {
    const original = globalThis[name] as (timer: unknown) => void;
    const tied = (timer: unknown): void => {
      current.getStore()?.timers.delete(timer as Timer);
      original(timer);
    };
    Object.defineProperty(tied, "name", { value: name });
    Object.defineProperty(globalThis, name, { value: tied, writable: true, configurable: true });
  }
}

/** A value that throws when it is asked (a revoked proxy, a getter) is none. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
