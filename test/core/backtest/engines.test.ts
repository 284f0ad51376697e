import assert from "node:assert/strict";
import fc from "fast-check";
import type { LoadedStrategy } from "../../../src/core/backtest/engines.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { BUILTIN_STRATEGIES } from "../../../src/core/backtest/strategies/builtin.ts";
import { defineStrategy, type BarContext, type StrategyDefinition } from "../../../src/core/domain/strategy.ts";
import type { BacktestRequest, BacktestResult, BacktestTrade, EngineName, Params, Sizing } from "../../../src/core/domain/backtest.ts";
import { sliceBars, type Dataset } from "../../../src/core/domain/bars.ts";
import { barsOf, randomBars, request } from "./givenBars.ts";

/** Short windows, so that strategies trade within a hundred bars. */
const SHORT: Readonly<Record<string, Params>> = {
  sma_cross: { fast: 2, slow: 5 },
  ema_cross: { fast: 2, slow: 5 },
  rsi_reversion: { period: 3, low: 40, high: 60 },
  macd: { fast: 2, slow: 4, signal: 2 },
  bollinger: { period: 4, width: 1 },
  breakout: { entry: 4, exit: 2 },
  momentum: { lookback: 5 },
  zscore: { period: 4, entry: -0.5, exit: 0.5 },
  turn_of_month: {},
  buy_and_hold: {},
};

/** Those that all engines run. */
const strategies = fc.constantFrom(...BUILTIN_STRATEGIES.filter(({ signals }) => signals !== undefined));
const rules = fc.record({
  costs: fc.record({ feeRate: fc.constantFrom(0, 0.001, 0.02), slippageBps: fc.constantFrom(0, 5, 100) }),
  sizing: fc.constantFrom<Sizing>({ kind: "all-in" }, { kind: "whole-shares" }, { kind: "fixed", units: 20 }, { kind: "percent", percent: 40 }),
  fill: fc.constantFrom<BacktestRequest["fill"]>("next-open", "close"),
});

function loaded(definition: unknown): LoadedStrategy {
  return { definition: definition as StrategyDefinition, hash: "" };
}

function essence(result: BacktestResult) {
  return { trades: result.trades, stats: result.stats, equity: result.equity };
}

/** Equal but for the last bits: the simple engine adds in another order. */
function assertNear(actual: unknown, expected: unknown): void {
  const round = (_key: string, value: unknown) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(9)) : value);
  assert.deepEqual(JSON.parse(JSON.stringify(actual, round)), JSON.parse(JSON.stringify(expected, round)));
}

