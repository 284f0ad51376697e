import assert from "node:assert/strict";
import fc from "fast-check";
import { Big } from "../../../src/core/base/decimal.ts";
import { ApiError } from "../../../src/core/exchange/apiError.ts";
import { DEFAULTS } from "../../../src/core/exchange/ledger.ts";
import { figures, type Multiplier } from "../../../src/core/exchange/margin.ts";
import { accountJson } from "../../../src/core/exchange/wire.ts";
import { givenEngine } from "./givenEngine.ts";

const max = (a: Big, b: Big | number) => (a.gt(b) ? a : new Big(b));

function givenAccount(multiplier: Multiplier, cash = 100_000) {
  const desk = givenEngine({ cash });
  desk.engine.amend(desk.account, { configuration: { ...DEFAULTS, max_margin_multiplier: String(multiplier) } });
  return { ...desk, worth: () => desk.engine.figures(desk.account) };
}

describe("being short and in debt", () => {
  it("costs what was asked for, at each close for the days until the next session", () => {
    const desk = givenEngine({ start: "2026-11-20T15:00:00Z", rates: { borrowPct: 3.6, marginPct: 7.2 } }); // a Friday
    desk.submit({ symbol: "KO", side: "sell", qty: "100" });
    desk.submit({ symbol: "AAPL", qty: String(Math.floor(150_000 / desk.market.last("AAPL", desk.clock.now()))) });
    desk.pass(0);
    for (let minute = 0; minute < 30; minute++) desk.pass(1000);
    const cash = desk.account.record.cash;
    assert.ok(cash.lt(0));
    desk.pass(7 * 3_600_000); // over the close, into Monday
    const close = Date.parse("2026-11-20T21:00:00Z");
    const fee = new Big(100).times(desk.market.last("KO", close)).times("0.0003").round(2, Big.roundHalfUp);
    const interest = cash.times(-1).times("0.0006").round(2, Big.roundHalfUp);
    assert.deepEqual(
      desk.account.payments.filter(({ kind }) => kind === "fee" || kind === "interest").map(({ kind, amount }) => [kind, amount.toFixed()]),
      [
        ["fee", fee.times(-1).toFixed()],
        ["interest", interest.times(-1).toFixed()],
      ],
    );
    const dividends = desk.account.payments.filter(({ kind }) => kind === undefined).reduce((sum, { amount }) => sum.plus(amount), new Big(0));
    assert.equal(desk.account.record.cash.toFixed(), cash.minus(fee).minus(interest).plus(dividends).toFixed());
    assert.equal(givenEngine().account.payments.length, 0);
  });
});

