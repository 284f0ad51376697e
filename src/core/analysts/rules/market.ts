/** The market analyst: how the price has moved lately, and whether the symbol stands out today. */
import { judgement, noJudgement, type Analyst } from "../analyst.ts";

/** Moves that count fully, in percent. */
const MONTH_FULL_PCT = 10;
const WEEK_FULL_PCT = 5;

export const marketAnalyst: Analyst = {
  name: "market",
  async judge(symbol, tools) {
    const [bars, quote, movers, active] = await Promise.all([tools.bars(), tools.quote(), tools.movers(), tools.mostActive()]);
    const close = bars?.close;
    if (close === undefined || close.length < 21) return noJudgement("There are not enough prices to see a move.");
    const monthPct = changePct(close, 20);
    const weekPct = changePct(close, 5);
    const isGainer = movers?.gainers.some((mover) => mover.symbol === symbol) === true;
    const isLoser = movers?.losers.some((mover) => mover.symbol === symbol) === true;
    const rank = (active ?? []).findIndex((one) => one.symbol === symbol) + 1;
    const score = 0.5 * unit(monthPct / MONTH_FULL_PCT) + 0.3 * unit(weekPct / WEEK_FULL_PCT) + (isGainer ? 0.2 : 0) - (isLoser ? 0.2 : 0);
    const text = [
      `${signed(monthPct)} in 20 days and ${signed(weekPct)} in 5`,
      ...(isGainer ? ["among the day's gainers"] : []),
      ...(isLoser ? ["among the day's losers"] : []),
      ...(rank > 0 ? [`number ${rank} by volume`] : []),
      ...(quote == null ? [] : [`bid ${quote.bid}, ask ${quote.ask}`]),
    ].join("; ");
    return judgement(score, `${text}.`);
  },
};

function changePct(close: Float64Array, bars: number): number {
  return ((close.at(-1) as number) / (close.at(-1 - bars) as number) - 1) * 100;
}

function signed(pct: number): string {
  return `${pct < 0 ? "-" : "+"}${Math.abs(pct).toFixed(1)} %`;
}

function unit(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
