/** The technical analyst: trend (50- and 200-day averages), momentum (MACD 12/26/9) and extremes (RSI 14, Bollinger 20/2). */
import { bollinger, macd, rsi, sma } from "../../domain/indicators.ts";
import { judgement, noJudgement, type Analyst } from "../analyst.ts";

const OVERSOLD = 30;
const OVERBOUGHT = 70;

export const technicalAnalyst: Analyst = {
  name: "technical",
  async judge(_symbol, tools) {
    const bars = await tools.bars();
    const close = bars?.close;
    if (close === undefined || close.length < 50) return noJudgement("There are not enough prices for the indicators.");
    const last = close.at(-1) as number;
    const sma50 = sma(close, 50).at(-1) as number;
    const sma200 = sma(close, 200).at(-1) as number;
    const histogram = macd(close, 12, 26, 9).histogram.at(-1) as number;
    const strength = rsi(close, 14).at(-1) as number;
    const bands = bollinger(close, 20, 2);
    let score = (last > sma50 ? 0.25 : -0.25) + (histogram > 0 ? 0.2 : -0.2);
    const parts = [`${last > sma50 ? "above" : "below"} its 50-day average of ${sma50.toFixed(2)}`];
    if (!Number.isNaN(sma200)) {
      score += sma50 > sma200 ? 0.25 : -0.25;
      parts.push(`the 50-day average ${sma50 > sma200 ? "above" : "below"} the 200-day one`);
    }
    parts.push(`MACD ${histogram > 0 ? "above" : "below"} its signal`, `RSI ${strength.toFixed(0)}`);
    if (strength <= OVERSOLD) score += 0.2;
    if (strength >= OVERBOUGHT) score -= 0.2;
    if (last < (bands.lower.at(-1) as number)) {
      score += 0.1;
      parts.push("below the lower Bollinger band");
    }
    if (last > (bands.upper.at(-1) as number)) {
      score -= 0.1;
      parts.push("above the upper Bollinger band");
    }
    return judgement(score, `Closed ${parts.join(", ")}.`);
  },
};