describe("an account's margin", () => {
  it("adds up after every step of random orders: equity, buying power by Alpaca's formulas, never below zero", () => {
    const step = fc.record({
      symbol: fc.constantFrom("AAPL", "KO", "TSLA"),
      side: fc.constantFrom("buy" as const, "sell" as const),
      qty: fc.integer({ min: 1, max: 400 }),
      off: fc.integer({ min: -100, max: 100 }),
      type: fc.constantFrom("market" as const, "limit" as const),
      pass: fc.constantFrom(0, 1000, 3_600_000),
    });
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4), fc.array(step, { maxLength: 20 }), (multiplier, steps) => {
        const desk = givenAccount(multiplier as Multiplier);
        for (const { symbol, side, qty, off, type, pass } of steps) {
          const price = (desk.market.last(symbol, desk.clock.now()) * (1 + off / 5000)).toFixed(2);
          const before = desk.worth();
          try {
            desk.submit({ symbol, side, qty, type, time_in_force: "gtc", ...(type === "limit" ? { limit_price: price } : {}) });
            assert.ok(side === "buy" || multiplier !== 1 || (desk.account.positions.get(symbol)?.qty.gt(0) ?? false), "a cash account sold short");
          } catch (error) {
            if (!(error instanceof ApiError)) throw error;
            assert.equal(desk.worth().buyingPower.toFixed(), before.buyingPower.toFixed());
          }
          desk.pass(pass);
          const json = accountJson(desk.account, desk.worth());
          const [equity, initial, maintenance] = [new Big(json.equity), new Big(json.initial_margin), new Big(json.maintenance_margin)];
          assert.equal(new Big(json.cash).plus(json.long_market_value).plus(json.short_market_value).toFixed(), json.equity);
          assert.equal(new Big(json.cash).plus(json.position_market_value).toFixed(), json.equity);
          assert.equal(json.multiplier, String(multiplier));
          if (multiplier === 1) assert.ok(new Big(json.cash).gte(0), `a cash account owes ${json.cash}`);
          for (const power of [json.buying_power, json.regt_buying_power, json.non_marginable_buying_power]) assert.ok(new Big(power).gte(0), power);
          if (json.margin_call) assert.equal(json.buying_power, "0");
          else if (multiplier === 2) assert.equal(json.buying_power, max(equity.minus(initial), 0).times(2).toFixed());
          else if (multiplier === 4) assert.ok(new Big(json.buying_power).lte(max(equity.minus(maintenance), 0).times(4)));
          else assert.ok(new Big(json.buying_power).lte(max(new Big(json.cash), 0)), `${json.buying_power} of ${json.cash}`);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("lets a cash account spend what it has: an order that the market has made dearer ends when nothing is left", () => {
    const desk = givenAccount(1, 2_000_000);
    const { ask } = desk.market.quote("F", desk.clock.now());
    const order = desk.submit({ symbol: "F", qty: String(Math.floor(2_000_000 / ask)) });
    for (let minute = 0; minute < 120 && desk.account.open.size > 0; minute++) desk.pass(60_000);
    const { cash } = desk.account.record;
    assert.deepEqual([order.status, order.filledQty.lt(order.qty as Big), cash.gte(0), cash.lt(ask * 1.1)], ["canceled", true, true, true], cash.toFixed());
    const whole = givenAccount(1);
    const exact = whole.submit({ symbol: "F", qty: String(Math.floor(100_000 / whole.market.quote("F", whole.clock.now()).ask)), time_in_force: "fok" });
    whole.pass(0);
    assert.ok(whole.account.record.cash.gte(0) && exact.filledQty.eq(exact.status === "filled" ? (exact.qty as Big) : 0), "all or nothing");
  });

  it("is what the configuration says: cash, twice or four times the equity, and none below $2,000", () => {
    assert.deepEqual(
      ([1, 2, 4] as const).map((multiplier) => givenAccount(multiplier).worth().buyingPower.toFixed()),
      ["100000", "200000", "400000"],
    );
    const small = givenAccount(4, 1999);
    assert.deepEqual([small.worth().multiplier, small.worth().buyingPower.toFixed()], [1, "1999"]);
    assert.throws(() => small.submit({ symbol: "F", side: "sell" }), /account is not allowed to short/);
    assert.throws(() => givenAccount(1).submit({ side: "sell" }), /account is not allowed to short/);
  });

  it("needs what the maintenance table says", () => {
    const { account } = givenAccount(2);
    const margin = (qty: number, price: string) => {
      account.positions.clear();
      account.positions.set("X", { qty: new Big(qty), cost: new Big(0) });
      return figures(account, { last: () => new Big(price), ask: () => new Big(price) }).maintenanceMargin.toFixed();
    };
    assert.deepEqual(
      [margin(100, "10"), margin(100, "2"), margin(-100, "100"), margin(-100, "10"), margin(-100, "3"), margin(-100, "2")],
      ["300", "200", "3000", "500", "300", "250"],
    );
  });

  it("is called when equity falls below it: nothing more can be opened, everything can be closed", () => {
    const desk = givenAccount(4);
    desk.submit({ symbol: "AAPL", qty: String(Math.floor(290_000 / desk.market.last("AAPL", desk.clock.now()))) });
    desk.pass(0);
    desk.pass(60_000);
    desk.account.record.cash = desk.account.record.cash.minus(40_000); // as after a loss
    assert.equal(desk.worth().isMarginCall, true);
    assert.throws(() => desk.submit({ symbol: "KO" }), /insufficient buying power/);
    const held = desk.account.positions.get("AAPL")?.qty ?? new Big(0);
    const exit = desk.submit({ side: "sell", qty: held.toFixed() });
    for (let second = 0; second < 120 && desk.account.positions.size > 0; second++) desk.pass(1000);
    assert.equal(exit.status, "filled");
  });
});
