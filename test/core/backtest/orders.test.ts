/** Orders of every type in the event engine, long and short. */
import assert from "node:assert/strict";
import type { BacktestRequest } from "../../../src/core/domain/backtest.ts";
import { played, quiet, tradesOf, type Row } from "./played.ts";

const one: Partial<BacktestRequest> = { sizing: { kind: "fixed", units: 10 } };

describe("Short positions", () => {
  it("sell at the next open, gain when the price falls, and are bought back", () => {
    const result = played([quiet, quiet, [90, 91, 89, 90], [80, 81, 79, 80], quiet], { 0: (bar) => bar.short(), 2: (bar) => bar.cover() }, one);
    assert.deepEqual(tradesOf(result), [["short", 1, 100, 3, 80, 10]]);
    assert.equal(result.trades[0]?.pnl, 200);
    assert.deepEqual(
      result.equity?.map(([, value]) => value),
      [10_000, 10_000, 10_100, 10_200, 10_200],
    );
  });

  it("have their stop above and their profit below", () => {
    const rows = (third: Row) => [quiet, quiet, third, quiet];
    const bracket = { 0: (bar: Parameters<Parameters<typeof played>[1][number]>[0]) => bar.short({ stopLoss: 110, takeProfit: 90 }) };
    assert.deepEqual(tradesOf(played(rows([100, 111, 99, 100]), bracket, one)), [["short", 1, 100, 2, 110, 10]]);
    assert.deepEqual(tradesOf(played(rows([115, 116, 114, 115]), bracket, one)), [["short", 1, 100, 2, 115, 10]]);
    assert.deepEqual(tradesOf(played(rows([100, 101, 89, 95]), bracket, one)), [["short", 1, 100, 2, 90, 10]]);
    assert.deepEqual(tradesOf(played(rows([85, 86, 84, 85]), bracket, one)), [["short", 1, 100, 2, 85, 10]], "better than the limit");
    assert.deepEqual(tradesOf(played(rows([100, 111, 89, 95]), bracket, one)), [["short", 1, 100, 2, 110, 10]], "the stop first");
  });

  it("pay slippage and fees on both sides", () => {
    const result = played(
      [quiet, quiet, quiet, quiet],
      { 0: (bar) => bar.short(), 1: (bar) => bar.cover() },
      { ...one, costs: { feeRate: 0.01, slippageBps: 100 } },
    );
    const [trade] = result.trades;
    assert.deepEqual([trade?.entryPrice, trade?.exitPrice], [99, 101]);
    assert.ok(Math.abs((trade?.pnl ?? 0) - (-20 - 20)) < 1e-9);
    assert.ok(Math.abs(result.stats.totalSlippage - 20) < 1e-9);
  });

  it("turn around in one bar: buy() while short closes and goes long, short() while long the mirror", () => {
    const result = played(
      [quiet, quiet, [110, 111, 109, 110], [120, 121, 119, 120]],
      { 0: (bar) => bar.short(), 1: (bar) => bar.buy(), 2: (bar) => bar.short() },
      one,
    );
    assert.deepEqual(tradesOf(result), [
      ["short", 1, 100, 2, 110, 10],
      ["long", 2, 110, 3, 120, 10],
      ["short", 3, 120, 3, 120, 10],
    ]);
  });

  it("are left alone by sell(), as long ones are by cover()", () => {
    const result = played([quiet, quiet, quiet, quiet], { 0: (bar) => bar.short(), 1: (bar) => bar.sell(), 2: (bar) => bar.short() }, one);
    assert.deepEqual(tradesOf(result), [["short", 1, 100, 3, 100, 10]]);
  });

  it("come from signals too, in the event engine", async () => {
    const { runBacktest } = await import("../../../src/core/backtest/runBacktest.ts");
    const { defineStrategy } = await import("../../../src/core/domain/strategy.ts");
    const { days } = await import("./played.ts");
    const { request } = await import("./givenBars.ts");
    const definition = defineStrategy({
      name: "both_ways",
      params: {},
      signals: () => ({ entries: [0, 0, 1, 0, 0], exits: [0, 0, 0, 1, 0], shortEntries: [true, false, false, false, false], shortExits: [0, 1, 0, 0, 0] }),
    });
    const result = runBacktest(request(one), { definition, hash: "" }, days([quiet, quiet, [90, 91, 89, 90], [95, 96, 94, 95], quiet]));
    assert.equal(result.engine, "event");
    assert.match(result.engineReason, /go short/);
    assert.deepEqual(tradesOf(result), [
      ["short", 1, 100, 2, 90, 10],
      ["long", 3, 95, 4, 100, 10],
    ]);
    assert.throws(() => runBacktest(request({ ...one, engine: "vector" }), { definition, hash: "" }, days([quiet, quiet, quiet, quiet, quiet])), {
      code: "engine-not-possible",
      kind: "usage",
    });
  });
});

describe("Stop-limit orders", () => {
  it("fill where they are touched when that is within the limit", () => {
    const result = played([quiet, [100, 106, 99, 104], quiet], { 0: (bar) => bar.buy({ stop: 105, limit: 107 }) }, one);
    assert.deepEqual(tradesOf(result), [["long", 1, 105, 2, 100, 10]]);
  });

  it("wait as a limit order, from the next bar on, when the price jumps over the limit", () => {
    const rows: Row[] = [quiet, [110, 112, 104, 111], [111, 112, 106, 108], quiet];
    assert.deepEqual(tradesOf(played(rows, { 0: (bar) => bar.buy({ stop: 105, limit: 107 }) }, one)), [["long", 2, 107, 3, 100, 10]]);
  });

  it("protect a position no lower than their limit", () => {
    const rows: Row[] = [quiet, quiet, [80, 82, 78, 81], [82, 95, 81, 94], quiet];
    assert.deepEqual(tradesOf(played(rows, { 0: (bar) => bar.buy(), 1: (bar) => bar.sell({ stop: 95, limit: 92 }) }, one)), [["long", 1, 100, 3, 92, 10]]);
  });
});

