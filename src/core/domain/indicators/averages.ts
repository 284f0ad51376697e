/** Moving averages of the closes. */
import { ema, sma } from "../indicators.ts";
import { bars, indicator, type IndicatorDefinition } from "./definition.ts";
import { exponentialOf, lagOf, meanOf, sumOf, weightedOf, wilderOf, Window, type Rolling } from "./rolling.ts";

interface Average {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly usual: number;
  readonly warmUp: (period: number) => number;
  readonly of: (period: number) => Rolling;
  readonly whole?: (close: Float64Array, period: number) => Float64Array;
}

function average({ name, title, source, usual, warmUp, of, whole }: Average): IndicatorDefinition {
  return indicator<"period">({
    name,
    title,
    source,
    needs: ["close"],
    params: { period: bars(usual) },
    outputs: ["value"],
    warmUp: ({ period }) => warmUp(period),
    open: ({ period }) => {
      const next = of(period);
      return (bar, out) => {
        out[0] = next(bar.close);
      };
    },
    ...(whole === undefined ? {} : { whole: ({ close }, { period }) => [whole(close, period)] }),
  });
}

/** Hull: a weighted mean of twice the half-length mean less the whole one. */
function hullOf(period: number): Rolling {
  const [half, whole, smooth] = [weightedOf(Math.max(1, Math.floor(period / 2))), weightedOf(period), weightedOf(hullSmoothing(period))];
  let seen = 0;
  return (value) => {
    const [short, long] = [half(value), whole(value)];
    return ++seen < period ? Number.NaN : smooth(2 * short - long);
  };
}

function hullSmoothing(period: number): number {
  return Math.max(1, Math.floor(Math.sqrt(period)));
}

/** `terms` exponential means of one another. */
function chainOf(period: number, terms: number): (value: number) => readonly number[] {
  const chain = Array.from({ length: terms }, () => exponentialOf(period));
  return (value) => {
    let last = value;
    return chain.map((next) => (last = next(last)));
  };
}

function tillsonOf(period: number): Rolling {
  const v = 0.7;
  const next = chainOf(period, 6);
  return (value) => {
    const [, , e3, e4, e5, e6] = next(value) as [number, number, number, number, number, number];
    return -(v ** 3) * e6 + (3 * v ** 2 + 3 * v ** 3) * e5 + (-6 * v ** 2 - 3 * v - 3 * v ** 3) * e4 + (1 + 3 * v + v ** 3 + 3 * v ** 2) * e3;
  };
}

/** Kaufman: follows the price as fast (2) or slow (30) as the last `period` changes went one way. Starts at the close before. */
function adaptiveOf(period: number): Rolling {
  const [fast, slow] = [2 / 3, 2 / 31];
  const window = new Window(period + 1);
  let average = Number.NaN;
  return (value) => {
    const before = window.count === 0 ? Number.NaN : window.at(window.count - 1);
    window.push(value);
    if (!window.isFull) return Number.NaN;
    if (Number.isNaN(average)) average = before;
    let path = 0;
    for (let i = 1; i <= period; i++) path += Math.abs(window.at(i) - window.at(i - 1));
    const efficiency = path === 0 ? 1 : Math.min(1, Math.abs(value - window.at(0)) / path);
    average += (efficiency * (fast - slow) + slow) ** 2 * (value - average);
    return average;
  };
}

/** Two simple means of one another, together `period + 1` bars long. */
function triangularOf(period: number): Rolling {
  const [first, second] = [meanOf(Math.ceil(period / 2)), meanOf(Math.floor(period / 2) + 1)];
  return (value) => second(first(value));
}

function zeroLagOf(period: number): Rolling {
  const [before, mean] = [lagOf(Math.floor((period - 1) / 2)), exponentialOf(period)];
  return (value) => mean(2 * value - before(value));
}

/** Arnaud Legoux: Gaussian weights around 85 % of the window, a sixth of it wide. */
function gaussianOf(period: number): Rolling {
  const weights = Float64Array.from({ length: period }, (_, i) => Math.exp(-((i - 0.85 * (period - 1)) ** 2) / (2 * (period / 6) ** 2)));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const window = new Window(period);
  return (value) => {
    window.push(value);
    if (!window.isFull) return Number.NaN;
    let sum = 0;
    for (let i = 0; i < period; i++) sum += window.at(i) * (weights[i] as number);
    return sum / total;
  };
}

