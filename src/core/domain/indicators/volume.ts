/** What volume says beside prices. Undefined where nothing was traded. */
import { bars, indicator, type IndicatorBar, type IndicatorDefinition, type IndicatorStep } from "./definition.ts";
import { exponentialOf, lagOf, meanOf, sumOf, Window } from "./rolling.ts";

const DAY_MS = 86_400_000;
const typicalOf = ({ high, low, close }: Readonly<IndicatorBar>) => (high + low + close) / 3;
/** -1 where the close is the low, 1 where it is the high, 0 in a bar without range. */
const placeOf = ({ high, low, close }: Readonly<IndicatorBar>) => (high === low ? 0 : (2 * close - high - low) / (high - low));

/** The mean of the last values, each counted as often as shares were traded at it; NaN where none were. */
function perShareOf(period: number): (value: number, volume: number) => number {
  const [sums, shares] = [sumOf(period), sumOf(period)];
  return (value, volume) => {
    const [sum, total] = [sums(value * volume), shares(volume)];
    return total > 0 ? sum / total : Number.NaN;
  };
}

/** Each bar's volume, spread evenly from its low to its high over `bins` prices: the busiest one, and the 70 % around it. */
function profile({ period, bins }: Readonly<Record<"period" | "bins", number>>): IndicatorStep {
  const [highs, lows, volumes] = [new Window(period), new Window(period), new Window(period)];
  const shares = new Float64Array(bins);
  return ({ high, low, volume }, out) => {
    highs.push(high);
    lows.push(low);
    volumes.push(volume);
    out.fill(Number.NaN);
    if (!highs.isFull) return;
    let [bottom, top, total] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (let i = 0; i < period; i++) {
      bottom = Math.min(bottom, lows.at(i));
      top = Math.max(top, highs.at(i));
      total += volumes.at(i);
    }
    if (!(total > 0)) return;
    const height = (top - bottom) / bins;
    if (!(height > 0)) {
      out.fill(bottom);
      return;
    }
    shares.fill(0);
    for (let i = 0; i < period; i++) spread(shares, (lows.at(i) - bottom) / height, (highs.at(i) - bottom) / height, volumes.at(i));
    const [at, from, to] = valueArea(shares, 0.7 * total);
    out[0] = bottom + (at + 0.5) * height;
    out[1] = bottom + (to + 1) * height;
    out[2] = bottom + from * height;
  };
}

/** Adds `volume` to the bins between two heights, which are counted in bins. */
function spread(shares: Float64Array, low: number, high: number, volume: number): void {
  const last = shares.length - 1;
  const first = Math.min(last, Math.floor(low));
  const end = Math.min(last, Math.floor(high));
  if (!(high > low)) {
    shares[first] = (shares[first] as number) + volume;
    return;
  }
  for (let bin = first; bin <= end; bin++) {
    const part = Math.min(high, bin + 1) - Math.max(low, bin);
    shares[bin] = (shares[bin] as number) + (volume * part) / (high - low);
  }
}

/** The busiest bin, and the range around it that grows to its busier neighbour until it holds `wanted`. */
function valueArea(shares: Float64Array, wanted: number): readonly [at: number, from: number, to: number] {
  let at = 0;
  for (let bin = 1; bin < shares.length; bin++) if ((shares[bin] as number) > (shares[at] as number)) at = bin;
  let [from, to, held] = [at, at, shares[at] as number];
  while (held < wanted && (from > 0 || to < shares.length - 1)) {
    const [below, above] = [shares[from - 1] ?? -1, shares[to + 1] ?? -1];
    held += Math.max(below, above);
    if (above >= below) to++;
    else from--;
  }
  return [at, from, to];
}

