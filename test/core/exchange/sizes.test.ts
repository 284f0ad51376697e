import assert from "node:assert/strict";
import { Big } from "../../../src/core/base/decimal.ts";
import { openReplay } from "../../../src/core/exchange/replay.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { tradingDays } from "../../../src/core/domain/nyse.ts";
import { dataset } from "../backtest/givenBars.ts";
import { givenEngine } from "./givenEngine.ts";

describe("orders larger than what the market shows", () => {
  it("walk the book, then wait for more, and take at most a quarter of what a minute trades", () => {
    const desk = givenEngine({ cash: 100_000_000 });
    const { ask } = desk.market.quote("AAPL", desk.clock.now());
    const qty = String(desk.market.minuteVolume("AAPL", desk.clock.now()).volume);
    const order = desk.submit({ qty });
    desk.pass(0);
    assert.deepEqual([order.status], ["partially_filled"]);
    const [first] = desk.account.fills;
    assert.ok(first && first.price.gt(ask), `${first?.price.toFixed()} is not above ${ask}`);
    for (let second = 0; second < 600 && order.status !== "filled"; second++) desk.pass(1000);
    assert.equal(order.status, "filled");
    assert.equal(order.filledQty.toFixed(), qty);
    const minutes = new Map<number, Big>();
    for (const { at, qty } of desk.account.fills) {
      const { from } = desk.market.minuteVolume("AAPL", at);
      minutes.set(from, (minutes.get(from) ?? new Big(0)).plus(qty));
    }
    assert.ok(minutes.size > 1);
    for (const [from, qty] of minutes) assert.ok(qty.lte(Math.floor(desk.market.minuteVolume("AAPL", from).volume / 4)), `${qty.toFixed()} at ${from}`);
    const events = desk.events.map(({ event }) => event);
    assert.deepEqual([events[0], events[1], events.at(-1)], ["new", "partial_fill", "fill"]);
  });

  it("never pay more than their limit", () => {
    const desk = givenEngine({ cash: 100_000_000 });
    const { ask, askSize } = desk.market.quote("AAPL", desk.clock.now());
    const limit = (ask + 0.01).toFixed(2);
    const order = desk.submit({ qty: String(askSize * 5), type: "limit", limit_price: limit });
    desk.pass(0);
    assert.equal(order.filledQty.toFixed(), String(2 * askSize)); // two levels are within it
    desk.pass(60_000);
    for (const { price } of desk.account.fills) assert.ok(price.lte(limit));
  });

  it("are cut as ioc, and as fok trade whole or not at all", () => {
    const desk = givenEngine({ cash: 1_000_000_000 });
    const { askSize } = desk.market.quote("AAPL", desk.clock.now());
    const cut = desk.submit({ qty: String(askSize * 20), time_in_force: "ioc" });
    const none = desk.submit({ qty: String(askSize * 20), time_in_force: "fok" });
    const whole = desk.submit({ qty: String(askSize * 3), time_in_force: "fok" });
    desk.pass(0);
    assert.deepEqual([cut.status, cut.filledQty.toFixed()], ["canceled", String(askSize * 10)]);
    assert.deepEqual([none.status, none.filledQty.toFixed()], ["canceled", "0"]);
    assert.equal(whole.status, "filled");
  });

  it("for an amount of money spend no more than it", () => {
    const desk = givenEngine({ cash: 1_000_000_000 });
    const order = desk.submit({ qty: null, notional: "5000000" });
    for (let second = 0; second < 300 && order.status !== "filled"; second++) desk.pass(1000);
    assert.equal(order.status, "filled");
    assert.ok(order.filledValue.lte(5_000_000) && order.filledValue.gt(4_999_900), order.filledValue.toFixed());
    const held = desk.account.positions.get("AAPL")?.qty ?? new Big(0);
    const worth = held.times(desk.market.last("AAPL", desk.clock.now()));
    const sold = desk.submit({ qty: null, notional: worth.round(2, Big.roundDown).toFixed(), side: "sell" });
    for (let second = 0; second < 300 && sold.status !== "filled"; second++) desk.pass(1000);
    assert.ok((desk.account.positions.get("AAPL")?.qty ?? new Big(0)).gte(0), "nothing was sold short");
  });
});

describe("stops in a gap", () => {
  const days = tradingDays("2026-03-02", "2026-03-31");
  /** Closes at 100, and opens far away on the third day. */
  const gap = (open: number) => {
    const price = (i: number) => (i < 2 ? 100 : open);
    const column = Float64Array.from(days, (_day, i) => price(i));
    const volume = new Float64Array(days.length).fill(1e6);
    const bars = dataset("GAP", { time: Float64Array.from(days, (day) => day.midnight), open: column, high: column, low: column, close: column, volume });
    const start = new Date((days[1] as (typeof days)[number]).close - 3_600_000).toISOString();
    return givenEngine({ market: new Market(1, { source: openReplay([bars]) }), hours: "nyse", start });
  };

  it("sell at the open, however low, and buy at the open within their collar", () => {
    for (const [open, side, stop, fills] of [
      [90, "sell", "98", true],
      [103, "buy", "101", true],
      [110, "buy", "101", false],
    ] as const) {
      for (const leap of [1000, 20 * 86_400_000]) {
        const desk = gap(open);
        if (side === "sell") desk.submit({ symbol: "GAP" });
        desk.pass(1000);
        const order = desk.submit({ symbol: "GAP", side, type: "stop", stop_price: stop, time_in_force: "gtc" });
        desk.pass(18 * 3_600_000); // the next morning, before the open
        desk.pass(leap === 1000 ? 6 * 3_600_000 : leap);
        assert.equal(order.status, fills ? "filled" : "new", `${side} ${stop} at ${open}`);
        if (fills) assert.ok(Math.abs(order.filledValue.toNumber() - open) < 0.05, order.filledValue.toFixed());
        else assert.equal(order.triggered, true); // it waits at its collar
      }
    }
  });
});