describe("The engines", () => {
  it("agree bit by bit between vector and event form, for every strategy, cost, size and fill", () => {
    fc.assert(
      fc.property(randomBars(), strategies, rules, (bars, definition, rule) => {
        const run = (engine: EngineName) =>
          essence(runBacktest(request({ ...rule, engine, params: SHORT[definition.name] as Params, withEquity: true }), loaded(definition), bars));
        assert.deepEqual(run("event"), run("vector"));
      }),
      { numRuns: 300 },
    );
  });

  it("agree with the simple engine, which shares no code with them", () => {
    fc.assert(
      fc.property(randomBars(), strategies, rules, (bars, definition, rule) => {
        const run = (engine: EngineName) => runBacktest(request({ ...rule, engine, params: SHORT[definition.name] as Params }), loaded(definition), bars);
        const [simple, vector] = [run("simple"), run("vector")];
        assert.equal(simple.trades.length, vector.trades.length);
        simple.trades.forEach((exact, i) => {
          const trade = vector.trades[i] as BacktestTrade;
          assert.deepEqual([trade.entryIndex, trade.exitIndex, trade.finalized], [exact.entryIndex, exact.exitIndex, exact.finalized]);
          for (const figure of ["entryPrice", "exitPrice", "size", "fees"] as const)
            assert.ok(Math.abs(trade[figure] - exact[figure]) <= 1e-9 * exact[figure], `${figure} of trade ${i}: ${trade[figure]}, exactly ${exact[figure]}`);
          assert.ok(Math.abs(trade.pnl - exact.pnl) <= 1e-9 * exact.size * exact.entryPrice, `profit of trade ${i}`);
        });
        assert.ok(Math.abs(simple.stats.finalEquity / vector.stats.finalEquity - 1) < 1e-9);
      }),
      { numRuns: 200 },
    );
  });

  it("agree trade by trade on random signals, whatever the volume", () => {
    const bit = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) });
    const signals = fc.array(fc.tuple(bit, bit), { minLength: 120, maxLength: 120 });
    const volumes = fc.array(fc.constantFrom(0, Number.NaN, 1, 1e9), { minLength: 120, maxLength: 120 });
    fc.assert(
      fc.property(randomBars(), signals, volumes, rules, (bars, bits, volume, rule) => {
        const definition = defineStrategy({
          name: "random",
          params: {},
          signals: ({ length }) => ({
            entries: bits.slice(0, length).map(([entry]) => entry),
            exits: Uint8Array.from({ length }, (_value, t) => bits[t]?.[1] ?? 0),
          }),
        });
        const data = { ...bars, series: { ...bars.series, volume: Float64Array.from(volume.slice(0, bars.series.time.length)) } };
        const run = (engine: EngineName) => runBacktest(request({ ...rule, engine, withEquity: true }), loaded(definition), data);
        const [vector, simple] = [run("vector"), run("simple")];
        assert.deepEqual(essence(run("event")), essence(vector));
        const places = (result: BacktestResult) => result.trades.map((trade) => [trade.entryIndex, trade.exitIndex, trade.finalized]);
        assert.deepEqual(places(simple), places(vector));
        simple.equity?.forEach(([, value], t) => assert.ok(Math.abs(value - (vector.equity?.[t]?.[1] ?? Number.NaN)) <= 1e-9 * value, `equity at bar ${t}`));
      }),
      { numRuns: 300 },
    );
  });

  it("never look ahead: a run on the first bars has the trades of the whole run", () => {
    fc.assert(
      fc.property(randomBars(), strategies, fc.constantFrom<EngineName>("vector", "event"), fc.nat(), (bars, definition, engine, n) => {
        const cut = 1 + (n % bars.series.time.length);
        const short: Dataset = { info: bars.info, series: sliceBars(bars.series, 0, cut) };
        const run = (data: Dataset) => runBacktest(request({ engine, params: SHORT[definition.name] as Params, withEquity: true }), loaded(definition), data);
        const [whole, part] = [run(bars), run(short)];
        const closed = part.trades.filter((trade) => !trade.finalized);
        assert.deepEqual(closed, whole.trades.slice(0, closed.length));
        assert.deepEqual(part.equity?.slice(0, cut - 1), whole.equity?.slice(0, cut - 1));
      }),
      { numRuns: 300 },
    );
  });

  it("keep cash and position equal to equity, and profits equal to the change of equity", () => {
    fc.assert(
      fc.property(randomBars(), strategies, rules, (bars, definition, rule) => {
        const { trades, stats } = runBacktest(request({ ...rule, params: SHORT[definition.name] as Params }), loaded(definition), bars);
        const profit = trades.reduce((sum, trade) => sum + trade.pnl, 0);
        assert.ok(Math.abs(10_000 + profit - stats.finalEquity) < 1e-6, `${profit} and ${stats.finalEquity}`);
      }),
      { numRuns: 200 },
    );
  });

  it("give the same result, byte for byte but for the duration, for the same request", () => {
    fc.assert(
      fc.property(randomBars(), strategies, rules, (bars, definition, rule) => {
        const run = () =>
          JSON.stringify({
            ...runBacktest(request({ ...rule, params: SHORT[definition.name] as Params, withEquity: true }), loaded(definition), bars),
            durationMs: 0,
          });
        assert.equal(run(), run());
      }),
      { numRuns: 50 },
    );
  });

  it("answer numbers or null, never NaN or infinity", () => {
    fc.assert(
      fc.property(randomBars(), strategies, rules, (bars, definition, rule) => {
        const { stats } = runBacktest(request({ ...rule, params: SHORT[definition.name] as Params }), loaded(definition), bars);
        for (const [name, value] of Object.entries(stats)) assert.ok(value === null || Number.isFinite(value), `${name} is ${value}`);
      }),
      { numRuns: 200 },
    );
  });
});

