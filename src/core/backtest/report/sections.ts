/** The parts of a report's page that are tables and text. */
import type { BacktestResult } from "../../domain/backtest.ts";
import type { Order } from "../../domain/orders.ts";
import type { ReportData } from "./chartData.ts";
import { change, dollars, escapeHtml, MISSING, percent, plain } from "./format.ts";

export interface Panel {
  readonly title: string;
  /** HTML; what the part shows, in one sentence. */
  readonly say: string;
  readonly body: string;
}

export function panel({ title, say, body }: Panel): string {
  return `<section class="panel"><h2>${escapeHtml(title)}</h2><p class="say">${say}</p>${body}</section>`;
}

/** What the reader must know before the numbers; nothing for an empty text. */
export function note(text: string): string {
  return text === "" ? "" : `<p class="note"><span class="sign" aria-hidden="true">⚠</span><span>${escapeHtml(text)}</span></p>`;
}

export function table(label: string, head: readonly string[], rows: ReadonlyArray<readonly string[]>, bestRow = -1): string {
  const align = (name: string) => (name.startsWith("#") ? ` class="n"` : "");
  const header = head.map((name) => `<th scope="col"${align(name)}>${escapeHtml(name.replace(/^#/, ""))}</th>`).join("");
  const body = rows
    .map((row, at) => `<tr${at === bestRow ? ` class="best"` : ""}>${row.map((value, i) => `<td${align(head[i] as string)}>${value}</td>`).join("")}</tr>`)
    .join("");
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(label)}"><table><thead><tr>${header}</tr></thead><tbody>${body}</tbody></table></div>`;
}

export function statistics(result: BacktestResult, data: ReportData): string {
  const { stats } = result;
  const held = ((data.hold[data.hold.length - 1] ?? data.cash) / data.cash - 1) * 100;
  const groups: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, string]>]> = [
    [
      "Return",
      [
        ["Total", change(stats.totalReturnPct)],
        ["Per year (CAGR)", change(stats.cagrPct)],
        ["Held from the first close", change(held)],
        [`Sharpe, rf ${rate(result)}`, sharpeWithRange(result)],
        ["Sortino", plain(stats.sortino, 2)],
        ["Calmar", plain(stats.calmar, 2)],
        [result.benchmark === undefined ? "Alpha a year" : `Alpha a year, against ${escapeHtml(result.benchmark.name)}`, change(stats.alphaPct)],
        ["Beta", plain(stats.beta, 2)],
      ],
    ],
    [
      "Risk",
      [
        ["Volatility a year", percent(stats.volatilityPct)],
        ["Worst fall", stats.maxDrawdownPct === 0 ? percent(0) : percent(-stats.maxDrawdownPct)],
        ["Longest fall", `${plain(stats.maxDrawdownDays, 0)} days`],
        ["Invested", percent(stats.exposurePct)],
        ["Periods a year", plain(stats.periodsPerYear, 0)],
        ["Turnover a year", stats.turnover === null ? MISSING : `${plain(stats.turnover, 1)}×`],
        ["Fees, slippage paid", `${dollars(stats.totalFees)}, ${dollars(stats.totalSlippage)}`],
        ["Interest, dividends", dollars(stats.financing)],
      ],
    ],
    [
      "Trades",
      [
        ["Number", plain(stats.trades, 0)],
        ["Won", percent(stats.winRatePct)],
        ["Profit factor", plain(stats.profitFactor, 2)],
        ["Expectancy", change(stats.expectancyPct, 2)],
        ["SQN", plain(stats.sqn, 1)],
        ["Average bars held", plain(stats.avgTradeBars, 1)],
        ["Best, worst", stats.trades === 0 ? MISSING : `${change(stats.bestTradePct)}, ${change(stats.worstTradePct)}`],
      ],
    ],
  ];
  return `<h2 class="sr">Statistics</h2><div class="cols">${groups.map(([name, rows]) => `<div><h3>${name}</h3><dl class="stats">${rows.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join("")}</dl></div>`).join("")}</div>`;
}

export function sharpeWithRange(result: BacktestResult): string {
  const range = sharpeRange(result);
  return range === null ? plain(result.stats.sharpe, 2) : `${plain(result.stats.sharpe, 2)} <small>${plain(range[0], 2)} to ${plain(range[1], 2)}</small>`;
}

/** 95 % range of the Sharpe ratio for independent returns: Lo, "The Statistics of Sharpe Ratios", Financial Analysts Journal, 2002. */
export function sharpeRange({ stats, dataset }: BacktestResult): readonly [number, number] | null {
  if (stats.sharpe === null || dataset.bars < 3) return null;
  const perBar = stats.sharpe / Math.sqrt(stats.periodsPerYear);
  const error = Math.sqrt((1 + perBar ** 2 / 2) / (dataset.bars - 1)) * Math.sqrt(stats.periodsPerYear);
  return [stats.sharpe - 1.96 * error, stats.sharpe + 1.96 * error];
}

export function leaderboard(results: readonly BacktestResult[]): string {
  const ranked = [...results].sort((a, b) => (b.stats.sharpe ?? Number.NEGATIVE_INFINITY) - (a.stats.sharpe ?? Number.NEGATIVE_INFINITY));
  const rows = ranked.map((result, at) => [
    String(at + 1),
    escapeHtml(result.strategy),
    `<span class="mono">${escapeHtml(paramsText(result)) || MISSING}</span>`,
    escapeHtml(result.dataset.name),
    sharpeWithRange(result),
    change(result.stats.totalReturnPct),
    percent(-result.stats.maxDrawdownPct),
    plain(result.stats.trades, 0),
    percent(result.stats.winRatePct),
  ]);
  return panel({
    title: "Leaderboard by Sharpe ratio",
    say: `${results.length} runs; beside each Sharpe ratio its 95 % range. The best of many tries looks better than it is.`,
    body: table("Leaderboard", ["#", "Strategy", "Parameters", "Data", "#Sharpe", "#Return", "#Worst fall", "#Trades", "#Won"], rows, 0),
  });
}

export function orderPanel(order: Order): string {
  const filled = order.filledAvgPrice === null ? escapeHtml(order.status) : `filled at ${dollars(Number(order.filledAvgPrice), 2)}`;
  const legs = order.legs.map((leg) => [
    leg.side === "buy" ? "Buy" : "Sell",
    escapeHtml(leg.type.replace("_", " ")),
    leg.qty?.toFixed() ?? MISSING,
    leg.limitPrice === null ? MISSING : dollars(Number(leg.limitPrice), 2),
    leg.stopPrice === null ? MISSING : dollars(Number(leg.stopPrice), 2),
    escapeHtml(leg.status),
  ]);
  return panel({
    title: "Order on the paper exchange",
    say: `<b>${order.side === "buy" ? "Bought" : "Sold"} ${order.filledQty.toFixed()} ${escapeHtml(order.symbol)}</b>, ${escapeHtml(order.orderClass)} ${escapeHtml(order.type)} order, ${filled}. SIMULATED: no real money moved.`,
    body: legs.length === 0 ? "" : table("Legs of the order", ["Side", "Type", "#Quantity", "#Limit", "#Stop", "State"], legs),
  });
}

/** The risk-free rate as it was given: "0 %", "2.25 %". */
export function rate({ riskFree = 0 }: BacktestResult): string {
  return `${Number((riskFree * 100).toFixed(4))}`.replace("-", "\u2212") + "\u00a0%";
}

export function paramsText(result: BacktestResult): string {
  return Object.entries(result.params)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
}
