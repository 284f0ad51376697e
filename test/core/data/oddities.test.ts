import assert from "node:assert/strict";
import fc from "fast-check";
import { oddities } from "../../../src/core/data/oddities.ts";
import { timeframeOf } from "../../../src/core/data/timeframe.ts";
import { tradingMidnights } from "../../../src/core/domain/nyse.ts";
import type { BarSeries } from "../../../src/core/domain/bars.ts";

const DAY = 86_400_000;
const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 0, 1);

/** Quiet prices around 100 at these times; `change` may make them odd. */
function bars(time: readonly number[], change: (i: number) => Partial<Record<"open" | "high" | "low" | "close", number>> = () => ({})): BarSeries {
  const close = (i: number) => 100 + Math.sin(i) * 1.5;
  const rows = time.map((_at, i) => {
    const [o, c] = [close(i - 0.5), close(i)];
    return { open: o, high: Math.max(o, c) + 0.5, low: Math.min(o, c) - 0.5, close: c, ...change(i) };
  });
  const column = (name: "open" | "high" | "low" | "close") => Float64Array.from(rows, (row) => row[name]);
  const times = Float64Array.from(time);
  return {
    symbol: "X",
    timeframe: timeframeOf(times),
    time: times,
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: new Float64Array(time.length),
    simulated: false,
  };
}

const find = (series: BarSeries) => oddities(series, NOW, async () => {});
const newYork = tradingMidnights("2015-01-01", "2016-12-31");
const weekdays = (from: number, days: number, skip: (day: number) => boolean = () => false) =>
  Array.from({ length: days }, (_value, i) => from + i * DAY).filter((ms) => ![0, 6].includes(new Date(ms).getUTCDay()) && !skip(ms));

