import assert from "node:assert/strict";
import { drawdownUnder, everyTrade, noTradeInLast, partOf, returnWithin, statWithin, tradesBetween } from "../../../src/core/domain/assertionChecks.ts";
import type { BacktestResult, BacktestTrade } from "../../../src/core/domain/backtest.ts";

const trade = (more: Partial<BacktestTrade>): BacktestTrade =>
  ({
    entryIndex: 0,
    exitIndex: 1,
    entryTime: "2020-01-02T15:00:00.000Z",
    exitTime: "2020-01-02T16:00:00.000Z",
    bars: 1,
    finalized: false,
    ...more,
  }) as BacktestTrade;

function result(equity: ReadonlyArray<readonly [string, number]>, trades: readonly BacktestTrade[] = []): BacktestResult {
  return { equity, trades, stats: { sharpe: null, trades: 3 }, dataset: { from: "2020", to: "2021" } } as unknown as BacktestResult;
}

describe("what assertions look at", () => {
  const curve = result([
    ["2020-01-01T00:00:00.000Z", 100],
    ["2020-02-28T00:00:00.000Z", 120],
    ["2020-03-02T00:00:00.000Z", 108],
    ["2020-03-16T00:00:00.000Z", 90],
    ["2020-04-01T00:00:00.000Z", 150],
  ]);

  it("measures a fall from the highest close since the part began, and names its first bar", () => {
    assert.equal(drawdownUnder(curve, partOf("2020-03"), 17), null);
    const found = drawdownUnder(curve, partOf("2020-03"), 16);
    assert.deepEqual(found?.bar, { index: 3, time: "2020-03-16T00:00:00.000Z" });
    assert.match(found?.message ?? "", /fell 16\.67 % below its high of 2020-03-02 at bar 3/);
    assert.equal(drawdownUnder(curve, partOf("all"), 20)?.bar?.index, 3);
    assert.equal(drawdownUnder(curve, partOf("all"), 26), null);
  });

  it("takes a return from the close before the part to its last", () => {
    assert.equal(returnWithin(curve, partOf({ from: "2020-03", to: "2020-03-16" }), { min: -25.1, max: -24.9 }), null);
    assert.match(returnWithin(curve, partOf("2020-04"), { max: 50 })?.message ?? "", /66\.67 %/);
  });

  it("finds a fill in the last minutes of New York's session, summer and winter, half days too", () => {
    const at = (entryTime: string) => noTradeInLast(result([], [trade({ entryTime, exitTime: entryTime })]), partOf("all"), 5, undefined);
    for (const [time, isLate] of [
      ["2020-07-01T19:54:00.000Z", false],
      ["2020-07-01T19:55:00.000Z", true],
      ["2020-07-01T20:00:00.000Z", false],
      ["2020-01-02T20:56:00.000Z", true],
      ["2020-11-27T17:58:00.000Z", true],
      ["2020-07-04T19:58:00.000Z", false],
    ] as const)
      assert.equal(at(time) !== null, isLate, time);
    const finalized = trade({ exitTime: "2020-07-01T19:58:00.000Z", finalized: true });
    assert.equal(noTradeInLast(result([], [finalized]), partOf("all"), 5, undefined), null);
    assert.equal(noTradeInLast(result([], [{ ...finalized, finalized: false }]), partOf("all"), 5, undefined)?.trade?.number, 1);
    assert.notEqual(noTradeInLast(result([], [trade({ entryTime: "2020-01-02T15:58:00.000Z" })]), partOf("all"), 5, "16:00"), null);
  });

  it("counts trades where they are entered, and names the first that is too much", () => {
    const three = [1, 2, 3].map((n) => trade({ entryIndex: n, entryTime: `2020-0${n}-05T00:00:00.000Z` }));
    assert.equal(tradesBetween(result([], three), partOf("2020-02"), 1, 1), null);
    assert.equal(tradesBetween(result([], three), partOf("all"), 0, 2)?.trade?.number, 3);
    assert.match(tradesBetween(result([], three), partOf("2021"), 1, 2)?.message ?? "", /0 trades/);
    assert.equal(
      everyTrade(
        result([], three),
        partOf("all"),
        (one) => one.entryIndex < 2,
        () => "is late",
      )?.trade?.number,
      2,
    );
  });

  it("fails a statistic that is undefined or unknown", () => {
    assert.match(statWithin(curve, "sharpe", { min: 0 })?.message ?? "", /undefined/);
    assert.equal(statWithin(curve, "trades", { min: 3, max: 3 }), null);
    assert.match(statWithin(curve, "nothing" as "trades", { min: 3 })?.message ?? "", /no statistic/);
  });

  it("refuses a period that is none", () => {
    for (const text of ["March", "2020-13", "2020-02-30", "20", ""]) assert.throws(() => partOf(text), { code: "bad-period" }, text);
  });
});
