import assert from "node:assert/strict";
import { Big } from "../../src/core/base/decimal.ts";
import type { ClientOrderId, Order, OrderId, Position } from "../../src/core/domain/orders.ts";
import type { SessionStatus } from "../../src/core/session.ts";
import { paramWords } from "../../src/extension/paramWords.ts";
import { alarmRows, orderRows, positionRows, sessionRows } from "../../src/extension/views/rows.ts";
import { outcomeWords } from "../../src/extension/words.ts";
import { duration, plain, signed, usd } from "../../src/webview/format.ts";

const order: Order = {
  id: "o1" as OrderId,
  clientOrderId: "c1" as ClientOrderId,
  symbol: "AAPL",
  side: "buy",
  type: "market",
  orderClass: "simple",
  timeInForce: "day",
  status: "filled",
  qty: new Big(1),
  notional: null,
  filledQty: new Big(1),
  filledAvgPrice: new Big("231.49"),
  limitPrice: null,
  stopPrice: null,
  submittedAt: 0,
  filledAt: 0,
  legs: [],
};
const status: SessionStatus = {
  connection: "connected",
  mode: "embedded",
  simulated: true,
  lag: { avg: 0, p50: 0, p95: 0, p99: 0, max: 0 },
  at: 0,
  account: {
    accountNumber: "PA1",
    status: "ACTIVE",
    currency: "USD",
    cash: new Big(900),
    equity: new Big("1010.5"),
    lastEquity: new Big(1000),
    buyingPower: new Big(1800),
    portfolioValue: new Big("1010.5"),
    mode: "embedded",
    simulated: true,
  },
};

describe("what the sidebar says", () => {
  it("is nothing while there is no session, so that the welcome text shows", () => {
    assert.deepEqual(sessionRows(undefined, undefined), []);
    assert.deepEqual(sessionRows({ ...status, connection: "disconnected", account: null }, undefined), []);
  });

  it("marks the built-in exchange SIMULATED, and says a gain by sign and arrow", () => {
    const rows = sessionRows(status, 2);
    assert.equal(rows[0]?.description, "SIMULATED");
    const equity = rows.find((row) => row.id === "equity");
    assert.equal(equity?.label, "$1,010.50");
    assert.match(equity?.description ?? "", /▲ \+10\.50 today/);
    assert.equal(rows.find((row) => row.id === "positions")?.label, "2");
  });

  it("says paper and live by name", () => {
    assert.equal(sessionRows({ ...status, mode: "paper", simulated: false }, 0)[0]?.description, "PAPER");
    assert.equal(sessionRows({ ...status, mode: "live", simulated: false }, 0)[0]?.description, "LIVE");
  });

  it("reads a position aloud in full", () => {
    const position: Position = {
      symbol: "AAPL",
      qty: new Big(40),
      side: "long",
      avgEntryPrice: new Big(200),
      currentPrice: new Big(199),
      marketValue: new Big(7960),
      costBasis: new Big(8000),
      unrealizedPl: new Big(-40),
    };
    assert.equal(positionRows([position])[0]?.spoken, "AAPL, 40 shares, open profit −40.00 US dollars");
  });

  it("marks orders that were placed elsewhere, and shows the legs of a bracket below it", () => {
    const bracket = { ...order, legs: [{ ...order, id: "leg" as OrderId, status: "held" as const }] };
    const [ours, theirs] = orderRows([bracket, { ...order, external: true }]);
    assert.doesNotMatch(ours?.description ?? "", /elsewhere/);
    assert.deepEqual(
      ours?.children?.map((row) => [row.id, row.contextValue]),
      [["leg", "openOrder"]],
    );
    assert.match(`${theirs?.description} | ${theirs?.spoken}`, /placed elsewhere \| .*placed elsewhere/);
  });

  it("puts alarms in words, with what they stop", () => {
    const alarm = { id: 1, at: 0, code: "books-differ", symbol: "AAPL", orderId: null, message: "AAPL differs.", blocksEntries: true } as const;
    const [row] = alarmRows([alarm]);
    assert.deepEqual([row?.label, row?.description, row?.icon, row?.spoken], ["AAPL differs.", "no new positions", "error", "Alarm: AAPL differs."]);
  });

  it("offers to cancel open orders only", () => {
    assert.equal(orderRows([order])[0]?.contextValue, "order");
    assert.equal(orderRows([{ ...order, status: "new" }])[0]?.contextValue, "openOrder");
  });

  it("tells a fill, a rest and a rejection in words", () => {
    assert.equal(outcomeWords(order), "Bought 1 AAPL at 231.49.");
    assert.equal(
      outcomeWords({ ...order, status: "new", type: "limit", limitPrice: new Big(200), filledQty: new Big(0), filledAvgPrice: null }),
      "Buy 1 AAPL, limit 200: waiting at the exchange.",
    );
    assert.equal(outcomeWords({ ...order, status: "rejected" }), "Buy 1 AAPL: rejected by the exchange.");
  });

  it("orders parameters as the strategy declares them", () => {
    const builtins = [{ name: "rsi_reversion", params: { period: {}, low: {}, high: {} } }];
    assert.equal(paramWords("rsi_reversion", '{"high":70,"low":30,"period":14}', builtins), "14/30/70");
    assert.equal(paramWords("mine", '{"fast":10,"slow":20}', builtins), "fast 10, slow 20");
    assert.equal(paramWords("mine", "not json", builtins), "not json");
  });
});

describe("numbers for people", () => {
  it("use a true minus, a sign on changes, and a dash for what is missing", () => {
    assert.equal(signed(-1.234, 2, "%"), "−1.23\u00a0%");
    assert.equal(signed(0.001), "0.00");
    assert.equal(plain(null), "–");
    assert.equal(plain(Number.NaN), "–");
    assert.equal(usd(-1234.5), "−$1,234.50");
    assert.equal(usd(108_412.37), "$108,412.37");
    assert.equal(duration(1420), "1.42\u00a0s");
    assert.equal(duration(228_000), "3\u00a0min 48\u00a0s");
  });
});
