/** Statistics of the last bars, alone or beside another series. */
import { highest, lowest, stdev } from "../indicators.ts";
import { bars, indicator, type IndicatorDefinition, type IndicatorStep } from "./definition.ts";
import { deviationOf, highestOf, lagOf, lowestOf, Window } from "./rolling.ts";

const CLOSE = { needs: ["close"], outputs: ["value"] } as const;

/** Of the last returns of both series: their covariance and their variances, each times n - 1. */
function together(period: number, valueOf: (shared: number, own: number, other: number) => number): IndicatorStep {
  const [lastOwn, lastOther, own, other] = [lagOf(1), lagOf(1), new Window(period), new Window(period)];
  return (bar, out) => {
    own.push(bar.close / lastOwn(bar.close) - 1);
    other.push(bar.other / lastOther(bar.other) - 1);
    out[0] = Number.NaN;
    if (!own.isFull) return;
    const [ownMean, otherMean] = [own.mean(), other.mean()];
    let [shared, ownSquares, otherSquares] = [0, 0, 0];
    for (let i = 0; i < period; i++) {
      const [x, y] = [own.at(i) - ownMean, other.at(i) - otherMean];
      shared += x * y;
      ownSquares += x * x;
      otherSquares += y * y;
    }
    out[0] = valueOf(shared, ownSquares, otherSquares);
  };
}

/** Rescaled range: its growth with the length of the pieces that the returns are cut into (8, 16, … half of them). */
function hurst({ period }: { readonly period: number }): IndicatorStep {
  const [before, window] = [lagOf(1), new Window(period)];
  const lengths: number[] = [];
  for (let length = 8; length <= period / 2; length *= 2) lengths.push(length);
  return ({ close }, out) => {
    window.push(Math.log(close / before(close)));
    out[0] = window.isFull ? slopeOf(lengths.map((length) => [Math.log(length), Math.log(rescaledRange(window, length))])) : Number.NaN;
  };
}

/** Mean over the pieces of the range of summed distances from the piece's mean over its standard deviation. */
function rescaledRange(window: Window, length: number): number {
  const pieces = Math.floor(window.size / length);
  let [sum, counted] = [0, 0];
  for (let piece = 0; piece < pieces; piece++) {
    const from = window.size - (piece + 1) * length;
    let mean = 0;
    for (let i = from; i < from + length; i++) mean += window.at(i) / length;
    let [walk, top, bottom, squares] = [0, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
    for (let i = from; i < from + length; i++) {
      const distance = window.at(i) - mean;
      walk += distance;
      squares += distance ** 2;
      top = Math.max(top, walk);
      bottom = Math.min(bottom, walk);
    }
    // A piece in which nothing moved says nothing.
    if (squares <= 1e-24) continue;
    sum += (top - bottom) / Math.sqrt(squares / length);
    counted++;
  }
  return sum / counted;
}

function slopeOf(points: ReadonlyArray<readonly [number, number]>): number {
  const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + (point[axis] as number), 0) / points.length) as [number, number];
  let [shared, squares] = [0, 0];
  for (const point of points) {
    shared += (point[0] - x) * (point[1] - y);
    squares += (point[0] - x) ** 2;
  }
  return shared / squares;
}

