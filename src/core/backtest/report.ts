/**
 * The report of a backtest: one HTML file that needs nothing else, the same bytes for the same result (no wall-clock time).
 * The sentence first, then doubt beside the number, then the pictures and tables.
 */
import { EXTRA_COST_NAMES, type BacktestResult } from "../domain/backtest.ts";
import { pricesText, type BarSeries } from "../domain/bars.ts";
import type { BacktestSpec } from "../domain/desk.ts";
import { doubtSentences, luckSentence } from "../domain/luck.ts";
import type { Order } from "../domain/orders.ts";
import type { Sweep } from "../domain/sweep.ts";
import { againPanel } from "./report/again.ts";
import { chartData, isWide, MAX_CANDLES, reportData, VISIBLE_CANDLES, type ReportData } from "./report/chartData.ts";
import { change, date, dollars, escapeHtml, percent, plain } from "./report/format.ts";
import { monthlyReturns, monthlyTable } from "./report/monthly.ts";
import { page } from "./report/page.ts";
import { leaderboard, note, orderPanel, panel, paramsText, rate, sharpeRange, statistics } from "./report/sections.ts";
import { tradePanel } from "./report/tradeTable.ts";
import { heatPanel } from "./sweep/heatmap.ts";

export interface ReportExtras {
  /** Other runs to rank beside this one, in any order. */
  readonly leaderboard?: readonly BacktestResult[];
  /** An order placed on the paper exchange. */
  readonly order?: Order;
  /** What was asked for: the command that repeats the run is made of it. */
  readonly spec?: BacktestSpec;
  /** The sweep that this run is the best of. */
  readonly sweep?: Sweep;
}

/** `series` holds the bars of the result's data set (it may hold more before and after). */
export function renderReport(result: BacktestResult, series: BarSeries, extras: ReportExtras = {}): string {
  const data = reportData(result, series);
  const name = `${result.strategy} ${paramsText(result)}`.trim();
  return page({
    title: `${name} on ${result.dataset.name}: Quantdesk backtest report${result.simulated ? " (SIMULATED)" : ""}`,
    charts: chartData(result, data),
    body: [
      header(result, data, name),
      "<main>",
      ...(extras.sweep === undefined ? [] : [luckSentence(extras.sweep.result), ...doubtSentences(extras.sweep.result)].map(note)),
      ...result.warnings.map(note),
      statistics(result, data),
      extras.leaderboard === undefined ? "" : leaderboard(extras.leaderboard),
      equityPanel(result, data),
      monthlyPanel(data),
      pricePanel(result, data),
      extras.order === undefined ? "" : orderPanel(extras.order),
      extras.sweep === undefined ? "" : heatPanel(extras.sweep, result.params),
      tradePanel(result, { withTime: data.intraday }),
      againPanel(result, data, extras.spec),
      "</main>",
      footer(result),
    ].join("\n"),
  });
}

