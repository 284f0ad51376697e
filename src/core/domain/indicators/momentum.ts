/** Oscillators: how fast and how far prices move. Where there is no movement at all they stand in the middle. */
import { macd, rsi } from "../indicators.ts";
import { bars, indicator, type IndicatorDefinition } from "./definition.ts";
import { exponentialOf, highestOf, lagOf, lowestOf, meanOf, sumOf, trueRangeOf, Window, type Rolling } from "./rolling.ts";

const WILDER = "J. W. Wilder, New Concepts in Technical Trading Systems, 1978";

/** Wilder's relative strength index as rsi(); undefined values at the start are passed over. */
function strengthOf(period: number): Rolling {
  let before = Number.NaN;
  let seen = 0;
  let [gain, loss] = [0, 0];
  return (value) => {
    const change = value - before;
    before = value;
    if (Number.isNaN(change) && seen === 0) return Number.NaN;
    if (seen < period) {
      if (change > 0) gain += change;
      else loss -= change;
      if (++seen < period) return Number.NaN;
      gain /= period;
      loss /= period;
    } else {
      gain = (gain * (period - 1) + Math.max(change, 0)) / period;
      loss = (loss * (period - 1) + Math.max(-change, 0)) / period;
    }
    if (loss === 0) return gain === 0 ? 50 : 100;
    return 100 - 100 / (1 + gain / loss);
  };
}

/** Where `value` stands between the lowest and the highest, 0 to 100; the middle where they are equal. */
function placeIn(value: number, low: number, high: number): number {
  return high === low ? 50 : (100 * (value - low)) / (high - low);
}

/** Where a value stands between the lowest `low` and the highest `high` of the last bars. */
function placeWithin(period: number): (value: number, low: number, high: number) => number {
  const [top, bottom] = [highestOf(period), lowestOf(period)];
  return (value, low, high) => placeIn(value, bottom(low), top(high));
}

/** A line of two exponential means, its signal line and their difference. */
function convergence(line: (quick: number, slow: number) => number) {
  return ({ fast, slow, signal }: Readonly<Record<"fast" | "slow" | "signal", number>>) => {
    const [quick, slower, smooth] = [exponentialOf(fast), exponentialOf(slow), exponentialOf(signal)];
    return ({ close }: { readonly close: number }, out: Float64Array) => {
      const value = line(quick(close), slower(close));
      out[0] = value;
      out[1] = smooth(value);
      out[2] = value - (out[1] as number);
    };
  };
}

const CONVERGENCE = {
  needs: ["close"],
  params: { fast: bars(12), slow: bars(26), signal: bars(9) },
  outputs: ["line", "signal", "histogram"],
  warmUp: ({ fast, slow, signal }: Readonly<Record<"fast" | "slow" | "signal", number>>) => Math.max(fast, slow) + signal - 2,
} as const;

