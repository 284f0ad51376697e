/**
 * A sweep from the session's side: chooses the combinations, has them run in chunks in the compute process, runs the best in
 * full, and holds the result against luck. What was done stays when it is cancelled; a combination that takes the compute
 * process down costs only itself: its chunk runs again one by one in a process of its own, as backtester.ts does.
 */
import { randomUUID } from "node:crypto";
import { badInput, TradingError } from "../../base/errors.ts";
import { Lock } from "../../base/lock.ts";
import type { Log } from "../../base/log.ts";
import { Scope } from "../../base/scope.ts";
import type { Params } from "../../domain/backtest.ts";
import { SWEEP_STATUS, type Sweep, type SweepBest, type SweepOptions, type SweepRequest } from "../../domain/sweep.ts";
import { COLUMNS } from "./figures.ts";
import { chooseCombinations, parseGrid, type Combinations } from "./grid.ts";
import type { ChunkAnswer, FullAnswer, SweepOpened } from "./messages.ts";
import { CSCV_BLOCKS, CSCV_LEAST_TRIALS, deflatedSharpe, expectedHighestSharpe } from "./overfitting.ts";

export interface SweepParts {
  readonly dataset: { readonly name: string; readonly simulated: boolean };
  readonly workers: number;
  readonly timeoutMs: number;
  /** What the shared memory of the indicators may take. */
  readonly maxBytes: number;
  readonly log: Log;
  /** The compute process that works now, started when there is none; with `alone` one for a single combination at a time. */
  readonly compute: (alone: boolean) => SweepCompute;
  /** Waits for a place among all that runs in the backtester. */
  readonly slot: <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;
}

export interface SweepCompute {
  /** Rejects with `compute-died` when the process ends under it. */
  readonly ask: (message: object, limitMs: number, signal: AbortSignal) => Promise<unknown>;
  readonly isGone: () => boolean;
  /** The process itself: equal means the same. */
  readonly process: object;
}

const DEFAULT_TOP = 20;
const MAX_TOP = 1000;
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

export async function runSweep(request: SweepRequest, options: SweepOptions, parts: SweepParts, signal: AbortSignal): Promise<Sweep> {
  const top = request.top ?? DEFAULT_TOP;
  if (!Number.isInteger(top) || top < 0 || top > MAX_TOP) throw badInput("bad-top", `top is ${top}, but must be a whole number from 0 to ${MAX_TOP}.`);
  const { where, method = "grid", trials, seed = 1 } = request;
  if (trials !== undefined && !(Number.isInteger(trials) && trials > 0))
    throw badInput("bad-trials", `trials is ${trials}, but must be a whole number above zero.`);
  const combinations = chooseCombinations(parseGrid(request.grid), {
    fixed: request.request.params,
    method,
    seed,
    ...(where === undefined ? {} : { where }),
    ...(trials === undefined ? {} : { trials }),
  });
  const started = performance.now();
  for (const useTables of [true, false]) {
    const run = new Run({ ...request, top }, combinations, options, parts, useTables);
    const sweep = await run.toEnd(started, signal);
    if (sweep !== undefined) return sweep;
    parts.log.warn("The quick way through this sweep and the ordinary engine differ; all combinations run again through the engine. Please report this.");
  }
  throw new TradingError("sweep-failed", "The sweep does not agree with itself.");
}

class Run {
  readonly #request: SweepRequest & { readonly top: number };
  readonly #combinations: Combinations;
  readonly #options: SweepOptions;
  readonly #parts: SweepParts;
  readonly #useTables: boolean;
  readonly #columns: { readonly [K in (typeof COLUMNS)[number]]: Float64Array };
  readonly #status: Uint8Array;
  readonly #blocksOf = new Map<number, Float64Array>();
  readonly #failures: Array<{ readonly item: number; readonly code: string; readonly message: string }> = [];
  readonly #aloneLock = new Lock();
  readonly #links = new Map<boolean, Link>();
  /** Every `stride`th combination gives its blocks. */
  readonly #stride: number;
  #opened: SweepOpened | undefined;
  #next = 0;
  #done = 0;
  #deaths = 0;

