/** What is refused, with which status, code and words: Alpaca's, where they are known. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { ApiError } from "../../../src/core/exchange/apiError.ts";
import { givenEngine } from "./givenEngine.ts";

const PARAMETER = 40_010_001;
const UNPROCESSABLE = 42_210_000;
const FORBIDDEN = 40_310_000;

function refusal(act: () => unknown): ApiError {
  try {
    act();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

function check(body: object, status: number, code: number, message: RegExp, desk = givenEngine()): ApiError {
  const error = refusal(() => desk.submit(body));
  assert.deepEqual([error.status, error.code], [status, code], error.message);
  assert.match(error.message, message);
  return error;
}

describe("an order is refused", () => {
  it("for a parameter that is missing or not understood", () => {
    const { ask } = givenEngine().market.quote("AAPL", Date.parse("2026-11-18T15:00:00Z"));
    for (const [body, message] of [
      [{ symbol: undefined }, /^symbol is required$/],
      [{ symbol: "" }, /symbol/],
      [{ symbol: ["AAPL"] }, /^invalid symbol/],
      [{ side: undefined }, /^side is required$/],
      [{ side: "hold" }, /^invalid side/],
      [{ side: "BUY" }, /^invalid side/],
      [{ type: undefined }, /^type is required$/],
      [{ time_in_force: undefined }, /^time_in_force is required$/],
      [{ type: "iceberg" }, /^invalid type/],
      [{ time_in_force: "gtd" }, /^invalid time_in_force/],
      [{ order_class: "mleg" }, /^invalid order_class/],
      [{ qty: null }, /^qty or notional is required$/],
      [{ notional: "5" }, /^only one of qty or notional is accepted$/],
      [{ qty: "0" }, /^qty must be > 0$/],
      [{ qty: -1 }, /^qty must be > 0$/],
      [{ qty: "1.0000000001" }, /^qty must have at most 9 decimals$/],
      [{ qty: "$5" }, /^invalid qty/],
      [{ qty: "1,000" }, /^invalid qty/],
      [{ qty: Number.NaN }, /^invalid qty/],
      [{ qty: Number.POSITIVE_INFINITY }, /^invalid qty/],
      [{ qty: true }, /^invalid qty/],
      [{ qty: [1] }, /^invalid qty/],
      [{ qty: {} }, /^invalid qty/],
      [{ qty: "9".repeat(200) }, /^invalid qty/],
      [{ type: "limit" }, /^limit orders require a limit price$/],
      [{ type: "stop" }, /^stop orders require a stop price$/],
      [{ type: "stop_limit", limit_price: "1" }, /^stop limit orders require both stop and limit price$/],
      [{ limit_price: "1" }, /^market orders require no stop or limit price$/],
      [{ type: "limit", limit_price: "1", stop_price: "1" }, /^limit orders require no stop price$/],
      [{ type: "limit", limit_price: "-1" }, /^limit price must be > 0$/],
      [{ type: "limit", limit_price: "0" }, /^limit price must be > 0$/],
      [{ type: "trailing_stop" }, /^trailing stop orders must specify one of trail_price or trail_percent$/],
      [{ type: "trailing_stop", trail_price: "1", trail_percent: "1" }, /^trailing stop orders must specify one of/],
      [{ type: "trailing_stop", trail_percent: "0.05" }, /^trail_percent must be greater than or equal to 0.1$/],
      [{ client_order_id: "x".repeat(129) }, /^client_order_id must be no more than 128 characters$/],
      [{ client_order_id: 5 }, /^invalid client_order_id/],
      [{ extended_hours: "yes" }, /^invalid extended_hours/],
      [{ order_class: "bracket", stop_loss: { stop_price: "1" } }, /^bracket orders require take_profit.limit_price$/],
      [{ order_class: "bracket", take_profit: { limit_price: "900" } }, /^bracket orders require stop_loss.stop_price$/],
      [{ order_class: "bracket", take_profit: "900", stop_loss: { stop_price: "1" } }, /^invalid take_profit/],
      [{ take_profit: { limit_price: (ask * 2).toFixed(2) } }, /order_class/],
    ] as const)
      check(body, 422, PARAMETER, message);
  });

  it("for what does not go together", () => {
    for (const [body, message] of [
      [{ symbol: "NOSUCH" }, /^asset "NOSUCH" not found$/],
      [{ qty: null, notional: "0.99" }, /^notional amount must be >= 1.00$/],
      [{ qty: "0.5", time_in_force: "gtc" }, /^fractional orders must be DAY orders$/],
      [
        { qty: "0.5", order_class: "bracket", take_profit: { limit_price: "900" }, stop_loss: { stop_price: "1" } },
        /^fractional orders must be simple orders$/,
      ],
      [{ qty: "0.5", side: "sell" }, /^fractional orders cannot be sold short$/],
      [{ type: "limit", limit_price: "10.001" }, /^invalid limit_price 10.001. sub-penny increment does not fulfill minimum pricing criteria$/],
      [{ type: "limit", limit_price: "0.12345" }, /sub-penny/],
      [{ extended_hours: true }, /^extended hours order must be DAY or GTC limit orders$/],
      [{ extended_hours: true, type: "stop", stop_price: "9999" }, /^stop orders are not eligible for extended hours trading$/],
      [{ type: "stop", stop_price: "1" }, /^stop price must be greater than current price$/],
      [{ type: "stop", stop_price: "9999", side: "sell" }, /^stop price must be less than current price$/],
      [{ type: "stop_limit", stop_price: "1", limit_price: "1" }, /^stop price must be greater than current price$/],
      [{ order_class: "oco", side: "sell", take_profit: { limit_price: "900" }, stop_loss: { stop_price: "1" } }, /^oco orders must be exit orders$/],
      [{ order_class: "bracket", take_profit: { limit_price: "900" }, stop_loss: { stop_price: "890" } }, /^stop_loss.stop_price must be <= base_price - 0.01/],
      [{ position_intent: "buy_to_close" }, /^position intent mismatch, inferred: buy_to_open, specified: buy_to_close$/],
    ] as const)
      check(body, 422, UNPROCESSABLE, message);
  });

  it("for want of money or shares, and says how much there is", () => {
    const desk = givenEngine();
    const poor = check({ qty: "100000" }, 403, FORBIDDEN, /^insufficient buying power$/, desk);
    assert.equal(poor.details["buying_power"], "200000");
    assert.ok(Number(poor.details["cost_basis"]) > 200_000);
    check({ qty: "0.001" }, 403, FORBIDDEN, /^cost basis must be >= minimal amount of order 1$/, desk);
    desk.submit({ qty: "10" });
    desk.pass(0);
    const resting = desk.submit({ side: "sell", qty: "7", type: "limit", limit_price: "9000" });
    const short = check({ side: "sell", qty: "4" }, 403, FORBIDDEN, /^insufficient qty available for order \(requested: 4, available: 3\)$/, desk);
    assert.deepEqual(short.body, {
      symbol: "AAPL",
      available: "3",
      existing_qty: "10",
      held_for_orders: "7",
      related_orders: [resting.id],
      code: FORBIDDEN,
      message: short.message,
    });
    const wash = check({ qty: "1" }, 403, FORBIDDEN, /^potential wash trade detected. use complex orders$/, desk);
    assert.deepEqual(wash.details, { reject_reason: "opposite side limit order exists", existing_order_id: resting.id });
    const bracket = { order_class: "bracket", take_profit: { limit_price: "1" }, stop_loss: { stop_price: "9000" }, side: "sell" };
    check(bracket, 422, UNPROCESSABLE, /^bracket orders must be entry orders$/, desk);
  });

  it("for a used client_order_id, for ever", () => {
    const desk = givenEngine();
    const order = desk.submit({ client_order_id: "once", type: "limit", limit_price: "1" });
    desk.engine.cancel(desk.account, order.id);
    check({ client_order_id: "once" }, 422, PARAMETER, /^client_order_id must be unique$/, desk);
    assert.equal(desk.submit({ client_order_id: "y".repeat(128) }).clientOrderId.length, 128);
  });

  it("whatever the body holds, without a crash", () => {
    const desk = givenEngine({ cash: 1_000_000 });
    const field = fc.oneof(
      fc.constantFrom("buy", "sell", "AAPL", "limit", "stop", "bracket", "oco", "day", "gtc", "100", "1e400", "-0", "0x10", "1e-9", "\u0000", "\ud800"),
      fc.anything({ maxDepth: 2, withBigInt: false }),
      fc.double(),
    );
    const names = ["symbol", "qty", "notional", "side", "type", "time_in_force", "limit_price", "stop_price", "trail_price", "trail_percent", "extended_hours"];
    const more = ["client_order_id", "order_class", "take_profit", "stop_loss", "position_intent", "__proto__", "legs"];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names, ...more), field), (body) => {
        try {
          desk.submit(body);
        } catch (error) {
          assert.ok(error instanceof ApiError && error.status >= 400 && error.status < 500, String(error));
        }
        desk.pass(1000);
      }),
      { numRuns: 1500 },
    );
  });
});

describe("a replacement", () => {
  const change = { qty: null, limitPrice: null, stopPrice: null, trail: null, timeInForce: null, clientOrderId: null };
  const parse = (text: string) => givenEngine().submit({ qty: text, type: "limit", limit_price: "1" }).qty;

  it("is refused in Alpaca's words and changes nothing", () => {
    const desk = givenEngine();
    const order = desk.submit({ qty: "5", type: "limit", limit_price: "100" });
    const refused = (wanted: object, message: RegExp, id = order.id) => {
      const error = refusal(() => desk.engine.replace(desk.account, id, { ...change, ...wanted }));
      assert.equal(error.status, 422);
      assert.match(error.message, message);
    };
    refused({}, /^order parameters are not changed$/);
    refused({ qty: parse("5") }, /^order parameters are not changed$/);
    refused({ stopPrice: parse("5") }, /^limit orders have no stop price$/);
    refused({ limitPrice: parse("99.999") }, /sub-penny/);
    refused({ timeInForce: "ioc" }, /day and gtc only/);
    refused({ clientOrderId: order.clientOrderId }, /^client_order_id must be unique$/);
    const closed = givenEngine({ hours: "nyse", start: "2026-11-18T02:00:00Z" });
    const waiting = closed.submit({ type: "limit", limit_price: "100" });
    assert.match(
      refusal(() => closed.engine.replace(closed.account, waiting.id, { ...change, qty: parse("2") })).message,
      /^unable to replace order, order isn't sent to exchange yet$/,
    );
    desk.engine.cancel(desk.account, order.id);
    refused({ qty: parse("2") }, /^order is already in "canceled" state$/);
    const bracket = desk.submit({
      type: "limit",
      limit_price: "100",
      order_class: "bracket",
      take_profit: { limit_price: "110" },
      stop_loss: { stop_price: "90" },
    });
    desk.pass(0);
    refused({ qty: parse("2") }, /^qty cannot be changed for advanced orders$/, bracket.id);
    desk.submit({ qty: "100", symbol: "F" });
  });

  it("may change nothing but the client_order_id", () => {
    const desk = givenEngine();
    const order = desk.submit({ type: "limit", limit_price: "100", client_order_id: "mine" });
    desk.pass(0);
    const next = desk.engine.replace(desk.account, order.id, { ...change, clientOrderId: "yours" });
    assert.deepEqual([next.clientOrderId, next.replaces, next.limitPrice?.toFixed()], ["yours", order.id, "100"]);
  });

  it("may change the time in force, and then lives as long", () => {
    const desk = givenEngine();
    const order = desk.submit({ type: "limit", limit_price: "100" });
    desk.pass(0);
    const next = desk.engine.replace(desk.account, order.id, { ...change, timeInForce: "gtc" });
    assert.ok(next.expiresAt > order.expiresAt + 80 * 86_400_000);
    assert.deepEqual([next.replaces, order.replacedBy, order.status], [order.id, next.id, "replaced"]);
    assert.deepEqual(desk.events.map(({ event }) => event).slice(-2), ["replaced", "new"]);
  });
});
