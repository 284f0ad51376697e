/** A trader's reading of the latest features: buy, sell or hold, how strongly, and why. Rules only; not investment advice. */
import { TradingError, type Outcome } from "../base/errors.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { Priority, WhenFull } from "./workQueue.ts";
import { computeFeaturesSync, type FeatureRequest, type Features } from "./computeFeatures.ts";

export interface TickerSignal {
  readonly symbol: string;
  readonly signal: "buy" | "sell" | "hold";
  /** 0 to 1: how far the votes lean to one side, among those that could be cast. */
  readonly strength: number;
  /** One sentence per vote, in a fixed order. */
  readonly reasons: readonly string[];
  readonly simulated: boolean;
}

/** Beyond this lean it is a buy or a sell. */
const LEAN = 0.34;

/** Four votes: trend (SMA 20 against 50), momentum (MACD histogram), exhaustion (RSI 30/70), stretch (Bollinger bands). */
export function generateTickerSignal(features: Features): TickerSignal {
  const { close, sma20, sma50, rsi14, macdHistogram, bollingerUpper, bollingerLower } = features.latest;
  const reasons: string[] = [];
  let votes = 0;
  let weight = 0;
  const vote = (points: number, lean: number, reason: string) => {
    weight += points;
    votes += points * lean;
    reasons.push(reason);
  };
  if (sma20 !== null && sma50 !== null) {
    vote(
      1,
      Math.sign(sma20 - sma50),
      sma20 === sma50
        ? "No trend: the 20-bar average equals the 50-bar average."
        : `Trend ${sma20 > sma50 ? "up" : "down"}: the 20-bar average (${sma20.toFixed(2)}) is ${sma20 > sma50 ? "above" : "below"} the 50-bar average (${sma50.toFixed(2)}).`,
    );
  }
  if (macdHistogram !== null) {
    vote(
      1,
      Math.sign(macdHistogram),
      macdHistogram === 0
        ? "Momentum is flat: the MACD is at its signal line."
        : `Momentum ${macdHistogram > 0 ? "rising" : "falling"}: the MACD is ${Math.abs(macdHistogram).toFixed(3)} ${macdHistogram > 0 ? "above" : "below"} its signal line.`,
    );
  }
  if (rsi14 !== null) {
    const lean = rsi14 < 30 ? 1 : rsi14 > 70 ? -1 : 0;
    vote(lean === 0 ? 0 : 1, lean, `RSI ${rsi14.toFixed(0)}: ${lean > 0 ? "oversold" : lean < 0 ? "overbought" : "neither oversold nor overbought"}.`);
  }
  if (close !== null && bollingerUpper !== null && bollingerLower !== null) {
    const lean = close < bollingerLower ? 1 : close > bollingerUpper ? -1 : 0;
    vote(
      lean === 0 ? 0 : 1,
      lean,
      lean === 0
        ? "The close is inside the Bollinger bands."
        : `The close (${close.toFixed(2)}) is ${lean > 0 ? "below the lower" : "above the upper"} Bollinger band.`,
    );
  }
  if (reasons.length === 0) reasons.push(`Only ${features.bars} bars: nothing is defined yet.`);
  const lean = weight === 0 ? 0 : votes / weight;
  return {
    symbol: features.symbol,
    signal: lean > LEAN ? "buy" : lean < -LEAN ? "sell" : "hold",
    strength: Math.abs(lean),
    reasons,
    simulated: features.simulated,
  };
}

/** The synchronous twin for one series. */
export function generateTickerSignalSync(series: BarSeries): TickerSignal {
  return generateTickerSignal(computeFeaturesSync(series));
}

/** Anything that computes features away from the caller's loop. */
export interface FeatureSource {
  computeFeatures(series: BarSeries, signal: AbortSignal, options?: FeatureOptions): Promise<Features>;
}

export interface FeatureOptions extends FeatureRequest {
  /** Refused when absent. */
  readonly whenFull?: WhenFull;
  /** "normal" when absent: the more urgent goes first. */
  readonly priority?: Priority;
}

/** How long a whole watch list may wait for places in the queue. */
const WATCHLIST_WAIT_MS = 30_000;

/** A whole list lets single requests go first. */
const WATCHLIST_OPTIONS: FeatureOptions = { whenFull: { waitMs: WATCHLIST_WAIT_MS }, priority: "low" };

/** One outcome per series, in their order: a series that fails leaves the others alone; an abort ends all. */
export async function generateSignalsForWatchlist(
  source: FeatureSource,
  watchlist: readonly BarSeries[],
  signal: AbortSignal,
): Promise<ReadonlyArray<Outcome<TickerSignal>>> {
  const outcomes = await Promise.all(
    watchlist.map(async (series): Promise<Outcome<TickerSignal>> => {
      try {
        return { ok: true, value: generateTickerSignal(await source.computeFeatures(series, signal, WATCHLIST_OPTIONS)) };
      } catch (error) {
        return { ok: false, error: TradingError.from(error, "features-failed") };
      }
    }),
  );
  signal.throwIfAborted();
  return outcomes;
}
