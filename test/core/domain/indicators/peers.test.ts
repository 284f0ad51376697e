/**
 * Values against implementations that are not ours: trading-signals, and TA-Lib's own numbers (talib.json: TA-Lib 0.6 in C,
 * as WebAssembly, over the same seeded bars); and against formulas written down once more where neither has one.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as peer from "trading-signals";
import { computeIndicator, INDICATORS } from "../../../../src/core/domain/indicators/catalog.ts";
import { barAt, givenBars, type Columns } from "./bars.ts";

const BARS = 900;
/** Means that start elsewhere have come together by then. */
const SETTLED = 700;
const columns = givenBars(BARS, "peers", 2);
const { open, high, low, close, volume, other } = columns as Readonly<Record<string, Float64Array>> as Readonly<
  Record<"open" | "high" | "low" | "close" | "volume" | "other", Float64Array>
>;
const returnsOf = (values: Float64Array) => Array.from(values, (value, i) => (i === 0 ? Number.NaN : value / (values[i - 1] as number) - 1));
const logReturns = returnsOf(close).map((value) => Math.log1p(value));
const last = <T>(values: ArrayLike<T>, i: number, n: number) => Array.from({ length: n }, (_, k) => values[i - n + 1 + k] as T);
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]) => sum(values) / values.length;
const variance = (values: readonly number[]) => sum(values.map((value) => (value - mean(values)) ** 2)) / (values.length - 1);
const at = (values: Float64Array, i: number) => values[i] as number;

type Candle = Record<"time" | "open" | "high" | "low" | "close" | "volume", number>;
interface Peer {
  update(input: never, replace: boolean): unknown;
}

/** The peer's answers bar by bar; it takes closes, or whole bars. */
function fed(indicator: Peer, takes: "closes" | "bars", read: (answer: never) => number = (answer) => answer as number): Float64Array {
  return Float64Array.from({ length: BARS }, (_, i) => {
    const bar = barAt(columns, i) as Candle;
    const answer = indicator.update((takes === "bars" ? bar : bar.close) as never, false);
    return answer === null || answer === undefined ? Number.NaN : read(answer as never);
  });
}