export const STATISTICS: readonly IndicatorDefinition[] = [
  indicator({
    ...CLOSE,
    name: "highest",
    title: "Highest close",
    source: "maximum of the last n closes",
    params: { period: bars(20) },
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const next = highestOf(period);
      return ({ close }, out) => {
        out[0] = next(close);
      };
    },
    whole: ({ close }, { period }) => [highest(close, period)],
  }),
  indicator({
    ...CLOSE,
    name: "lowest",
    title: "Lowest close",
    source: "minimum of the last n closes",
    params: { period: bars(20) },
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const next = lowestOf(period);
      return ({ close }, out) => {
        out[0] = next(close);
      };
    },
    whole: ({ close }, { period }) => [lowest(close, period)],
  }),
  indicator({
    ...CLOSE,
    name: "stdev",
    title: "Standard deviation of the closes",
    source: "sample deviation (n - 1)",
    params: { period: bars(20, 2) },
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const next = deviationOf(period);
      return ({ close }, out) => {
        out[0] = next(close);
      };
    },
    whole: ({ close }, { period }) => [stdev(close, period)],
  }),
  indicator({
    ...CLOSE,
    name: "zscore",
    title: "Standard score of the close",
    source: "distance from the mean in sample deviations; 0 where nothing moves",
    params: { period: bars(20, 2) },
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const window = new Window(period);
      return ({ close }, out) => {
        window.push(close);
        const deviation = window.isFull ? Math.sqrt(window.squares() / (period - 1)) : Number.NaN;
        out[0] = deviation === 0 ? 0 : (close - window.mean()) / deviation;
      };
    },
  }),
  indicator({
    ...CLOSE,
    name: "percentRank",
    title: "Percent rank of the close",
    source: "share of the n closes before that are below this one, equal ones counted half, in percent",
    params: { period: bars(100) },
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const window = new Window(period);
      return ({ close }, out) => {
        let below = 0;
        for (let i = 0; i < window.count; i++) below += window.at(i) < close ? 1 : window.at(i) === close ? 0.5 : 0;
        out[0] = window.isFull ? (100 * below) / period : Number.NaN;
        window.push(close);
      };
    },
  }),
  indicator({
    name: "beta",
    title: "Beta to the other series",
    source: "covariance of simple returns over the other's variance (W. Sharpe, 1964)",
    needs: ["close", "other"],
    params: { period: bars(60, 2) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => together(period, (shared, _own, other) => (other === 0 ? Number.NaN : shared / other)),
  }),
  indicator({
    name: "correlation",
    title: "Correlation with the other series",
    source: "K. Pearson's, of simple returns",
    needs: ["close", "other"],
    params: { period: bars(60, 2) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) =>
      together(period, (shared, own, other) => (own === 0 || other === 0 ? Number.NaN : Math.max(-1, Math.min(1, shared / Math.sqrt(own * other))))),
  }),
  indicator({
    ...CLOSE,
    name: "hurst",
    title: "Hurst exponent by rescaled range",
    source: "H. Hurst, Long-Term Storage Capacity of Reservoirs, 1951; of logarithmic returns, not corrected for small samples",
    params: { period: bars(128, 32) },
    warmUp: ({ period }) => period,
    open: hurst,
  }),
  indicator({
    name: "drawdown",
    title: "Fall below the highest close so far, percent, and the deepest of them",
    source: "running maximum",
    needs: ["close"],
    params: {},
    outputs: ["drawdownPct", "maxDrawdownPct"],
    warmUp: () => 0,
    open: () => {
      let [peak, worst] = [Number.NEGATIVE_INFINITY, 0];
      return ({ close }, out) => {
        peak = Math.max(peak, close);
        out[0] = (100 * (peak - close)) / peak;
        worst = Math.max(worst, out[0]);
        out[1] = worst;
      };
    },
  }),
  indicator({
    ...CLOSE,
    name: "ulcerIndex",
    title: "Ulcer index",
    source: "P. Martin and B. McCann, The Investor's Guide to Fidelity Funds, 1989: root mean square of falls below the highest of n closes, percent",
    params: { period: bars(14) },
    warmUp: ({ period }) => 2 * (period - 1),
    open: ({ period }) => {
      const [top, falls] = [highestOf(period), new Window(period)];
      let isDefined = false;
      return ({ close }, out) => {
        const peak = top(close);
        isDefined ||= !Number.isNaN(peak);
        if (isDefined) falls.push((100 * (peak - close)) / peak);
        let squares = 0;
        for (let i = 0; i < falls.count; i++) squares += falls.at(i) ** 2;
        out[0] = falls.isFull ? Math.sqrt(squares / period) : Number.NaN;
      };
    },
  }),
];
