/** Backtests by name and reference, written into the trial ledger. */
import { resolve as resolvePath } from "node:path";
import { canonicalJson } from "../base/canonical.ts";
import { badInput, TradingError, type Outcome } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { extraCosts, type BacktestRequest, type BacktestResult, type BatchItem, type BatchResult, type EngineName } from "../domain/backtest.ts";
import { datasetIdentity, type Dataset } from "../domain/bars.ts";
import type { BacktestSpec } from "../domain/desk.ts";
import { summarize } from "../domain/batch.ts";
import type { Backtester, NewRun } from "../domain/ports.ts";
import type { KnownCombinations, Sweep, SweepOptions, SweepRequest, SweepSpec } from "../domain/sweep.ts";
import type { WalkForward, WalkForwardSpec } from "../domain/walkForward.ts";
import { sweptNames, type FinishedRun, type IdentifiedRun, type RunLedger } from "./runLedger.ts";

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
  /** Throws when the file has type errors. */
  readonly checkTypes: (path: string, signal: AbortSignal) => Promise<void>;
  readonly backtester: Backtester;
  readonly ledger: RunLedger;
  readonly log: Log;
}

/** Which prices a specification means. */
export type DataSource = Pick<BacktestSpec, "data" | "timeZone" | "timeframe">;
type WithBenchmark = DataSource & Pick<BacktestSpec, "benchmark">;

type BatchOptions = Parameters<Backtester["batch"]>[1];

interface PreparedSweep {
  readonly run: IdentifiedRun;
  readonly request: SweepRequest;
  readonly key: string | null;
  readonly known: KnownCombinations | null;
}

