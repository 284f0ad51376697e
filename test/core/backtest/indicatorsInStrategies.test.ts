import assert from "node:assert/strict";
import type { LoadedStrategy } from "../../../src/core/backtest/engines.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { MemoContext } from "../../../src/core/backtest/sweep/memoContext.ts";
import { defineStrategy, type StrategyDefinition, type VectorContext } from "../../../src/core/domain/strategy.ts";
import { computeIndicator } from "../../../src/core/domain/indicators/catalog.ts";
import { givenBars } from "../domain/indicators/bars.ts";
import { dataset, request } from "./givenBars.ts";

const columns = givenBars(400, "strategy", 2);
const { time, open, high, low, close, volume, other } = columns;
const data = dataset("made up", { time, open, high, low, close, volume });

function run(definition: unknown, engine: "vector" | "event") {
  const strategy: LoadedStrategy = { definition: definition as StrategyDefinition, hash: "" };
  return runBacktest(request({ engine }), strategy, data);
}

describe("Indicators in a strategy", () => {
  const directional = defineStrategy({
    name: "directional",
    params: { period: { default: 14, min: 2, max: 50, integer: true } },
    signals({ indicator }, { period }) {
      const { plusDi, minusDi } = indicator(`adx(${period})`) as Record<"plusDi" | "minusDi", Float64Array>;
      const up = Int8Array.from(plusDi, (value, i) => (value > (minusDi[i] as number) ? 1 : 0));
      return { entries: up, exits: up.map((value) => 1 - value) };
    },
    onBar(bar, { period }) {
      if (bar.indicator(`adx(${period}).plusDi`) > bar.indicator(`adx(${period}).minusDi`)) bar.buy();
      else bar.sell();
    },
  });

  it("give the same trades in signals() and in onBar()", () => {
    const [vector, event] = [run(directional, "vector"), run(directional, "event")];
    assert.ok(vector.trades.length > 5);
    assert.deepEqual(event.trades, vector.trades);
  });

  it("never show onBar() a later bar, and are refused with a sentence when they are not there", () => {
    const seen: number[] = [];
    const asks = (ask: (bar: { indicator(request: string, ago?: number): number }) => unknown) =>
      run(defineStrategy({ name: "asks", params: {}, onBar: (bar) => void ask(bar) }), "event");
    asks((bar) => seen.push(bar.indicator("psar"), bar.indicator("psar", 1), bar.indicator("psar", -1)));
    const { stop } = computeIndicator("psar", columns);
    assert.deepEqual(
      seen,
      [...close].flatMap((_, i) => [stop?.[i], stop?.[i - 1] ?? Number.NaN, Number.NaN]),
    );
    assert.throws(() => asks((bar) => bar.indicator("adx.plus")), /no output plus/);
    assert.throws(() => asks((bar) => bar.indicator("beta")), /needs the column other/);
    let n = 0;
    assert.throws(() => asks((bar) => bar.indicator(`rsi(${++n})`)), { code: "too-many-indicators" });
  });

  it("are computed once for all combinations of a sweep, and cannot be spoilt by one of them", () => {
    const memo = new MemoContext(data.series, { copy: true });
    const ask = (context: VectorContext) => context.indicator("bollinger(10, 1)")["upper"] as Float64Array;
    const first = ask(memo.context());
    const expected = computeIndicator("bollinger(10,1)", columns)["upper"];
    assert.deepEqual([...first], [...(expected ?? [])]);
    first.fill(1);
    assert.deepEqual([...ask(memo.context())], [...(expected ?? [])]);
    const plain = new MemoContext(data.series, { copy: false });
    assert.equal(ask(plain.context()), ask(plain.context()));
    assert.deepEqual([...(plain.context().indicator("beta(20)", { other })["value"] ?? [])], [...(computeIndicator("beta(20)", columns)["value"] ?? [])]);
  });
});
