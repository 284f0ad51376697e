/** What a worker does for a sweep. The only part of it that runs in workers, and the only one that calls strategies. */
import { TradingError } from "../../base/errors.ts";
import type { BacktestRequest, Params } from "../../domain/backtest.ts";
import type { Dataset } from "../../domain/bars.ts";
import type { Signals } from "../../domain/strategy.ts";
import { SWEEP_STATUS } from "../../domain/sweep.ts";
import { chooseEngine, signalArrays, type LoadedStrategy } from "../engines.ts";
import { between, measure } from "../measure.ts";
import { parseParams } from "../params.ts";
import { inferPeriodsPerYear } from "../periods.ts";
import type { RunMemory } from "../runMemory.ts";
import { unshare } from "../sharedBars.ts";
import type { StrategyFiles } from "../strategyFile.ts";
import { roundingOf } from "./agreement.ts";
import { blocksOfEquity, COLUMNS, columnsOf, writeBlocks, writeColumns } from "./figures.ts";
import { MemoContext } from "./memoContext.ts";
import type { FullAnswer, ItemError, SweepTask, TaskAnswer } from "./messages.ts";
import { growthOf, monteCarlo } from "./monteCarlo.ts";
import { countOverfit, returnShape } from "./overfitting.ts";
import { computeIndicators, TableEvaluator } from "./tableSweep.ts";

/** What a worker keeps from one task to the next. */
export interface SweepWorker {
  readonly strategies: StrategyFiles;
  readonly memory: RunMemory;
  /** For what the runs of a task share. */
  readonly shared: RunMemory;
  /** What there is to do once a user's strategy has run. */
  readonly afterOwn: () => void;
}

export async function runSweepTask(task: SweepTask, worker: SweepWorker): Promise<TaskAnswer> {
  const after = "request" in task && task.request.strategy.kind !== "builtin" ? worker.afterOwn : () => undefined;
  try {
    const value = await answer(task, worker);
    after();
    return { ok: true, value };
  } catch (error) {
    after();
    return { ok: false, error: TradingError.from(error, "sweep-failed").toPlain() };
  }
}

async function answer(task: SweepTask, worker: SweepWorker): Promise<unknown> {
  switch (task.kind) {
    case "check":
      return await check(task, worker);
    case "indicators":
      return computeIndicators(task.sweep);
    case "tables":
      return tables(task);
    case "engines":
      return await engines(task, worker);
    case "full":
      return await full(task, worker);
    case "pbo":
      return countOverfit(task.sums, task.returns, task);
  }
}

type Task<K extends SweepTask["kind"]> = Extract<SweepTask, { readonly kind: K }>;

/** The strategy's name, when every value of every parameter is allowed and there are bars; bad input else. */
async function check(
  { request, dataset, names, columns }: Task<"check">,
  worker: SweepWorker,
): Promise<{ readonly strategy: string; readonly usesSignals: boolean }> {
  const { definition } = await worker.strategies.load(request.strategy);
  const first = Object.fromEntries(names.map((name, at) => [name, columns[at]![0]!]));
  parseParams(definition, { ...request.params, ...first });
  names.forEach((name, at) => {
    for (const value of new Set(columns[at])) parseParams(definition, { ...request.params, ...first, [name]: value });
  });
  const data = unshare(dataset);
  chooseEngine(definition, request, { symbols: 1 + (data.others?.length ?? 0), hasActions: data.series.actions !== undefined });
  between(data, request.from, request.to);
  return { strategy: definition.name, usesSignals: definition.signals !== undefined };
}

/** Columns and blocks of each item; `unsure` are the items that have to go through an engine. */
export interface TablesAnswer {
  readonly columns: Float64Array;
  readonly blocks: Float64Array;
  readonly unsure: readonly number[];
}

function tables({ sweep, worker, costs, rules, count, blockPlaces }: Task<"tables">): TablesAnswer {
  const evaluator = new TableEvaluator(sweep, worker, costs);
  const perItem = 2 * (sweep.layout.boundCount + 1);
  const columns = new Float64Array(count * COLUMNS.length);
  const blocks = new Float64Array(blockPlaces.length * perItem);
  const unsure: number[] = [];
  let nextBlock = 0;
  for (let i = 0; i < count; i++) {
    evaluator.evaluate(i);
    const { figures } = evaluator;
    if (!writeColumns(figures, rules, columns, i * COLUMNS.length)) unsure.push(i);
    if (blockPlaces[nextBlock] === i) writeBlocks(evaluator.sums, figures[2]!, figures[3]!, blocks, perItem * nextBlock++);
  }
  return { columns, blocks, unsure };
}

