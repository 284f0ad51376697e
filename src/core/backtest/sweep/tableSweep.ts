/**
 * The quick way through a sweep: indicators once per distinct parameter, signals as bits, a fixed cost per trade. Any number
 * of threads work on one shared memory: first they share the indicators among them, then the combinations.
 * For all-in positions filled at the next open; everything else goes through the engines (engineChunk.ts).
 */
import type { BarSeries } from "../../domain/bars.ts";
import type { Signals } from "../../domain/strategy.ts";
import type { Costs } from "../../domain/backtest.ts";
import { divisorOf, exactAverage, readCloses, writePrefix, type Closes } from "./closes.ts";
import { kernelOn, MAX_KERNEL_BYTES, type KernelMemory, type KernelModule, type SweepKernel } from "./kernel.ts";
import { layOut, type Layout } from "./layout.ts";
import { halfSource, emaLine, writeHalf, type Line, type Recipe } from "./recipes.ts";
import { packBits } from "./bits.ts";
import { decideWord, imageOf } from "./plainKernel.ts";
import { noTables, writeTables } from "./tables.ts";

/** Bars of all averages that are written together: their prices stay in the cache of a core. */
const STRETCH = 4096;

/** What every thread of one sweep is told. */
export interface TableSweep {
  readonly memory: KernelMemory;
  readonly module: KernelModule | undefined;
  readonly layout: Layout;
  readonly recipe: Recipe;
  readonly closes: Closes | undefined;
  readonly bars: BarSeries;
}

export interface Planned {
  readonly layout: Layout;
  readonly closes: Closes | undefined;
}

/** Numbers of one combination, in this order. */
export const FIGURES = ["equity", "kept", "sum", "squares", "trades", "won", "gain", "loss", "growth", "best", "worst", "paid", "back", "held"] as const;

/** The plan, or why there is none, as a sentence's end. `bounds`: bars at which return sums are noted. */
export function planTables(
  bars: BarSeries,
  recipe: Recipe,
  options: { readonly boundCount: number; readonly workers: number; readonly maxBytes?: number },
): Planned | string {
  const reason = noTables(bars.open, bars.close);
  if (reason !== undefined) return reason;
  let closes: Closes | undefined;
  if (recipe.kind === "cross") {
    const averages = recipe.lines.filter((line) => line.kind === "sma").map((line) => line.period);
    if (averages.length > 0) {
      closes = readCloses(bars.close, Math.min(...averages), Math.max(...averages));
      if (closes === undefined) return "averages of these prices cannot be told apart by their sums";
    }
  }
  const layout = layOut({
    bars: bars.close.length,
    boundCount: options.boundCount,
    lines: recipe.kind === "cross" ? recipe.lines.map((line) => line.kind === "ema") : [],
    signals: recipe.kind === "halves" ? recipe.halves.length : 0,
    workers: options.workers,
  });
  const most = Math.min(MAX_KERNEL_BYTES, options.maxBytes ?? MAX_KERNEL_BYTES);
  return layout.bytes > most ? `the indicators need ${Math.round(layout.bytes / 1e6)} MB, more than ${Math.round(most / 1e6)} MB` : { layout, closes };
}

/** Tables and prefix sums; before any thread starts. Answers the sum of the squared returns of all bars. */
export function prepare({ memory, layout, closes, bars }: TableSweep, bounds: readonly number[]): number {
  const shared = memory.buffer;
  new Int32Array(shared, layout.next, 1)[0] = 0;
  new Int32Array(shared, layout.bounds, layout.boundCount).set(bounds);
  const allSquares = writeTables(shared, layout, bars.open, bars.close);
  if (closes !== undefined) writePrefix(closes, new Float64Array(shared, layout.prefix, layout.bars + 1));
  if (layout.images.length === 0) return allSquares;
  const unit = new Float64Array(shared, layout.unit, layout.bars);
  for (let t = 0; t < unit.length; t++) unit[t] = 65_536 / bars.close[t]!;
  return allSquares;
}