function header(result: BacktestResult, data: ReportData, name: string): string {
  const { stats, dataset, costs } = result;
  const mark = result.simulated
    ? `<span class="chip">SIMULATED</span> PRICES · QUANTDESK BACKTEST REPORT`
    : "SIMULATED TRADING ON PAST PRICES · QUANTDESK BACKTEST REPORT";
  const range = sharpeRange(result);
  const sharpe =
    range === null
      ? ""
      : ` Sharpe ratio ${plain(stats.sharpe, 2)}, 95 % range ${plain(range[0], 2)} to ${plain(range[1], 2)}${range[0] <= 0 ? ": luck alone can explain that" : ""}.`;
  const held = data.hold[data.hold.length - 1] ?? data.cash;
  const zone = dataset.timeZone === undefined ? "" : `, times in ${dataset.timeZone}`;
  const source = escapeHtml(`${pricesText(dataset)}${zone}`);
  const extras = EXTRA_COST_NAMES.flatMap((name) =>
    costs[name] === undefined ? [] : [`, ${name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)} ${costs[name]}`],
  ).join("");
  const perYear = `risk-free rate ${rate(result)}, ${plain(stats.periodsPerYear, 0)} periods a year`;
  return `<header><p class="sim">${mark}</p><h1>${escapeHtml(name)} on ${escapeHtml(dataset.name)}</h1>
<p class="lead">${dollars(data.cash)} became <b>${dollars(stats.finalEquity)}</b> (${change(stats.totalReturnPct)}) in ${plain(stats.trades, 0)} ${stats.trades === 1 ? "trade" : "trades"}; holding the instrument gave ${dollars(held)}. Worst fall ${percent(-stats.maxDrawdownPct)}.${sharpe}</p>
<p class="meta"><b>${date(dataset.from ?? "", { withTime: data.intraday })} to ${date(dataset.to ?? "", { withTime: data.intraday })}</b>, ${plain(dataset.bars, 0)} ${dataset.bars === 1 ? "bar" : "bars"}, ${dollars(data.cash)} at the start, ${escapeHtml(costs.sizing)}. <b>Prices:</b> ${source}. <b>Costs:</b> ${costs.feeRate === 0 && costs.feePerShare === undefined && costs.feeMin === undefined ? `<b class="none">fee: none</b>` : `${bps(costs.feeRate * 10_000)} fee`}, ${costs.slippageBps === 0 ? `<b class="none">slippage: none</b>` : `${bps(costs.slippageBps)} slippage`}${escapeHtml(extras)}, filled at ${costs.fill === "close" ? `<b class="none">the same bar's close</b>` : "the next open"}. ${escapeHtml(result.engine.charAt(0).toUpperCase() + result.engine.slice(1))} engine. <b>Figures:</b> ${perYear}. Run <span class="mono">${escapeHtml(result.runHash.slice(0, 12))}</span>.</p></header>`;
}

function equityPanel(result: BacktestResult, data: ReportData): string {
  const say = `${dollars(data.cash)} became <b>${dollars(result.stats.finalEquity)}</b>; the thin line is the same money held in the instrument, without costs. Below: the fall from the highest equity so far, at worst ${percent(-result.stats.maxDrawdownPct)}.`;
  return panel({
    title: `Equity and drawdown${isWide(data.equity) || isWide(data.hold) ? ", logarithmic" : ""}`,
    say,
    body: `<div class="chart"><p class="names"><b>${escapeHtml(result.strategy)}</b> · held</p><div id="equity" style="height:320px" role="figure" aria-label="Equity and drawdown; the numbers are in the sentence above and the tables below"></div></div>`,
  });
}

function pricePanel(result: BacktestResult, data: ReportData): string {
  const bars = data.bars.close.length;
  const part = bars > MAX_CANDLES ? ` Of ${plain(bars, 0)} bars the last ${plain(MAX_CANDLES, 0)} are drawn.` : "";
  const rest = bars > VISIBLE_CANDLES ? ` The last ${VISIBLE_CANDLES} candles are in view; drag to see those before.${part}` : "";
  return panel({
    title: "Price with trades",
    say: `▲ bought, ▼ sold, with the result of each trade.${rest}`,
    body: `<div class="chart"><p class="names">${escapeHtml(result.dataset.name)}</p><div id="price" style="height:300px" role="figure" aria-label="Candles with the trades; they are listed in the table of trades"></div></div>`,
  });
}

function monthlyPanel(data: ReportData): string {
  const returns = monthlyReturns(data.equity, data.bars.time, data.cash);
  const all = returns.years.flatMap((year) => year.months).filter((value) => value !== null);
  if (all.length < 2) return "";
  return panel({
    title: "Monthly returns, percent after costs",
    say: `Up in ${all.filter((value) => value > 0).length} of ${all.length} months.`,
    body: monthlyTable(returns),
  });
}

function footer(result: BacktestResult): string {
  const source = escapeHtml(`Prices: ${result.dataset.source}.`);
  return `<footer class="foot"><p>${result.simulated ? "SIMULATED: these prices were made by a seeded market. " : ""}Simulated results, not investment advice. ${source}</p><p>Charts: <a href="https://www.tradingview.com/">TradingView Lightweight Charts™</a>, © TradingView, Inc., Apache License 2.0.</p></footer>`;
}

function bps(value: number): string {
  return `${new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 }).format(value)}\u00a0bps`;
}