describe("Trailing stops", () => {
  const rising: Row[] = [quiet, quiet, [105, 110, 104, 109], [109, 109, 103, 104], quiet];

  it("follow the best price of the bars before, by a distance or in percent", () => {
    assert.deepEqual(tradesOf(played(rising, { 0: (bar) => bar.buy({ trail: 6 }) }, one)), [["long", 1, 100, 3, 104, 10]]);
    assert.deepEqual(tradesOf(played(rising, { 0: (bar) => bar.buy({ trailPercent: 5 }) }, one)), [["long", 1, 100, 3, 110 * 0.95, 10]]);
  });

  it("never fall back, and follow a short position down", () => {
    const falling: Row[] = [quiet, quiet, [95, 96, 90, 91], [91, 95, 91, 94], quiet];
    assert.deepEqual(tradesOf(played(falling, { 0: (bar) => bar.short({ trail: 5 }) }, one)), [["short", 1, 100, 3, 95, 10]]);
  });
});

describe("The time that an order works", () => {
  const dip: Row[] = [quiet, quiet, [100, 101, 90, 95], quiet];

  it("is until it is cancelled, or its first day", () => {
    assert.equal(played(dip, { 0: (bar) => bar.buy({ limit: 92 }) }, one).trades.length, 1);
    assert.equal(played(dip, { 0: (bar) => bar.buy({ limit: 92, tif: "day" }) }, one).trades.length, 0);
    assert.equal(played(dip, { 1: (bar) => bar.buy({ limit: 92, tif: "day" }) }, one).trades.length, 1);
  });

  it("is the open alone for opg, ioc and fok, and the close for cls", () => {
    for (const tif of ["opg", "ioc", "fok"] as const) {
      assert.equal(played(dip, { 1: (bar) => bar.buy({ limit: 92, tif }) }, one).trades.length, 0, tif);
      assert.deepEqual(tradesOf(played(dip, { 1: (bar) => bar.buy({ limit: 100, tif }) }, one)), [["long", 2, 100, 3, 100, 10]], tif);
    }
    assert.deepEqual(tradesOf(played(dip, { 1: (bar) => bar.buy({ tif: "cls" }) }, one)), [["long", 2, 95, 3, 100, 10]]);
  });

  it("is one of six words", () => {
    assert.throws(() => played(dip, { 0: (bar) => bar.buy({ tif: "gtd" as never }) }, one), { code: "bad-tif" });
  });
});

describe("Sizes of single orders", () => {
  it("add to a position, reduce it, and count as one round trip at mean prices", () => {
    const rows: Row[] = [quiet, quiet, [110, 111, 109, 110], [120, 121, 119, 120], [130, 131, 129, 130], quiet];
    const result = played(rows, {
      0: (bar) => bar.buy({ size: 10 }),
      1: (bar) => bar.buy({ size: 30 }),
      2: (bar) => bar.sell({ size: 15 }),
      3: (bar) => bar.exit(),
    });
    assert.deepEqual(tradesOf(result), [["long", 1, 100, 4, (15 * 120 + 25 * 130) / 40, 40].map((value, i) => (i === 2 ? 107.5 : value))]);
    assert.equal(result.trades[0]?.pnl, 15 * 120 + 25 * 130 - 1000 - 3300);
  });

  it("are refused when they are no sizes, and skipped when the cash does not reach", () => {
    assert.throws(() => played([quiet, quiet], { 0: (bar) => bar.buy({ size: -1 }) }), /size is -1/);
    const result = played([quiet, quiet], { 0: (bar) => bar.buy({ size: 1e6 }) });
    assert.equal(result.trades.length, 0);
    assert.match(result.warnings.join(" "), /1 entry was not filled/);
  });

  it("bring the position to a share of the equity, up and down and to the other side", () => {
    const seen: number[] = [];
    const result = played([quiet, quiet, quiet, quiet, quiet], {
      0: (bar) => bar.targetPercent(50),
      1: (bar) => (seen.push(bar.position), bar.targetPercent(20)),
      2: (bar) => (seen.push(bar.position), bar.targetPercent(-30)),
      3: (bar) => (seen.push(bar.position), bar.targetUnits(0)),
      4: (bar) => seen.push(bar.position),
    });
    assert.deepEqual(seen, [50, 20, -30, 0]);
    assert.deepEqual(tradesOf(result), [
      ["long", 1, 100, 3, 100, 50],
      ["short", 3, 100, 4, 100, 30],
    ]);
  });

  it("work side by side under different tags", () => {
    const rows: Row[] = [quiet, [100, 101, 89, 95], quiet, quiet];
    const result = played(rows, {
      0: (bar) => {
        bar.buy({ limit: 96, size: 5, tag: "a" });
        bar.buy({ limit: 92, size: 5, tag: "b" });
      },
    });
    assert.deepEqual(tradesOf(result), [["long", 1, 94, 3, 100, 10]]);
  });
});