/** Takes indicators until none is left. */
export function computeIndicators(sweep: TableSweep): void {
  const { memory, layout, recipe, bars } = sweep;
  const shared = memory.buffer;
  const next = new Int32Array(shared, layout.next, 1);
  if (recipe.kind === "cross") {
    writeLines(sweep, recipe.lines, next);
    return;
  }
  if (recipe.kind === "signals") return;
  const groups = Map.groupBy(recipe.halves.keys(), (i) => `${recipe.halves[i]!.kind} ${recipe.halves[i]!.period}`);
  const members = [...groups.values()];
  for (let i = Atomics.add(next, 0, 1); i < members.length; i = Atomics.add(next, 0, 1)) {
    const [first = 0] = members[i]!;
    const source = halfSource(bars, recipe.halves[first]!.kind, recipe.halves[first]!.period);
    for (const half of members[i]!) writeHalf(recipe.halves[half]!, source, bars.close, new Int32Array(shared, layout.signals[half], (layout.bars + 31) >> 5));
  }
}

/** First line by line those whose values are stored, then all averages stretch by stretch, while its prices are at hand. */
function writeLines(sweep: TableSweep, lines: readonly Line[], next: Int32Array): void {
  const { memory, layout, closes } = sweep;
  const kernel = kernelOn(memory, sweep.module);
  const numbers = [...lines.keys()];
  const [stored, averages] = [numbers.filter((i) => lines[i]!.kind === "ema"), numbers.filter((i) => lines[i]!.kind === "sma")];
  const stretches = averages.length === 0 ? 0 : Math.ceil(layout.bars / STRETCH);
  for (let i = Atomics.add(next, 0, 1); i < stored.length + stretches; i = Atomics.add(next, 0, 1)) {
    if (i < stored.length) {
      writeStored(sweep, lines[stored[i]!]!.period, stored[i]!);
      continue;
    }
    const from = (i - stored.length) * STRETCH;
    const to = Math.min(layout.bars, from + STRETCH);
    for (const line of averages) {
      const { period } = lines[line]!;
      kernel.smaImage(layout.prefix, from, to, period, 1 / divisorOf(closes!, period), layout.unit, layout.images[line]!);
    }
  }
}

function writeStored({ memory, layout, bars }: TableSweep, period: number, line: number): void {
  const shared = memory.buffer;
  const values = emaLine(bars.close, period);
  new Float64Array(shared, layout.values[line], layout.bars).set(values);
  const unit = new Float64Array(shared, layout.unit, layout.bars);
  const image = new Int16Array(shared, layout.images[line], layout.bars);
  for (let t = 0; t < image.length; t++) image[t] = Number.isNaN(values[t]) ? 0 : imageOf(values[t]!, unit[t]!);
}

/** Evaluates combinations one after another; each thread has an evaluator, and a scratch, of its own. */
export class TableEvaluator {
  readonly #sweep: TableSweep;
  readonly #kernel: SweepKernel;
  readonly #scratch: Layout["scratch"][number];
  readonly #words: Int32Array;
  readonly #images: Int16Array;
  readonly #prefix: Float64Array;
  readonly #values: ReadonlyArray<Float64Array | undefined>;
  readonly #buy: number;
  readonly #sell: number;
  /** Of the last combination, in the order of FIGURES. */
  readonly figures: Float64Array;
  /** Of the last combination: sum of returns and of their squares before each bound. */
  readonly sums: Float64Array;

