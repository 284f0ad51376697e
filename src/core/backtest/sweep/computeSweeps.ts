/**
 * Sweeps inside the compute process: plans them, lets its pool work, and watches the time of each combination. Combinations
 * of strategies that recipes.ts can take apart go through the tables; all others, and those that the tables are too coarse
 * for, through the ordinary engines.
 */
import * as v from "valibot";
import { badInput, TradingError } from "../../base/errors.ts";
import { withDeadline } from "../../base/scope.ts";
import { hasPlainCosts, type BacktestRequest } from "../../domain/backtest.ts";
import { SWEEP_STATUS } from "../../domain/sweep.ts";
import { inferPeriodsPerYear } from "../periods.ts";
import { parseParams } from "../params.ts";
import { parseRequest } from "../request.ts";
import { between } from "../measure.ts";
import { unshare, type SharedDataset } from "../sharedBars.ts";
import { findStrategy } from "../strategies/builtin.ts";
import { blockBounds, COLUMNS, type FigureRules } from "./figures.ts";
import { crossValidate, foldBounds, foldsOf } from "./crossValidation.ts";
import { compileKernel, kernelMemory } from "./kernel.ts";
import {
  SweepMessage,
  type ChunkAnswer,
  type FoldsAnswer,
  type FullAnswer,
  type ItemError,
  type SharedChunk,
  type SweepOpened,
  type SweepTask,
  type TaskAnswer,
} from "./messages.ts";
import { CSCV_LEAST_BARS, type Splits } from "./overfitting.ts";
import { recipeOf, type Recipe } from "./recipes.ts";
import { rowsOf } from "./rows.ts";
import { planTables, prepare, type TableSweep } from "./tableSweep.ts";
import type { TablesAnswer } from "./sweepTask.ts";

/** Runs a task in a worker; an abort ends the worker. */
export type RunTask = (task: SweepTask, signal: AbortSignal) => Promise<TaskAnswer>;

/** Sweeps that are open at once; more are a mistake of who opens them. */
const MAX_OPEN = 16;
const MAX_CHUNK = 100_000;
/** Places to work in beyond those of the workers, for those that ended workers leave behind. */
const SPARE_SCRATCHES = 4;
/** For a worker to come up, and for what waits before in its queue. */
const START_MS = 20_000;

interface Open {
  readonly request: BacktestRequest;
  readonly dataset: SharedDataset;
  readonly names: readonly string[];
  readonly columns: readonly Float64Array[];
  readonly opened: SweepOpened;
  readonly tables: { readonly sweep: TableSweep; readonly rules: FigureRules; readonly freeScratches: number[] } | undefined;
  readonly validation: ReturnType<typeof foldsOf> | undefined;
  /** What of the best is taken, for the messages of one round. */
  readonly full: { round: number; next: SharedArrayBuffer };
  /** False when a worker may have been ended while it wrote. */
  isIntact: boolean;
}

type Message<K extends string> = Extract<v.InferOutput<typeof SweepMessage>, { readonly kind: K }>;

export class ComputeSweeps {
  readonly #run: RunTask;
  readonly #datasetOf: (key: string) => SharedDataset | undefined;
  readonly #open = new Map<string, Open>();
  #module: ReturnType<typeof compileKernel>;
  /** The memory of a sweep that is over, for the next that fits into it: fresh pages cost more than the sweep. */
  #spare: TableSweep["memory"] | undefined;

  constructor(run: RunTask, datasetOf: (key: string) => SharedDataset | undefined) {
    this.#run = run;
    this.#datasetOf = datasetOf;
  }

  async handle(unchecked: unknown, signal: AbortSignal): Promise<unknown> {
    const message = v.parse(SweepMessage, unchecked);
    switch (message.kind) {
      case "open":
        return await this.#openSweep(message, signal);
      case "chunk":
        return await this.#chunk(message, signal);
      case "full":
        return await this.#full(message, signal);
      case "pbo":
        return await this.#ask<Splits>(message, signal);
      case "folds":
        return this.#folds(message);
      case "close":
        this.#close(message.id);
        return null;
    }
  }