describe("what is odd about bars", () => {
  it("is nothing where they keep to a calendar: New York's, weekdays with holidays, every day, months, one bar", async () => {
    const holidays = [Date.UTC(2015, 4, 1), Date.UTC(2015, 11, 25)];
    for (const time of [
      newYork,
      weekdays(Date.UTC(2015, 0, 5), 500, (ms) => holidays.includes(ms)),
      weekdays(Date.UTC(2015, 0, 5), 500).map((ms) => ms - 9 * HOUR), // Tokyo's midnights
      Array.from({ length: 400 }, (_value, i) => NOW - (400 - i) * DAY),
      Array.from({ length: 40 }, (_value, i) => Date.UTC(2015, i, 1)),
      Array.from({ length: 40 }, (_value, i) => Date.UTC(2015, 0, 2 + 7 * i)),
      [Date.UTC(1800, 0, 1)],
    ]) {
      assert.deepEqual(await find(bars(time)), []);
    }
  });

  it("is a single New York day that is missing, but no holiday or mourning", async () => {
    const missing = tradingMidnights("2015-06-17", "2015-06-17")[0] as number;
    assert.deepEqual(await find(bars(newYork.filter((ms) => ms !== missing))), ["1 gap: 1 bar is missing between 2015-06-16T04:00Z and 2015-06-18T04:00Z."]);
    const in2001 = tradingMidnights("2001-01-01", "2001-12-31").filter(
      (ms) => !new Date(ms).toISOString().startsWith("2001-09-1") || new Date(ms).getUTCDate() > 16,
    );
    assert.match((await find(bars(in2001))).join(), /^1 gap: 1 bar is missing between 2001-09-07T04:00Z and 2001-09-17/); // the 10th only
  });

  it("is three weekdays in a row elsewhere, and one day of a market that never closes", async () => {
    const from = Date.UTC(2015, 0, 5);
    const gap = (ms: number) => ms >= Date.UTC(2015, 2, 10) && ms < Date.UTC(2015, 2, 20);
    // New Year and the 4th of July are worked on: no New York calendar.
    assert.deepEqual(await find(bars(weekdays(from, 700, gap))), ["1 gap: 8 bars are missing between 2015-03-09 and 2015-03-20."]);
    const always = Array.from({ length: 100 }, (_value, i) => from + i * DAY).filter((_ms, i) => i !== 30 && i !== 60 && i !== 61);
    assert.deepEqual(await find(bars(always)), ["2 gaps: 3 bars are missing, most of them in a row (2) between 2015-03-05 and 2015-03-08."]);
  });

  it("is what is missing within a day, but neither nights nor lunch nor weekends", async () => {
    const session = weekdays(Date.UTC(2024, 0, 1), 60).flatMap((day) => [1, 2, 3, 5, 6, 7].map((hour) => day + hour * HOUR));
    assert.deepEqual(await find(bars(session)), []);
    assert.deepEqual(await find(bars(session.filter((ms) => ms !== Date.UTC(2024, 0, 17, 6)))), [
      "1 gap: 1 bar is missing between 2024-01-17T05:00Z and 2024-01-17T07:00Z.",
    ]);
    const forex = Array.from({ length: 2000 }, (_value, i) => Date.UTC(2024, 0, 1) + i * HOUR).filter((ms) => {
      const at = new Date(ms);
      return at.getUTCDay() !== 6 && !(at.getUTCDay() === 5 && at.getUTCHours() >= 22) && !(at.getUTCDay() === 0 && at.getUTCHours() < 22);
    });
    assert.deepEqual(await find(bars(forex)), []);
    const cut = forex.filter((ms) => ms < Date.UTC(2024, 0, 16, 20) || ms >= Date.UTC(2024, 0, 17, 4));
    assert.deepEqual(await find(bars(cut)), ["1 gap: 8 bars are missing between 2024-01-16T19:00Z and 2024-01-17T04:00Z."]);
  });

  it("is a jump by a split's ratio that stays, up or down", async () => {
    for (const [ratio, words] of [
      [2, "2:1 split"],
      [3, "3:1 split"],
      [4, "4:1 split"],
      [5, "5:1 split"],
      [10, "10:1 split"],
      [20, "20:1 split"],
      [1.5, "3:2 split"],
      [0.1, "1:10 reverse split"],
    ] as const) {
      const series = bars(newYork);
      for (const column of [series.open, series.high, series.low, series.close])
        for (let i = 250; i < column.length; i++) column[i] = (column[i] as number) / ratio;
      const [sentence, ...others] = await find(series);
      assert.match(
        sentence ?? "",
        new RegExp(`^The prices look unadjusted: a likely ${words} at ${new Date(newYork[250] as number).toISOString().slice(0, 10)}`),
      );
      assert.deepEqual(others, []);
    }
  });

  it("is a bad tick in any price of a bar, and no split then", async () => {
    for (const change of [{ close: 1000 }, { close: 1 }, { high: 5000 }, { low: 0.01 }, { open: 700, high: 701 }, { close: 50, low: 49 }]) {
      const found = await find(bars(newYork, (i) => (i === 100 ? change : {})));
      const said = found.filter((text) => text.includes("bad tick"));
      assert.deepEqual([said.length, found.some((text) => text.includes("split"))], [1, false], found.join());
      assert.match(said[0] as string, /^1 likely bad tick: the (open|high|low|close) \S+ at 2015-05-/);
    }
  });

  it("is an open or close outside of its bar, and a time in the future", async () => {
    assert.deepEqual(await find(bars(newYork, (i) => (i === 7 || i === 9 ? { close: 105, high: 102, low: 99 } : {}))), [
      `2 bars have their open or close outside of low to high, the first at ${new Date(newYork[7] as number).toISOString().slice(0, 16)}Z.`,
    ]);
    assert.deepEqual(await find(bars([Date.UTC(2099, 0, 1), Date.UTC(2099, 0, 2), Date.UTC(2099, 0, 5)])), ["3 bars lie in the future, from 2099-01-01 on."]);
  });

  it("is found once and said in sentences, whatever the bars", async () => {
    const price = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
    const step = fc.oneof(fc.constantFrom(60_000, HOUR, DAY, 7 * DAY), fc.integer({ min: 1, max: 400 * DAY }));
    const row = fc.record({ step, open: price, close: price, more: price });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), fc.integer({ min: -1e13, max: 3e13 }), async (rows, start) => {
        let at = start;
        const time = rows.map((each) => (at += each.step));
        const series = bars(time, (i) => {
          const { open, close, more } = rows[i] as (typeof rows)[number];
          return { open, close, high: Math.max(open, close, more), low: Math.min(open, close, more) };
        });
        const before = structuredClone(series);
        const sentences = await find(series);
        assert.deepEqual(series, before, "nothing is mended");
        assert.equal(new Set(sentences).size, sentences.length);
        for (const sentence of sentences) assert.match(sentence, /^[^\n]+\.$/);
        assert.doesNotMatch(sentences.join(), /NaN|undefined|Infinity/);
      }),
    );
  });
});
