/** One run in figures: the engine picked and run, its statistics. What runBacktest.ts tells about it, and all that a sweep keeps. */
import type { BacktestRequest, BacktestStats, EngineName, Params } from "../domain/backtest.ts";
import { sliceBars, type BarSeries, type Dataset } from "../domain/bars.ts";
import type { VectorContext } from "../domain/strategy.ts";
import { badInput, TradingError } from "../base/errors.ts";
import { benchmarkCloses } from "./benchmark.ts";
import { clockOf } from "./clock.ts";
import { chooseEngine, runChosen, type LoadedStrategy } from "./engines.ts";
import type { Outcome } from "./ledger.ts";
import { parseParams } from "./params.ts";
import { inferPeriodsPerYear } from "./periods.ts";
import { RunMemory } from "./runMemory.ts";
import { statistics } from "./statistics.ts";
import { firstTradedBar, tradingFrom } from "./tradeFrom.ts";

export interface Measured {
  readonly params: Params;
  readonly series: readonly BarSeries[];
  readonly clock: Float64Array;
  readonly outcome: Outcome;
  readonly engine: EngineName;
  readonly reason: string;
  /** Number of the time from which figures count: 0, or the one before the first traded. */
  readonly begin: number;
  readonly stats: BacktestStats;
}

/**
 * `context`: what signals() sees, when many runs on the same bars share their indicators. The outcome's curve lies in
 * `memory`, till its owner begins another run.
 */
export function measure(
  request: BacktestRequest,
  strategy: LoadedStrategy,
  dataset: Dataset,
  context?: VectorContext,
  memory: RunMemory = new RunMemory(),
): Measured {
  memory.begin();
  const { definition } = strategy;
  const params = parseParams(definition, request.params);
  const series = seriesBetween(dataset, request.from, request.to);
  const clock = clockOf(series);
  const chosen = chooseEngine(definition, request, { symbols: series.length, hasActions: series.some(({ actions }) => actions !== undefined) });
  const first = firstTradedBar(clock, request);
  const trading = first === 0 ? strategy : { ...strategy, definition: tradingFrom(definition, first, request.fill) };
  const { outcome, engine, reason } = runChosen(chosen, {
    request,
    strategy: trading,
    params,
    series,
    clock,
    memory,
    ...(context === undefined ? {} : { context }),
  });
  // The close before the first traded bar is where the money starts from.
  const begin = Math.max(0, first - 1);
  const [bars] = series as readonly [BarSeries];
  const all = statistics({
    ...ofOutcome(outcome),
    equity: outcome.equity.subarray(begin),
    time: clock.subarray(begin),
    benchmark: benchmarkCloses(clock, bars, dataset).subarray(begin),
    cash: request.cash,
    periodsPerYear: request.periodsPerYear ?? inferPeriodsPerYear(clock),
    riskFree: request.riskFree,
  });
  const stats = first === 0 ? all : { ...all, exposurePct: (outcome.barsHeld / (clock.length - first)) * 100 };
  if (!Number.isFinite(stats.finalEquity))
    throw new TradingError(
      "not-finite",
      `${definition.name} on ${dataset.info.name}: the equity is no longer a finite number; the prices differ by too many orders of magnitude.`,
    );
  return { params, series, clock, outcome, engine, reason, begin, stats };
}

/** Of all symbols the bars that a run uses. */
function seriesBetween(dataset: Dataset, from: number | undefined, to: number | undefined): readonly BarSeries[] {
  const first = between(dataset, from, to);
  return [first, ...(dataset.others ?? []).map((series) => between({ ...dataset, info: { ...dataset.info, name: series.symbol }, series }, from, to))];
}

/** The bars that a run uses. Throws when there are none. */
export function between(dataset: Dataset, from: number | undefined, to: number | undefined): BarSeries {
  const { series, info } = dataset;
  let first = 0;
  let end = series.time.length;
  if (from !== undefined) while (first < end && series.time[first]! < from) first++;
  if (to !== undefined) while (end > first && series.time[end - 1]! > to) end--;
  if (end - first < 1)
    throw badInput(
      "no-bars",
      `${info.name} has no bars in the range that was asked for.`,
      info.from === null ? "The data set is empty." : `It holds ${info.from.slice(0, 10)} to ${info.to?.slice(0, 10)}.`,
    );
  return first === 0 && end === series.time.length ? series : sliceBars(series, first, end);
}

function ofOutcome({ trades, barsHeld, slippage, interest }: Outcome) {
  return { trades, barsHeld, slippage, interest: interest ?? 0 };
}