/** By request and output: what it should be at each bar, and from which bar on. */
const EXPECTED: Readonly<Record<string, { readonly from: number; readonly values: () => ArrayLike<number> }>> = {
  "sma(20).value": { from: 19, values: () => fed(new peer.SMA(20), "closes") },
  "ema(20).value": { from: SETTLED, values: () => fed(new peer.EMA(20), "closes") },
  "wma(20).value": { from: 19, values: () => fed(new peer.WMA(20), "closes") },
  "rma(14).value": { from: SETTLED, values: () => fed(new peer.RMA(14), "closes") },
  "dema(20).value": { from: SETTLED, values: () => fed(new peer.DEMA(20), "closes") },
  "tema(20).value": { from: SETTLED, values: () => fed(new peer.TEMA(20), "closes") },
  "t3(5).value": { from: SETTLED, values: () => fed(new peer.T3(5, 0.7), "closes") },
  "hma(20).value": { from: 40, values: () => fed(new peer.HMA(20), "closes") },
  "kama(10).value": { from: SETTLED, values: () => fed(new peer.KAMA(10), "closes") },
  "trima(20).value": { from: 40, values: () => fed(new peer.TRIMA(20), "closes") },
  "trima(21).value": { from: 40, values: () => fed(new peer.TRIMA(21), "closes") },
  "zlema(20).value": { from: SETTLED, values: () => fed(new peer.ZLEMA(20), "closes") },
  "alma(20).value": { from: 19, values: () => fed(new peer.ALMA(20, 0.85, 6), "closes") },
  "vwma(20).value": { from: 19, values: () => fed(new peer.VWMA(20), "bars") },
  "rsi(14).value": { from: SETTLED, values: () => fed(new peer.RSI(14), "closes") },
  "macd(12,26,9).line": { from: SETTLED, values: () => fed(macd(), "closes", (answer: { macd: number }) => answer.macd) },
  "macd(12,26,9).signal": { from: SETTLED, values: () => fed(macd(), "closes", (answer: { signal: number }) => answer.signal) },
  "macd(12,26,9).histogram": { from: SETTLED, values: () => fed(macd(), "closes", (answer: { histogram: number }) => answer.histogram) },
  "ppo(12,26,9).line": { from: SETTLED, values: () => fed(new peer.PPO({ fastPeriod: 12, slowPeriod: 26 }), "closes") },
  "stochastic(14,3,3).k": { from: 40, values: () => fed(stochastic(), "bars", (answer: { stochK: number }) => answer.stochK) },
  "stochastic(14,3,3).d": { from: 40, values: () => fed(stochastic(), "bars", (answer: { stochD: number }) => answer.stochD) },
  "stochasticRsi(14,14,1,1).k": { from: SETTLED, values: () => fed(new peer.StochasticRSI(14), "closes", (answer: number) => answer * 100) },
  "williamsR(14).value": { from: 13, values: () => fed(new peer.WilliamsR(14), "bars") },
  "cci(20).value": { from: 19, values: () => fed(new peer.CCI(20), "bars") },
  "roc(10).value": { from: 10, values: () => fed(new peer.ROC(10), "closes", (answer: number) => answer * 100) },
  "momentum(10).value": { from: 10, values: () => fed(new peer.MOM(10), "closes") },
  "trix(15).value": { from: SETTLED, values: () => fed(new peer.TRIX(15), "closes", (answer: number) => answer / (1 - answer / 100)) },
  "tsi(25,13,13).value": { from: SETTLED, values: () => fed(new peer.TSI({ longPeriod: 25, shortPeriod: 13 }), "closes") },
  "ultimateOscillator(7,14,28).value": {
    from: 40,
    values: () => fed(new peer.UltimateOscillator({ shortPeriod: 7, mediumPeriod: 14, longPeriod: 28 }), "bars"),
  },
  "awesomeOscillator(5,34).value": { from: 33, values: () => fed(new peer.AO(5, 34), "bars") },
  "cmo(14).value": { from: 14, values: () => fed(new peer.CMO(14), "closes") },
  "adx(14).adx": { from: SETTLED, values: () => fed(new peer.ADX(14), "bars") },
  "adx(14).plusDi": { from: SETTLED, values: () => fedPart(new peer.ADX(14), "pdi") },
  "adx(14).minusDi": { from: SETTLED, values: () => fedPart(new peer.ADX(14), "mdi") },
  "aroon(25).up": { from: 25, values: () => highLowAge(25, high, 1) },
  "aroon(25).down": { from: 25, values: () => highLowAge(25, low, -1) },
  "ichimoku(9,26,52,26).conversion": { from: 60, values: () => fed(ichimoku(), "bars", (answer: { conversion: number }) => answer.conversion) },
  "ichimoku(9,26,52,26).base": { from: 60, values: () => fed(ichimoku(), "bars", (answer: { base: number }) => answer.base) },
  "ichimoku(9,26,52,0).spanA": { from: 60, values: () => fed(ichimoku(), "bars", (answer: { spanA: number }) => answer.spanA) },
  "ichimoku(9,26,52,0).spanB": { from: 60, values: () => fed(ichimoku(), "bars", (answer: { spanB: number }) => answer.spanB) },
  "supertrend(10,3).line": {
    from: SETTLED,
    values: () => fed(new peer.SuperTrend({ interval: 10, multiplier: 3 }), "bars", (a: { supertrend: number }) => a.supertrend),
  },
  "supertrend(10,3).direction": {
    from: SETTLED,
    values: () => fed(new peer.SuperTrend({ interval: 10, multiplier: 3 }), "bars", (a: { trend: string }) => (a.trend === "BULLISH" ? 1 : -1)),
  },
  "vortex(14).plus": { from: 20, values: () => fed(new peer.VortexIndicator(14), "bars", (answer: { plus: number }) => answer.plus) },
  "vortex(14).minus": { from: 20, values: () => fed(new peer.VortexIndicator(14), "bars", (answer: { minus: number }) => answer.minus) },
  "linearRegression(14).value": {
    from: 13,
    values: () => fed(new peer.LinearRegression(14), "closes", (answer: { prediction: number; slope: number }) => answer.prediction - answer.slope),
  },
  "linearRegression(14).slope": { from: 13, values: () => fed(new peer.LinearRegression(14), "closes", (answer: { slope: number }) => answer.slope) },
  "linearRegression(14).rSquared": {
    from: 13,
    values: () =>
      columnOf(
        (i) =>
          correlationOf(
            last(close, i, 14),
            Array.from({ length: 14 }, (_, k) => k),
          ) ** 2,
      ),
  },
  "choppiness(14).value": {
    from: 14,
    values: () => {
      const ranges = fed(new peer.TR(), "bars");
      const span = (i: number) => Math.max(...last(high, i, 14)) - Math.min(...last(low, i, 14));
      return columnOf((i) => (100 * Math.log10(sum(last(ranges, i, 14)) / span(i))) / Math.log10(14));
    },
  },
  "trueRange.value": { from: 1, values: () => fed(new peer.TR(), "bars") },
  "atr(14).value": { from: SETTLED, values: () => fed(new peer.ATR(14), "bars") },
  "natr(14).value": { from: SETTLED, values: () => fed(new peer.NATR(14), "bars") },
  "bollinger(20,2).upper": { from: 19, values: () => fed(new peer.BollingerBands(20, 2), "closes", (answer: { upper: number }) => answer.upper) },
  "bollinger(20,2).middle": { from: 19, values: () => fed(new peer.BollingerBands(20, 2), "closes", (answer: { middle: number }) => answer.middle) },
  "bollinger(20,2).lower": { from: 19, values: () => fed(new peer.BollingerBands(20, 2), "closes", (answer: { lower: number }) => answer.lower) },
  "keltner(20,10,2).upper": { from: SETTLED, values: () => fed(new peer.KeltnerChannels(), "bars", (answer: { upper: number }) => answer.upper) },
  "keltner(20,10,2).lower": { from: SETTLED, values: () => fed(new peer.KeltnerChannels(), "bars", (answer: { lower: number }) => answer.lower) },
  "donchian(20).upper": { from: 19, values: () => fed(new peer.DonchianChannels(20), "bars", (answer: { upper: number }) => answer.upper) },
  "donchian(20).lower": { from: 19, values: () => fed(new peer.DonchianChannels(20), "bars", (answer: { lower: number }) => answer.lower) },
  "vwap.value": { from: 0, values: () => columnOf((i) => weighted(typical(), i, (i % 24) + 1)) },
  "rollingVwap(20).value": { from: 19, values: () => columnOf((i) => weighted(typical(), i, 20)) },
  "mfi(14).value": { from: 20, values: () => fed(new peer.MFI(14), "bars") },
  "accumulationDistribution.value": { from: 0, values: () => fed(new peer.AD(), "bars") },
  "chaikinMoneyFlow(20).value": { from: 19, values: () => fed(new peer.CMF(20), "bars") },
  "chaikinOscillator(3,10).value": { from: SETTLED, values: () => fed(new peer.ADOSC({ fastPeriod: 3, slowPeriod: 10 }), "bars") },
  "forceIndex(13).value": { from: SETTLED, values: () => fed(new peer.ForceIndex(13), "bars") },
  "easeOfMovement(14).value": { from: 20, values: () => fed(new peer.EMV(14), "bars") },
  "volatility(20,252).value": { from: 20, values: () => columnOf((i) => Math.sqrt(252 * variance(last(logReturns, i, 20)))) },
  "parkinson(20,252).value": {
    from: 19,
    values: () => columnOf((i) => Math.sqrt((252 / (80 * Math.log(2))) * sum(last(high, i, 20).map((top, k) => Math.log(top / at(low, i - 19 + k)) ** 2)))),
  },
  "garmanKlass(20,252).value": {
    from: 19,
    values: () =>
      columnOf((i) =>
        Math.sqrt(
          252 *
            mean(
              last(high, i, 20).map((top, k) => {
                const j = i - 19 + k;
                return 0.5 * Math.log(top / at(low, j)) ** 2 - (2 * Math.log(2) - 1) * Math.log(at(close, j) / at(open, j)) ** 2;
              }),
            ),
        ),
      ),
  },
  "rogersSatchell(20,1).value": { from: 19, values: () => fed(new peer.RogersSatchellVolatility(20), "bars") },
  "yangZhang(20,252).value": { from: 20, values: () => columnOf((i) => Math.sqrt(252 * yangZhang(i, 20))) },
  "highest(20).value": { from: 19, values: () => columnOf((i) => Math.max(...last(close, i, 20))) },
  "lowest(20).value": { from: 19, values: () => columnOf((i) => Math.min(...last(close, i, 20))) },
  "stdev(20).value": { from: 19, values: () => columnOf((i) => Math.sqrt(variance(last(close, i, 20)))) },
  "zscore(20).value": { from: 19, values: () => columnOf((i) => (at(close, i) - mean(last(close, i, 20))) / Math.sqrt(variance(last(close, i, 20)))) },
  "percentRank(100).value": {
    from: 100,
    values: () => columnOf((i) => sum(last(close, i - 1, 100).map((value) => (value < at(close, i) ? 1 : value === at(close, i) ? 0.5 : 0)))),
  },
  "beta(60).value": {
    from: 60,
    values: () =>
      columnOf(
        (i) =>
          correlationOf(last(returnsOf(close), i, 60), last(returnsOf(other), i, 60)) *
          Math.sqrt(variance(last(returnsOf(close), i, 60)) / variance(last(returnsOf(other), i, 60))),
      ),
  },
  "correlation(60).value": { from: 60, values: () => columnOf((i) => correlationOf(last(returnsOf(close), i, 60), last(returnsOf(other), i, 60))) },
  "drawdown.drawdownPct": { from: 0, values: () => columnOf((i) => 100 * (1 - at(close, i) / Math.max(...last(close, i, i + 1)))) },
  "ulcerIndex(14).value": {
    from: 26,
    values: () => columnOf((i) => Math.sqrt(mean(last(close, i, 14).map((value, k) => (100 * (1 - value / Math.max(...last(close, i - 13 + k, 14)))) ** 2)))),
  },
};

