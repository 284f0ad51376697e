/**
 * What happens to a request for features once it has a worker: kept answers, several small ones as one message, three
 * attempts, the list of those that failed at all of them, and the circuit that opens when that goes on.
 */
import { TradingError } from "../base/errors.ts";
import { FlightCache } from "../base/flightCache.ts";
import type { Log } from "../base/log.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { Circuits } from "./circuits.ts";
import { DeadLetters } from "./deadLetters.ts";
import type { FeatureSet } from "./featureSet.ts";
import { blockBytes, featuresTask, seriesKey, SharedBlocks } from "./sharedSeries.ts";
import { isWorkersFailure, runTaskIn } from "./taskRun.ts";
import type { TaskPool } from "./threadPool.ts";

export interface FeatureWorkOptions {
  /** Opened with its first task. */
  readonly pool: () => TaskPool;
  readonly workers: number;
  readonly timeoutMs: number;
  /** Answers kept for equal requests; 0 keeps none. */
  readonly cacheSize: number;
  readonly circuits: Circuits;
  /** Ends whatever runs. */
  readonly signal: AbortSignal;
  readonly log: Log;
}

/** The name of the circuit, and of the operation in metrics. */
export const FEATURES = "features";
export const ATTEMPTS = 3;
const CACHE_TTL_MS = 300_000;
/** A backstop only: what runs has its own deadline, what waits ends with its caller's signal or with close. */
const FLIGHT_MS = 24 * 3_600_000;
/** Larger answers (2 MB) are not kept: a few of them would fill the memory of a window. */
const MAX_KEPT_VALUES = 260_000;

export class FeatureWork {
  readonly deadLetters = new DeadLetters();
  readonly #options: FeatureWorkOptions;
  readonly #kept: FlightCache;
  readonly #blocks: SharedBlocks;

  constructor(options: FeatureWorkOptions) {
    this.#options = options;
    this.#kept = new FlightCache({ capacity: options.cacheSize, ttlMs: CACHE_TTL_MS, deadlineMs: FLIGHT_MS, now: () => performance.now() });
    this.#blocks = new SharedBlocks(options.workers);
  }

  /** Computes several series as one message; an answer that is kept already is not computed. One outcome per series, in their order. */
  async compute(list: readonly BarSeries[], set: FeatureSet): Promise<ReadonlyArray<PromiseSettledResult<Float64Array>>> {
    const missing: BarSeries[] = [];
    let together: Promise<ReadonlyArray<PromiseSettledResult<Float64Array>>> | undefined;
    const load = async (series: BarSeries) => {
      const at = missing.push(series) - 1;
      // The loads of all series begin one after another before this goes on.
      together ??= Promise.resolve().then(() => this.#attempts(missing, set));
      const outcome = (await together)[at] as PromiseSettledResult<Float64Array>;
      if (outcome.status === "rejected") throw outcome.reason as Error;
      return outcome.value;
    };
    return await Promise.allSettled(
      list.map(async (series) => {
        if (series.close.length * set.names.length > MAX_KEPT_VALUES) {
          await Promise.resolve(); // loads begin at the same turn of the loop as those that the cache asks for
          return await load(series);
        }
        return (await this.#kept.get(seriesKey(series, set), this.#options.signal, () => load(series))).value;
      }),
    );
  }

  /** First together, then, if the worker fails, each alone: one that takes workers down must not take the others with it. */
  async #attempts(list: readonly BarSeries[], set: FeatureSet): Promise<ReadonlyArray<PromiseSettledResult<Float64Array>>> {
    try {
      const values = await this.#once(list, set);
      this.#options.circuits.succeeded(FEATURES);
      return values.map((value) => ({ status: "fulfilled", value }));
    } catch (error) {
      const outcomes: Array<PromiseSettledResult<Float64Array>> = [];
      // One after another: there is one worker for all of them.
      for (const series of list) outcomes.push(...(await Promise.allSettled([this.#again(series, set, error)])));
      return outcomes;
    }
  }

  async #again(series: BarSeries, set: FeatureSet, first: unknown): Promise<Float64Array> {
    const { circuits, log, signal } = this.#options;
    let failure = first;
    for (let attempt = 1; isWorkersFailure(failure) && !signal.aborted; attempt++) {
      if (attempt === ATTEMPTS) {
        const error = TradingError.from(failure, "worker-died");
        log.warn(`features: ${series.symbol} failed ${ATTEMPTS} times (${error.message}); it is in the list of dead letters`);
        this.deadLetters.add({ series, set }, { operation: FEATURES, attempts: ATTEMPTS, error: error.toPlain() });
        circuits.failed(FEATURES);
        break;
      }
      log.warn(`features: ${(failure as Error).message}; computing it again`);
      try {
        const [value] = await this.#once([series], set);
        circuits.succeeded(FEATURES);
        return value as Float64Array;
      } catch (error) {
        failure = error;
      }
    }
    throw failure as Error;
  }

  async #once(list: readonly BarSeries[], set: FeatureSet): Promise<readonly Float64Array[]> {
    const { timeoutMs, signal } = this.#options;
    const pool = this.#options.pool();
    const block = pool.sharesMemory ? this.#blocks.take(blockBytes(list, set)) : undefined;
    try {
      const all = (await runTaskIn(pool, featuresTask(list, set, block), { name: "computeFeatures", timeoutMs, signals: [signal] })) as Float64Array;
      if (list.length === 1) return [all];
      let from = 0;
      return list.map(({ close }) => {
        const to = from + close.length * set.names.length;
        // A copy: one answer that is kept must not keep the memory of all.
        const own = all.slice(from, to);
        from = to;
        return own;
      });
    } finally {
      if (block !== undefined) this.#blocks.giveBack(block);
    }
  }
}