  constructor(sweep: TableSweep, worker: number, { feeRate, slippageBps }: Costs) {
    const shared = sweep.memory.buffer;
    const { layout } = sweep;
    this.#sweep = sweep;
    this.#kernel = kernelOn(sweep.memory, sweep.module);
    this.#scratch = layout.scratch[worker]!;
    this.#words = new Int32Array(shared, 0, shared.byteLength >> 2);
    this.#images = new Int16Array(shared, 0, shared.byteLength >> 1);
    this.#prefix = new Float64Array(shared, layout.prefix, layout.bars + 1);
    this.#values = layout.values.map((at) => (at === 0 ? undefined : new Float64Array(shared, at, layout.bars)));
    this.#buy = (1 + slippageBps / 10_000) * (1 + feeRate);
    this.#sell = (1 - slippageBps / 10_000) * (1 - feeRate);
    this.figures = new Float64Array(shared, this.#scratch.result, FIGURES.length);
    this.sums = new Float64Array(shared, this.#scratch.sums, 2 * layout.boundCount);
  }

  evaluate(combination: number): void {
    const { layout, recipe } = this.#sweep;
    const scratch = this.#scratch;
    const first = recipe.first[combination]!;
    const second = recipe.second[combination]!;
    if (recipe.kind !== "cross") {
      this.#walk(layout.signals[first]!, layout.signals[second]!);
      return;
    }
    this.#cross(first, second);
    this.#walk(scratch.entries, scratch.exits);
  }

  /** One combination whose signals are known, one value a bar. */
  evaluateSignals({ entries, exits }: Signals): void {
    const words = (this.#sweep.layout.bars + 31) >> 5;
    const at = (address: number) => this.#words.subarray(address >> 2, (address >> 2) + words);
    packBits(entries, at(this.#scratch.entries));
    packBits(exits, at(this.#scratch.exits));
    this.#walk(this.#scratch.entries, this.#scratch.exits);
  }

  #walk(entries: number, exits: number): void {
    const { layout } = this.#sweep;
    const { bars } = layout;
    const scratch = this.#scratch;
    const count = this.#kernel.fills(entries, exits, bars, scratch.fill, scratch.list);
    this.#kernel.evaluate(
      bars,
      layout.blocks,
      layout.record,
      layout.edges,
      layout.range,
      scratch.fill,
      count,
      this.#buy,
      this.#sell,
      layout.bounds,
      layout.boundCount,
      scratch.sums,
      scratch.result,
    );
  }

  /** Entry and exit bits of the last crossing, for tests. */
  bits(): { readonly entries: Int32Array; readonly exits: Int32Array } {
    const words = (this.#sweep.layout.bars + 31) >> 5;
    const at = (address: number) => this.#words.subarray(address >> 2, (address >> 2) + words);
    return { entries: at(this.#scratch.entries), exits: at(this.#scratch.exits) };
  }

  #cross(a: number, b: number): void {
    const { layout, recipe } = this.#sweep;
    if (recipe.kind !== "cross") return;
    const { entries, exits, list } = this.#scratch;
    const first = recipe.lines[a]!;
    const second = recipe.lines[b]!;
    const start = Math.max(first.period, second.period) - 1;
    if (start >= layout.bars) {
      this.#words.fill(0, entries >> 2, (entries >> 2) + ((layout.bars + 31) >> 5));
      this.#words.fill(0, exits >> 2, (exits >> 2) + ((layout.bars + 31) >> 5));
      return;
    }
    const imageA = layout.images[a]!;
    const imageB = layout.images[b]!;
    const count = this.#kernel.cross(imageA, imageB, start, layout.bars, entries, exits, list);
    const { closes } = this.#sweep;
    if (closes?.isExact === true && first.kind === "sma" && second.kind === "sma") {
      const by = divisorOf(closes, first.period);
      const against = divisorOf(closes, second.period);
      this.#kernel.decide(layout.prefix, imageA, imageB, layout.bars, first.period, by, second.period, against, start, list, count, entries, exits);
      return;
    }
    const apart = (t: number) => this.#at(a, t) - this.#at(b, t);
    const place = { first: imageA >> 1, second: imageB >> 1, start, bars: layout.bars, entries: entries >> 2, exits: exits >> 2 };
    const views = { i16: this.#images, i32: this.#words };
    for (let i = 0; i < count; i++) decideWord(views, apart, { ...place, word: this.#words[(list >> 2) + i]! });
  }

  #at(line: number, t: number): number {
    const { recipe, closes } = this.#sweep;
    const stored = this.#values[line];
    return stored === undefined ? exactAverage(closes!, this.#prefix, (recipe as Extract<Recipe, { kind: "cross" }>).lines[line]!.period, t) : stored[t]!;
  }
}
