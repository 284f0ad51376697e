/**
 * backtest: runs strategies over bars, many at once, in a compute process of its own.
 * Imports base and domain. Is given: how many workers, the time per item, a log, a clock.
 * Knows nothing of brokers, VS Code, the store, or where bars come from.
 *
 * An item that hangs, throws or takes its worker or the whole compute process down costs only itself: the process is
 * started again, and what else was under way in it runs once more, each alone in a second process, so that the one that
 * does it again is the culprit and is named.
 */
import { totalmem } from "node:os";
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult } from "../domain/backtest.ts";
import { pricesInfo, type Dataset } from "../domain/bars.ts";
import type { Backtester, BacktesterLoad } from "../domain/ports.ts";
import type { Sweep, SweepOptions, SweepRequest } from "../domain/sweep.ts";
import type { WalkForward, WalkForwardRequest } from "../domain/walkForward.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { Lock } from "../base/lock.ts";
import type { Log } from "../base/log.ts";
import { Scope } from "../base/scope.ts";
import { summarize } from "../domain/batch.ts";
import { ComputeProcess, OUT_OF_MEMORY } from "./computeProcess.ts";
import { Groups } from "./groups.ts";
import { Slots } from "./slots.ts";
import { runSweep } from "./sweep/runSweep.ts";
import type { SweepCompute } from "./sweep/sweepLink.ts";
import { walkForward } from "./sweep/walkForward.ts";

export interface BacktesterOptions {
  /** Runs at once. A batch may ask for more, up to 64. */
  readonly workers: number;
  /** Per run, from its own start. */
  readonly timeoutMs: number;
  readonly log: Log;
  /** Resident memory of the compute process, bars included; by default 60 % of the machine's, at most 8 GB. */
  readonly memoryMb?: number;
  /**
   * A single short run of a built-in strategy is done here, when no compute process is there yet: starting one takes a
   * hundred times as long. For processes without a loop that others wait for.
   */
  readonly smallRunsHere?: boolean;
}

/** Bars up to which a run is small: some milliseconds in a process that has just started. */
const SMALL_RUN_BARS = 20_000;

/** Data sets kept; the one not used for longest is dropped. */
const MAX_DATASETS = 1000;
const MAX_WORKERS = 64;
const MAX_MEMORY_MB = 8192;
/** Of that memory, what the indicators of one sweep may take. */
const SWEEP_SHARE = 0.4;

export function createBacktester(options: BacktesterOptions): Backtester {
  return new LocalBacktester(options);
}

class LocalBacktester implements Backtester {
  readonly #options: BacktesterOptions;
  readonly #scope = new Scope({ name: "The backtester" });
  readonly #slots: Slots;
  /** In order of last use. */
  readonly #datasets = new Map<string, Dataset>();
  readonly #alone = new Lock();
  readonly #ended = { ok: 0, error: 0, timeout: 0 };
  #process: ComputeProcess | undefined;
  #probation: ComputeProcess | undefined;

  constructor(options: BacktesterOptions) {
    this.#options = options;
    this.#slots = new Slots(options.workers);
  }

