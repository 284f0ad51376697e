import assert from "node:assert/strict";
import fc from "fast-check";
import { Big } from "../../../src/core/base/decimal.ts";
import type { Account, OrderIntent, Position } from "../../../src/core/domain/orders.ts";
import { intentOf } from "../../../src/core/domain/orderTerms.ts";
import { orderWords } from "../../../src/core/domain/orderWords.ts";
import { bookLines, expectedCost, exitsOf, holdings, limitLines, proposalOf, type BookPreview } from "../../../src/core/domain/preview.ts";

const account: Account = {
  accountNumber: "PA1",
  status: "ACTIVE",
  currency: "USD",
  cash: new Big(50_000),
  equity: new Big(99_000),
  lastEquity: new Big(100_000),
  buyingPower: new Big(100_000),
  portfolioValue: new Big(99_000),
  mode: "paper",
  simulated: false,
};
const market: OrderIntent = { symbol: "AAPL", side: "buy", type: "market", timeInForce: "day", qty: new Big(10), origin: "cli" };

function guards(more: Partial<BookPreview["guards"]> = {}): BookPreview["guards"] {
  return {
    allowed: true,
    price: new Big("100.1"),
    value: new Big(1001),
    units: new Big(10),
    buyingPower: account.buyingPower,
    buyingPowerAfter: new Big(98_999),
    account,
    quote: { symbol: "AAPL", bid: 99.9, ask: 100.1, bidSize: 100, askSize: 100, at: 0 },
    clock: { at: 0, isOpen: true, nextOpen: 1, nextClose: 2 },
    held: new Big(0),
    working: new Big(0),
    limits: { maxOrderValue: 5000, maxPositionValue: 1500, maxOrdersPerMinute: 30, maxDailyLoss: 2000, symbols: [] },
    warnings: [],
    ...more,
  };
}

