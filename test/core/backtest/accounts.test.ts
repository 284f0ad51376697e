/** Costs, volume, margin, interest, corporate actions and several symbols in the event engine. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { clockedSeries } from "../../../src/core/backtest/clock.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import type { BacktestRequest, Costs, Sizing } from "../../../src/core/domain/backtest.ts";
import { defineStrategy, type BarContext } from "../../../src/core/domain/strategy.ts";
import { randomBars, request } from "./givenBars.ts";
import { days, isNear, played, quiet, together, tradesOf, type Row } from "./played.ts";

const DAY = 86_400_000;
const costs = (change: Partial<Costs>): Pick<BacktestRequest, "costs"> => ({ costs: { feeRate: 0, slippageBps: 0, ...change } });
const flat: Row[] = [quiet, quiet, quiet];
const hold = { 0: (bar: BarContext) => bar.buy() };

describe("Costs of the event engine", () => {
  it("are an amount per share, with a minimum per fill, inside the cash of an all-in entry", () => {
    const perShare = played(flat, hold, costs({ feePerShare: 1 }));
    assert.ok(isNear(perShare.trades[0]?.size, 10_000 / 101));
    assert.ok(isNear(perShare.stats.totalFees, 2 * (10_000 / 101)));
    const least = played(flat, hold, costs({ feePerShare: 0.001, feeMin: 5 }));
    assert.ok(isNear(least.trades[0]?.size, 99.95));
    assert.ok(isNear(least.stats.finalEquity, 9990));
  });

  it("are half the spread on market and stop fills, and nothing on limits", () => {
    assert.deepEqual(tradesOf(played(flat, { 0: (bar) => bar.buy({ size: 1 }) }, costs({ spreadBps: 200 }))), [["long", 1, 101, 2, 99, 1]]);
    assert.equal(played(flat, { 0: (bar) => bar.buy({ size: 1, limit: 100 }) }, costs({ spreadBps: 200 })).trades[0]?.entryPrice, 100);
  });

  it("grow with the square of an order's share of the volume", () => {
    const rows: Row[] = [quiet, [100, 101, 99, 100, 100], [100, 101, 99, 100, 100]];
    const [trade] = played(rows, { 0: (bar) => bar.buy({ size: 20 }) }, costs({ impact: 0.1 })).trades;
    assert.ok(isNear(trade?.entryPrice, 100 * (1 + 0.1 * 0.04)));
  });

  it("send auto to the event engine, and are refused by the others", () => {
    const definition = defineStrategy({
      name: "s",
      params: {},
      signals: ({ length }) => ({ entries: new Int8Array(length).fill(1), exits: new Int8Array(length) }),
    });
    const run = (engine: BacktestRequest["engine"]) => runBacktest(request({ ...costs({ feePerShare: 0.01 }), engine }), { definition, hash: "" }, days(flat));
    assert.equal(run("auto").engine, "event");
    assert.match(run("auto").engineReason, /these costs need the event engine/);
    assert.throws(() => run("vector"), { code: "engine-not-possible", kind: "usage" });
  });
});

describe("A limit on volume", () => {
  const rows: Row[] = [quiet, [100, 101, 99, 100, 100], [110, 111, 109, 110, 0], [120, 121, 119, 120, Number.NaN], [130, 131, 129, 130, 1000], quiet];
  const limited = costs({ volumeLimit: 0.1 });

  it("fills an order in parts, none in a bar without volume", () => {
    const seen: number[] = [];
    const count = (bar: BarContext) => void seen.push(bar.position);
    const result = played(rows, { 0: (bar) => bar.buy({ size: 50 }), 1: count, 2: count, 3: count, 4: count }, { ...limited, sizing: { kind: "all-in" } });
    assert.deepEqual(seen, [10, 10, 10, 50]);
    assert.deepEqual(tradesOf(result), [["long", 1, (10 * 100 + 40 * 130) / 50, 5, 100, 50]]);
  });

  it("leaves the rest of a touched stop as a market order, and kills a fok that does not fit", () => {
    const seen: number[] = [];
    const falling: Row[] = [quiet, [100, 101, 99, 100, 1000], [95, 96, 89, 91, 100], [85, 86, 84, 85, 1000], quiet];
    played(
      falling,
      { 0: (bar) => bar.buy({ size: 50, stopLoss: 90 }), 2: (bar) => void seen.push(bar.position), 3: (bar) => void seen.push(bar.position) },
      limited,
    );
    assert.deepEqual(seen, [40, 0]);
    assert.equal(played(rows, { 0: (bar) => bar.buy({ size: 50, tif: "fok" }) }, limited).trades.length, 0);
    assert.equal(played(rows, { 0: (bar) => bar.buy({ size: 50, tif: "ioc" }) }, limited).trades[0]?.size, 10);
  });
});

describe("Margin", () => {
  it("lets a position be a multiple of the equity", () => {
    const result = played([quiet, quiet, [110, 111, 109, 110], [110, 111, 109, 110]], hold, costs({ leverage: 2 }));
    assert.equal(result.trades[0]?.size, 200);
    assert.equal(result.stats.finalEquity, 12_000);
  });

  it("is called when the equity no longer covers a quarter of the positions: all is closed at the next open", () => {
    const result = played([quiet, quiet, [66, 67, 65, 66], [60, 61, 59, 60], [100, 101, 99, 100]], hold, costs({ leverage: 2 }));
    assert.deepEqual(tradesOf(result), [["long", 1, 100, 3, 60, 200]]);
    assert.match(result.warnings.join(" "), /1 margin call/);
  });

  it("can end in debt, and the statistics stay numbers or null", () => {
    const { stats, warnings } = played([quiet, quiet, [30, 31, 29, 30], [30, 31, 29, 30]], hold, costs({ leverage: 2 }));
    assert.equal(stats.finalEquity, -4000);
    assert.match(warnings.join(" "), /fell below zero/);
    for (const [name, value] of Object.entries(stats)) assert.ok(value === null || Number.isFinite(value), `${name} is ${value}`);
  });

  it("keeps a short position within the equity", () => {
    assert.equal(played(flat, { 0: (bar) => bar.short() }).trades[0]?.size, 100);
    assert.equal(played(flat, { 0: (bar) => bar.short({ size: 101 }) }).trades.length, 0);
  });
});

describe("Interest and dividends", () => {
  it("are earned on cash, paid on debt, by calendar days over 360", () => {
    assert.ok(isNear(played(flat, {}, costs({ cashRate: 0.36 })).stats.financing, 10_000 * 0.001 * (2 + 0.001)));
    const debt = played(flat, hold, costs({ leverage: 2, marginRate: 0.36 }));
    assert.ok(isNear(debt.stats.financing, -10));
    assert.ok(isNear(debt.stats.finalEquity, 9990));
  });

  it("are paid for what is borrowed to be short, as a part of the trade", () => {
    const result = played(flat, { 0: (bar) => bar.short({ size: 10 }) }, costs({ borrowRate: 0.36, cashRate: 0 }));
    assert.ok(isNear(result.trades[0]?.carry, 1));
    assert.ok(isNear(result.trades[0]?.pnl, -1));
    assert.ok(isNear(result.stats.finalEquity, 9999));
  });

  it("come with the bars: a split leaves the worth as it is, a dividend adds to it", () => {
    const rows: Row[] = [quiet, quiet, [50, 51, 49, 50], [49, 50, 48, 49]];
    const data = days(rows);
    const series = { ...data.series, actions: [{ kind: "split", time: 2 * DAY, ratio: 2 } as const, { kind: "dividend", time: 3 * DAY, amount: 1 } as const] };
    const result = played({ ...data, series }, { 0: (bar) => bar.buy({ stopLoss: 80 }) });
    assert.deepEqual(
      result.equity?.map(([, value]) => value),
      [10_000, 10_000, 10_000, 10_000],
    );
    assert.deepEqual(tradesOf(result), [["long", 1, 50, 3, 49, 200]]);
    assert.equal(result.trades[0]?.pnl, 0);
    assert.equal(result.stats.financing, 200);
  });
});

describe("Several symbols on one clock", () => {
  const row = (price: number): Row => [price, price + 1, price - 1, price];
  const data = together({
    A: [row(100), row(100), row(100), null, row(120), row(120)],
    B: [null, row(50), null, row(60), row(60), row(70)],
  });

  it("see each its last bar, and whether it is of this time", () => {
    const seen: unknown[] = [];
    const look = (bar: BarContext) => {
      const b = bar.of("B");
      seen.push([bar.index, bar.close, bar.hasBar, b.close, b.hasBar, b.lag(1)]);
    };
    played(data, { 0: look, 1: look, 2: look, 3: look, 4: look });
    assert.deepEqual(seen, [
      [0, 100, true, Number.NaN, false, Number.NaN],
      [1, 100, true, 50, true, Number.NaN],
      [2, 100, true, 50, false, Number.NaN],
      [3, 100, false, 60, true, 50],
      [4, 120, true, 60, true, 60],
    ]);
  });

  it("share the cash; an order waits for a bar of its own symbol", () => {
    const result = played(data, {
      0: (bar) => bar.buy({ size: 50 }),
      1: (bar) => bar.of("B").buy({ size: 100 }),
      4: (bar) => bar.exit(),
    });
    assert.deepEqual(
      result.trades.map(({ symbol, entryIndex, entryPrice, exitIndex, exitPrice, finalized }) => [
        symbol,
        entryIndex,
        entryPrice,
        exitIndex,
        exitPrice,
        finalized,
      ]),
      [["A", 1, 100, 5, 120, false]],
    );
    assert.match(result.warnings.join(" "), /1 entry was not filled/, "B at 60 takes more than the 5,000 that are left");
  });

  it("sell before they buy in one bar, so that the money can move from one to another", () => {
    const result = played(data, {
      0: (bar) => bar.buy(),
      3: (bar) => {
        bar.of("B").buy();
        bar.exit();
      },
    });
    assert.deepEqual(
      result.trades.map(({ symbol, entryIndex, exitIndex }) => [symbol, entryIndex, exitIndex]),
      [
        ["A", 1, 4],
        ["B", 4, 5],
      ],
    );
    assert.equal(result.stats.finalEquity, 14_000);
  });

  it("are shown on the clock of all: flat where the first has no bar", () => {
    const { time, open, close } = clockedSeries(data);
    assert.deepEqual([time.length, Array.from(open), Array.from(close)], [6, [100, 100, 100, 100, 120, 120], [100, 100, 100, 100, 120, 120]]);
  });

  it("are named when one is missing, and counted before the run", () => {
    assert.throws(() => played(data, { 0: (bar) => bar.of("C").buy() }), { code: "unknown-symbol" });
    const definition = defineStrategy({
      name: "single",
      params: {},
      signals: ({ length }) => ({ entries: new Int8Array(length), exits: new Int8Array(length) }),
    });
    assert.throws(() => runBacktest(request(), { definition, hash: "" }, data), { code: "too-many-symbols", kind: "usage" });
  });
});

describe("An account under random orders", () => {
  const amount = fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined });
  const near = fc.option(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { nil: undefined });
  const tif = fc.constantFrom("gtc" as const, "day" as const, "opg" as const, "cls" as const, "ioc" as const, "fok" as const);
  const action = fc.record({
    what: fc.constantFrom("buy", "sell", "short", "cover", "exit", "target", "cancel", "nothing", "nothing"),
    size: amount,
    limit: near,
    stop: near,
    stopLoss: near,
    takeProfit: near,
    trail: near,
    tif,
  });
  const rules = fc.record({
    costs: fc.record({
      feeRate: fc.constantFrom(0, 0.001),
      slippageBps: fc.constantFrom(0, 20),
      feePerShare: fc.constantFrom(0, 0.01),
      feeMin: fc.constantFrom(0, 1),
      spreadBps: fc.constantFrom(0, 10),
      leverage: fc.constantFrom(1, 1, 3),
      borrowRate: fc.constantFrom(0, 0.05),
      cashRate: fc.constantFrom(0, 0.03),
    }),
    sizing: fc.constantFrom<Sizing>({ kind: "all-in" }, { kind: "whole-shares" }, { kind: "fixed", units: 20 }, { kind: "percent", percent: 40 }),
    fill: fc.constantFrom<BacktestRequest["fill"]>("next-open", "close"),
  });

  it("holds cash and positions equal to equity at every bar, and ends at start plus profits plus interest", () => {
    fc.assert(
      fc.property(randomBars(60), fc.array(action, { minLength: 60, maxLength: 60 }), rules, (data, actions, rule) => {
        const times = (price: number, factor: number | undefined) => (factor === undefined ? undefined : price * factor);
        const definition = defineStrategy({
          name: "random",
          params: {},
          onBar(bar) {
            const { what, size, limit, stop, stopLoss, takeProfit, trail, tif: works } = actions[bar.index % actions.length]!;
            assert.ok(Math.abs(bar.cash + bar.position * bar.close - bar.equity) < 1e-6);
            const exits = Object.fromEntries(
              Object.entries({ size, limit: times(bar.close, limit), stop: times(bar.close, stop), tif: works }).filter(([, value]) => value !== undefined),
            );
            const entries = {
              ...exits,
              ...(stopLoss === undefined ? {} : { stopLoss: bar.close * stopLoss }),
              ...(takeProfit === undefined ? {} : { takeProfit: bar.close * takeProfit }),
              ...(trail === undefined ? {} : { trail: bar.close * 0.03 }),
            };
            if (what === "buy") bar.buy(entries);
            else if (what === "short") bar.short(entries);
            else if (what === "sell") bar.sell(exits);
            else if (what === "cover") bar.cover(exits);
            else if (what === "exit") bar.exit();
            else if (what === "target") bar.targetPercent((size ?? 0) - 30);
            else if (what === "cancel") bar.cancelAll();
          },
        });
        const result = runBacktest(request({ ...rule, withEquity: true }), { definition, hash: "" }, data);
        const profit = result.trades.reduce((sum, trade) => sum + trade.pnl, 0);
        const carry = result.trades.reduce((sum, trade) => sum + (trade.carry ?? 0), 0);
        const expected = 10_000 + profit + result.stats.financing + carry;
        assert.ok(Math.abs(result.stats.finalEquity - expected) < 1e-6 * Math.max(1, Math.abs(expected)), `${result.stats.finalEquity} and ${expected}`);
        for (const [name, value] of Object.entries(result.stats)) assert.ok(value === null || Number.isFinite(value), `${name} is ${value}`);
        for (const trade of result.trades) assert.ok(trade.exitIndex >= trade.entryIndex && trade.size > 0);
      }),
      { numRuns: 300 },
    );
  });
});
