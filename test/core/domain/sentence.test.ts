import assert from "node:assert/strict";
import fc from "fast-check";
import { TradingError } from "../../../src/core/base/errors.ts";
import { readSentence } from "../../../src/core/domain/sentence.ts";

/** The sentence with its decimals as text. */
function read(text: string): unknown {
  return JSON.parse(JSON.stringify(readSentence(text)));
}
const order = (side: string, symbol: string, terms: object) => ({ kind: "order", side, symbol, terms });

describe("sentences", () => {
  const check = (text: string, expected: object) => it(`reads "${text}"`, () => assert.deepEqual(read(text), expected));
  check("buy 10 AAPL", order("buy", "AAPL", { qty: "10" }));
  check("Buy 10 shares of aapl, please.", order("buy", "AAPL", { qty: "10" }));
  check("buy AAPL 10 shares", order("buy", "AAPL", { qty: "10" }));
  check("sell 0.5 BRK.B at 231.40", order("sell", "BRK.B", { qty: "0.5", limit: "231.4" }));
  check("short 5 TSLA", order("sell", "TSLA", { qty: "5", short: true }));
  check("buy AAPL for 500 dollars", order("buy", "AAPL", { notional: "500" }));
  check("buy 500 dollars of AAPL", order("buy", "AAPL", { notional: "500" }));
  check("buy 10 AAPL limit 5 stop 4 gtc", order("buy", "AAPL", { qty: "10", limit: "5", stop: "4", tif: "gtc" }));
  check("buy 10 AAPL take profit 246 and stop loss 224.10", order("buy", "AAPL", { qty: "10", takeProfit: "246", stopLoss: "224.1" }));
  check("sell 10 AAPL trailing 5 percent", order("sell", "AAPL", { qty: "10", trailPercent: "5" }));
  check("sell 10 AAPL trailing 5%", order("sell", "AAPL", { qty: "10", trailPercent: "5" }));
  check("sell 10 AAPL at the open", order("sell", "AAPL", { qty: "10", tif: "opg" }));
  check("buy 10 AAPL at market again", order("buy", "AAPL", { qty: "10", again: true }));
  check("analyze aapl", { kind: "analyze", symbol: "AAPL" });
  check("price of MSFT?", { kind: "price", symbol: "MSFT" });
  check("start a session", { kind: "start" });
  check("connect", { kind: "connect" });
  check("show me my account", { kind: "account" });
  check("What is the portfolio?", { kind: "portfolio" });
  check("set provider to rules", { kind: "provider", name: "rules" });
  check("provider", { kind: "provider", name: null });
  check("cancel all", { kind: "cancel-all" });
  check("cancel order 84939046-c529-4a03-bc87-a5154bc03273", { kind: "cancel", id: "84939046-c529-4a03-bc87-a5154bc03273" });
  check("close half of AAPL", { kind: "close", symbol: "AAPL", percent: "50" });
  check("close 25 % of AAPL", { kind: "close", symbol: "AAPL", percent: "25" });
  check("close my AAPL position", { kind: "close", symbol: "AAPL" });
  check("stop trading", { kind: "kill-switch", change: "on" });
  check("kill switch status", { kind: "kill-switch", change: "status" });
  check("acknowledge the alarms", { kind: "acknowledge" });
  check("bye", { kind: "leave" });

  const refuses = (text: string, message: RegExp) =>
    it(`refuses "${text.slice(0, 60)}"`, () =>
      assert.throws(
        () => readSentence(text),
        (error: unknown) => error instanceof TradingError && error.kind === "usage" && message.test(`${error.message} ${error.hint}`),
      ));
  refuses("", /empty/);
  refuses("buy", /quantity is missing/i);
  refuses("buy AAPL", /How many AAPL/);
  refuses("buy $10 AAPL", /amount of money.*dollars/);
  refuses("buy 010 AAPL", /010/);
  refuses("buy 1e3 AAPL", /1e3/);
  refuses("buy 10,5 AAPL", /10,5/);
  refuses("buy -5 AAPL", /-5/);
  refuses("buy 10k AAPL", /10k/);
  refuses("buy １０ AAPL", /１０/);
  refuses("buy ten AAPL", /ten.*digits/);
  refuses("buy 10 AAPL unless it falls", /unless it falls/);
  refuses("buy 10 AAPL at 5 at 6", /twice/);
  refuses("buy 10 AAPL for 231", /price or an amount/);
  refuses("buy 10 AAPL and sell 5 MSFT", /sell 5 MSFT/);
  refuses("should I buy 10 AAPL?", /do not understand/);
  refuses("don't buy 10 AAPL", /do not understand/);
  refuses("analyse AAPL and MSFT", /one symbol/);
  refuses("cancel", /Which order/);
  refuses("protfolio", /Did you mean portfolio/);
  refuses("__proto__", /do not understand/);
  refuses("x".repeat(501), /longer than 500/);

  it("answers bad input or a sentence to anything, and an order only to what begins like one", () => {
    const word = fc.constantFrom(
      "buy",
      "sell",
      "10",
      "AAPL",
      "at",
      "5",
      "for",
      "dollars",
      "stop",
      "loss",
      "the",
      "close",
      "all",
      "cancel",
      "of",
      "$5",
      "please",
      "%",
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(word, { maxLength: 8 }).map((words) => words.join(" ")),
    );
    fc.assert(
      fc.property(text, (said) => {
        try {
          const sentence = readSentence(said);
          if (sentence.kind === "order") assert.match(said.trim(), /^(please\s+)*(buy|sell|short)\s/i);
        } catch (error) {
          assert.ok(error instanceof TradingError && error.kind === "usage", String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
