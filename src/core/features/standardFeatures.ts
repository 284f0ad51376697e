/** The features that every request answers. */
import type { BarColumn } from "../domain/strategy.ts";
import { atr, bollinger, ema, macd, rsi, sma } from "../domain/indicators.ts";

/** In this order in memory. The periods are those of the authors: Wilder 14, Appel 12/26/9, Bollinger 20 and 2. */
export const FEATURE_NAMES = [
  "sma20",
  "sma50",
  "sma200",
  "ema12",
  "ema26",
  "rsi14",
  "macd",
  "macdSignal",
  "macdHistogram",
  "bollingerUpper",
  "bollingerMiddle",
  "bollingerLower",
  "atr14",
] as const;
export type FeatureName = (typeof FEATURE_NAMES)[number];

export const STANDARD_NEEDS = ["high", "low", "close"] as const satisfies readonly BarColumn[];

/** One row per name. */
export function computeStandard({ high, low, close }: Readonly<Record<(typeof STANDARD_NEEDS)[number], Float64Array>>): readonly Float64Array[] {
  const moving = macd(close, 12, 26, 9);
  const bands = bollinger(close, 20, 2);
  return [
    sma(close, 20),
    sma(close, 50),
    sma(close, 200),
    ema(close, 12),
    ema(close, 26),
    rsi(close, 14),
    moving.line,
    moving.signal,
    moving.histogram,
    bands.upper,
    bands.middle,
    bands.lower,
    atr(high, low, close, 14),
  ];
}
