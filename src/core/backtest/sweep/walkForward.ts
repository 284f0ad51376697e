/**
 * Walk-forward analysis: for each window a sweep over the training bars alone, then one run of its best combination over the
 * test bars. Indicators of a test are warm, since its run sees the bars before; it begins and ends without a position, and
 * with the money that the window before left. Nothing of a test is known when its parameters are chosen.
 */
import { canonicalJson, sha256 } from "../../base/canonical.ts";
import { TradingError } from "../../base/errors.ts";
import type { BacktestRequest, BacktestResult, BacktestStats, BacktestTrade } from "../../domain/backtest.ts";
import { pricesInfo, type Dataset } from "../../domain/bars.ts";
import type { Sweep, SweepOptions, SweepRequest } from "../../domain/sweep.ts";
import type { Stretch, WalkForward, WalkForwardRequest, WalkForwardResult, WalkForwardWindow } from "../../domain/walkForward.ts";
import { inferPeriodsPerYear } from "../periods.ts";
import { between } from "../measure.ts";
import { statistics } from "../statistics.ts";
import { deflatedSharpe, returnShape } from "./overfitting.ts";
import { benchmarkCloses } from "../benchmark.ts";
import { planWindows, type PlannedWindow } from "./windows.ts";

export interface WalkForwardParts {
  readonly dataset: Dataset;
  readonly workers: number;
  readonly sweep: (request: SweepRequest, options: SweepOptions, signal: AbortSignal) => Promise<Sweep>;
  readonly run: (request: BacktestRequest, signal: AbortSignal) => Promise<BacktestResult>;
}

type Counts = Pick<WalkForwardResult, "combinations" | "run" | "succeeded" | "failed" | "timedOut" | "cancelled">;

export async function walkForward(
  // What is known of the whole is not known of its windows, and folds are another way to the same end.
  { train, test, anchored = false, known: _known, crossValidation: _folds, ...sweepRequest }: WalkForwardRequest,
  options: SweepOptions,
  { dataset, workers, sweep, run }: WalkForwardParts,
  signal: AbortSignal,
): Promise<WalkForward> {
  const started = performance.now();
  const { request } = sweepRequest;
  const bars = between(dataset, request.from, request.to);
  const windows = planWindows(bars.time, { train, test, anchored });
  const at = (bar: number) => bars.time[bar]!;
  const counts: { -readonly [K in keyof Counts]: number } = { combinations: 0, run: 0, succeeded: 0, failed: 0, timedOut: 0, cancelled: 0 };
  const out: WalkForwardWindow[] = [];
  const tested = new Tested(request, bars.time, benchmarkCloses(bars.time, bars, dataset), windows[0]!.test[0]);
  let strategy = request.strategy.kind === "builtin" ? request.strategy.name : request.strategy.path;
  let perWindow = 0;
  for (const [number, window] of windows.entries()) {
    if (signal.aborted) break;
    const { budgetMs } = sweepRequest;
    const left = budgetMs === undefined ? {} : { budgetMs: Math.max(1, budgetMs - (performance.now() - started)) };
    const trained = await sweep(
      { ...sweepRequest, ...left, top: 1, request: { ...request, from: at(window.train[0]), to: at(window.train[1] - 1) } },
      {
        ...options,
        onProgress: ({ done, combinations }) => options.onProgress?.({ done: number * combinations + done, combinations: windows.length * combinations }),
      },
      signal,
    );
    const { result } = trained;
    strategy = result.strategy;
    perWindow = result.combinations;
    for (const name of ["combinations", "run", "succeeded", "failed", "timedOut", "cancelled"] as const) counts[name] += result[name];
    // The best of a part of them is not the best.
    if (result.cancelled > 0) break;
    const stretches = { train: stretch(bars.time, window.train), test: stretch(bars.time, window.test) };
    const { succeeded, failed, timedOut } = result;
    const base = { ...stretches, succeeded, failed, timedOut };
    const [best] = result.best;
    if (best === undefined) {
      const why = result.failures[0]?.message;
      out.push({
        ...base,
        params: null,
        inSample: null,
        outOfSample: null,
        error: `No combination succeeded in training${why === undefined ? "." : `: ${why}`}`,
      });
      tested.stand(window);
      continue;
    }
    try {
      const forward = await run(
        {
          ...request,
          params: best.params,
          ...(request.from === undefined ? {} : { from: request.from }),
          to: at(window.test[1] - 1),
          tradeFrom: at(window.test[0]),
          cash: tested.cash,
          withEquity: true,
        },
        signal,
      );
      out.push({ ...base, params: best.params, inSample: best.stats, outOfSample: forward.stats });
      tested.add(window, forward);
    } catch (error) {
      if (signal.aborted) break;
      const { message } = TradingError.from(error, "backtest-failed");
      out.push({ ...base, params: best.params, inSample: best.stats, outOfSample: null, error: message });
      tested.stand(window);
    }
  }
  // Windows that were not begun were not tried either.
  const missing = Math.max(0, windows.length * perWindow - counts.combinations);
  const durationMs = performance.now() - started;
  const stats = tested.stats();
  const grown = out.flatMap(({ inSample }) => (inSample?.cagrPct == null ? [] : [inSample.cagrPct]));
  const inSampleCagrPct = grown.length === 0 ? null : grown.reduce((sum, value) => sum + value, 0) / grown.length;
  return {
    result: {
      schema: "quantdesk.walk-forward/1",
      strategy,
      dataset: dataset.info.name,
      prices: pricesInfo(dataset.info),
      train,
      test,
      anchored,
      windows: out,
      stats,
      trades: tested.trades,
      inSampleCagrPct,
      efficiencyPct: inSampleCagrPct !== null && inSampleCagrPct > 0 && stats?.cagrPct != null ? (stats.cagrPct / inSampleCagrPct) * 100 : null,
      probabilisticSharpe: tested.probabilisticSharpe(),
      paramChanges: out.filter(({ params }, i) => i > 0 && canonicalJson(params) !== canonicalJson(out[i - 1]!.params)).length,
      ...counts,
      combinations: counts.combinations + missing,
      cancelled: counts.cancelled + missing,
      cached: 0,
      workers,
      durationMs,
      throughput: (counts.run / durationMs) * 1000,
      trialsCounted: sweepRequest.earlierTrials + counts.run,
      costs: request.costs,
      simulated: dataset.series.simulated,
      runHash: sha256(canonicalJson(tested.hashes)),
    },
    time: bars.time.slice(tested.begin, tested.end),
    equity: tested.equity(),
    close: bars.close.slice(tested.begin, tested.end),
  };
}