  async #openSweep(message: Message<"open">, signal: AbortSignal): Promise<SweepOpened> {
    const { id, names, columns, workers } = message;
    const request = parseRequest(message.request);
    const dataset = this.#datasetOf(request.data);
    if (dataset === undefined) throw badInput("unknown-data", `No data set is registered as "${request.data}".`);
    if (this.#open.size >= MAX_OPEN) throw new TradingError("too-many-sweeps", `${MAX_OPEN} sweeps are open at once.`, { hint: "Wait for one to end." });
    const { strategy, usesSignals } = await withDeadline("The strategy's file", message.timeoutMs + START_MS, signal, (both) =>
      this.#ask<{ readonly strategy: string; readonly usesSignals: boolean }>({ kind: "check", request, dataset, names, columns }, both),
    );
    const bars = between(unshare(dataset), request.from, request.to);
    const count = bars.close.length;
    const blocks = message.blocks > 1 && count >= CSCV_LEAST_BARS ? blockBounds(count, message.blocks) : [];
    const validation = message.crossValidation === undefined ? undefined : foldsOf(count, message.crossValidation);
    const bounds = validation === undefined ? blocks : [...new Set([...blocks, ...foldBounds(validation.folds, count)])].sort((a, b) => a - b);
    const periodsPerYear = request.periodsPerYear ?? inferPeriodsPerYear(bars.time);
    const known = { request, dataset, names, columns, usesSignals, periodsPerYear };
    const tables = message.useTables ? this.#planTables(known, bounds, message) : "the tables were not wanted";
    const usesTables = typeof tables !== "string";
    const isTakenApart = usesTables && tables.sweep.recipe.kind !== "signals";
    const opened: SweepOpened = {
      strategy,
      bars: count,
      periodsPerYear,
      bounds,
      blockBounds: blocks,
      usesTables,
      isTakenApart,
      how: usesTables
        ? `by tables: ${isTakenApart ? "each indicator once, " : ""}signals as bits${this.#module === undefined ? ", without WebAssembly" : ""}; the best again through the ordinary engine`
        : `through the ordinary engine, one by one (${tables})`,
    };
    if (isTakenApart) {
      await Promise.all(Array.from({ length: workers }, () => this.#ask({ kind: "indicators", sweep: light(tables.sweep) }, signal)));
    }
    this.#open.set(id, { request, dataset, names, columns, opened, tables: usesTables ? tables : undefined, validation, full: nothingTaken(), isIntact: true });
    return opened;
  }

  /** Or why the sweep does without, as a sentence's end. */
  #planTables(
    sweep: Pick<Open, "request" | "dataset" | "names" | "columns"> & { readonly usesSignals: boolean; readonly periodsPerYear: number },
    bounds: readonly number[],
    { workers, maxBytes, adaptive }: Message<"open">,
  ): NonNullable<Open["tables"]> | string {
    const { request, names, columns } = sweep;
    if (!sweep.usesSignals) return "the strategy has no signals()";
    if (request.sizing.kind !== "all-in") return `positions are not all-in but ${request.sizing.kind}`;
    if (request.fill !== "next-open") return "orders are not filled at the next open";
    if (!hasPlainCosts(request.costs)) return "these costs need the event engine";
    if (sweep.dataset.others !== undefined) return "there are several symbols";
    if (sweep.dataset.series.actions !== undefined) return "splits and dividends need the event engine";
    if (request.engine !== "auto" && request.engine !== "vector") return `the ${request.engine} engine was asked for`;
    const bars = between(unshare(sweep.dataset), request.from, request.to);
    const none = new Int32Array(0);
    const whole: Recipe = { kind: "signals", first: none, second: none };
    const boundCount = bounds.length;
    const apart = adaptive ? undefined : recipeFor(request, names, columns);
    const quick = apart === undefined ? undefined : planTables(bars, apart, { boundCount, workers, maxBytes });
    const recipe = apart === undefined || typeof quick === "string" ? whole : apart;
    const places = recipe === whole ? workers + SPARE_SCRATCHES : workers;
    const plan = quick === undefined || typeof quick === "string" ? planTables(bars, whole, { boundCount, workers: places, maxBytes }) : quick;
    if (typeof plan === "string") return plan;
    this.#module ??= compileKernel();
    const spare = this.#spare;
    const fits = spare !== undefined && spare.buffer.byteLength >= plan.layout.bytes && spare.buffer.byteLength < 4 * plan.layout.bytes;
    this.#spare = undefined;
    const memory = fits ? spare : kernelMemory(plan.layout.bytes, this.#module);
    const tables = { memory, module: this.#module, recipe, bars, ...plan };
    const allSquares = prepare(tables, bounds);
    const rules = {
      bars: bars.close.length,
      periodsPerYear: sweep.periodsPerYear,
      riskFree: request.riskFree,
      cash: request.cash,
      feeRate: request.costs.feeRate,
      spanMs: bars.time[bars.time.length - 1]! - bars.time[0]!,
      allSquares,
    };
    return { sweep: tables, rules, freeScratches: Array.from({ length: places }, (_value, i) => i) };
  }

  async #chunk(message: Message<"chunk">, signal: AbortSignal): Promise<ChunkAnswer> {
    const sweep = this.#known(message.id);
    const { items, blockPlaces, timeoutMs } = message;
    if (items.length > MAX_CHUNK) throw badInput("bad-chunk", `A chunk has ${items.length} items, more than ${MAX_CHUNK}.`);
    const values = message.values ?? rowsOf(sweep.columns, items);
    if (!sweep.opened.isTakenApart) return await this.#engines(sweep, { values, blockPlaces, timeoutMs, useTables: true }, signal);
    const scratch = sweep.tables?.freeScratches.pop();
    if (sweep.tables === undefined || scratch === undefined) return await this.#engines(sweep, { values, blockPlaces, timeoutMs, useTables: false }, signal);
    try {
      return await this.#byTables(sweep, sweep.tables, scratch, { ...message, values }, signal);
    } catch (error) {
      sweep.isIntact = false;
      throw error;
    } finally {
      sweep.tables.freeScratches.push(scratch);
    }
  }

  async #byTables(
    sweep: Open,
    tables: NonNullable<Open["tables"]>,
    worker: number,
    { items, values, blockPlaces, timeoutMs }: Omit<Message<"chunk">, "values"> & { readonly values: Float64Array },
    signal: AbortSignal,
  ): Promise<ChunkAnswer> {
    const { request, opened, names } = sweep;
    const task: SweepTask = {
      kind: "tables",
      sweep: { ...light(tables.sweep), recipe: only(tables.sweep.recipe, items) },
      worker,
      costs: request.costs,
      rules: tables.rules,
      count: items.length,
      blockPlaces,
    };
    const { columns, blocks, unsure } = await this.#ask<TablesAnswer>(task, signal);
    const status = new Uint8Array(items.length).fill(SWEEP_STATUS.ok);
    if (unsure.length === 0) return { status, columns, blocks, errors: [] };
    const perItem = 2 * (opened.bounds.length + 1);
    const wanted = Int32Array.from(unsure.filter((at) => blockPlaces.includes(at)));
    const unsureValues = Float64Array.from(unsure.flatMap((at) => [...values.subarray(at * names.length, (at + 1) * names.length)]));
    const exact = await this.#engines(
      sweep,
      { values: unsureValues, blockPlaces: wanted.map((at) => unsure.indexOf(at)), timeoutMs, useTables: false },
      signal,
    );
    unsure.forEach((at, k) => {
      status[at] = exact.status[k]!;
      columns.set(exact.columns.subarray(k * COLUMNS.length, (k + 1) * COLUMNS.length), at * COLUMNS.length);
    });
    wanted.forEach((at, k) => blocks.set(exact.blocks.subarray(k * perItem, (k + 1) * perItem), blockPlaces.indexOf(at) * perItem));
    return { status, columns, blocks, errors: exact.errors.map((error) => ({ ...error, at: unsure[error.at] as number })) };
  }

