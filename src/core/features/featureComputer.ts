/** Feature computation away from the caller's loop: workers, a bounded queue before them, one computation for equal requests. */
import { availableParallelism } from "node:os";
import { badInput, TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { abortable, Scope } from "../base/scope.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { MetricsSink } from "../domain/ports.ts";
import type { QueueState } from "../domain/performance.ts";
import { Circuits } from "./circuits.ts";
import { checkSeries, featuresOf, type Features } from "./computeFeatures.ts";
import type { DeadLetter } from "./deadLetters.ts";
import { featureSet, type FeatureSet } from "./featureSet.ts";
import { FEATURES, FeatureWork } from "./featureWork.ts";
import { openProcessPool, type ProcessPool } from "./processPool.ts";
import { commonGlobals, selfContainedSource } from "./selfContained.ts";
import { SeriesFlights } from "./seriesFlights.ts";
import { generateSignalsForWatchlist, generateTickerSignal, type FeatureOptions, type FeatureSource, type TickerSignal } from "./signals.ts";
import { isWorkersFailure, runTaskIn } from "./taskRun.ts";
import type { Task } from "./tasks.ts";
import { openThreadPool, type TaskPool } from "./threadPool.ts";
import { WorkerScale } from "./workerScale.ts";
import { WorkQueue, type Priority, type Turn, type WhenFull } from "./workQueue.ts";

export interface FeatureComputerOptions {
  /** At most this many: as many as there are cores, up to it, as the load needs them; exactly as many when it was given outright. */
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
  /** How long a small request waits for others to share a message with, 2 when absent; 0 sends each at once. */
  readonly batchWindowMs?: number;
  /** Bound of a worker process's heap; Node's own when absent. */
  readonly workerHeapMb?: number;
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
  /** "normal" when absent. */
  readonly priority?: Priority;
}

const TASK_TIMEOUT_MS = 30_000;
const CACHE_SIZE = 32;
const DRAIN_MS = 1_500;
/** Requests for at most so many bars share messages: computing them takes about as long as sending them. */
const SMALL_BARS = 2_000;
const MOST_TOGETHER = 16;
const BATCH_WINDOW_MS = 2;

export function createFeatureComputer(options: FeatureComputerOptions): AsyncFeatureComputer {
  return new AsyncFeatureComputer(options);
}

export class AsyncFeatureComputer implements FeatureSource {
  /** How many computations run at once, at most. */
  readonly workers: number;
  readonly #options: FeatureComputerOptions;
  readonly #scale: WorkerScale;
  readonly #queue: WorkQueue;
  readonly #calls: WorkQueue;
  readonly #flights = new SeriesFlights();
  readonly #circuits = new Circuits(() => performance.now());
  readonly #work: FeatureWork;
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
    this.#scale = new WorkerScale({ floor: options.workersGiven ? this.workers : 1, ceiling: this.workers, now: () => performance.now() });
    this.#queue = new WorkQueue({ slots: this.#scale.workers, capacity: options.queueSize, onWaited: (waitedMs) => this.#resize(waitedMs) });
    this.#calls = new WorkQueue({ slots: this.workers, capacity: options.queueSize });
    this.#work = new FeatureWork({
      pool: () => this.#features(),
      workers: this.workers,
      timeoutMs: options.taskTimeoutMs ?? TASK_TIMEOUT_MS,
      cacheSize: options.cacheSize ?? CACHE_SIZE,
      circuits: this.#circuits,
      signal: this.#life.signal,
      log: options.log,
    });
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

  /** How many workers the load needs now: between one (all of them, when their number was given outright) and `workers`. */
  get activeWorkers(): number {
    return this.#scale.workers;
  }

  /** Of the worker processes that live now; empty while there are none. */
  get workerPids(): readonly number[] {
    return [this.#featurePids, this.#processes?.pids].flatMap((pids) => pids?.() ?? []);
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  /** Operations that are refused for now, because they took their workers down again and again. */
  get openCircuits(): readonly string[] {
    return this.#circuits.open;
  }

  /** Computations that failed three times, oldest first. */
  get deadLetters(): readonly DeadLetter[] {
    return this.#work.deadLetters.list();
  }

  /** Starts the workers, so that the first request does not wait for them (threads start together, processes when needed). */
  async warm(signal: AbortSignal): Promise<void> {
    const patient: Turn = { whenFull: { waitMs: TASK_TIMEOUT_MS } };
    await Promise.all(Array.from({ length: this.#queue.slots }, () => this.#queue.run(patient, signal, () => this.#computeNothing())));
  }

  /**
   * All features of `series`, and the `indicators` asked for beside them, computed by a worker. Equal requests at the same
   * time are one computation, and an answer is kept for a while. A full queue refuses with code `queue-full` unless
   * `whenFull` says to wait; `circuit-open` while such requests take their workers down again and again.
   */
  async computeFeatures(series: BarSeries, signal: AbortSignal, options: FeatureOptions = {}): Promise<Features> {
    return await this.#recorded(FEATURES, async (started) => {
      this.#assertOpen();
      const set = featureSet(options.indicators);
      checkSeries(series, set);
      const value = await this.#flights.join(series, set.key, signal, (flight) => this.#compute({ series, started }, set, turnOf(options), flight));
      // Equal series are one computation, but each request keeps the name and the times of its own series.
      return featuresOf(series, set, value);
    });
  }

  /** What the latest features of `series` say, with reasons. */
  async generateTickerSignal(series: BarSeries, signal: AbortSignal, options: FeatureOptions = {}): Promise<TickerSignal> {
    return generateTickerSignal(await this.computeFeatures(series, signal, options));
  }

  /** One outcome per series, in their order. */
  generateSignalsForWatchlist(watchlist: readonly BarSeries[], signal: AbortSignal) {
    return generateSignalsForWatchlist(this, watchlist, signal);
  }

  /** Computes a dead letter again; it leaves the list, and comes back as a new one if it fails three times once more. */
  async replayDeadLetter(id: number, signal: AbortSignal, options: FeatureOptions = {}): Promise<Features> {
    this.#assertOpen();
    const found = this.#work.deadLetters.take(id);
    if (found === undefined) throw badInput("unknown-dead-letter", `There is no dead letter ${id}.`, "deadLetters lists those that are there, with their ids.");
    return await this.computeFeatures(found.series, signal, { ...options, indicators: found.set.indicators });
  }

  /** Answers how many were dropped. */
  clearDeadLetters(): number {
    return this.#work.deadLetters.clear();
  }

  /**
   * Runs any function in a process of its own, so that it can neither hold up nor harm this one. A function is sent as
   * source text: a variable that it captures is refused by name (`not-self-contained`). One that does not end in time is
   * ended with its process (`timeout`), and the next call gets a new one. One that took its process down five times in a
   * row is refused for ten seconds (`circuit-open`).
   */
  async executeBlocking<A extends readonly unknown[], R>(work: ((...args: A) => R) | ModuleCall, args: A, options: BlockingOptions): Promise<Awaited<R>> {
    return await this.#recorded("executeBlocking", async (started) => {
      this.#assertOpen();
      const { task, operation } = this.#callTask(work, args);
      const timeoutMs = options.timeoutMs ?? TASK_TIMEOUT_MS;
      if (!(timeoutMs > 0 && timeoutMs <= 86_400_000))
        throw badInput("bad-timeout", `timeoutMs is ${timeoutMs}.`, "Give milliseconds, more than 0 and at most a day.");
      return await this.#calls.run(turnOf(options), options.signal, async () => {
        this.#circuits.enter(operation);
        started();
        this.#processes ??= openProcessPool(this.#options.log, this.#options.workerHeapMb);
        const signals = [options.signal, this.#life.signal];
        try {
          const answer = await runTaskIn(this.#processes, task, { name: "executeBlocking", timeoutMs, signals });
          this.#circuits.succeeded(operation);
          return answer as Awaited<R>;
        } catch (error) {
          if (!isWorkersFailure(error)) this.#circuits.succeeded(operation);
          else if (!signals.some((signal) => signal.aborted)) this.#circuits.failed(operation);
          throw error;
        }
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

  /** Takes its place in the queue before this returns: who is refused is refused at once, in the order of asking. */
  async #compute(
    request: { readonly series: BarSeries; readonly started: () => void },
    set: FeatureSet,
    turn: Turn,
    signal: AbortSignal,
  ): Promise<Float64Array> {
    const run = async (requests: ReadonlyArray<typeof request>) => {
      for (const { started } of requests) started();
      this.#circuits.enter(FEATURES);
      return await this.#work.compute(
        requests.map(({ series }) => series),
        set,
      );
    };
    const isSmall = request.series.close.length <= SMALL_BARS;
    const gatherMs = this.#options.batchWindowMs ?? BATCH_WINDOW_MS;
    const outcome = isSmall
      ? await this.#queue.runShared(turn, signal, { group: set.key, item: request, most: MOST_TOGETHER, gatherMs, run })
      : (await this.#queue.run(turn, signal, () => run([request])))[0];
    if (outcome?.status !== "fulfilled") throw outcome?.reason as Error;
    return outcome.value;
  }

  #resize(waitedMs: number): void {
    const before = this.#scale.workers;
    const workers = this.#scale.waited(waitedMs);
    if (workers === before) return;
    if (workers > before) {
      void this.#startAnother();
      return;
    }
    this.#pool?.trim(workers);
    this.#queue.slots = workers;
  }

  /** No request waits for a worker to start: those that are there take it until then. */
  async #startAnother(): Promise<void> {
    try {
      // Once the workers that are there are taken, so that this one is new.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#computeNothing();
    } catch (error) {
      this.#options.log.warn(`features: a worker did not start (${(error as Error).message})`);
    }
    this.#queue.slots = this.#scale.workers;
  }

  async #computeNothing(): Promise<void> {
    const none = new Float64Array(0);
    const task: Task = { kind: "features", columns: { high: none, low: none, close: none }, lengths: [0], indicators: [] };
    await runTaskIn(this.#features(), task, { name: "A feature worker's start", timeoutMs: TASK_TIMEOUT_MS, signals: [this.#life.signal] });
  }

  #features(): TaskPool {
    if (this.#pool === undefined && this.#options.useProcessPool) {
      const pool = openProcessPool(this.#options.log, this.#options.workerHeapMb);
      this.#featurePids = pool.pids;
      this.#pool = pool;
    }
    this.#pool ??= openThreadPool(this.#scale.workers, this.workers);
    return this.#pool;
  }

  #callTask(work: ((...args: never[]) => unknown) | ModuleCall, args: readonly unknown[]): { readonly task: Task; readonly operation: string } {
    if (typeof work === "object")
      return { task: { kind: "module", module: work.module, name: work.export, args }, operation: `${work.export} of ${work.module}` };
    this.#globals ??= commonGlobals();
    const source = selfContainedSource(work, this.#globals);
    return { task: { kind: "function", source, args }, operation: `The function ${source}` };
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

function turnOf({ whenFull = "refuse", priority = "normal" }: { readonly whenFull?: WhenFull; readonly priority?: Priority }): Turn {
  return { whenFull, priority };
}
