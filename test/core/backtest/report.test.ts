import assert from "node:assert/strict";
import { renderReport } from "../../../src/core/backtest/report.ts";
import { runBacktest } from "../../../src/core/backtest/runBacktest.ts";
import { findStrategy } from "../../../src/core/backtest/strategies/builtin.ts";
import { monthlyReturns } from "../../../src/core/backtest/report/monthly.ts";
import { reportData } from "../../../src/core/backtest/report/chartData.ts";
import { change, dollars, plain } from "../../../src/core/backtest/report/format.ts";
import type { Sweep } from "../../../src/core/domain/sweep.ts";
import type { BacktestRequest, BacktestResult } from "../../../src/core/domain/backtest.ts";
import { request, sp500 } from "./givenBars.ts";

describe("The report", () => {
  const data = sp500();
  const run = (name: string, change: Partial<BacktestRequest> = {}): BacktestResult =>
    runBacktest(request({ name, withEquity: true, ...change }), { definition: findStrategy(name), hash: "" }, data);

  it("is one page that loads nothing", () => {
    const html = renderReport(run("sma_cross"), data.series);
    assert.ok(html.startsWith("<!doctype html>"));
    assert.match(html, /default-src 'none'/);
    assert.doesNotMatch(html, /<(?:script|img|link|iframe)[^>]+(?:src|href)=/);
    assert.match(html, /TradingView Lightweight Charts/);
  });

  it("says what became of the money, what it cost, and that slippage is missing, in words", () => {
    const html = renderReport(run("sma_cross", { costs: { feeRate: 0.001, slippageBps: 0 } }), data.series);
    assert.match(html, /\$10,000 became <b>\$[\d,]+<\/b>/);
    assert.match(html, /10\u00a0bps fee, <b class="none">slippage: none<\/b>/);
    assert.match(html, /Simulated results, not investment advice/);
  });

  it("is marked SIMULATED when the prices are", () => {
    assert.match(renderReport({ ...run("sma_cross"), simulated: true }, data.series), /<span class="chip">SIMULATED<\/span>/);
  });

  it("is the same for the same result, whatever the time and the duration", () => {
    const result = run("breakout");
    assert.equal(renderReport({ ...result, durationMs: 1 }, data.series), renderReport({ ...result, durationMs: 2 }, data.series));
  });

  it("escapes every text that comes from outside", () => {
    const result = run("sma_cross");
    const evil = (name: string) => `</script><img src=x onerror=alert("${name}")>`;
    const html = renderReport(
      {
        ...result,
        strategy: evil("strategy"),
        params: { [evil("param")]: 1 },
        engineReason: evil("reason"),
        warnings: [evil("warning")],
        dataset: { ...result.dataset, name: evil("data"), source: evil("source"), adjustment: evil("adjustment"), timeZone: evil("zone") },
        trades: result.trades.map((trade) => ({ ...trade, symbol: evil("symbol") })),
      },
      data.series,
      { spec: { data: evil("file"), strategy: evil("ref"), timeZone: evil("tz") } },
    );
    assert.doesNotMatch(html, /<img/);
    assert.match(html, /#60;img src=x onerror=alert\(&#34;warning&#34;\)/);
  });

  it("says where the prices are from, how they were adjusted, the risk-free rate and the periods of a year", () => {
    const result = run("sma_cross", { riskFree: 0.0225, periodsPerYear: 250 });
    const html = renderReport(
      { ...result, dataset: { ...result.dataset, source: "Alpaca iex", adjustment: "split", asOf: "2024-01-02", timeZone: "Asia/Tokyo" } },
      data.series,
    );
    assert.match(html, /<b>Prices:<\/b> Alpaca iex, adjustment: split, as of 2024-01-02, times in Asia\/Tokyo\./);
    assert.match(html, /risk-free rate 2\.25\u00a0%, 250 periods a year/);
  });

  it("shows and repeats every cost, and how a symbol's prices were adjusted", () => {
    const result = run("sma_cross", { engine: "event", costs: { feeRate: 0, slippageBps: 5, feePerShare: 0.01, spreadBps: 4 } });
    const html = renderReport({ ...result, dataset: { ...result.dataset, adjustment: "split" } }, data.series, {
      spec: { data: "AAPL", strategy: "sma_cross" },
    });
    assert.match(html, /5\u00a0bps slippage, fee per share 0\.01, spread bps 4, filled at/);
    assert.doesNotMatch(html, /fee: none/);
    for (const flag of ["--fee-per-share 0.01", "--spread-bps 4", "--adjustment split"]) assert.ok(html.includes(flag), flag);
  });

  it("gives the command that was asked, quoted for a shell, with the costs in effect", () => {
    const spec = {
      data: "my data/GO'OG.csv",
      strategy: "./a b.ts",
      from: "2010-01-04",
      sizing: { kind: "percent", percent: 30 },
      timeZone: "Asia/Tokyo",
    } as const;
    const html = renderReport(run("sma_cross", { riskFree: -0.005, costs: { feeRate: 0.001, slippageBps: 5 } }), data.series, { spec });
    const command = /quantdesk backtest(?:[^\n]*\\\n)*[^\n]*/.exec(html.replaceAll("&#39;", "'").replaceAll("&#38;", "&"))?.[0];
    assert.deepEqual(command?.split(" \\\n  "), [
      "quantdesk backtest",
      String.raw`--data 'my data/GO'\''OG.csv'`,
      "--strategy './a b.ts'",
      "--params fast=10,slow=20",
      "--cash 10000",
      "--fee-rate 0.001",
      "--slippage-bps 5",
      "--sizing percent:30",
      "--fill next-open",
      "--from 2010-01-04",
      "--tz Asia/Tokyo",
      "--risk-free -0.005",
      "--report report.html",
    ]);
  });

  it("shows where the run stands among those of its sweep, and what luck explains", () => {
    const [fast, slow] = [Float64Array.of(5, 10, 5, 10), Float64Array.of(20, 20, 50, 50)];
    const figures = { totalReturnPct: fast, maxDrawdownPct: fast, trades: fast, status: Uint8Array.of(1, 1, 1, 2) };
    const columns = { names: ["fast", "slow"], params: [fast, slow], sharpe: Float64Array.of(0.1, 0.4, -0.2, Number.NaN), ...figures };
    const result = run("sma_cross");
    const best = [{ params: result.params, stats: result.stats, deflatedSharpe: 0.3 }];
    const sweep = {
      columns,
      result: { best, luckSharpe: 0.9, trialsCounted: 4, pbo: null, stability: null, monteCarlo: null, crossValidation: null },
    } as unknown as Sweep;
    const html = renderReport(result, data.series, { sweep });
    assert.match(html, /With 4 trials on these prices[^<]*probably luck/);
    assert.deepEqual(
      [...html.matchAll(/<td class="here"[^>]*>([^<]+)/g)].map(([, text]) => text),
      ["0.40"],
    );
  });

  it("stays small over many bars: lowest and highest equity, the last candles, the last trades", () => {
    const bars = 200_000;
    const price = Float64Array.from({ length: bars }, (_value, i) => 100 + 10 * Math.sin(i / 7) + (i === 77_777 ? 500 : 0));
    const series = {
      ...data.series,
      time: price.map((_value, i) => Date.UTC(2020, 0, 1) + i * 500),
      open: price,
      high: price,
      low: price,
      close: price,
      volume: price,
    };
    const result = runBacktest(
      request({ name: "sma_cross", withEquity: true }),
      { definition: findStrategy("sma_cross"), hash: "" },
      { info: data.info, series },
    );
    const html = renderReport(result, series);
    assert.ok(html.length < 700_000, String(html.length));
    const charts = JSON.parse(/id="charts">([^<]*)</.exec(html)?.[1] ?? "") as { equity: { time: number[]; hold: number[] }; price: { bars: number[][] } };
    const ascend = (times: readonly number[]) => assert.ok(times.every((time, i) => i === 0 || time > (times[i - 1] as number)));
    ascend(charts.equity.time);
    ascend(charts.price.bars.map(([time]) => time as number));
    assert.equal(charts.equity.time.at(-1), Math.floor((series.time.at(-1) as number) / 1000));
    assert.match(html, /Trades, last 100 of [\d,]+/);
  });

  it("counts the same equity from the trades when the result has none", () => {
    for (const sizing of [{ kind: "all-in" }, { kind: "percent", percent: 30 }] as const) {
      const { equity, ...without } = run("sma_cross", { costs: { feeRate: 0.001, slippageBps: 5 }, sizing });
      const counted = reportData(without, data.series).equity;
      equity?.forEach(([, value], t) => assert.ok(Math.abs((counted[t] as number) / value - 1) < 1e-9, `bar ${t}: ${counted[t]} and ${value}`));
    }
  });

  it("draws the bars that the run used, when it used a part", () => {
    const from = Date.UTC(2010, 0, 1);
    const part = reportData(run("sma_cross", { from }), data.series);
    assert.ok((part.bars.time[0] as number) >= from);
    assert.equal(part.bars.time.length, part.equity.length);
  });

  it("ranks other runs by Sharpe ratio", () => {
    const html = renderReport(run("sma_cross"), data.series, { leaderboard: [run("rsi_reversion"), run("buy_and_hold"), run("sma_cross")] });
    const board = /Leaderboard by Sharpe ratio[\s\S]*?<\/table>/.exec(html)?.[0] ?? "";
    const sharpes = [...board.matchAll(/(\u2212?\d+\.\d\d) <small>/g)].map(([, text]) => Number((text as string).replace("\u2212", "-")));
    assert.equal(sharpes.length, 3);
    assert.deepEqual(
      sharpes,
      [...sharpes].sort((a, b) => b - a),
    );
  });

  it("stands without any trade", () => {
    assert.match(renderReport(run("sma_cross", { params: { fast: 4000, slow: 5000 } }), data.series), /There were none/);
  });
});

describe("Monthly returns", () => {
  it("multiply to the return of the year", () => {
    const time = Float64Array.of(Date.UTC(2020, 0, 15), Date.UTC(2020, 0, 31), Date.UTC(2020, 1, 28), Date.UTC(2021, 0, 29));
    const { years } = monthlyReturns(Float64Array.of(100, 110, 121, 60.5), time, 100);
    assert.deepEqual(
      years.map((row) => [row.year, row.months.filter((value) => value !== null).map((value) => Math.round(value)), Math.round(row.total)]),
      [
        [2020, [10, 10], 21],
        [2021, [-50], -50],
      ],
    );
  });
});

describe("Numbers in reports", () => {
  it("have a true minus, a plus on changes, and no sign at zero", () => {
    assert.deepEqual(
      [plain(-1.234, 2), plain(-0.001, 2), change(12.34), change(-0.01), change(0), dollars(-1234.5, 2), plain(null, 2)],
      ["\u22121.23", "0.00", "+12.3\u00a0%", "0.0\u00a0%", "0.0\u00a0%", "\u2212$1,234.50", "\u2013"],
    );
  });
});
