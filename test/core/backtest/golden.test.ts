/** Our engines against the recorded results of other engines, trade by trade. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { sampleDataset } from "../../../src/core/data/samples.ts";
import type { BacktestResult, EngineName, Params } from "../../../src/core/domain/backtest.ts";
import type { Dataset } from "../../../src/core/domain/bars.ts";
import { goldenFolder, request, sharedCsv, sp500 } from "./givenBars.ts";

const ENGINES: readonly EngineName[] = ["vector", "event", "simple"];

interface GoldenStats {
  readonly final_equity: number;
  readonly total_return: number;
  readonly max_drawdown: number;
  readonly sharpe: number | null;
  readonly num_trades: number;
  readonly win_rate: number | null;
  readonly exposure: number;
  readonly total_fees: number;
}

/** "sma_cross_10_20" as a name and its parameters. */
function parse(label: string): { readonly name: string; readonly params: Params } {
  const name = /^[a-z_]+[a-z]/.exec(label)?.[0] ?? label;
  const values = label
    .slice(name.length)
    .split("_")
    .filter((part) => part !== "")
    .map(Number);
  return { name, params: Object.fromEntries(Object.keys(findStrategy(name).params).map((key, i) => [key, values[i] as number])) };
}

function run(data: Dataset, label: string, feeRate: number, engine: EngineName): BacktestResult {
  const { name, params } = parse(label);
  return runBacktest(
    request({ name, params, engine, costs: { feeRate, slippageBps: 0 }, withEquity: true }),
    { definition: findStrategy(name), hash: "" },
    data,
  );
}

function near(actual: number | null, expected: number | null, what: string): void {
  if (actual === null || expected === null) assert.equal(actual, expected, what);
  else assert.ok(Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)), `${what}: ${actual} instead of ${expected}`);
}

function checkStats({ stats }: BacktestResult, golden: GoldenStats, periodsPerYear: number): void {
  near(stats.finalEquity, golden.final_equity, "final equity");
  near(stats.totalReturnPct, golden.total_return * 100, "total return");
  near(stats.maxDrawdownPct, golden.max_drawdown * 100, "max drawdown");
  near(stats.sharpe, golden.sharpe, "Sharpe");
  near(stats.winRatePct, golden.win_rate === null ? null : golden.win_rate * 100, "win rate");
  near(stats.exposurePct, golden.exposure * 100, "exposure");
  near(stats.totalFees, golden.total_fees, "fees");
  assert.equal(stats.trades, golden.num_trades);
  assert.equal(stats.periodsPerYear, periodsPerYear);
}

describe("Results of other engines on the S&P 500", () => {
  const golden = JSON.parse(readFileSync(new URL("./sp500.golden.json", import.meta.url), "utf8")) as {
    readonly bars: number;
    readonly periods_per_year: number;
    readonly runs: ReadonlyArray<{
      readonly strategy: string;
      readonly fee_rate: number;
      readonly stats: GoldenStats;
      readonly trades: ReadonlyArray<readonly [number, number, number, number, number, number, boolean]>;
    }>;
  };
  const data = sp500();

  it("are about the bars of sample:sp500", async () => {
    const { series } = await sampleDataset("sample:sp500", new AbortController().signal);
    assert.equal(series.time.length, golden.bars);
    for (const column of ["time", "open", "high", "low", "close"] as const) assert.deepEqual(series[column], data.series[column]);
  });

  for (const { strategy, fee_rate: feeRate, stats, trades } of golden.runs) {
    for (const engine of ENGINES) {
      it(`equal ours for ${strategy} with a fee of ${feeRate} in the ${engine} engine`, () => {
        const result = run(data, strategy, feeRate, engine);
        checkStats(result, stats, golden.periods_per_year);
        assert.equal(result.trades.length, trades.length);
        result.trades.forEach((trade, i) => {
          const [entryIndex, exitIndex, entryPrice, exitPrice, size, pnl, finalized] = trades[i] as (typeof trades)[number];
          assert.deepEqual(
            [trade.entryIndex, trade.exitIndex, trade.entryPrice, trade.exitPrice, trade.finalized],
            [entryIndex, exitIndex, entryPrice, exitPrice, finalized],
          );
          near(trade.size, size, `size of trade ${i}`);
          near(trade.pnl, pnl, `profit of trade ${i}`);
        });
      });
    }
  }
});

interface GoldenFile {
  readonly dataset: string;
  readonly strategy: string;
  readonly fee_rate: number;
  readonly periods_per_year: number;
  readonly equity_reference: readonly number[];
  readonly engines: {
    readonly reference: {
      readonly stats: GoldenStats;
      readonly trades: ReadonlyArray<{
        readonly entry_index: number;
        readonly exit_index: number;
        readonly entry_price: number;
        readonly exit_price: number;
        readonly size: number;
        readonly entry_fee: number;
        readonly exit_fee: number;
        readonly pnl: number;
        readonly finalized: boolean;
      }>;
    };
  };
}

if (goldenFolder !== undefined) {
  const folder = goldenFolder;
  describe("Results of other engines on stocks, currencies and coins", () => {
    const files = readdirSync(folder).filter((file) => /\.fee\w+\.json$/.test(file));
    const data = new Map<string, Dataset>();

    it("are thirty files", () => assert.equal(files.length, 30));

    for (const file of files) {
      it(`equal ours in ${file}`, () => {
        const golden = JSON.parse(readFileSync(join(folder, file), "utf8")) as GoldenFile;
        const bars = data.get(golden.dataset) ?? sharedCsv(golden.dataset);
        data.set(golden.dataset, bars);
        for (const engine of ENGINES) {
          const result = run(bars, golden.strategy, golden.fee_rate, engine);
          const { stats, trades } = golden.engines.reference;
          checkStats(result, stats, golden.periods_per_year);
          assert.deepEqual(
            result.trades.map((trade) => [trade.entryIndex, trade.exitIndex, trade.entryPrice, trade.exitPrice, trade.finalized]),
            trades.map((trade) => [trade.entry_index, trade.exit_index, trade.entry_price, trade.exit_price, trade.finalized]),
          );
          result.trades.forEach((trade, i) => {
            const expected = trades[i] as (typeof trades)[number];
            near(trade.size, expected.size, `size of trade ${i}`);
            near(trade.pnl, expected.pnl, `profit of trade ${i}`);
            near(trade.fees, expected.entry_fee + expected.exit_fee, `fees of trade ${i}`);
          });
          golden.equity_reference.forEach((value, t) => near(result.equity?.[t]?.[1] ?? null, value, `equity at bar ${t}`));
        }
      });
    }
  });
}
