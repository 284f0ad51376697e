/** One pass through the combinations of a sweep, by the tables or through the engine alone. */
import { setImmediate as pause } from "node:timers/promises";
import { TradingError } from "../../base/errors.ts";
import { Lock } from "../../base/lock.ts";
import { Scope } from "../../base/scope.ts";
import type { Params } from "../../domain/backtest.ts";
import {
  SWEEP_FIGURES,
  SWEEP_STATUS,
  type CrossValidation,
  type MonteCarlo,
  type Sweep,
  type SweepBest,
  type SweepColumns,
  type SweepFigures,
  type SweepOptions,
  type SweepRequest,
} from "../../domain/sweep.ts";
import { Slots } from "../slots.ts";
import { agree } from "./agreement.ts";
import { allInFull, whileThereIsTime, type RunInFull } from "./bestInFull.ts";
import { COLUMNS } from "./figures.ts";
import { lookUp, type KnownFigures } from "./knownCombinations.ts";
import type { ChunkAnswer, FullAnswer, SweepOpened } from "./messages.ts";
import { CSCV_BLOCKS, deflatedSharpe, expectedHighestSharpe } from "./overfitting.ts";
import { ReturnSums } from "./returnSums.ts";
import { endedBy, isSettled, ranked, sharpeVariance } from "./ranking.ts";
import { rowsOf } from "./rows.ts";
import type { SweepParts } from "./runSweep.ts";
import { sensitivityOf, stabilityOf } from "../../domain/stability.ts";
import { died, SweepLink } from "./sweepLink.ts";
import type { Trials } from "./trials.ts";

/** Combinations whose returns are kept in blocks for the probability of overfitting, evenly spread over all. */
const MAX_BLOCK_TRIALS = 5000;
/** What a chunk should take. */
const CHUNK_MS = 200;
const MAX_CHUNK = 5000;
/** Ends of the compute process that one sweep may cause. */
const MAX_DEATHS = 20;
const MAX_FAILURES = 5;
/** After a cancel: time to run the best of what was done. */
const LAST_MS = 5000;
type Request = SweepRequest & { readonly top: number };

export class SweepRun {
  readonly #request: Request;
  readonly #trials: Trials;
  readonly #options: SweepOptions;
  readonly #parts: SweepParts;
  readonly #useTables: boolean;
  readonly #started: number;
  readonly #columns: SweepFigures;
  readonly #status: Uint8Array;
  readonly #failures: Array<{ readonly item: number; readonly code: string; readonly message: string }> = [];
  readonly #aloneLock = new Lock();
  /** What this sweep may have under way at once, of all that the backtester may. */
  readonly #places: Slots;
  readonly #links = new Map<boolean, SweepLink>();
  /** Every `stride`th combination gives its blocks. */
  readonly #stride: number;
  #opened: SweepOpened | undefined;
  #sums: ReturnSums | undefined;
  #named = 0;
  #next = 0;
  #done = 0;
  #cached = 0;
  #deaths = 0;
  #monteCarlo: MonteCarlo | null = null;
  #stopped: "no-improvement" | "budget" | null = null;

  constructor(request: Request, trials: Trials, options: SweepOptions, parts: SweepParts, how: { readonly useTables: boolean; readonly started: number }) {
    this.#request = request;
    this.#trials = trials;
    this.#options = options;
    this.#parts = parts;
    this.#places = new Slots(parts.workers);
    this.#useTables = how.useTables;
    this.#started = how.started;
    const { capacity } = trials;
    this.#columns = Object.fromEntries(SWEEP_FIGURES.map((name) => [name, new Float64Array(capacity).fill(Number.NaN)])) as SweepFigures;
    this.#status = new Uint8Array(capacity);
    this.#stride = Math.ceil(capacity / MAX_BLOCK_TRIALS);
  }