export const MOMENTUM: readonly IndicatorDefinition[] = [
  indicator({
    name: "rsi",
    title: "Relative strength index",
    source: WILDER,
    needs: ["close"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const next = strengthOf(period);
      return (bar, out) => {
        out[0] = next(bar.close);
      };
    },
    whole: ({ close }, { period }) => [rsi(close, period)],
  }),
  indicator({
    ...CONVERGENCE,
    name: "macd",
    title: "Moving average convergence/divergence",
    source: "G. Appel, The Moving Average Convergence-Divergence Trading Method, 1979",
    open: convergence((quick, slow) => quick - slow),
    whole: ({ close }, { fast, slow, signal }) => {
      const lines = macd(close, fast, slow, signal);
      return [lines.line, lines.signal, lines.histogram];
    },
  }),
  indicator({
    ...CONVERGENCE,
    name: "ppo",
    title: "Percentage price oscillator",
    source: "the MACD in percent of the slow mean (G. Appel)",
    open: convergence((quick, slow) => (100 * (quick - slow)) / slow),
  }),
  indicator({
    name: "stochastic",
    title: "Stochastic oscillator",
    source: "G. Lane, Lane's Stochastics, Stocks & Commodities 2:3, 1984",
    needs: ["high", "low", "close"],
    params: { period: bars(14), smooth: bars(3), signal: bars(3) },
    outputs: ["k", "d"],
    warmUp: ({ period, smooth, signal }) => period + smooth + signal - 3,
    open: ({ period, smooth, signal }) => {
      const [place, k, d] = [placeWithin(period), meanOf(smooth), meanOf(signal)];
      return ({ high, low, close }, out) => {
        out[0] = k(place(close, low, high));
        out[1] = d(out[0]);
      };
    },
  }),
  indicator({
    name: "stochasticRsi",
    title: "Stochastic RSI",
    source: "T. Chande and S. Kroll, The New Technical Trader, 1994",
    needs: ["close"],
    params: { rsi: bars(14), period: bars(14), smooth: bars(3), signal: bars(3) },
    outputs: ["k", "d"],
    warmUp: ({ rsi: strength, period, smooth, signal }) => strength + period + smooth + signal - 3,
    open: ({ rsi: strength, period, smooth, signal }) => {
      const [of, place, k, d] = [strengthOf(strength), placeWithin(period), meanOf(smooth), meanOf(signal)];
      return ({ close }, out) => {
        const value = of(close);
        out[0] = k(place(value, value, value));
        out[1] = d(out[0]);
      };
    },
  }),
  indicator({
    name: "williamsR",
    title: "Williams %R",
    source: "L. Williams, How I Made One Million Dollars Last Year Trading Commodities, 1973",
    needs: ["high", "low", "close"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const place = placeWithin(period);
      return ({ high, low, close }, out) => {
        out[0] = place(close, low, high) - 100;
      };
    },
  }),
  indicator({
    name: "cci",
    title: "Commodity channel index",
    source: "D. Lambert, Commodities, October 1980",
    needs: ["high", "low", "close"],
    params: { period: bars(20) },
    outputs: ["value"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const window = new Window(period);
      return ({ high, low, close }, out) => {
        const typical = (high + low + close) / 3;
        window.push(typical);
        if (!window.isFull) {
          out[0] = Number.NaN;
          return;
        }
        const mean = window.mean();
        let distance = 0;
        for (let i = 0; i < period; i++) distance += Math.abs(window.at(i) - mean);
        // Equal prices differ from their mean by rounding only.
        out[0] = distance <= 1e-12 * Math.abs(mean) * period ? 0 : ((typical - mean) * period) / (0.015 * distance);
      };
    },
  }),
  indicator({
    name: "roc",
    title: "Rate of change, percent",
    source: "close over the close n bars ago",
    needs: ["close"],
    params: { period: bars(10) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const before = lagOf(period);
      return ({ close }, out) => {
        out[0] = 100 * (close / before(close) - 1);
      };
    },
  }),
  indicator({
    name: "momentum",
    title: "Momentum",
    source: "close less the close n bars ago",
    needs: ["close"],
    params: { period: bars(10) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const before = lagOf(period);
      return ({ close }, out) => {
        out[0] = close - before(close);
      };
    },
  }),
  indicator({
    name: "trix",
    title: "Rate of change of a triple exponential mean, percent",
    source: "J. Hutson, Good TRIX, Stocks & Commodities 1:5, 1983",
    needs: ["close"],
    params: { period: bars(15) },
    outputs: ["value"],
    warmUp: ({ period }) => 3 * (period - 1) + 1,
    open: ({ period }) => {
      const [first, second, third, before] = [exponentialOf(period), exponentialOf(period), exponentialOf(period), lagOf(1)];
      return ({ close }, out) => {
        const smooth = third(second(first(close)));
        out[0] = 100 * (smooth / before(smooth) - 1);
      };
    },
  }),
  indicator({
    name: "tsi",
    title: "True strength index",
    source: "W. Blau, True Strength Index, Stocks & Commodities 9:11, 1991",
    needs: ["close"],
    params: { slow: bars(25), fast: bars(13), signal: bars(13) },
    outputs: ["value", "signal"],
    warmUp: ({ slow, fast, signal }) => slow + fast + signal - 2,
    open: ({ slow, fast, signal }) => {
      const [before, smooth] = [lagOf(1), exponentialOf(signal)];
      const [way, path] = [0, 1].map(() => [exponentialOf(slow), exponentialOf(fast)] as const) as [readonly [Rolling, Rolling], readonly [Rolling, Rolling]];
      return ({ close }, out) => {
        const change = close - before(close);
        const [net, gross] = [way[1](way[0](change)), path[1](path[0](Math.abs(change)))];
        out[0] = gross === 0 ? 0 : (100 * net) / gross;
        out[1] = smooth(out[0]);
      };
    },
  }),
  indicator({
    name: "ultimateOscillator",
    title: "Ultimate oscillator",
    source: "L. Williams, The Ultimate Oscillator, Stocks & Commodities 3:4, 1985",
    needs: ["high", "low", "close"],
    params: { short: bars(7), middle: bars(14), long: bars(28) },
    outputs: ["value"],
    warmUp: ({ short, middle, long }) => Math.max(short, middle, long),
    open: ({ short, middle, long }) => {
      const [rangeOf, before] = [trueRangeOf(), lagOf(1)];
      const pairs = [short, middle, long].map((period) => [sumOf(period), sumOf(period)] as const);
      return (bar, out) => {
        const range = rangeOf(bar);
        const pressure = bar.close - Math.min(bar.low, before(bar.close));
        const [a, b, c] = pairs.map(([up, all]) => {
          const [bought, moved] = [up(pressure), all(range)];
          return moved === 0 ? 0.5 : bought / moved;
        }) as [number, number, number];
        out[0] = (100 * (4 * a + 2 * b + c)) / 7;
      };
    },
  }),
  indicator({
    name: "awesomeOscillator",
    title: "Awesome oscillator",
    source: "B. Williams, New Trading Dimensions, 1998",
    needs: ["high", "low"],
    params: { fast: bars(5), slow: bars(34) },
    outputs: ["value"],
    warmUp: ({ fast, slow }) => Math.max(fast, slow) - 1,
    open: ({ fast, slow }) => {
      const [quick, slower] = [meanOf(fast), meanOf(slow)];
      return ({ high, low }, out) => {
        const middle = (high + low) / 2;
        out[0] = quick(middle) - slower(middle);
      };
    },
  }),
  indicator({
    name: "cmo",
    title: "Chande momentum oscillator",
    source: "T. Chande and S. Kroll, The New Technical Trader, 1994 (plain sums, not Wilder's means)",
    needs: ["close"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [before, ups, downs] = [lagOf(1), sumOf(period), sumOf(period)];
      return ({ close }, out) => {
        const change = close - before(close);
        const [up, down] = [ups(Math.max(change, 0)), downs(Math.max(-change, 0))];
        out[0] = up + down === 0 ? 0 : (100 * (up - down)) / (up + down);
      };
    },
  }),
];