const macd = () => new peer.MACD(new peer.EMA(12), new peer.EMA(26), new peer.EMA(9));
const stochastic = () => new peer.StochasticOscillator({ kPeriod: 14, kSlowingPeriod: 3, dPeriod: 3 });
const ichimoku = () => new peer.IchimokuCloud({ conversionInterval: 9, baseInterval: 26, spanBInterval: 52 });
const typical = () => columnOf((i) => (at(high, i) + at(low, i) + at(close, i)) / 3);

/** A request with its output after the last dot. */
function valuesOf(request: string, bars: Columns): Float64Array {
  const dot = request.lastIndexOf(".");
  return computeIndicator(request.slice(0, dot), bars)[request.slice(dot + 1)] as Float64Array;
}

function assertNear(ours: number, theirs: number, where: string): void {
  assert.ok(Math.abs(ours - theirs) <= 1e-8 * Math.max(1, Math.abs(theirs)), `${where}: ${ours} and ${theirs}`);
}

function columnOf(value: (i: number) => number): Float64Array {
  return Float64Array.from({ length: BARS }, (_, i) => value(i));
}

function fedPart(indicator: peer.ADX, part: "mdi" | "pdi"): Float64Array {
  return fed(indicator, "bars", () => Number(indicator[part]) * (Math.abs(Number(indicator[part])) <= 1 ? 100 : 1));
}

