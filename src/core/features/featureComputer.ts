/** Feature computation away from the caller's loop: workers, a bounded queue before them, one computation for equal requests. */
import { availableParallelism } from "node:os";
import { badInput, TradingError } from "../base/errors.ts";
import { FlightCache } from "../base/flightCache.ts";
import type { Log } from "../base/log.ts";
import { abortable, deadlineError, Scope } from "../base/scope.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { MetricsSink } from "../domain/ports.ts";
import type { QueueState } from "../domain/performance.ts";
import { checkSeries, featuresOf, type Features } from "./computeFeatures.ts";
import { openProcessPool, type ProcessPool } from "./processPool.ts";
import { commonGlobals, selfContainedSource } from "./selfContained.ts";
import { blockBytes, featuresTask, seriesKey, SharedBlocks, sharedFeaturesTask } from "./sharedSeries.ts";
import { SeriesFlights } from "./seriesFlights.ts";
import { generateSignalsForWatchlist, generateTickerSignal, type FeatureSource, type TickerSignal, type WhenFull } from "./signals.ts";
import type { Task } from "./tasks.ts";
import { openThreadPool, type TaskPool } from "./threadPool.ts";
import { WorkQueue } from "./workQueue.ts";

export interface FeatureComputerOptions {
  /** At most this many: as many as there are cores, up to it, unless it was given outright. */
  readonly workers: number;
  readonly workersGiven: boolean;
  /** Requests that may wait; what runs is not among them. */
  readonly queueSize: number;
  /** Child processes instead of threads. */
  readonly useProcessPool: boolean;
  readonly metrics: MetricsSink;
  readonly log: Log;
  /** Longest time one computation may run, 30 s when absent. */
  readonly taskTimeoutMs?: number;
  /** Answers kept for equal requests, 32 when absent; 0 keeps none. */
  readonly cacheSize?: number;
}

/** A function that a module exports; the module by absolute path, file: address or package name. */
export interface ModuleCall {
  readonly module: string;
  readonly export: string;
}

export interface BlockingOptions {
  readonly signal: AbortSignal;
  /** 30 s when absent; then the function is ended, whatever it does. */
  readonly timeoutMs?: number;
  /** Refused when absent. */
  readonly whenFull?: WhenFull;
}

const TASK_TIMEOUT_MS = 30_000;
/** A backstop only: what runs has its own deadline, what waits ends with its caller's signal or with close. */
const FLIGHT_MS = 24 * 3_600_000;
const CACHE_TTL_MS = 300_000;
const CACHE_SIZE = 32;
/** Answers for more bars than this (2 MB) are not kept: a few of them would fill the memory of a window. */
const MAX_KEPT_BARS = 20_000;
const DRAIN_MS = 1_500;
/** Computing is repeatable: when its worker dies under it, it is run again this often. */
const ATTEMPTS = 2;

export function createFeatureComputer(options: FeatureComputerOptions): AsyncFeatureComputer {
  return new AsyncFeatureComputer(options);
}