  load(): BacktesterLoad {
    const { size: workers, running, waiting } = this.#slots;
    return { workers, running, waiting, ended: { ...this.#ended } };
  }

  register(key: string, dataset: Dataset): void {
    const known = this.#datasets.get(key);
    this.#datasets.delete(key);
    const isSame =
      known !== undefined &&
      known.info.sha256 === dataset.info.sha256 &&
      known.info.bars === dataset.info.bars &&
      known.series.symbol === dataset.series.symbol;
    this.#datasets.set(key, isSame ? known : dataset);
    if (known !== undefined && !isSame) this.#forget(key);
    if (this.#datasets.size > MAX_DATASETS) {
      const [oldest] = this.#datasets.keys();
      if (oldest !== undefined) {
        this.#datasets.delete(oldest);
        this.#forget(oldest);
      }
    }
  }

  async run(request: BacktestRequest, signal: AbortSignal): Promise<BacktestResult> {
    const scope = this.#scope.child({ name: "A backtest", signal });
    try {
      const result = await this.#slots.run(scope.signal, () =>
        this.#isSmall(request) ? this.#runHere(request) : this.#runGuarded(request, this.#options.timeoutMs, scope.signal),
      );
      this.#ended.ok++;
      return result;
    } catch (error) {
      if (!scope.signal.aborted) this.#ended[outcomeOf(error)]++;
      throw error;
    } finally {
      await scope.close();
    }
  }

  async batch(
    requests: readonly BacktestRequest[],
    options: { readonly workers?: number; readonly timeoutMs?: number; readonly onItem?: (item: BatchItem) => void },
    signal: AbortSignal,
  ): Promise<BatchResult> {
    const { workers, timeoutMs } = this.#within(options);
    const started = performance.now();
    const results: BatchItem[] = requests.map((_request, index) => ({
      index,
      status: "cancelled",
      error: { code: "cancelled", message: "The batch was cancelled before this one was done." },
    }));
    const more = Math.max(0, workers - this.#options.workers);
    const scope = this.#scope.child({ name: "A batch of backtests", signal });
    this.#slots.grow(more);
    let next = 0;
    const groups = new Groups(requests, workers);
    const keep = (item: BatchItem) => {
      results[item.index] = item;
      groups.ran(item.result?.durationMs ?? item.durationMs ?? 0);
      options.onItem?.(item);
    };
    const take = async () => {
      while (next < requests.length && !scope.signal.aborted) {
        const first = next;
        const end = first + groups.sizeFrom(first);
        next = end;
        const done = end - first === 1 ? [] : await this.#group(requests.slice(first, end), first, timeoutMs, scope.signal);
        for (let index = first; index < end; index++) {
          const known = done[index - first];
          if (known === undefined && scope.signal.aborted) continue;
          const item = known ?? (await this.#item(index, requests[index] as BacktestRequest, timeoutMs, scope.signal));
          if (item === undefined) return;
          keep(item);
        }
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(workers, requests.length) }, take));
    } finally {
      this.#slots.grow(-more);
      await scope.close();
    }
    return summarize(results, Math.min(workers, Math.max(1, requests.length)), performance.now() - started);
  }

  async sweep(request: SweepRequest, options: SweepOptions, signal: AbortSignal): Promise<Sweep> {
    const { workers, timeoutMs } = this.#within(options);
    const key = request.request.data;
    const dataset = this.#dataset(key);
    const compute = (alone: boolean): SweepCompute => {
      const process = alone ? (this.#probation = this.#alive(this.#probation)) : (this.#process = this.#alive(this.#process));
      return { process, isGone: () => process.isGone, ask: (message, limitMs, caller) => process.sweep(message, key, dataset, limitMs, caller) };
    };
    const more = Math.max(0, workers - this.#options.workers);
    const scope = this.#scope.child({ name: "A sweep", signal });
    this.#slots.grow(more);
    try {
      const sweep = await runSweep(
        request,
        options,
        {
          dataset: { name: dataset.info.name, simulated: dataset.series.simulated },
          workers,
          timeoutMs,
          maxBytes: this.#memoryMb() * SWEEP_SHARE * 1024 ** 2,
          log: this.#options.log,
          compute,
          slot: (caller, work) => this.#slots.run(caller, work),
        },
        scope.signal,
      );
      return { ...sweep, result: { ...sweep.result, prices: pricesInfo(dataset.info), warnings: dataset.warnings ?? [] } };
    } finally {
      this.#slots.grow(-more);
      await scope.close();
    }
  }

  async walkForward(request: WalkForwardRequest, options: SweepOptions, signal: AbortSignal): Promise<WalkForward> {
    const { workers } = this.#within(options);
    const dataset = this.#dataset(request.request.data);
    const walk = await walkForward(
      request,
      options,
      {
        dataset,
        workers,
        sweep: (training, how, caller) => this.sweep(training, how, caller),
        run: (test, caller) => this.run(test, caller),
      },
      signal,
    );
    return { ...walk, result: { ...walk.result, warnings: dataset.warnings ?? [] } };
  }

  async close(): Promise<void> {
    await this.#scope.close();
    await Promise.all([this.#process?.close(), this.#probation?.close()]);
  }

  #isSmall({ strategy, data, checkLookAhead }: BacktestRequest): boolean {
    if (checkLookAhead === true || this.#options.smallRunsHere !== true || strategy.kind !== "builtin" || this.#process !== undefined) return false;
    return this.#dataset(data).series.time.length <= SMALL_RUN_BARS;
  }

  async #runHere(unchecked: BacktestRequest): Promise<BacktestResult> {
    const [{ parseRequest }, { runBacktest }, { loadStrategy }] = await Promise.all([
      import("./request.ts"),
      import("./runBacktest.ts"),
      import("./strategyFile.ts"),
    ]);
    const request = parseRequest(unchecked);
    return runBacktest(request, await loadStrategy(request.strategy), this.#dataset(request.data));
  }

  /** Undefined when the batch ended under it. */
  async #item(index: number, request: BacktestRequest, timeoutMs: number, signal: AbortSignal): Promise<BatchItem | undefined> {
    let started = performance.now();
    try {
      const result = await this.#slots.run(signal, () => {
        started = performance.now();
        return this.#runGuarded(request, timeoutMs, signal);
      });
      this.#ended.ok++;
      return { index, status: "ok", result, durationMs: performance.now() - started };
    } catch (error) {
      return signal.aborted ? undefined : this.#failed(index, error, performance.now() - started);
    }
  }

  #failed(index: number, error: unknown, durationMs: number): BatchItem {
    const { code, message, hint } = TradingError.from(error, "backtest-failed");
    const status = outcomeOf(error);
    this.#ended[status]++;
    return { index, status, error: { code, message: hint === undefined ? message : `${message} ${hint}` }, durationMs };
  }

  /** Undefined, or missing, are those that have to run by themselves: they took too long together, or something ended their worker or the process. */
  async #group(requests: readonly BacktestRequest[], first: number, timeoutMs: number, signal: AbortSignal): Promise<ReadonlyArray<BatchItem | undefined>> {
    try {
      const end = await this.#slots.run(signal, () => {
        this.#process = this.#alive(this.#process);
        return this.#process.group(
          requests,
          requests.map(({ data }) => this.#dataset(data)),
          timeoutMs,
          signal,
        );
      });
      if (end.answers === undefined)
        return requests.map((_request, i) => (i === end.at ? this.#failed(first + i, TradingError.fromPlain(end.error), end.durationMs) : undefined));
      return end.answers.map((answer, i) => {
        if (!answer.ok) return this.#failed(first + i, TradingError.fromPlain(answer.error), answer.durationMs);
        this.#ended.ok++;
        return { index: first + i, status: "ok", result: answer.result, durationMs: answer.durationMs };
      });
    } catch {
      return [];
    }
  }

