/** Walk-forward analysis through the real compute process, and its windows. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createBacktester } from "../../../../src/core/backtest/backtester.ts";
import { runBacktest } from "../../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../../src/core/backtest/strategies/builtin.ts";
import { planWindows } from "../../../../src/core/backtest/sweep/windows.ts";
import { walkForwardPage } from "../../../../src/core/backtest/sweep/walkForwardPage.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { sliceBars, type Dataset } from "../../../../src/core/domain/bars.ts";
import type { Backtester } from "../../../../src/core/domain/ports.ts";
import type { WalkForwardRequest } from "../../../../src/core/domain/walkForward.ts";
import { dataset, randomBars, request, sp500 } from "../givenBars.ts";

const DAY = 86_400_000;
const utc = (text: string) => Date.parse(`${text}T00:00:00Z`);
const daily = (from: string, count: number) => Float64Array.from({ length: count }, (_value, i) => utc(from) + i * DAY);

describe("the windows of a walk-forward analysis", () => {
  const plan = (time: Float64Array, train: string, test: string, anchored = false) => planWindows(time, { train, test, anchored });

  it("follow each other without a gap up to the last bar, each trained on the bars right before it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 50 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 200 }),
        fc.boolean(),
        (train, test, more, anchored) => {
          const bars = train + more;
          const windows = plan(daily("2020-01-01", bars), String(train), String(test), anchored);
          assert.equal(windows[0]!.test[0], train);
          assert.equal(windows.at(-1)!.test[1], bars);
          windows.forEach((window, i) => {
            assert.equal(window.train[1], window.test[0]);
            assert.equal(window.train[0], anchored ? 0 : window.test[0] - train);
            if (i > 0) assert.equal(window.test[0], windows[i - 1]!.test[1]);
            assert.ok(window.test[1] - window.test[0] <= test);
          });
        },
      ),
    );
  });

  it("of calendar lengths begin on the same day of the month, or on its last", () => {
    const time = daily("2020-01-31", 800);
    const windows = plan(time, "1y", "1m");
    const days = windows.map(({ test: [from] }) => new Date(time[from]!).toISOString().slice(0, 10));
    assert.deepEqual(days.slice(0, 4), ["2021-01-31", "2021-02-28", "2021-03-31", "2021-04-30"]);
    const [first] = windows;
    assert.equal(first!.train[0], 0);
    assert.equal(new Date(time[windows[1]!.train[0]]!).toISOString().slice(0, 10), "2020-02-28");
    assert.deepEqual(plan(time, "90d", "2w")[0], { train: [0, 90], test: [90, 104] });
    assert.deepEqual(plan(time, "300", "26w", true)[0], { train: [0, 300], test: [300, 482] });
  });

  it("leave out calendar windows without bars", () => {
    const time = Float64Array.of(...daily("2020-01-01", 100), ...daily("2022-01-01", 100));
    const windows = plan(time, "60d", "30d", true);
    assert.deepEqual(
      windows.slice(0, 3).map(({ test }) => test),
      [
        [60, 90],
        [90, 100],
        [100, 119],
      ],
    );
    windows.forEach(({ test: [from, to] }, i) => assert.ok(to > from && (i === 0 || from === windows[i - 1]!.test[1])));
    assert.equal(windows.at(-1)!.test[1], 200);
  });

  it("are refused in one sentence when they cannot be", () => {
    const time = daily("2020-01-01", 100);
    assert.throws(() => plan(time, "2x", "10"), /train is "2x", which is no length of time/);
    assert.throws(() => plan(time, "50", "0"), /test is "0"/);
    assert.throws(() => plan(time, "1.5y", "10"), /train is "1.5y"/);
    assert.throws(() => plan(time, "-5", "10"), /train is "-5"/);
    assert.throws(() => plan(time, "100", "10"), /leaves none of the 100 bars/);
    assert.throws(() => plan(time, "99999999999", "10"), /no length of time/);
    assert.throws(() => plan(time, "2", "10"), /2 bars to train on/);
    assert.throws(() => plan(daily("2020-01-01", 5000), "10", "1"), /more than 1000 windows/);
    assert.throws(() => plan(new Float64Array(0), "10", "1"), /leaves none/);
  });
});

describe("a walk-forward analysis", () => {
  const { signal } = new AbortController();
  const data = sp500();
  let backtester: Backtester;
  before(() => {
    backtester = createBacktester({ workers: 2, timeoutMs: 20_000, log: silentLog });
    backtester.register("sp500", data);
  });
  after(() => backtester.close());

  const walk = (change: Partial<WalkForwardRequest> = {}, key = "sp500"): WalkForwardRequest => ({
    request: request({ strategy: { kind: "builtin", name: "sma_cross" }, data: key, costs: { feeRate: 0.001, slippageBps: 5 } }),
    grid: "fast=5:25:10,slow=30:90:30",
    earlierTrials: 5,
    train: "1000",
    test: "250",
    ...change,
  });

  it("chooses by training alone, and tests with warm indicators and the money that was left", async () => {
    const { result, equity, time } = await backtester.walkForward(walk(), {}, signal);
    assert.equal(result.windows.length, Math.ceil((data.series.time.length - 1000) / 250));
    assert.deepEqual([result.combinations, result.run, result.succeeded, result.cancelled], [17 * 9, 17 * 9, 17 * 9, 0]);
    assert.equal(result.trialsCounted, 5 + 17 * 9);
    let cash = 10_000;
    for (const window of result.windows) {
      const sweep = await backtester.sweep(
        { ...walk(), request: { ...walk().request, from: Date.parse(window.train.from), to: Date.parse(window.train.to) }, top: 1 },
        {},
        signal,
      );
      assert.deepEqual(window.params, sweep.result.best[0]!.params);
      assert.deepEqual(window.inSample, sweep.result.best[0]!.stats);
      const began = data.series.time.indexOf(Date.parse(window.test.from));
      const whole = byHand(data, window.params!, began, began + window.test.bars);
      assert.equal(window.outOfSample!.trades, whole.trades);
      assert.ok(Math.abs(window.outOfSample!.totalReturnPct - whole.returnPct) < 1e-9, `${window.outOfSample!.totalReturnPct}, by hand ${whole.returnPct}`);
      cash *= 1 + window.outOfSample!.totalReturnPct / 100;
    }
    assert.ok(Math.abs(result.stats!.finalEquity - cash) < 1e-6);
    assert.equal(result.stats!.finalEquity, equity.at(-1));
    assert.equal(equity.length, data.series.time.length - 999);
    assert.equal(time[1], data.series.time[1000]);
    assert.equal(
      result.stats!.trades,
      result.windows.reduce((sum, { outOfSample }) => sum + outOfSample!.trades, 0),
    );
  });

  it("says the same of the first windows whatever comes after them", async () => {
    const { series } = sp500();
    const cut = dataset("cut", sliceBars(series, 0, 1500));
    backtester.register("cut", cut);
    for (const anchored of [false, true]) {
      const whole = await backtester.walkForward(walk({ anchored }), {}, signal);
      const short = await backtester.walkForward(walk({ anchored }, "cut"), {}, signal);
      assert.equal(short.result.windows.length, 2);
      assert.deepEqual(short.result.windows, whole.result.windows.slice(0, 2));
      assert.deepEqual(short.equity, whole.equity.slice(0, short.equity.length));
    }
  });

  it("keeps the windows that are done when it is cancelled", async () => {
    const controller = new AbortController();
    const { result } = await backtester.walkForward(
      walk({ train: "250", test: "50" }),
      { onProgress: ({ done, combinations }) => done > combinations / 4 && controller.abort() },
      controller.signal,
    );
    assert.ok(result.windows.length > 0 && result.windows.length < 90, String(result.windows.length));
    assert.ok(result.cancelled > 0);
    assert.equal(result.run + result.cancelled, result.combinations);
    assert.notEqual(result.stats, null);
  });

  it("gives the same result twice, and a page without a network", async () => {
    const [one, two] = [await backtester.walkForward(walk(), { workers: 1 }, signal), await backtester.walkForward(walk(), { workers: 3 }, signal)];
    assert.equal(one.result.runHash, two.result.runHash);
    assert.deepEqual(one.equity, two.equity);
    const html = walkForwardPage(one);
    assert.equal(html, walkForwardPage(two));
    assert.doesNotMatch(html, /(src|href)="?https?:(?!\/\/www\.tradingview)/);
    assert.match(html, /QUANTDESK WALK-FORWARD ANALYSIS/);
  });
});

describe("a run that trades from a bar on", () => {
  it("holds nothing before, and is the same in every engine and with either form of the strategy", () => {
    fc.assert(
      fc.property(randomBars(), fc.nat(), fc.constantFrom("next-open" as const, "close" as const), (given, n, fill) => {
        const first = n % given.series.time.length;
        const run = (engine: "vector" | "simple" | "event") =>
          runBacktest(
            request({
              name: "breakout",
              params: { entry: 3, exit: 2 },
              engine,
              fill,
              tradeFrom: given.series.time[first]!,
              withEquity: true,
              costs: { feeRate: 0.001, slippageBps: 5 },
            }),
            { definition: findStrategy("breakout"), hash: "" },
            given,
          );
        const [vector, simple, event] = [run("vector"), run("simple"), run("event")];
        assert.equal(vector.equity!.length, given.series.time.length - Math.max(0, first - 1));
        for (const { entryIndex } of vector.trades) assert.ok(entryIndex >= first);
        if (first > 0) assert.equal(vector.equity![0]![1], 10_000);
        const shape = (result: typeof vector) => result.trades.map((trade) => [trade.entryIndex, trade.exitIndex]);
        assert.deepEqual(shape(simple), shape(vector));
        assert.deepEqual(shape(event), shape(vector));
        assert.ok(Math.abs(event.stats.finalEquity - vector.stats.finalEquity) < 1e-6);
      }),
    );
  });
});

/** Signals of the whole past, trades from bar `from` to the close of the bar before `to` alone. */
function byHand({ series }: Dataset, { fast, slow }: Readonly<Record<string, number>>, from: number, to: number) {
  const mean = (t: number, period: number) => {
    let sum = 0;
    for (let k = t - period + 1; k <= t; k++) sum += Math.round(series.close[k]! * 100);
    return sum / period;
  };
  const sign = (t: number) => Math.sign(mean(t, fast!) - mean(t, slow!));
  let [cash, units, trades] = [1, 0, 0];
  for (let t = from; t < to; t++) {
    const [before, now] = [sign(t - 2), sign(t - 1)];
    if (units === 0 && before <= 0 && now > 0) {
      units = cash / (series.open[t]! * 1.0005 * 1.001);
      trades++;
    } else if (units > 0 && before >= 0 && now < 0) {
      cash = units * series.open[t]! * 0.9995 * 0.999;
      units = 0;
    }
  }
  if (units > 0) cash = units * series.close[to - 1]! * 0.9995 * 0.999;
  return { trades, returnPct: (cash - 1) * 100 };
}
