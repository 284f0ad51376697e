import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseParams } from "../../../src/core/backtest/params.ts";
import { parseRequest } from "../../../src/core/backtest/request.ts";
import { BUILTIN_STRATEGIES, findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { request, root } from "./givenBars.ts";

describe("Built-in strategies", () => {
  it("have the names and defaults that the contract lists", () => {
    const defaults = Object.fromEntries(
      BUILTIN_STRATEGIES.map(({ name, params }) => [name, Object.fromEntries(Object.entries(params).map(([key, spec]) => [key, spec.default]))]),
    );
    assert.deepEqual(defaults, {
      sma_cross: { fast: 10, slow: 20 },
      ema_cross: { fast: 10, slow: 20 },
      rsi_reversion: { period: 14, low: 30, high: 70 },
      macd: { fast: 12, slow: 26, signal: 9 },
      bollinger: { period: 20, width: 2 },
      breakout: { entry: 20, exit: 10 },
      momentum: { lookback: 126 },
      dual_momentum: { lookback: 252, hurdle: 0 },
      zscore: { period: 20, entry: -2, exit: 0 },
      pairs: { period: 60, entry: 2, exit: 0.5 },
      vol_target: { target: 15, period: 20, max: 100, band: 10, perYear: 252 },
      turn_of_month: { before: 4, after: 3 },
      buy_and_hold: {},
    });
  });

  it("are documented with their parameters", () => {
    const text = readFileSync(join(root, "docs", "strategies.md"), "utf8");
    for (const { name, params } of BUILTIN_STRATEGIES) {
      const defaults = Object.entries(params)
        .map(([key, spec]) => `${key}=${spec.default}`)
        .join(", ");
      assert.ok(text.includes(`| \`${name}\` | ${defaults === "" ? "" : `\`${defaults}\` `}|`), `docs/strategies.md lacks ${name} with ${defaults}`);
    }
  });

  it("are found by name, and a typo is answered with the nearest", () => {
    assert.equal(findStrategy("breakout").name, "breakout");
    assert.throws(() => findStrategy("sma_cros"), { code: "unknown-strategy", kind: "usage", hint: /Did you mean sma_cross\?/ });
  });

  it("take their parameters with defaults, and name what is wrong with them", () => {
    const sma = findStrategy("sma_cross");
    assert.deepEqual(parseParams(sma, { fast: 5 }), { fast: 5, slow: 20 });
    assert.throws(() => parseParams(sma, { fasst: 5 }), { code: "unknown-parameter", kind: "usage", hint: "Did you mean fast?" });
    assert.throws(() => parseParams(sma, { fast: 2.5 }), /fast is 2.5, but must be a whole number/);
    assert.throws(() => parseParams(sma, { fast: 0 }), /must be at least 1/);
    assert.throws(() => parseParams(sma, { fast: Number.NaN }), /must be a finite number/);
    assert.throws(() => parseParams(findStrategy("buy_and_hold"), { fast: 1 }), { hint: "buy_and_hold takes no parameters." });
  });
});

describe("A backtest request", () => {
  it("passes when it is sound, and is refused by field when not", () => {
    assert.deepEqual(parseRequest(request()), request());
    assert.throws(() => parseRequest(request({ cash: -1 })), { code: "bad-request", kind: "usage", message: /cash/ });
    assert.throws(() => parseRequest({ ...request(), sizing: { kind: "percent", percent: 200 } }), /sizing.percent/);
    assert.throws(() => parseRequest({ ...request(), costs: { feeRate: 2, slippageBps: 0 } }), /costs.feeRate/);
    assert.throws(() => parseRequest(null), /request/);
  });
});
