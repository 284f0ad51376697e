/** What the built-in scanners of prices share. */

/** Daily bars that each asks for, a year and a bit: equal questions reach the source once. */
export const HISTORY_DAYS = 260;

/** Arithmetic mean; NaN of nothing. */
export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