export class AsyncFeatureComputer implements FeatureSource {
  /** How many computations run at once. */
  readonly workers: number;
  readonly #options: FeatureComputerOptions;
  readonly #queue: WorkQueue;
  readonly #calls: WorkQueue;
  readonly #kept: FlightCache;
  readonly #flights = new SeriesFlights();
  readonly #blocks: SharedBlocks;
  /** Ends what still runs when the drain takes too long. */
  readonly #life = new Scope({ name: "The feature computer" });
  #requests = 0;
  #onIdle: (() => void) | undefined;
  #pool: TaskPool | undefined;
  #featurePids: (() => readonly number[]) | undefined;
  #processes: ProcessPool | undefined;
  #globals: ReadonlySet<string> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: FeatureComputerOptions) {
    if (!Number.isInteger(options.workers) || options.workers < 1 || options.workers > 64)
      throw badInput("bad-workers", `features.workers is ${options.workers}.`, "Give a whole number from 1 to 64.");
    if (!Number.isInteger(options.queueSize) || options.queueSize < 1)
      throw badInput("bad-queue-size", `features.queueSize is ${options.queueSize}.`, "Give a whole number, at least 1.");
    this.#options = options;
    this.workers = options.workersGiven ? options.workers : Math.min(options.workers, availableParallelism());
    this.#queue = new WorkQueue({ slots: this.workers, capacity: options.queueSize });
    this.#calls = new WorkQueue({ slots: this.workers, capacity: options.queueSize });
    this.#blocks = new SharedBlocks(this.workers);
    this.#kept = new FlightCache({ capacity: options.cacheSize ?? CACHE_SIZE, ttlMs: CACHE_TTL_MS, deadlineMs: FLIGHT_MS, now: () => performance.now() });
  }

  /** Of the two queues (features, executeBlocking) the fuller one. */
  get queue(): QueueState & { readonly running: number; readonly refused: number } {
    const [features, calls] = [this.#queue, this.#calls];
    return {
      depth: Math.max(features.depth, calls.depth),
      capacity: features.capacity,
      running: features.running + calls.running,
      refused: features.refused + calls.refused,
    };
  }

  /** Of the worker processes that live now; empty while there are none. */
  get workerPids(): readonly number[] {
    return [this.#featurePids, this.#processes?.pids].flatMap((pids) => pids?.() ?? []);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Starts the workers, so that the first request does not wait for them (threads start together, processes when needed). */
  async warm(signal: AbortSignal): Promise<void> {
    const empty = new Float64Array(0);
    const task: Task = { kind: "features", high: empty, low: empty, close: empty };
    await Promise.all(Array.from({ length: this.workers }, () => this.#queue.run({ waitMs: TASK_TIMEOUT_MS }, signal, () => this.#compute(task))));
  }

  /**
   * All features of `series`, computed by a worker. Equal requests at the same time are one computation, and an answer is
   * kept for a while. A full queue refuses with code `queue-full` unless `whenFull` says to wait.
   */
  async computeFeatures(series: BarSeries, signal: AbortSignal, options: { readonly whenFull?: WhenFull } = {}): Promise<Features> {
    return await this.#recorded("features", async (started) => {
      this.#assertOpen();
      checkSeries(series);
      const value = await this.#flights.join(series, signal, (flight) =>
        this.#queue.run(options.whenFull ?? "refuse", flight, async () => {
          started();
          if (series.close.length > MAX_KEPT_BARS) return await this.#computeSeries(series);
          return (await this.#kept.get(seriesKey(series), this.#life.signal, () => this.#computeSeries(series))).value;
        }),
      );
      // Equal series are one computation, but each request keeps the name and the times of its own series.
      return featuresOf(series, value);
    });
  }

  /** What the latest features of `series` say, with reasons. */
  async generateTickerSignal(series: BarSeries, signal: AbortSignal, options: { readonly whenFull?: WhenFull } = {}): Promise<TickerSignal> {
    return generateTickerSignal(await this.computeFeatures(series, signal, options));
  }

  /** One outcome per series, in their order. */
  generateSignalsForWatchlist(watchlist: readonly BarSeries[], signal: AbortSignal) {
    return generateSignalsForWatchlist(this, watchlist, signal);
  }

  /**
   * Runs any function in a process of its own, so that it can neither hold up nor harm this one. A function is sent as
   * source text: a variable that it captures is refused by name (`not-self-contained`). One that does not end in time is
   * ended with its process (`timeout`), and the next call gets a new one.
   */
  async executeBlocking<A extends readonly unknown[], R>(work: ((...args: A) => R) | ModuleCall, args: A, options: BlockingOptions): Promise<Awaited<R>> {
    return await this.#recorded("executeBlocking", async (started) => {
      this.#assertOpen();
      const task = this.#callTask(work, args);
      const timeoutMs = options.timeoutMs ?? TASK_TIMEOUT_MS;
      if (!(timeoutMs > 0 && timeoutMs <= 86_400_000))
        throw badInput("bad-timeout", `timeoutMs is ${timeoutMs}.`, "Give milliseconds, more than 0 and at most a day.");
      return await this.#calls.run(options.whenFull ?? "refuse", options.signal, async () => {
        started();
        this.#processes ??= openProcessPool(this.#options.log);
        return (await this.#runIn(this.#processes, task, "executeBlocking", timeoutMs, options.signal)) as Awaited<R>;
      });
    });
  }

  /** Takes nothing new, lets what was accepted end for 1.5 s, then ends the workers. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const drained =
      this.#requests === 0
        ? Promise.resolve()
        : new Promise<void>((resolve) => {
            this.#onIdle = resolve;
          });
    try {
      const late = new Scope({ deadlineMs: DRAIN_MS });
      try {
        await abortable(drained, late.signal);
      } finally {
        await late.close();
      }
    } catch {
      const closed = new TradingError("closed", "The feature computer was closed before this was computed.", { kind: "interrupted" });
      this.#options.log.warn(`features: closed with ${this.queue.running} running and ${this.queue.depth} waiting`);
      this.#queue.rejectWaiting(closed);
      this.#calls.rejectWaiting(closed);
      this.#life.abort(closed);
    }
    await this.#life.close();
    await Promise.all([this.#pool?.close(), this.#processes?.close()]);
  }

  #features(): TaskPool {
    if (this.#pool === undefined && this.#options.useProcessPool) {
      const pool = openProcessPool(this.#options.log);
      this.#featurePids = pool.pids;
      this.#pool = pool;
    }
    this.#pool ??= openThreadPool(this.workers);
    return this.#pool;
  }

  async #computeSeries(series: BarSeries): Promise<Float64Array> {
    if (!this.#features().sharesMemory) return await this.#compute(featuresTask(series));
    const block = this.#blocks.take(blockBytes(series));
    try {
      return await this.#compute(sharedFeaturesTask(series, block));
    } finally {
      this.#blocks.giveBack(block);
    }
  }

  async #compute(task: Task): Promise<Float64Array> {
    for (let attempt = 1; ; attempt++) {
      try {
        return (await this.#runIn(
          this.#features(),
          task,
          "computeFeatures",
          this.#options.taskTimeoutMs ?? TASK_TIMEOUT_MS,
          this.#life.signal,
        )) as Float64Array;
      } catch (error) {
        const isWorkers = error instanceof TradingError && (error.code === "worker-died" || error.code === "timeout");
        if (!isWorkers || attempt >= ATTEMPTS || this.#life.signal.aborted) throw error;
        this.#options.log.warn(`features: ${error.message}; computing it again`);
      }
    }
  }

  async #runIn(pool: TaskPool, task: Task, name: string, timeoutMs: number, signal: AbortSignal): Promise<unknown> {
    const controller = new AbortController();
    const abort = () => controller.abort(signal.reason);
    const endWithLife = () => controller.abort(this.#life.signal.reason);
    const timer = setTimeout(() => controller.abort(deadlineError(name, timeoutMs)), timeoutMs);
    signal.addEventListener("abort", abort, { once: true });
    this.#life.signal.addEventListener("abort", endWithLife, { once: true });
    try {
      signal.throwIfAborted();
      this.#life.signal.throwIfAborted();
      const answer = await pool.run(task, controller.signal);
      if (!answer.ok) throw TradingError.fromPlain(answer.error);
      return answer.value;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      this.#life.signal.removeEventListener("abort", endWithLife);
    }
  }

  #callTask(work: ((...args: never[]) => unknown) | ModuleCall, args: readonly unknown[]): Task {
    if (typeof work === "object") return { kind: "module", module: work.module, name: work.export, args };
    this.#globals ??= commonGlobals();
    return { kind: "function", source: selfContainedSource(work, this.#globals), args };
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new TradingError("closed", "The feature computer is closed.", { kind: "interrupted" });
  }

  /** One record per request, whoever computed its answer: `started` divides waiting from running. */
  async #recorded<T>(operation: string, work: (started: () => void) => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    const asked = performance.now();
    let began: number | undefined;
    let failure: string | null = null;
    this.#requests++;
    try {
      return await work(() => {
        began = performance.now();
      });
    } catch (error) {
      failure = TradingError.from(error, "failed").code;
      throw error;
    } finally {
      const ended = performance.now();
      this.#options.metrics.record({
        operation,
        startedAt,
        queueMs: (began ?? ended) - asked,
        runMs: ended - (began ?? ended),
        ok: failure === null,
        error: failure,
      });
      if (--this.#requests === 0) this.#onIdle?.();
    }
  }
}