  constructor(request: SweepRequest & { readonly top: number }, combinations: Combinations, options: SweepOptions, parts: SweepParts, useTables: boolean) {
    this.#request = request;
    this.#combinations = combinations;
    this.#options = options;
    this.#parts = parts;
    this.#useTables = useTables;
    const column = () => new Float64Array(combinations.count).fill(Number.NaN);
    this.#columns = { totalReturnPct: column(), sharpe: column(), maxDrawdownPct: column(), trades: column() };
    this.#status = new Uint8Array(combinations.count);
    this.#stride = Math.ceil(combinations.count / MAX_BLOCK_TRIALS);
  }

  /** Undefined when the tables turn out to be wrong. */
  async toEnd(started: number, signal: AbortSignal): Promise<Sweep | undefined> {
    try {
      this.#opened = (await this.#parts.slot(signal, () => this.#link(false, signal))).opened;
      await this.#runAll(signal);
      // What is done stays: a cancelled sweep still shows its best.
      const after = signal.aborted ? AbortSignal.timeout(LAST_MS) : signal;
      const best = await this.#best(after, signal.aborted);
      if (best === undefined) return undefined;
      const pbo = signal.aborted ? null : await this.#overfitting(signal);
      return this.#answer(best, pbo, performance.now() - started);
    } finally {
      for (const link of this.#links.values()) link.close();
    }
  }

  async #runAll(signal: AbortSignal): Promise<void> {
    const { count } = this.#combinations;
    const workers = this.#parts.workers;
    const scope = new Scope({ name: "A sweep", signal });
    const both = scope.signal;
    let size = this.#opened?.usesTables === true ? Math.max(16, Math.round(2e7 / this.#opened.bars)) : 4;
    const take = async () => {
      while (this.#next < count && !both.aborted) {
        const fair = Math.ceil((count - this.#next) / (2 * workers));
        const items = Array.from({ length: Math.max(1, Math.min(size, fair, MAX_CHUNK)) }, (_value, i) => this.#next + i);
        this.#next += items.length;
        const since = performance.now();
        try {
          await this.#parts.slot(both, () => this.#chunk(items, both));
        } catch (error) {
          if (signal.aborted) return;
          scope.abort(error);
          throw error;
        }
        size = Math.max(1, Math.min(4 * size, Math.round((items.length * CHUNK_MS) / Math.max(1, performance.now() - since))));
      }
    };
    const ended = await Promise.allSettled(Array.from({ length: Math.min(workers, count) }, take));
    const reason: unknown = both.reason;
    await scope.close();
    if (ended.some((end) => end.status === "rejected")) throw reason;
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
        this.#failures.push({
          item,
          code: "strategy-crashed",
          message: `It took the compute process down (${String((error as TradingError).data["reason"])}).`,
        });
        this.#progress(1);
      }
    }
  }

  async #askChunk(alone: boolean, items: readonly number[], signal: AbortSignal): Promise<ChunkAnswer> {
    const link = await this.#link(alone, signal);
    const { timeoutMs } = this.#parts;
    return (await link.ask(
      { kind: "chunk", items, blockItems: items.filter((item) => item % this.#stride === 0), timeoutMs },
      timeoutMs * items.length,
      signal,
    )) as ChunkAnswer;
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
    const perItem = 2 * (this.#opened!.bounds.length + 1);
    items
      .filter((item) => item % this.#stride === 0)
      .forEach((item, k) => {
        if (this.#opened!.bounds.length > 0 && this.#status[item] === SWEEP_STATUS.ok) this.#blocksOf.set(item, blocks.slice(k * perItem, (k + 1) * perItem));
      });
    for (const { at, code, message } of errors) if (this.#failures.length < MAX_FAILURES) this.#failures.push({ item: items[at] as number, code, message });
    this.#progress(items.length);
  }

  #progress(more: number): void {
    this.#done += more;
    this.#options.onProgress?.({ done: this.#done, combinations: this.#combinations.count });
  }

  /** The first by Sharpe ratio, run in full; undefined when one differs from what the tables say. */
  async #best(signal: AbortSignal, isCancelled: boolean): Promise<readonly SweepBest[] | undefined> {
    const ranked = this.#ranked().slice(0, this.#request.top);
    if (ranked.length === 0) return [];
    const share = Math.ceil(ranked.length / this.#parts.workers);
    const parts = Array.from({ length: Math.ceil(ranked.length / share) }, (_value, i) => ranked.slice(i * share, (i + 1) * share));
    let answers: readonly FullAnswer[];
    try {
      answers = (await Promise.all(parts.map((items) => this.#parts.slot(signal, () => this.#full(items, signal))))).flat();
    } catch (error) {
      if (!isCancelled) throw error;
      this.#parts.log.warn(`The best of the cancelled sweep could not be run: ${TradingError.from(error, "failed").message}`);
      return [];
    }
    const isOff = answers.some(({ stats }, i) => COLUMNS.some((name) => !agree(stats[name], this.#columns[name][ranked[i] as number]!)));
    if (isOff && this.#opened?.usesTables === true) return undefined;
    const variance = this.#sharpeVariance();
    return answers.map(({ stats, shape }, i) => ({
      params: this.#paramsOf(ranked[i] as number),
      stats,
      deflatedSharpe: shape === undefined || variance === null ? null : deflatedSharpe(shape, variance, this.#trials()),
    }));
  }

  async #full(items: readonly number[], signal: AbortSignal): Promise<readonly FullAnswer[]> {
    const link = await this.#link(false, signal);
    const { timeoutMs } = this.#parts;
    return (await link.ask({ kind: "full", items, timeoutMs }, timeoutMs * items.length, signal)) as readonly FullAnswer[];
  }

  /** Undefined ratios last; equal ones by return, then in the grid's order. */
  #ranked(): number[] {
    const { sharpe, totalReturnPct } = this.#columns;
    const all = Array.from(this.#status.keys()).filter((item) => this.#status[item] === SWEEP_STATUS.ok);
    const known = (value: number) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value);
    const apart = (a: number, b: number) => (a === b ? 0 : b > a ? 1 : -1);
    return all.sort((a, b) => apart(known(sharpe[a]!), known(sharpe[b]!)) || apart(totalReturnPct[a]!, totalReturnPct[b]!) || a - b);
  }

  async #overfitting(signal: AbortSignal): Promise<number | null> {
    const items = [...this.#blocksOf.keys()].sort((a, b) => a - b);
    if (items.length < CSCV_LEAST_TRIALS) return null;
    const bounds = [1, ...this.#opened!.bounds, this.#opened!.bars];
    const returns = bounds.slice(1).map((to, block) => to - bounds[block]!);
    const perItem = 2 * returns.length;
    const sums = new Float64Array(items.length * perItem);
    items.forEach((item, i) => sums.set(this.#blocksOf.get(item) as Float64Array, i * perItem));
    const link = await this.#link(false, signal);
    return (await this.#parts.slot(signal, () => link.ask({ kind: "pbo", sums, trials: items.length, returns }, this.#parts.timeoutMs, signal))) as
      | number
      | null;
  }

  #answer(best: readonly SweepBest[], pbo: number | null, durationMs: number): Sweep {
    const count = (status: number) => this.#status.reduce((sum, value) => sum + (value === status ? 1 : 0), 0);
    const { count: combinations, names, columns: params } = this.#combinations;
    const cancelled = count(SWEEP_STATUS.cancelled);
    const variance = this.#sharpeVariance();
    return {
      result: {
        schema: "quantdesk.sweep/1",
        combinations,
        run: combinations - cancelled,
        succeeded: count(SWEEP_STATUS.ok),
        failed: count(SWEEP_STATUS.error),
        timedOut: count(SWEEP_STATUS.timeout),
        cached: 0,
        cancelled,
        workers: this.#parts.workers,
        durationMs,
        throughput: ((combinations - cancelled) / durationMs) * 1000,
        best,
        pbo,
        trialsCounted: this.#trials(),
        luckSharpe: variance === null ? null : expectedHighestSharpe(variance, this.#trials()) * Math.sqrt(this.#opened!.periodsPerYear),
        strategy: this.#opened!.strategy,
        dataset: this.#parts.dataset.name,
        costs: this.#request.request.costs,
        simulated: this.#parts.dataset.simulated,
        how: this.#opened!.how,
        failures: this.#failures.slice(0, MAX_FAILURES).map(({ item, code, message }) => ({ params: this.#paramsOf(item), code, message })),
      },
      columns: { names, params, ...this.#columns, status: this.#status },
    };
  }

  #trials(): number {
    return this.#request.earlierTrials + this.#status.reduce((sum, value) => sum + (value === SWEEP_STATUS.cancelled ? 0 : 1), 0);
  }

  /** Of the Sharpe ratios per bar; null with fewer than two. */
  #sharpeVariance(): number | null {
    const yearly = Math.sqrt(this.#opened!.periodsPerYear);
    const known = this.#columns.sharpe.filter((value) => Number.isFinite(value)).map((value) => value / yearly);
    if (known.length < 2) return null;
    const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
    return known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (known.length - 1);
  }

  #paramsOf(item: number): Params {
    const { names, columns } = this.#combinations;
    return { ...this.#request.request.params, ...Object.fromEntries(names.map((name, at) => [name, columns[at]![item]!])) };
  }

  /** The sweep, opened in the process that works now. */
  async #link(alone: boolean, signal: AbortSignal): Promise<Link> {
    const known = this.#links.get(alone);
    const compute = this.#parts.compute(alone);
    if (known !== undefined && known.process === compute.process) return await known.ready(signal);
    const { names, columns } = this.#combinations;
    const { timeoutMs, workers, maxBytes } = this.#parts;
    const link = new Link(compute, {
      request: this.#request.request,
      names,
      columns,
      workers: alone ? 1 : workers,
      blocks: CSCV_BLOCKS,
      useTables: this.#useTables,
      maxBytes,
      timeoutMs,
    });
    this.#links.set(alone, link);
    return await link.ready(signal);
  }
}

/** One sweep in one compute process. */
class Link {
  readonly #compute: SweepCompute;
  readonly #id = randomUUID();
  readonly #what: Readonly<Record<string, unknown>> & { readonly timeoutMs: number };
  #opening: Promise<unknown> | undefined;
  #opened: SweepOpened | undefined;

  constructor(compute: SweepCompute, what: Readonly<Record<string, unknown>> & { readonly timeoutMs: number }) {
    this.#compute = compute;
    this.#what = what;
  }

  get process(): object {
    return this.#compute.process;
  }

  get opened(): SweepOpened {
    return this.#opened as SweepOpened;
  }

  /** Opens it once, whoever asks first. */
  async ready(signal: AbortSignal): Promise<this> {
    this.#opening ??= this.#compute.ask({ kind: "open", id: this.#id, ...this.#what }, this.#what.timeoutMs + OPEN_MS, signal);
    this.#opened = (await this.#opening) as SweepOpened;
    return this;
  }

  ask(message: object, limitMs: number, signal: AbortSignal): Promise<unknown> {
    return this.#compute.ask({ id: this.#id, ...message }, limitMs, signal);
  }

  /** What it held in the process is given free; nobody waits for that. */
  close(): void {
    if (this.#compute.isGone()) return;
    this.#compute.ask({ kind: "close", id: this.#id }, 1000, AbortSignal.timeout(5000)).catch(() => undefined);
  }
}

/** Indicators of a large sweep take their time. */
const OPEN_MS = 300_000;

function died(error: unknown): error is TradingError {
  return error instanceof TradingError && error.code === "compute-died";
}

function agree(full: number | null, quick: number): boolean {
  const expected = full ?? Number.NaN;
  if (Number.isNaN(expected) || Number.isNaN(quick)) return Number.isNaN(expected) && Number.isNaN(quick);
  return Math.abs(expected - quick) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