describe("The choice of an engine", () => {
  const onlyBar = defineStrategy({ name: "bars_only", params: {}, onBar() {} });
  const bars = barsOf(Array.from({ length: 5 }, () => [10, 11, 9, 10] as const));

  it("is vector for a strategy with signals, and says why", () => {
    const { engine, engineReason } = runBacktest(request(), loaded(BUILTIN_STRATEGIES[0]), bars);
    assert.equal(engine, "vector");
    assert.match(engineReason, /signals\(\)/);
  });

  it("is event for a strategy with onBar alone", () => {
    assert.equal(runBacktest(request(), loaded(onlyBar), bars).engine, "event");
  });

  it("refuses the vector engine for a strategy without signals", () => {
    assert.throws(() => runBacktest(request({ engine: "vector" }), loaded(onlyBar), bars), { code: "engine-not-possible", kind: "usage" });
  });

  it("never hides a strategy's own error behind another engine", () => {
    const broken = defineStrategy({
      name: "broken",
      params: {},
      signals() {
        throw new Error("no luck");
      },
      onBar() {},
    });
    assert.throws(() => runBacktest(request(), loaded(broken), bars), /broken: signals\(\) failed: Error: no luck/);
  });

  it("refuses signals of the wrong length", () => {
    const short = defineStrategy({ name: "short", params: {}, signals: () => ({ entries: new Int8Array(2), exits: new Int8Array(2) }) });
    assert.throws(() => runBacktest(request(), loaded(short), bars), /entries has 2 values for 5 bars/);
  });
});

describe("Orders in the event engine", () => {
  /** Buys with `options` at the first bar; then `later` is called at each bar. */
  function play(
    rows: ReadonlyArray<readonly [number, number, number, number]>,
    first: (bar: BarContext) => void,
    later: (bar: BarContext) => void = () => {},
    change: Partial<BacktestRequest> = {},
  ) {
    const strategy = defineStrategy({ name: "orders", params: {}, onBar: (bar) => (bar.index === 0 ? first(bar) : later(bar)) });
    const { trades } = runBacktest(request(change), loaded(strategy), barsOf(rows));
    return trades.map((trade) => [trade.entryIndex, trade.entryPrice, trade.exitIndex, trade.exitPrice, trade.finalized]);
  }
  const quiet = [100, 101, 99, 100] as const;

  it("fill a limit at its price when the bar reaches it, and at the open when it opens below", () => {
    assert.deepEqual(
      play([quiet, quiet, [100, 101, 94, 97], quiet], (bar) => bar.buy({ limit: 95 })),
      [[2, 95, 3, 100, true]],
    );
    assert.deepEqual(
      play([quiet, quiet, [93, 101, 92, 97], quiet], (bar) => bar.buy({ limit: 95 })),
      [[2, 93, 3, 100, true]],
    );
  });

  it("fill a stop entry by touch, and at the open through a gap", () => {
    assert.deepEqual(
      play([quiet, [100, 106, 99, 104], quiet], (bar) => bar.buy({ stop: 105 })),
      [[1, 105, 2, 100, true]],
    );
    assert.deepEqual(
      play([quiet, [110, 112, 108, 111], quiet], (bar) => bar.buy({ stop: 105 })),
      [[1, 110, 2, 100, true]],
    );
  });

  it("sell at the stop loss, and at the open when it gaps through", () => {
    assert.deepEqual(
      play([quiet, quiet, [100, 101, 89, 95], quiet], (bar) => bar.buy({ stopLoss: 90 })),
      [[1, 100, 2, 90, false]],
    );
    assert.deepEqual(
      play([quiet, quiet, [80, 85, 79, 81], quiet], (bar) => bar.buy({ stopLoss: 90 })),
      [[1, 100, 2, 80, false]],
    );
  });

  it("sell at the take profit, or better when it opens above", () => {
    assert.deepEqual(
      play([quiet, quiet, [100, 111, 99, 105], quiet], (bar) => bar.buy({ takeProfit: 110 })),
      [[1, 100, 2, 110, false]],
    );
    assert.deepEqual(
      play([quiet, quiet, [115, 116, 109, 112], quiet], (bar) => bar.buy({ takeProfit: 110, stopLoss: 90 })),
      [[1, 100, 2, 115, false]],
    );
  });

  it("take the stop when one bar touches both sides of a bracket", () => {
    assert.deepEqual(
      play([quiet, quiet, [100, 120, 80, 100], quiet], (bar) => bar.buy({ takeProfit: 110, stopLoss: 90 })),
      [[1, 100, 2, 90, false]],
    );
  });

  it("let a bracket work in the bar of its entry", () => {
    assert.deepEqual(
      play([quiet, [100, 101, 85, 99], quiet], (bar) => bar.buy({ stopLoss: 90 })),
      [[1, 100, 1, 90, false]],
    );
  });

  it("do not take a limit entry's profit from a high that may have come before it", () => {
    assert.deepEqual(
      play([quiet, [100, 111, 94, 97], quiet], (bar) => bar.buy({ limit: 95, takeProfit: 110 })),
      [[1, 95, 2, 100, true]],
    );
  });

  it("forget working orders at cancelAll, and replace a stop that is moved", () => {
    assert.deepEqual(
      play(
        [quiet, quiet, [100, 101, 94, 97], quiet],
        (bar) => bar.buy({ limit: 95 }),
        (bar) => bar.cancelAll(),
      ),
      [],
    );
    assert.deepEqual(
      play(
        [quiet, quiet, [100, 101, 96, 97], quiet],
        (bar) => bar.buy({ stopLoss: 90 }),
        (bar) => bar.sell({ stop: 97 }),
      ),
      [[1, 100, 2, 97, false]],
    );
  });

  it("ignore a second entry while long", () => {
    assert.equal(
      play(
        [quiet, quiet, quiet, quiet],
        (bar) => bar.buy(),
        (bar) => bar.buy(),
      ).length,
      1,
    );
  });

  it("move market and stop fills against the order by the slippage, limits not", () => {
    const costs = { feeRate: 0, slippageBps: 100 };
    assert.deepEqual(
      play([quiet, quiet, [100, 101, 89, 95], quiet], (bar) => bar.buy({ stopLoss: 90 }), undefined, { costs }),
      [[1, 101, 2, 90 * 0.99, false]],
    );
    assert.deepEqual(
      play([quiet, quiet, [100, 111, 99, 105], quiet], (bar) => bar.buy({ takeProfit: 110 }), undefined, { costs }),
      [[1, 101, 2, 110, false]],
    );
  });

  it("show a strategy no bar but those up to its own", () => {
    const seen: number[] = [];
    play([quiet, [100, 105, 99, 104], quiet], (bar) => seen.push(bar.lag(-1), bar.lag(1), bar.close));
    assert.deepEqual(seen, [Number.NaN, Number.NaN, 100]);
  });
});

