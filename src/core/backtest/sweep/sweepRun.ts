/** One pass through the combinations of a sweep, by the tables or through the engine alone. */
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
import { allInFull, whileThereIsTime, type RunInFull } from "./bestInFull.ts";
import { COLUMNS } from "./figures.ts";
import { lookUp, type KnownFigures } from "./knownCombinations.ts";
import type { ChunkAnswer, FullAnswer, SweepOpened } from "./messages.ts";
import { CSCV_BLOCKS, deflatedSharpe, expectedHighestSharpe } from "./overfitting.ts";
import { ReturnSums } from "./returnSums.ts";
import { isSettled, ranked, sharpeVariance } from "./ranking.ts";
import type { SweepParts } from "./runSweep.ts";
import { sensitivityOf, stabilityOf } from "./stability.ts";
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
/** Largest relative difference between tables and engine that is rounding. */
const TOLERANCE = 1e-9;
/** Between a trade that won and one that lost lies a rounding error, when it did neither: these are not held against each other. */
const NOT_COMPARED: ReadonlySet<string> = new Set(["winRatePct", "profitFactor"]);

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
      this.#opened = (await this.#slot(signal, () => this.#link(false, signal))).opened;
      const sums = (this.#sums = new ReturnSums(this.#opened));
      await this.#runAll(signal);
      // What is done stays: a cancelled sweep still shows its best.
      const after = signal.aborted ? AbortSignal.timeout(LAST_MS) : signal;
      const ask = (message: object) => this.#ask(message, signal);
      // The longest first, so that all workers end together.
      const [pbo, best] = await Promise.all([signal.aborted ? null : sums.overfitting(ask), this.#best(after, signal.aborted)]);
      const isValidated = this.#request.crossValidation !== undefined && !signal.aborted;
      const folds = isValidated ? await sums.folds(ask, (item) => this.#paramsOf(item)) : null;
      return best === undefined ? undefined : this.#answer(best, pbo, folds);
    } finally {
      for (const link of this.#links.values()) link.close();
    }
  }

  async #runAll(signal: AbortSignal): Promise<void> {
    const { patience } = this.#request;
    const known = lookUp(this.#known);
    // Before the first chunk nobody knows how long a combination takes.
    const pace = { size: this.#opened?.isTakenApart === true ? Math.max(16, Math.round(2e7 / this.#opened.bars)) : 4 };
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
  #takeItems(size: number, known: ReturnType<typeof lookUp>): number[] {
    // So that all workers end together; a worker alone waits for nobody, and asking costs a millisecond.
    const { workers } = this.#parts;
    const left = this.#named - this.#next;
    const fair = workers === 1 ? left : Math.max(Math.ceil(left / (2 * workers)), Math.min(left, size >> 5));
    const end = this.#next + Math.max(1, Math.min(size, fair, MAX_CHUNK));
    const items: number[] = [];
    for (; this.#next < end; this.#next++) {
      const found = this.#known === undefined ? undefined : known(this.#paramsOf(this.#next));
      if (found === undefined) items.push(this.#next);
      else this.#keepKnown(this.#next, found);
    }
    return items;
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

  async #chunk(items: readonly number[], signal: AbortSignal): Promise<void> {
    try {
      this.#keep(items, await this.#askChunk(false, items, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (!died(error)) throw error;
      await this.#aloneLock.run(signal, () => this.#oneByOne(items, signal));
    }
  }

  /** In a process where nothing else runs: whoever ends it is the culprit. */
  async #oneByOne(items: readonly number[], signal: AbortSignal): Promise<void> {
    for (const item of items) {
      try {
        this.#keep([item], await this.#askChunk(true, [item], signal));
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

  async #askChunk(alone: boolean, items: readonly number[], signal: AbortSignal): Promise<ChunkAnswer> {
    const link = await this.#link(alone, signal);
    const { timeoutMs } = this.#parts;
    const blockPlaces = Int32Array.from([...items.keys()].filter((place) => items[place]! % this.#stride === 0));
    const message = { kind: "chunk", items: Int32Array.from(items), values: this.#valuesOf(items), blockPlaces, timeoutMs };
    return (await link.ask(message, timeoutMs * items.length, signal)) as ChunkAnswer;
  }

  #keep(items: readonly number[], { status, columns, blocks, errors }: ChunkAnswer): void {
    const width = COLUMNS.length;
    items.forEach((item, i) => {
      this.#status[item] = status[i]!;
      if (status[i] !== SWEEP_STATUS.ok) return;
      COLUMNS.forEach((name, at) => {
        this.#columns[name][item] = columns[i * width + at]!;
      });
    });
    const { width: perItem } = this.#sums!;
    items
      .filter((item) => item % this.#stride === 0)
      .forEach((item, k) => {
        if (this.#status[item] === SWEEP_STATUS.ok) this.#sums!.set(item, blocks.slice(k * perItem, (k + 1) * perItem));
      });
    for (const { at, code, message } of errors) if (this.#failures.length < MAX_FAILURES) this.#failures.push({ item: items[at] as number, code, message });
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
    const full: RunInFull = (items, monteCarlo) => this.#slot(signal, () => this.#full(items, monteCarlo, signal));
    const answers = isCancelled ? await whileThereIsTime(order, full, this.#parts.log) : await allInFull(order, this.#parts.workers, full);
    const isOff = answers.some(({ stats }, i) =>
      COLUMNS.some((name) => !NOT_COMPARED.has(name) && !agree(stats[name], this.#columns[name][order[i] as number]!)),
    );
    if (isOff && this.#opened?.usesTables === true) return undefined;
    this.#monteCarlo = answers[0]?.monteCarlo ?? null;
    const variance = this.#sharpeVariance();
    return answers.map(({ stats, shape }, i) => ({
      params: this.#paramsOf(order[i] as number),
      stats,
      deflatedSharpe: shape === undefined || variance === null ? null : deflatedSharpe(shape, variance, this.#trialsCounted()),
    }));
  }

  async #full(items: readonly number[], monteCarlo: boolean, signal: AbortSignal): Promise<readonly FullAnswer[]> {
    const link = await this.#link(false, signal);
    const { timeoutMs } = this.#parts;
    return (await link.ask({ kind: "full", values: this.#valuesOf(items), monteCarlo, timeoutMs }, timeoutMs * items.length, signal)) as readonly FullAnswer[];
  }

  async #ask(message: object, signal: AbortSignal): Promise<unknown> {
    return await this.#slot(signal, async () => (await this.#link(false, signal)).ask(message, this.#parts.timeoutMs, signal));
  }

  #answer(best: readonly SweepBest[], pbo: number | null, crossValidation: CrossValidation | null): Sweep {
    const { names, columns: params, adaptive, capacity } = this.#trials;
    const combinations = adaptive ? this.#named : capacity;
    const status = this.#status.subarray(0, combinations);
    const count = (wanted: number) => status.reduce((sum, value) => sum + (value === wanted ? 1 : 0), 0);
    const cancelled = count(SWEEP_STATUS.cancelled);
    const run = combinations - cancelled;
    const durationMs = performance.now() - this.#started;
    const variance = this.#sharpeVariance();
    const { request, method = "grid", seed = 1 } = this.#request;
    const columns: SweepColumns = {
      names,
      params: params.map((column) => column.subarray(0, combinations)),
      ...(Object.fromEntries(SWEEP_FIGURES.map((name) => [name, this.#columns[name].subarray(0, combinations)])) as SweepFigures),
      ...this.#blocksColumn(combinations),
      status,
    };
    return {
      result: {
        schema: "quantdesk.sweep/1",
        combinations,
        run,
        succeeded: count(SWEEP_STATUS.ok),
        failed: count(SWEEP_STATUS.error),
        timedOut: count(SWEEP_STATUS.timeout),
        cached: this.#cached,
        cancelled,
        workers: this.#parts.workers,
        durationMs,
        throughput: (run / durationMs) * 1000,
        best,
        pbo,
        trialsCounted: this.#trialsCounted(),
        luckSharpe: variance === null ? null : expectedHighestSharpe(variance, this.#trialsCounted()) * Math.sqrt(this.#opened!.periodsPerYear),
        crossValidation,
        monteCarlo: this.#monteCarlo,
        stability: best[0] === undefined ? null : stabilityOf(columns, best[0].params),
        sensitivity: best[0] === undefined ? [] : sensitivityOf(columns, best[0].params),
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
    return this.#request.earlierTrials - this.#cached + this.#status.reduce((sum, value) => sum + (value === SWEEP_STATUS.cancelled ? 0 : 1), 0);
  }

  #sharpeVariance(): number | null {
    return sharpeVariance(this.#columns.sharpe, this.#opened!.periodsPerYear);
  }

  #paramsOf(item: number): Params {
    const { names, columns } = this.#trials;
    return { ...this.#request.request.params, ...Object.fromEntries(names.map((name, at) => [name, columns[at]![item]!])) };
  }

  #valuesOf(items: readonly number[]): Float64Array {
    const { columns } = this.#trials;
    const width = columns.length;
    const values = new Float64Array(items.length * width);
    columns.forEach((column, at) => items.forEach((item, i) => (values[i * width + at] = column[item]!)));
    return values;
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

function agree(full: number | null, quick: number): boolean {
  const expected = full ?? Number.NaN;
  if (Number.isNaN(expected) || Number.isNaN(quick)) return Number.isNaN(expected) && Number.isNaN(quick);
  return Math.abs(expected - quick) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