function highLowAge(period: number, values: Float64Array, sign: 1 | -1): Float64Array {
  return columnOf((i) => {
    const window = last(values, i, period + 1).map((value) => value * sign);
    return (100 * window.lastIndexOf(Math.max(...window))) / period;
  });
}

function weighted(values: Float64Array, i: number, n: number): number {
  return sum(last(values, i, n).map((value, k) => value * at(volume, i - n + 1 + k))) / sum(last(volume, i, n));
}

function correlationOf(a: readonly number[], b: readonly number[]): number {
  return sum(a.map((value, i) => (value - mean(a)) * ((b[i] as number) - mean(b)))) / (a.length - 1) / Math.sqrt(variance(a) * variance(b));
}

function yangZhang(i: number, n: number): number {
  if (i < n) return Number.NaN;
  const bars = Array.from({ length: n }, (_, k) => i - n + 1 + k);
  const k = 0.34 / (1.34 + (n + 1) / (n - 1));
  const [o, c] = [bars.map((j) => Math.log(at(open, j) / at(close, j - 1))), bars.map((j) => Math.log(at(close, j) / at(open, j)))];
  const u = bars.map((j) => Math.log(at(high, j) / at(open, j)));
  const d = bars.map((j) => Math.log(at(low, j) / at(open, j)));
  const rs = mean(bars.map((_, j) => (u[j] as number) * ((u[j] as number) - (c[j] as number)) + (d[j] as number) * ((d[j] as number) - (c[j] as number))));
  return variance(o) + k * variance(c) + (1 - k) * rs;
}