export const VOLUME: readonly IndicatorDefinition[] = [
  indicator({
    name: "obv",
    title: "On-balance volume",
    source: "J. Granville, New Key to Stock Market Profits, 1963; starts with the first volume as in TA-Lib",
    needs: ["close", "volume"],
    params: {},
    outputs: ["value"],
    warmUp: () => 0,
    open: () => {
      let [before, balance] = [Number.NaN, 0];
      return ({ close, volume }, out) => {
        balance += Number.isNaN(before) ? volume : Math.sign(close - before) * volume;
        before = close;
        out[0] = balance;
      };
    },
  }),
  indicator({
    name: "vwap",
    title: "Volume-weighted average price since the day began (UTC)",
    source: "S. Berkowitz, D. Logue and E. Noser, The Total Cost of Transactions on the NYSE, 1988; typical prices",
    needs: ["time", "high", "low", "close", "volume"],
    params: {},
    outputs: ["value"],
    warmUp: () => 0,
    open: () => {
      let [day, money, shares] = [Number.NaN, 0, 0];
      return (bar, out) => {
        const today = Math.floor(bar.time / DAY_MS);
        if (today !== day) [day, money, shares] = [today, 0, 0];
        money += typicalOf(bar) * bar.volume;
        shares += bar.volume;
        out[0] = shares > 0 ? money / shares : Number.NaN;
      };
    },
  }),
  indicator({
    name: "rollingVwap",
    title: "Volume-weighted average price of the last bars",
    source: "as vwap, over n bars",
    needs: ["high", "low", "close", "volume"],
    params: { period: bars(20) },
    outputs: ["value"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const mean = perShareOf(period);
      return (bar, out) => {
        out[0] = mean(typicalOf(bar), bar.volume);
      };
    },
  }),
  indicator({
    name: "mfi",
    title: "Money flow index",
    source: "G. Quong and A. Soudack, Volume-Weighted RSI, Stocks & Commodities 7:3, 1989",
    needs: ["high", "low", "close", "volume"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [before, inward, outward] = [lagOf(1), sumOf(period), sumOf(period)];
      return (bar, out) => {
        const typical = typicalOf(bar);
        const change = typical - before(typical);
        const flow = typical * bar.volume;
        const isFirst = Number.isNaN(change);
        const gained = inward(isFirst ? Number.NaN : change > 0 ? flow : 0);
        const lost = outward(isFirst ? Number.NaN : change < 0 ? flow : 0);
        out[0] = gained + lost === 0 ? 50 : (100 * gained) / (gained + lost);
      };
    },
  }),
  indicator({
    name: "accumulationDistribution",
    title: "Accumulation/distribution line",
    source: "M. Chaikin; the close's place in its bar times volume, summed",
    needs: ["high", "low", "close", "volume"],
    params: {},
    outputs: ["value"],
    warmUp: () => 0,
    open: () => {
      let line = 0;
      return (bar, out) => {
        line += placeOf(bar) * bar.volume;
        out[0] = line;
      };
    },
  }),
  indicator({
    name: "chaikinMoneyFlow",
    title: "Chaikin money flow",
    source: "M. Chaikin; as the accumulation line, over n bars and per share",
    needs: ["high", "low", "close", "volume"],
    params: { period: bars(20) },
    outputs: ["value"],
    warmUp: ({ period }) => period - 1,
    open: ({ period }) => {
      const mean = perShareOf(period);
      return (bar, out) => {
        out[0] = mean(placeOf(bar), bar.volume);
      };
    },
  }),
  indicator({
    name: "chaikinOscillator",
    title: "Chaikin oscillator",
    source: "M. Chaikin; fast less slow exponential mean of the accumulation line, both started with simple means",
    needs: ["high", "low", "close", "volume"],
    params: { fast: bars(3), slow: bars(10) },
    outputs: ["value"],
    warmUp: ({ fast, slow }) => Math.max(fast, slow) - 1,
    open: ({ fast, slow }) => {
      const [quick, slower] = [exponentialOf(fast), exponentialOf(slow)];
      let line = 0;
      return (bar, out) => {
        line += placeOf(bar) * bar.volume;
        out[0] = quick(line) - slower(line);
      };
    },
  }),
  indicator({
    name: "forceIndex",
    title: "Force index",
    source: "A. Elder, Trading for a Living, 1993",
    needs: ["close", "volume"],
    params: { period: bars(13) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [before, mean] = [lagOf(1), exponentialOf(period)];
      return ({ close, volume }, out) => {
        out[0] = mean((close - before(close)) * volume);
      };
    },
  }),
  indicator({
    name: "easeOfMovement",
    title: "Ease of movement, per 100 million shares",
    source: "R. Arms, The Arms Index, 1989; a bar without volume or range counts 0",
    needs: ["high", "low", "volume"],
    params: { period: bars(14) },
    outputs: ["value"],
    warmUp: ({ period }) => period,
    open: ({ period }) => {
      const [before, mean] = [lagOf(1), meanOf(period)];
      return ({ high, low, volume }, out) => {
        const middle = (high + low) / 2;
        const moved = middle - before(middle);
        out[0] = mean(Number.isNaN(moved) ? moved : volume === 0 ? 0 : (moved * (high - low) * 100_000_000) / volume);
      };
    },
  }),
  indicator({
    name: "volumeProfile",
    title: "Volume profile: the busiest price and the area of 70 % of volume around it",
    source: "J. P. Steidlmayer, Markets and Market Logic, 1986; a bar's volume spread evenly over its range",
    needs: ["high", "low", "volume"],
    params: { period: bars(50), bins: { default: 24, min: 2, max: 500, integer: true } },
    outputs: ["pointOfControl", "valueAreaHigh", "valueAreaLow"],
    warmUp: ({ period }) => period - 1,
    open: profile,
  }),
];
