/** How wide prices swing, and bands drawn around them. */
import { atr, bollinger, highest, lowest } from "../indicators.ts";
import { bars, indicator, type IndicatorDefinition } from "./definition.ts";
import { averageRangeOf, deviationOf, exponentialOf, highestOf, lowestOf, meanOf, trueRangeOf } from "./rolling.ts";

const WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978";
const width = (usual: number) => ({ default: usual, min: 0.01, max: 100 });

export const BANDS: readonly IndicatorDefinition[] = [
  indicator({
    name: "trueRange",
    title: "True range",
    source: WILDER,
    needs: ["high", "low", "close"],
    params: {},
    outputs: ["value"],
    warmUp: () => 1,
    open: () => {
      const next = trueRangeOf();
      return (bar, out) => {
        out[0] = next(bar);
      };
    },
  }),
  indicator({
    name: "atr",
    title: "Average true range",
    source: WILDER,
    needs: ["high", "low", "close"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const next = averageRangeOf(period);
      return (bar, out) => {
        out[0] = next(bar);
      };
    },
    whole: ({ high, low, close }, { period }) => [atr(high, low, close, period)],
  }),
  indicator({
    name: "natr",
    title: "Average true range in percent of the close",
    source: `J. Forman, Cross-Market Evaluations with Normalized Average True Range, Stocks & Commodities 24:5, 2006`,
    needs: ["high", "low", "close"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const next = averageRangeOf(period);
      return (bar, out) => {
        out[0] = (100 * next(bar)) / bar.close;
      };
    },
  }),
  indicator({
    name: "bollinger",
    title: "Bollinger bands",
    source: "J. Bollinger, Bollinger on Bollinger Bands, 2001 (population deviation)",
    needs: ["close"],
    params: { period: bars(20, 2), width: width(2) },
    outputs: ["upper", "middle", "lower"],
    warmUp: ({ period }) => period - 1,
    open: ({ period, width: times }) => {
      const [mean, deviation] = [meanOf(period), deviationOf(period)];
      return ({ close }, out) => {
        const middle = mean(close);
        const spread = deviation(close) * Math.sqrt((period - 1) / period) * times;
        out[0] = middle + spread;
        out[1] = middle;
        out[2] = middle - spread;
      };
    },
    whole: ({ close }, { period, width: times }) => {
      const bands = bollinger(close, period, times);
      return [bands.upper, bands.middle, bands.lower];
    },
  }),
  indicator({
    name: "keltner",
    title: "Keltner channels",
    source: "L. Raschke's form of C. Keltner, How to Make Money in Commodities, 1960: exponential mean and Wilder's range",
    needs: ["high", "low", "close"],
    params: { period: bars(20), range: bars(10), width: width(2) },
    outputs: ["upper", "middle", "lower"],
    warmUp: ({ period, range }) => Math.max(period - 1, range),
    open: ({ period, range, width: times }) => {
      const [mean, rangeOf] = [exponentialOf(period), averageRangeOf(range)];
      return (bar, out) => {
        const [middle, spread] = [mean(bar.close), rangeOf(bar) * times];
        out[0] = middle + spread;
        out[1] = middle;
        out[2] = middle - spread;
      };
    },
  }),
  indicator({
    name: "donchian",
    title: "Donchian channel, this bar included",
    source: "R. Donchian, High Finance in Copper, Financial Analysts Journal, 1960",
    needs: ["high", "low"],
    params: { period: bars(20) },
    outputs: ["upper", "middle", "lower"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const [top, bottom] = [highestOf(period), lowestOf(period)];
      return ({ high, low }, out) => {
        const [upper, lower] = [top(high), bottom(low)];
        out[0] = upper;
        out[1] = (upper + lower) / 2;
        out[2] = lower;
      };
    },
    whole: ({ high, low }, { period }) => {
      const [upper, lower] = [highest(high, period), lowest(low, period)];
      return [upper, upper.map((value, i) => (value + (lower[i] as number)) / 2), lower];
    },
  }),
];
