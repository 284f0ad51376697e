/** Backtests by name and reference, written into the trial ledger. */
import { resolve as resolvePath } from "node:path";
import { canonicalJson, sha256 } from "../base/canonical.ts";
import { badInput, TradingError, type Outcome } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { BacktestRequest, BacktestResult, BatchItem, BatchResult, EngineName } from "../domain/backtest.ts";
import { datasetIdentity, type Dataset } from "../domain/bars.ts";
import type { BacktestSpec } from "../domain/desk.ts";
import type { Backtester, RunRow, Store } from "../domain/ports.ts";
import type { Sweep, SweepOptions, SweepRequest, SweepSpec } from "../domain/sweep.ts";
import type { WalkForward, WalkForwardSpec } from "../domain/walkForward.ts";

export interface ResearchParts {
  /** Whoever asks, as the trial ledger names them; "cli" means: exactly the costs that are given. */
  readonly front: string;
  /** Strategy files are relative to it. */
  readonly folder: string;
  readonly engine: EngineName | "auto";
  readonly load: (source: DataSource, signal: AbortSignal) => Promise<Dataset>;
  /** A date or a time as UTC milliseconds; with `end` a date is its last millisecond. Throws when `text` is none. */
  readonly instant: (text: string, what: string, options?: { readonly end?: boolean }) => number;
  /** Throws when there is no built-in strategy of that name. */
  readonly checkName: (strategy: string) => void;
  readonly backtester: Backtester;
  readonly store: Pick<Store, "addRuns" | "trialsOn">;
  readonly log: Log;
}

/** Which prices a specification means. */
export type DataSource = Pick<BacktestSpec, "data" | "timeZone" | "timeframe">;

type BatchOptions = Parameters<Backtester["batch"]>[1];

export interface Research {
  backtest(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestResult>;
  backtests(specs: readonly BacktestSpec[], options: BatchOptions, signal: AbortSignal): Promise<BatchResult>;
  sweep(spec: SweepSpec, options: SweepOptions, signal: AbortSignal): Promise<Sweep>;
  walkForward(spec: WalkForwardSpec, options: SweepOptions, signal: AbortSignal): Promise<WalkForward>;
  resolve(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestRequest>;
}

const STORE_WITHIN_MS = 10_000;

export function createResearch({ front, folder, engine, load: loadReference, instant, checkName, backtester, store, log }: ResearchParts): Research {
  // The command line uses exactly the costs given; everything else is honest by default.
  const costs = front === "cli" ? { feeRate: 0, slippageBps: 0 } : { feeRate: 0.001, slippageBps: 5 };
  const toRequest = async (spec: BacktestSpec, load: (source: DataSource) => Promise<Dataset>): Promise<BacktestRequest> => {
    const from = spec.from === undefined ? undefined : instant(spec.from, "from");
    const to = spec.to === undefined ? undefined : instant(spec.to, "to", { end: true });
    if (from !== undefined && to !== undefined && from > to) throw badInput("bad-time", `from (${spec.from}) is after to (${spec.to}).`, "Swap them.");
    const isFile = /\.[cm]?[jt]s$/.test(spec.strategy);
    if (!isFile) checkName(spec.strategy);
    const loaded = await load(spec);
    const key = canonicalJson([loaded.info.name, datasetIdentity(loaded.info)]);
    backtester.register(key, loaded);
    return {
      strategy: isFile ? { kind: "file", path: resolvePath(folder, spec.strategy) } : { kind: "builtin", name: spec.strategy },
      params: spec.params ?? {},
      data: key,
      engine: spec.engine ?? engine,
      cash: spec.cash ?? 10_000,
      costs: { feeRate: spec.feeRate ?? costs.feeRate, slippageBps: spec.slippageBps ?? costs.slippageBps },
      sizing: spec.sizing ?? { kind: "all-in" },
      fill: spec.fill ?? "next-open",
      riskFree: spec.riskFree ?? 0,
      withEquity: spec.equity ?? false,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(spec.periodsPerYear === undefined ? {} : { periodsPerYear: spec.periodsPerYear }),
    };
  };
  const loader = (signal: AbortSignal) => {
    const loaded = new Map<string, Promise<Dataset>>();
    return ({ data, timeZone, timeframe }: DataSource) => {
      const source = { data, ...(timeZone === undefined ? {} : { timeZone }), ...(timeframe === undefined ? {} : { timeframe }) };
      const key = canonicalJson(source);
      const known = loaded.get(key) ?? loadReference(source, signal);
      loaded.set(key, known);
      return known;
    };
  };
  const toSweep = async (spec: SweepSpec, signal: AbortSignal): Promise<{ readonly request: SweepRequest; readonly hash: string }> => {
    const load = loader(signal);
    const request = await toRequest(spec, load);
    const { sha256: hash } = (await load(spec)).info;
    const { grid, where, method, trials, seed, patience, budgetMs, top } = spec;
    const given = Object.fromEntries(Object.entries({ where, method, trials, seed, patience, budgetMs, top }).filter(([, value]) => value !== undefined));
    return { request: { request, grid, ...given, earlierTrials: await trialsOn(store, hash, log, signal) }, hash };
  };
  const write = async (rows: readonly RunRow[]) => {
    try {
      await store.addRuns(rows, AbortSignal.timeout(STORE_WITHIN_MS));
    } catch (error) {
      log.warn(`${rows.length} runs are not in the trial ledger: ${TradingError.from(error, "store-failed").message}`);
    }
  };
  const remember = async (results: readonly BacktestResult[]) => {
    if (results.length > 0) await write(results.map((result) => ledgerRow(result, front)));
  };
  return {
    sweep: async (spec, options, signal) => {
      const { request, hash } = await toSweep(spec, signal);
      const sweep = await backtester.sweep(request, options, signal);
      if (sweep.result.run > 0) await write([sweepRow(sweep, request.request, hash)]);
      return sweep;
    },
    walkForward: async ({ train, test, anchored = false, ...spec }, options, signal) => {
      const { request, hash } = await toSweep(spec, signal);
      const walk = await backtester.walkForward({ ...request, train, test, anchored }, options, signal);
      if (walk.result.run > 0) await write([walkForwardRow(walk, hash)]);
      return walk;
    },
    resolve: (spec, signal) => toRequest(spec, loader(signal)),
    backtest: async (spec, signal) => {
      const result = await backtester.run(await toRequest(spec, loader(signal)), signal);
      log.info(
        `⏱️ Backtest of ${result.strategy} on ${result.dataset.name}: ${result.stats.trades} trades in ${result.durationMs.toFixed(1)} ms, run ${result.runHash.slice(0, 12)}`,
      );
      await remember([result]);
      return result;
    },
    backtests: async (specs, batchOptions, signal) => {
      const load = loader(signal);
      const requests: Array<Outcome<BacktestRequest>> = [];
      for (const spec of specs) requests.push(await attempt(() => toRequest(spec, load)));
      signal.throwIfAborted();
      const batch = await batchOf(backtester, requests, batchOptions, signal);
      log.info(
        `⏱️ Batch of ${requests.length} backtests: ${batch.succeeded} succeeded, ${batch.failed} failed, ${batch.timedOut} timed out, ${batch.cancelled} cancelled in ${batch.durationMs.toFixed(0)} ms`,
      );
      await remember(batch.results.flatMap((item) => (item.result === undefined ? [] : [item.result])));
      return batch;
    },
  };
}

async function attempt<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: TradingError.from(error, "failed") };
  }
}

