/** What an indicator is: where its formula comes from, what it needs, and its one definition as a stream of bars. */
import type { ParamSpec } from "../strategy.ts";

export const INDICATOR_COLUMNS = ["time", "open", "high", "low", "close", "volume", "other"] as const;
export type IndicatorColumn = (typeof INDICATOR_COLUMNS)[number];

/** One bar. `other` is the close of the series to compare with at the same time (beta, correlation). */
export type IndicatorBar = Record<IndicatorColumn, number>;

/** Takes the next bar and writes this bar's values to `out`, one per output, NaN while undefined. Sees nothing later. */
export type IndicatorStep = (bar: Readonly<IndicatorBar>, out: Float64Array) => void;

/** Columns of one length, as many as the indicator needs. */
export type IndicatorColumns = Readonly<Partial<Record<IndicatorColumn, Float64Array>>>;

export interface IndicatorDefinition<P extends string = string> {
  readonly name: string;
  readonly title: string;
  /** Who published the formula, and where. */
  readonly source: string;
  readonly needs: readonly IndicatorColumn[];
  readonly params: Readonly<Record<P, ParamSpec>>;
  readonly outputs: readonly string[];
  /** Index of the first bar at which every output is defined. */
  warmUp(params: Readonly<Record<P, number>>): number;
  /** A stream of its own for one series. */
  open(params: Readonly<Record<P, number>>): IndicatorStep;
  /** The same values for a whole series at once, where that is faster than stepping through it; one column per output. */
  whole?(columns: Readonly<Record<IndicatorColumn, Float64Array>>, params: Readonly<Record<P, number>>): readonly Float64Array[];
}

/** Declares an indicator; its parameters' names are checked where they are used. */
export function indicator<const P extends string>(definition: IndicatorDefinition<P>): IndicatorDefinition {
  return definition;
}

/** Longest window: about forty years of days. */
export const MAX_PERIOD = 10_000;

/** A number of bars. */
export function bars(usual: number, min = 1): ParamSpec {
  return { default: usual, min, max: MAX_PERIOD, integer: true };
}
