/** What an analyst is, and the tools it judges with. */
import type { BarSeries } from "../domain/bars.ts";
import type { Quote } from "../domain/orders.ts";
import type { ActiveSymbol, Mover, NewsItem, Opinion } from "../domain/research.ts";

/** Each answers undefined when its source failed: the failure is in the log, and the analyst judges with what it has. */
export interface AnalystTools {
  /** Daily bars, the newest 260; null where the source knows none. */
  bars(): Promise<BarSeries | null | undefined>;
  quote(): Promise<Quote | null | undefined>;
  movers(): Promise<{ readonly gainers: readonly Mover[]; readonly losers: readonly Mover[] } | undefined>;
  mostActive(): Promise<readonly ActiveSymbol[] | undefined>;
  news(): Promise<readonly NewsItem[] | undefined>;
}

export interface Judgement {
  readonly stance: Opinion["stance"];
  /** 0 to 1. */
  readonly confidence: number;
  readonly text: string;
}

export interface Analyst {
  readonly name: string;
  /** `now` is UTC milliseconds. */
  judge(symbol: string, tools: AnalystTools, now: number): Promise<Judgement>;
}

/** Scores nearer to 0 than this take no side. */
const NEUTRAL_BELOW = 0.15;

/** A stance out of a score from -1 (bearish) to 1 (bullish). */
export function judgement(score: number, text: string): Judgement {
  const strength = Math.min(1, Math.abs(score));
  const confidence = Math.round((strength < NEUTRAL_BELOW ? 1 - strength : strength) * 100) / 100;
  if (strength < NEUTRAL_BELOW) return { stance: "neutral", confidence, text };
  return { stance: score > 0 ? "bullish" : "bearish", confidence, text };
}

/** Nothing to judge by. */
export function noJudgement(text: string): Judgement {
  return { stance: "neutral", confidence: 0, text };
}