describe("an order preview", () => {
  it("expects half the spread and 5 bps for what takes the quote, nothing for what rests", () => {
    const cost = expectedCost(market, guards(), "paper");
    assert.deepEqual([cost?.halfSpread.toFixed(), cost?.slippage.toFixed(), cost?.fees.toFixed(), cost?.total.toFixed()], ["1", "0.5005", "0", "1.5005"]);
    const resting = { ...market, type: "limit" as const, limitPrice: new Big(90) };
    assert.equal(expectedCost(resting, guards(), "paper")?.total.toFixed(), "0");
    const marketable = { ...resting, limitPrice: new Big(101) };
    assert.equal(expectedCost(marketable, guards(), "paper")?.halfSpread.toFixed(), "1");
  });

  it("counts what regulators charge only where money is real, rounded up to the cent and capped", () => {
    assert.equal(expectedCost({ ...market, side: "sell" }, guards(), "live")?.fees.toFixed(), "0.01");
    assert.equal(expectedCost({ ...market, side: "sell" }, guards({ units: new Big(100_000) }), "live")?.fees.toFixed(), "12.9");
    assert.equal(expectedCost(market, guards({ units: new Big(100_000) }), "live")?.fees.toFixed(), "4.6");
  });

  it("says of every limit what it is now, after the order, and what is left", () => {
    const bracket = { ...market, stopLoss: { stopPrice: new Big("90.1") } };
    const lines = limitLines(bracket, guards({ held: new Big(3) }), 2);
    assert.deepEqual(
      lines.map(({ limit, now, after, left }) => [limit, now.toFixed(), after?.toFixed(), left?.toFixed()]),
      [
        ["maxOrderValue", "0", "1001", "3999"],
        ["maxPositionValue", "300.3", "1301.3", "198.7"],
        ["maxOrdersPerMinute", "2", "3", "27"],
        ["maxDailyLoss", "1000", "1100", "900"],
      ],
    );
  });

  it("leaves nothing of a limit that is passed, and knows no rest without a ceiling or a price", () => {
    fc.assert(
      fc.property(fc.nat(20_000), fc.option(fc.nat(20_000)), (value, maxOrderValue) => {
        const [line] = limitLines(market, guards({ value: new Big(value), limits: { ...guards().limits, maxOrderValue } }), 0);
        assert.equal(line?.left?.toNumber() ?? null, maxOrderValue === null ? null : Math.max(0, maxOrderValue - value));
      }),
    );
    assert.equal(limitLines(market, guards({ value: null, units: null, price: null }), 0)[0]?.left, null);
  });

  it("counts what open orders of the same side may still trade into the position, as the guard does", () => {
    const [, position] = limitLines(market, guards({ held: new Big(2), working: new Big(1) }), 0);
    assert.deepEqual([position?.now.toFixed(), position?.after?.toFixed(), position?.left?.toFixed()], ["300.3", "1301.3", "198.7"]);
  });

  it("works out both exits for either side", () => {
    const exits = { takeProfit: { limitPrice: new Big("110.1") }, stopLoss: { stopPrice: new Big("95.1") } };
    const long = exitsOf({ ...market, ...exits }, guards());
    assert.deepEqual([long.ifStopped?.toFixed(), long.ifTarget?.toFixed()], ["-50", "100"]);
    const short = exitsOf({ ...market, side: "sell", takeProfit: { limitPrice: new Big("90.1") }, stopLoss: { stopPrice: new Big("105.1") } }, guards());
    assert.deepEqual([short.ifStopped?.toFixed(), short.ifTarget?.toFixed()], ["-50", "100"]);
  });

  it("values the book at the middle of the quote, shorts below zero", () => {
    const position = (symbol: string, side: Position["side"], value: number): Position => ({
      symbol,
      side,
      qty: new Big(1),
      avgEntryPrice: new Big(1),
      currentPrice: null,
      marketValue: new Big(value),
      costBasis: new Big(1),
      unrealizedPl: null,
    });
    const lines = bookLines(market, [position("AAPL", "long", 999), position("MSFT", "short", -400)], guards({ held: new Big(5) }));
    assert.deepEqual(
      lines.map(({ symbol, before, after }) => [symbol, before, after]),
      [
        ["MSFT", -400, -400],
        ["AAPL", 500, 1500],
      ],
    );
    assert.equal(holdings(market, guards({ held: new Big(5) })).after?.qty.toFixed(), "15");
  });

  it("tells who proposed it: a person, a cell, a run, an analysis, an agent", () => {
    assert.deepEqual(proposalOf({ origin: "cli" }), { kind: "person", origin: "cli" });
    assert.deepEqual(proposalOf({ origin: "cell:/w/research.ipynb#c7", why: "dip" }), {
      kind: "cell",
      origin: "cell:/w/research.ipynb#c7",
      notebook: "/w/research.ipynb",
      cell: "c7",
      why: "dip",
    });
    assert.deepEqual(proposalOf({ origin: "cli", why: "run:3f9c breakout" }), { kind: "run", origin: "cli", id: "3f9c", why: "breakout" });
    assert.equal(proposalOf({ origin: "cell:n#1", why: "analysis:AAPL" }).kind, "analysis");
    assert.equal(proposalOf({ origin: "cli", why: "cell:n.ipynb#4" }).cell, "4");
  });

  it("is made of terms that say type and class by themselves", () => {
    const of = (terms: object) => intentOf("buy", "AAPL", { qty: new Big(1), ...terms }, "cli", (term) => term);
    const price = new Big(5);
    assert.deepEqual(
      [{}, { limit: price }, { stop: price }, { limit: price, stop: price }, { trailPercent: price }].map((terms) => of(terms).type),
      ["market", "limit", "stop", "stop_limit", "trailing_stop"],
    );
    assert.deepEqual(
      [{ takeProfit: price }, { takeProfit: price, stopLoss: price }].map((terms) => of(terms).orderClass),
      ["oto", "bracket"],
    );
    for (const terms of [{ notional: price }, { trailPercent: price, trailPrice: price }, { trailPrice: price, limit: price }, { stopLossLimit: price }])
      assert.throws(() => of(terms), { kind: "usage" });
    assert.equal(orderWords(of({ limit: price, tif: "gtc" })), "Buy 1 AAPL, limit 5, GTC");
  });
});