describe("Sizes and fills", () => {
  const rising = barsOf([
    [10, 10, 10, 10],
    [10, 10, 10, 10],
    [20, 20, 20, 20],
  ]);
  const hold = BUILTIN_STRATEGIES.find((strategy) => strategy.name === "buy_and_hold");
  const run = (change: Partial<BacktestRequest>) => runBacktest(request({ cash: 105, ...change }), loaded(hold), rising);

  it("buy fractions with all the cash, whole shares, a fixed number or a share of it", () => {
    assert.equal(run({ sizing: { kind: "all-in" } }).trades[0]?.size, 10.5);
    assert.equal(run({ sizing: { kind: "whole-shares" } }).trades[0]?.size, 10);
    assert.equal(run({ sizing: { kind: "fixed", units: 3 } }).trades[0]?.size, 3);
    assert.equal(run({ sizing: { kind: "percent", percent: 50 } }).trades[0]?.size, 5.25);
    assert.equal(run({ sizing: { kind: "fixed", units: 3 } }).stats.finalEquity, 135);
  });

  it("skip an entry that the cash does not reach for, and warn", () => {
    const result = run({ sizing: { kind: "fixed", units: 11 } });
    assert.equal(result.trades.length, 0);
    assert.match(result.warnings.join(" "), /1 entry was not filled/);
  });

  it("mark a run that fills at the signal's own close", () => {
    const result = run({ fill: "close" });
    assert.equal(result.sameBarFill, true);
    assert.match(result.warnings[0] as string, /--fill close/);
    assert.equal(result.trades[0]?.entryIndex, 0);
  });

  it("use the bars from one date to another only, and say which", () => {
    const result = runBacktest(request({ from: 86_400_000 }), loaded(hold), rising);
    assert.deepEqual([result.dataset.bars, result.dataset.from], [2, "1970-01-02T00:00:00.000Z"]);
    assert.throws(() => runBacktest(request({ from: 1e13 }), loaded(hold), rising), { code: "no-bars", kind: "usage" });
  });

  it("agree to the last digit with a hand calculation", () => {
    assertNear(run({ costs: { feeRate: 0.01, slippageBps: 0 } }).trades, [
      {
        side: "long",
        entryIndex: 1,
        exitIndex: 2,
        entryTime: "1970-01-02T00:00:00.000Z",
        exitTime: "1970-01-03T00:00:00.000Z",
        entryPrice: 10,
        exitPrice: 20,
        size: 105 / 10.1,
        fees: (105 / 10.1) * 0.3,
        pnl: (105 / 10.1) * 9.7,
        pnlPct: 97,
        bars: 1,
        maePct: 0,
        mfePct: 100,
        finalized: true,
      },
    ]);
  });
});
