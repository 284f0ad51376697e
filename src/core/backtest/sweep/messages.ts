/** What a sweep says between the session's process, the compute process and its workers. */
import * as v from "valibot";
import type { BacktestRequest, BacktestStats } from "../../domain/backtest.ts";
import type { PlainError } from "../../base/errors.ts";
import type { SharedDataset } from "../sharedBars.ts";
import type { MonteCarlo } from "../../domain/sweep.ts";
import type { Rounding } from "./agreement.ts";
import type { crossValidate } from "./crossValidation.ts";
import type { FigureRules } from "./figures.ts";
import type { ReturnShape } from "./overfitting.ts";
import type { TableSweep } from "./tableSweep.ts";

/** Hundreds of thousands of them in a sweep: nobody looks at each. */
const numbers = v.instance(Int32Array);
const float64 = v.instance(Float64Array);
const counts = v.array(v.pipe(v.number(), v.integer(), v.minValue(0)));
const positive = v.pipe(v.number(), v.gtValue(0));

/** From the session to the compute process. A sweep is opened, asked for its chunks in any order, asked for its best, and closed. */
export const SweepMessage = v.variant("kind", [
  v.object({
    kind: v.literal("open"),
    id: v.string(),
    request: v.unknown(),
    names: v.array(v.string()),
    columns: v.array(float64),
    workers: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64)),
    blocks: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(64)),
    useTables: v.boolean(),
    /** Beside those of the blocks. */
    crossValidation: v.exactOptional(v.object({ folds: v.number(), purge: v.exactOptional(v.number()), embargo: v.exactOptional(v.number()) })),
    /** Combinations are named chunk by chunk; `columns` then hold the values that each parameter may take, one after another. */
    adaptive: v.boolean(),
    maxBytes: positive,
    timeoutMs: positive,
  }),
  // `values`: the items' parameters, item by item, in the order of `names`, of an adaptive sweep only. `blockPlaces`: places among `items` of those whose blocks are wanted, ascending.
  v.object({ kind: v.literal("chunk"), id: v.string(), items: numbers, values: v.exactOptional(float64), blockPlaces: numbers, timeoutMs: positive }),
  // `monteCarlo`: draws the trades of the first again. Messages of one `round` name the same items and share them: each is answered in one of them.
  v.object({
    kind: v.literal("full"),
    id: v.string(),
    items: numbers,
    values: v.exactOptional(float64),
    monteCarlo: v.boolean(),
    round: v.pipe(v.number(), v.integer(), v.minValue(1)),
    timeoutMs: positive,
  }),
  v.object({ kind: v.literal("pbo"), sums: float64, returns: counts, part: v.number(), parts: positive }),
  v.object({ kind: v.literal("folds"), id: v.string(), sums: float64 }),
  v.object({ kind: v.literal("close"), id: v.string() }),
]);

export interface SweepOpened {
  readonly strategy: string;
  readonly bars: number;
  readonly periodsPerYear: number;
  /** Bars at which return sums are noted; among them those that cut the time into blocks. */
  readonly bounds: readonly number[];
  readonly blockBounds: readonly number[];
  readonly usesTables: boolean;
  /** The indicators of all combinations are there before the first runs. */
  readonly isTakenApart: boolean;
  readonly how: string;
}

export interface ItemError {
  /** Place among the chunk's items. */
  readonly at: number;
  readonly code: string;
  readonly message: string;
}

/** Columns of one chunk: figures.ts COLUMNS for each item, blocks for each of `blockPlaces`. */
export interface ChunkAnswer {
  readonly status: Uint8Array;
  readonly columns: Float64Array;
  readonly blocks: Float64Array;
  readonly errors: readonly ItemError[];
}

/** One combination through the ordinary engine. */
export interface FullAnswer {
  /** Place among the items that were named. */
  readonly at: number;
  readonly stats: BacktestStats;
  readonly rounding: Rounding;
  readonly shape: ReturnShape | undefined;
  /** Of the first one, when it was asked for. */
  readonly monteCarlo?: MonteCarlo;
}

export type FoldsAnswer = ReturnType<typeof crossValidate> & {
  readonly purge: number;
  readonly embargo: number;
  readonly stretches: ReadonlyArray<{ readonly from: string; readonly to: string }>;
};

/** From the compute process to a worker. */
export type SweepTask =
  | {
      readonly kind: "check";
      readonly request: BacktestRequest;
      readonly dataset: SharedDataset;
      readonly names: readonly string[];
      readonly columns: readonly Float64Array[];
    }
  | { readonly kind: "indicators"; readonly sweep: TableSweep }
  | {
      readonly kind: "tables";
      readonly sweep: TableSweep;
      readonly worker: number;
      readonly costs: BacktestRequest["costs"];
      readonly rules: FigureRules;
      readonly count: number;
      /** Places among the items whose blocks are wanted, ascending. */
      readonly blockPlaces: Int32Array;
    }
  | {
      readonly kind: "engines";
      readonly request: BacktestRequest;
      readonly dataset: SharedDataset;
      readonly names: readonly string[];
      /** Values of each item's parameters, item by item. */
      readonly values: Float64Array;
      readonly bounds: readonly number[];
      readonly blockPlaces: Int32Array;
      readonly from: number;
      readonly shared: SharedChunk;
      /** For strategies whose signals are all that is needed of them. */
      readonly tables?: { readonly sweep: TableSweep; readonly worker: number; readonly rules: FigureRules };
    }
  | {
      readonly kind: "full";
      readonly request: BacktestRequest;
      readonly dataset: SharedDataset;
      readonly names: readonly string[];
      readonly values: Float64Array;
      readonly monteCarlo: boolean;
      /** One Int32: the next item that nobody has taken, counted from 0. */
      readonly next: SharedArrayBuffer;
    }
  | { readonly kind: "pbo"; readonly sums: Float64Array; readonly returns: readonly number[]; readonly part: number; readonly parts: number };

/** Results that outlive the worker that writes them. */
export interface SharedChunk {
  /** One Int32: the item under way, counted from 1; 0 before the first and after the last. */
  readonly current: SharedArrayBuffer;
  readonly status: SharedArrayBuffer;
  readonly columns: SharedArrayBuffer;
  readonly blocks: SharedArrayBuffer;
}

export type TaskAnswer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: PlainError };
