/**
 * The trial ledger and the store of results, as a session uses them: every run of any front is a row; the same request on the
 * same bars with the same code is answered from the store. A store that fails costs a warning, never a result.
 */
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { TradingError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { BacktestRequest, BacktestResult, Params, StrategyRef } from "../domain/backtest.ts";
import type { Dataset, DatasetInfo } from "../domain/bars.ts";
import type { BacktestSpec } from "../domain/desk.ts";
import type { NewRun, Store } from "../domain/ports.ts";
import { SWEEP_FIGURES, SWEEP_STATUS, type KnownCombinations, type Sweep, type SweepColumns, type SweepFigures, type SweepSpec } from "../domain/sweep.ts";

export interface RunLedgerParts {
  readonly front: string;
  readonly store: Pick<Store, "addRuns" | "trialsOn" | "cache">;
  /** What the strategy's code is; `isRepeatable` false: its results are not kept. */
  readonly code: (
    strategy: StrategyRef,
  ) => Promise<{ readonly hash: string; readonly isRepeatable: boolean; readonly isAlone: boolean; readonly text?: string }>;
  /** Changes with whatever of our own code can change a figure. */
  readonly engineIdentity: () => string;
  readonly log: Log;
}

/** A request with what it is run on and what it is known by. */
export interface IdentifiedRun {
  readonly spec: BacktestSpec;
  readonly request: BacktestRequest;
  readonly info: DatasetInfo;
  readonly codeHash: string;
  readonly codeText: string | undefined;
  /** Null when the same request may have another result next time. */
  readonly requestHash: string | null;
  /** The strategy's code may read files, the network, the clock or another package. */
  readonly readsElsewhere: boolean;
}

export interface FinishedRun extends IdentifiedRun {
  readonly result: BacktestResult;
  /** It came out of the store. */
  readonly cached: boolean;
}

const STORE_WITHIN_MS = 10_000;
const LOOK_UP_WITHIN_MS = 3000;

export class RunLedger {
  readonly #parts: RunLedgerParts;
  /** By path: the code of strategies that import files, as it was first seen. Workers load an imported file once. */
  readonly #loaded = new Map<string, string>();
  #identity: string | undefined;

  constructor(parts: RunLedgerParts) {
    this.#parts = parts;
  }

  /** Lets the store's thread start while prices are read, which take as long. */
  open(): void {
    this.#parts.store.cache.results([], false, AbortSignal.timeout(LOOK_UP_WITHIN_MS)).catch(() => undefined); // whoever asks next is told
  }

  async identify(spec: BacktestSpec, request: BacktestRequest, dataset: Dataset): Promise<IdentifiedRun> {
    const code = await this.#parts.code(request.strategy);
    const { data: _label, strategy, withEquity: _shown, ...rest } = request;
    const requestHash =
      code.isRepeatable && this.#isLoadedAnew(strategy, code) ? this.#hash({ ...rest, strategy: strategyIn(strategy, code.hash), data: facts(dataset) }) : null;
    return { spec, request, info: dataset.info, codeHash: code.hash, codeText: code.text, requestHash, readsElsewhere: !code.isRepeatable };
  }

  /** The stored results, each in the place of its run; null where there is none or a fresh one is asked for. */
  async stored(runs: readonly IdentifiedRun[], signal: AbortSignal): Promise<ReadonlyArray<BacktestResult | null>> {
    const found: Array<BacktestResult | null> = runs.map(() => null);
    for (const withEquity of [false, true]) {
      const asked = runs.flatMap((run, at) =>
        run.requestHash !== null && run.spec.fresh !== true && run.request.withEquity === withEquity ? [{ at, hash: run.requestHash }] : [],
      );
      if (asked.length === 0) continue;
      const hashes = asked.map(({ hash }) => hash);
      const results = await this.#lookUp("results", (within) => this.#parts.store.cache.results(hashes, withEquity, within), signal);
      results?.forEach((result, i) => {
        found[(asked[i] as { at: number }).at] = result;
      });
    }
    return found;
  }

  /** Writes them into the ledger, and what can be told again into the store of results. */
  async remember(runs: readonly FinishedRun[]): Promise<void> {
    if (runs.length === 0) return;
    const kept = runs.flatMap(({ requestHash, result, cached }) => (requestHash === null || cached ? [] : [{ requestHash, result }]));
    await Promise.all([
      this.write(runs.map((run) => backtestRow(run, this.#parts.front))),
      kept.length === 0 ? undefined : this.#keep((within) => this.#parts.store.cache.keepResults(kept, within)),
    ]);
  }

  /** Everything but the swept parameters; `swept` are their names. */
  sweepKey({ request, codeHash, requestHash }: IdentifiedRun, dataset: Dataset, swept: readonly string[]): string | null {
    if (requestHash === null) return null;
    const { data: _label, strategy, withEquity: _shown, engine: _quickWayOrOrdinary, ...rest } = request;
    return this.#hash({ ...rest, strategy: strategyIn(strategy, codeHash), data: facts(dataset), swept: [...swept].sort() });
  }

  /** With the parameters that stay as they are as columns too. */
  async knownCombinations(key: string | null, fixed: Params, signal: AbortSignal): Promise<KnownCombinations | null> {
    if (key === null) return null;
    const known = await this.#lookUp("combinations", (within) => this.#parts.store.cache.combinations(key, within), signal);
    if (known == null) return null;
    const constant = Object.entries(fixed).filter(([name]) => !known.names.includes(name));
    return {
      ...known,
      names: [...known.names, ...constant.map(([name]) => name)],
      params: [...known.params, ...constant.map(([, value]) => new Float64Array(known.sharpe.length).fill(value))],
    };
  }

  /** A ledger that cannot be read counts nothing: the sweep is worth more than its count. */
  async trialsOn(datasetHash: string, signal: AbortSignal): Promise<number> {
    try {
      return await this.#parts.store.trialsOn(datasetHash, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#parts.log.warn(`Earlier trials on these prices are not counted: ${TradingError.from(error, "store-failed").message}`);
      return 0;
    }
  }

  /** One row for all combinations, and the figures of those that were not known. */
  async rememberSweep(run: IdentifiedRun, spec: SweepSpec, sweep: Sweep, key: string | null, known: KnownCombinations | null): Promise<void> {
    if (sweep.result.run === 0) return;
    const combinations = key === null ? null : newOnes(sweep.columns, known);
    const { strategy } = sweep.result;
    const { name: dataset, sha256: datasetHash } = run.info;
    await Promise.all([
      this.write([sweepRow(run, spec, sweep)]),
      combinations === null || key === null
        ? undefined
        : this.#keep((within) =>
            this.#parts.store.cache.keepCombinations({ key, at: Date.now(), strategy, dataset, datasetHash, fixed: run.request.params, combinations }, within),
          ),
    ]);
  }

  /** False when a file that it imports may be in the workers as it was before it changed. */
  #isLoadedAnew(strategy: StrategyRef, code: { readonly hash: string; readonly isAlone: boolean }): boolean {
    if (strategy.kind === "builtin" || code.isAlone) return true;
    const first = this.#loaded.get(strategy.path) ?? code.hash;
    this.#loaded.set(strategy.path, first);
    return first === code.hash;
  }

  #hash(parts: Readonly<Record<string, unknown>>): string {
    this.#identity ??= this.#parts.engineIdentity();
    return sha256(canonicalJson({ ...parts, engine: { asked: parts["engine"], identity: this.#identity } }));
  }

  /** Rows of any other kind of run. */
  async write(rows: readonly NewRun[]): Promise<void> {
    try {
      await this.#parts.store.addRuns(rows, AbortSignal.timeout(STORE_WITHIN_MS));
    } catch (error) {
      this.#parts.log.warn(`${rows.length} runs are not in the trial ledger: ${TradingError.from(error, "store-failed").message}`);
    }
  }

  async #keep(work: (within: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(AbortSignal.timeout(STORE_WITHIN_MS));
    } catch (error) {
      this.#parts.log.debug(`A result was not kept: ${TradingError.from(error, "store-failed").message}`);
    }
  }

  async #lookUp<T>(what: string, work: (within: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    signal.throwIfAborted();
    try {
      return await work(AbortSignal.timeout(LOOK_UP_WITHIN_MS));
    } catch (error) {
      this.#parts.log.debug(`Stored ${what} were not looked up: ${TradingError.from(error, "store-failed").message}`);
      return undefined;
    }
  }
}

function strategyIn(strategy: StrategyRef, codeHash: string): object {
  return strategy.kind === "builtin" ? strategy : { kind: "file", code: codeHash };
}

/** All that a result says of its data set. */
function facts({ info, series, warnings, benchmark }: Dataset): object {
  return {
    info,
    symbol: series.symbol,
    timeframe: series.timeframe,
    simulated: series.simulated,
    warnings,
    ...(benchmark === undefined ? {} : { benchmark: benchmark.info }),
  };
}

function backtestRow({ spec, request, info, codeHash, codeText, result, cached }: FinishedRun, front: string): NewRun {
  const { fresh: _how, ...asked } = spec;
  return {
    runHash: result.runHash,
    at: Date.now(),
    front,
    ...(spec.origin === undefined ? {} : { origin: spec.origin }),
    ...(codeHash === "" ? {} : { codeHash }),
    ...(codeText === undefined ? {} : { code: codeText }),
    strategy: result.strategy,
    params: canonicalJson(result.params),
    dataset: result.dataset.name,
    datasetHash: result.dataset.sha256,
    sharpe: result.stats.sharpe,
    totalReturnPct: result.stats.totalReturnPct,
    maxDrawdownPct: result.stats.maxDrawdownPct,
    trades: result.stats.trades,
    durationMs: result.durationMs,
    simulated: result.simulated,
    // Looking at a result again tries nothing.
    ...(cached ? { trials: 0 } : {}),
    details: { kind: "backtest", spec: asked, request: { ...request, params: result.params }, engine: result.engine, stats: result.stats, dataset: info },
  };
}

/** It counts as so many trials as were new, and shows the best. */
function sweepRow({ request, info, codeHash, codeText }: IdentifiedRun, spec: SweepSpec, { result, columns }: Sweep): NewRun {
  const [best] = result.best;
  const { fresh: _how, ...asked } = spec;
  return {
    runHash: sha256(
      canonicalJson({ ...request, data: info.sha256, names: columns.names, grid: columns.params.map((values) => [...new Set(values)]), run: result.run }),
    ),
    at: Date.now(),
    front: "sweep",
    ...(spec.origin === undefined ? {} : { origin: spec.origin }),
    ...(codeHash === "" ? {} : { codeHash }),
    ...(codeText === undefined ? {} : { code: codeText }),
    strategy: result.strategy,
    params: canonicalJson(best?.params ?? {}),
    dataset: result.dataset,
    datasetHash: info.sha256,
    sharpe: best?.stats.sharpe ?? null,
    totalReturnPct: best?.stats.totalReturnPct ?? 0,
    maxDrawdownPct: best?.stats.maxDrawdownPct ?? 0,
    trades: best?.stats.trades ?? 0,
    durationMs: result.durationMs,
    simulated: result.simulated,
    trials: result.run - result.cached,
    details: { kind: "sweep", spec: asked, request, engine: result.how, stats: best?.stats ?? null, dataset: info },
  };
}

/** Those that succeeded and were not known; null when there is none. */
function newOnes(columns: SweepColumns, known: KnownCombinations | null): KnownCombinations | null {
  const order = columns.names.map((name) => known?.names.indexOf(name) ?? -1);
  const place = (params: readonly Float64Array[], item: number) => params.map((column) => column[item]).join(" ");
  const seen = new Set(
    known === null
      ? []
      : Array.from(known.sharpe, (_value, item) =>
          place(
            order.map((at) => known.params[at] ?? new Float64Array()),
            item,
          ),
        ),
  );
  const items = Array.from(columns.status.keys()).filter((item) => columns.status[item] === SWEEP_STATUS.ok && !seen.has(place(columns.params, item)));
  if (items.length === 0) return null;
  const take = (column: Float64Array) => Float64Array.from(items, (item) => column[item] as number);
  const { blocks } = columns;
  const width = blocks === undefined ? 0 : blocks.length / columns.status.length;
  return {
    names: columns.names,
    params: columns.params.map(take),
    ...(Object.fromEntries(SWEEP_FIGURES.map((name) => [name, take(columns[name])])) as unknown as SweepFigures),
    ...(blocks === undefined
      ? {}
      : {
          blocks: Float64Array.from(
            { length: items.length * width },
            (_v, i) => blocks[(items[Math.floor(i / width)] as number) * width + (i % width)] as number,
          ),
        }),
  };
}

/** The parameters that a grid like "fast=5:50:5,slow=20|50" names; whoever reads it in full refuses what is wrong. */
export function sweptNames(grid: string): readonly string[] {
  return grid.split(",").map((part) => part.split("=", 1)[0]?.trim() ?? "");
}