const MULLOY = "P. Mulloy, Smoothing Data with Faster Moving Averages, Stocks & Commodities 12:1, 1994";

export const AVERAGES: readonly IndicatorDefinition[] = [
  average({
    name: "sma",
    title: "Simple moving average",
    source: "arithmetic mean of the last closes",
    usual: 20,
    warmUp: (n) => n - 1,
    of: meanOf,
    whole: sma,
  }),
  average({
    name: "ema",
    title: "Exponential moving average",
    source: "weight 2 / (n + 1), started with the mean of the first n closes (TA-Lib)",
    usual: 20,
    warmUp: (n) => n - 1,
    of: exponentialOf,
    whole: ema,
  }),
  average({
    name: "wma",
    title: "Weighted moving average",
    source: "linear weights 1 to n",
    usual: 20,
    warmUp: (n) => n - 1,
    of: weightedOf,
  }),
  average({
    name: "rma",
    title: "Wilder's moving average",
    source: "J. W. Wilder, New Concepts in Technical Trading Systems, 1978",
    usual: 14,
    warmUp: (n) => n - 1,
    of: wilderOf,
  }),
  average({
    name: "dema",
    title: "Double exponential moving average",
    source: MULLOY,
    usual: 20,
    warmUp: (n) => 2 * (n - 1),
    of: (period) => {
      const next = chainOf(period, 2);
      return (value) => {
        const [e1, e2] = next(value) as [number, number];
        return 2 * e1 - e2;
      };
    },
  }),
  average({
    name: "tema",
    title: "Triple exponential moving average",
    source: MULLOY,
    usual: 20,
    warmUp: (n) => 3 * (n - 1),
    of: (period) => {
      const next = chainOf(period, 3);
      return (value) => {
        const [e1, e2, e3] = next(value) as [number, number, number];
        return 3 * e1 - 3 * e2 + e3;
      };
    },
  }),
  average({
    name: "t3",
    title: "Tillson's T3 (volume factor 0.7)",
    source: "T. Tillson, Better Moving Averages, Stocks & Commodities 16:1, 1998",
    usual: 5,
    warmUp: (n) => 6 * (n - 1),
    of: tillsonOf,
  }),
  average({
    name: "hma",
    title: "Hull moving average",
    source: "A. Hull, 2005, alanhull.com/hull-moving-average",
    usual: 20,
    warmUp: (n) => n - 1 + hullSmoothing(n) - 1,
    of: hullOf,
  }),
  average({
    name: "kama",
    title: "Kaufman's adaptive moving average (2, 30)",
    source: "P. Kaufman, Smarter Trading, 1995; start as in TA-Lib",
    usual: 10,
    warmUp: (n) => n,
    of: adaptiveOf,
  }),
  average({
    name: "trima",
    title: "Triangular moving average",
    source: "simple mean of simple means, as in TA-Lib",
    usual: 20,
    warmUp: (n) => n - 1,
    of: triangularOf,
  }),
  average({
    name: "zlema",
    title: "Zero-lag exponential moving average",
    source: "J. Ehlers and R. Way, Zero Lag (Well, Almost), Stocks & Commodities 28:11, 2010",
    usual: 20,
    warmUp: (n) => n - 1 + Math.floor((n - 1) / 2),
    of: zeroLagOf,
  }),
  average({
    name: "alma",
    title: "Arnaud Legoux moving average (0.85, 6)",
    source: "A. Legoux and D. Kouzis-Loukas, 2009",
    usual: 20,
    warmUp: (n) => n - 1,
    of: gaussianOf,
  }),
  indicator({
    name: "vwma",
    title: "Volume-weighted moving average of the closes",
    source: "sum of close times volume over sum of volume; undefined without volume",
    needs: ["close", "volume"],
    params: { period: bars(20) },
    outputs: ["value"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const [money, shares] = [sumOf(period), sumOf(period)];
      return ({ close, volume }, out) => {
        const [sum, total] = [money(close * volume), shares(volume)];
        out[0] = total > 0 ? sum / total : Number.NaN;
      };
    },
  }),
];
