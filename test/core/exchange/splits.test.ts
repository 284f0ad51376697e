import assert from "node:assert/strict";
import { addDays, tradingDay, tradingDayUpTo, type TradingDay } from "../../../src/core/domain/nyse.ts";
import type { SplitEvent } from "../../../src/core/domain/simulatedEvents.ts";
import { Market } from "../../../src/core/exchange/market.ts";
import { portfolioHistory } from "../../../src/core/exchange/portfolio.ts";
import { givenEngine } from "./givenEngine.ts";

const HOUR = 3_600_000;

function splitOf(market: Market, isForward: boolean): SplitEvent {
  for (let year = 2020; ; year++)
    for (const { symbol } of market.stocks)
      for (const event of market.events(symbol, `${year}-01-01`, `${year}-12-31`))
        if (event.kind === "split" && event.newRate > event.oldRate === isForward) return event;
}

/** A desk on the day before a split, with ten shares of it. */
function beforeSplit(isForward: boolean) {
  const market = new Market(11);
  const event = splitOf(market, isForward);
  const eve = tradingDayUpTo(addDays(event.exDate, -1));
  const desk = givenEngine({ market, hours: "nyse", start: new Date(eve.close - HOUR).toISOString(), cash: 1_000_000 });
  desk.submit({ symbol: event.symbol, qty: "10" });
  desk.pass(2000);
  return { desk, market, event, ratio: event.newRate / event.oldRate, ex: tradingDay(event.exDate) as TradingDay };
}

describe("a split", () => {
  it("changes a position's quantity before the open and nothing of what it is worth", () => {
    for (const isForward of [true, false]) {
      const { desk, market, event, ratio, ex } = beforeSplit(isForward);
      const cost = desk.account.positions.get(event.symbol)?.cost.toFixed();
      const { equity } = desk.engine.figures(desk.account);
      const price = market.last(event.symbol, desk.clock.now());
      while (desk.clock.now() < ex.open) desk.pass(HOUR / 2);
      const position = desk.account.positions.get(event.symbol);
      assert.equal(position?.qty.toNumber(), 10 * ratio);
      assert.equal(position?.cost.toFixed(), cost);
      const change = desk.engine.figures(desk.account).equity.minus(equity).toNumber();
      const moved = 10 * ratio * market.last(event.symbol, desk.clock.now()) - 10 * price;
      assert.ok(Math.abs(change - moved) < 1e-6, `${change} ${moved}`);
      assert.ok(Math.abs(moved) < 10 * price * 0.3, "the night's move, not the split's");
      const [activity] = desk.account.payments;
      assert.deepEqual([activity?.kind, activity?.qty.toNumber(), activity?.amount.toNumber()], ["split", 10 * ratio - 10, 0]);
      assert.equal(market.previousClose(event.symbol, ex.open), Math.round((market.previousBar(event.symbol, ex).c / ratio) * 10_000) / 10_000);
    }
  });

  it("adjusts open orders when it is a forward one, away from the market, and cancels them when it is not", () => {
    for (const isForward of [true, false]) {
      const { desk, event, ratio, ex } = beforeSplit(isForward);
      const last = desk.market.last(event.symbol, desk.clock.now());
      const common = { symbol: event.symbol, time_in_force: "gtc" };
      const buy = desk.submit({ ...common, qty: "4", type: "limit", limit_price: (last * 0.5 + 0.01).toFixed(2) });
      const exits = desk.submit({
        ...common,
        qty: "10",
        side: "sell",
        type: "limit",
        order_class: "oco",
        take_profit: { limit_price: (last * 2).toFixed(2) },
        stop_loss: { stop_price: (last * 0.4).toFixed(2) },
      });
      const [limit, before] = [buy.limitPrice?.toNumber() as number, exits.limitPrice?.toNumber() as number];
      while (desk.clock.now() < ex.open) desk.pass(HOUR / 2);
      if (!isForward) {
        assert.deepEqual([buy.status, exits.status], ["canceled", "canceled"]);
        continue;
      }
      assert.deepEqual([buy.status, exits.status], ["new", "new"]);
      assert.equal(buy.qty?.toNumber(), 4 * ratio);
      assert.ok((buy.limitPrice?.toNumber() as number) <= limit / ratio && (buy.limitPrice?.toNumber() as number) > limit / ratio - 0.01);
      assert.ok((exits.limitPrice?.toNumber() as number) >= before / ratio && (exits.limitPrice?.toNumber() as number) < before / ratio + 0.01);
      for (const id of exits.legIds) assert.equal(desk.account.orders.get(id)?.qty?.toNumber(), 10 * ratio);
    }
  });

  it("leaves no step in the account's history", () => {
    const { desk, ex } = beforeSplit(true);
    while (desk.clock.now() < ex.open + 2 * HOUR) desk.pass(HOUR / 2);
    const history = portfolioHistory(desk, desk.account, { period: "5D", timeframe: "1H" }, desk.clock.now());
    const equity = history.equity as readonly (number | null)[];
    for (const value of equity) assert.ok(value === null || Math.abs(Number(value) / 1_000_000 - 1) < 0.01, String(value));
  });
});
