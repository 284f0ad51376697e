/** Whether prices follow a direction, which one, and where it would end. */
import { bars, indicator, type IndicatorDefinition, type IndicatorStep } from "./definition.ts";
import { ageOf, averageRangeOf, highestOf, lagOf, lowestOf, sumOf, trueRangeOf, wilderOf, Window } from "./rolling.ts";

const WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978";

/** The trend's own state: which way, the stop, the extreme since it began, and how fast the stop follows. */
function parabolic({ step, limit }: Readonly<Record<"step" | "limit", number>>): IndicatorStep {
  let before: { readonly high: number; readonly low: number } | undefined;
  let isUp: boolean | undefined;
  let [stop, extreme, factor] = [0, 0, step];
  return ({ high, low }, out) => {
    const last = before;
    before = { high, low };
    if (last === undefined) {
      out[0] = Number.NaN;
      out[1] = Number.NaN;
      return;
    }
    if (isUp === undefined) {
      const [up, down] = [high - last.high, last.low - low];
      isUp = !(down > up && down > 0);
      extreme = isUp ? high : low;
      stop = isUp ? last.low : last.high;
      // As TA-Lib: the first bar of a trend is never the one that turns it by the bar before.
      before = { high, low };
    }
    const turns = isUp ? low <= stop : high >= stop;
    if (turns) {
      isUp = !isUp;
      stop = isUp ? Math.min(extreme, last.low, low) : Math.max(extreme, last.high, high);
      extreme = isUp ? high : low;
      factor = step;
    }
    out[0] = stop;
    out[1] = isUp ? 1 : -1;
    if (!turns && (isUp ? high > extreme : low < extreme)) {
      extreme = isUp ? high : low;
      factor = Math.min(limit, factor + step);
    }
    stop += factor * (extreme - stop);
    stop = isUp ? Math.min(stop, last.low, low) : Math.max(stop, last.high, high);
  };
}

/** Bands around the middle of the bar that only ever close in; the close crossing one turns the trend. */
function supertrend({ period, width }: Readonly<Record<"period" | "width", number>>): IndicatorStep {
  const rangeOf = averageRangeOf(period);
  let [upper, lower, direction, before] = [Number.NaN, Number.NaN, -1, Number.NaN];
  return (bar, out) => {
    const spread = width * rangeOf(bar);
    const middle = (bar.high + bar.low) / 2;
    if (!Number.isNaN(spread)) {
      const [lastUpper, lastLower] = [upper, lower];
      upper = middle + spread >= lastUpper && before <= lastUpper ? lastUpper : middle + spread;
      lower = middle - spread <= lastLower && before >= lastLower ? lastLower : middle - spread;
      if (direction < 0 ? bar.close > upper : bar.close < lower) direction = -direction;
    }
    before = bar.close;
    out[0] = direction > 0 ? lower : upper;
    out[1] = Number.isNaN(spread) ? Number.NaN : direction;
  };
}