  async #runGuarded(request: BacktestRequest, timeoutMs: number, signal: AbortSignal): Promise<BacktestResult> {
    const dataset = this.#dataset(request.data);
    try {
      this.#process = this.#alive(this.#process);
      return await this.#process.run(request, dataset, timeoutMs, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TradingError) || error.code !== "compute-died") throw error;
      if (error.data["running"] === 1) throw culprit(request, error);
    }
    return this.#alone.run(signal, async () => {
      this.#options.log.warn(`The compute process ended with several backtests under way; ${nameOf(request)} runs again, alone.`);
      try {
        this.#probation = this.#alive(this.#probation);
        return await this.#probation.run(request, dataset, timeoutMs, signal);
      } catch (error) {
        throw error instanceof TradingError && error.code === "compute-died" ? culprit(request, error) : error;
      }
    });
  }

  #within(options: { readonly workers?: number; readonly timeoutMs?: number }): { readonly workers: number; readonly timeoutMs: number } {
    const { workers = this.#options.workers, timeoutMs = this.#options.timeoutMs } = options;
    if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS)
      throw badInput("bad-workers", `workers is ${workers}, but must be a whole number from 1 to ${MAX_WORKERS}.`);
    if (!(timeoutMs > 0)) throw badInput("bad-timeout", `The time per backtest is ${timeoutMs} ms, but must be above zero.`);
    return { workers, timeoutMs };
  }

  /** The registered data set, which this is a use of. */
  #dataset(key: string): Dataset {
    const dataset = this.#datasets.get(key);
    if (dataset === undefined) throw badInput("unknown-data", `No data set is registered as "${key}".`, "Register it first.");
    this.#datasets.delete(key);
    this.#datasets.set(key, dataset);
    return dataset;
  }

  #memoryMb(): number {
    return this.#options.memoryMb ?? Math.min(MAX_MEMORY_MB, (totalmem() * 0.6) / 1024 ** 2);
  }

  #alive(compute: ComputeProcess | undefined): ComputeProcess {
    this.#scope.signal.throwIfAborted();
    return compute === undefined || compute.isGone ? new ComputeProcess({ log: this.#options.log, memoryMb: this.#memoryMb() }) : compute;
  }

  #forget(key: string): void {
    this.#process?.forget(key);
    this.#probation?.forget(key);
  }
}

function outcomeOf(error: unknown): "timeout" | "error" {
  return TradingError.from(error, "backtest-failed").code === "timeout" ? "timeout" : "error";
}

function culprit(request: BacktestRequest, died: TradingError): TradingError {
  if (died.data["reason"] === OUT_OF_MEMORY)
    return new TradingError("strategy-out-of-memory", `${nameOf(request)} used more memory than it may have.`, { cause: died });
  return new TradingError("strategy-crashed", `${nameOf(request)} took the compute process down (${String(died.data["reason"])}).`, {
    cause: died,
    hint: "Other backtests were not affected.",
  });
}

function nameOf(request: BacktestRequest): string {
  return request.strategy.kind === "builtin" ? request.strategy.name : request.strategy.path;
}