/** Runs the requests that are sound; one that is not becomes a failed item in its place. */
async function batchOf(
  backtester: Backtester,
  requests: ReadonlyArray<Outcome<BacktestRequest>>,
  options: BatchOptions,
  signal: AbortSignal,
): Promise<BatchResult> {
  const sound = requests.flatMap((outcome, index) => (outcome.ok ? [{ index, request: outcome.value }] : []));
  const placeOf = (item: BatchItem): BatchItem => ({ ...item, index: (sound[item.index] as { index: number }).index });
  const { onItem } = options;
  const batch = await backtester.batch(
    sound.map(({ request }) => request),
    { ...options, ...(onItem === undefined ? {} : { onItem: (item: BatchItem) => onItem(placeOf(item)) }) },
    signal,
  );
  if (sound.length === requests.length) return batch;
  const done = new Map(batch.results.map((item) => [placeOf(item).index, placeOf(item)]));
  const results = requests.map((outcome, index): BatchItem => {
    if (outcome.ok) return done.get(index) as BatchItem;
    const { code, message, hint } = outcome.error;
    return { index, status: "error", error: { code, message: hint === undefined ? message : `${message} ${hint}` } };
  });
  const failed = batch.failed + requests.length - sound.length;
  return { ...batch, run: requests.length - batch.cancelled, failed, successRate: batch.succeeded / requests.length, results };
}

function ledgerRow(result: BacktestResult, front: string): RunRow {
  return {
    runHash: result.runHash,
    at: Date.now(),
    front,
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
  };
}

/** A ledger that cannot be read counts nothing: the sweep is worth more than its count. */
async function trialsOn(store: Pick<Store, "trialsOn">, datasetHash: string, log: Log, signal: AbortSignal): Promise<number> {
  try {
    return await store.trialsOn(datasetHash, signal);
  } catch (error) {
    signal.throwIfAborted();
    log.warn(`Earlier trials on these prices are not counted: ${TradingError.from(error, "store-failed").message}`);
    return 0;
  }
}

/** One row for all combinations: it counts as so many trials, and shows the best. */
function sweepRow({ result, columns }: Sweep, request: BacktestRequest, datasetHash: string): RunRow {
  const [best] = result.best;
  return {
    runHash: sha256(
      canonicalJson({ ...request, data: datasetHash, names: columns.names, grid: columns.params.map((values) => [...new Set(values)]), run: result.run }),
    ),
    at: Date.now(),
    front: "sweep",
    strategy: result.strategy,
    params: canonicalJson(best?.params ?? {}),
    dataset: result.dataset,
    datasetHash,
    sharpe: best?.stats.sharpe ?? null,
    totalReturnPct: best?.stats.totalReturnPct ?? 0,
    maxDrawdownPct: best?.stats.maxDrawdownPct ?? 0,
    trades: best?.stats.trades ?? 0,
    durationMs: result.durationMs,
    simulated: result.simulated,
    trials: result.run,
  };
}

/** One row for all combinations of all windows: it shows the figures of the test windows. */
function walkForwardRow({ result }: WalkForward, datasetHash: string): RunRow {
  const { stats } = result;
  const { train, test, anchored } = result;
  return {
    runHash: result.runHash,
    at: Date.now(),
    front: "walk-forward",
    strategy: result.strategy,
    params: canonicalJson({ train, test, anchored }),
    dataset: result.dataset,
    datasetHash,
    sharpe: stats?.sharpe ?? null,
    totalReturnPct: stats?.totalReturnPct ?? 0,
    maxDrawdownPct: stats?.maxDrawdownPct ?? 0,
    trades: stats?.trades ?? 0,
    durationMs: result.durationMs,
    simulated: result.simulated,
    trials: result.run,
  };
}