  /** Undefined when the tables turn out to be wrong. */
  async toEnd(signal: AbortSignal): Promise<Sweep | undefined> {
    try {
      await pause();
      this.#opened = (await this.#slot(signal, () => this.#link(false, signal))).opened;
      const sums = (this.#sums = new ReturnSums(this.#opened, this.#trials.capacity, this.#stride));
      await this.#runAll(signal);
      await pause();
      // What is done stays: a cancelled sweep still shows its best.
      const after = signal.aborted ? AbortSignal.timeout(LAST_MS) : signal;
      const ask = (message: object) => this.#ask(message, signal);
      // The longest first, so that all workers end together.
      const [pbo, best] = await Promise.all([signal.aborted ? null : sums.overfitting(ask, this.#parts.workers), this.#best(after, signal.aborted)]);
      const isValidated = this.#request.crossValidation !== undefined && !signal.aborted;
      const folds = isValidated ? await sums.folds(ask, (item) => this.#paramsOf(item)) : null;
      return best === undefined ? undefined : await this.#answer(best, pbo, folds);
    } finally {
      for (const link of this.#links.values()) link.close();
    }
  }

  async #runAll(signal: AbortSignal): Promise<void> {
    const { patience } = this.#request;
    const known = lookUp(this.#known);
    // Before the first chunk nobody knows how long a combination takes.
    const pace = { size: this.#opened?.isTakenApart === true ? Math.max(16, Math.round(4e7 / this.#opened.bars)) : 4 };
    while (!signal.aborted) {
      const before = this.#named;
      this.#named = await this.#trials.next(this.#columns.sharpe.subarray(0, before));
      if (this.#named === before) return;
      await this.#runNamed(pace, known, signal);
      if (this.#stopped !== null) return;
      if (patience !== undefined && isSettled(this.#columns, this.#named, patience)) {
        if (this.#named < this.#trials.capacity) this.#stopped = "no-improvement";
        return;
      }
    }
  }

  async #runNamed(pace: { size: number }, known: ReturnType<typeof lookUp>, signal: AbortSignal): Promise<void> {
    const { workers } = this.#parts;
    const scope = new Scope({ name: "A sweep", signal });
    const both = scope.signal;
    const take = async () => {
      while (this.#next < this.#named && !both.aborted) {
        if (this.#isOverBudget()) return;
        const items = this.#takeItems(pace.size, known);
        if (items.length === 0) continue;
        const since = performance.now();
        try {
          await this.#slot(both, () => this.#chunk(items, both));
        } catch (error) {
          if (signal.aborted) return;
          scope.abort(error);
          throw error;
        }
        pace.size = Math.max(1, Math.min(4 * pace.size, Math.round((items.length * CHUNK_MS) / Math.max(1, performance.now() - since))));
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: Math.min(workers, this.#named - this.#next) }, take));
    const reason: unknown = both.reason;
    await scope.close();
    if (ended.some((end) => end.status === "rejected")) throw reason;
  }

  /** The next few, without those that are known. */
  #takeItems(size: number, known: ReturnType<typeof lookUp>): Int32Array {
    // So that all workers end together; a worker alone waits for nobody, and asking costs a millisecond.
    const { workers } = this.#parts;
    const left = this.#named - this.#next;
    const fair = workers === 1 ? left : Math.max(Math.ceil(left / (1.5 * workers)), Math.min(left, size >> 5));
    const end = this.#next + Math.max(1, Math.min(size, fair, MAX_CHUNK));
    const items = new Int32Array(end - this.#next);
    let count = 0;
    for (; this.#next < end; this.#next++) {
      const found = this.#known === undefined ? undefined : known(this.#paramsOf(this.#next));
      if (found === undefined) items[count++] = this.#next;
      else this.#keepKnown(this.#next, found);
    }
    return items.subarray(0, count);
  }

  #keepKnown(item: number, { figures, blocks }: KnownFigures): void {
    if (item % this.#stride === 0 && blocks?.length === this.#sums!.width) this.#sums!.set(item, blocks);
    SWEEP_FIGURES.forEach((name, at) => {
      this.#columns[name][item] = figures[at]!;
    });
    this.#status[item] = SWEEP_STATUS.ok;
    this.#cached++;
    this.#progress(1);
  }

  /** What was run before has no return sums for folds. */
  get #known(): SweepRequest["known"] {
    return this.#request.crossValidation === undefined ? this.#request.known : undefined;
  }

  #isOverBudget(): boolean {
    const { budgetMs } = this.#request;
    if (budgetMs !== undefined && performance.now() - this.#started > budgetMs) this.#stopped = "budget";
    return this.#stopped !== null;
  }

  async #chunk(items: Int32Array, signal: AbortSignal): Promise<void> {
    try {
      this.#keep(items, await this.#askChunk(false, items, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!died(error)) throw error;
      await this.#aloneLock.run(signal, () => this.#oneByOne(items, signal));
    }
  }

  /** In a process where nothing else runs: whoever ends it is the culprit. */
  async #oneByOne(items: Int32Array, signal: AbortSignal): Promise<void> {
    for (const item of items) {
      try {
        const alone = Int32Array.of(item);
        this.#keep(alone, await this.#askChunk(true, alone, signal));
      } catch (error) {
        signal.throwIfAborted();
        if (!died(error)) throw error;
        if (++this.#deaths >= MAX_DEATHS)
          throw new TradingError("strategy-crashed", `The strategy took the compute process down ${MAX_DEATHS} times.`, {
            cause: error,
            hint: "Try it with quantdesk backtest first.",
          });
        this.#status[item] = SWEEP_STATUS.error;
        this.#failures.push({ item, code: "strategy-crashed", message: `It took the compute process down (${String(error.data["reason"])}).` });
        this.#progress(1);
      }
    }
  }

  async #askChunk(alone: boolean, items: Int32Array, signal: AbortSignal): Promise<ChunkAnswer> {
    const link = await this.#link(alone, signal);
    const { timeoutMs } = this.#parts;
    const message = { kind: "chunk", items, ...this.#valuesOf(items), blockPlaces: this.#blockPlaces(items), timeoutMs };
    return (await link.ask(message, timeoutMs * items.length, signal)) as ChunkAnswer;
  }

  /** Places of those whose blocks are kept. */
  #blockPlaces(items: Int32Array): Int32Array {
    const places = new Int32Array(items.length);
    let count = 0;
    for (let i = 0; i < items.length; i++) if (items[i]! % this.#stride === 0) places[count++] = i;
    return places.subarray(0, count);
  }

  #keep(items: Int32Array, { status, columns, blocks, errors }: ChunkAnswer): void {
    const width = COLUMNS.length;
    for (let i = 0; i < items.length; i++) this.#status[items[i]!] = status[i]!;
    COLUMNS.forEach((name, at) => {
      const column = this.#columns[name];
      for (let i = 0; i < items.length; i++) if (status[i] === SWEEP_STATUS.ok) column[items[i]!] = columns[i * width + at]!;
    });
    const { width: perItem } = this.#sums!;
    this.#blockPlaces(items).forEach((place, k) => {
      if (status[place] === SWEEP_STATUS.ok) this.#sums!.set(items[place]!, blocks.subarray(k * perItem, (k + 1) * perItem));
    });
    for (const { at, code, message } of errors) if (this.#failures.length < MAX_FAILURES) this.#failures.push({ item: items[at]!, code, message });
    this.#progress(items.length);
  }

  #progress(more: number): void {
    this.#done += more;
    this.#options.onProgress?.({ done: this.#done, combinations: this.#trials.capacity });
  }

  /** The first by Sharpe ratio, run in full; undefined when one differs from what the tables say. */
  async #best(signal: AbortSignal, isCancelled: boolean): Promise<readonly SweepBest[] | undefined> {
    const order = ranked({ ...this.#columns, status: this.#status }, this.#request.top);
    if (order.length === 0) return [];
    const full: RunInFull = (items, monteCarlo, round) => this.#slot(signal, () => this.#full(Int32Array.from(items), { monteCarlo, round }, signal));
    const answers = isCancelled ? await whileThereIsTime(order, full, this.#parts.log) : await allInFull(order, this.#parts.workers, full);
    if (!agree(answers, order, this.#columns) && this.#opened?.usesTables === true) return undefined;
    this.#monteCarlo = answers[0]?.monteCarlo ?? null;
    const [variance, trials] = [this.#sharpeVariance(), this.#trialsCounted()];
    return answers.map(({ stats, shape }, i) => ({
      params: this.#paramsOf(order[i] as number),
      stats,
      deflatedSharpe: shape === undefined || variance === null ? null : deflatedSharpe(shape, variance, trials),
    }));
  }

  async #full(items: Int32Array, how: { readonly monteCarlo: boolean; readonly round: number }, signal: AbortSignal): Promise<readonly FullAnswer[]> {
    const link = await this.#link(false, signal);
    const { timeoutMs } = this.#parts;
    return (await link.ask({ kind: "full", items, ...this.#valuesOf(items), ...how, timeoutMs }, timeoutMs * items.length, signal)) as readonly FullAnswer[];
  }

  async #ask(message: object, signal: AbortSignal): Promise<unknown> {
    return await this.#slot(signal, async () => (await this.#link(false, signal)).ask(message, this.#parts.timeoutMs, signal));
  }

  async #answer(best: readonly SweepBest[], pbo: number | null, crossValidation: CrossValidation | null): Promise<Sweep> {
    const { names, columns: params, adaptive, capacity } = this.#trials;
    const combinations = adaptive ? this.#named : capacity;
    const status = this.#status.subarray(0, combinations);
    const ended = endedBy(status);
    const cancelled = ended[SWEEP_STATUS.cancelled]!;
    const run = combinations - cancelled;
    const durationMs = performance.now() - this.#started;
    const [variance, trialsCounted] = [this.#sharpeVariance(), this.#trialsCounted()];
    const { request, method = "grid", seed = 1 } = this.#request;
    const columns: SweepColumns = {
      names,
      params: params.map((column) => column.subarray(0, combinations)),
      ...(Object.fromEntries(SWEEP_FIGURES.map((name) => [name, this.#columns[name].subarray(0, combinations)])) as SweepFigures),
      ...this.#blocksColumn(combinations),
      status,
    };
    // A hundred thousand combinations take some milliseconds for each of these: the caller's loop has its turns between them.
    await pause();
    const stability = best[0] === undefined ? null : stabilityOf(columns, best[0].params);
    await pause();
    const sensitivity = best[0] === undefined ? [] : sensitivityOf(columns, best[0].params);
    return {
      result: {
        schema: "quantdesk.sweep/1",
        combinations,
        run,
        succeeded: ended[SWEEP_STATUS.ok]!,
        failed: ended[SWEEP_STATUS.error]!,
        timedOut: ended[SWEEP_STATUS.timeout]!,
        cached: this.#cached,
        cancelled,
        workers: this.#parts.workers,
        durationMs,
        throughput: (run / durationMs) * 1000,
        best,
        pbo,
        trialsCounted,
        luckSharpe: variance === null ? null : expectedHighestSharpe(variance, trialsCounted) * Math.sqrt(this.#opened!.periodsPerYear),
        crossValidation,
        monteCarlo: this.#monteCarlo,
        stability,
        sensitivity,
        method,
        seed: method === "grid" ? null : seed,
        stopped: this.#stopped,
        strategy: this.#opened!.strategy,
        dataset: this.#parts.dataset.name,
        costs: request.costs,
        simulated: this.#parts.dataset.simulated,
        how: this.#opened!.how,
        failures: this.#failures.slice(0, MAX_FAILURES).map(({ item, code, message }) => ({ params: this.#paramsOf(item), code, message })),
      },
      columns,
    };
  }

  /** Those of folds fit no other sweep. */
  #blocksColumn(combinations: number): Pick<SweepColumns, "blocks"> {
    const blocks = this.#request.crossValidation === undefined ? this.#sums!.column(combinations) : undefined;
    return blocks === undefined ? {} : { blocks };
  }

  /** Those that are known are counted already. */
  #trialsCounted(): number {
    return this.#request.earlierTrials - this.#cached + this.#status.length - endedBy(this.#status)[SWEEP_STATUS.cancelled]!;
  }

  #sharpeVariance(): number | null {
    return sharpeVariance(this.#columns.sharpe, this.#opened!.periodsPerYear);
  }

  #paramsOf(item: number): Params {
    const { names, columns } = this.#trials;
    return { ...this.#request.request.params, ...Object.fromEntries(names.map((name, at) => [name, columns[at]![item]!])) };
  }

  /** Where the compute process cannot know them: item by item, in the order of the names. */
  #valuesOf(items: Int32Array): { readonly values?: Float64Array } {
    const { columns, adaptive } = this.#trials;
    return adaptive ? { values: rowsOf(columns, items) } : {};
  }

  #slot<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#places.run(signal, () => this.#parts.slot(signal, work));
  }

  /** The sweep, opened in the process that works now. */
  async #link(alone: boolean, signal: AbortSignal): Promise<SweepLink> {
    const known = this.#links.get(alone);
    const compute = this.#parts.compute(alone);
    if (known !== undefined && known.process === compute.process) return await known.ready(signal);
    const { names, allowed, adaptive } = this.#trials;
    const { timeoutMs, workers, maxBytes } = this.#parts;
    const link = new SweepLink(compute, {
      request: this.#request.request,
      names,
      columns: allowed,
      workers: alone ? 1 : workers,
      blocks: CSCV_BLOCKS,
      useTables: this.#useTables,
      ...(this.#request.crossValidation === undefined ? {} : { crossValidation: this.#request.crossValidation }),
      adaptive,
      maxBytes,
      timeoutMs,
    });
    this.#links.set(alone, link);
    return await link.ready(signal);
  }
}
