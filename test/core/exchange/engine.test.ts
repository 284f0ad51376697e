import assert from "node:assert/strict";
import fc from "fast-check";
import { Big } from "../../../src/core/base/decimal.ts";
import { newYorkDate, tradingDay, type TradingDay } from "../../../src/core/domain/nyse.ts";
import { ApiError } from "../../../src/core/exchange/apiError.ts";
import { ExchangeClock } from "../../../src/core/exchange/exchangeClock.ts";
import { portfolioHistory } from "../../../src/core/exchange/portfolio.ts";
import { isEnded, type PaymentRecord } from "../../../src/core/exchange/records.ts";
import { positionJson } from "../../../src/core/exchange/wire.ts";
import { stepsBetween } from "../../../src/core/exchange/steps.ts";
import { givenEngine } from "./givenEngine.ts";

const HOUR = 3_600_000;

describe("the matching engine", () => {
  it("keeps cash plus positions equal to equity, exactly, and cash equal to what the fills say", () => {
    const symbol = fc.constantFrom("AAPL", "TSLA", "KO");
    const step = fc.oneof(
      fc.record({ do: fc.constant("market" as const), symbol, side: fc.constantFrom("buy", "sell"), qty: fc.integer({ min: 1, max: 20 }) }),
      fc.record({
        do: fc.constant("limit" as const),
        symbol,
        side: fc.constantFrom("buy", "sell"),
        qty: fc.integer({ min: 1, max: 20 }),
        off: fc.integer({ min: -300, max: 300 }),
      }),
      fc.record({ do: fc.constant("notional" as const), symbol, amount: fc.integer({ min: 1, max: 5000 }) }),
      fc.record({ do: fc.constant("bracket" as const), symbol, qty: fc.integer({ min: 1, max: 20 }), off: fc.integer({ min: 10, max: 200 }) }),
      fc.record({ do: fc.constant("cancel" as const) }),
      fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1000, 45_000, 20 * 60_000, 3 * HOUR, 40 * HOUR) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), fc.integer({ min: 0, max: 50 }), (steps, seed) => {
        const desk = givenEngine({ seed });
        for (const step of steps) {
          const price = (name: string, bps: number) => (desk.market.last(name, desk.clock.now()) * (1 + bps / 10_000)).toFixed(2);
          try {
            if (step.do === "pass") desk.pass(step.ms);
            else if (step.do === "cancel") desk.engine.cancelAll(desk.account);
            else if (step.do === "market") desk.submit({ symbol: step.symbol, side: step.side, qty: step.qty });
            else if (step.do === "limit")
              desk.submit({
                symbol: step.symbol,
                side: step.side,
                qty: step.qty,
                type: "limit",
                limit_price: price(step.symbol, step.off),
                time_in_force: "gtc",
              });
            else if (step.do === "notional") desk.submit({ symbol: step.symbol, qty: null, notional: step.amount });
            else
              desk.submit({
                symbol: step.symbol,
                qty: step.qty,
                order_class: "bracket",
                take_profit: { limit_price: price(step.symbol, step.off) },
                stop_loss: { stop_price: price(step.symbol, -step.off) },
              });
          } catch (error) {
            if (!(error instanceof ApiError)) throw error; // a refusal changes nothing
          }
          desk.pass(0);
          const { equity, buyingPower } = desk.engine.figures(desk.account);
          let worth = desk.account.record.cash;
          for (const [name, position] of desk.account.positions) worth = worth.plus(position.qty.times(desk.market.last(name, desk.clock.now())));
          assert.equal(equity.toFixed(), worth.toFixed());
          assert.ok(buyingPower.gte(0));
          let cash = new Big(100_000);
          for (const fill of desk.account.fills) cash = cash.minus(fill.price.times(fill.qty).times(fill.side === "buy" ? 1 : -1));
          for (const payment of desk.account.payments) cash = cash.plus(payment.amount);
          assert.equal(desk.account.record.cash.toFixed(), cash.toFixed());
        }
        // No family of legs has both exits filled, and no order a second end.
        for (const order of desk.account.orders.values()) {
          const legs = order.legIds.map((id) => desk.account.orders.get(id)?.status);
          assert.ok(legs.filter((status) => status === "filled").length <= 1);
          const ends = desk.events.filter((event) => event.order.id === order.id && ["fill", "canceled", "expired", "replaced"].includes(event.event));
          assert.equal(ends.length, isEnded(order) ? 1 : 0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("fills a limit at its price or better, whether time passes second by second or in one leap", () => {
    const { market, clock } = givenEngine();
    const next = tradingDay("2026-11-19") as TradingDay;
    const falling = market.stocks.find(({ symbol }) => market.dailyBar(symbol, next).l < market.last(symbol, clock.now()) * 0.985);
    assert.ok(falling);
    const limit = (market.dailyBar(falling.symbol, next).l * 1.003).toFixed(2);
    const times = [1000, 90_000, 5 * HOUR].map((leap) => {
      const desk = givenEngine();
      const order = desk.submit({ symbol: falling.symbol, type: "limit", limit_price: limit, time_in_force: "gtc" });
      for (let passed = 0; passed < 20 * HOUR && order.status !== "filled"; passed += leap) desk.pass(leap);
      assert.equal(order.status, "filled");
      assert.ok(order.filledValue.lte(limit), `${order.filledValue.toFixed()} is above ${limit}`);
      return order.filledAt as number;
    });
    // Bars know the last prices, seconds the quotes: a spread apart at most.
    for (const time of times) assert.ok(Math.abs(time - (times[0] as number)) <= 5 * 60_000, times.join(" "));
  });

  it("takes the stop, not the profit, when one bar holds both", () => {
    const desk = givenEngine();
    const last = desk.market.last("TSLA", desk.clock.now());
    const entry = desk.submit({
      symbol: "TSLA",
      order_class: "bracket",
      time_in_force: "gtc",
      take_profit: { limit_price: (last * 1.001).toFixed(2) },
      stop_loss: { stop_price: (last * 0.9995).toFixed(2) },
    });
    desk.pass(0);
    assert.equal(entry.status, "filled");
    desk.pass(40 * HOUR * 24); // 40 sessions at once: whole days are the bars
    const [profit, loss] = entry.legIds.map((id) => desk.account.orders.get(id)?.status);
    assert.equal([profit, loss].filter((status) => status === "filled").length, 1);
    assert.equal([profit, loss].filter((status) => status === "canceled").length, 1);
  });

  it("lets orders wait for the open when the market keeps New York's hours", () => {
    const desk = givenEngine({ hours: "nyse", start: "2026-11-21T12:00:00Z" }); // a Saturday
    const order = desk.submit({});
    assert.equal(order.status, "accepted");
    desk.pass(24 * HOUR);
    assert.equal(order.status, "accepted");
    desk.pass(27 * HOUR);
    assert.equal(order.status, "filled");
    assert.equal(new Date(order.filledAt ?? 0).toISOString(), "2026-11-23T14:30:00.000Z");
    const quote = desk.market.quote("AAPL", order.filledAt as number);
    assert.equal(order.filledValue.toNumber(), quote.ask);
  });

  it("ends immediate orders that do not trade at once", () => {
    const desk = givenEngine();
    const order = desk.submit({ type: "limit", limit_price: "1", time_in_force: "ioc" });
    desk.pass(0);
    assert.equal(order.status, "canceled");
  });

  it("trades opening orders at the first price, closing orders at the last, or not at all", () => {
    const desk = givenEngine({ hours: "nyse", start: "2026-11-18T12:00:00Z" });
    const opening = desk.submit({ time_in_force: "opg" });
    const missed = desk.submit({ time_in_force: "opg", type: "limit", limit_price: "1" });
    const closing = desk.submit({ time_in_force: "cls", symbol: "KO" });
    const day = tradingDay("2026-11-18") as TradingDay;
    desk.pass(3 * HOUR);
    assert.deepEqual([opening.status, missed.status, closing.status], ["filled", "canceled", "accepted"]);
    assert.equal(opening.filledAt, day.open);
    assert.equal(opening.filledValue.toNumber(), desk.market.dailyBar("AAPL", day).o);
    assert.throws(() => desk.submit({ time_in_force: "opg" }), /opg orders must be submitted after 7:00pm and before 9:28am/);
    desk.pass(7 * HOUR);
    assert.equal(closing.filledAt, day.close);
    assert.equal(closing.filledValue.toNumber(), desk.market.dailyBar("KO", day).c);
    // The day after Thanksgiving closes at 13:00.
    for (const [at, isTaken] of [
      ["17:49", true],
      ["17:50", false],
      ["18:30", false],
    ] as const) {
      const halfDay = givenEngine({ hours: "nyse", start: `2026-11-27T${at}:00Z` });
      if (isTaken) assert.equal(halfDay.submit({ time_in_force: "cls" }).timeInForce, "cls");
      else assert.throws(() => halfDay.submit({ time_in_force: "cls" }), /after 7:00pm and before 12:50pm/);
    }
    assert.throws(() => desk.submit({ time_in_force: "cls", type: "stop", stop_price: "1" }), /market or limit/);
  });

  it("trades before the open and after the close what asks for it", () => {
    const desk = givenEngine({ hours: "nyse", start: "2026-11-18T22:00:00Z" }); // 17:00 New York
    const near = (desk.market.quote("AAPL", desk.clock.now()).ask + 0.05).toFixed(2);
    const extended = desk.submit({ type: "limit", limit_price: near, extended_hours: true });
    const regular = desk.submit({ type: "limit", limit_price: near });
    const low = desk.submit({ type: "limit", limit_price: "1", extended_hours: true });
    desk.pass(0);
    assert.deepEqual([extended.status, regular.status, low.status], ["filled", "accepted", "new"]);
    desk.pass(4 * HOUR); // past 20:00, when the day ends for what was sent for it
    assert.equal(low.status, "expired");
    const early = desk.submit({ type: "limit", limit_price: near, extended_hours: true, symbol: "KO" });
    desk.pass(5 * HOUR); // 02:00
    assert.equal(early.status, "accepted");
    desk.pass(3 * HOUR); // 05:00
    assert.equal(early.status, "filled");
  });

  it("fills about one larger order in ten in two parts, the same ones for the same seed", () => {
    const partsOf = () => {
      const desk = givenEngine();
      for (let i = 0; i < 60; i++) {
        desk.submit({ symbol: "F", qty: "100", side: i % 2 === 0 ? "buy" : "sell" });
        desk.pass(0);
        desk.pass(1000);
      }
      const events = desk.events.filter((event) => event.fill !== null);
      for (const order of desk.account.orders.values()) {
        const own = events.filter((event) => event.order.id === order.id);
        assert.equal(order.status, "filled");
        assert.equal(own.at(-1)?.event, "fill");
        if (own.length > 1) assert.deepEqual([own[0]?.event, own[0]?.order.status], ["partial_fill", "partially_filled"]);
        assert.equal(own.reduce((sum, { fill }) => sum.plus((fill as NonNullable<typeof fill>).qty), new Big(0)).toFixed(), "100");
      }
      return events.filter((event) => event.event === "partial_fill").map(({ fill }) => fill?.qty.toFixed());
    };
    const parts = partsOf();
    assert.ok(parts.length >= 1 && parts.length <= 15, parts.join(" "));
    assert.deepEqual(partsOf(), parts);
  });

  it("pays dividends to who held before the ex-date, on the day they are due, and takes them from who was short", () => {
    const desk = givenEngine();
    const events = desk.market.stocks.flatMap((stock) => desk.market.events(stock.symbol, "2026-12-01", "2027-02-20"));
    const dividend = events.find((event) => event.kind === "dividend");
    assert.ok(dividend?.kind === "dividend");
    const ex = tradingDay(dividend.exDate) as TradingDay;
    for (const side of ["buy", "sell"]) {
      const holder = givenEngine();
      const late = dividend.symbol === "SPY" ? "QQQ" : "SPY";
      holder.submit({ symbol: dividend.symbol, qty: "3", side });
      holder.submit({ symbol: late, qty: "1" });
      while (holder.clock.now() < ex.open) holder.pass(3 * HOUR);
      assert.deepEqual(
        holder.account.payments.filter(({ symbol }) => symbol === dividend.symbol),
        [],
      );
      while (newYorkDate(holder.clock.now()) < dividend.payableDate) holder.pass(3 * HOUR);
      const paid: readonly PaymentRecord[] = holder.account.payments.filter(({ symbol }) => symbol === dividend.symbol);
      assert.deepEqual(
        paid.map(({ amount }) => amount.toFixed()),
        [new Big(dividend.rate).times(side === "buy" ? 3 : -3).toFixed()],
      );
    }
  });

  it("works out within the day what the account was worth, to the cent", () => {
    const desk = givenEngine();
    const worth: number[] = [];
    for (let minute = 0; minute < 45; minute++) {
      desk.pass(15_000);
      if (minute === 5) desk.submit({ qty: "20" });
      if (minute === 17) desk.submit({ symbol: "TSLA", side: "sell", qty: "7" });
      if (minute === 30) desk.submit({ side: "sell", qty: "12" });
      desk.pass(45_000);
      worth.push(desk.engine.figures(desk.account).equity.round(4).toNumber());
    }
    const history = portfolioHistory(desk, desk.account, { period: "1D", timeframe: "1Min" }, desk.clock.now());
    assert.deepEqual(history.equity.slice(-45), worth);
    assert.equal(history.timestamp.length, history.profit_loss.length);
  });

  it("counts the gains of each day from the last close, or all from the first one", () => {
    const desk = givenEngine();
    desk.submit({ qty: "100" });
    for (let hour = 0; hour < 20; hour++) desk.pass(3_600_000);
    const of = (query: Record<string, string>) => portfolioHistory(desk, desk.account, { period: "1W", timeframe: "1H", ...query }, desk.clock.now());
    const [daily, whole] = [of({}), of({ pnl_reset: "no_reset" })];
    assert.deepEqual(daily.equity, whole.equity);
    const dates = daily.timestamp.map((at) => newYorkDate(at * 1000));
    assert.ok(new Set(dates).size >= 3);
    for (const [i, date] of dates.entries()) {
      const close = desk.account.equityPoints.findLast((point) => newYorkDate(point.at) < date)?.equity.toNumber() ?? 100_000;
      const cents = (value: number) => Math.round(value * 100) / 100;
      assert.equal(cents(daily.profit_loss[i] as number), cents((daily.equity[i] as number) - close));
      assert.equal(cents(whole.profit_loss[i] as number), cents((whole.equity[i] as number) - 100_000));
    }
  });

  it("tells the day's gain from the last close for what was held, from the price paid for what was opened today", () => {
    const desk = givenEngine();
    const gain = () => {
      const at = desk.clock.now();
      const position = desk.account.positions.get("AAPL");
      assert.ok(position);
      const [current, lastDay] = [new Big(desk.market.last("AAPL", at)), new Big(desk.market.previousClose("AAPL", at))];
      return { current, lastDay, json: positionJson(position, { current, lastDay, available: new Big(0), stock: desk.market.stock("AAPL") }) };
    };
    desk.submit({ qty: "3" });
    desk.pass(60_000);
    assert.equal(gain().json.unrealized_intraday_pl, gain().json.unrealized_pl);
    desk.pass(7 * HOUR); // the next session
    const next = gain();
    assert.equal(next.json.unrealized_intraday_pl, next.current.minus(next.lastDay).times(3).toFixed());
    const more = desk.submit({ qty: "2" });
    desk.pass(60_000);
    const mixed = gain();
    const expected = mixed.current.minus(mixed.lastDay).times(3).plus(mixed.current.times(2).minus(more.filledValue));
    assert.equal(mixed.json.unrealized_intraday_pl, expected.round(8).toFixed());
    desk.submit({ qty: "4", side: "sell" });
    desk.pass(60_000);
    const last = gain(); // of today's two, one is left
    assert.equal(last.json.unrealized_intraday_pl, last.current.minus(more.filledValue.div(2)).round(8).toFixed());
  });

  it("sells in part what the other exit then need not sell", () => {
    const desk = givenEngine({ cash: 100_000_000 });
    const { bid, askSize } = desk.market.quote("AAPL", desk.clock.now());
    const qty = String(askSize * 8);
    const entry = desk.submit({
      qty,
      order_class: "bracket",
      time_in_force: "gtc",
      take_profit: { limit_price: (bid * 1.2).toFixed(2) },
      stop_loss: { stop_price: "1" },
    });
    for (let second = 0; second < 60 && entry.status !== "filled"; second++) desk.pass(1000);
    const profitId = entry.legIds[0] as string;
    const marketable = new Big(desk.market.quote("AAPL", desk.clock.now()).bid);
    const change = { qty: null, stopPrice: null, trail: null, timeInForce: null, clientOrderId: null };
    const profit = desk.engine.replace(desk.account, profitId, { ...change, limitPrice: marketable });
    const loss = desk.account.orders.get(entry.legIds[1] as string);
    assert.ok(loss);
    for (let second = 0; second < 3600 && profit.status === "new"; second++) desk.pass(1000);
    assert.deepEqual([profit.status, loss.status], ["partially_filled", "new"]);
    assert.equal(loss.qty?.toFixed(), new Big(qty).minus(profit.filledQty).toFixed());
    assert.equal(desk.account.positions.get("AAPL")?.qty.toFixed(), loss.qty?.toFixed());
    desk.engine.cancel(desk.account, loss.id);
    assert.deepEqual([profit.status, loss.status], ["canceled", "canceled"]);
  });

  it("notes the equity of every close", () => {
    const desk = givenEngine();
    desk.submit({ qty: "10" });
    desk.pass(0);
    desk.pass(14 * HOUR); // beyond two closes
    const points = desk.account.equityPoints;
    assert.deepEqual(
      points.map((point) => new Date(point.at).toISOString()),
      ["2026-11-18T15:00:00.000Z", "2026-11-18T21:00:00.000Z", "2026-11-19T21:00:00.000Z"],
    );
    assert.equal(desk.account.record.lastEquity.toFixed(), points.at(-1)?.equity.toFixed());
  });
});

describe("the exchange's clock", () => {
  it("knows only open hours with always, and never stands still or goes back", () => {
    let wall = 0;
    const clock = new ExchangeClock({ startMs: Date.parse("2026-11-26T12:00:00Z"), speed: 600, hours: "always", wall: () => wall }); // Thanksgiving
    let before = clock.now();
    assert.equal(new Date(before).toISOString(), "2026-11-27T14:30:00.000Z");
    for (let i = 0; i < 500; i++) {
      wall += 1000;
      const now = clock.now();
      assert.ok(now > before && clock.isOpen(now), new Date(now).toISOString());
      before = now;
    }
  });

  it("is cut into pieces that leave nothing out", () => {
    const start = Date.parse("2026-11-18T14:00:00Z");
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30_000 }), fc.integer({ min: 1, max: 30_000 }), (offset, length) => {
        const [from, to] = [start + offset * 1000, start + (offset + length) * 1000];
        const seconds = new Set<number>();
        for (const step of stepsBetween(from, to, { detail: () => "all", hasExtended: false })) {
          if (step.kind === "second") seconds.add(step.at);
          else if (step.kind === "minute" || step.kind === "day") for (let at = step.at; at <= step.end; at += 1000) seconds.add(at);
        }
        const market = new ExchangeClock({ startMs: from, speed: 1, hours: "nyse" });
        let expected = 0;
        for (let at = from + 1000; at <= to; at += 1000) if (market.isOpen(at) || market.isOpen(at - 1)) expected++;
        assert.equal(seconds.size, expected);
        for (const at of seconds) assert.ok(at > from && at <= to);
      }),
      { numRuns: 10 },
    );
  });
});