  /** One by one in a worker. An item that passes its time, or ends the worker, costs only itself: the rest goes on in another. */
  async #engines(
    sweep: Open,
    {
      values,
      blockPlaces,
      timeoutMs,
      useTables,
    }: { readonly values: Float64Array; readonly blockPlaces: Int32Array; readonly timeoutMs: number; readonly useTables: boolean },
    signal: AbortSignal,
  ): Promise<ChunkAnswer> {
    const { request, dataset, names, opened } = sweep;
    const count = values.length / names.length;
    const tables = useTables ? sweep.tables : undefined;
    const perItem = 2 * (opened.bounds.length + 1);
    const shared: SharedChunk = {
      current: new SharedArrayBuffer(4),
      status: new SharedArrayBuffer(count),
      columns: new SharedArrayBuffer(count * COLUMNS.length * 8),
      blocks: new SharedArrayBuffer(blockPlaces.length * perItem * 8),
    };
    const status = new Uint8Array(shared.status);
    const errors: ItemError[] = [];
    for (let from = 0; from < count; ) {
      const worker = tables?.freeScratches.pop();
      const quick = tables === undefined || worker === undefined ? {} : { tables: { sweep: light(tables.sweep), worker, rules: tables.rules } };
      const task: SweepTask = { kind: "engines", request, dataset, names, values, bounds: opened.bounds, blockPlaces, from, shared, ...quick };
      const ended = await this.#watched(task, shared, timeoutMs, signal).catch((error: unknown) => {
        sweep.isIntact = false;
        throw error;
      });
      // A scratch in which an ended worker may still have been writing is not used again.
      if (ended.kind !== "done") sweep.isIntact = false;
      else if (worker !== undefined) tables?.freeScratches.push(worker);
      if (ended.kind === "done") {
        errors.push(...ended.errors);
        break;
      }
      status[ended.at] = ended.kind === "timeout" ? SWEEP_STATUS.timeout : SWEEP_STATUS.error;
      errors.push({ at: ended.at, code: ended.error.code, message: ended.error.message });
      from = ended.at + 1;
    }
    return {
      status: Uint8Array.from(status),
      columns: Float64Array.from(new Float64Array(shared.columns)),
      blocks: Float64Array.from(new Float64Array(shared.blocks)),
      errors,
    };
  }

  async #watched(
    task: Extract<SweepTask, { readonly kind: "engines" }>,
    shared: SharedChunk,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<
    { readonly kind: "done"; readonly errors: readonly ItemError[] } | { readonly kind: "timeout" | "ended"; readonly at: number; readonly error: TradingError }
  > {
    const current = new Int32Array(shared.current);
    Atomics.store(current, 0, 0);
    const controller = new AbortController();
    const cancel = () => controller.abort(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    let item = 0;
    let since = performance.now();
    let late = 0;
    const watch = setInterval(
      () => {
        const now = Atomics.load(current, 0);
        if (now !== item) [item, since] = [now, performance.now()];
        // An item that has not started waits for its worker, which other sweeps and backtests may keep.
        else if (item > 0 && performance.now() - since > timeoutMs) {
          late = item;
          controller.abort();
        }
      },
      Math.max(5, Math.min(250, timeoutMs / 4)),
    );
    try {
      signal.throwIfAborted();
      return { kind: "done", errors: await this.#ask<readonly ItemError[]>(task, controller.signal) };
    } catch (error) {
      signal.throwIfAborted();
      const at = Math.max(0, (late > 0 ? late : Atomics.load(current, 0)) - 1);
      if (late > 0) return { kind: "timeout", at, error: new TradingError("timeout", `It took longer than ${timeoutMs / 1000} s.`) };
      if (Atomics.load(current, 0) === 0 || (error instanceof TradingError && error.code !== "strategy-exited" && error.code !== "strategy-out-of-memory"))
        throw error;
      return { kind: "ended", at, error: TradingError.from(error, "backtest-failed") };
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", cancel);
    }
  }

  /** All statistics of single combinations, through the ordinary engine. */
  async #full({ id, items, monteCarlo, round, timeoutMs, ...message }: Message<"full">, signal: AbortSignal): Promise<readonly FullAnswer[]> {
    const { request, dataset, names, columns, full } = this.#known(id);
    const values = message.values ?? rowsOf(columns, items);
    if (round !== full.round) Object.assign(full, { round, next: new SharedArrayBuffer(4) });
    const task: SweepTask = { kind: "full", request, dataset, names, values, monteCarlo, next: full.next };
    return await withDeadline("The best combinations", timeoutMs * items.length + START_MS, signal, (both) => this.#ask(task, both));
  }

  /** A few million additions: not worth a worker. */
  #folds({ id, sums }: Message<"folds">): FoldsAnswer {
    const { request, dataset, opened, validation } = this.#known(id);
    if (validation === undefined) throw new TradingError("no-folds", "This sweep was opened without folds.");
    const { time } = between(unshare(dataset), request.from, request.to);
    const iso = (bar: number) => new Date(time[bar]!).toISOString();
    const { bars, bounds, periodsPerYear } = opened;
    return {
      ...crossValidate(sums, { folds: validation.folds, bounds, bars, riskFree: request.riskFree / periodsPerYear }),
      purge: validation.purge,
      embargo: validation.embargo,
      stretches: validation.folds.map(({ from, to }) => ({ from: iso(from), to: iso(to - 1) })),
    };
  }

  #known(id: string): Open {
    const sweep = this.#open.get(id);
    if (sweep === undefined) throw new TradingError("unknown-sweep", `There is no open sweep ${id}.`);
    return sweep;
  }

  #close(id: string): void {
    const sweep = this.#open.get(id);
    if (sweep?.tables !== undefined && sweep.isIntact) this.#spare = sweep.tables.sweep.memory;
    this.#open.delete(id);
  }

  async #ask<T>(task: SweepTask, signal: AbortSignal): Promise<T> {
    const answer = await this.#run(task, signal);
    if (!answer.ok) throw TradingError.fromPlain(answer.error);
    return answer.value as T;
  }
}

/** Undefined for a strategy that is not taken apart. */
function recipeFor({ strategy, params }: BacktestRequest, names: readonly string[], columns: readonly Float64Array[]): Recipe | undefined {
  if (strategy.kind !== "builtin") return undefined;
  const fixed = parseParams(findStrategy(strategy.name), params);
  return recipeOf(strategy.name, columns[0]?.length ?? 0, (name, i) => columns[names.indexOf(name)]?.[i] ?? (fixed[name] as number));
}

function nothingTaken(): Open["full"] {
  return { round: 0, next: new SharedArrayBuffer(4) };
}

/** Without the numbers of all combinations, which are many and which not every task needs. */
function light(sweep: TableSweep): TableSweep {
  return { ...sweep, recipe: only(sweep.recipe, new Int32Array(0)) };
}

function only(recipe: Recipe, items: Int32Array): Recipe {
  return { ...recipe, first: items.map((i) => recipe.first[i]!), second: items.map((i) => recipe.second[i]!) };
}
