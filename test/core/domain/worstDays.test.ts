import assert from "node:assert/strict";
import fc from "fast-check";
import type { BarSeries } from "../../../src/core/domain/bars.ts";
import { worstDays } from "../../../src/core/domain/worstDays.ts";

const DAY = 86_400_000;

/** Daily bars from `first` (a count of days), with these closes. */
function bars(symbol: string, closes: readonly number[], first = 20_000): BarSeries {
  const close = Float64Array.from(closes);
  const time = Float64Array.from(closes, (_, i) => (first + i) * DAY + 5 * 3_600_000);
  return { symbol, timeframe: "1Day", time, open: close, high: close, low: close, close, volume: close, simulated: true };
}

describe("a book on its worst days", () => {
  it("adds up what each holding did on each day, worst first, before and after the order", () => {
    const found = worstDays(
      [
        { symbol: "A", before: 1000, after: 2000, bars: bars("A", [100, 90, 99]) },
        { symbol: "B", before: -500, after: -500, bars: bars("B", [10, 11, 11]) },
      ],
      10_000,
    );
    assert.ok(found !== null);
    assert.deepEqual([found.days, found.from, found.to], [2, "2024-10-05", "2024-10-06"]);
    const [first, second] = found.worst;
    // Day one: A falls 10 %, the short in B loses 10 %. Day two: A rises 10 %, B stands.
    assert.deepEqual([first?.date, Math.round(first?.before ?? 0), Math.round(first?.after ?? 0)], ["2024-10-05", -150, -250]);
    assert.deepEqual([Math.round(second?.before ?? 0), Math.round(second?.after ?? 0)], [100, 200]);
    assert.ok(Math.abs(found.addsAtMostPct - 1) < 1e-9);
    assert.ok(Math.abs(found.worst1Pct.afterPct - -2.5) < 1e-9);
  });

  it("names holdings without past prices, and those with fewer days", () => {
    const found = worstDays(
      [
        { symbol: "A", before: 1, after: 1, bars: bars("A", [1, 2, 3]) },
        { symbol: "NEW", before: 1, after: 1, bars: bars("NEW", [1, 2], 20_001) },
        { symbol: "NONE", before: 1, after: 1 },
      ],
      100,
    );
    assert.deepEqual([found?.missing, found?.shorter], [["NONE"], ["NEW"]]);
  });

  it("is null without equity, holdings or a day", () => {
    const line = { symbol: "A", before: 1, after: 1, bars: bars("A", [1, 2]) };
    assert.equal(worstDays([line], 0), null);
    assert.equal(worstDays([], 100), null);
    assert.equal(worstDays([{ ...line, bars: bars("A", [1]) }], 100), null);
  });

  it("adds nothing where the order changes nothing, and never says a loss smaller than a single day's", () => {
    const closes = fc.array(fc.double({ min: 0.5, max: 500, noNaN: true }), { minLength: 2, maxLength: 60 });
    const value = fc.double({ min: -1e5, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(closes, value), { minLength: 1, maxLength: 4 }), (book) => {
        const lines = book.map(([prices, worth], i) => ({ symbol: `S${i}`, before: worth, after: worth, bars: bars(`S${i}`, prices) }));
        const found = worstDays(lines, 1000);
        assert.ok(found !== null);
        assert.equal(found.addsAtMostPct, 0);
        for (const day of found.worst) assert.equal(day.before, day.after);
        const [worst] = found.worst;
        assert.ok(found.worst.every((day) => day.after >= (worst?.after ?? 0)));
        assert.ok(found.worst1Pct.afterPct >= (worst?.afterPct ?? 0) - 1e-9);
      }),
    );
  });
});