export interface Research {
  backtest(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestResult>;
  backtests(specs: readonly BacktestSpec[], options: BatchOptions, signal: AbortSignal): Promise<BatchResult>;
  sweep(spec: SweepSpec, options: SweepOptions, signal: AbortSignal): Promise<Sweep>;
  walkForward(spec: WalkForwardSpec, options: SweepOptions, signal: AbortSignal): Promise<WalkForward>;
  resolve(spec: BacktestSpec, signal: AbortSignal): Promise<BacktestRequest>;
}

const IS_FILE = /\.(?:csv|tsv|parquet)(?:\.gz)?$|[/\\]/i;
/** Of a batch: so many finished runs are written at once. */
const WRITE_EVERY = 100;

export function createResearch({
  front,
  folder,
  engine,
  load: loadReference,
  instant,
  checkName,
  checkTypes,
  backtester,
  ledger,
  log,
}: ResearchParts): Research {
  // The command line uses exactly the costs given; everything else is honest by default.
  const costs = front === "cli" ? { feeRate: 0, slippageBps: 0 } : { feeRate: 0.001, slippageBps: 5 };
  const toRequest = async (spec: BacktestSpec, load: (source: WithBenchmark) => Promise<Dataset>, signal: AbortSignal): Promise<BacktestRequest> => {
    const from = spec.from === undefined ? undefined : instant(spec.from, "from");
    const to = spec.to === undefined ? undefined : instant(spec.to, "to", { end: true });
    if (from !== undefined && to !== undefined && from > to) throw badInput("bad-time", `from (${spec.from}) is after to (${spec.to}).`, "Swap them.");
    const isFile = /\.[cm]?[jt]s$/.test(spec.strategy);
    if (!isFile) checkName(spec.strategy);
    const path = resolvePath(folder, spec.strategy);
    const [loaded] = await Promise.all([load(spec), isFile ? checkTypes(path, signal) : undefined]);
    const { info, benchmark } = loaded;
    const key = canonicalJson([info.name, datasetIdentity(info), ...(benchmark === undefined ? [] : [benchmark.info.name, datasetIdentity(benchmark.info)])]);
    backtester.register(key, loaded);
    return {
      strategy: isFile ? { kind: "file", path } : { kind: "builtin", name: spec.strategy },
      params: spec.params ?? {},
      data: key,
      engine: spec.engine ?? engine,
      cash: spec.cash ?? 10_000,
      costs: { feeRate: spec.feeRate ?? costs.feeRate, slippageBps: spec.slippageBps ?? costs.slippageBps, ...extraCosts(spec) },
      sizing: spec.sizing ?? { kind: "all-in" },
      fill: spec.fill ?? "next-open",
      riskFree: spec.riskFree ?? 0,
      withEquity: spec.equity ?? false,
      ...(spec.checkLookAhead === true ? { checkLookAhead: true } : {}),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      ...(spec.periodsPerYear === undefined ? {} : { periodsPerYear: spec.periodsPerYear }),
    };
  };
  const loader = (signal: AbortSignal) => {
    const loaded = new Map<string, Promise<Dataset>>();
    const one = ({ data, timeZone, timeframe }: DataSource) => {
      const source = { data, ...(timeZone === undefined ? {} : { timeZone }), ...(timeframe === undefined ? {} : { timeframe }) };
      const key = canonicalJson(source);
      const known = loaded.get(key) ?? loadReference(source, signal);
      loaded.set(key, known);
      return known;
    };
    return async ({ benchmark, ...source }: WithBenchmark): Promise<Dataset> => {
      if (benchmark === undefined) return await one(source);
      if (benchmark.includes(",")) throw badInput("bad-benchmark", `The benchmark is "${benchmark}", which names several.`, "Name one.");
      const { timeZone, ...plain } = source;
      // Times of symbols and samples are known.
      const zone = timeZone !== undefined && IS_FILE.test(benchmark) ? { timeZone } : {};
      const [dataset, { info, series }] = await Promise.all([one(source), one({ ...plain, ...zone, data: benchmark })]);
      return { ...dataset, benchmark: { info, series } };
    };
  };
  const identified = async (spec: BacktestSpec, load: (source: WithBenchmark) => Promise<Dataset>, signal: AbortSignal): Promise<IdentifiedRun> =>
    ledger.identify(spec, await toRequest(spec, load, signal), await load(spec));
  const toSweep = async (spec: SweepSpec, signal: AbortSignal): Promise<PreparedSweep> => {
    const load = loader(signal);
    const run = await identified(spec, load, signal);
    const { grid, where, method, trials, seed, patience, budgetMs, crossValidation, top } = spec;
    const given = Object.fromEntries(
      Object.entries({ where, method, trials, seed, patience, budgetMs, crossValidation, top }).filter(([, value]) => value !== undefined),
    );
    const key = ledger.sweepKey(run, await load(spec), sweptNames(grid));
    const known = spec.fresh === true ? null : await ledger.knownCombinations(key, run.request.params, signal);
    const earlierTrials = await ledger.trialsOn(run.info.sha256, signal);
    return { run, key, known, request: { request: run.request, grid, ...given, earlierTrials, ...(known === null ? {} : { known }) } };
  };
  return {
    sweep: async (spec, options, signal) => {
      const { request, run, key, known } = await toSweep(spec, signal);
      const sweep = await backtester.sweep(request, options, signal);
      await ledger.rememberSweep(run, spec, sweep, key, known);
      return sweep;
    },
    walkForward: async ({ train, test, anchored = false, ...spec }, options, signal) => {
      const {
        request: { known: _ofAllBars, ...request },
        run,
      } = await toSweep({ ...spec, fresh: true }, signal);
      const walk = await backtester.walkForward({ ...request, train, test, anchored }, options, signal);
      if (walk.result.run > 0) await ledger.write([walkForwardRow(walk, run.info.sha256)]);
      return walk;
    },
    resolve: (spec, signal) => toRequest(spec, loader(signal), signal),
    backtest: async (spec, signal) => {
      const started = performance.now();
      ledger.open();
      const run = await identified(spec, loader(signal), signal);
      const [stored = null] = await ledger.stored([run], signal);
      const result = stored === null ? withCaveat(run, await backtester.run(run.request, signal)) : { ...stored, durationMs: performance.now() - started };
      log.info(
        `⏱️ Backtest of ${result.strategy} on ${result.dataset.name}: ${result.stats.trades} trades in ${result.durationMs.toFixed(1)} ms${stored === null ? "" : ", out of the store"}, run ${result.runHash.slice(0, 12)}`,
      );
      await ledger.remember([{ ...run, result, cached: stored !== null }]);
      return result;
    },
    backtests: async (specs, batchOptions, signal) => {
      const load = loader(signal);
      const runs: Array<Outcome<IdentifiedRun>> = [];
      for (const spec of specs) runs.push(await attempt(() => identified(spec, load, signal)));
      signal.throwIfAborted();
      const batch = await batchOf({ backtester, ledger }, runs, batchOptions, signal);
      log.info(
        `⏱️ Batch of ${specs.length} backtests: ${batch.succeeded} succeeded (${batch.cached} out of the store), ${batch.failed} failed, ${batch.timedOut} timed out, ${batch.cancelled} cancelled in ${batch.durationMs.toFixed(0)} ms`,
      );
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

/**
 * Runs the requests that are sound and not in the store; one that is not sound becomes a failed item in its place. What is
 * done goes into the ledger while the rest still runs.
 */
async function batchOf(
  { backtester, ledger }: { readonly backtester: Backtester; readonly ledger: RunLedger },
  runs: ReadonlyArray<Outcome<IdentifiedRun>>,
  { onItem, ...options }: BatchOptions,
  signal: AbortSignal,
): Promise<BatchResult> {
  const started = performance.now();
  const results = new Map<number, BatchItem>();
  const writing: Array<Promise<void>> = [];
  let finished: FinishedRun[] = [];
  const flush = () => {
    writing.push(ledger.remember(finished));
    finished = [];
  };
  const done = (item: BatchItem) => {
    results.set(item.index, item);
    const run = runs[item.index];
    if (run?.ok === true && item.result !== undefined && finished.push({ ...run.value, result: item.result, cached: item.cached === true }) >= WRITE_EVERY)
      flush();
    onItem?.(item);
  };
  const sound = runs.flatMap((outcome, index) => (outcome.ok ? [{ index, run: outcome.value }] : []));
  runs.forEach((outcome, index) => {
    if (!outcome.ok) done(failedItem(index, outcome.error));
  });
  const lookedUp = performance.now();
  const stored = await ledger.stored(
    sound.map(({ run }) => run),
    signal,
  );
  const each = (performance.now() - lookedUp) / Math.max(1, sound.length);
  const left = sound.filter(({ index }, at) => {
    const result = stored[at];
    if (result == null) return true;
    done({ index, status: "ok", result: { ...result, durationMs: each }, durationMs: each, cached: true });
    return false;
  });
  const placed = (item: BatchItem): BatchItem => {
    const { index, run } = left[item.index] as { readonly index: number; readonly run: IdentifiedRun };
    return { ...item, index, ...(item.result === undefined ? {} : { result: withCaveat(run, item.result) }) };
  };
  const batch = await backtester.batch(
    left.map(({ run }) => run.request),
    { ...options, onItem: (item) => done(placed(item)) },
    signal,
  );
  for (const item of batch.results.map(placed)) results.set(item.index, item);
  flush();
  await Promise.all(writing);
  return summarize(
    runs.map((_run, index) => results.get(index) as BatchItem),
    batch.workers,
    performance.now() - started,
  );
}

/** The guard cuts off bars; a file with all of them is beyond it. */
function withCaveat({ spec, readsElsewhere }: IdentifiedRun, result: BacktestResult): BacktestResult {
  if (spec.checkLookAhead !== true || !readsElsewhere) return result;
  const caveat =
    "The look-ahead guard cuts off the bars that the strategy is given. Its code mentions files, the network, the clock, chance or another package: what it takes from there was not cut off, and may be later.";
  return { ...result, warnings: [...result.warnings, caveat] };
}

function failedItem(index: number, { code, message, hint }: TradingError): BatchItem {
  return { index, status: "error", error: { code, message: hint === undefined ? message : `${message} ${hint}` } };
}

/** One row for all combinations of all windows: it shows the figures of the test windows. */
function walkForwardRow({ result }: WalkForward, datasetHash: string): NewRun {
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
