/** Bars that leave the working orders alone are passed over: that may not show. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { runEvent } from "../../../src/core/backtest/eventEngine.ts";
import { seededRandom } from "../../../src/core/base/random.ts";
import type { BarSeries, Dataset } from "../../../src/core/domain/bars.ts";
import type { BarContext, EntryOptions, ExitOptions } from "../../../src/core/domain/strategy.ts";
import { randomBars } from "./givenBars.ts";

const TIFS = ["gtc", "gtc", "gtc", "day", "opg", "cls", "ioc", "fok"] as const;
const rules = fc.record({
  cash: fc.constantFrom(1000, 100_000),
  costs: fc.constantFrom(
    { feeRate: 0, slippageBps: 0 },
    { feeRate: 0.001, slippageBps: 5, volumeLimit: 0.01, leverage: 2 },
    { feeRate: 0, slippageBps: 0, borrowRate: 0.05, cashRate: 0.02 },
  ),
  sizing: fc.constantFrom({ kind: "all-in" as const }, { kind: "fixed" as const, units: 3 }, { kind: "percent" as const, percent: 40 }),
  fill: fc.constantFrom("next-open" as const, "close" as const),
});

/** Orders of every kind around the close, from dice; `after` follows in every call. */
function dice(seed: string, after: (bar: BarContext) => void): (bar: BarContext) => void {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]) => values[Math.floor(random.next() * values.length)] as T;
  return (bar) => {
    for (const symbol of bar.symbols) {
      const one = bar.of(symbol);
      const { close } = one;
      const near = () => close * (1 + 0.04 * (random.next() - 0.5));
      const maybe = <T>(value: T) => (random.next() < 0.4 ? value : undefined);
      const exit = (): ExitOptions => {
        const kind = pick(["limit", "stop", "trail", "trailPercent", "both", "market"] as const);
        const levels = kind === "both" ? { limit: near(), stop: near() } : kind === "market" ? {} : { [kind]: kind.startsWith("trail") ? 2 : near() };
        return { ...levels, ...(maybe(1) && { size: 2 }), tif: pick(TIFS), ...(maybe(1) && { tag: "x" }) };
      };
      const entry = (): EntryOptions => {
        const { trail: _trail, trailPercent: _percent, ...levels } = exit();
        return { ...levels, ...(maybe(1) && { stopLoss: close * 0.98, takeProfit: close * 1.03 }), ...(maybe(1) && { trail: 3 }) };
      };
      if (!(close > 0) || random.next() < 0.6) continue;
      const act = pick([
        () => one.buy(entry()),
        () => one.short(entry()),
        () => one.sell(exit()),
        () => one.cover(exit()),
        () => one.exit(),
        () => one.targetUnits(pick([-4, 0, 5])),
        () => one.targetPercent(30),
        () => one.cancelAll(pick([undefined, "x"])),
      ]);
      act();
    }
    after(bar);
  };
}

function seriesOf({ series }: Dataset, symbol: string, splits: boolean): BarSeries {
  const volume = series.time.map((_time, t) => (t % 7) * 1000);
  const actions = Array.from(series.time, (time, t) => ({ kind: "split" as const, time, ratio: t % 2 === 0 ? 2 : 0.5 })).filter((_action, t) => t % 5 === 4);
  return { ...series, symbol, volume, ...(splits ? { actions } : {}) };
}

describe("A bar that does nothing to the working orders", () => {
  it("is passed over without a trace: an order that never fills, given at every bar, changes no trade", () => {
    let traded = 0;
    fc.assert(
      fc.property(fc.array(randomBars(80), { minLength: 1, maxLength: 3 }), fc.nat(1e6).map(String), rules, fc.boolean(), (data, seed, how, splits) => {
        const times = Math.min(...data.map(({ series }) => series.time.length));
        const series = data.map((one, number) => seriesOf(one, `S${number}`, splits)).map((one) => cut(one, times));
        const clock = series[0]!.time;
        const run = (after: (bar: BarContext) => void, watch?: () => void) => runEvent(series, clock, dice(seed, after), {}, how, watch);
        const stirring = (bar: BarContext) => {
          for (const symbol of bar.symbols) bar.of(symbol).buy({ limit: 1e-6, size: 1, tif: "day", tag: "never" });
        };
        const plain = run(() => undefined);
        const stirred = run(stirring);
        const watched = run(
          () => undefined,
          () => undefined,
        );
        assert.deepEqual(stirred.trades, plain.trades);
        assert.deepEqual(stirred.equity, plain.equity);
        assert.deepEqual(watched.trades, plain.trades);
        assert.deepEqual(watched.equity, plain.equity);
        traded += plain.trades.length;
      }),
      { numRuns: 300 },
    );
    assert.ok(traded > 100, `only ${traded} trades`);
  });
});

function cut(series: BarSeries, end: number): BarSeries {
  const { time, open, high, low, close, volume } = series;
  const to = (values: Float64Array) => values.subarray(0, end);
  return { ...series, time: to(time), open: to(open), high: to(high), low: to(low), close: to(close), volume: to(volume) };
}