/** The test windows put together. */
class Tested {
  readonly trades: BacktestTrade[] = [];
  readonly hashes: string[] = [];
  readonly begin: number;
  readonly #request: BacktestRequest;
  readonly #time: Float64Array;
  readonly #benchmark: Float64Array;
  readonly #equity: Float64Array;
  readonly #first: number;
  readonly #money = { totalSlippage: 0, financing: 0 };
  #barsHeld = 0;
  end: number;

  constructor(request: BacktestRequest, time: Float64Array, benchmark: Float64Array, first: number) {
    this.#request = request;
    this.#time = time;
    this.#benchmark = benchmark;
    this.#first = first;
    this.begin = Math.max(0, first - 1);
    this.end = this.begin + 1;
    this.#equity = new Float64Array(time.length - this.begin);
    this.#equity[0] = request.cash;
  }

  /** What the next window begins with. */
  get cash(): number {
    return this.#equity[this.end - this.begin - 1]!;
  }

  add({ test: [from, to] }: PlannedWindow, { equity = [], stats, trades, runHash }: BacktestResult): void {
    // Its first value is the close before the window.
    equity.slice(1).forEach(([, value], i) => {
      this.#equity[from + i - this.begin] = value;
    });
    this.trades.push(...trades);
    this.hashes.push(runHash);
    this.#money.totalSlippage += stats.totalSlippage;
    this.#money.financing += stats.financing;
    this.#barsHeld += Math.round((stats.exposurePct / 100) * (to - from));
    this.end = to;
  }

  /** Nothing is traded in the window. */
  stand({ test: [from, to] }: PlannedWindow): void {
    this.#equity.fill(this.cash, from - this.begin, to - this.begin);
    this.end = to;
  }

  equity(): Float64Array {
    return this.#equity.slice(0, this.end - this.begin);
  }

  stats(): BacktestStats | null {
    if (this.end <= this.#first) return null;
    const { cash, riskFree } = this.#request;
    const all = statistics({
      equity: this.equity(),
      time: this.#time.subarray(this.begin, this.end),
      trades: this.trades.map((trade) => ({ ...trade, leg: 0, entryFee: trade.fees, exitFee: 0, carry: trade.carry ?? 0 })),
      barsHeld: this.#barsHeld,
      benchmark: this.#benchmark.subarray(this.begin, this.end),
      cash,
      periodsPerYear: this.#periodsPerYear(),
      riskFree,
    });
    const { totalSlippage, financing } = this.#money;
    return { ...all, totalSlippage, financing, exposurePct: (this.#barsHeld / (this.end - this.#first)) * 100 };
  }

  /** Against a Sharpe ratio of zero: one trial, nothing to deflate. */
  probabilisticSharpe(): number | null {
    const shape = this.end <= this.#first ? undefined : returnShape(this.equity(), this.#request.riskFree / this.#periodsPerYear());
    return shape === undefined ? null : deflatedSharpe(shape, 0, 1);
  }

  #periodsPerYear(): number {
    return this.#request.periodsPerYear ?? inferPeriodsPerYear(this.#time);
  }
}

function stretch(time: Float64Array, [from, to]: readonly [number, number]): Stretch {
  const iso = (bar: number) => new Date(time[bar]!).toISOString();
  return { from: iso(from), to: iso(to - 1), bars: to - from };
}
