/** Prices and equity as our renderer draws them: bounded, so that a notebook file stays small. */
import type { ShownChart } from "../../core/domain/shown.ts";
import type { BarFrame } from "../barFrame.ts";
import { thinned } from "./charts.ts";

const MAX_CANDLES = 800;

type Said = Pick<ShownChart, "title" | "say" | "isSimulated">;

/** More bars than fit are put together, some to a candle. */
export function shownCandles(bars: BarFrame, said: Said): ShownChart {
  const per = Math.max(1, Math.ceil(bars.length / MAX_CANDLES));
  const time: number[] = [];
  const values: number[][] = [];
  for (let start = 0; start < bars.length; start += per) {
    const end = Math.min(start + per, bars.length) - 1;
    let [high, low] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = start; i <= end; i++) {
      high = Math.max(high, bars.high[i] as number);
      low = Math.min(low, bars.low[i] as number);
    }
    const candle = [bars.open[start] as number, high, low, bars.close[end] as number];
    if (!candle.every(Number.isFinite)) continue;
    time.push(bars.time[start] as number);
    values.push(candle.map(rounded));
  }
  return { schema: "quantdesk.chart/1", kind: "candles", ...said, title: per === 1 ? said.title : `${said.title}, ${per} bars a candle`, time, values };
}

export function shownEquity(equity: ReadonlyArray<readonly [string, number]>, said: Said): ShownChart {
  const points = thinned(equity.map(([time, v]) => ({ t: Date.parse(time), v }))).filter(({ t, v }) => Number.isFinite(t) && Number.isFinite(v));
  return { schema: "quantdesk.chart/1", kind: "equity", ...said, time: points.map(({ t }) => t), values: points.map(({ v }) => [rounded(v)]) };
}

/** To seven digits: more than an eye can tell apart. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
