import assert from "node:assert/strict";
import fc from "fast-check";
import { addDays, tradingDay, tradingDayFrom, type TradingDay } from "../../../src/core/domain/nyse.ts";
import { isEnded } from "../../../src/core/exchange/records.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { givenEngine } from "./givenEngine.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const day = tradingDay("2026-11-18") as TradingDay;

/** A stock that pauses on a day soon after 18 November 2026. */
function findHalt(market: Market) {
  for (let date = day; ; date = tradingDayFrom(addDays(date.date, 1)))
    for (const { symbol } of market.stocks) {
      const halt = market.haltOn(symbol, date);
      if (halt !== undefined) return { symbol, day: date, ...halt };
    }
}

describe("a day of the simulated market", () => {
  it("adds up: the day's bar is its minutes, a minute's volume its trades, and no price leaves it", () => {
    const market = new Market(11);
    const symbols = fc.constantFrom(...market.stocks.slice(0, 200).map(({ symbol }) => symbol));
    fc.assert(
      fc.property(symbols, fc.integer({ min: 0, max: 300 }), (symbol, later) => {
        const of = tradingDayFrom(addDays("2025-11-18", later));
        const bar = market.dailyBar(symbol, of);
        const minutes = market.minuteBars(symbol, of, of.open, of.close);
        assert.deepEqual(
          [minutes[0]?.o, Math.max(...minutes.map(({ h }) => h)), Math.min(...minutes.map(({ l }) => l)), minutes.at(-1)?.c],
          [bar.o, bar.h, bar.l, bar.c],
        );
        assert.equal(
          minutes.reduce((sum, { v }) => sum + v, 0),
          bar.v,
        );
        assert.equal(market.dayVolume(symbol, of.close).volume, bar.v);
        const some = minutes[later % minutes.length] as (typeof minutes)[number];
        const last = some.t === of.close - MINUTE ? 60 : 59;
        const trades = Array.from({ length: last + 1 }, (_, s) => market.trade(symbol, some.t + s * 1000));
        const sizes = trades.map(({ size }) => size);
        // A second without a share still shows one.
        if (some.v > 1000)
          assert.equal(
            sizes.reduce((a, b) => a + b, 0),
            some.v,
          );
        assert.deepEqual([some.o, some.c], [trades[0]?.price, trades.at(-1)?.price]);
      }),
      { numRuns: 60 },
    );
  });

  it("is busier near its ends than in the middle", () => {
    const market = new Market(11);
    let [ends, middle] = [0, 0];
    for (const { symbol } of market.stocks.slice(0, 60)) {
      const bars = market.minuteBars(symbol, day, day.open, day.close);
      for (const { t, v } of bars) {
        const minute = (t - day.open) / MINUTE;
        if (minute < 30 || minute >= 360) ends += v;
        else if (minute >= 165 && minute < 225) middle += v;
      }
    }
    assert.ok(ends > 2 * middle, `${ends} ${middle}`);
  });

  it("pauses a stock now and then: nothing trades, and orders wait for the end of it", () => {
    const market = new Market(11);
    const halt = findHalt(market);
    assert.equal(halt.to - halt.from, 5 * MINUTE);
    assert.deepEqual(market.minuteBars(halt.symbol, halt.day, halt.from, halt.to - 1), []);
    const before = market.trade(halt.symbol, halt.from - 1000);
    assert.deepEqual(market.trade(halt.symbol, halt.from + 2 * MINUTE), before);
    assert.deepEqual(market.halt(halt.symbol, halt.from), { from: halt.from, to: halt.to });
    assert.equal(market.halt(halt.symbol, halt.to), undefined);
    const desk = givenEngine({ market, hours: "nyse", start: new Date(halt.from + 10_000).toISOString(), cash: 1_000_000 });
    const order = desk.submit({ symbol: halt.symbol });
    for (let passed = 0; desk.clock.now() < halt.to - 5000; passed++) {
      desk.pass(passed % 2 === 0 ? 1000 : 70_000);
      if (desk.clock.now() < halt.to) assert.equal(order.filledQty.toNumber(), 0);
    }
    desk.pass(2 * MINUTE);
    assert.equal(order.status, "filled");
    assert.ok((order.filledAt as number) >= halt.to);
  });

  it("moves before the open and after the close where there are such hours, on the way from close to open", () => {
    const market = new Market(11, { extendedHours: true });
    const next = tradingDayFrom(addDays(day.date, 1));
    let moved = 0;
    for (const { symbol } of market.stocks.slice(0, 40)) {
      const { c } = market.dailyBar(symbol, day);
      assert.equal(market.last(symbol, day.close), c);
      const evening = market.last(symbol, day.close + 4 * HOUR);
      assert.equal(market.last(symbol, day.close + 9 * HOUR), evening, "the night stands still");
      assert.equal(market.last(symbol, next.open), market.dailyBar(symbol, next).o);
      const bars = [
        ...market.extendedBars(symbol, day, "post", day.close, day.close + 4 * HOUR),
        ...market.extendedBars(symbol, next, "pre", 0, next.open - 1),
      ];
      for (const { o, h, l, c: close, v, t } of bars) {
        assert.ok(l <= Math.min(o, close) && h >= Math.max(o, close) && v > 0);
        assert.ok((t >= day.close && t < day.close + 4 * HOUR) || (t >= next.open - 5.5 * HOUR && t < next.open));
      }
      if (new Set(bars.map(({ c: price }) => price)).size > 3) moved++;
    }
    assert.ok(moved > 30, String(moved));
    const still = new Market(11);
    assert.equal(still.last("AAPL", day.close + HOUR), still.dailyBar("AAPL", day).c);
  });

  it("fills outside the session only what asked for it, at the price of then", () => {
    const market = new Market(11, { extendedHours: true });
    const desk = givenEngine({ market, hours: "nyse", start: new Date(day.close + 10 * MINUTE).toISOString() });
    const now = desk.clock.now();
    const lows = market.extendedBars("NVDA", day, "post", now, day.close + 4 * HOUR).map(({ l }) => l);
    const limit = (Math.min(...lows) * 1.002).toFixed(2);
    const asked = desk.submit({ symbol: "NVDA", type: "limit", limit_price: limit, extended_hours: true });
    const other = desk.submit({ symbol: "NVDA", qty: "2", type: "limit", limit_price: limit });
    for (let passed = 0; passed < 240 && !isEnded(asked); passed++) desk.pass(MINUTE);
    assert.equal(asked.status, "filled");
    assert.ok((asked.filledAt as number) > now && (asked.filledAt as number) <= day.close + 4 * HOUR);
    assert.ok(asked.filledValue.toNumber() <= Number(limit));
    assert.equal(other.filledQty.toNumber(), 0);
  });
});