export const TREND: readonly IndicatorDefinition[] = [
  indicator({
    name: "adx",
    title: "Average directional index",
    source: WILDER,
    needs: ["high", "low", "close"],
    params: { period: bars(14) },
    outputs: ["adx", "plusDi", "minusDi"],
    warmUp: ({ period }) => 2 * period - 1,
    open: ({ period }) => {
      const [rangeOf, lastHigh, lastLow] = [trueRangeOf(), lagOf(1), lagOf(1)];
      const [range, plus, minus, smooth] = [wilderOf(period), wilderOf(period), wilderOf(period), wilderOf(period)];
      return (bar, out) => {
        const [up, down] = [bar.high - lastHigh(bar.high), lastLow(bar.low) - bar.low];
        const isFirst = Number.isNaN(up);
        const width = range(rangeOf(bar));
        const rise = plus(isFirst ? Number.NaN : up > down && up > 0 ? up : 0);
        const fall = minus(isFirst ? Number.NaN : down > up && down > 0 ? down : 0);
        const [plusDi, minusDi] = width === 0 ? [0, 0] : [(100 * rise) / width, (100 * fall) / width];
        const both = plusDi + minusDi;
        out[0] = smooth(both === 0 ? 0 : (100 * Math.abs(plusDi - minusDi)) / both);
        out[1] = plusDi;
        out[2] = minusDi;
      };
    },
  }),
  indicator({
    name: "aroon",
    title: "Aroon",
    source: "T. Chande, The Time Price Oscillator, Stocks & Commodities 13:9, 1995",
    needs: ["high", "low"],
    params: { period: bars(25) },
    outputs: ["up", "down", "oscillator"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [high, low] = [ageOf(period + 1, 1), ageOf(period + 1, -1)];
      return (bar, out) => {
        const [up, down] = [(100 * (period - high(bar.high))) / period, (100 * (period - low(bar.low))) / period];
        out[0] = up;
        out[1] = down;
        out[2] = up - down;
      };
    },
  }),
  indicator({
    name: "ichimoku",
    title: "Ichimoku cloud",
    source: "G. Hosoda, 1969; spans are those drawn at this bar, the lagging span (a later close) is left out",
    needs: ["high", "low"],
    params: { conversion: bars(9), base: bars(26), span: bars(52), ahead: bars(26, 0) },
    outputs: ["conversion", "base", "spanA", "spanB"],
    warmUp: ({ conversion, base, span, ahead }) => Math.max(conversion, base, span) - 1 + ahead,
    open: ({ conversion, base, span, ahead }) => {
      const middles = [conversion, base, span].map((period) => [highestOf(period), lowestOf(period)] as const);
      const [aheadA, aheadB] = [lagOf(ahead), lagOf(ahead)];
      return ({ high, low }, out) => {
        const [short, middle, long] = middles.map(([top, bottom]) => (top(high) + bottom(low)) / 2) as [number, number, number];
        out[0] = short;
        out[1] = middle;
        out[2] = aheadA((short + middle) / 2);
        out[3] = aheadB(long);
      };
    },
  }),
  indicator({
    name: "supertrend",
    title: "Supertrend",
    source: "O. Seban, 2009, with Wilder's range; begins in a falling trend as TradingView's",
    needs: ["high", "low", "close"],
    params: { period: bars(10), width: { default: 3, min: 0.01, max: 100 } },
    outputs: ["line", "direction"],
    warmUp: ({ period }) => period,
    open: supertrend,
  }),
  indicator({
    name: "psar",
    title: "Parabolic stop and reverse",
    source: `${WILDER}; start as in TA-Lib`,
    needs: ["high", "low"],
    params: { step: { default: 0.02, min: 0.0001, max: 1 }, limit: { default: 0.2, min: 0.0001, max: 1 } },
    outputs: ["stop", "direction"],
    warmUp: () => 1,
    open: parabolic,
  }),
  indicator({
    name: "vortex",
    title: "Vortex indicator",
    source: "E. Botes and D. Siepman, The Vortex Indicator, Stocks & Commodities 28:1, 2010",
    needs: ["high", "low", "close"],
    params: { period: bars(14) },
    outputs: ["plus", "minus"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [rangeOf, lastHigh, lastLow] = [trueRangeOf(), lagOf(1), lagOf(1)];
      const [range, plus, minus] = [sumOf(period), sumOf(period), sumOf(period)];
      return (bar, out) => {
        const all = range(rangeOf(bar));
        const up = plus(Math.abs(bar.high - lastLow(bar.low)));
        const down = minus(Math.abs(bar.low - lastHigh(bar.high)));
        out[0] = all === 0 ? 1 : up / all;
        out[1] = all === 0 ? 1 : down / all;
      };
    },
  }),
  indicator({
    name: "linearRegression",
    title: "Line through the last closes: its end, slope per bar and R squared",
    source: "ordinary least squares on bar numbers",
    needs: ["close"],
    params: { period: bars(14, 2) },
    outputs: ["value", "slope", "rSquared"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const window = new Window(period);
      const middle = (period - 1) / 2;
      const spread = (period * (period * period - 1)) / 12;
      return ({ close }, out) => {
        window.push(close);
        if (!window.isFull) {
          out.fill(Number.NaN);
          return;
        }
        const mean = window.mean();
        let [shared, squares] = [0, 0];
        for (let i = 0; i < period; i++) {
          const distance = window.at(i) - mean;
          shared += (i - middle) * distance;
          squares += distance ** 2;
        }
        const slope = shared / spread;
        out[0] = mean + slope * middle;
        out[1] = slope;
        out[2] = squares === 0 ? 1 : Math.min(1, (slope * shared) / squares);
      };
    },
  }),
  indicator({
    name: "choppiness",
    title: "Choppiness index",
    source: "E. W. Dreiss, 1993, as charted: over the highest high less the lowest low",
    needs: ["high", "low", "close"],
    params: { period: bars(14, 2) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [rangeOf, range, top, bottom] = [trueRangeOf(), sumOf(period), highestOf(period), lowestOf(period)];
      return (bar, out) => {
        const [walked, span] = [range(rangeOf(bar)), top(bar.high) - bottom(bar.low)];
        out[0] = span === 0 ? 100 : (100 * Math.log10(walked / span)) / Math.log10(period);
      };
    },
  }),
];
