/** From opinions to a decision, by rules: a debate weighs both sides, a trader takes one, risk says how much and where it ends. Pure. */
import { atr } from "../domain/indicators.ts";
import type { BarSeries } from "../domain/bars.ts";
import type { Action, Opinion } from "../domain/research.ts";

export interface Debate {
  /** Sums of confidence. */
  readonly bull: number;
  readonly bear: number;
  readonly points: readonly string[];
}

export interface Proposal {
  readonly action: Action;
  readonly confidence: number;
  readonly reasons: readonly string[];
}

export interface Decision extends Proposal {
  /** Share of equity, 0 to 1. */
  readonly size: number;
  readonly stop: number | null;
  readonly target: number | null;
}

/** Mean conviction from which a side is taken. */
const TAKE_SIDE = 0.2;
/** Share of equity that a stop may cost. */
const RISK_SHARE = 0.01;
/** No position is opened larger than this share of equity. */
const MAX_SIZE = 0.1;
/** Average true ranges from the last close to the stop, and to the target. */
const STOP_RANGES = 2;
const TARGET_RANGES = 3;
const RANGE_BARS = 14;

export function debate(opinions: readonly Opinion[]): Debate {
  const side = (stance: Opinion["stance"]) => opinions.filter((opinion) => opinion.stance === stance).reduce((sum, { confidence }) => sum + confidence, 0);
  const points = opinions.filter(({ confidence }) => confidence > 0).map(({ analyst, stance, text }) => `${analyst} is ${stance}: ${text}`);
  return { bull: side("bullish"), bear: side("bearish"), points };
}

/** Analysts with nothing to judge by (confidence 0) do not vote. */
export function propose({ bull, bear, points }: Debate, opinions: readonly Opinion[]): Proposal {
  const voters = opinions.filter(({ confidence }) => confidence > 0).length;
  if (voters === 0) return { action: "HOLD", confidence: 0, reasons: ["No analyst had anything to judge by."] };
  const conviction = (bull - bear) / voters;
  const strength = Math.round(Math.abs(conviction) * 100) / 100;
  const weighed = `Bulls ${bull.toFixed(2)}, bears ${bear.toFixed(2)}, ${voters} of ${opinions.length} analysts voted.`;
  if (strength < TAKE_SIDE) return { action: "HOLD", confidence: Math.round((1 - strength) * 100) / 100, reasons: [...points, weighed] };
  return { action: conviction > 0 ? "BUY" : "SELL", confidence: strength, reasons: [...points, weighed] };
}

/** Sizes a BUY so that its stop costs 1 % of equity, at most 10 % of equity. Without prices nothing is opened. */
export function limitRisk(proposal: Proposal, bars: BarSeries | null | undefined): Decision {
  if (proposal.action === "HOLD") return { ...proposal, size: 0, stop: null, target: null };
  const close = bars?.close.at(-1);
  const range = bars == null ? undefined : atr(bars.high, bars.low, bars.close, RANGE_BARS).at(-1);
  if (close === undefined || range === undefined || !(range > 0)) {
    return {
      action: "HOLD",
      confidence: proposal.confidence,
      reasons: [...proposal.reasons, `No stop can be set without prices: ${proposal.action} becomes HOLD.`],
      size: 0,
      stop: null,
      target: null,
    };
  }
  const away = proposal.action === "BUY" ? 1 : -1;
  const stop = cents(close - away * STOP_RANGES * range);
  const target = cents(close + away * TARGET_RANGES * range);
  if (stop <= 0 || target <= 0) {
    return {
      action: "HOLD",
      confidence: proposal.confidence,
      reasons: [...proposal.reasons, `It moves too much for a stop: ${proposal.action} becomes HOLD.`],
      size: 0,
      stop: null,
      target: null,
    };
  }
  const size = Math.floor(Math.min(MAX_SIZE, RISK_SHARE / ((STOP_RANGES * range) / close)) * 10_000) / 10_000;
  const sized = `Average true range ${range.toFixed(2)}: stop ${STOP_RANGES} and target ${TARGET_RANGES} of them from ${close.toFixed(2)}; ${(size * 100).toFixed(1)} % of equity.`;
  return { action: proposal.action, confidence: proposal.confidence, reasons: [...proposal.reasons, sized], size, stop, target };
}

function cents(price: number): number {
  return Math.round(price * 100) / 100;
}
