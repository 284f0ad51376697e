/** A walk-forward analysis as a page: equity of the test windows put together, and what was chosen in each. */
import type { BacktestStats } from "../../domain/backtest.ts";
import { walkForwardSentence } from "../../domain/luck.ts";
import type { WalkForward, WalkForwardResult } from "../../domain/walkForward.ts";
import { drawdowns } from "../drawdown.ts";
import { isWide, keptIndexes } from "../report/chartData.ts";
import { change, date, escapeHtml, MISSING, percent, plain } from "../report/format.ts";
import { page } from "../report/page.ts";
import { note, panel, table } from "../report/sections.ts";
import { costsLine, paramsLine } from "./heatmap.ts";

export function walkForwardPage({ result, time, equity, close }: WalkForward): string {
  const name = `${result.strategy} on ${result.dataset}`;
  const mark = result.simulated
    ? `<span class="chip">SIMULATED</span> PRICES · QUANTDESK WALK-FORWARD ANALYSIS`
    : "SIMULATED TRADING ON PAST PRICES · QUANTDESK WALK-FORWARD ANALYSIS";
  const { stats } = result;
  return page({
    title: `${name}: Quantdesk walk-forward analysis${result.simulated ? " (SIMULATED)" : ""}`,
    charts: chart(time, equity, close),
    body: [
      `<header><p class="sim">${mark}</p><h1>${escapeHtml(name)}</h1><p class="lead">${escapeHtml(walkForwardSentence(result))}</p>${costsLine(result)}</header><main>`,
      ...(result.warnings ?? []).map(note),
      panel({
        title: "Equity and drawdown of the test windows",
        say: `Trained on ${escapeHtml(lengthText(result.train))}${result.anchored ? " and more, always from the first bar" : ""}, tested on the ${escapeHtml(lengthText(result.test))} after it, again and again. Every test begins without a position and with the money that the one before left. The thin line is the same money held in the instrument, without costs.`,
        body: `<div class="chart"><p class="names"><b>${escapeHtml(result.strategy)}</b> · held</p><div id="equity" style="height:320px" role="figure" aria-label="Equity and drawdown; the numbers are in the tables below"></div></div>`,
      }),
      stats === null ? "" : figures(result, stats),
      panel({
        title: "Windows",
        say: "The parameters are the best by Sharpe ratio in training. Ratios that fall from training to test were luck or fitted to the past; parameters that jump from window to window are no sign of an effect that lasts.",
        body: windowTable(result),
      }),
      `</main><footer class="foot"><p>${result.simulated ? "SIMULATED: these prices were made by a seeded market. " : ""}Simulated results, not investment advice.</p><p>Charts: <a href="https://www.tradingview.com/">TradingView Lightweight Charts™</a>, © TradingView, Inc., Apache License 2.0.</p></footer>`,
    ].join("\n"),
  });
}

function chart(time: Float64Array, equity: Float64Array, close: Float64Array): unknown {
  const falls = drawdowns(equity);
  const at = keptIndexes(equity);
  const hold = close.map((price) => (equity[0]! * price) / close[0]!);
  const span = (time[time.length - 1] ?? 0) - (time[0] ?? 0);
  return {
    intraday: span / Math.max(1, time.length - 1) < 0.6 * 86_400_000,
    logarithmic: isWide(equity) || isWide(hold),
    equity: {
      time: at.map((i) => Math.floor(time[i]! / 1000)),
      value: at.map((i) => Number(equity[i]!.toFixed(2))),
      hold: at.map((i) => Number(hold[i]!.toFixed(2))),
      drawdown: at.map((i) => Number((-falls[i]! * 100).toFixed(3))),
    },
  };
}

function figures(result: WalkForwardResult, stats: BacktestStats): string {
  const rows: ReadonlyArray<readonly [string, string]> = [
    ["Return", change(stats.totalReturnPct)],
    ["A year (CAGR)", change(stats.cagrPct)],
    ["A year in training, mean", change(result.inSampleCagrPct)],
    ["Kept of it", percent(result.efficiencyPct, 0)],
    ["Sharpe", plain(stats.sharpe, 2)],
    ["Above zero, probability", result.probabilisticSharpe === null ? MISSING : percent(result.probabilisticSharpe * 100, 0)],
    ["Worst fall", percent(stats.maxDrawdownPct === 0 ? 0 : -stats.maxDrawdownPct)],
    ["Invested", percent(stats.exposurePct)],
    ["Trades", plain(stats.trades, 0)],
    ["Parameters changed", `${result.paramChanges} of ${Math.max(0, result.windows.length - 1)} times`],
    ["Backtests run", plain(result.run, 0)],
    ["Run", `<span class="mono">${escapeHtml(result.runHash.slice(0, 12))}</span>`],
  ];
  const third = Math.ceil(rows.length / 3);
  const column = (from: number) =>
    `<div><dl class="stats">${rows
      .slice(from, from + third)
      .map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`)
      .join("")}</dl></div>`;
  return `<h2 class="sr">Statistics</h2><div class="cols">${[0, third, 2 * third].map(column).join("")}</div>`;
}

function windowTable({ windows }: WalkForwardResult): string {
  const rows = windows.map(({ train, test, params, inSample, outOfSample, error }, i) => [
    String(i + 1),
    `${date(train.from, { withTime: false })} to ${date(train.to, { withTime: false })}`,
    `${date(test.from, { withTime: false })} to ${date(test.to, { withTime: false })}`,
    params === null ? escapeHtml(error ?? MISSING) : escapeHtml(paramsLine(params)),
    plain(inSample?.sharpe ?? null, 2),
    plain(outOfSample?.sharpe ?? null, 2),
    change(outOfSample?.totalReturnPct ?? null),
    percent(outOfSample === null || outOfSample.maxDrawdownPct === 0 ? (outOfSample?.maxDrawdownPct ?? null) : -outOfSample.maxDrawdownPct),
    plain(outOfSample?.trades ?? null, 0),
  ]);
  return table("Windows", ["#", "Trained", "Tested", "Parameters", "#Sharpe in training", "#in test", "#Return", "#Worst fall", "#Trades"], rows);
}

function lengthText(length: string): string {
  const [, count = length, unit = ""] = /^\s*(\d+)\s*([a-z]*)/i.exec(length) ?? [];
  const word = { y: "year", m: "month", w: "week", d: "day" }[unit.toLowerCase()] ?? "bar";
  return `${count} ${word}${count === "1" ? "" : "s"}`;
}