/** Every item from `from` on through the ordinary engine, its results written where they survive this worker. */
async function engines(task: Task<"engines">, worker: SweepWorker): Promise<readonly ItemError[]> {
  const { request, dataset, names, values, bounds, blockPlaces, from, shared, tables: quick } = task;
  const current = new Int32Array(shared.current);
  const status = new Uint8Array(shared.status);
  const columns = new Float64Array(shared.columns);
  const blocks = new Float64Array(shared.blocks);
  const perItem = 2 * (bounds.length + 1);
  const errors: ItemError[] = [];
  const runs = runsOf(request, await worker.strategies.load(request.strategy), unshare(dataset), worker);
  const evaluator = quick === undefined ? undefined : new TableEvaluator(quick.sweep, quick.worker, request.costs);
  for (let i = from; i < status.length; i++) {
    Atomics.store(current, 0, i + 1);
    try {
      const params = paramsAt(names, values, i);
      const place = blockPlaces.indexOf(i);
      const signals = evaluator === undefined ? undefined : runs.signals(params);
      // The tables hold long positions only.
      const isQuick = signals !== undefined && signals.shortEntries === undefined;
      if (isQuick) evaluator?.evaluateSignals(signals);
      if (isQuick && quick !== undefined && evaluator !== undefined && writeColumns(evaluator.figures, quick.rules, columns, i * COLUMNS.length)) {
        if (place >= 0) writeBlocks(evaluator.sums, evaluator.figures[2]!, evaluator.figures[3]!, blocks, place * perItem);
      } else {
        const { stats, equity } = runs.full(params);
        columnsOf(stats, columns, i * COLUMNS.length);
        if (place >= 0) blocksOfEquity(equity, bounds, blocks, place * perItem);
      }
      status[i] = SWEEP_STATUS.ok;
    } catch (error) {
      const { code, message } = TradingError.from(error, "backtest-failed");
      status[i] = SWEEP_STATUS.error;
      errors.push({ at: i, code, message });
    }
  }
  Atomics.store(current, 0, 0);
  return errors;
}

/** Takes items till none is left: a message for each would come milliseconds late where all cores are busy. */
async function full(task: Task<"full">, worker: SweepWorker): Promise<readonly FullAnswer[]> {
  const { request, dataset, names, values, monteCarlo: isDrawn } = task;
  const next = new Int32Array(task.next);
  const count = values.length / names.length;
  const answers: FullAnswer[] = [];
  const runs = runsOf(request, await worker.strategies.load(request.strategy), unshare(dataset), worker);
  for (let i = Atomics.add(next, 0, 1); i < count; i = Atomics.add(next, 0, 1)) {
    const { stats, equity, trades } = runs.full(paramsAt(names, values, i));
    const drawn = isDrawn && i === 0 ? monteCarlo(growthOf(trades, request.cash)) : undefined;
    const shape = returnShape(equity, request.riskFree / stats.periodsPerYear, worker.memory.column(equity.length));
    answers.push({ at: i, stats, rounding: roundingOf(trades), shape, ...(drawn === undefined ? {} : { monteCarlo: drawn }) });
  }
  return answers;
}

function paramsAt(names: readonly string[], values: Float64Array, item: number): Params {
  return Object.fromEntries(names.map((name, at) => [name, values[item * names.length + at]!]));
}

/** Runs of one strategy on the same bars, which share what they can. A run's curve is its own till the next. */
function runsOf(request: BacktestRequest, strategy: LoadedStrategy, dataset: Dataset, { memory, shared }: SweepWorker) {
  const { definition } = strategy;
  const bars = between(dataset, request.from, request.to);
  const periodsPerYear = request.periodsPerYear ?? inferPeriodsPerYear(bars.time);
  shared.begin();
  const memo = new MemoContext(bars, { copy: strategy.file !== undefined, memory: shared });
  return {
    signals: (swept: Params): Signals =>
      signalArrays({ strategy, params: parseParams(definition, { ...request.params, ...swept }), series: [bars], context: memo.context() }),
    full: (swept: Params) => {
      const run = { ...request, ...(dataset.others === undefined ? { periodsPerYear } : {}), params: { ...request.params, ...swept } };
      const { stats, outcome } = measure(run, strategy, dataset, memo.context(), memory);
      return { stats, equity: outcome.equity, trades: outcome.trades };
    },
  };
}