describe("indicators against other implementations", () => {
  for (const [request, { from, values }] of Object.entries(EXPECTED)) {
    it(`${request} is what they say`, () => {
      const own = valuesOf(request, columns);
      const expected = values();
      for (let i = from; i < BARS; i++) assertNear(own[i] as number, expected[i] as number, `bar ${i}`);
    });
  }

  const talib = JSON.parse(readFileSync(join(import.meta.dirname, "talib.json"), "utf8")) as {
    readonly bars: number;
    readonly seed: string;
    readonly values: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  for (const [request, expected] of Object.entries(talib.values)) {
    it(`${request} is TA-Lib's from the first bar at which that is defined`, () => {
      const own = valuesOf(request, givenBars(talib.bars, talib.seed, 2));
      assert.equal(own.findIndex(Number.isFinite), Math.min(...Object.keys(expected).map(Number)));
      for (const [bar, value] of Object.entries(expected)) assertNear(own[Number(bar)] as number, value, `bar ${bar}`);
    });
  }

  it("hurst is a half for a random walk, more where returns go on, less where they turn back", () => {
    const walk = (persistence: number) => {
      const { close: prices } = givenBars(4_000, "hurst", 2);
      const out = Float64Array.from(prices);
      let shock = 0;
      for (let i = 1; i < out.length; i++) {
        const fresh = Math.log((prices[i] as number) / (prices[i - 1] as number));
        shock = persistence * shock + fresh;
        out[i] = (out[i - 1] as number) * Math.exp(shock);
      }
      const values = (computeIndicator("hurst(1024)", { close: out })["value"] as Float64Array).slice(1024);
      return mean([...values]);
    };
    const [turning, random, going] = [walk(-0.6), walk(0), walk(0.6)] as const;
    assert.ok(random > 0.45 && random < 0.65, `${random}`);
    assert.ok(turning < random - 0.1 && going > random + 0.1, `${turning} ${random} ${going}`);
  });

  it("volumeProfile finds the price at which most was traded, and the area around it", () => {
    const low10 = Float64Array.of(10, 10, 10, 20, 10);
    const columnsOf = { low: low10, high: Float64Array.from(low10, (value) => value + 1), volume: Float64Array.of(100, 100, 100, 50, 100) };
    const { pointOfControl, valueAreaHigh, valueAreaLow } = computeIndicator("volumeProfile(5,11)", columnsOf) as Record<string, Float64Array>;
    assert.deepEqual([pointOfControl?.[4], valueAreaHigh?.[4], valueAreaLow?.[4]], [10.5, 11, 10]);
  });

  it("leave none out", () => {
    const seen = new Set([...[...Object.keys(EXPECTED), ...Object.keys(talib.values)].map((request) => request.split(/[(.]/)[0]), "hurst", "volumeProfile"]);
    assert.deepEqual(
      INDICATORS.map(({ name }) => name).filter((name) => !seen.has(name)),
      [],
    );
  });
});
